"""A design that egp cannot judge is refused by its name, and by nothing else."""

from __future__ import annotations

import pytest

from egp.rules.document.judgeable_design import BY_NAME, BY_UNIT
from tests.check.workspace import Workspace

STANDARD = 'extends: ["egp:standard"]\n'
PLAN = """\
id: ranking
title: Ranking
{line}
arms: 12
schedule: {{start: 2023-01-23}}
"""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("type: bandit", "a bandit changes the weights by the results"),
        ("design: Multi-Armed Bandit", "a bandit changes the weights by the results"),
        ("statistics: {method: thompson-sampling}", "a bandit changes the weights by the results"),
        ("design: switchback", "a switchback gives all units the same variant for a time"),
        ("unit: time_window", "a switchback gives all units the same variant for a time"),
        ("design: interleaving", "interleaving mixes the variants in one answer"),
        ("type: geo", "a geo experiment has few units, and large ones"),
        ("unit: dma", "a geo experiment has few units, and large ones"),
    ],
)
def test_it_is_the_one_thing_that_is_found(workspace: Workspace, line: str, why: str) -> None:
    """Whatever else the plan lacks: variants, metrics, a type that egp knows."""
    workspace.write("egp.yaml", STANDARD)
    workspace.write("plan.yaml", PLAN.format(line=line))
    report = workspace.report("plan.yaml")
    (found,) = report.diagnostics
    assert (found.rule, found.severity) == ("judgeable-design", "error")
    assert why in found.message
    assert report.exit_status() == 1
    assert {each.blocked_by for each in report.unchecked} == {"judgeable-design"}


def test_what_is_said_of_other_designs_is_said_of_each_name_for_them() -> None:
    for refused in {*BY_NAME.values(), *BY_UNIT.values()}:
        assert "; " in refused.why or ", " in refused.why
        assert refused.instead


def test_a_design_that_nobody_knows_is_a_slip(workspace: Workspace) -> None:
    workspace.write("egp.yaml", STANDARD)
    workspace.write("plan.yaml", PLAN.format(line="design: paralel"))
    rules = {each.rule for each in workspace.report("plan.yaml").diagnostics}
    assert "valid-plan" in rules
    assert "judgeable-design" not in rules


def test_no_policy_makes_it_less_than_an_error(workspace: Workspace) -> None:
    workspace.write(
        "egp.yaml", "rules: {judgeable-design: {severity: warning}, valid-plan: {severity: error}}\n"
    )
    workspace.write("plan.yaml", PLAN.format(line="design: switchback"))
    report = workspace.report("plan.yaml")
    assert [each.severity for each in report.diagnostics] == ["error"]
