"""Settings that change on a day: which entry judges whom, what is announced, and what runs without effect."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.check import check
from egp.output.report.model import Report
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.policy.scope import NO_TRAITS, Traits
from egp.policy.timing import Timing
from tests.check.workspace import PLAN, SHORT, Workspace, found
from tests.policy.test_reading import ALL_PLANS, mistake, policy

STAGED = """\
rules:
  minimum-runtime:
    - {severity: warning}
    - {from: 2026-06-01, days: 21}
    - {from: 2026-12-01, severity: error}
"""
MARCH, JULY, DECEMBER, LATER = date(2026, 3, 1), date(2026, 7, 1), date(2026, 12, 1), date(2027, 5, 1)


def in_force(judge: Policy, timing: Timing, traits: Traits = NO_TRAITS) -> tuple[str, object, str]:
    """Severity, days and announcement of minimum-runtime."""
    rules = judge.adopted(ALL_PLANS, traits, timing)
    (adopted,) = (each for each in (*rules.alone, *rules.shadow) if each.rule.id == "minimum-runtime")
    severity = "shadow" if adopted.shadow else adopted.severity
    return severity, adopted.params.days, adopted.coming  # type: ignore[attr-defined]


def report_on(workspace: Workspace, day: date) -> Report:
    judge = read_policy(str(workspace.root / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(workspace.root), judge.plans, judge.root)
    return check(finder.asked(["plan.yaml"]), finder, judge, day)


def test_of_an_unregistered_plan_the_day_of_judging_decides(workspace: Workspace) -> None:
    judge = policy(workspace, STAGED)
    assert in_force(judge, Timing(MARCH))[:2] == ("warning", 14)
    assert in_force(judge, Timing(date(2026, 5, 31)))[:2] == ("warning", 14)
    assert in_force(judge, Timing(date(2026, 6, 1)))[:2] == ("warning", 21)
    assert in_force(judge, Timing(DECEMBER))[:2] == ("error", 21)


def test_of_a_registered_plan_the_day_in_the_lock_decides(workspace: Workspace) -> None:
    judge = policy(workspace, STAGED)
    assert in_force(judge, Timing(LATER, MARCH)) == ("warning", 14, "")
    assert in_force(judge, Timing(LATER, JULY)) == ("warning", 21, "")
    assert in_force(judge, Timing(LATER, DECEMBER)) == ("error", 21, "")


def test_what_is_to_come_is_announced_to_whom_it_comes(workspace: Workspace) -> None:
    judge = policy(workspace, STAGED)
    assert in_force(judge, Timing(MARCH))[2] == (
        "has `days: 21` from 2026-06-01 on; becomes an error on 2026-12-01"
    )
    assert in_force(judge, Timing(JULY))[2] == "becomes an error on 2026-12-01"
    assert in_force(judge, Timing(DECEMBER))[2] == ""


def test_a_retroactive_entry_reaches_registered_plans_from_its_day_on(workspace: Workspace) -> None:
    judge = policy(workspace, STAGED.replace("2026-12-01, ", "2026-12-01, retroactive: true, "))
    assert in_force(judge, Timing(JULY, MARCH)) == ("warning", 14, "becomes an error on 2026-12-01")
    assert in_force(judge, Timing(LATER, MARCH)) == ("error", 14, "")


def test_before_the_first_day_a_rule_is_as_other_policies_have_it(workspace: Workspace) -> None:
    workspace.write("ground.yaml", "rules: {minimum-runtime: {severity: info, days: 7}}\n")
    judge = policy(
        workspace,
        "extends: [ground.yaml]\nrules: {minimum-runtime: {from: 2026-06-01, severity: error}}\n",
    )
    assert in_force(judge, Timing(MARCH))[:2] == ("info", 7)
    assert in_force(judge, Timing(JULY))[:2] == ("error", 7)


def test_a_layer_on_top_wins_whatever_the_day(workspace: Workspace) -> None:
    workspace.write("ground.yaml", STAGED)
    judge = policy(workspace, "extends: [ground.yaml]\nrules: {minimum-runtime: {days: 28}}\n")
    assert in_force(judge, Timing(LATER)) == ("error", 28, "")


def test_overrides_may_be_dated_too(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        "rules: {minimum-runtime: {severity: error}}\ntiers: {'*': low}\noverrides:\n"
        "  - when: {tier: low}\n    rules: {minimum-runtime: [{severity: warning}, {from: 2026-12-01, severity: error}]}\n",
    )
    assert in_force(judge, Timing(JULY), Traits("low")) == ("warning", 14, "becomes an error on 2026-12-01")
    assert in_force(judge, Timing(JULY)) == ("error", 14, "")
    assert in_force(judge, Timing(DECEMBER), Traits("low")) == ("error", 14, "")


def test_the_announcement_stands_in_the_diagnostic(workspace: Workspace) -> None:
    workspace.write("egp.yaml", STAGED)
    workspace.write("plan.yaml", SHORT)
    (diagnostic,) = report_on(workspace, JULY).diagnostics
    assert (diagnostic.severity, diagnostic.coming) == ("warning", "becomes an error on 2026-12-01")
    (diagnostic,) = report_on(workspace, DECEMBER).diagnostics
    assert (diagnostic.severity, diagnostic.coming) == ("error", "")


SHADOWED = (
    "rules:\n  weekly-cycles: {severity: error}\n"
    "  minimum-runtime: [{severity: shadow}, {from: 2026-12-01, severity: error}]\n"
)


def test_a_rule_in_the_shadow_is_reported_apart_and_has_no_effect(workspace: Workspace) -> None:
    workspace.write("egp.yaml", SHADOWED)
    workspace.write("plan.yaml", SHORT)
    report = report_on(workspace, JULY)
    assert [rule for rule, _, _ in found(report)] == ["weekly-cycles"], "it does not yield to the shadow"
    assert [(each.rule, each.severity, each.coming) for each in report.shadow] == [
        ("minimum-runtime", "info", "becomes an error on 2026-12-01")
    ]
    report = report_on(workspace, DECEMBER)
    assert [rule for rule, _, _ in found(report)] == ["minimum-runtime"]
    assert report.shadow == []


def test_a_rule_in_the_shadow_rejects_nothing_and_passes_nothing(workspace: Workspace) -> None:
    workspace.write("egp.yaml", "rules: {minimum-runtime: {severity: shadow}}\n")
    workspace.write("plan.yaml", SHORT)
    report = report_on(workspace, JULY)
    assert len(report.shadow) == 1
    assert report.exit_status("warning") == 0
    workspace.write("plan.yaml", PLAN)
    assert report_on(workspace, JULY).passed == report.passed


def test_what_a_rule_in_the_shadow_lacks_or_breaks_has_no_effect(workspace: Workspace) -> None:
    workspace.rule("lacks", "def check(plan: 'Experiment'):\n    need(None, 'owner')\n    yield\n")
    workspace.rule("breaks", "def check(plan: 'Experiment'):\n    yield [][1]\n")
    workspace.write(
        "egp.yaml",
        "rules: {minimum-runtime: {severity: error}, lacks: {severity: shadow}, breaks: {severity: shadow}}\n",
    )
    workspace.write("plan.yaml", PLAN)
    report = report_on(workspace, JULY)
    assert (report.failures, report.unchecked, report.exit_status()) == ([], [], 0)
    assert [(each.rule, each.message) for each in report.shadow] == [
        ("breaks", "rule breaks crashed on this plan (IndexError)")
    ]


def test_an_impossible_plan_is_no_error_in_the_shadow(workspace: Workspace) -> None:
    workspace.rule(
        "doubts", "def check(plan: 'Experiment'):\n    yield Finding(('id',), 'no', impossible=True)\n"
    )
    workspace.write("egp.yaml", "rules: {minimum-runtime: {severity: error}, doubts: {severity: shadow}}\n")
    workspace.write("plan.yaml", PLAN)
    report = report_on(workspace, JULY)
    assert [each.severity for each in report.shadow] == ["info"]
    assert report.exit_status() == 0


def test_what_must_not_be_repeated_is_not_repeated_from_the_shadow_either(workspace: Workspace) -> None:
    workspace.rule(
        "tells",
        "from egp.yaml import Document\ndef check(document: 'Document'):\n"
        "    yield Finding(document.span(('id',)), 'a secret', secret=True)\n",
    )
    workspace.write("egp.yaml", "rules: {tells: {severity: shadow}, minimum-runtime: {severity: error}}\n")
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = report_on(workspace, JULY).shadow
    assert "buy-now" not in diagnostic.line


def test_rules_that_compare_plans_can_be_in_the_shadow(workspace: Workspace) -> None:
    workspace.write(
        "egp.yaml",
        "plans: ['*.yaml']\nrules: {duplicate-id: {severity: shadow}}\n".replace(
            "duplicate-id: {severity: shadow}",
            "minimum-runtime: {severity: error}, flag-reuse: {severity: shadow}",
        ),
    )
    for name in ("plan", "other"):
        workspace.write(
            f"{name}.yaml", PLAN.replace("buy-now", name) + "feature_flag: same\nlayer: x\nsurfaces: [a]\n"
        )
    report = report_on(workspace, JULY)
    assert [each.rule for each in report.shadow] == ["flag-reuse"]
    assert report.exit_status("warning") == 0


@pytest.mark.parametrize(
    ("setting", "place", "message", "advice"),
    [
        ("[]", "1:26", "the setting of minimum-runtime is an empty list", "{severity: error}"),
        ("[error]", "1:27", "the setting of minimum-runtime is no mapping", "{severity: error}"),
        ("[{severity: error}, {days: 21}]", "1:46", "does not say from which day it holds", "add `from:`"),
        ("[{severity: error}, {from: soon, days: 21}]", "1:53", "soon", "2026-12-01"),
        ("[{severity: error}, {from: null, days: 21}]", "1:53", "from: ", "2026-12-01"),
        ("[{severity: error}, {from: 2026-12-01T08:00:00Z, days: 21}]", "1:53", "has a time", "2026-12-01"),
        ("[{from: 2026-12-01, severity: error}, {from: 2026-06-01, days: 21}]", "1:71", "from 2026-06-01 does not come after 2026-12-01", "in the order"),
        ("[{from: 2026-12-01, severity: error}, {from: 2026-12-01, days: 21}]", "1:71", "from 2026-12-01 does not come after 2026-12-01", "one a day"),
        ("[{severity: error}, {from: 2026-12-01}]", "1:46", "this entry of minimum-runtime changes nothing", "say what changes"),
        ("[{severity: error, retroactive: true}]", "1:58", "retroactive without a day means nothing", "add `from:`"),
        ("[{severity: error}, {from: 2026-12-01, retroactive: soon, days: 21}]", "1:78", "retroactive is soon", "true or false"),
        ("[{severity: error}, {from: 2026-12-01, dys: 21}]", "1:65", "no option `dys`", "days"),
        ("[{severity: error}, {from: 2026-12-01, severity: eror}]", "1:75", "severity is eror", "shadow"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_at_its_place(
    workspace: Workspace, setting: str, place: str, message: str, advice: str
) -> None:
    at, told, help_text = mistake(workspace, f"rules: {{minimum-runtime: {setting}}}")
    assert at == f"egp.yaml:{place}"
    assert message in told
    assert advice in help_text


@pytest.mark.parametrize(
    "setting",
    [
        "{severity: warning}",
        "{severity: shadow}",
        "{waivable: true}",
        "[{severity: error}, {from: 2026-12-01, severity: off}]",
    ],
)
def test_what_cannot_be_read_never_passes_on_any_day(workspace: Workspace, setting: str) -> None:
    text = f"rules: {{minimum-runtime: {{severity: error}}, valid-yaml: {setting}}}"
    _, message, _ = mistake(workspace, text)
    assert message == "valid-yaml is an error under every policy, and not waivable"


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
ENTRIES = st.lists(
    st.tuples(DAYS, st.integers(1, 60), st.booleans()), max_size=5, unique_by=lambda entry: entry[0]
).map(sorted)


@given(entries=ENTRIES, as_of=DAYS, registered=st.none() | DAYS)
def test_the_latest_entry_that_holds_decides(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[tuple[date, int, bool]],
    as_of: date,
    registered: date | None,
) -> None:
    lines = [
        f"    - {{from: {day}, days: {days}, retroactive: {str(back).lower()}}}\n"
        for day, days, back in entries
    ]
    file = tmp_path_factory.mktemp("dated") / "egp.yaml"
    file.write_text(
        "rules:\n  minimum-runtime:\n    - {severity: error}\n" + "".join(lines), encoding="utf-8"
    )
    judge = read_policy(str(file), "egp.yaml")
    decisive = registered or as_of
    holding = [days for day, days, back in entries if day <= decisive or (back and day <= as_of)]
    assert in_force(judge, Timing(as_of, registered))[1] == (holding[-1] if holding else 14)


@given(entries=ENTRIES, as_of=DAYS)
def test_what_is_announced_comes(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[date, int, bool]], as_of: date
) -> None:
    """An announcement names each later day on which the setting of an unregistered plan changes, and no other."""
    lines = [f"    - {{from: {day}, days: {days}}}\n" for day, days, _ in entries]
    file = tmp_path_factory.mktemp("dated") / "egp.yaml"
    file.write_text(
        "rules:\n  minimum-runtime:\n    - {severity: error}\n" + "".join(lines), encoding="utf-8"
    )
    judge = read_policy(str(file), "egp.yaml")
    told = in_force(judge, Timing(as_of))[2]
    for day, _, _ in entries:
        before = in_force(judge, Timing(day - timedelta(days=1)))[1]
        changes = in_force(judge, Timing(day))[1] != before
        assert (f"from {day} on" in told) is (changes and day > as_of)
