"""How often stop rules fire without harm, over a whole watch: against random walks, and bounds against the chance."""

from __future__ import annotations

import math
from datetime import date

import numpy
import pytest

from egp.analysis.false_alarms import HOW, days_alarm, posterior_alarm, weekly_alarm
from egp.analysis.stop_rules import BAD_WEEKS, WEEKLY_FALSE_ALARM, weekly_level
from egp.analysis.watch import watch, watched_weeks
from egp.experiment import Experiment
from egp.stats import z_upper
from tests.rules.examples import merged, plan_of, sound_value

LIVES = 40_000
PARTS = ((5, 0.95, 0.05), (14, 0.45, 0.45), (2, 0.3, 0.7), (92, 0.1, 0.9))
"""Canary, test and both stages of the sound plan: days, and shares of control and treatment."""


def changed(**patch: object) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def error_of(chance: float) -> float:
    return math.sqrt(chance * (1 - chance) / LIVES)


class TestWatch:
    def test_canary_test_and_ramp_until_the_holdout_ends(self) -> None:
        parts = watch(changed())
        found = [(part.days, part.control, part.treatment) for part in parts]
        assert found == [pytest.approx(part) for part in PARTS]
        assert [part.first for part in parts] == [
            date(2023, 1, 18), date(2023, 1, 23), date(2023, 2, 6), date(2023, 2, 8),
        ]  # fmt: skip
        assert parts[-1].last == date(2023, 5, 10)
        assert watched_weeks(changed()) == 113 // 7

    def test_without_stages_the_test_is_all(self) -> None:
        [part] = watch(changed(canary=None, ramp=[], holdout=None))
        assert (part.first, part.days) == (date(2023, 1, 23), 14)

    def test_a_rollout_has_no_test(self) -> None:
        parts = watch(changed(type="rollout", canary=None))
        assert [part.treatment for part in parts] == pytest.approx([0.7, 0.9])
        assert parts[0].first == date(2023, 1, 23)

    def test_where_all_are_treated_nothing_is_compared(self) -> None:
        ramp = [{"treated": "70%", "min_dwell": "2d"}, {"treated": "100%", "min_dwell": "2d"}]
        parts = watch(changed(ramp=ramp, canary=None))
        assert [part.treatment for part in parts] == pytest.approx([0.45, 0.7])

    def test_each_treatment_of_a_test_is_compared(self) -> None:
        variants = [
            {"id": "c", "weight": "40%", "control": True},
            {"id": "a", "weight": "40%"},
            {"id": "b", "weight": "20%"},
        ]
        canary, test, *_ = watch(changed(variants=variants))
        assert (canary.treatments, test.treatments) == (2, 2)
        assert canary.treatment == pytest.approx(0.05 / 3)
        assert test.treatment == pytest.approx(0.18)


