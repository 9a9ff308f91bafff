"""What rules that a policy writes say of plans."""

from __future__ import annotations

from datetime import date

import pytest

from benchmarks.plans import write_plans
from egp.check import check, processes
from egp.output.report import json, sarif, text
from egp.output.report.model import Report
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from tests.check.workspace import PLAN, Workspace, found, where
from tests.custom.policies import LEGAL, SIGNED, UNSIGNED, rule
from tests.waivers.office import POLICY, Office


def report(workspace: Workspace, policy: str, plan: str) -> Report:
    workspace.write("egp.yaml", policy)
    workspace.write("plan.yaml", plan)
    return workspace.report("plan.yaml")


def said(workspace: Workspace, policy: str, plan: str) -> list[tuple[str, str, str]]:
    return found(report(workspace, policy, plan))


def test_what_the_expression_requires_is_asked_of_every_plan(workspace: Workspace) -> None:
    assert said(workspace, LEGAL, SIGNED) == []
    (diagnostic,) = report(workspace, LEGAL, UNSIGNED).diagnostics
    assert (diagnostic.rule, diagnostic.severity, where(diagnostic)) == (
        "needs-legal",
        "error",
        "plan.yaml:8:12",
    )
    assert (diagnostic.message, diagnostic.help) == (
        "not signed by legal",
        "add a sign-off of the role `legal`",
    )


def test_a_rule_asks_nothing_of_plans_that_it_does_not_mean(workspace: Workspace) -> None:
    policy = rule(when="plan.type == 'rollout'", require="plan.id == 'x'")
    unasked = report(workspace, policy, PLAN)
    assert (found(unasked), unasked.passed) == ([], 2)
    assert said(workspace, policy, PLAN.replace("superiority", "rollout")) == [
        ("own", "error", "plan.yaml:1:5")
    ]


@pytest.mark.parametrize(
    ("expression", "missing", "line"),
    [
        ("plan.layer == 'pdp'", "layer", "1:1"),
        ("plan.primary_metric.mde != ''", "mde", "7:1"),
        ("plan.variants.all(v, v.share != '')", "share", "4:5"),
    ],
)
def test_what_the_plan_lacks_is_no_pass(
    workspace: Workspace, expression: str, missing: str, line: str
) -> None:
    (diagnostic,) = report(workspace, rule(require=expression), PLAN).diagnostics
    assert (diagnostic.severity, diagnostic.missing) == ("error", missing)
    assert where(diagnostic) == f"plan.yaml:{line}"
    assert "without it own cannot be checked" in diagnostic.message


def test_a_key_that_only_the_expression_knows_is_named_as_it_is(workspace: Workspace) -> None:
    (diagnostic,) = report(
        workspace, rule(require="plan['primary_metric']['m' + 'de'] == ''"), PLAN
    ).diagnostics
    assert (diagnostic.severity, diagnostic.place.pointer) == ("error", "/primary_metric")
    assert "requires a key `mde` that is not there" in diagnostic.message


def test_a_pattern_that_cannot_be_read_is_the_policys_mistake(workspace: Workspace) -> None:
    """It is found on the plan where nothing led to it before."""
    expression = "plan.title == 'a' || plan.id != 'buy-now' || plan.id.matches('(')"
    judged = report(workspace, rule(require=expression), PLAN + "title: b\n")
    assert judged.exit_status() == 2
    assert "`require` has a pattern that cannot be read: (" in judged.failures[0].message


def test_a_rule_that_warns_and_misses_an_input_is_not_checked(workspace: Workspace) -> None:
    unread = report(workspace, rule(severity="warning", require="plan.layer == 'pdp'"), PLAN)
    assert (found(unread), [(each.rule, each.needs) for each in unread.unchecked]) == (
        [],
        [("own", "/layer")],
    )


