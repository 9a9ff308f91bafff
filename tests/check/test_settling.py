"""From what rules said to what is reported: one root cause, one diagnostic, and nothing that turns red to green."""

from __future__ import annotations

import pytest

from egp.output.report.text import Style, render
from egp.plan.finding import Severity, Unchecked
from tests.check.workspace import ALWAYS_PASSED, PLAN, SHORT, Workspace, found

NEEDS_LAYER = "def check(plan: 'Experiment'):\n    need(plan.layer, 'layer')\n    return []\n"
NEEDS_BASELINE = "def check(plan: 'Experiment'):\n    need(plan.primary_metric.baseline, 'primary_metric', 'baseline')\n    return []\n"
ABOUT_LAYER = "def check(plan: 'Experiment'):\n    if plan.layer is None:\n        yield Finding(('layer',), 'the plan names no layer')\n"


def severities(**rules: str) -> str:
    return "rules:\n" + "".join(
        f"  {rule.replace('_', '-')}: {{severity: {each}}}\n" for rule, each in rules.items()
    )


def unchecked(entries: list[Unchecked]) -> dict[str, tuple[str, str]]:
    """Rule → (missing input, who speaks of it)."""
    return {entry.rule: (entry.needs, entry.blocked_by) for entry in entries}


def test_a_missing_input_counts_as_an_error_once_for_all_rules_it_blocks(workspace: Workspace) -> None:
    for rule in ("first-need", "second-need", "third-need"):
        workspace.rule(rule, NEEDS_BASELINE)
    workspace.write("egp.yaml", severities(first_need="warning", second_need="error", third_need="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    (diagnostic,) = report.diagnostics
    assert (diagnostic.rule, diagnostic.severity) == ("second-need", "error")
    assert (diagnostic.place.pointer, diagnostic.missing) == ("/primary_metric", "baseline")
    assert diagnostic.message == (
        "the plan does not say `primary_metric.baseline`, and without it 3 checks cannot run: "
        "first-need, second-need, third-need"
    )
    assert diagnostic.help == "declare `primary_metric.baseline`"
    assert unchecked(report.unchecked) == dict.fromkeys(
        ("first-need", "second-need", "third-need"), ("/primary_metric/baseline", "second-need")
    )
    assert report.exit_status() == 1


def test_one_blocked_rule_is_named_alone(workspace: Workspace) -> None:
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.write("egp.yaml", severities(needs_layer="error"))
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = workspace.report("plan.yaml").diagnostics
    assert diagnostic.message == "the plan does not say `layer`, and without it needs-layer cannot be checked"


def test_different_missing_inputs_are_different_diagnostics(workspace: Workspace) -> None:
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.rule("needs-baseline", NEEDS_BASELINE)
    workspace.write("egp.yaml", severities(needs_layer="error", needs_baseline="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert {each.rule: each.missing for each in report.diagnostics} == {
        "needs-layer": "layer",
        "needs-baseline": "baseline",
    }


def test_an_error_about_the_missing_input_speaks_for_the_rules_it_blocks(workspace: Workspace) -> None:
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.rule("about-layer", ABOUT_LAYER)
    workspace.write("egp.yaml", severities(needs_layer="error", about_layer="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["about-layer"]
    assert unchecked(report.unchecked) == {"needs-layer": ("/layer", "about-layer")}


def test_a_warning_about_the_missing_input_does_not(workspace: Workspace) -> None:
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.rule("about-layer", ABOUT_LAYER)
    workspace.write("egp.yaml", severities(needs_layer="error", about_layer="warning"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert {(rule, severity) for rule, severity, _ in found(report)} == {
        ("about-layer", "warning"),
        ("needs-layer", "error"),
    }
    assert report.exit_status() == 1


def test_a_warning_level_rule_that_could_not_run_is_listed_and_rejects_nothing(workspace: Workspace) -> None:
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.write("egp.yaml", severities(needs_layer="warning"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert (report.exit_status(), report.diagnostics, report.passed) == (0, [], ALWAYS_PASSED)
    assert unchecked(report.unchecked) == {"needs-layer": ("/layer", "")}


@pytest.mark.parametrize(
    ("severity", "fail_level", "status"),
    [("warning", "warning", 1), ("info", "warning", 0), ("info", "error", 0)],
)
def test_a_rule_that_could_not_run_rejects_where_its_finding_would(
    workspace: Workspace, severity: str, fail_level: Severity, status: int
) -> None:
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.write("egp.yaml", severities(needs_layer=severity))
    workspace.write("plan.yaml", PLAN)
    assert workspace.report("plan.yaml").exit_status(fail_level) == status


def test_a_rule_that_can_find_a_plan_impossible_counts_as_an_error_until_it_has_run(
    workspace: Workspace,
) -> None:
    workspace.rule(
        "needs-layer", "def check(plan: 'Experiment'):\n    raise NotChecked(('layer',)).escalated()\n"
    )
    workspace.write("egp.yaml", severities(needs_layer="warning"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert [(each.rule, each.severity, each.missing) for each in report.diagnostics] == [
        ("needs-layer", "error", "layer")
    ]
    assert unchecked(report.unchecked) == {"needs-layer": ("/layer", "needs-layer")}
    assert report.exit_status() == 1


def test_what_a_rule_found_before_it_missed_an_input_stays_found(workspace: Workspace) -> None:
    source = "def check(plan: 'Experiment'):\n    yield Finding(('id',), 'not liked')\n    raise NotChecked(('layer',))\n"
    workspace.rule("half-way", source)
    workspace.write("egp.yaml", severities(half_way="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert "not liked" in [each.message for each in report.diagnostics]
    assert unchecked(report.unchecked) == {"half-way": ("/layer", "half-way")}


def test_an_error_above_the_missing_input_names_it_too(workspace: Workspace) -> None:
    workspace.rule(
        "about-metric",
        "def check(plan: 'Experiment'):\n    yield Finding(('primary_metric',), 'incomplete')\n",
    )
    workspace.rule("needs-baseline", NEEDS_BASELINE)
    workspace.write("egp.yaml", severities(about_metric="error", needs_baseline="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["about-metric"]
    assert unchecked(report.unchecked) == {"needs-baseline": ("/primary_metric/baseline", "about-metric")}


def test_an_error_about_the_whole_plan_names_no_missing_input(workspace: Workspace) -> None:
    workspace.rule("about-plan", "def check(plan: 'Experiment'):\n    yield Finding((), 'not liked')\n")
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.write("egp.yaml", severities(about_plan="error", needs_layer="error"))
    workspace.write("plan.yaml", PLAN)
    assert {rule for rule, _, _ in found(workspace.report("plan.yaml"))} == {"about-plan", "needs-layer"}


def test_numbers_that_cannot_be_computed_with_are_an_error(workspace: Workspace) -> None:
    source = (
        "from egp.stats import sample_size_proportions, StatisticsInputError\n"
        "def check(plan: 'Experiment'):\n"
        "    raise StatisticsInputError('baseline', 'a rate of 120 % is none', 'write a rate below 100 %')\n"
    )
    workspace.rule("computes-power", source.replace("sample_size_proportions, ", ""))
    workspace.write("egp.yaml", severities(computes_power="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    (diagnostic,) = report.diagnostics
    assert diagnostic.message.startswith("could not be computed: ")
    assert "computes-power" in diagnostic.help
    assert diagnostic.place.pointer == "/primary_metric"
    assert report.exit_status() == 1
    assert not report.failures


def test_an_input_that_the_plan_cannot_state_is_named_with_what_to_do(workspace: Workspace) -> None:
    source = (
        "def check(plan: 'Experiment'):\n    raise NotChecked(('id',), 'nobody attests it', 'ask somebody')\n"
    )
    workspace.rule("needs-witness", source)
    workspace.write("egp.yaml", severities(needs_witness="error"))
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = workspace.report("plan.yaml").diagnostics
    assert diagnostic.message == "could not be checked: nobody attests it"
    assert diagnostic.help == "ask somebody; blocked: needs-witness"
    assert diagnostic.place.pointer == "/id"


@pytest.mark.parametrize(
    ("cause", "consequence", "reported"),
    [
        ("error", "error", ["cause"]),
        ("error", "warning", ["cause"]),
        ("warning", "warning", ["cause"]),
        ("warning", "error", ["cause", "consequence"]),
        ("info", "warning", ["cause", "consequence"]),
    ],
)
def test_a_rule_yields_to_a_finding_that_weighs_no_less(
    workspace: Workspace, cause: str, consequence: str, reported: list[str]
) -> None:
    workspace.rule(
        "consequence",
        "yields_to = {'cause'}\ndef check(plan: 'Experiment'):\n    yield Finding(('type',), 'so')\n",
    )
    workspace.rule("cause", "def check(plan: 'Experiment'):\n    yield Finding(('id',), 'why')\n")
    workspace.write("egp.yaml", severities(consequence=consequence, cause=cause))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert sorted(rule for rule, _, _ in found(report)) == reported
    assert report.passed == ALWAYS_PASSED, "a rule that yields has not passed"


def test_a_rule_does_not_yield_to_one_that_has_nothing_to_say(workspace: Workspace) -> None:
    workspace.rule(
        "consequence",
        "yields_to = {'cause'}\ndef check(plan: 'Experiment'):\n    yield Finding(('type',), 'so')\n",
    )
    workspace.rule("cause", "def check(plan: 'Experiment'):\n    return []\n")
    workspace.write("egp.yaml", severities(consequence="error", cause="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["consequence"]
    assert report.passed == 1 + ALWAYS_PASSED


def test_one_finding_of_a_rule_may_yield_and_the_others_stay(workspace: Workspace) -> None:
    workspace.rule(
        "consequences",
        "def check(plan: 'Experiment'):\n"
        "    yield Finding(('type',), 'so', yields_to=frozenset({'cause'}))\n"
        "    yield Finding(('id',), 'moreover')\n",
    )
    workspace.rule("cause", "def check(plan: 'Experiment'):\n    yield Finding(('id',), 'why')\n")
    workspace.write("egp.yaml", severities(consequences="error", cause="error"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert sorted(each.message for each in report.diagnostics) == ["moreover", "why"]
    assert report.passed == ALWAYS_PASSED


@pytest.mark.parametrize("severity", ["warning", "error"])
def test_of_two_findings_about_a_blank_key_one_is_told(workspace: Workspace, severity: str) -> None:
    workspace.rule(
        "about-title", "def check(plan: 'Experiment'):\n    yield Finding(('title',), 'no title')\n"
    )
    workspace.write("egp.yaml", severities(valid_plan="error", about_title=severity))
    workspace.write("plan.yaml", PLAN + 'title: ""\n')
    report = workspace.report("plan.yaml")
    told = "valid-plan" if severity == "warning" else "about-title"
    assert [(rule, each) for rule, each, _ in found(report)] == [(told, "error")]
    assert report.exit_status() == 1


MISREAD = PLAN.replace("end: 2023-02-05", "end: 2023-02-31")


def test_claims_about_a_misread_key_are_left_to_the_rule_that_says_so(workspace: Workspace) -> None:
    workspace.rule(
        "about-end",
        "def check(plan: 'Experiment'):\n    if plan.schedule.end is None:\n        yield Finding(('schedule', 'end'), 'no end')\n",
    )
    workspace.write("egp.yaml", severities(valid_plan="error", about_end="error", minimum_runtime="error"))
    workspace.write("plan.yaml", MISREAD)
    report = workspace.report("plan.yaml")
    assert [rule for rule, _, _ in found(report)] == ["valid-plan"]
    assert unchecked(report.unchecked) == {
        "about-end": ("/schedule/end", "valid-plan"),
        "minimum-runtime": ("/schedule/end", "valid-plan"),
    }


def test_a_misspelt_key_is_not_reported_as_missing_too(workspace: Workspace) -> None:
    workspace.write("egp.yaml", severities(valid_plan="error", minimum_runtime="error"))
    workspace.write("plan.yaml", PLAN.replace("end:", "edn:"))
    report = workspace.report("plan.yaml")
    assert [(each.rule, each.place.pointer) for each in report.diagnostics] == [
        ("valid-plan", "/schedule/edn")
    ]
    assert unchecked(report.unchecked) == {"minimum-runtime": ("/schedule/end", "valid-plan")}


def test_what_rests_on_a_misspelt_key_is_not_claimed(workspace: Workspace) -> None:
    workspace.write("egp.yaml", severities(valid_plan="error", stop_rule_complete="error"))
    guardrail = "{id: refund_rate, kind: proportion}"
    stop_rule = "{id: refunds, metric: refund_rate, significant_harm_for: 14d, min_units_per_variant: 2000, action: rollback}"
    plan = f"{PLAN}guardrail_metrics: [{guardrail}]\nstop_rules: [{stop_rule}]\n"
    workspace.write("plan.yaml", plan.replace("guardrail_metrics", "guardrails"))
    report = workspace.report("plan.yaml")
    assert [(each.rule, each.place.pointer) for each in report.diagnostics] == [("valid-plan", "/guardrails")]
    assert "stop-rule-complete" in unchecked(report.unchecked)


def test_claims_about_misread_keys_stay_where_misreading_is_a_mere_warning(workspace: Workspace) -> None:
    workspace.rule(
        "about-mde",
        "def check(plan: 'Experiment'):\n    if plan.primary_metric.mde is None:\n        yield Finding(('primary_metric', 'mde'), 'no MDE')\n",
    )
    workspace.write("egp.yaml", severities(ambiguous_quantity="warning", about_mde="error"))
    workspace.write("plan.yaml", PLAN.replace("kind: proportion", "kind: proportion, mde: 0.8"))
    report = workspace.report("plan.yaml")
    assert {(rule, severity) for rule, severity, _ in found(report)} == {
        ("ambiguous-quantity", "warning"), ("about-mde", "error"),
    }  # fmt: skip
    assert report.exit_status() == 1


def test_what_is_impossible_is_an_error_where_the_policy_merely_warns(workspace: Workspace) -> None:
    workspace.rule(
        "doubtful",
        "def check(plan: 'Experiment'):\n    yield Finding(('id',), 'unlikely')\n"
        "    yield Finding(('type',), 'impossible', impossible=True)\n",
    )
    workspace.write("egp.yaml", severities(doubtful="warning"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    assert [(each.message, each.severity) for each in report.diagnostics] == [
        ("unlikely", "warning"),
        ("impossible", "error"),
    ]
    assert report.exit_status() == 1


def test_a_finding_about_a_key_that_is_absent_points_at_the_mapping_that_lacks_it(
    workspace: Workspace,
) -> None:
    workspace.rule(
        "wants-much",
        "def check(plan: 'Experiment'):\n    yield Finding(('schedule', 'pauses', 0), 'no pause')\n",
    )
    workspace.write("egp.yaml", severities(wants_much="error"))
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = workspace.report("plan.yaml").diagnostics
    assert (diagnostic.place.pointer, diagnostic.missing) == ("/schedule", "pauses")
    assert diagnostic.line[diagnostic.place.span.start.column - 1 :].startswith("schedule: {start")
    assert diagnostic.place.span.end.column == len("schedule") + 1


def test_a_value_over_many_lines_is_pointed_at_by_its_key(workspace: Workspace) -> None:
    workspace.rule(
        "about-variants", "def check(plan: 'Experiment'):\n    yield Finding(('variants',), 'odd')\n"
    )
    workspace.write("egp.yaml", severities(about_variants="error"))
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = workspace.report("plan.yaml").diagnostics
    span = diagnostic.place.span
    assert (span.start, span.end) == ((3, 1), (3, 9))


def test_related_places_are_shown_with_their_line(workspace: Workspace) -> None:
    workspace.rule(
        "about-two",
        "def check(plan: 'Experiment'):\n"
        "    yield Finding(('variants', 1, 'id'), 'two', related=(Related(('variants', 0, 'id'), 'the first'),))\n",
    )
    workspace.write("egp.yaml", severities(about_two="error"))
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = workspace.report("plan.yaml").diagnostics
    (related,) = diagnostic.related
    assert (related.place.pointer, related.label, related.line) == (
        "/variants/0/id", "the first", "  - {id: control, weight: 50%, control: true}",
    )  # fmt: skip


def test_rules_are_given_what_they_ask_for(workspace: Workspace) -> None:
    workspace.rule(
        "asks-all",
        "class Params(rule.Params):\n    days: int = 3\n    names: tuple[str, ...] = ()\n"
        "def check(plan: 'Experiment', params, organisation):\n"
        "    yield Finding(('id',), f'{params.days} {params.names} {organisation.tier} {dict(organisation.roles)} '\n"
        "                  f'{[str(day) for day in organisation.calendars[\"sale\"]]}')\n",
    )
    workspace.write(
        "egp.yaml",
        "tiers: {'*': high}\nroles: {privacy: ['@privacy']}\ncalendars: {sale: [2023-11-20/2023-12-01]}\n"
        "rules: {asks-all: {severity: error, names: [a, b]}}\n",
    )
    workspace.write("plan.yaml", PLAN)
    (diagnostic,) = workspace.report("plan.yaml").diagnostics
    assert diagnostic.message == "3 ('a', 'b') high {'privacy': ('@privacy',)} ['2023-11-20 to 2023-12-01']"


def test_a_rule_about_changes_knows_the_day_and_the_registration(workspace: Workspace) -> None:
    workspace.rule(
        "about-change",
        "def check(change: 'Change'):\n"
        "    yield Finding(('id',), f'{change.plan.id} {change.before} {change.registered} {change.as_of}')\n",
    )
    workspace.write("egp.yaml", severities(about_change="info"))
    workspace.write("plan.yaml", PLAN + "registered: 2023-01-17\n")
    assert workspace.report("plan.yaml").diagnostics[0].message == "buy-now None 2023-01-17 2023-01-18"


def test_a_rule_about_the_text_runs_even_where_there_is_no_plan(workspace: Workspace) -> None:
    workspace.rule(
        "about-text",
        "def check(document: 'Document'):\n    yield Finding(document.span(()), document.text[:4])\n",
    )
    workspace.write("egp.yaml", severities(about_text="error"))
    workspace.write("plan.yaml", "id: [\n")
    (diagnostic,) = (each for each in workspace.report("plan.yaml").diagnostics if each.rule == "about-text")
    assert (diagnostic.message, diagnostic.place.pointer) == ("id: ", "")


def test_a_check_counts_as_passed_once_for_each_plan(workspace: Workspace) -> None:
    workspace.write("egp.yaml", severities(minimum_runtime="error", feature_flag="off"))
    workspace.write("a.yaml", PLAN)
    workspace.write("b.yaml", SHORT)
    assert workspace.report("a.yaml", "b.yaml").passed == 1 + 2 * ALWAYS_PASSED


def test_what_cannot_be_computed_is_not_said_to_be_missing(workspace: Workspace) -> None:
    """The plan has a primary metric: what keeps the rule from its answer is a number."""
    workspace.rule(
        "computed",
        "from egp.stats import StatisticsInputError\n"
        "def check(plan: 'Experiment'):\n    raise StatisticsInputError('effect', 'it is 0', 'give one')\n",
    )
    workspace.write("egp.yaml", severities(computed="warning"))
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    (silent,) = report.unchecked
    assert (silent.needs, silent.blocked_by) == ("", "")
    assert silent.reason.startswith("could not be computed: ")
    (line,) = [each for each in render(report, Style()) if each.startswith("not checked")]
    assert line == f"not checked[computed]: plan.yaml ({silent.reason})"
