"""Total rows of sums serve where no cohort has to mature: the split, the primary, guardrails."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from egp.plan.results import Row
from egp.stats.values import replace
from tests.sources.results_folder import cohort, evidence, plan_with

from .worlds import CONTROL, TREATMENT, World, messages, of, open_readings, readout_world

SUMS = ("sum", "sum_squares", "covariate_sum", "covariate_sum_squares", "covariate_cross_sum")
UNWINDOWED = {0: {"outcome_window": None, "judged_on": None}}


def in_totals(world: World, through: date = date(2023, 2, 6), days: int = 14) -> World:
    """Cohort rows added up to one total for each metric and variant."""
    last = date(2023, 1, 23) + timedelta(days=days - 1)
    groups: dict[tuple[str, str], list[Row]] = {}
    kept = []
    for row in world.rows:
        if row.window != "cohort":
            kept.append(row)
        elif row.date is not None and row.date <= last:
            groups.setdefault((row.metric, row.variant), []).append(row)
    for rows in groups.values():
        sums: Any = {
            name: math.fsum(getattr(row, name) for row in rows)
            for name in SUMS
            if getattr(rows[0], name) is not None
        }
        units = sum(row.units for row in rows)
        kept.append(replace(rows[0], window="total", date=None, units=units, through=through, **sums))
    return world.but(rows=tuple(kept))


def test_the_readout_on_totals_is_the_readout_on_cohorts() -> None:
    world = readout_world(guardrail_metrics=UNWINDOWED)
    by_cohort, by_total = world.decide(), in_totals(world).decide()
    assert by_total.verdict == by_cohort.verdict == "proceed"
    for check, metric in (("sample-ratio", ""), ("primary-outcome", ""), ("guardrail", "refund_rate")):
        numbers = dict(of(by_total, check, metric).numbers)
        assert numbers == pytest.approx(dict(of(by_cohort, check, metric).numbers))


def test_a_total_that_ends_before_the_last_day_is_not_read() -> None:
    decision = in_totals(readout_world(guardrail_metrics=UNWINDOWED), through=date(2023, 2, 3)).decide()
    assert (decision.verdict, decision.kind) == ("hold", "repair")
    assert "the total row of add_to_cart_rate for control ends on 2023-02-03" in messages(
        open_readings(decision)["complete-data"]
    )
    reading = of(decision, "primary-outcome")
    assert reading.state == "not_checked"
    assert "add_to_cart_rate of control lacks 2 days, the first 2023-02-04" in reading.message
    assert "with a total counted through 2023-02-05" in reading.next


@pytest.mark.parametrize("variant", [CONTROL, TREATMENT])
def test_a_total_of_one_variant_opens_no_look(variant: str) -> None:
    world = in_totals(readout_world(guardrail_metrics=UNWINDOWED)).without(
        lambda row: (row.window, row.variant, row.metric) == ("total", variant, "add_to_cart_rate")
    )
    reading = of(world.decide(), "primary-outcome")
    assert (reading.state, reading.withheld) == ("not_checked", True)
    assert f"add_to_cart_rate of {variant} lacks 14 days" in reading.message


def test_cohorts_of_some_days_are_not_completed_by_a_total() -> None:
    """The total's units may be those of the cohorts, or others."""
    world = readout_world(guardrail_metrics=UNWINDOWED)
    totals = [row for row in in_totals(world).rows if row.window == "total"]
    gap = world.without(
        lambda row: row.window == "cohort" and row.date == date(2023, 1, 25) and row.variant == TREATMENT
    )
    both = gap.but(rows=(*gap.rows, *(row for row in totals if row.metric == "add_to_cart_rate")))
    reading = of(both.decide(), "primary-outcome")
    assert "add_to_cart_rate of buy_now lacks 1 day, the first 2023-01-25" in reading.message


