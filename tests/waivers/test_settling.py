"""What is waived says nothing to other rules: waiving one finding turns nothing else green."""

from __future__ import annotations

import pytest

from egp.output.report.model import Report
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.yaml import read_text
from tests.check.workspace import PLAN, Workspace

OWNED = PLAN + 'owner: {dri: "@pdp-pm"}\n'
ABOUT_LAYER = "def check(plan: 'Experiment'):\n    if plan.layer is None:\n        yield Finding(('layer',), 'the plan names no layer', help='name it')\n"
NEEDS_LAYER = "def check(plan: 'Experiment'):\n    need(plan.layer, 'layer')\n    return []\n"
OBJECTS = "def check(plan: 'Experiment'):\n    yield Finding(('schedule', 'end'), 'objection', help='no')\n"
HEAD = 'roles: {lead: ["@xp-lead"]}\nwaivers: {approvers: [lead]}\n'


def policy(**rules: str) -> str:
    lines = [f"  {rule.replace('_', '-')}: {{severity: {each}}}\n" for rule, each in rules.items()]
    return f"{HEAD}rules:\n{''.join(lines)}"


def waiving(*rules: str, plan: str = OWNED) -> str:
    """The plan with a sound waiver for each rule."""
    digest = plan_digest(read_experiment(read_text(plan)[0].value)[0])
    lines = [
        f'  - {{rule: {rule}, reason: r, ticket: t, approver: "@xp-lead", role: lead, granted: 2023-01-17, '
        f'expires: 2023-01-31, digest: "{digest}"}}\n'
        for rule in rules
    ]
    return f"{plan}waivers:\n{''.join(lines)}"


def effective(report: Report) -> list[str]:
    return [each.rule for each in report.effective]


def waived(report: Report) -> list[str]:
    return [each.rule for each in report.waived]


