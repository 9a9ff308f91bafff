"""What rules about a change are given: the version to compare with, and where it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.record.entry_files import entry_file
from tests.check.workspace import where
from tests.history.comparing import Comparison, plan
from tests.sources.scripted import ScriptedRepository

A = "plans/a.yaml"
NEW_END = ("end: 2023-02-05", "end: 2023-01-29")


def test_without_lock_and_base_a_plan_has_no_past(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    assert compared.told() == {"a": "registered=2023-01-17"}


def test_a_plan_as_registered_is_its_own_past_and_git_is_not_asked(
    compared: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared.write(A, plan("a"))
    compared.register(A, "2023-01-16")
    compared.replace(A, "id: a\n", "id: a  # a comment\ntitle: The first\n")
    monkeypatch.setenv("PATH", "")
    told = compared.told()["a"]
    assert told == "before=2023-02-05 pinned=2023-02-05 registered=2023-01-16 lock=True digest=v1:sha256:"


def test_the_version_that_was_registered_is_found_in_history(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.register(A)
    compared.commit("2023-01-17")
    compared.git("mv", A, "plans/b.yaml")
    compared.replace("plans/b.yaml", *NEW_END)
    compared.commit("2023-01-28")
    assert "before=2023-02-05 pinned=2023-02-05" in compared.told()["a"]


def test_a_version_that_was_never_committed_is_not_made_up(compared: Comparison) -> None:
    compared.commit("2023-01-16")
    compared.write(A, plan("a"))
    compared.register(A)
    compared.replace(A, *NEW_END)
    assert compared.told()["a"] == "registered=2023-01-17 lock=True digest=v1:sha256:"


def test_a_plan_that_cannot_be_read_has_no_digest(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.register(A)
    compared.replace(A, "type: superiority", "type: superb")
    assert compared.told()["a"] == "registered=2023-01-17 lock=True"


def test_a_base_is_compared_with_even_where_nothing_was_registered(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-17")
    compared.git("checkout", "--quiet", "-b", "topic")
    compared.replace(A, *NEW_END)
    told = compared.told(base="main")
    assert told == {"a": "before=2023-02-05 registered=2023-01-17 base=True digest=v1:sha256:"}


def test_both_places_of_a_change_are_shown(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.register(A)
    commit = compared.commit("2023-01-17")
    compared.write(A, "# One line more.\n" + plan("a").replace(*NEW_END))
    (diagnostic,) = compared.report(base="main").diagnostics
    assert where(diagnostic) == "plans/a.yaml:9:36"
    (before, _, lock) = diagnostic.related
    assert (before.place.path, before.place.span.start.line) == (f"{commit[:12]}:plans/a.yaml", 8)
    assert "end: 2023-02-05" in before.line
    place, pointer, line = (lock.place.path, lock.place.pointer, lock.line)
    if compared.has_first_lock:
        assert (place, pointer, line[:12]) == ("egp.lock", "/experiments/a/registered", "  a: {path: ")
    else:
        assert (place, pointer, line) == (entry_file("a"), "/registered", "registered: 2023-01-17")


def test_what_was_pinned_is_told_from_what_the_base_has(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.register(A)
    agreed = compared.commit("2023-01-17")
    compared.replace(A, *NEW_END)
    base = compared.commit("2023-01-28")
    compared.replace(A, "end: 2023-01-29", "end: 2023-01-30")
    (diagnostic,) = compared.report(base="main").diagnostics
    assert diagnostic.message.startswith("before=2023-01-29 pinned=2023-02-05")
    places = {each.label: each.place.path for each in diagnostic.related}
    assert (places["before"], places["pinned"]) == (f"{base[:12]}:{A}", f"{agreed[:12]}:{A}")


def test_an_earlier_place_that_nobody_knows_is_left_out(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    (diagnostic,) = compared.report().diagnostics
    assert diagnostic.related == ()


def test_changes_of_the_target_branch_are_not_taken_for_changes_here(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-17")
    compared.git("checkout", "--quiet", "-b", "topic")
    compared.git("checkout", "--quiet", "main")
    compared.replace(A, *NEW_END)
    compared.commit("2023-01-28")
    compared.git("checkout", "--quiet", "topic")
    assert "before=2023-02-05" in compared.told(base="main")["a"]
    assert compared.read(A) == plan("a")


def test_a_plan_is_followed_by_its_id_however_its_file_moved(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.write("plans/b.yaml", plan("b"))
    compared.commit("2023-01-17")
    compared.write(A, plan("b"))
    compared.write("plans/b.yaml", plan("a").replace(*NEW_END))
    told = compared.told(base="main")
    assert "before=2023-02-05" in told["a"]
    assert "renamed=plans/a.yaml" in told["a"]
    assert "renamed=plans/b.yaml" in told["b"]


def test_a_plan_that_moved_into_another_file_has_its_entry_and_its_past(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.register(A)
    compared.commit("2023-01-17")
    (compared.root / A).unlink()
    compared.write("plans/all.yaml", plan("z") + "---\n" + plan("a").replace(*NEW_END))
    told = compared.told(base="main")
    assert set(told) == {"z", "a"}, "moved and not removed"
    assert "before=2023-02-05 pinned=2023-02-05" in told["a"]
    assert "lock=True base_lock=True renamed=plans/a.yaml" in told["a"]


def test_a_new_plan_has_the_day_of_its_first_commit(compared: Comparison) -> None:
    compared.commit("2023-01-10")
    compared.git("checkout", "--quiet", "-b", "topic")
    compared.write(A, plan("a"))
    assert "first" not in compared.told(base="main")["a"], "not committed yet"
    compared.commit("2023-01-26")
    compared.replace(A, *NEW_END)
    compared.commit("2023-01-28")
    assert compared.told(base="main")["a"] == (
        "registered=2023-01-17 base=True digest=v1:sha256: first=2023-01-26"
    )


def test_the_lock_of_the_base_is_told_from_the_one_here(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-16")
    compared.register(A, "2023-01-12")
    told = compared.told(base="main")["a"]
    assert "registered=2023-01-12" in told
    assert "lock=True" in told
    assert "base_lock" not in told


def test_every_plan_is_compared_with_a_base_wherever_egp_runs(compared: Comparison) -> None:
    compared.write("plans/deep/a.yaml", plan("a"))
    compared.commit("2023-01-17")
    compared.replace("plans/deep/a.yaml", *NEW_END)
    report = compared.report("a.yaml", base="main", folder="plans/deep")
    assert [each.message.split()[0] for each in report.diagnostics] == ["before=2023-02-05"]


def test_a_shallow_clone_cannot_judge_and_says_why(
    compared: Comparison, tmp_path_factory: pytest.TempPathFactory
) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-16")
    compared.git("branch", "release")
    compared.commit("2023-01-17")
    clone = Comparison(tmp_path_factory.mktemp("clone") / "shallow")
    compared.git(
        "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{compared.root}", str(clone.root)
    )
    report = clone.report(base="origin/release")
    assert report.exit_status() == 2
    (failure,) = report.failures
    assert failure.message.startswith("--base origin/release: this clone is shallow")
    assert "--unshallow" in failure.help


@pytest.mark.parametrize("ref", ["nowhere", "--upload-pack=touch x"])
def test_an_unknown_base_cannot_be_judged_against(compared: Comparison, ref: str) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-16")
    report = compared.report(base=ref)
    assert [failure.message for failure in report.failures] == [f"--base {ref}: git knows no commit `{ref}`"]
    assert report.exit_status() == 2


def test_a_damaged_lock_ends_the_run_with_its_line(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.register(A)
    file, line, _ = compared.entry_place("a").split(":")
    compared.replace(file, "registered: 2023-01-17", "registered: yesterday")
    report = compared.report()
    assert report.exit_status() == 2
    found = [(failure.path, failure.span and failure.span.start.line) for failure in report.failures]
    assert found == [(file, int(line) if compared.has_first_lock else 8)]
    assert report.plans == 1, "what the plan says by itself is reported all the same"


def test_what_plans_say_by_themselves_is_told_though_the_lock_is_damaged(compared: Comparison) -> None:
    compared.write("egp.lock", "<<<<<<< ours\n")
    compared.write(A, plan("a") + "misspelt: 1\n")
    report = compared.report()
    assert report.exit_status() == 2
    assert [failure.path for failure in report.failures] == ["egp.lock"]
    assert "valid-plan" in [each.rule for each in report.diagnostics]


def test_a_damaged_lock_at_the_base_cannot_be_judged_against(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.write("egp.lock", "<<<<<<< ours\n")
    commit = compared.commit("2023-01-16")
    (compared.root / "egp.lock").unlink()
    compared.register(A)
    report = compared.report(base="main")
    assert [failure.path for failure in report.failures] == [f"{commit[:12]}:egp.lock"]


def test_a_worktree_is_compared_like_any_other_checkout(
    compared: Comparison, tmp_path_factory: pytest.TempPathFactory
) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-16")
    tree = Comparison(tmp_path_factory.mktemp("trees") / "tree")
    tree.root.rmdir()
    compared.git("worktree", "add", "--quiet", "-b", "topic", str(tree.root))
    tree.replace(A, *NEW_END)
    assert "before=2023-02-05" in tree.told(base="main")["a"]


def test_plans_of_a_submodule_are_compared_in_the_submodule(
    compared: Comparison, tmp_path_factory: pytest.TempPathFactory
) -> None:
    compared.write(A, plan("a"))
    compared.commit("2023-01-16")
    outer = ScriptedRepository.begun(tmp_path_factory.mktemp("outer"))
    outer.git("submodule", "--quiet", "add", str(compared.root), "inner")
    outer.commit("2023-01-17")
    inner = Comparison(Path(outer.root / "inner"))
    inner.replace(A, *NEW_END)
    assert "before=2023-02-05" in inner.told(base="origin/main")["a"]


def test_many_plans_in_several_processes_have_the_same_past(compared: Comparison) -> None:
    for number in range(220):
        compared.write(f"plans/{number}.yaml", plan(f"n{number}"))
    compared.commit("2023-01-16")
    compared.replace("plans/7.yaml", *NEW_END)
    (compared.root / "plans" / "8.yaml").unlink()
    report = compared.report(base="main")
    changed = {each.experiment for each in report.diagnostics if each.related}
    removed = [each.experiment for each in report.diagnostics if each.rule == "told-removal"]
    assert (changed, removed, report.plans) == ({"n7"}, ["n8"], 219)
