"""What a run says, and with which exit status: 0 nothing, 1 rejected, 2 could not judge."""

from __future__ import annotations

import pytest

from egp.finding import Severity
from tests.check.workspace import BROKEN, PLAN, RUNTIME_ALONE, SHORT, Workspace, found

DOCUMENT_RULES = "rules: {valid-yaml: {severity: error}, valid-plan: {severity: error}, minimum-runtime: {severity: error}}\n"
CRASHING = "def check(plan: 'Experiment'):\n    raise ZeroDivisionError('user@example.com')\n"


def test_a_plan_that_meets_the_policy_passes(workspace: Workspace) -> None:
    workspace.write("egp.yaml", DOCUMENT_RULES)
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert (report.exit_status(), report.plans, report.passed) == (0, 1, 3)
    assert not report.diagnostics
    assert not report.unchecked
    assert not report.failures


def test_an_error_rejects(workspace: Workspace) -> None:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("plan.yaml", SHORT)
    report = workspace.report("plan.yaml")
    assert found(report) == [("minimum-runtime", "error", "plan.yaml:6:36")]
    assert report.exit_status() == 1


@pytest.mark.parametrize(
    ("severity", "fail_level", "status"),
    [("warning", "error", 0), ("warning", "warning", 1), ("info", "warning", 0), ("error", "warning", 1)],
)
def test_the_fail_level_is_the_least_severity_that_rejects(
    workspace: Workspace, severity: str, fail_level: Severity, status: int
) -> None:
    workspace.write("egp.yaml", f"rules: {{minimum-runtime: {{severity: {severity}}}}}\n")
    workspace.write("plan.yaml", SHORT)
    assert workspace.report("plan.yaml").exit_status(fail_level) == status


def test_a_rule_that_is_off_says_nothing(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "rules: {minimum-runtime: {severity: off}}\n")
    workspace.write("plan.yaml", SHORT)
    report = workspace.report("plan.yaml")
    assert (report.exit_status(), report.passed, report.diagnostics) == (0, 0, [])


def test_a_rule_that_no_policy_adopts_does_not_run(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "rules: {valid-plan: {severity: error}}\n")
    workspace.write("plan.yaml", SHORT)
    assert workspace.report("plan.yaml").passed == 1


def test_a_crash_is_no_verdict_and_hides_no_finding(workspace: Workspace) -> None:
    workspace.rule("crash-test", CRASHING)
    workspace.write(
        "egp.yaml", "rules: {crash-test: {severity: warning}, minimum-runtime: {severity: error}}\n"
    )
    workspace.write("plan.yaml", SHORT)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["minimum-runtime"]
    (failure,) = report.failures
    assert (failure.path, failure.rule) == ("plan.yaml", "crash-test")
    assert "rule crash-test crashed on this plan (ZeroDivisionError)" in failure.message
    assert "user@example.com" not in failure.message + failure.help
    assert report.exit_status() == 2, "2 beats 1"
    assert report.passed == 0


def test_a_rule_that_crashes_halfway_claims_nothing(workspace: Workspace) -> None:
    workspace.rule(
        "crash-test",
        "def check(plan: 'Experiment'):\n    yield Finding(('id',), 'half a claim')\n    raise KeyError('x')\n",
    )
    workspace.write("egp.yaml", "rules: {crash-test: {severity: error}}\n")
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert not report.diagnostics
    assert report.exit_status() == 2


def test_a_crash_on_one_plan_keeps_no_other_from_being_judged(workspace: Workspace) -> None:
    workspace.rule(
        "crash-test", "def check(plan: 'Experiment'):\n    return [] if plan.id == 'b' else 1 // 0\n"
    )
    workspace.write(
        "egp.yaml", "rules: {crash-test: {severity: error}, minimum-runtime: {severity: error}}\n"
    )
    workspace.write("a.yaml", PLAN.replace("buy-now", "a"))
    workspace.write("b.yaml", SHORT.replace("buy-now", "b"))
    report = workspace.report("a.yaml", "b.yaml")
    assert [failure.path for failure in report.failures] == ["a.yaml"]
    assert [rule for rule, _, _ in found(report)] == ["minimum-runtime"]


