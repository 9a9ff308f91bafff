"""Absence is no evidence: who is silent, beside whom, and what a row that cannot be read says of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from egp.gate.checks import complete_data
from egp.gate.reading import Reading
from egp.gate.verdict import Decision, decide
from egp.plan.results import About, Row, RowRefusal
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    CONTROL_TRUTH,
    DAY,
    GOOD,
    TREATMENT,
    World,
    entry,
    messages,
    open_readings,
    readout_world,
    registered,
    rows_of,
    stage_world,
)

SILENT_SINCE = date(2023, 2, 11)


def week_at_70(control: int = 12_000, treatment: int = 28_000, last: date = date(2023, 2, 13)) -> World:
    """Seven days at 70 %, on the morning after: no week row is due before it is over."""
    world = stage_world()
    rows = rows_of(
        "70%", date(2023, 2, 7), last, last, {CONTROL: control, TREATMENT: treatment},
        {CONTROL: CONTROL_TRUTH, TREATMENT: GOOD},
    )  # fmt: skip
    return world.but(rows=tuple(rows), as_of=datetime.fromisoformat("2023-02-14T09:00:00-08:00"), to="")


def is_after(row: Row, day: date) -> bool:
    return (row.date is not None and row.date >= day) or row.window in ("week", "total")


def silenced(world: World, *variants: str, since: date = SILENT_SINCE) -> World:
    return world.without(lambda row: row.variant in variants and is_after(row, since))


def emptied(world: World, *variants: str, since: date = SILENT_SINCE) -> World:
    """Rows are there, and say that no unit came."""

    def empty(row: Row) -> Row:
        if row.variant not in variants or row.window != "cohort" or not is_after(row, since):
            return row
        sums: Any = {name: 0.0 for name in ("sum", "sum_squares") if getattr(row, name) is not None}
        return replace(row, units=0, **sums)

    kept = world.without(lambda row: row.window in ("week", "day") and is_after(row, since))
    return kept.mapped(empty)


def said(decision: Decision) -> str:
    return messages(open_readings(decision).get("complete-data", []))


def decided(world: World, **options: Any) -> Decision:
    params = complete_data.Params(**options)
    return decide(replace(world.readout(), options={"complete-data": params}))


def refused(day: date | None, variant: str, column: str = "sum", window: str = "cohort") -> RowRefusal:
    about = About("70%", window, day, variant, "refund_rate")
    return RowRefusal("r.csv", 3, 2, column, "nan is not a finite number", "write plain digits", (about,))


class TestTheTreatmentIsSilentBesideAControlThatSpeaks:
    def test_it_is_rolled_back(self) -> None:
        decision = silenced(week_at_70(), TREATMENT).decide()
        assert decision.verdict == "roll_back"
        assert "nothing was heard of buy_now for 4 days, and of control it was" in messages(decision.reasons)

    def test_rows_that_say_that_no_unit_came_are_silence_too(self) -> None:
        assert emptied(week_at_70(), TREATMENT).decide().verdict == "roll_back"

    def test_a_day_less_than_the_limit_holds_for_the_missing_rows(self) -> None:
        decision = silenced(week_at_70(), TREATMENT, since=date(2023, 2, 13)).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")

    def test_units_that_come_back_are_life_where_nobody_is_new(self) -> None:
        def is_new(row: Row) -> bool:
            return row.variant == TREATMENT and row.window == "cohort" and is_after(row, SILENT_SINCE)

        decision = week_at_70().without(is_new).decide()
        assert "nothing was heard" not in said(decision)
        assert decision.verdict == "hold"

    def test_a_share_so_small_that_nobody_was_due_is_not_silent(self) -> None:
        # One unit in a thousand, and 500 control units in three days: 0.5 of the treatment were due.
        world = stage_world(ramp={0: {"treated": "0.1%"}})
        rows = [replace(row, stage="0.1%") for row in week_at_70(control=170, treatment=3).rows]
        tiny = world.but(
            rows=tuple(rows),
            as_of=week_at_70().as_of,
            to="",
            stages=(entry(0.001, "2023-02-07T08:00:00-08:00"),),
        )
        assert emptied(tiny, TREATMENT).decide().verdict == "hold"
        many = emptied(tiny, TREATMENT).mapped(
            lambda row: replace(row, units=row.units * 100) if row.variant == CONTROL else row
        )
        assert many.decide().verdict == "roll_back"

    def test_a_silent_control_is_no_reason_to_withdraw(self) -> None:
        decision = silenced(week_at_70(), CONTROL).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert "nothing was heard of control" in said(decision)

    def test_without_weights_nobody_knows_what_was_due_and_the_rest_is_still_told(self) -> None:
        world = silenced(week_at_70(), TREATMENT)
        plan = stage_world(variants={0: {"weight": None}, 1: {"weight": None}}).plan
        told = said(world.but(plan=plan, registration=registered(plan)).decide())
        assert ": 2023-02-11" in told
        assert "weight" in told or "variants" in told

    def test_of_two_treatments_the_silent_one_is_named(self) -> None:
        third = {"id": "buy_later", "weight": "20%", "revision": "web-8841"}
        variants = [
            {"id": CONTROL, "weight": "50%", "control": True},
            {"id": TREATMENT, "weight": "30%"},
            third,
        ]
        world = stage_world(variants=variants)
        rows = week_at_70().rows
        other = [replace(row, variant="buy_later") for row in rows if row.variant == TREATMENT]
        both = world.but(rows=(*rows, *other), as_of=week_at_70().as_of, to="")
        decision = silenced(both, "buy_later").decide()
        assert decision.verdict == "roll_back"
        assert [reading.variant for reading in decision.reasons] == ["buy_later"]


class TestNeitherIsHeardOf:
    def late(self, **changes: Any) -> World:
        """Both variants end on a day, and the clock goes on for three more."""
        world = stage_world(**changes)
        return world.but(as_of=world.as_of + timedelta(hours=65), to="")

    def test_the_gate_is_blind_and_holds_and_names_who_executes_rollbacks(self) -> None:
        decision = self.late().decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert "neither variant was heard of for 73 h" in said(decision) or "neither variant" in said(
            decision
        )
        assert any(reading.next.startswith("@pdp-oncall finds out") for reading in decision.reasons)

    def test_without_one_it_names_who_answers_for_the_experiment(self) -> None:
        decision = self.late(rollback={"owner": None}).decide()
        assert any(reading.next.startswith("@pdp-pm finds out") for reading in decision.reasons)

    def test_a_policy_may_rather_withdraw_what_nobody_sees(self) -> None:
        assert decided(self.late(), blind_action="rollback").verdict == "roll_back"

    @pytest.mark.parametrize(
        ("stage", "limit", "verdict"),
        [("70%", 72, "roll_back"), ("0.7", 96, "hold"), ("70%", 96, "hold"), ("test", 96, "roll_back")],
    )
    def test_after_a_limit_of_each_stage(self, stage: str, limit: int, verdict: str) -> None:
        limits = {stage: timedelta(hours=limit)}
        assert decided(self.late(), blind_action="rollback", blind_after=limits).verdict == verdict

    def test_a_stage_that_is_none_is_not_passed_over(self) -> None:
        limits = {"tset": timedelta(hours=96), "canary": timedelta(hours=96)}
        decision = decided(week_at_70(), blind_after=limits)
        assert decision.verdict == "hold"
        assert "names tset, which is no stage" in said(decision)

    def test_a_stage_that_treats_everyone_has_nobody_to_compare_with(self) -> None:
        world = self.late(ramp=[{"treated": "100%", "min_dwell": "48h"}])
        rows = [replace(row, stage="100%") for row in world.rows if row.variant == TREATMENT]
        decision = world.but(rows=tuple(rows), stages=(entry(1.0, "2023-02-07T08:00:00-08:00"),)).decide()
        assert decision.verdict == "hold"
        assert "no variant was heard of" in said(decision)

    def test_a_weekend_on_which_nobody_is_new_is_no_silence_while_outcomes_are_counted(self) -> None:
        quiet = emptied(week_at_70(), CONTROL, TREATMENT)
        assert "was heard of" not in said(quiet.decide())

    def test_two_weeks_of_them_are(self) -> None:
        quiet = emptied(week_at_70(), CONTROL, TREATMENT)
        later = quiet.mapped(lambda row: replace(row, through=date(2023, 2, 25)) if row.through else row)
        decision = later.but(as_of=quiet.as_of + 12 * DAY).decide()
        assert decision.verdict == "hold"
        assert "neither variant was heard of" in said(decision)


class TestRowsThatCannotBeRead:
    @pytest.mark.parametrize(
        "refusal",
        [
            refused(date(2023, 2, 13), TREATMENT),
            refused(date(2023, 2, 13), ""),
            refused(date(2023, 2, 8), TREATMENT, window="week"),
            refused(None, TREATMENT, "date"),
            refused(date(9999, 12, 31), TREATMENT, "date"),
            refused(date(1, 1, 1), TREATMENT, "date"),
            RowRefusal(
                "r.csv", 3, 2, "", "the row has 3 cells, and the header 9 columns", "write one cell for each"
            ),
        ],
    )
    def test_are_no_silence_and_hold_for_repair(self, refusal: RowRefusal) -> None:
        decision = silenced(week_at_70(), TREATMENT).but(more={"problems": (refusal,)}).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert refusal.message in said(decision)

    @pytest.mark.parametrize(
        "refusal", [refused(date(2023, 2, 8), TREATMENT), refused(date(2023, 2, 13), CONTROL)]
    )
    def test_of_other_days_or_variants_say_nothing_of_these(self, refusal: RowRefusal) -> None:
        decision = silenced(week_at_70(), TREATMENT).but(more={"problems": (refusal,)}).decide()
        assert decision.verdict == "roll_back"

    def test_are_not_called_missing_as_well(self) -> None:
        def is_refused(row: Row) -> bool:
            return (row.window, row.date, row.variant, row.metric) == (
                "cohort", date(2023, 2, 13), TREATMENT, "refund_rate",
            )  # fmt: skip

        world = week_at_70().without(is_refused)
        assert ": 2023-02-13" in said(world.decide())
        told = said(world.but(more={"problems": (refused(date(2023, 2, 13), TREATMENT),)}).decide())
        assert "lack" not in told

    def test_leave_the_split_to_the_days_that_can_be_read(self) -> None:
        world = readout_world().without(
            lambda row: (row.window, row.date, row.variant) == ("cohort", date(2023, 1, 25), TREATMENT)
        )
        lost = tuple(
            RowRefusal(
                "r.csv",
                3,
                2,
                "units",
                "no",
                "count again",
                (About("test", "cohort", date(2023, 1, 25), TREATMENT, m),),
            )
            for m in ("add_to_cart_rate", "refund_rate", "cs_contacts")
        )

        def split(each: World) -> Reading:
            return next(reading for reading in each.decide().readings if reading.check == "sample-ratio")

        assert split(world).state == "fail"
        assert split(world.but(more={"problems": lost})).state == "pass"

    def test_leave_a_stop_rule_the_days_of_both_variants(self) -> None:
        """Refunds fall from day to day as their week is not over: without its early days control looks better."""

        def young(row: Row) -> Row:
            if (row.window, row.metric) != ("cohort", "refund_rate") or row.date is None or row.sum is None:
                return row
            return replace(
                row, sum=float(round(row.sum * (14 - (row.date - date(2023, 2, 7)).days * 2) / 14))
            )

        world = week_at_70().mapped(young)
        assert world.decide().verdict == "proceed"

        def is_early(row: Row) -> bool:
            is_refund = (row.window, row.metric, row.variant) == ("cohort", "refund_rate", CONTROL)
            return is_refund and row.date is not None and row.date < date(2023, 2, 11)

        refusals = tuple(refused(date(2023, 2, day), CONTROL) for day in range(7, 11))
        decision = world.without(is_early).but(more={"problems": refusals}).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
