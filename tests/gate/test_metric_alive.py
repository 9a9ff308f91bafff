"""Lost events are no improvement: what is alive, what is lost, and what is an effect."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from egp.gate.activity import Activity
from egp.gate.reading import Reading
from egp.gate.signs_of_life import SignsOfLife, _least_ratio
from egp.plan.results import Row
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    CONTROL_TRUTH,
    DAY,
    TREATMENT,
    Truth,
    World,
    messages,
    rate_row,
    readout_world,
    registered,
    rendered,
    stage_world,
)

MIDDLE = date(2023, 1, 30)
SUMS = ("sum", "sum_squares", "covariate_cross_sum")


def alive(world: World) -> list[Reading]:
    return [each for each in world.decide().readings if each.check == "metric-alive"]


def lost(world: World) -> list[Reading]:
    return [each for each in alive(world) if not each.passed]


def losing(
    world: World,
    metric: str,
    variants: tuple[str, ...] = (TREATMENT,),
    when: Callable[[date], bool] = lambda _: True,
    kept: float = 0.0,
) -> World:
    """Of a metric's events only a share arrives, on some days; weeks lose as their days do."""

    def share(row: Row) -> float:
        if row.date is None:
            return kept
        days = [row.date + at * DAY for at in range(7 if row.window == "week" else 1)]
        return sum(kept if when(day) else 1.0 for day in days) / len(days)

    def lose(row: Row) -> Row:
        if row.metric != metric or row.variant not in variants:
            return row
        left: Any = {
            name: math.floor(value * share(row))
            if name == "sum" and metric != "cs_contacts"
            else value * share(row)
            for name in SUMS
            if (value := getattr(row, name)) is not None
        }
        return replace(row, **left)

    return world.mapped(lose)


class TestASoundExperiment:
    @pytest.mark.parametrize(
        "world", [readout_world(), stage_world(), readout_world(treatment=CONTROL_TRUTH)]
    )
    def test_is_alive(self, world: World) -> None:
        (reading,) = alive(world)
        assert reading.state == "pass"
        assert "refund_rate" in reading.message

    def test_before_it_begins_nothing_is_said(self) -> None:
        assert alive(readout_world().but(as_of=readout_world().as_of - 60 * DAY)) == []

    def test_of_a_handful_of_events_nothing_can_be_told(self) -> None:
        world = readout_world(guardrail_metrics={0: {"baseline": "0.001%"}})
        rare = world.mapped(lambda row: replace(row, sum=0.0) if row.metric == "refund_rate" else row)
        assert [each.state for each in alive(rare)] == ["pass", "pass"]
        assert "too few events of refund_rate were due" in messages(alive(rare))

    @pytest.mark.parametrize("baseline", ["0%", 0.0])
    def test_beside_a_baseline_of_nothing_nothing_was_due(self, baseline: object) -> None:
        at, metric = (0, "refund_rate") if baseline == "0%" else (1, "cs_contacts")
        world = readout_world(guardrail_metrics={at: {"baseline": baseline}})
        none = world.mapped(
            lambda row: replace(row, sum=0.0, sum_squares=0.0) if row.metric == metric else row
        )
        assert [each.state for each in alive(none)] == ["pass", "pass"]
        assert f"too few events of {metric} were due" in messages(alive(none))