class TestAgainstRandomWalks:
    def test_a_posterior_rule_in_every_part(self) -> None:
        plan = changed(stop_rules={0: {"harm_exceeds": "3%"}})
        generator = numpy.random.default_rng(20230117)
        fired = numpy.zeros(LIVES, dtype=bool)
        harm, variance = 0.03 * 0.031, 0.031 * 0.969
        for days, control, treatment in PARTS:
            per_day = 340_000 / 14
            # The harm summed over days, each weighed alike, and its variance after so many of them.
            of_a_day = variance * (1 / (per_day * control) + 1 / (per_day * treatment))
            sums = numpy.cumsum(generator.normal(0, math.sqrt(of_a_day), (LIVES, days)), axis=1)
            number = numpy.arange(1, days + 1)
            z = (sums / number - harm) / numpy.sqrt(of_a_day / number)
            fired |= ((z >= z_upper(0.05)) & (number * per_day * min(control, treatment) >= 20_000)).any(
                axis=1
            )
        exact, pairs, most = (posterior_alarm(plan, 0, 0.95, how).chance for how in ("exact", "pairs", "sum"))
        assert exact == pytest.approx(fired.mean(), abs=4 * error_of(exact))
        assert exact <= pairs <= most
        assert pairs < 1.4 * exact

    def test_days_in_a_row_across_parts(self) -> None:
        plan = changed(stop_rules={2: {"harm_exceeds": "9%"}})
        generator = numpy.random.default_rng(20230118)
        bad = []
        for days, control, treatment in PARTS:
            error = 5.2 * math.sqrt(1 / (41_000 * control) + 1 / (41_000 * treatment))
            exceeds = generator.normal(0, error, (LIVES, days)) > 0.09 * 1.9
            heard = numpy.arange(1, days + 1) * 41_000 * min(control, treatment) >= 5_000
            bad.append(exceeds & heard)
        together = numpy.concatenate(bad, axis=1)
        fired = (together[:, 1:] & together[:, :-1]).any(axis=1).mean()
        exact, most = (days_alarm(plan, 2, 2, how).chance for how in ("exact", "sum"))
        assert exact == pytest.approx(fired, abs=4 * error_of(exact))
        assert exact <= most < 1.5 * exact

    def test_weeks_of_three_guardrails(self) -> None:
        plan = changed()
        generator = numpy.random.default_rng(20230119)
        bad = generator.normal(0, 1, (LIVES, 3, watched_weeks(plan))) > z_upper(weekly_level(plan, BAD_WEEKS))
        fired = (bad[:, :, 1:] & bad[:, :, :-1]).any(axis=(1, 2)).mean()
        assert weekly_alarm(plan) == WEEKLY_FALSE_ALARM
        assert 0.9 * WEEKLY_FALSE_ALARM - 4 * error_of(0.01) < fired < WEEKLY_FALSE_ALARM + 4 * error_of(0.01)


class TestWeeklyLevel:
    def test_the_example_of_the_page(self) -> None:
        assert weekly_level(changed(canary=None), 2) == pytest.approx(math.sqrt(0.01 / (3 * 14)))

    def test_more_weeks_in_a_row_may_each_show_less(self) -> None:
        levels = [
            weekly_level(changed(stop_rules={1: {"significant_harm_for": f"{k}w"}}), k) for k in (1, 2, 3)
        ]
        assert levels == sorted(levels)
        assert levels[0] == pytest.approx(0.01 / (4 * 16))

    def test_never_above_the_plans_own_level(self) -> None:
        short = changed(canary=None, ramp=[], holdout=None)
        assert weekly_level(short, 2) == 0.05
        assert weekly_level(short, 3) == 0.05

    def test_every_treatment_is_watched(self) -> None:
        variants = [
            {"id": "c", "weight": "40%", "control": True},
            {"id": "a", "weight": "30%"},
            {"id": "b", "weight": "30%"},
        ]
        one, two = weekly_level(changed(), 2), weekly_level(changed(variants=variants), 2)
        assert two == pytest.approx(one / math.sqrt(2))


def test_no_bound_is_below_the_chance() -> None:
    for harm, least in (("0%", 1_000), ("2%", 20_000), ("5%", 60_000)):
        plan = changed(stop_rules={0: {"harm_exceeds": harm, "min_units_per_variant": least}})
        chances = [posterior_alarm(plan, 0, 0.95, how).chance for how in HOW]
        assert chances == sorted(chances, reverse=True)


def test_each_treatment_has_the_chance() -> None:
    three = [
        {"id": "c", "weight": "50%", "control": True},
        {"id": "a", "weight": "25%"},
        {"id": "b", "weight": "25%"},
    ]
    two = [{"id": "c", "weight": "66.6666666667%", "control": True}, {"id": "a", "weight": "33.3333333333%"}]
    test_alone: dict[str, object] = {"canary": None, "ramp": [], "holdout": None}
    # The same two arms, alone and beside a third: exposures make up for the weights.
    several = changed(variants=three, **test_alone)
    alone = changed(variants=two, schedule={"exposure": "67.5%"}, **test_alone)
    posterior = [posterior_alarm(plan, 0, 0.95, "exact").chance for plan in (alone, several)]
    days = [days_alarm(plan, 2, 2, "exact").chance for plan in (alone, several)]
    for chance_alone, chance_of_two in (posterior, days):
        assert chance_of_two == pytest.approx(2 * chance_alone, rel=1e-6)