def test_before_the_look_a_total_of_the_primary_is_withheld() -> None:
    world = in_totals(readout_world(guardrail_metrics=UNWINDOWED), through=date(2023, 2, 3), days=12)
    early = world.but(as_of=world.as_of - timedelta(days=3))
    reading = of(early.decide(), "primary-outcome")
    assert (reading.state, reading.withheld, dict(reading.numbers)) == ("not_checked", True, {})


def test_an_interim_look_reads_no_total_of_later_days() -> None:
    """The total would hold units that came after the data of the look."""
    statistics = {
        "method": "group_sequential",
        "spending": "obrien_fleming",
        "looks": ["2023-01-30", "2023-02-06"],
    }
    world = in_totals(
        readout_world(guardrail_metrics=UNWINDOWED, statistics=statistics), date(2023, 1, 31), 9
    )
    interim = world.but(as_of=world.as_of - timedelta(days=6))
    reading = of(interim.decide(), "primary-outcome")
    assert (reading.state, reading.withheld) == ("not_checked", True)


def test_an_interim_look_reads_a_total_of_its_own_days() -> None:
    statistics = {
        "method": "group_sequential",
        "spending": "obrien_fleming",
        "looks": ["2023-01-30", "2023-02-06"],
    }
    world = readout_world(guardrail_metrics=UNWINDOWED, statistics=statistics)
    world = world.but(as_of=world.as_of - timedelta(days=7))
    early = world.without(lambda row: row.date is not None and row.date > date(2023, 1, 29))
    by_cohort = of(early.decide(), "primary-outcome")
    by_total = of(in_totals(early, date(2023, 1, 29), 7).decide(), "primary-outcome")
    assert by_cohort.numbers
    assert dict(by_total.numbers) == pytest.approx(dict(by_cohort.numbers))


def test_one_variant_without_its_total_holds() -> None:
    world = in_totals(readout_world(guardrail_metrics=UNWINDOWED)).without(
        lambda row: (row.window, row.variant, row.metric) == ("total", TREATMENT, "refund_rate")
    )
    said = messages(open_readings(world.decide())["complete-data"])
    assert "there is no total row of refund_rate for buy_now" in said


class TestReadFromAFile:
    def plan(self) -> Any:
        return plan_with("\n    outcome_window: 7d\n    judged_on: matured_cohort", "")

    @pytest.fixture
    def total(self) -> dict[str, object]:
        return cohort("", window="total", units=2000, sum=62)

    def test_a_total_beside_its_cohorts_is_their_sum(self, tmp_path: Path, total: dict[str, object]) -> None:
        rows = [cohort("2023-01-23"), cohort("2023-01-24"), total]
        assert not evidence(tmp_path, rows, self.plan()).problems

    @pytest.mark.parametrize("change", [{"units": 2001}, {"sum": 63}])
    def test_or_it_is_refused_and_they_stay(
        self, tmp_path: Path, total: dict[str, object], change: dict[str, object]
    ) -> None:
        found = evidence(
            tmp_path, [cohort("2023-01-23"), cohort("2023-01-24"), {**total, **change}], self.plan()
        )
        assert [row.window for row in found.rows] == ["cohort", "cohort"]
        (problem,) = found.problems
        assert "and its cohorts add up to" in problem.message

    def test_through_another_day_it_is_another_sum(self, tmp_path: Path, total: dict[str, object]) -> None:
        rows = [cohort("2023-01-23"), {**total, "through": "2023-02-05"}]
        assert not evidence(tmp_path, rows, self.plan()).problems


def test_control_is_named_where_the_treatment_loses_its_events() -> None:
    world = in_totals(readout_world(guardrail_metrics=UNWINDOWED)).mapped(
        lambda row: replace(row, sum=0.0) if (row.metric, row.variant) == ("refund_rate", TREATMENT) else row
    )
    reading = of(world.decide(), "metric-alive", "refund_rate")
    assert f"4,557 in 147,000 units of {CONTROL}" in reading.message
