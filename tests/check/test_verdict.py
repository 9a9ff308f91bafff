"""What a run says, and with which exit status: 0 nothing, 1 rejected, 2 could not judge."""

from __future__ import annotations

import pytest

from egp.cli.commands.reporting import rendered
from egp.output.report import json, text
from egp.output.report.model import Report
from egp.plan.finding import Severity
from egp.policy.plan_files import PlanFinder
from tests.check.workspace import ALWAYS_PASSED, BROKEN, PLAN, RUNTIME_ALONE, SHORT, Workspace, found

DOCUMENT_RULES = "rules: {valid-yaml: {severity: error}, valid-plan: {severity: error}, minimum-runtime: {severity: error}}\n"
CRASHING = "def check(plan: 'Experiment'):\n    raise LookupError('user@example.com')\n"


def test_a_plan_that_meets_the_policy_passes(workspace: Workspace) -> None:
    workspace.write("egp.yaml", DOCUMENT_RULES)
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert (report.exit_status(), report.plans, report.passed) == (0, 1, 3)
    assert not report.diagnostics
    assert not report.unchecked
    assert not report.failures


def test_a_rule_that_does_not_apply_neither_passes_nor_is_unchecked(workspace: Workspace) -> None:
    workspace.rule("other-type", "def check(plan: 'Experiment'):\n    raise DoesNotApply\n")
    workspace.write(
        "egp.yaml", "rules: {other-type: {severity: error}, minimum-runtime: {severity: error}}\n"
    )
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert (report.exit_status(), report.passed) == (0, 1 + ALWAYS_PASSED)
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
    workspace.write("egp.yaml", "rules: {minimum-runtime: {severity: off}, whole-weeks: {severity: info}}\n")
    workspace.write("plan.yaml", SHORT)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["whole-weeks"]