def test_a_missing_key_in_the_condition_is_no_pass_either(workspace: Workspace) -> None:
    assert said(workspace, rule(when="plan.layer == 'pdp'", require="plan.id == 'x'"), PLAN) == [
        ("own", "error", "plan.yaml:1:1")
    ]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("plan.id > 3", "types that do not go together"),
        ("share(plan.id) < 1.0", "buy-now is not a share"),
        ("count(plan.variants[0].weight) > 1", "50% is not a count"),
        ("plan.variants[7].id == 'x'", "index out of bounds: 7"),
        ("1 / (size(plan.variants) - 2) == 1", "division by zero"),
        ("timestamp(plan.id) < timestamp('2023-01-01T00:00:00Z')", "timestamp(): "),
    ],
)
def test_a_value_that_cannot_be_read_is_no_pass(workspace: Workspace, expression: str, reason: str) -> None:
    (diagnostic,) = report(workspace, rule(require=expression), PLAN).diagnostics
    assert diagnostic.severity == "error"
    assert reason in diagnostic.message


@pytest.mark.parametrize(
    "expression",
    [
        "share(plan.variants[0].weight) == 0.5",
        "date(plan.schedule.end) - date(plan.schedule.start) == time('13d')",
        "date(plan.schedule.start) < timestamp('2023-01-23T00:00:01Z')",
        "time('2w') == duration('336h')",
        "count('1.2M') == 1200000",
        "date('2023-01-23T08:00:00-08:00') == date('2023-01-23T16:00:00Z')",
        "has(plan.owner) || plan.variants.size() == 2",
        "tier == ''",
        "plan.variants.exists_one(v, has(v.control) && v.control)",
        "plan.variants.map(v, v.id) == ['control', 'buy_now']",
        "plan.id.matches('^[a-z-]+$')",
    ],
)
def test_quantities_have_functions_and_texts_are_texts(workspace: Workspace, expression: str) -> None:
    judged = report(workspace, rule(require=f'"{expression}"'), PLAN)
    assert (found(judged), judged.passed) == ([], 3)


def test_the_tier_is_the_policys_word(workspace: Workspace) -> None:
    tiers = "tiers: {'pdp.*': critical}\n"
    policy = tiers + rule(when="tier == 'critical'", require="plan.id == 'x'")
    assert said(workspace, policy, PLAN + "surfaces: [other]\n") == []
    assert said(workspace, policy, PLAN + "surfaces: [pdp.mobile]\n") == [("own", "error", "plan.yaml:1:5")]


def test_a_value_that_is_no_answer_stops_the_rule_alone(workspace: Workspace) -> None:
    policy = (
        rule(require="\"plan.type == 'rollout' ? plan.id : true\"")
        + "rules: {minimum-runtime: {severity: error}}\n"
    )
    judged = report(workspace, policy, PLAN)
    assert judged.exit_status() == 0
    workspace.write("plan.yaml", PLAN.replace("superiority", "rollout").replace("02-05", "01-27"))
    judged = workspace.report("plan.yaml")
    (failure,) = judged.failures
    assert (
        failure.message == "the policy cannot judge by own: `require` is a text, where true or false is meant"
    )
    assert failure.span is not None
    assert (failure.path, failure.span.start.line, failure.rule) == ("egp.yaml", 4, "own")
    assert ("minimum-runtime", "error") in [each[:2] for each in found(judged)], (
        "what others find is reported"
    )
    assert judged.exit_status() == 2


def test_a_custom_finding_silences_no_other(workspace: Workspace) -> None:
    policy = rule(at="/schedule", require="plan.id == 'x'") + "rules: {minimum-runtime: {severity: error}}\n"
    short = PLAN.replace("02-05", "01-27")
    assert [each[0] for each in said(workspace, policy, short)] == ["own", "minimum-runtime"]


def test_a_file_that_holds_no_plan_is_told_by_the_rule_about_it(workspace: Workspace) -> None:
    judged = report(workspace, LEGAL, "id: x\nschedule: {start: 2023-01-23\n")
    assert [each[0] for each in found(judged)] == ["valid-yaml"]
    assert ("needs-legal", "valid-yaml") in [(each.rule, each.blocked_by) for each in judged.unchecked]