def test_a_file_that_is_no_yaml_is_rejected(workspace: Workspace) -> None:
    workspace.write("egp.yaml", DOCUMENT_RULES)
    workspace.write("plan.yaml", BROKEN)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["valid-yaml"]
    assert {entry.rule: entry.blocked_by for entry in report.unchecked} == {
        "valid-plan": "valid-yaml",
        "minimum-runtime": "valid-yaml",
    }
    assert report.exit_status() == 1


@pytest.mark.parametrize("content", [BROKEN, "", "- a list\n", "a text\n", b"\xff\xfe", "null\n"])
@pytest.mark.parametrize(
    "policy",
    [
        RUNTIME_ALONE,
        "rules: {valid-yaml: {severity: warning}, valid-plan: {severity: warning}, minimum-runtime: {severity: error}}\n",
        "rules: {valid-yaml: {severity: off}, minimum-runtime: {severity: error}}\n",
    ],
)
def test_a_file_that_holds_no_plan_never_turns_green(
    workspace: Workspace, content: str | bytes, policy: str
) -> None:
    workspace.write("egp.yaml", policy)
    workspace.write("plan.yaml", content)
    report = workspace.report("plan.yaml")
    assert report.exit_status() == 1
    assert [rule for rule, severity, _ in found(report) if severity == "error"] == ["minimum-runtime"]
    assert all(entry.blocked_by for entry in report.unchecked)


def test_a_policy_of_warnings_alone_does_not_reject_a_file_without_a_plan(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
    workspace.write("plan.yaml", BROKEN)
    report = workspace.report("plan.yaml")
    assert report.exit_status() == 0
    assert [(entry.rule, entry.blocked_by) for entry in report.unchecked] == [("minimum-runtime", "")]


def test_every_document_of_a_file_is_a_plan(workspace: Workspace) -> None:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("plans.yaml", "---\n".join([PLAN, SHORT, PLAN.replace("buy-now", "third")]))
    report = workspace.report("plans.yaml")
    assert report.plans == 3
    (diagnostic,) = report.diagnostics
    assert diagnostic.place.document == 1
    assert diagnostic.place.span.start.line == 14


def test_diagnostics_come_in_the_order_of_file_document_and_place(workspace: Workspace) -> None:
    everywhere = "def check(plan: 'Experiment'):\n    yield Finding(('variants', 1, 'id'), 'b')\n    yield Finding(('id',), 'a')\n"
    workspace.rule("second-rule", everywhere)
    workspace.rule("first-rule", everywhere)
    workspace.write("egp.yaml", "rules: {first-rule: {severity: error}, second-rule: {severity: info}}\n")
    workspace.write("b.yaml", PLAN)
    workspace.write("a.yaml", f"{PLAN}---\n{PLAN}")
    report = workspace.report("b.yaml", "a.yaml")
    assert [
        (each.place.path, each.place.document, each.place.pointer, each.rule) for each in report.diagnostics
    ] == [
        (path, document, place, rule)
        for path, document in (("a.yaml", 0), ("a.yaml", 1), ("b.yaml", 0))
        for place in ("/id", "/variants/1/id")
        for rule in ("first-rule", "second-rule")
    ]


def test_the_same_plans_give_the_same_report_in_any_order(workspace: Workspace) -> None:
    workspace.write("egp.yaml", DOCUMENT_RULES)
    workspace.write("a.yaml", SHORT)
    workspace.write("b.yaml", BROKEN)
    one, other = workspace.report("a.yaml", "b.yaml"), workspace.report("b.yaml", "a.yaml")
    assert one.diagnostics == other.diagnostics
    assert one.unchecked == other.unchecked


def test_progress_is_told_part_by_part(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from egp import processes
    from egp.check import check
    from egp.plan_files import PlanFinder
    from egp.policy.reading import read_policy
    from tests.check.workspace import AS_OF

    workspace.write("egp.yaml", RUNTIME_ALONE)
    for name in "abc":
        workspace.write(f"{name}.yaml", PLAN)
    policy = read_policy("egp.yaml", "egp.yaml")
    finder = PlanFinder(str(workspace.root), policy.plans, policy.root)
    monkeypatch.setattr(processes, "_PART", 2)
    told: list[tuple[int, int]] = []
    check(finder.asked(["."]), finder, policy, AS_OF, lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]
