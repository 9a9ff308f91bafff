"""The gate judges by the test that the plan registered: which variance, which bound, which level at which look."""

from __future__ import annotations

import math
from datetime import date, datetime
from random import Random
from typing import Any

import pytest

from egp import stats
from egp.gate.reading import Reading
from egp.plan.analysis.decidable import undecidable
from egp.plan.results import Row
from egp.record.lock import Registration, made
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    DAY,
    GOOD,
    TREATMENT,
    Truth,
    World,
    days,
    messages,
    of,
    open_readings,
    plan_of,
    readout_world,
    registered,
    rows_of,
)

SESSIONS: dict[str, Any] = {"analysis_unit": "session"}
BY_SESSION: dict[str, Any] = {
    "clustering": {"method": "delta_method", "mean_size": 4, "icc": 0.3, "cv": 0.5}, "variance_reduction": None,
}  # fmt: skip


def users(random: Random, number: int, rate: float, icc: float) -> dict[str, Any]:
    """Sums over users whose sessions, a geometric number of them, resemble each other."""
    shape = 1 / icc - 1
    sums = dict.fromkeys(
        ("sum", "sum_squares", "denominator_sum", "denominator_sum_squares", "cross_sum"), 0.0
    )
    for _ in range(number):
        sessions = 1 + int(math.log(1 - random.random()) / math.log(0.75))
        own = random.betavariate(rate * shape, (1 - rate) * shape)
        successes = sum(random.random() < own for _ in range(sessions))
        for name, value in zip(
            sums, (successes, successes**2, sessions, sessions**2, successes * sessions), strict=True
        ):
            sums[name] += value
    return sums


class TestSharesOfSessions:
    """A share of sessions among randomised users is a ratio over users, and no binomial."""

    def world(self, sums: dict[str, dict[str, Any]], number: int) -> World:
        world = readout_world(**SESSIONS, statistics=BY_SESSION, guardrail_metrics=[])
        first, last = date(2023, 1, 23), date(2023, 2, 5)
        head: dict[str, Any] = {
            "stage": "test", "window": "cohort", "metric": "add_to_cart_rate", "segment": "", "through": date(2023, 2, 6),
        }  # fmt: skip
        rows = []
        for name in (CONTROL, TREATMENT):
            rows.append(Row(**head, date=first, variant=name, units=number, **sums[name]))
            nothing: dict[str, Any] = dict.fromkeys(sums[name], 0.0)
            # All come on the first day, and go on coming back; the look asks for a row of every day.
            for day in days(first + DAY, last):
                rows.append(Row(**head, date=day, variant=name, units=0, **nothing))
                rows.append(
                    Row(**{**head, "window": "day"}, date=day, variant=name, units=number, **sums[name])
                )
        return world.but(rows=tuple(rows))

    def reading(self, sums: dict[str, dict[str, Any]], number: int) -> Reading:
        return of(self.world(sums, number).decide(), "primary-outcome")

    def test_it_is_judged_by_the_delta_method(self) -> None:
        random = Random(3)
        sums = {name: users(random, 500, 0.12, 0.3) for name in (CONTROL, TREATMENT)}
        arms = [stats.ratio_of_arm(stats.ArmSums(units=500, **sums[name])) for name in (CONTROL, TREATMENT)]
        numbers = self.reading(sums, 500).numbers
        assert numbers["estimate"] == pytest.approx(arms[1].value - arms[0].value)
        assert numbers["standard_error"] == pytest.approx(math.hypot(*(arm.standard_error for arm in arms)))

    def test_harmless_changes_are_called_significant_as_often_as_registered(self) -> None:
        """A binomial over users would call about 1 in 4 of them significant."""
        random, false = Random(20230123), 0
        number = 400
        for _ in range(number):
            sums = {name: users(random, 150, 0.12, 0.3) for name in (CONTROL, TREATMENT)}
            false += self.reading(sums, 150).numbers["p_value"] < 0.05
        assert abs(false / number - 0.05) <= 3 * math.sqrt(0.05 * 0.95 / number)

    def test_rows_without_their_sessions_are_not_judged(self) -> None:
        world = readout_world(**SESSIONS, statistics=BY_SESSION)
        reading = of(world.decide(), "primary-outcome")
        assert reading.state == "not_checked"
        assert "sum_squares" in reading.message or "denominator_sum" in reading.message


