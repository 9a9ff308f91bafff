"""What real plans say besides a fixed test: enrolment, negative controls, three branches, holdbacks, reports."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from egp.gate.verdict import Decision
from egp.plan.results import Row
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    DAY,
    GOOD,
    HARMFUL,
    TREATMENT,
    Truth,
    World,
    mean_row,
    messages,
    of,
    open_readings,
    plan_of,
    readout_world,
    registered,
    rendered,
    rows_of,
)

START, ENTERED, END = date(2023, 1, 23), date(2023, 1, 29), date(2023, 2, 26)
ENROLMENT: dict[str, Any] = {
    "schedule": {"end": str(END), "enrolment_end": str(ENTERED)},
    "statistics": {"looks": ["2023-02-27"]},
    "primary_metric": {"outcome_window": "28d"},
    "guardrail_metrics": {0: {"judged_on": "all_units"}},
    "sample_size_per_variant": 140_000,
    "ramp": {0: {"start": None}},
}


def enrolled(treatment: Truth = GOOD, **changes: Any) -> World:
    """The morning after the look of a plan whose units entered in one week and were watched for four more."""
    plan = plan_of(**{**ENROLMENT, **changes})
    per_day = {CONTROL: 21_000, TREATMENT: 21_000}
    truths = {CONTROL: Truth(), TREATMENT: treatment}
    rows = [
        row
        for row in rows_of("test", START, END, END, per_day, truths)
        if row.window != "cohort" or (row.date is not None and row.date <= ENTERED)
    ]
    rows = [replace(row, through=END + DAY) if row.window == "cohort" else row for row in rows]
    moment = datetime.fromisoformat("2023-02-28T08:00:00-08:00")
    return World(plan, tuple(rows), moment, registration=registered(plan))


def still_open(decision: Decision) -> str:
    """What does not pass."""
    return messages(reading for readings in open_readings(decision).values() for reading in readings)


class TestEnrolment:
    def test_a_week_of_entries_and_four_of_watching_are_a_whole_run(self) -> None:
        decision = enrolled().decide()
        assert still_open(decision) == ""
        assert decision.verdict == "proceed"
        assert of(decision, "runtime-complete").observed == "35 days"

    def test_the_look_judges_the_units_that_entered(self) -> None:
        numbers = of(enrolled().decide(), "primary-outcome").numbers
        assert numbers["units_control"] == 7 * 21_000

    def test_before_the_end_of_the_watching_nothing_is_read(self) -> None:
        early = enrolled().but(as_of=datetime.fromisoformat("2023-02-14T08:00:00-08:00"))
        decision = early.decide()
        assert of(decision, "runtime-complete").kind == "wait"
        assert of(decision, "primary-outcome").withheld

    def test_days_after_the_enrolment_need_no_cohort(self) -> None:
        assert of(enrolled().decide(), "complete-data").passed

    def test_a_unit_that_enters_later_holds(self) -> None:
        world = enrolled()
        late = tuple(
            replace(row, date=ENTERED + 3 * DAY)
            for row in world.rows
            if row.window == "cohort" and row.date == ENTERED
        )
        decision = world.but(rows=(*world.rows, *late)).decide()
        assert decision.kind == "repair"
        assert "units entered on 2023-02-01, after the enrolment ended on 2023-01-29" in messages(
            open_readings(decision)["complete-data"]
        )

    def test_who_comes_back_is_the_sign_of_life_of_the_watching(self) -> None:
        """Two weeks after the last entry only the weeks and days of units that return tell whether anything is alive."""
        middle = datetime.fromisoformat("2023-02-14T08:00:00-08:00")

        def is_past(row: Row) -> bool:
            return row.window != "cohort" and row.date is not None and row.date >= middle.date()

        world = enrolled().but(as_of=middle, to="").without(is_past)
        assert not [each for each in world.decide().readings if each.rolls_back]
        silent = world.without(
            lambda row: row.variant == TREATMENT and row.window != "cohort" and (row.date or END) > ENTERED
        )
        (found,) = [each for each in silent.decide().readings if each.rolls_back]
        assert "nothing was heard of buy_now" in found.message


BEFORE = {"id": "visits_before", "kind": "mean", "baseline": 3.2, "std_dev": 4, "mde": "3%"}


def with_negative_control(shift: float, treatment: Truth = GOOD, **changes: Any) -> World:
    world = readout_world(treatment, negative_controls=[BEFORE], **changes)
    rows = [
        mean_row(
            {
                "stage": "test", "window": "cohort", "date": START + at * DAY, "variant": variant,
                "metric": "visits_before", "segment": "", "through": date(2023, 2, 6),
            },
            3.2 * (1 + (shift if variant == TREATMENT else 0.0)), 10_500, 4.0,
        )
        for variant in (CONTROL, TREATMENT)
        for at in range(14)
    ]  # fmt: skip
    return world.but(rows=(*world.rows, *rows))


class TestNegativeControls:
    def test_one_that_stays_is_said_and_ships(self) -> None:
        decision = with_negative_control(0.001).decide()
        assert decision.verdict == "proceed"
        assert of(decision, "negative-control").state == "pass"

    def test_one_that_moves_withholds_the_primary_and_holds_for_repair(self) -> None:
        decision = with_negative_control(0.04).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        reading = of(decision, "negative-control")
        assert "visits_before, which the treatment cannot move" in reading.message
        assert "the data are suspect" in reading.message
        primary = of(decision, "primary-outcome")
        assert (primary.withheld, primary.numbers) == (True, {})
        assert "because visits_before moved" in primary.message
        assert of(decision, "guardrail", "refund_rate").state == "not_checked"

    def test_no_output_then_has_a_number_of_the_primary(self) -> None:
        estimate = of(with_negative_control(0.001).decide(), "primary-outcome").observed.split(",")[0]
        shown, withheld = (
            "".join(rendered(with_negative_control(shift)).values()) for shift in (0.001, 0.04)
        )
        assert estimate in shown
        assert estimate not in withheld

    def test_a_harmful_treatment_is_withdrawn_all_the_same(self) -> None:
        harmful = Truth(add_to_cart_rate=0.126, refund_rate=0.05)
        assert with_negative_control(0.04, harmful).decide().verdict == "roll_back"

    def test_one_without_rows_holds(self) -> None:
        decision = readout_world(negative_controls=[BEFORE]).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert of(decision, "negative-control").state == "not_checked"

    def test_before_the_look_it_is_not_tested(self) -> None:
        early = with_negative_control(0.04).but(as_of=datetime.fromisoformat("2023-02-01T08:00:00-08:00"))
        assert not [each for each in early.decide().readings if each.check == "negative-control"]

    def test_the_level_is_of_all_of_them_together(self) -> None:
        """At a shift whose own p is just below the level, a second control beside it lets it pass."""
        shift, alone = 0.0152, with_negative_control(0.0152).decide()
        assert of(alone, "negative-control").state == "fail"
        two = [BEFORE, {**BEFORE, "id": "visits_long_before"}]
        world = with_negative_control(shift)
        more = [
            replace(
                row, metric="visits_long_before", sum=3.2 * row.units, sum_squares=(16 + 3.2**2) * row.units
            )
            for row in world.rows
            if row.metric == "visits_before"
        ]
        plan = plan_of(negative_controls=two)
        both = world.but(plan=plan, registration=registered(plan), rows=(*world.rows, *more)).decide()
        assert {each.state for each in both.readings if each.check == "negative-control"} == {"pass"}


WITHDRAW = {"max_ci_upper": "0%", "then": "keep_control"}


class TestThreeBranches:
    @pytest.mark.parametrize(
        ("rate", "verdict", "kind"),
        [(0.126, "proceed", ""), (0.1202, "hold", "inconclusive"), (0.115, "roll_back", "")],
    )
    def test_each_result_takes_one_branch(self, rate: float, verdict: str, kind: str) -> None:
        decision = readout_world(Truth(add_to_cart_rate=rate), decision_rule={"withdraw": WITHDRAW}).decide()
        assert (decision.verdict, decision.kind) == (verdict, kind)

    def test_withdrawing_says_what_the_plan_agreed(self) -> None:
        decision = readout_world(Truth(add_to_cart_rate=0.115), decision_rule={"withdraw": WITHDRAW}).decide()
        reading = of(decision, "primary-outcome")
        assert "met: interval up to 0% at most, which withdraws the treatment" in reading.message
        assert reading.next == "withdraw the treatment, as the plan says: keep_control"

    def test_without_the_branch_a_loss_ends_the_experiment_as_before(self) -> None:
        decision = readout_world(Truth(add_to_cart_rate=0.115)).decide()
        assert (decision.verdict, decision.kind) == ("hold", "inconclusive")

    def test_a_bound_on_the_estimate_is_met_beside_the_one_on_the_interval(self) -> None:
        """0.118 is significantly below, and less than the 3 % that withdrawing takes."""
        bounds = {"withdraw": {**WITHDRAW, "max_lift": "-3%"}}
        assert readout_world(Truth(add_to_cart_rate=0.118), decision_rule=bounds).decide().verdict == "hold"
        assert (
            readout_world(Truth(add_to_cart_rate=0.115), decision_rule=bounds).decide().verdict == "roll_back"
        )


INFORMING: dict[str, Any] = {
    "guardrail_metrics": {
        1: {"any_harm": "inform", "non_inferiority_margin": None, "action": None, "mde": "8%"}
    },
    "stop_rules": {1: {"metric": "refund_rate", "id": "more_refunds"}},
}


class TestGuardrailsThatInform:
    def test_significant_harm_is_reported_and_ships(self) -> None:
        decision = readout_world(replace(GOOD, cs_contacts=0.046), **INFORMING).decide()
        reading = of(decision, "guardrail", "cs_contacts")
        assert decision.verdict == "proceed"
        assert "cs_contacts only informs" in reading.message
        assert "significant harm, to be looked at by @pdp-pm" in reading.message

    def test_no_harm_is_reported_too(self) -> None:
        reading = of(readout_world(**INFORMING).decide(), "guardrail", "cs_contacts")
        assert reading.message.endswith("no significant harm")

    def test_two_bad_weeks_of_it_do_not_withdraw(self) -> None:
        decision = readout_world(replace(GOOD, cs_contacts=0.06), **INFORMING).decide()
        assert decision.verdict == "proceed"


LOOK, REVIEWS = "2023-03-06", ["2023-04-24", "2023-07-24"]
HOLDBACK: dict[str, Any] = {
    "type": "holdback",
    "canary": None, "ramp": [], "holdout": None,
    "schedule": {"end": None, "reviews": REVIEWS},
    "variants": [{"id": CONTROL, "weight": "50%", "control": True}, {"id": TREATMENT, "weight": "50%"}],
    "statistics": {"looks": [LOOK], "variance_reduction": None},
    "primary_metric": {"outcome_window": "0d"},
}  # fmt: skip


def holdback(day: str, treatment: Truth = GOOD, **changes: Any) -> World:
    """A holdback that has been watched until the evening before the day."""
    plan = plan_of(**{**HOLDBACK, **changes})
    last = date.fromisoformat(day) - timedelta(days=1)
    rows = rows_of(
        "test",
        START,
        last,
        last,
        {CONTROL: 6_000, TREATMENT: 6_000},
        {CONTROL: Truth(), TREATMENT: treatment},
    )
    moment = datetime.fromisoformat(f"{day}T08:00:00-08:00")
    return World(plan, tuple(rows), moment, to="", registration=registered(plan))


class TestHoldbacks:
    def test_before_its_look_it_is_watched_and_the_primary_is_not_read(self) -> None:
        decision = holdback("2023-02-20").decide()
        assert decision.verdict == "proceed"
        assert not [each for each in decision.readings if each.check == "primary-outcome"]

    def test_from_the_look_on_the_primary_decides_whether_it_goes_on(self) -> None:
        good, none = holdback("2023-03-07"), holdback("2023-03-07", Truth())
        assert of(good.decide(), "primary-outcome").state == "pass"
        assert good.decide().verdict == "proceed", still_open(good.decide())
        assert (none.decide().verdict, none.decide().kind) == ("hold", "inconclusive")

    def test_one_that_can_withdraw_does(self) -> None:
        world = holdback("2023-03-07", Truth(add_to_cart_rate=0.113), decision_rule={"withdraw": WITHDRAW})
        assert world.decide().verdict == "roll_back"

    @pytest.mark.parametrize(
        ("method", "first"),
        [("fixed_horizon", "2023-03-10"), ("group_sequential", LOOK), ("always_valid", LOOK)],
    )
    def test_of_several_looks_a_sequential_test_decides_from_the_first_and_any_other_from_the_last(
        self, method: str, first: str
    ) -> None:
        world = holdback("2023-03-06", statistics={"looks": [LOOK, "2023-03-10"], "method": method})
        for seconds, is_decision in ((-1, False), (0, True)):
            moment = datetime.fromisoformat(f"{first}T00:00:00-08:00") + timedelta(seconds=seconds)
            assert world.but(rows=(), as_of=moment).readout().is_decision is is_decision

    def test_one_without_looks_reads_nothing(self) -> None:
        watched = holdback("2023-03-07", Truth(), statistics={"looks": None, "variance_reduction": None})
        assert not [each for each in watched.decide().readings if each.check == "primary-outcome"]

    def test_the_look_judges_what_came_before_it(self) -> None:
        later = holdback("2023-03-20").decide()
        assert of(later, "primary-outcome").numbers["units_control"] == 42 * 6_000

    def test_after_the_last_review_it_holds_until_the_plan_is_amended(self) -> None:
        before, after = holdback("2023-07-20").decide(), holdback("2023-07-25").decide()
        assert of(before, "review").observed == "2023-07-24"
        reading = of(after, "review")
        assert (after.verdict, reading.kind) == ("hold", "repair")
        assert "the last review that the plan names was due on 2023-07-24" in reading.message

    def test_one_with_an_end_needs_no_review(self) -> None:
        world = holdback("2023-03-07", schedule={"end": "2023-07-30", "reviews": None})
        assert not [each for each in world.decide().readings if each.check == "review"]


def test_a_harmful_treatment_of_a_holdback_is_withdrawn_whatever_the_look_says() -> None:
    assert holdback("2023-02-20", HARMFUL).decide().verdict == "roll_back"
