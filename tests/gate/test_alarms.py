"""What withdraws a treatment: relative to what, from how much evidence, and at whose level."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from scipy.stats import binom

from egp.gate.reading import Reading
from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.results import Row
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    DAY,
    GOOD,
    TREATMENT,
    Truth,
    World,
    entry,
    messages,
    plan_of,
    readout_world,
    registered,
    rows_of,
    stage_world,
)

FIRST, SECOND = date(2023, 1, 23), date(2023, 1, 30)


def stop_rules(world: World, metric: str = "") -> list[Reading]:
    return [
        reading
        for reading in world.decide().readings
        if reading.check == "stop-rule" and metric in ("", reading.metric)
    ]


def first_rule(world: World) -> Reading:
    return stop_rules(world)[0]


class TestRelativeHarm:
    """Refunds of 12 % in both arms, four times what was expected: a season, and no harm of the treatment."""

    season = Truth(add_to_cart_rate=0.126, refund_rate=0.1236)
    control = Truth(refund_rate=0.12)

    def test_it_is_relative_to_the_control_observed(self) -> None:
        """3 % more refunds than control are less than 5 % more."""
        reading = first_rule(readout_world(self.season, self.control))
        assert (reading.state, reading.numbers["probability"] < 0.1) == ("pass", True)

    def test_an_absolute_harm_stays_absolute(self) -> None:
        """They are 0.36 points, and more than the 0.155 that 5 % of the baseline would be."""
        absolute: dict[str, Any] = {"stop_rules": {0: {"harm_exceeds": "0.155pp"}}}
        reading = first_rule(readout_world(self.season, self.control, **absolute))
        assert (reading.state, reading.kind) == ("fail", "rollback")

    def test_five_percent_more_than_control_is_even_odds(self) -> None:
        reading = first_rule(readout_world(Truth(refund_rate=0.126), self.control))
        assert reading.numbers["probability"] == pytest.approx(0.5, abs=0.02)

    @pytest.mark.parametrize(("slower", "fired"), [(1.11, False), (1.13, True)])
    def test_days_are_relative_to_the_control_of_the_day(self, slower: float, fired: bool) -> None:
        slow, slow_control = Truth(p95_page_load=2.0 * slower), Truth(p95_page_load=2.0)
        no_limit: dict[str, Any] = {"guardrail_metrics": {2: {"limit": None}}}
        readings = stop_rules(readout_world(slow, slow_control, **no_limit), "p95_page_load")
        assert any(reading.rolls_back for reading in readings) == fired

    def test_nothing_is_relative_to_a_control_that_is_not_clearly_above_zero(self) -> None:
        rule = {
            "id": "contacts", "metric": "cs_contacts", "harm_exceeds": "5%", "probability": "95%", "prior": "flat",
            "evaluated": "daily", "min_units_per_variant": 20_000, "action": "rollback",
        }  # fmt: skip
        world = readout_world(GOOD, Truth(cs_contacts=0.001), stop_rules=[rule])
        reading = first_rule(world)
        assert (reading.state, reading.kind) == ("not_checked", "repair")
        assert "not clearly above zero" in reading.message


class TestWhatCannotBeComputed:
    """Weeks without a refund in either arm: neither harm nor its absence."""

    def world(self, lost: Callable[[Row], bool], **changes: Any) -> World:
        return readout_world(**changes).mapped(lambda row: replace(row, sum=0.0) if lost(row) else row)

    def of_refunds(self, *weeks: date) -> Callable[[Row], bool]:
        return lambda row: (row.window, row.metric) == ("week", "refund_rate") and row.date in weeks

    def test_a_rule_that_could_have_fired_is_not_checked(self) -> None:
        weekly: dict[str, Any] = {"probability": None, "prior": None, "evaluated": None, "harm_exceeds": None}
        rules = {"stop_rules": {0: {**weekly, "significant_harm_for": "1w"}}}
        reading = first_rule(self.world(self.of_refunds(FIRST), **rules))
        assert (reading.state, reading.kind) == ("not_checked", "repair")
        assert "1 of 2 weeks could not be computed" in reading.message

    def test_two_bad_weeks_are_not_ruled_out_by_weeks_that_show_nothing(self) -> None:
        readings = stop_rules(self.world(self.of_refunds(FIRST, SECOND)), "refund_rate")
        assert [reading.state for reading in readings if "in a row is not known" in reading.message] == [
            "not_checked"
        ]

    def test_the_latest_week_has_to_be_known(self) -> None:
        assert "is not known" in messages(stop_rules(self.world(self.of_refunds(SECOND)), "refund_rate"))

    def test_a_sound_week_ends_what_could_have_been(self) -> None:
        """One lost week before a sound one is no two bad weeks, and it is said that it is lost."""
        [last] = [reading for reading in stop_rules(self.world(self.of_refunds(FIRST))) if not reading.metric]
        assert last.state == "pass"
        assert "some weeks could not be computed of refund_rate" in last.message

    def test_a_day_of_rows_without_their_numbers(self) -> None:
        def lost(row: Row) -> Row:
            is_last = row.window == "day" and row.date == date(2023, 2, 5) and row.variant == TREATMENT
            return replace(row, value=None) if is_last else row

        [reading] = stop_rules(readout_world().mapped(lost), "p95_page_load")
        assert (reading.state, reading.kind) == ("not_checked", "repair")

    def test_only_where_there_is_none_no_week_was_seen(self) -> None:
        world = readout_world().without(lambda row: row.window == "week")
        assert "no guardrail has a week to judge so far" in messages(stop_rules(world))
        assert "to judge so far" not in messages(stop_rules(self.world(self.of_refunds(FIRST))))


class TestFewEvents:
    rare: dict[str, Any] = {  # noqa: RUF012
        "guardrail_metrics": {0: {"baseline": "0.01%"}},
        "stop_rules": {0: {"min_units_per_variant": 1_000}},
    }

    def test_a_rate_is_not_judged_before_ten_events_can_be_expected(self) -> None:
        """48 hours bring 24,000 units of control; at 0.01 % it takes 100,000."""
        few = Truth(refund_rate=0.0001)
        reading = first_rule(stage_world(Truth(refund_rate=0.0005), few, **self.rare))
        assert (reading.state, "silent until 100,000 units" in reading.message) == ("pass", True)

    def test_no_event_where_many_were_expected_is_not_silence(self) -> None:
        none = Truth(refund_rate=0.0)
        reading = first_rule(stage_world(none, none))
        assert (reading.state, reading.kind) == ("not_checked", "repair")

    @pytest.mark.parametrize("rate", [0.0023, 0.0024, 0.0026, 0.003])
    def test_a_limit_of_a_rate_is_judged_by_the_binomial(self, rate: float) -> None:
        """Of 2,800 treated units a day, two days long; the limit is 0.15 %."""
        plan = plan_of(guardrail_metrics={0: {"baseline": "0.1%", "limit": {"max": "0.15%"}}})
        per_day = {CONTROL: 1_200, TREATMENT: 2_800}
        truths = {CONTROL: Truth(refund_rate=0.001), TREATMENT: Truth(refund_rate=rate)}
        rows = rows_of("70%", date(2023, 2, 7), date(2023, 2, 8), date(2023, 2, 8), per_day, truths)
        moment = datetime.fromisoformat("2023-02-09T08:00:00-08:00")
        stages = (entry(0.7, "2023-02-07T08:00:00-08:00"),)
        world = World(plan, tuple(rows), moment, to="90%", stages=stages, registration=registered(plan))
        [reading] = [
            each for each in world.decide().readings if (each.check, each.metric) == ("limit", "refund_rate")
        ]
        is_broken = binom.sf(round(rate * 5_600) - 1, 5_600, 0.0015) < LEVELS.limit_alpha
        assert reading.state == ("fail" if is_broken else "cannot_rule_out")


class TestLevels:
    """A plan cannot set the level of an alarm, whatever it registers for its guardrails."""

    @pytest.mark.parametrize("declared", ["0.0000001%", "0.1%", "5%"])
    def test_the_level_of_guardrails_moves_no_alarm(self, declared: str) -> None:
        statistics: dict[str, Any] = {"statistics": {"guardrail_alpha": declared}}
        harmed = Truth(cs_contacts=0.0475, p95_page_load=2.18)
        told = [
            (reading.check, reading.metric, reading.state, reading.required)
            for reading in stage_world(harmed, **statistics).decide().readings
            if reading.check in ("guardrail", "limit", "stop-rule")
        ]
        expected = [
            (reading.check, reading.metric, reading.state, reading.required)
            for reading in stage_world(harmed).decide().readings
            if reading.check in ("guardrail", "limit", "stop-rule")
        ]
        assert told == expected
        assert {state for _, _, state, _ in told} == {"pass", "fail"}


class TestHowOften:
    @pytest.mark.parametrize(("days", "seen"), [(7, 7), (8, 7), (13, 7), (14, 14)])
    def test_a_weekly_rule_sees_whole_weeks_however_often_the_gate_is_called(
        self, days: int, seen: int
    ) -> None:
        weekly: dict[str, Any] = {"stop_rules": {0: {"evaluated": "weekly"}}}
        world = readout_world(**weekly).without(
            lambda row: row.date is not None and row.window == "cohort" and row.date >= FIRST + days * DAY
        )
        moment = datetime.fromisoformat("2023-01-23T08:00:00-08:00") + days * DAY
        reading = first_rule(world.but(as_of=moment, to=""))
        assert reading.numbers["units"] == seen * 10_500