class TestEventsOfTheTreatmentAreLost:
    @pytest.mark.parametrize("metric", ["refund_rate", "cs_contacts"])
    @pytest.mark.parametrize("world", [readout_world(), stage_world()])
    def test_all_of_them(self, world: World, metric: str) -> None:
        decision = losing(world, metric).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        (reading,) = lost(losing(world, metric))
        assert (reading.metric, reading.variant) == (metric, TREATMENT)
        assert "expected_zero" in reading.next

    def test_the_message_has_both_variants(self) -> None:
        (reading,) = lost(losing(readout_world(), "refund_rate"))
        assert (
            reading.message
            == "refund_rate of buy_now: 0 in 147,000 units beside 4,557 in 147,000 units of control"
        )

    @pytest.mark.parametrize(
        "when", [lambda day: day >= MIDDLE, lambda day: day < MIDDLE, lambda day: day == MIDDLE]
    )
    @pytest.mark.parametrize("kept", [0.0, 0.2])
    def test_from_a_day_on_until_one_or_on_one(self, when: Callable[[date], bool], kept: float) -> None:
        (reading,) = lost(losing(readout_world(), "refund_rate", when=when, kept=kept))
        assert reading.variant == TREATMENT
        assert "2023-01-" in reading.message

    def test_of_a_quantile_whose_values_are_not_recorded(self) -> None:
        def zero(row: Row) -> Row:
            is_lost = (row.metric, row.variant) == ("p95_page_load", TREATMENT)
            return replace(row, value=0.001) if is_lost else row

        (reading,) = lost(readout_world().mapped(zero))
        assert reading.metric == "p95_page_load"

    def test_of_one_treatment_among_several(self) -> None:
        third = {"id": "buy_later", "weight": "25%", "revision": "web-8841"}
        variants = [
            {"id": CONTROL, "weight": "50%", "control": True},
            {"id": TREATMENT, "weight": "25%"},
            third,
        ]
        world = readout_world(variants=variants)
        other = [replace(row, variant="buy_later") for row in world.rows if row.variant == TREATMENT]
        both = world.but(rows=(*world.rows, *other), more={"treatment": TREATMENT})
        (reading,) = lost(losing(both, "refund_rate", ("buy_later",)))
        assert reading.variant == "buy_later"

    def test_outcomes_that_were_counted_for_fewer_days(self) -> None:
        def early(row: Row) -> Row:
            is_late = (row.metric, row.variant, row.window) == ("refund_rate", TREATMENT, "cohort")
            return replace(row, through=max(row.date, date(2023, 2, 1))) if is_late and row.date else row

        (reading,) = lost(readout_world().mapped(early))
        assert "the cohort of 2023-01-26 is counted for 6 days, and of control for 7" in reading.message


class TestEventsOfEveryVariantAreLost:
    BOTH = (CONTROL, TREATMENT)

    def test_all_of_them(self) -> None:
        found = lost(losing(readout_world(), "refund_rate", self.BOTH))
        assert {each.variant for each in found} == set(self.BOTH)
        assert "where the baseline of 3.1% lets" in found[0].message

    @pytest.mark.parametrize(
        "when", [lambda day: day >= MIDDLE, lambda day: day < MIDDLE, lambda day: day == date(2023, 1, 26)]
    )
    @pytest.mark.parametrize("metric", ["refund_rate", "cs_contacts"])
    def test_from_a_day_on_until_one_or_on_one(self, metric: str, when: Callable[[date], bool]) -> None:
        assert lost(losing(readout_world(), metric, self.BOTH, when))

    def test_a_metric_that_is_rightly_zero_says_so(self) -> None:
        world = readout_world(guardrail_metrics={0: {"expected_zero": True}})
        assert not lost(losing(world, "refund_rate", self.BOTH))

    def test_which_is_no_excuse_for_one_variant(self) -> None:
        world = readout_world(guardrail_metrics={0: {"expected_zero": True}})
        (reading,) = lost(losing(world, "refund_rate"))
        assert "expected_zero" not in reading.next


class TestWhetherALossWouldBeMissed:
    """Of a metric that is to fall, a treatment with half of control's events may be an effect; a control with a fifth is none."""

    @pytest.mark.parametrize(
        ("of_control", "of_treatment", "is_missed"),
        [(20, 200, True), (10, 200, False), (40, 100, False)],
    )
    def test_the_loss_of_either_variant_is(self, of_control: int, of_treatment: int, is_missed: bool) -> None:
        """12,000 of control and 28,000 of the treatment a day: by the binomial tail 0.77 nats for each event of control
        that the treatment has no counterpart to, and 0.08 for each of the treatment's that control has none to."""
        events = {CONTROL: of_control / 2, TREATMENT: of_treatment / 2}
        world = stage_world(guardrail_metrics={0: {"baseline": None, "target": None, "mde": None}})
        few = world.mapped(
            lambda row: replace(row, sum=events[row.variant]) if row.metric == "refund_rate" else row
        )
        readout = few.readout()
        metric = readout.plan.guardrail_metrics[0]
        found = SignsOfLife(readout, metric, 10.0, of_denominator=False)
        assert found.would_be_missed() is is_missed

    @pytest.mark.parametrize(
        ("here", "there", "is_known"), [(30, 30, True), (29, 30, False), (30, 29, False), (29, 29, False)]
    )
    def test_the_ratio_on_other_days_is_of_so_many_events_in_either(
        self, here: int, there: int, is_known: bool
    ) -> None:
        one, two = Activity(1_000, here, here), Activity(1_000, there, there)
        assert (_least_ratio(one, two) > 0) is is_known
        assert _least_ratio(one, two._replace(units=0.0)) == 0.0, "of nobody there is no rate"


