"""The one pipeline: when advice is worked out, who is told of progress, what a call takes for all plans."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from egp.check import check, processes
from egp.output.report.model import Report
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.record.lock import PinnedPolicy, Registration, made
from egp.record.lock.writing import update_lock
from egp.stats.values import replace
from egp.yaml import read_text
from tests.check.workspace import AS_OF, PLAN, RUNTIME_ALONE, SHORT, Workspace, found
from tests.sources.scripted import ScriptedRepository


def run(workspace: Workspace, *paths: str, as_of: date = AS_OF, **options: Any) -> Report:
    policy = read_policy("egp.yaml", "egp.yaml")
    finder = PlanFinder(str(workspace.root), policy.plans, policy.root)
    return check(finder.asked(paths), finder, policy, as_of, **options)


def entry_of(text: str, path: str = "plan.yaml", day: date = AS_OF) -> Registration:
    plan = read_experiment(read_text(text)[0].value)[0]
    policy = made(PinnedPolicy, name="egp.yaml", digest="sha256:0")
    return made(Registration, path=path, digest=plan_digest(plan), registered=day, policy=policy)


@pytest.mark.parametrize("looks_at", ["plan: 'Experiment'", "portfolio: 'Portfolio'"])
@pytest.mark.parametrize("is_trial", [False, True])
def test_advice_is_worked_out_at_once_and_on_trial_when_somebody_asks(
    workspace: Workspace, looks_at: str, is_trial: bool
) -> None:
    """At once no plan has to be kept for it; on trial most findings are only counted."""
    calls: list[str] = []
    workspace.rule(
        "offering",
        "import builtins\n"
        "def offer():\n    builtins.calls.append('asked')\n    return []\n"
        f"def check({looks_at}):\n    yield Finding(('id',), 'no', remedies=offer)\n",
    )
    workspace.write("egp.yaml", "rules: {offering: {severity: error}}\n")
    workspace.write("plan.yaml", PLAN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.calls", calls, raising=False)
        (diagnostic,) = run(workspace, "plan.yaml", is_trial=is_trial).diagnostics
        assert calls == ([] if is_trial else ["asked"])
        _ = diagnostic.help
        assert calls == ["asked"]


@pytest.mark.parametrize(
    ("count", "told"), [(1, []), (2, [(2, 2)]), (50, [(50, 50)]), (51, [(50, 51), (51, 51)])]
)
def test_one_plan_takes_no_time_to_tell_of(
    workspace: Workspace, count: int, told: list[tuple[int, int]]
) -> None:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    for number in range(count):
        workspace.write(f"plans/{number}.yaml", PLAN.replace("buy-now", f"p{number}"))
    steps: list[tuple[int, int]] = []
    run(workspace, "plans", progress=lambda done, total: steps.append((done, total)))
    assert steps == told


@pytest.mark.parametrize(
    ("items", "platform", "processors", "workers"),
    [
        (199, "linux", 4, 1),
        (200, "linux", 4, 4),
        (200, "linux", 1, 1),
        (200, "linux", 8, 8),
        (200, "linux", 9, 8),
        (9_999, "darwin", 4, 1),
        (9_999, "win32", 4, 1),
    ],
)
def test_work_is_spread_where_forks_are_cheap_and_there_is_enough_of_it(
    monkeypatch: pytest.MonkeyPatch, items: int, platform: str, processors: int, workers: int
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(processors)), raising=False)
    assert processes._workers(items) == workers


def test_ticks_say_how_much_is_done_about() -> None:
    ticks: list[int] = []
    processes.in_parts(len, range(120), ticks.append)
    assert ticks == [50, 100, 120]


def test_a_given_lock_stands_in_for_the_file(workspace: Workspace) -> None:
    workspace.rule(
        "about-change",
        "def check(change: 'Change'):\n    yield Finding(('id',), f'{change.registered} {bool(change.lock)}')\n",
    )
    workspace.write("egp.yaml", "rules: {about-change: {severity: info}}\n")
    workspace.write("plan.yaml", PLAN)
    told = [
        run(workspace, "plan.yaml", lock=lock).diagnostics[0].message
        for lock in (None, {}, {"buy-now": entry_of(PLAN, day=date(2023, 1, 16))})
    ]
    assert told == ["None False", "None False", "2023-01-16 True"]


@pytest.mark.parametrize(("place", "rules"), [("", []), ("long/a.yaml", ["minimum-runtime"]), ("a.yaml", [])])
def test_a_plan_of_a_given_lock_is_judged_where_that_has_it(
    workspace: Workspace, place: str, rules: list[str]
) -> None:
    longer = "overrides: [{paths: ['long/*'], rules: {minimum-runtime: {days: 20}}}]\n"
    workspace.write("egp.yaml", "plans: ['**/*.yaml']\n" + RUNTIME_ALONE + longer)
    workspace.write("plan.yaml", PLAN)
    lock = {"buy-now": entry_of(PLAN, place)} if place else {}
    assert [rule for rule, _, _ in found(run(workspace, "plan.yaml", lock=lock))] == rules


def test_what_a_branch_makes_of_the_policy_is_read_where_that_moves_plans_and_nowhere_else(
    workspace: Workspace,
) -> None:
    """The base's policy judges: a broken one in the working tree is in the way only of what its defaults would move."""
    defaults = "defaults: {statistics: {power: 90%}}\n"
    file = workspace.write("egp.yaml", RUNTIME_ALONE)
    repository = ScriptedRepository(workspace.root)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit("2023-01-16")

    def said(text: str, **options: Any) -> list[str]:
        judge = replace(read_policy_of(text), ref="main", root=str(workspace.root))
        report = check((), PlanFinder(str(workspace.root)), judge, AS_OF, **options)
        return [each.message for each in report.failures]

    def read_policy_of(text: str) -> Policy:
        workspace.write("base/egp.yaml", text)
        return read_policy("base/egp.yaml", "egp.yaml")

    assert said(RUNTIME_ALONE + defaults, base="main") == []
    file.unlink()
    assert said(RUNTIME_ALONE + defaults, base="main") == [
        "cannot read the policy: No such file or directory"
    ]
    assert said(RUNTIME_ALONE + defaults) == []
    assert said(RUNTIME_ALONE, base="main") == []
    workspace.write("egp.yaml", "rules: [")
    (broken,) = said(RUNTIME_ALONE + defaults, base="main")
    assert broken.startswith("the policy is invalid")
    assert said(RUNTIME_ALONE, base="main") == []


