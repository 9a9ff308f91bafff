"""How often stop rules fire without harm, over a whole watch: against random walks, and bounds against the chance."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm

from egp.gate.checks import complete_data
from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.analysis.false_alarms import (
    BY_CHANCE,
    HOW,
    SILENCE,
    days_alarm,
    harm_alarm,
    limit_alarm,
    limits,
    posterior_alarm,
    silence_alarm,
    weekly_alarm,
)
from egp.plan.analysis.stop_rules import BAD_WEEKS, weekly_level
from egp.plan.analysis.watch import watch, watched_weeks
from egp.plan.experiment import Experiment
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


def alike(generator: numpy.random.Generator, shape: tuple[int, ...], correlation: float) -> NDArray[Any]:
    """Standard normals, all of the last axis with the same correlation: a part that stays and a part of each."""
    stays = generator.normal(0, 1, (*shape[:-1], 1))
    return math.sqrt(correlation) * stays + math.sqrt(1 - correlation) * generator.normal(0, 1, shape)


class TestAgainstRandomWalks:
    def test_a_posterior_rule_in_every_part(self) -> None:
        plan = changed(stop_rules={0: {"harm_exceeds": "3%"}})
        generator = numpy.random.default_rng(20230117)
        fired = numpy.zeros(LIVES, dtype=bool)
        harm, variance = 0.03 * 0.031, 0.031 * 0.969
        for days, control, treatment in PARTS:
            per_day = 340_000 / 14
            # The harm summed over days, each weighed alike, and its variance after so many of them.
            of_a_day = variance * (1.03**2 / (per_day * control) + 1 / (per_day * treatment))
            sums = numpy.cumsum(generator.normal(0, math.sqrt(of_a_day), (LIVES, days)), axis=1)
            number = numpy.arange(1, days + 1)
            z = (sums / number - harm) / numpy.sqrt(of_a_day / number)
            fired |= ((z >= z_upper(0.05)) & (number * per_day * min(control, treatment) >= 20_000)).any(
                axis=1
            )
        exact, pairs, most = (posterior_alarm(plan, 0, 0.95, how).chance for how in ("exact", "pairs", "sum"))
        assert exact == pytest.approx(fired.mean(), abs=4 * error_of(exact))
        assert posterior_alarm(plan, 0, 0.95, "few").chance <= exact <= pairs <= most
        assert pairs < 1.4 * exact

    @pytest.mark.parametrize("correlation", [0.0, 0.1, 0.3])
    def test_days_in_a_row_across_parts(self, correlation: float) -> None:
        """Days are alike within a part; two that meet where parts do are taken for alike, too, and those are few."""
        plan = changed(stop_rules={2: {"harm_exceeds": "9%"}})
        generator = numpy.random.default_rng(20230118)
        bad = []
        for days, control, treatment in PARTS:
            error = 5.2 * math.sqrt(1.09**2 / (41_000 * control) + 1 / (41_000 * treatment))
            exceeds = error * alike(generator, (LIVES, days), correlation) > 0.09 * 1.9
            heard = numpy.arange(1, days + 1) * 41_000 * min(control, treatment) >= 5_000
            bad.append(exceeds & heard)
        together = numpy.concatenate(bad, axis=1)
        fired = (together[:, 1:] & together[:, :-1]).any(axis=1).mean()
        levels = LEVELS._replace(day_correlation=correlation)
        exact, most = (days_alarm(plan, 2, 2, how, levels).chance for how in ("exact", "sum"))
        assert -4 * error_of(exact) < exact - fired < 4 * error_of(exact) + 0.02
        assert exact <= most < 2.5 * exact

    @pytest.mark.parametrize("correlation", [0.0, 0.2, 0.4])
    def test_weeks_of_three_guardrails(self, correlation: float) -> None:
        plan, levels = changed(), LEVELS._replace(week_correlation=correlation)
        generator = numpy.random.default_rng(20230119)
        weeks = alike(generator, (LIVES, 3, watched_weeks(plan)), correlation)
        bad = weeks > z_upper(weekly_level(plan, BAD_WEEKS, levels))
        fired = (bad[:, :, 1:] & bad[:, :, :-1]).any(axis=(1, 2)).mean()
        assert weekly_alarm(plan, levels) == levels.weekly_false_alarm
        assert fired < 0.01 + 4 * error_of(0.01)
        assert fired > (0.9 if correlation == 0 else 0.4) * 0.01 - 4 * error_of(0.01)

    def test_an_hourly_rule_is_bounded_by_a_watch_without_a_pause(self) -> None:
        plan = changed(
            stop_rules={0: {"harm_exceeds": "2%", "evaluated": "hourly"}}, canary=None, ramp=[], holdout=None
        )
        generator = numpy.random.default_rng(20230120)
        lives, hours = 20_000, 14 * 24
        units = 340_000 / 14 / 24 * 0.45
        of_an_hour = 0.031 * 0.969 * (1.02**2 + 1) / units
        number = numpy.arange(1, hours + 1)
        sums = numpy.cumsum(generator.normal(0, math.sqrt(of_an_hour), (lives, hours)), axis=1)
        z = (sums / number - 0.02 * 0.031) / numpy.sqrt(of_an_hour / number)
        fired = ((z >= z_upper(0.05)) & (number * units >= 20_000)).any(axis=1).mean()
        alarm = posterior_alarm(plan, 0, 0.95, "exact")
        assert alarm.is_most
        assert alarm.number == (number * units >= 20_000).sum()
        assert -4 * error_of(fired) < alarm.chance - fired < 0.15 * fired + 4 * error_of(fired)

    @pytest.mark.parametrize(("most", "rough"), [("3.13%", 0.29), ("3.2%", 0.11), ("3.5%", 0.01)])
    def test_a_limit_in_every_part(self, most: str, rough: float) -> None:
        plan = changed(guardrail_metrics={0: {"limit": {"max": most}}})
        limited = next(iter(limits(plan)))
        generator = numpy.random.default_rng(20230121)
        fired = numpy.zeros(LIVES, dtype=bool)
        variance, bound = 0.031 * 0.969, float(most.rstrip("%")) / 100
        for days, _, treatment in PARTS:
            of_a_day = variance / (340_000 / 14 * treatment)
            sums = numpy.cumsum(generator.normal(0, math.sqrt(of_a_day), (LIVES, days)), axis=1)
            number = numpy.arange(1, days + 1)
            z = (0.031 + sums / number - bound) / numpy.sqrt(of_a_day / number)
            fired |= (z > z_upper(0.05)).any(axis=1)
        exact = limit_alarm(plan, limited, "exact", LEVELS).chance
        assert exact == pytest.approx(fired.mean(), abs=4 * error_of(exact))
        assert exact == pytest.approx(rough, rel=0.2)

    def test_the_alarm_that_holds(self) -> None:
        plan = changed()
        generator = numpy.random.default_rng(20230122)
        lives = 10_000
        held = numpy.zeros(lives, dtype=bool)
        for days, _, _ in PARTS:
            sums = numpy.cumsum(generator.normal(0, 1, (lives, 3, days)), axis=2)
            z = sums / numpy.sqrt(numpy.arange(1, days + 1))
            held |= (z > z_upper(0.05 / 3)).any(axis=(1, 2))
        expected = held.mean()
        assert harm_alarm(plan, LEVELS).chance == pytest.approx(
            expected, abs=4 * math.sqrt(expected * (1 - expected) / lives)
        )


def test_units_that_come_in_drops_are_hardly_ever_silent_by_chance() -> None:
    """Where all of nine treated units a day may stay away on two days by chance, the gate does not call it silence."""
    assert (complete_data.Params.max_silence, complete_data.BY_CHANCE) == (SILENCE, BY_CHANCE)
    alone: dict[str, object] = {"canary": None, "ramp": [], "holdout": None}
    few = {"distinct_over_run": 200, "per_day": 12, "source": "s", "as_of": "2023-01-10"}
    assert silence_alarm(changed(eligible_units=few, **alone)) == pytest.approx(14 * BY_CHANCE)
    more = {**few, "per_day": 20}
    assert silence_alarm(changed(eligible_units=more, **alone)) == pytest.approx(
        14 * math.exp(-2 * 20 * 0.45)
    )
    assert silence_alarm(changed()) < 1e-12


class TestWeeklyLevel:
    def test_the_example_of_the_page(self) -> None:
        level = weekly_level(changed(canary=None), 2, LEVELS)
        both = multivariate_normal([0, 0], [[1, 0.2], [0.2, 1]]).cdf([norm.ppf(level)] * 2)
        assert both == pytest.approx(0.01 / (3 * 14), rel=1e-6)
        assert round(level, 4) == 0.0081
        independent = LEVELS._replace(week_correlation=0.0)
        assert weekly_level(changed(canary=None), 2, independent) == pytest.approx(math.sqrt(0.01 / (3 * 14)))

    def test_more_weeks_in_a_row_may_each_show_less(self) -> None:
        levels = [
            weekly_level(changed(stop_rules={1: {"significant_harm_for": f"{k}w"}}), k, LEVELS)
            for k in (1, 2, 3)
        ]
        assert levels == sorted(levels)
        assert levels[0] == pytest.approx(0.01 / (4 * 16))

    def test_never_above_the_policys_level(self) -> None:
        short = changed(canary=None, ramp=[], holdout=None)
        assert weekly_level(short, 2, LEVELS) < weekly_level(short, 3, LEVELS) == LEVELS.harm_alpha

    @pytest.mark.parametrize("declared", ["0.0000001%", "5%", None])
    def test_a_plan_has_no_say_in_it(self, declared: str | None) -> None:
        plan = changed(statistics={"guardrail_alpha": declared})
        assert weekly_level(plan, 2, LEVELS) == weekly_level(changed(), 2, LEVELS)

    def test_every_treatment_is_watched(self) -> None:
        variants = [
            {"id": "c", "weight": "40%", "control": True},
            {"id": "a", "weight": "30%"},
            {"id": "b", "weight": "30%"},
        ]
        independent = LEVELS._replace(week_correlation=0.0)
        one, two = (weekly_level(plan, 2, independent) for plan in (changed(), changed(variants=variants)))
        assert two == pytest.approx(one / math.sqrt(2))


def test_more_days_in_a_row_than_there_are_never_come() -> None:
    """Not even in small numbers: a rule that asks for thousands of days is answered without going through them."""
    for how in ("exact", "sum"):
        alarm = days_alarm(changed(), 2, 100_000, how, LEVELS)
        assert alarm.chance == 0
        assert alarm.number < 200


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
    days = [days_alarm(plan, 2, 2, "exact", LEVELS).chance for plan in (alone, several)]
    for chance_alone, chance_of_two in (posterior, days):
        assert chance_of_two == pytest.approx(2 * chance_alone, rel=1e-6)