class TestScoreTests:
    def test_a_plain_rate_is_judged_by_its_score_test(self) -> None:
        world = readout_world(statistics={"variance_reduction": None})
        reading = of(world.decide(), "primary-outcome")
        contrast = stats.RateContrast(
            reading.numbers["control"] * 147_000, 147_000, reading.numbers["treatment"] * 147_000, 147_000
        )
        assert reading.numbers["p_value"] == pytest.approx(contrast.p_value(), rel=1e-6)
        assert reading.interval == pytest.approx(contrast.interval(0.05))

    def test_too_few_events_are_not_judged(self) -> None:
        rare = {"id": "crashes", "kind": "proportion", "direction": "decrease", "baseline": "0.002%",
                "non_inferiority_margin": "50%", "outcome_window": "0d", "action": "hold"}  # fmt: skip
        world = readout_world(guardrail_metrics=[rare])
        crashes = [
            replace(row, metric="crashes", sum=float(row.date == date(2023, 1, 23)), sum_squares=None)
            for row in world.rows
            if row.metric == "refund_rate" and row.window == "cohort"
        ]
        reading = of(world.but(rows=(*world.rows, *crashes)).decide(), "guardrail")
        assert (reading.state, reading.kind) == ("not_checked", "inconclusive")
        assert "nothing is judged below 10" in reading.message
        assert "times the units" in reading.next


class TestRelativeBounds:
    """A margin in per cent is of the control that is observed; one in points is not."""

    @staticmethod
    def refunds(margin: str, control: float, treatment: float) -> Reading:
        world = readout_world(
            Truth(add_to_cart_rate=0.126, refund_rate=treatment),
            Truth(refund_rate=control),
            guardrail_metrics={0: {"non_inferiority_margin": margin}},
        )
        return of(world.decide(), "guardrail", "refund_rate")

    def test_half_the_baseline_is_half_the_margin(self) -> None:
        """8 % of a baseline of 3.1 % would be 0.248 pp, which is 16 % of a control at 1.55 %."""
        assert self.refunds("8%", 0.0155, 0.0168).state == "cannot_rule_out"
        assert self.refunds("24.8bps", 0.0155, 0.0168).state == "pass"

    def test_twice_the_baseline_is_twice_the_margin(self) -> None:
        assert self.refunds("8%", 0.045, 0.046).state == "pass"
        assert self.refunds("24.8bps", 0.045, 0.0461).state == "cannot_rule_out"

    def test_it_is_the_score_test_of_the_ratio(self) -> None:
        reading = self.refunds("8%", 0.031, 0.0312)
        units = reading.numbers["units_control"]
        contrast = stats.RateContrast(0.031 * units, units, 0.0312 * units, units, 1.08)
        assert reading.numbers["p_value"] == pytest.approx(contrast.lower_tail(), rel=1e-6)

    @pytest.mark.parametrize(("lift", "met"), [("9%", True), ("11%", False)])
    def test_a_lift_is_of_the_control_observed(self, lift: str, met: bool) -> None:
        """+0.9 pp are 10 % of a control at 9 %, and 7.5 % of the baseline of 12 %."""
        world = readout_world(
            Truth(add_to_cart_rate=0.099), Truth(add_to_cart_rate=0.09),
            decision_rule={"min_lift": lift, "min_ci_lower": None},
        )  # fmt: skip
        assert (of(world.decide(), "primary-outcome").state == "pass") is met

    def test_harm_at_the_margin_passes_as_often_as_registered(self) -> None:
        """Of t - 1.08 c, whose variance has 1.08² times the control's, at 1 : 4."""
        random, passed, number = Random(7), 0, 2_000
        units = 4_000, 16_000
        for _ in range(number):
            events = [
                round(random.gauss(n * p, math.sqrt(n * p * (1 - p))))
                for n, p in zip(units, (0.1, 0.108), strict=True)
            ]
            passed += stats.RateContrast(events[0], units[0], events[1], units[1], 1.08).lower_tail() < 0.05
        assert abs(passed / number - 0.05) <= 3 * math.sqrt(0.05 * 0.95 / number)


class TestControlBaseline:
    def test_a_control_far_from_its_baseline_holds(self) -> None:
        world = readout_world(Truth(add_to_cart_rate=0.126, refund_rate=0.0145), Truth(refund_rate=0.0145))
        decision = world.decide()
        assert [each.metric for each in open_readings(decision)["control-baseline"]] == ["refund_rate"]
        assert decision.kind == "repair"
        assert "53.2 % below the baseline of 3.10 %" in messages(open_readings(decision)["control-baseline"])

    def test_a_control_of_another_season_is_told(self) -> None:
        world = readout_world(Truth(add_to_cart_rate=0.106), Truth(add_to_cart_rate=0.1))
        reading = of(world.decide(), "control-baseline", "add_to_cart_rate")
        assert reading.state == "pass"
        assert "16.7 % below the baseline" in reading.message


LOOKS = ["2023-02-06", "2023-02-13", "2023-02-20"]


