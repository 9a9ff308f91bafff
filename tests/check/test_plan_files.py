"""Which files are judged, and that nothing outside the repository is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.check.workspace import BROKEN, RUNTIME_ALONE, SHORT, Workspace

WITH_PLANS = "plans: ['experiments/**/*.yaml']\n" + RUNTIME_ALONE


def judged(workspace: Workspace, *paths: str) -> set[str]:
    """Files that got a diagnostic, when every plan is too short."""
    report = workspace.report(*paths)
    assert not report.failures
    return {diagnostic.place.path for diagnostic in report.diagnostics}


@pytest.fixture
def repository(workspace: Workspace) -> Workspace:
    """Short plans inside and outside of the policy's patterns."""
    (workspace.root / ".git").mkdir()
    workspace.write("egp.yaml", WITH_PLANS)
    for number, path in enumerate(
        ("experiments/a.yaml", "experiments/ml/b.yaml", "experiments/c.yml", "drafts/d.yaml")
    ):
        workspace.write(path, SHORT.replace("buy-now", f"plan-{number}"))
    workspace.write("experiments/notes.txt", "no plan")
    workspace.write("experiments/.hidden.yaml", BROKEN)
    workspace.write("experiments/.cache/e.yaml", BROKEN)
    return workspace


def test_without_paths_all_plans_of_the_policy_are_judged(repository: Workspace) -> None:
    assert judged(repository) == {"experiments/a.yaml", "experiments/ml/b.yaml"}


def test_a_folder_is_judged_by_the_patterns_of_the_policy(repository: Workspace) -> None:
    assert judged(repository, ".") == {"experiments/a.yaml", "experiments/ml/b.yaml"}
    assert judged(repository, "experiments/ml") == {"experiments/ml/b.yaml"}


def test_a_folder_that_the_patterns_miss_is_judged_whole(repository: Workspace) -> None:
    assert judged(repository, "drafts") == {"drafts/d.yaml"}


def test_a_file_is_judged_whatever_the_patterns_say(repository: Workspace) -> None:
    assert judged(repository, "experiments/c.yml", "drafts/d.yaml") == {"experiments/c.yml", "drafts/d.yaml"}


@pytest.mark.parametrize(
    "paths",
    [
        ("experiments/a.yaml", "./experiments/a.yaml"),
        ("experiments/a.yaml", "experiments/../experiments/a.yaml"),
        ("experiments", "experiments/a.yaml"),
    ],
)
def test_a_file_that_is_asked_for_twice_is_judged_once(repository: Workspace, paths: tuple[str, str]) -> None:
    report = repository.report(*paths)
    assert [each.place.path for each in report.diagnostics].count("experiments/a.yaml") == 1


def test_the_policy_itself_is_no_plan(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "plans: ['**/*.yaml']\n" + RUNTIME_ALONE)
    workspace.write("a.yaml", SHORT)
    assert judged(workspace) == {"a.yaml"}
    assert judged(workspace, ".") == {"a.yaml"}


def test_a_path_that_is_not_there_cannot_be_judged_and_hides_no_other(repository: Workspace) -> None:
    report = repository.report("nowhere.yaml", "drafts/d.yaml")
    assert [(each.path, each.message) for each in report.failures] == [
        ("nowhere.yaml", "there is no such file or folder")
    ]
    assert report.plans == 1
    assert report.exit_status() == 2


def test_a_folder_without_plans_cannot_be_judged(repository: Workspace) -> None:
    (repository.root / "empty").mkdir()
    repository.write("texts/readme.md", "no plan")
    report = repository.report("empty", "texts")
    assert [(each.path, each.message) for each in report.failures] == [
        ("empty", "no plan in this folder"),
        ("texts", "no plan in this folder"),
    ]
    assert report.exit_status() == 2