STAGED = "rules: {minimum-runtime: [{severity: warning}, {from: 2023-01-15, severity: error}]}\n"


@pytest.mark.parametrize(
    ("registered", "severity"),
    [(None, "error"), (date(2023, 1, 14), "warning"), (date(2023, 1, 15), "error")],
)
def test_a_registered_plan_is_judged_by_the_settings_of_its_day(
    workspace: Workspace, registered: date | None, severity: str
) -> None:
    """The lock's day and not the plan's, of this plan and not of another."""
    workspace.write("egp.yaml", STAGED)
    workspace.write("plan.yaml", SHORT + "registered: 2022-01-01\n")
    workspace.write("other.yaml", SHORT.replace("buy-now", "other"))

    def register(entries: Any) -> None:
        entries["another"] = entry_of(SHORT, "gone.yaml", date(2022, 1, 1))
        if registered:
            entries["buy-now"] = entry_of(SHORT, day=registered)

    assert [each for _, each, _ in found(run(workspace, "plan.yaml"))] == ["error"], "without a lock"
    update_lock(str(workspace.root), register)
    said = run(workspace, "plan.yaml", "other.yaml")
    by_plan = {each.experiment: each.severity for each in said.diagnostics if each.rule == "minimum-runtime"}
    assert by_plan == {"buy-now": severity, "other": "error"}


@pytest.mark.parametrize(
    ("policy", "silent"),
    [
        (RUNTIME_ALONE, ["minimum-runtime", "valid-yaml"]),
        ("rules: {deleted-while-running: {severity: error}, minimum-runtime: {severity: warning}}\n", ["minimum-runtime", "valid-yaml"]),
    ],
)  # fmt: skip
def test_every_rule_about_plans_is_silent_of_what_is_none(
    workspace: Workspace, policy: str, silent: Sequence[str]
) -> None:
    """Rules about plans that are missing have something else to look at."""
    workspace.write("egp.yaml", policy)
    workspace.write("notes.yaml", "notes: [nothing]\n")
    report = run(workspace, "notes.yaml")
    assert [rule for rule, _, _ in found(report)] == ["valid-plan"]
    assert sorted(each.rule for each in report.unchecked if each.rule in (*silent, "valid-plan", "deleted-while-running")) == sorted(silent)  # fmt: skip
    assert report.diagnostics[0].line == ""
