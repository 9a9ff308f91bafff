"""The power of a sequential plan is one number, and it is the one that the gate's boundaries have."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest

from egp import stats
from egp.plan.analysis.design import Design, Sequence
from egp.plan.analysis.registered import (
    information_fractions,
    planned_units,
    power_at,
    primary_control_units,
    primary_effect,
    primary_test,
    required_power,
    required_smallest,
    sequence_of,
)
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.power.plan import plan_power
from egp.plan.wording import power_below, power_text, share_text, told_apart
from egp.yaml import Document, read_text
from tests.gate.worlds import merged

from .asking import SOUND_PLAN

LOOKS = ["2023-01-30", "2023-02-02", "2023-02-06"]


def sequential(**statistics: Any) -> tuple[Experiment, Document]:
    document = read_text(SOUND_PLAN.read_text(encoding="utf-8"), "plan.yaml")[0]
    value = merged(document.value, {"statistics": {"guardrail_spending": "pocock", **statistics},
                                    "sample_size_per_variant": 110_000})  # fmt: skip
    plan, problems = read_experiment(value)
    assert problems == []
    return plan, document


DESIGNS: dict[str, dict[str, Any]] = {
    "always valid at three looks": {"method": "always_valid", "looks": LOOKS},
    "always valid every day": {"method": "always_valid", "looks": None},
    "obrien_fleming": {"method": "group_sequential", "spending": "obrien_fleming", "looks": LOOKS},
    "pocock": {"method": "group_sequential", "spending": "pocock", "looks": LOOKS},
    "late": {
        "method": "group_sequential",
        "spending": "hwang_shih_decani",
        "spending_parameter": -4,
        "looks": LOOKS,
    },
}


@pytest.mark.parametrize("name", DESIGNS)
def test_check_and_power_say_one_number(name: str) -> None:
    plan, document = sequential(**DESIGNS[name])
    (row,) = [row for row in plan_power(plan, document, 0.8).rows if row.role == "primary"]
    assert row.power == power_at(plan, primary_effect(plan), planned_units(plan))
    assert row.needed == required_smallest(plan)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_sample_it_needs_has_the_power_it_asks(name: str) -> None:
    plan, _ = sequential(**DESIGNS[name])
    assert power_at(plan, primary_effect(plan), required_smallest(plan)) == pytest.approx(
        required_power(plan)
    )


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("has_effect", [True, False])
def test_paths_of_the_estimate_cross_as_often_as_it_says(name: str, has_effect: bool) -> None:
    """Normal scores at the looks, against the boundaries that the gate asks for; the good direction alone counts."""
    plan, _ = sequential(**DESIGNS[name])
    sequence, test = sequence_of(plan, plan.primary_metric), primary_test(plan)  # type: ignore[arg-type]
    assert sequence is not None
    bounds = sequence.boundaries(test.alpha, test.sides)
    sample = planned_units(plan)
    one_look = stats.achieved_power(test, primary_effect(plan), sample)
    drift = (stats.z_upper(test.alpha / 2) - stats.z_upper(one_look)) if has_effect else 0.0
    random, crossed, number = Random(20230206), 0, 20_000
    for _ in range(number):
        score, before = 0.0, 0.0
        for t, bound in zip(sequence.looks, bounds, strict=True):
            score += random.gauss(drift * (t - before), math.sqrt(t - before))
            before = t
            if score / math.sqrt(t) >= bound:
                crossed += 1
                break
    promised = power_at(plan, primary_effect(plan), sample) if has_effect else test.alpha / test.sides
    error = math.sqrt(promised * (1 - promised) / number)
    if has_effect or sequence.spending:
        assert abs(crossed / number - promised) <= 4 * error + 1e-3
    else:
        assert crossed / number <= promised + 4 * error


def test_a_test_that_is_read_at_its_last_moment_alone_has_less() -> None:
    plan, _ = sequential(**DESIGNS["always valid at three looks"])
    effect, test = primary_effect(plan), primary_test(plan)
    last = Design(test, 1.0, "increase", Sequence(None))
    assert last.power(effect, planned_units(plan)) < power_at(plan, effect, planned_units(plan))


def test_one_look_of_the_same_power_has_fewer_units() -> None:
    plan, _ = sequential(**DESIGNS["pocock"])
    sample = planned_units(plan)
    units = primary_control_units(plan, sample)
    power = stats.achieved_power(primary_test(plan), primary_effect(plan), units)
    assert units < sample
    assert power == pytest.approx(power_at(plan, primary_effect(plan), sample))


def test_a_matured_cohort_has_its_own_information() -> None:
    plan, _ = sequential(**DESIGNS["pocock"])
    refunds = plan.guardrail_metrics[0]
    assert information_fractions(plan)[0] == pytest.approx(7 / 14)
    assert information_fractions(plan, plan.primary_metric) == information_fractions(plan)
    with pytest.raises(Exception, match="statistics"):
        information_fractions(plan, refunds)  # at the first look no refund has had its week


def test_guardrails_pay_for_the_looks() -> None:
    plan, document = sequential(**DESIGNS["pocock"])
    fixed, _ = sequential(method="fixed_horizon", looks=["2023-02-06"], guardrail_spending=None)
    powers = [
        {row.name: row.power for row in plan_power(each, document, 0.8).rows if row.role == "guardrail"}
        for each in (plan, fixed)
    ]
    assert all((powers[0][name] or 1) < (powers[1][name] or 0) for name in powers[1])


class TestWhatIsRejectedDoesNotReadAsTheThreshold:
    """Of numbers a hair's breadth short of a bound."""

    @pytest.mark.parametrize("bound", [0.8, 0.95, 0.9, 0.8425, 0.99, 0.975, 1 / 3, 0.5])
    @pytest.mark.parametrize("short", [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 3e-9])
    def test_power(self, bound: float, short: float) -> None:
        power = bound - short
        told = power_below(power, bound)
        assert told != share_text(bound)
        assert float(told.removesuffix(" %")) <= bound * 100
        assert not power_text(power).startswith(share_text(bound).removesuffix(" %") + " %")

    @pytest.mark.parametrize("bound", [0.05, 0.001, 0.1, 0.9])
    @pytest.mark.parametrize("by", [1e-3, 1e-5, 1e-7, -1e-5, -1e-7])
    def test_shares(self, bound: float, by: float) -> None:
        told, asked = told_apart(bound + by, bound)
        assert told != asked