def test_schemas_find_every_misfit_at_its_place(workspace: Workspace) -> None:
    schema = (
        "{required: [team, dri], properties: {team: {type: string, pattern: '^[a-z]+$'}, dri: {}, "
        "x-seats: {items: {maximum: 3}}}, additionalProperties: {type: array}}"
    )
    policy = rule(at="/owner", schema=schema)
    plan = PLAN + "owner: {team: PDP, x-seats: [1, 7], x-y: 2}\n"
    judged = report(workspace, policy, plan)
    assert {
        (each.place.pointer, each.missing, each.observed, each.required) for each in judged.diagnostics
    } == {
        ("/owner", "dri", "missing", "`dri`"),
        ("/owner/team", "", "PDP", "pattern: ^[a-z]+$"),
        ("/owner/x-seats/1", "", "7", "maximum: 3"),
        ("/owner/x-y", "", "2", "type: array"),
    }
    assert said(workspace, policy, PLAN + "owner: {team: pdp, dri: '@x', x-seats: []}\n") == []


def test_what_a_schema_is_asked_of_must_be_there(workspace: Workspace) -> None:
    (diagnostic,) = report(workspace, rule(at="/owner", schema="{}"), PLAN).diagnostics
    assert (diagnostic.severity, diagnostic.missing) == ("error", "owner")


def test_schemas_refer_to_their_own_parts(workspace: Workspace) -> None:
    schema = "{$ref: '#/$defs/named', $defs: {named: {required: [id], properties: {id: {$ref: '#text'}}}, t: {$anchor: text, const: no}}}"
    assert said(workspace, rule(schema=schema), PLAN) == [("own", "error", "plan.yaml:1:5")]


def test_reports_tell_custom_rules_as_any_other(workspace: Workspace) -> None:
    judged = report(workspace, LEGAL, UNSIGNED)
    told = "\n".join(text.render(judged, text.Style()))
    assert "error[needs-legal]: not signed by legal" in told
    assert "= why: Texts are a contract." in told
    assert '"rule": "needs-legal"' in json.render(judged)
    assert '"text": "Texts are a contract."' in sarif.render(judged, 1)


def test_a_custom_rule_is_waived_as_any_other(office: Office) -> None:
    office.house.write("egp.yaml", POLICY + rule(require="plan.id == 'other'"))
    office.waive(rule="own")
    told = {each["rule"]: bool(each["waiver"]) for each in office.report()["diagnostics"]}
    assert told == {"own": True, "stage-dwell": False}
    office.house.write("egp.yaml", POLICY + rule(require="plan.id == 'other'", waivable="false"))
    assert "waiver-valid" in [each["rule"] for each in office.report()["diagnostics"]]


def test_processes_that_part_ask_for_themselves(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plans(workspace.root / "plans", 30)
    workspace.write("egp.yaml", rule(require="plan.id.endsWith('7')"))

    def told() -> list[tuple[str, str, str]]:
        policy = read_policy(str(workspace.root / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(workspace.root))
        return found(check(finder.asked(["plans"]), finder, policy, date(2023, 1, 18)))

    alone = told()
    assert [rule for rule, *_ in alone].count("own") == 27
    monkeypatch.setattr(processes, "WORTHWHILE", 2)
    monkeypatch.setattr(processes, "PART", 4)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    assert told() == alone


def test_processes_that_part_give_one_refusal(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plans(workspace.root / "plans", 12)
    workspace.write("egp.yaml", rule(require="\"plan.id == 'sound-plan' ? true : plan.id\""))
    monkeypatch.setattr(processes, "WORTHWHILE", 2)
    monkeypatch.setattr(processes, "PART", 3)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    judged = workspace.report("plans")
    assert len(judged.failures) == 1
    assert judged.exit_status() == 2
