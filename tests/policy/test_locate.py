"""Which policy judges: the one of the repository, never one from beyond it."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.policy.locate import find_policy
from egp.yaml.files import repository_root


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """A repository in a folder that has a policy, too."""
    (tmp_path / "egp.yaml").touch()
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "experiments" / "ml").mkdir(parents=True)
    return tmp_path


def located(folder: Path, *plans: str) -> str | None:
    found = find_policy(str(folder), plans)
    return found and str(Path(found).resolve())


def test_the_policy_is_looked_up_to_the_root_of_the_repository(outer: Path) -> None:
    root = outer / "repository"
    (root / "egp.yaml").touch()
    assert located(root) == str(root / "egp.yaml")
    assert located(root / "experiments" / "ml") == str(root / "egp.yaml")


def test_the_nearest_policy_above_wins(outer: Path) -> None:
    root = outer / "repository"
    (root / "egp.yaml").touch()
    (root / "experiments" / "egp.yaml").touch()
    assert located(root / "experiments" / "ml") == str(root / "experiments" / "egp.yaml")


def test_the_lookup_does_not_leave_the_repository(outer: Path) -> None:
    assert located(outer / "repository") is None
    assert located(outer / "repository" / "experiments") is None


def test_a_work_tree_whose_git_is_a_file_is_a_repository(outer: Path) -> None:
    (outer / "repository" / ".git").rmdir()
    (outer / "repository" / ".git").write_text("gitdir: ../elsewhere", encoding="utf-8")
    assert located(outer / "repository" / "experiments") is None


def test_without_a_repository_only_the_folder_itself_counts(outer: Path) -> None:
    (outer / "plain" / "deep").mkdir(parents=True)
    assert located(outer / "plain") is None
    assert located(outer) == str(outer / "egp.yaml")


def test_a_policy_above_the_plans_is_found_from_outside(outer: Path) -> None:
    root = outer / "repository"
    (root / "experiments" / "egp.yaml").touch()
    (root / "experiments" / "ml" / "egp.yaml").touch()
    (root / "experiments" / "ml" / "a.yaml").touch()
    outermost = str(root / "experiments" / "egp.yaml")
    assert located(root, "experiments/ml/a.yaml") == outermost
    assert located(root, "experiments") == outermost
    assert located(root, "experiments/ml/a.yaml", "experiments/b.yaml") == outermost


def test_the_policy_of_the_repository_beats_one_beside_the_plans(outer: Path) -> None:
    root = outer / "repository"
    (root / "egp.yaml").touch()
    (root / "experiments" / "egp.yaml").touch()
    assert located(root, "experiments/a.yaml") == str(root / "egp.yaml")


def test_a_policy_beside_some_of_the_plans_does_not_judge_the_others(outer: Path) -> None:
    root = outer / "repository"
    (root / "experiments" / "ml" / "egp.yaml").touch()
    assert located(root, "experiments/ml/a.yaml", "experiments/b.yaml") is None


def test_a_policy_beside_plans_elsewhere_is_not_looked_for(outer: Path) -> None:
    (outer / "elsewhere").mkdir()
    (outer / "elsewhere" / "egp.yaml").touch()
    assert located(outer / "repository", str(outer / "elsewhere" / "a.yaml")) is None


def test_a_folder_or_a_link_of_that_name_lets_no_other_policy_judge(outer: Path) -> None:
    path = outer / "repository" / "egp.yaml"
    path.mkdir()
    assert located(outer / "repository") == str(path)
    path.rmdir()
    path.symlink_to("nothing")
    assert located(outer / "repository") is not None


def test_the_root_of_a_repository(outer: Path) -> None:
    assert repository_root(str(outer / "repository" / "experiments")) == str(outer / "repository")
    assert repository_root(str(outer / "repository")) == str(outer / "repository")
    assert repository_root(str(outer)) != str(outer)