class TestEffectsAreNotLosses:
    @pytest.mark.parametrize("share", [0.55, 0.7, 1.0, 1.8])
    def test_a_treatment_that_works_from_the_first_day_on(self, share: float) -> None:
        world = readout_world(treatment=Truth(add_to_cart_rate=0.126, refund_rate=0.031 * share))
        assert not lost(world)

    def test_half_of_the_events_lost_from_the_first_day_on_look_like_an_effect(self) -> None:
        """The limit of what can be told, and it is on the page of the check."""
        assert not lost(losing(readout_world(), "refund_rate", kept=0.55))

    def test_a_fall_that_the_plan_hopes_for(self) -> None:
        treatment = Truth(add_to_cart_rate=0.126, refund_rate=0.031 * 0.4)
        assert lost(readout_world(treatment=treatment))
        hoped = readout_world(treatment=treatment, guardrail_metrics={0: {"target": "35%"}})
        assert not lost(hoped)

    def test_a_harm_is_left_to_guardrails(self) -> None:
        world = readout_world(treatment=Truth(add_to_cart_rate=0.126, refund_rate=0.062))
        assert not lost(world)
        assert world.decide().verdict == "roll_back"

    def test_a_rollback_is_never_held_back(self) -> None:
        world = losing(
            readout_world(treatment=Truth(add_to_cart_rate=0.126, refund_rate=0.062)), "cs_contacts"
        )
        assert lost(world)
        assert world.decide().verdict == "roll_back"

    def test_a_weekend_on_which_everybody_does_half_as_much(self) -> None:
        def is_weekend(day: date) -> bool:
            return day.weekday() >= 5

        assert not lost(losing(readout_world(), "refund_rate", (CONTROL, TREATMENT), is_weekend, kept=0.5))


class TestWhatIsWithheld:
    def early(self, world: World) -> World:
        return world.but(as_of=world.as_of - timedelta(days=2), to="")

    def test_the_primary_is_told_to_be_alive_without_a_number(self) -> None:
        (reading,) = alive(self.early(readout_world()))
        assert reading.message == (
            "events of add_to_cart_rate, refund_rate, cs_contacts and p95_page_load arrive in control and buy_now"
        )

    @pytest.mark.parametrize("share", [0.4, 2.5])
    def test_whether_it_more_than_doubled_or_halved_is_not_told(self, share: float) -> None:
        world = readout_world(treatment=Truth(add_to_cart_rate=0.12 * share))
        assert alive(self.early(world)) == alive(self.early(readout_world()))

    def test_or_not_without_variant_day_or_number(self) -> None:
        def outputs(*variants: str, **how: Any) -> dict[str, str]:
            world = self.early(losing(readout_world(), "add_to_cart_rate", variants, **how))
            (reading,) = lost(world)
            assert (reading.withheld, reading.variant, dict(reading.numbers)) == (True, "", {})
            assert not any(sign.isdigit() for sign in reading.message)
            # The digest of the results says that they are others, and not in what.
            return {"text": re.sub(r"results [0-9a-f]{12}", "results …", rendered(world)["text"])}

        of_treatment = outputs(TREATMENT)
        assert outputs(CONTROL) == of_treatment
        assert outputs(CONTROL, TREATMENT) == of_treatment
        assert outputs(TREATMENT, when=lambda day: day == MIDDLE) == of_treatment


class TestRatios:
    def world(self, denominator: float = 3.0) -> World:
        metric = {
            "id": "orders_per_visit", "kind": "ratio", "direction": "increase", "baseline": 0.1, "std_dev": 0.3,
            "non_inferiority_margin": "5%", "action": "hold",
        }  # fmt: skip
        world = readout_world()
        plan = readout_world(guardrail_metrics=[metric]).plan
        rows = list(world.rows)
        for row in world.rows:
            if (row.metric, row.window) == ("refund_rate", "cohort"):
                visits = (denominator if row.variant == TREATMENT else 3.0) * row.units
                rows.append(
                    replace(
                        rate_row({**_head(row), "metric": "orders_per_visit"}, 0.3, row.units, False),
                        sum_squares=0.3 * row.units,
                        denominator_sum=visits,
                        denominator_sum_squares=4 * visits,
                        cross_sum=visits * 0.3,
                    )
                )
        return world.but(plan=plan, rows=tuple(rows), registration=registered(plan))

    def test_are_alive(self) -> None:
        assert not [each for each in lost(self.world()) if each.metric == "orders_per_visit"]

    def test_of_which_the_denominator_is_lost(self) -> None:
        (reading,) = [each for each in lost(self.world(0.2)) if each.metric == "orders_per_visit"]
        assert reading.message.startswith("the denominator of orders_per_visit of buy_now: ")


def _head(row: Row) -> dict[str, Any]:
    names = ("stage", "window", "date", "variant", "segment", "through")
    return {name: getattr(row, name) for name in names}
