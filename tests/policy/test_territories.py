"""Who owns a folder: the policy of the repository, never one from beyond it, nor one that nobody delegates to."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.policy.territories import PlacesOnDisk, Territories, Territory, misdelegating
from egp.yaml.files import repository_root


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """A repository in a folder that has a policy, too."""
    (tmp_path / "egp.yaml").touch()
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "experiments" / "ml").mkdir(parents=True)
    return tmp_path


def territories(folder: Path) -> Territories:
    return Territories(repository_root(str(folder)) or str(folder), str(folder), PlacesOnDisk())


def owner(folder: Path, plan: str = "") -> Territory:
    found = territories(folder)
    return found.of(str(folder / plan)) if plan else found.of_folder(str(folder))


def policy(folder: Path, *delegates: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "egp.yaml").write_text(f"delegates: {list(delegates)}\n", encoding="utf-8")
    return str(folder / "egp.yaml")


def test_the_policy_of_the_root_owns_every_folder(outer: Path) -> None:
    root = outer / "repository"
    file = policy(root)
    assert owner(root).file == file
    assert owner(root / "experiments" / "ml").file == file
    assert owner(root, "experiments/ml/a.yaml").file == file


def test_a_policy_below_that_nobody_delegates_to_owns_nothing_and_is_told(outer: Path) -> None:
    root = outer / "repository"
    file, nested = policy(root), policy(root / "experiments")
    for folder in (root, root / "experiments", root / "experiments" / "ml"):
        assert owner(folder).file == file
    found = territories(root)
    for plan in ("experiments/a.yaml", "experiments/ml/a.yaml"):
        assert [each.file for each in found.undelegated(str(root / plan))] == [nested]
    assert found.undelegated(str(root / "a.yaml")) == ()
    assert [each.file for each in found.all_undelegated()] == [nested]


@pytest.mark.parametrize("pattern", ["experiments/**", "exp*/**", "*/**"])
def test_a_delegated_folder_is_owned_by_the_policy_there(outer: Path, pattern: str) -> None:
    root = outer / "repository"
    file, nested = policy(root, pattern), policy(root / "experiments")
    assert owner(root, "a.yaml").file == file
    assert owner(root, "experiments/ml/a.yaml").file == nested
    assert owner(root / "experiments" / "ml").file == nested
    assert [each.file for each in territories(root).everyone()] == [file, nested]
    assert not [*territories(root).all_undelegated()]


def test_who_is_delegated_to_may_delegate_further_and_nobody_else_does_for_it(outer: Path) -> None:
    root = outer / "repository"
    file, nested = policy(root, "experiments/**"), policy(root / "experiments")
    deep = policy(root / "experiments" / "ml")
    assert owner(root, "experiments/ml/a.yaml").file == nested
    assert [each.file for each in territories(root).all_undelegated()] == [deep]
    policy(root / "experiments", "ml/**")
    found = owner(root, "experiments/ml/a.yaml")
    assert [each.file for each in found.line()] == [deep, nested, file]


@pytest.mark.parametrize("folder", ["teams/shop", "teams/shop/deep", "teams"])
def test_the_first_policy_in_a_delegated_folder_owns_what_is_below(outer: Path, folder: str) -> None:
    root = outer / "repository"
    policy(root, "teams/**")
    nested = policy(root / folder)
    assert owner(root, f"{folder}/a/b.yaml").file == nested


@pytest.mark.parametrize("plan", ["shop/a.yaml", "shop/deep/a.yaml", "shop/deep/er/a.yaml"])
def test_nobody_judges_in_a_delegated_folder_without_a_policy(outer: Path, plan: str) -> None:
    root = outer / "repository"
    policy(root, "shop/**")
    found = owner(root, plan)
    assert "this policy is not there" in found.faults[0].message
    assert owner(root, "other/a.yaml").faults == ()


@pytest.mark.parametrize("target", ["../lax.yaml", "../nowhere.yaml", "/etc/hostname"])
def test_a_delegated_policy_that_is_a_link_judges_nobody(outer: Path, target: str) -> None:
    root = outer / "repository"
    policy(root, "shop/**")
    (root / "lax.yaml").touch()
    (root / "shop").mkdir()
    (root / "shop" / "egp.yaml").symlink_to(target)
    assert "a link leads to this policy" in owner(root, "shop/a.yaml").faults[0].message


@pytest.mark.parametrize("text", ["delegates: [", "delegates: shop/**", "delegates: [1]", "- a"])
def test_a_policy_that_does_not_say_what_it_owns_keeps_everything(outer: Path, text: str) -> None:
    root = outer / "repository"
    (root / "egp.yaml").write_text(text, encoding="utf-8")
    policy(root / "shop")
    found = owner(root, "shop/a.yaml")
    assert found.file == str(root / "egp.yaml")
    assert found.is_garbled


@pytest.mark.parametrize(
    "pattern", ["**", "*", "**/*", "**/*.yaml", "shop", "shop/*", "shop/**/*.yaml", "**/**"]
)
def test_patterns_that_delegate_no_folder_are_refused(pattern: str) -> None:
    assert misdelegating(pattern)


@pytest.mark.parametrize("pattern", ["shop/**", "teams/*/**", "teams/**", "*/**", "**/shop/**"])
def test_patterns_that_delegate_folders(pattern: str) -> None:
    assert not misdelegating(pattern)


def test_the_lookup_does_not_leave_the_repository(outer: Path) -> None:
    assert owner(outer / "repository").file == ""
    assert owner(outer / "repository" / "experiments").file == ""


def test_a_work_tree_whose_git_is_a_file_is_a_repository(outer: Path) -> None:
    (outer / "repository" / ".git").rmdir()
    (outer / "repository" / ".git").write_text("gitdir: ../elsewhere", encoding="utf-8")
    assert owner(outer / "repository" / "experiments").file == ""


def test_without_a_repository_nothing_above_the_folder_counts(outer: Path) -> None:
    (outer / "plain" / "deep").mkdir(parents=True)
    assert owner(outer / "plain").file == ""
    assert owner(outer).file == str(outer / "egp.yaml")


def test_without_a_policy_at_the_root_the_outermost_ones_are_roots_of_their_own(outer: Path) -> None:
    root = outer / "repository"
    ads, shop = policy(root / "ads"), policy(root / "teams" / "shop", "deep/**")
    deep = policy(root / "teams" / "shop" / "deep")
    assert owner(root, "ads/a.yaml").file == ads
    assert owner(root, "teams/shop/a.yaml").file == shop
    assert owner(root, "teams/shop/deep/a.yaml").file == deep
    assert owner(root, "teams/a.yaml").file == ""
    assert [each.file for each in territories(root).everyone()] == [ads, shop, deep]


def test_what_lies_outside_belongs_to_the_owner_of_the_working_directory(outer: Path) -> None:
    file = policy(outer / "repository")
    (outer / "elsewhere").mkdir()
    (outer / "elsewhere" / "egp.yaml").touch()
    found = territories(outer / "repository")
    assert found.of(str(outer / "elsewhere" / "a.yaml")).file == file


def test_a_folder_or_a_link_of_that_name_lets_no_other_policy_judge(outer: Path) -> None:
    path = outer / "repository" / "egp.yaml"
    path.mkdir()
    assert owner(outer / "repository").file == str(path)
    path.rmdir()
    path.symlink_to("nothing")
    assert owner(outer / "repository").file == str(path)


def test_a_deep_folder_is_found_without_end(outer: Path) -> None:
    file = policy(outer / "repository", "a/**")
    nested = policy(outer / "repository" / "a")
    plan = "a/" + "x/" * 1_900 + "p.yaml"
    assert owner(outer / "repository", plan).file == nested
    assert file != nested


def test_the_root_of_a_repository(outer: Path) -> None:
    assert repository_root(str(outer / "repository" / "experiments")) == str(outer / "repository")
    assert repository_root(str(outer / "repository")) == str(outer / "repository")
    assert repository_root(str(outer)) != str(outer)