def sequential(rates: dict[str, float], as_of: str, last: date, **statistics: Any) -> World:
    """Three looks; the treatment's rate changes from the days that are named on."""
    changes = {"method": "group_sequential", "spending": "obrien_fleming", "guardrail_spending": "pocock", "looks": LOOKS,
               "variance_reduction": None, **statistics}  # fmt: skip
    plan = plan_of(statistics=changes, schedule={"end": "2023-02-19"}, sample_size_per_variant=280_000,
                   ramp={0: {"start": None}})  # fmt: skip
    rows = rows_of(
        "test", date(2023, 1, 23), last, last, {CONTROL: 10_200, TREATMENT: 10_200},
        {CONTROL: Truth(), TREATMENT: Truth()},
    )  # fmt: skip
    world = World(plan, tuple(rows), datetime.fromisoformat(as_of), registration=registered(plan))

    def as_told(row: Row) -> Row:
        if row.metric != "add_to_cart_rate" or row.variant != TREATMENT or row.date is None:
            return row
        rate = [rate for day, rate in rates.items() if str(row.date) >= day][-1]
        return replace(row, sum=row.units * rate)

    return world.mapped(as_told)


class TestSeveralLooks:
    def test_what_crossed_at_a_look_stays_crossed(self) -> None:
        """A large effect in the first two weeks, and the opposite afterwards."""
        fading = {"2023-01-23": 0.128, "2023-02-06": 0.112}
        first = sequential(fading, "2023-02-06T08:00:00-08:00", date(2023, 2, 5))
        assert of(first.decide(), "primary-outcome").state == "pass"
        later = sequential(fading, "2023-02-13T08:00:00-08:00", date(2023, 2, 12))
        reading = of(later.decide(), "primary-outcome")
        assert reading.state == "pass"
        assert "at the look of 2023-02-06" in reading.message

    def test_an_interval_is_of_the_boundary(self) -> None:
        world = sequential({"2023-01-23": 0.1215}, "2023-02-06T08:00:00-08:00", date(2023, 2, 5))
        reading = of(world.decide(), "primary-outcome")
        low, high = reading.interval or (0, 0)
        bound = (high - low) / 2 / reading.numbers["standard_error"]
        assert bound == pytest.approx(
            stats.spending_boundaries("obrien_fleming", 0.05, [0.51], 2)[0], abs=0.02
        )

    def test_guardrails_spend_by_their_own_information(self) -> None:
        """Refunds take a week, so that the first of three looks judges the units of its first week alone."""
        world = sequential({"2023-01-23": 0.13}, "2023-02-06T08:00:00-08:00", date(2023, 2, 5))
        refunds, contacts = (of(world.decide(), "guardrail", name) for name in ("refund_rate", "cs_contacts"))
        tails = [
            stats.normal_sf((high - low) / 2 / reading.numbers["standard_error"])
            for reading in (refunds, contacts)
            for low, high in [reading.interval or (0, 0)]
        ]
        spent = [stats.spent_alpha("pocock", 0.05, share) for share in (70_000 / 210_000, 142_800 / 280_000)]
        assert tails == [pytest.approx(each, rel=0.06) for each in spent]

    def test_a_guardrail_that_is_not_proven_yet_waits(self) -> None:
        world = sequential({"2023-01-23": 0.13}, "2023-02-06T08:00:00-08:00", date(2023, 2, 5))

        def a_little_worse(row: Row) -> Row:
            is_of = row.metric == "refund_rate" and row.variant == TREATMENT
            return replace(row, sum=(row.sum or 0.0) * 1.03) if is_of else row

        reading = of(world.mapped(a_little_worse).decide(), "guardrail", "refund_rate")
        assert (reading.state, reading.kind) == ("cannot_rule_out", "wait")
        assert "next look, 2023-02-13" in reading.next

    def test_without_spending_for_guardrails_these_are_not_checked(self) -> None:
        world = sequential(
            {"2023-01-23": 0.13}, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), guardrail_spending=None
        )
        reading = of(world.decide(), "guardrail", "refund_rate")
        assert reading.state == "not_checked"
        assert reading.message.endswith(
            next(u.problem for u in undecidable(world.plan) if "refund" in u.problem)
        )


class TestAnalysisNumber:
    @staticmethod
    def world(analysis: int | None) -> World:
        world = readout_world(GOOD)
        assert world.registration is not None
        return world.but(
            registration=made(Registration, **{**vars(world.registration), "analysis": analysis})
        )

    @pytest.mark.parametrize("analysis", [None, 1, 3])
    def test_a_plan_of_another_analysis_is_held(self, analysis: int | None) -> None:
        decision = self.world(analysis).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        reading = of(decision, "registered")
        assert (
            f"registered for analysis {analysis or 1}, and this egp judges by analysis 2" in reading.message
        )
        assert (
            "egp amend plan.yaml --reason 'judged by analysis 2' --approver @… --data-access no_results_seen"
            in reading.next
        )

    def test_a_plan_of_this_analysis_is_judged(self) -> None:
        assert self.world(2).decide().verdict == "proceed"