def test_a_rule_that_no_policy_adopts_does_not_run(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "rules: {metric-direction: {severity: info}}\n")
    workspace.write("plan.yaml", SHORT)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["metric-direction"]


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
    assert "rule crash-test crashed on this plan (LookupError)" in failure.message
    assert "user@example.com" not in failure.message + failure.help
    assert report.exit_status() == 2, "2 beats 1"
    assert report.passed == ALWAYS_PASSED


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
        "crash-test", "def check(plan: 'Experiment'):\n    return [] if plan.id == 'b' else [][1]\n"
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


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (BROKEN, "valid-yaml"), ("", "valid-yaml"), (b"\xff\xfe", "valid-yaml"),
        ("- a list\n", "valid-plan"), ("a text\n", "valid-plan"), ("null\n", "valid-plan"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", [RUNTIME_ALONE, "rules: {minimum-runtime: {severity: warning}}\n"])
def test_a_file_that_holds_no_plan_is_rejected_whatever_the_policy_asks(
    workspace: Workspace, content: str | bytes, rule: str, policy: str
) -> None:
    workspace.write("egp.yaml", policy)
    workspace.write("plan.yaml", content)
    report = workspace.report("plan.yaml")
    assert report.exit_status() == 1
    assert [(name, severity) for name, severity, _ in found(report)] == [(rule, "error")]
    assert {entry.blocked_by for entry in report.unchecked} == {rule}


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
    from egp.check import check, processes
    from egp.policy.plan_files import PlanFinder
    from egp.policy.reading import read_policy
    from tests.check.workspace import AS_OF

    workspace.write("egp.yaml", RUNTIME_ALONE)
    for name in "abc":
        workspace.write(f"{name}.yaml", PLAN)
    policy = read_policy("egp.yaml", "egp.yaml")
    finder = PlanFinder(str(workspace.root), policy.plans, policy.root)
    monkeypatch.setattr(processes, "PART", 2)
    told: list[tuple[int, int]] = []
    check(finder.asked(["."]), finder, policy, AS_OF, lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


NOT_A_PLAN = "this is not a plan: none of a plan's keys stands at its top level"
SECRETIVE: list[str | bytes] = [
    "root:x:0:0:hunter2:/root:/bin/bash\ndaemon:x:1:1:hunter2:/usr/sbin\n",
    "- hunter2\n",
    "{token: hunter2, password: {pepper: hunter2}}\n",
    "token: [hunter2\n",
    "hunter2: !!python/object hunter2\n",
    "hunter2: 1\nhunter2: 2\n",
    b"\x7fELF\x00hunter2\xff\xfe",
    b"\x7fELF\x00\xd0\xff\xfe\n\x01token: hunter2\n",
]


@pytest.mark.parametrize("content", SECRETIVE)
def test_nothing_of_a_file_that_is_not_a_plan_is_repeated(workspace: Workspace, content: str | bytes) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')
    workspace.write("credentials", content)
    report = workspace.report("credentials")
    assert found(report) == [("valid-plan", "error", "credentials:1:1")]
    assert report.diagnostics[0].message == (
        "this is not a text file" if isinstance(content, bytes) else NOT_A_PLAN
    )
    assert {entry.blocked_by for entry in report.unchecked} == {"valid-plan"}
    assert report.exit_status() == 1
    assert "hunter2" not in json.render(report) + "".join(text.render(report, text.Style()))


RESULTS = "experiment: x\nas_of: 2023-02-16T09:00:00-08:00\nrevision: web-1\nstages: []\naggregates: x.csv\n"


@pytest.mark.parametrize(
    ("name", "content", "says", "help"),
    [
        ("x.yaml", RESULTS, "these are results, not a plan", "egp gate PLAN --results x.yaml"),
        ("x.bin", b"\x7fELF\x00\xd0\xff\xfe\n\x01id: x", "this is not a text file", "a plan is YAML"),
    ],
)
def test_what_is_plainly_no_plan_is_named_in_one_finding(
    workspace: Workspace, name: str, content: str | bytes, says: str, help: str
) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')
    workspace.write(name, content)
    report = workspace.report(name)
    (finding,) = report.diagnostics
    assert (finding.rule, finding.message) == ("valid-plan", says)
    assert help in finding.help
    assert "egp explain x" not in shown_in_full(report)


def shown_in_full(report: Report) -> str:
    """The text report with the lines behind it that say what to do next."""
    return rendered(report, "text", text.Style())


def test_a_folder_that_was_probably_meant_is_named(workspace: Workspace) -> None:
    workspace.write("experiments/x.yaml", PLAN)
    workspace.write("egp.lock", "lock: 1\n")
    finder = PlanFinder(str(workspace.root), (), str(workspace.root))
    finder.asked(["experimnts", "experiments/y/z.yaml", "egp.lock"])
    assert [(each.message, each.help) for each in finder.failures] == [
        ("there is no such file or folder", "did you mean experiments?"),
        ("there is no such file or folder", "correct the path"),
        ("this is a part of the lock, not a plan", "it is read with the plan that it is about: check that"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty"),
        ("# to be written\n", "the file is empty"),
        (PLAN.encode("utf-16"), "the file is in UTF-16, not in UTF-8"),
        ('{"id": "buy-now", "type": ', "the text ends where"),
        ("schedule: {start: 2023-01-23\n", "is not closed"),
        ("ID: buy-now\ntype: superiority\n", "unknown key `ID`"),
    ],
)
def test_a_plan_that_is_broken_is_told_what_is_wrong(
    workspace: Workspace, content: str | bytes, says: str
) -> None:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("plan.yaml", content)
    messages = [each.message for each in workspace.report("plan.yaml").diagnostics]
    assert any(says in message for message in messages), messages


@pytest.mark.parametrize(
    "line", ["surfaces: user@example.com", "segments: user@example.com", "links: [1, user@example.com]"]
)
def test_advice_repeats_no_personal_data(workspace: Workspace, line: str) -> None:
    workspace.write("egp.yaml", 'extends: ["egp:standard"]\n')
    workspace.write("plan.yaml", f"{PLAN}{line}\n")
    diagnostics = workspace.report("plan.yaml").diagnostics
    assert "no-personal-data" in {each.rule for each in diagnostics}
    assert not [each for each in diagnostics if "user@example.com" in each.help]
    assert not [each for each in diagnostics if "user@example.com" in str(each.remedies)]
