"""What egp power says of metrics that decide nothing, of a rule that can withdraw, and of an enrolment: by other arithmetic."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from scipy.stats import norm

from egp.plan.experiment import read_experiment
from egp.plan.power.plan import PlanPower, plan_power
from egp.yaml import read_text
from tests.rules.examples import merged, sound_value

UNITS = 147_000
INFORMING = {"any_harm": "inform", "non_inferiority_margin": None, "action": None, "mde": "4%"}
BEFORE = {"id": "visits_before", "kind": "mean", "baseline": 3.2, "std_dev": 4, "mde": "2%"}


def power_of(**changes: Any) -> PlanPower:
    document = read_text(json.dumps(merged(sound_value(), changes), indent=1))[0]
    return plan_power(read_experiment(document.value)[0], document, 0.8)


def row(plan: PlanPower, name: str) -> Any:
    return next(each for each in plan.rows if each.name == name)


def test_a_guardrail_that_informs_is_a_one_sided_test_of_any_harm() -> None:
    found = row(power_of(guardrail_metrics={1: INFORMING}), "cs_contacts")
    error = 0.21 * math.sqrt(2 / UNITS)
    assert found.power == pytest.approx(norm.sf(norm.isf(0.05) - 0.04 * 0.042 / error), abs=1e-6)
    assert found.detectable == pytest.approx((norm.isf(0.05) + norm.isf(0.2)) * error)


def test_two_of_them_share_their_level() -> None:
    both = power_of(guardrail_metrics={0: {**INFORMING, "judged_on": "all_units"}, 1: INFORMING})
    error = 0.21 * math.sqrt(2 / UNITS)
    assert row(both, "cs_contacts").power == pytest.approx(
        norm.sf(norm.isf(0.025) - 0.04 * 0.042 / error), abs=1e-6
    )


def test_a_negative_control_is_tested_on_both_sides_at_its_own_level() -> None:
    found = row(power_of(negative_controls=[BEFORE]), "visits_before")
    error = 4 * math.sqrt(2 / UNITS)
    assert found.power == pytest.approx(norm.sf(norm.isf(0.0005) - 0.02 * 3.2 / error), abs=1e-6)
    assert found.detectable == pytest.approx((norm.isf(0.0005) + norm.isf(0.2)) * error)


def test_the_stated_level_is_divided_among_controls_and_treatments() -> None:
    thirds = [
        {"id": "control", "weight": "1/3", "control": True},
        {"id": "a", "weight": "1/3"},
        {"id": "b", "weight": "1/3"},
    ]
    found = row(
        power_of(
            negative_controls=[BEFORE, {**BEFORE, "id": "older_visits"}],
            variants=thirds,
            statistics={"negative_control_alpha": "1%", "correction": "bonferroni"},
        ),
        "visits_before",
    )
    error = 4 * math.sqrt(2 / UNITS)
    assert found.power == pytest.approx(norm.sf(norm.isf(0.01 / 4 / 2) - 0.02 * 3.2 / error), abs=1e-6)


def test_what_decides_nothing_binds_no_sample() -> None:
    """Its own need would be the largest of all."""
    plan = power_of(negative_controls=[{**BEFORE, "mde": "0.1%"}])
    assert row(plan, "visits_before").needed > plan.binding.needed  # type: ignore[union-attr]
    assert plan.binding is not None
    assert plan.binding.name != "visits_before"


def test_branches_are_tails_of_the_estimate() -> None:
    plan = power_of(decision_rule={"withdraw": {"max_ci_upper": "-10bps", "then": "keep_control"}})
    rates = {"mde": 0.1245, "none": 0.12, "harm": 0.1155}
    factor = 0.75  # CUPED by a correlation of one half
    assert [each.effect for each in plan.branches] == list(rates)
    for each in plan.branches:
        treated = rates[each.effect]
        error = math.sqrt((0.12 * 0.88 + treated * (1 - treated)) / UNITS * factor)
        reach = norm.isf(0.025) * error
        assert each.ship == pytest.approx(norm.sf((reach - each.benefit) / error), abs=1e-9)
        assert each.withdraw == pytest.approx(norm.cdf((-0.001 - reach - each.benefit) / error), abs=1e-9)
        assert each.ship + each.withdraw + each.inconclusive == pytest.approx(1)


def test_a_rule_without_the_branch_has_none() -> None:
    assert power_of().branches == ()


def test_units_of_an_enrolment_come_on_its_days_alone() -> None:
    """41,000 new ones a day, for seven days of thirty-five."""
    change: Any = {
        "schedule": {"enrolment_end": "2023-01-29", "end": "2023-02-26"},
        "statistics": {"looks": ["2023-02-27"]},
    }
    plan = power_of(**change, eligible_units={"distinct_over_run": None, "per_day": 41_000})
    assert plan.run_days == 7
    assert plan.arriving == pytest.approx(41_000 * 7 * 0.9 * 0.5)
