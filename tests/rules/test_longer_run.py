"""Until when a plan has to run, where its sample takes more units than come."""

from __future__ import annotations

import math

import pytest

from egp.plan.analysis.by_day import days_that_bring, units_after
from egp.plan.analysis.drift import cost_of, with_number
from egp.plan.analysis.larger_sample import run_that_brings
from egp.plan.analysis.measured import Measured
from egp.plan.analysis.registered import required_smallest
from egp.plan.analysis.traffic import arriving_units
from egp.plan.experiment import Experiment
from egp.plan.finding import NotChecked
from tests.rules.examples import merged, plan_of, sound_value


def plan(**patch: object) -> Experiment:
    """Two weeks from Monday 2023-01-23, which bring 340,000 users or 153,000 to a variant, 41,000 a day."""
    return plan_of(merged(sound_value(), patch))


def counted(**counts: object) -> Experiment:
    return plan(eligible_units=counts)


@pytest.mark.parametrize("units", [20_000, 153_000, 200_000, 400_000])
def test_days_are_those_after_which_the_units_have_come(units: int) -> None:
    """Distinct users grow by a power of the days through the two counts, worked out here by hand."""
    days = days_that_bring(plan(), units)
    power = math.log(340_000 / 41_000) / math.log(14)
    assert 340_000 * (days / 14) ** power * 0.45 == pytest.approx(units)
    whole = math.ceil(days - 1e-9)
    assert units_after(plan(), whole) * 0.45 >= units > units_after(plan(), whole - 1) * 0.45


def test_the_run_ends_with_a_whole_week() -> None:
    assert run_that_brings(plan(), 160_000) == "run until 2023-02-12 (by the plan's counts)"
    assert run_that_brings(plan(), 220_000) == "run until 2023-02-19 (by the plan's counts)"


def test_without_the_count_of_a_day_the_date_is_the_soonest() -> None:
    """Evenly, 153,000 in 14 days: 220,000 take 20.1, which 21 have."""
    evenly = counted(per_day=None)
    assert days_that_bring(evenly, 220_000) == pytest.approx(14 * 220 / 153)
    assert run_that_brings(evenly, 220_000) == "run until 2023-02-12 (at the earliest)"


def test_pauses_are_no_days_on_which_units_come() -> None:
    paused = counted(per_day=None)
    later = plan(eligible_units={"per_day": None}, schedule={"pauses": ["2023-01-30/2023-02-01"]})
    assert days_that_bring(later, 220_000) == pytest.approx(days_that_bring(paused, 220_000) * 11 / 14)
    # 16 days of exposure, and as many Mondays as Sundays
    assert run_that_brings(later, 220_000) == "run until 2023-02-15 (at the earliest)"


def test_days_that_add_up_bring_nothing_while_the_run_pauses() -> None:
    sessions = {"unit": "session", "eligible_units": {"distinct_over_run": None}}
    paused = plan(**sessions, schedule={"pauses": ["2023-01-30/2023-02-01"]})
    assert arriving_units(plan(**sessions)) == pytest.approx(41_000 * 14 * 0.45)
    assert arriving_units(paused) == pytest.approx(41_000 * 11 * 0.45)


@pytest.mark.parametrize(
    "silent",
    [
        {"eligible_units": {"distinct_over_run": None}},
        {
            "schedule": {"enrolment_end": "2023-01-29", "end": "2023-02-26"},
            "statistics": {"looks": ["2023-02-27"]},
        },
    ],
)
def test_no_day_is_named_where_the_counts_do_not_say_it(silent: dict[str, object]) -> None:
    assert run_that_brings(plan(**silent), 400_000) == "run longer"


def test_a_run_that_brings_the_units_is_not_told_to_end_where_it_does() -> None:
    assert run_that_brings(plan(), 153_000) == "run longer"


def test_beyond_a_year_nothing_is_foretold() -> None:
    assert run_that_brings(plan(), 20_000_000) == "run for more than a year"


def test_units_that_never_come_take_no_days() -> None:
    hardly_any_new = counted(distinct_over_run=41_001)
    with pytest.raises(NotChecked):
        days_that_bring(hardly_any_new, 400_000)
    assert run_that_brings(hardly_any_new, 400_000) == "run longer"


def test_what_a_measured_number_costs_is_told_in_days_as_the_plan_has_units_come() -> None:
    """Distinct users grow ever slower where people come back; worked out by hand from the two counts."""
    key = ("eligible_units", "distinct_over_run")
    number = Measured(key, "", "distinct_over_run", 272_000.0, (), 340_000.0, "units")
    growth = math.log(272_000 / 41_000) / math.log(14)
    more = math.ceil(14 * (340_000 / 272_000) ** (1 / growth)) - 14
    assert more > math.ceil(14 * (340_000 / 272_000 - 1))
    assert cost_of(plan(), number) == f"the units that the plan counts on take {more} days more"


def test_a_larger_baseline_takes_the_days_that_its_units_take() -> None:
    key = ("primary_metric", "baseline")
    number = Measured(key, "add_to_cart_rate", "baseline", 0.3, (), 0.12, "share")
    needed = required_smallest(with_number(plan(), key, 0.3))
    growth = math.log(340_000 / 41_000) / math.log(14)
    more = math.ceil(14 * (needed / 153_000) ** (1 / growth)) - 14
    assert more > 0
    assert cost_of(plan(), number).endswith(f"and 95 % takes {more} days more")