def test_a_file_that_cannot_be_read_is_named_once(
    repository: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deny(monkeypatch, "a.yaml")
    report = repository.report()
    assert [(each.path, each.message) for each in report.failures] == [
        ("experiments/a.yaml", "cannot read this file: Permission denied")
    ]
    assert {each.place.path for each in report.diagnostics} == {"experiments/ml/b.yaml"}
    assert report.exit_status() == 2


def test_a_folder_that_cannot_be_read_is_named(
    repository: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refuse(path: str) -> object:
        if os.path.basename(path) == "ml":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = repository.report("experiments")
    assert {(each.path, each.message) for each in report.failures} == {
        ("experiments/ml", "cannot read this folder: Permission denied")
    }
    assert report.exit_status() == 2


def _deny(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    stat = os.stat

    def refuse(path: object, **options: object) -> object:
        if isinstance(path, str) and os.path.basename(path) == name:
            raise PermissionError(13, "Permission denied", path)
        return stat(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", refuse)


def test_a_link_inside_the_repository_is_followed(repository: Workspace) -> None:
    (repository.root / "drafts" / "link.yaml").symlink_to(repository.root / "experiments" / "a.yaml")
    assert judged(repository, "drafts/link.yaml") == {"drafts/link.yaml"}


@pytest.fixture
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository with a file that nobody should see."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "secret.yaml").write_text(SHORT.replace("buy-now", "top-secret"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("asked", ["experiments/link.yaml", "experiments", "."])
def test_a_link_out_of_the_repository_is_refused(repository: Workspace, secret: Path, asked: str) -> None:
    (repository.root / "experiments" / "link.yaml").symlink_to(secret / "secret.yaml")
    report = repository.report(asked)
    assert [(each.path, each.message) for each in report.failures] == [
        ("experiments/link.yaml", "this link leads out of the repository")
    ]
    assert "top-secret" not in {each.experiment for each in report.diagnostics}
    assert report.exit_status() == 2


def test_a_link_to_a_folder_outside_is_refused_and_not_walked(repository: Workspace, secret: Path) -> None:
    (repository.root / "experiments" / "linked").symlink_to(secret)
    assert "top-secret" not in {each.experiment for each in repository.report("experiments").diagnostics}
    report = repository.report("experiments/linked/secret.yaml")
    assert [each.message for each in report.failures] == ["this link leads out of the repository"]
    assert report.plans == 0


def test_a_link_to_nothing_cannot_be_read(repository: Workspace) -> None:
    (repository.root / "experiments" / "gone.yaml").symlink_to(repository.root / "nothing.yaml")
    report = repository.report("experiments/gone.yaml")
    assert [each.message for each in report.failures] == ["cannot read this file: No such file or directory"]


def test_a_link_to_itself_cannot_be_read(repository: Workspace) -> None:
    loop = repository.root / "experiments" / "loop.yaml"
    loop.symlink_to(loop)
    report = repository.report("experiments/loop.yaml")
    assert len(report.failures) == 1
    assert report.exit_status() == 2


def test_a_plan_beside_the_repository_is_judged_when_it_is_named(workspace: Workspace) -> None:
    """A folder whose name merely begins like the repository's is not inside it, and is no way out of it."""
    workspace.write("repo/egp.yaml", RUNTIME_ALONE)
    (workspace.root / "repo" / ".git").mkdir()
    outside = workspace.write("repo-of-others/plan.yaml", SHORT)
    inner = Workspace(workspace.root / "repo", pytest.MonkeyPatch())
    report = inner.report(str(outside))
    assert not report.failures
    assert [each.place.path for each in report.diagnostics] == [str(outside)]


def test_names_that_are_no_utf_8_are_judged(workspace: Workspace) -> None:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    name = os.fsdecode(b"plan-\xff.yaml")
    try:
        workspace.write(name, SHORT)
    except OSError:
        pytest.skip("this file system has no such names")
    report = workspace.report(".")
    assert [each.place.path for each in report.diagnostics] == [name]


def test_a_pipe_or_a_device_is_not_waited_for(repository: Workspace) -> None:
    os.mkfifo(repository.root / "drafts" / "pipe.yaml")
    for path in ("drafts/pipe.yaml", "drafts", "/dev/zero"):
        report = repository.report(path)
        (failure,) = report.failures
        assert failure.message == "cannot read this file: it is not a regular file"
        assert report.exit_status() == 2


def test_a_policy_is_not_judged_as_a_plan(repository: Workspace) -> None:
    report = repository.report("egp.yaml", "experiments/a.yaml")
    assert [(failure.path, failure.message) for failure in report.failures] == [
        ("egp.yaml", "this is a policy, not a plan")
    ]
    assert report.plans == 1
    assert report.exit_status() == 2