def test_a_rule_that_yields_speaks_where_the_other_is_waived(workspace: Workspace) -> None:
    workspace.rule("cause", OBJECTS)
    workspace.rule("consequence", f"yields_to = {{'cause'}}\n{OBJECTS}")
    workspace.write("egp.yaml", policy(cause="error", consequence="error"))
    workspace.write("plan.yaml", OWNED)
    assert effective(workspace.report("plan.yaml")) == ["cause"]
    workspace.write("plan.yaml", waiving("cause"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == (["consequence"], ["cause"])
    assert report.exit_status() == 1
    workspace.write("plan.yaml", waiving("cause", "consequence"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == ([], ["cause", "consequence"])
    assert report.exit_status() == 0


def test_a_waived_finding_is_still_silent_beside_its_cause(workspace: Workspace) -> None:
    workspace.rule("cause", OBJECTS)
    workspace.rule("consequence", f"yields_to = {{'cause'}}\n{OBJECTS}")
    workspace.write("egp.yaml", policy(cause="error", consequence="error"))
    workspace.write("plan.yaml", waiving("consequence"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == (["cause"], [])


def test_a_waived_error_speaks_for_no_missing_input(workspace: Workspace) -> None:
    workspace.rule("about-layer", ABOUT_LAYER)
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.write("egp.yaml", policy(about_layer="error", needs_layer="error"))
    workspace.write("plan.yaml", waiving("about-layer"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == (["needs-layer"], ["about-layer"])
    assert report.exit_status() == 1


def test_a_missing_input_is_not_waived(workspace: Workspace) -> None:
    """A waiver is for what its rule finds; of a rule that cannot look nobody knows what that is."""
    workspace.rule("needs-layer", NEEDS_LAYER)
    workspace.write("egp.yaml", policy(needs_layer="error"))
    workspace.write("plan.yaml", waiving("needs-layer"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == (["needs-layer"], [])


def test_a_portfolio_rule_that_lacks_an_input_speaks_although_an_error_about_it_is_waived(
    workspace: Workspace,
) -> None:
    workspace.rule("about-layer", ABOUT_LAYER)
    workspace.rule(
        "needs-layer",
        "def check(portfolio: 'Portfolio'):\n    need(portfolio.plan.layer or None, 'layer')\n    return []\n",
    )
    workspace.write("egp.yaml", policy(about_layer="error", needs_layer="error"))
    workspace.write("plan.yaml", OWNED)
    assert effective(workspace.report("plan.yaml")) == ["about-layer"]
    workspace.write("plan.yaml", waiving("about-layer"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == (["needs-layer"], ["about-layer"])


def test_a_finding_among_other_plans_is_waived(workspace: Workspace) -> None:
    workspace.rule(
        "crowded", "def check(portfolio: 'Portfolio'):\n    yield Finding(('layer',), 'crowded', help='no')\n"
    )
    workspace.write("egp.yaml", policy(crowded="error", unused_waiver="error"))
    workspace.write("plan.yaml", waiving("crowded"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == ([], ["crowded"])


def test_an_impossible_plan_is_never_waived(workspace: Workspace) -> None:
    workspace.rule(
        "hopeless",
        "def check(plan: 'Experiment'):\n"
        "    yield Finding(('schedule', 'end'), 'cannot be', help='no', impossible=True)\n"
        "    yield Finding(('schedule', 'start'), 'should not be', help='no')\n",
    )
    workspace.write("egp.yaml", policy(hopeless="warning"))
    workspace.write("plan.yaml", waiving("hopeless"))
    report = workspace.report("plan.yaml")
    assert [each.message for each in report.effective] == ["cannot be"]
    assert [each.message for each in report.waived] == ["should not be"]


def test_a_plan_that_is_not_read_whole_has_no_waivers(workspace: Workspace) -> None:
    workspace.rule("objecting", OBJECTS)
    workspace.write("egp.yaml", policy(objecting="error", waiver_valid="error"))
    workspace.write("plan.yaml", waiving("objecting") + "titel: x\n")
    assert effective(workspace.report("plan.yaml")) == ["objecting", "valid-plan"]


def test_a_key_that_is_misread_is_not_waived_by_the_way(workspace: Workspace) -> None:
    """A claim about a misread key is silent beside the rule that names it, unless that one is waived."""
    workspace.rule(
        "misread", "def check(plan: 'PlanFile'):\n    yield Finding(('schedule',), 'misread', help='no')\n"
    )
    workspace.rule("objecting", OBJECTS)
    workspace.write("egp.yaml", policy(misread="error", objecting="error"))
    workspace.write("plan.yaml", OWNED)
    assert effective(workspace.report("plan.yaml")) == ["misread"]
    workspace.write("plan.yaml", waiving("misread"))
    report = workspace.report("plan.yaml")
    assert (effective(report), waived(report)) == (["objecting"], ["misread"])


@pytest.mark.parametrize("rule", ["waiver-valid", "unused-waiver", "deleted-while-running", "valid-plan"])
def test_no_waiver_is_for_rules_about_waivers_or_about_plans_that_are_gone(
    workspace: Workspace, rule: str
) -> None:
    workspace.write(
        "egp.yaml", policy(waiver_valid="error", unused_waiver="error", deleted_while_running="error")
    )
    workspace.write("plan.yaml", waiving(rule))
    [diagnostic] = workspace.report("plan.yaml").diagnostics
    assert diagnostic.rule == "waiver-valid"
    assert f"{rule} is not waivable" in diagnostic.message


def test_a_policy_that_does_not_ask_for_valid_waivers_refuses_invalid_ones_all_the_same(
    workspace: Workspace,
) -> None:
    workspace.rule("objecting", OBJECTS)
    workspace.write("egp.yaml", policy(objecting="error"))
    workspace.write("plan.yaml", waiving("objecting").replace("reason: r", "reason: ''"))
    assert effective(workspace.report("plan.yaml")) == ["objecting", "waiver-valid"]


def test_secrets_stay_blotted_out_where_they_are_waived(workspace: Workspace) -> None:
    workspace.rule(
        "secretive",
        "from egp.yaml import Position, Span\n"
        "def check(document: 'Document'):\n"
        "    yield Finding(Span(Position(1, 5), Position(1, 12)), 'secret', help='no', secret=True)\n",
    )
    workspace.write("egp.yaml", policy(secretive="error"))
    workspace.write("plan.yaml", waiving("secretive"))
    [diagnostic] = workspace.report("plan.yaml").waived
    assert diagnostic.line == "id: *******"
