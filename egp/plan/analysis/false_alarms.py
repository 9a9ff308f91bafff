"""How often a treatment is withdrawn without harm, over the whole watch: by stop rules, limits, bad weeks, silence.

The parts of the watch have units of their own, counted once each where an alarm sums them up, and count as independent
there; units that stay in their arm make the parts alike, and firing in any of them rarer. Where a part compares several
treatments, each has the chance. Bounds that hold in any case come first, because nearly all plans need no more; the exact
chance takes a hundred times as long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.registered import baseline_of, segment_share
from egp.plan.analysis.stop_rules import (
    Evaluations,
    control_stretch,
    evaluations,
    evaluations_from,
    posterior_bounds,
    spread_of,
    standard_error,
    stop_rule_harm,
    stop_rule_metric,
)
from egp.plan.analysis.traffic import daily_eligible_units
from egp.plan.analysis.watch import WatchedPart, treated, units_of, watch
from egp.plan.finding import NotChecked, need
from egp.stats.hints import Literal
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import Measure
    from egp.yaml import Path

How = Literal["sum", "pairs", "exact", "few"]
"""Sum over all evaluations, sum over what each adds to the one before, and the exact chance; or that of a few evaluations alone, which is less."""

BOUNDS: tuple[How, ...] = ("sum", "pairs")
HOW: tuple[How, ...] = (*BOUNDS, "exact")

MOST_EXACT = 120
"""Evaluations up to which the exact chance is computed; more are counted as a watch without a pause."""

MOST_SUMMED = 5_000
"""Evaluations, or days of a part, that are counted one by one."""

STEP, MOST_STEPS = 1.5, 40
"""Growth of the information between two points of a watch without a pause, and how many such points there are."""

CERTAIN_Z = -8.0
"""A bound so far below 0 is crossed at once."""

SILENCE = timedelta(hours=48)
"""Time without a unit of the treatment after which the gate may withdraw it."""

_OF_MANY = 10
"""One in so many evaluations, the last among them, is a few of them."""

BY_CHANCE = 1e-6
"""A treatment that stays away by a larger chance is not silent."""


class FalseAlarm(NamedTuple):
    """The chance that an alarm sounds at some time of the watch, though there is no harm."""

    chance: float
    """Exact, or an upper bound of it."""
    is_most: bool = False
    """Whether it is a bound even where the exact chance was requested."""
    number: int = 0
    """Evaluations, or days."""
    of_a_day: float = 0.0
    """The largest chance that a day is beyond the harm."""


def posterior_alarm(plan: Experiment, position: int, probability: float, how: How) -> FalseAlarm:
    """Of a rule on a posterior probability, evaluated from its minimum of units on in each part."""
    evaluated = need(plan.stop_rules[position].evaluated, "stop_rules", position, "evaluated")
    if probability >= 1:
        return FalseAlarm(0.0)

    def bounds(part: WatchedPart, information: Sequence[float]) -> Sequence[float]:
        # Between two points a bound below one half bends the other way, so that no line keeps below it.
        if probability <= 0 or (probability < 0.5 and evaluated == "hourly"):
            return [-math.inf] * len(information)
        return posterior_bounds(plan, position, probability, part, information)

    parts = [(part, evaluations(plan, position, evaluated, part)) for part in watch(plan)]
    return _repeated(parts, bounds, how)


def keeps_within(alarm: Callable[[How], FalseAlarm], room: float) -> bool:
    """Whether the chance is at most the room; the exact one is worked out only where neither bounds nor a few evaluations decide."""
    if any(alarm(how).chance <= room for how in BOUNDS):
        return True
    return alarm("few").chance <= room and alarm("exact").chance <= room


def _repeated(
    parts: Sequence[tuple[WatchedPart, Evaluations]],
    bounds: Callable[[WatchedPart, Sequence[float]], Sequence[float]],
    how: How,
) -> FalseAlarm:
    """Of a test on all units of a part so far, repeated at each evaluation; ``bounds`` are those of z."""
    silent, number, is_most = 1.0, 0, False
    for part, looks in parts:
        if not looks.number:
            continue
        is_watched_throughout = looks.number > (MOST_SUMMED if how == "sum" else MOST_EXACT)
        information = looks.milestones(STEP, MOST_STEPS) if is_watched_throughout else looks.information
        at_them = bounds(part, information)
        chance = (
            _at_any_moment(at_them, information)
            if is_watched_throughout
            else _at_evaluations(at_them, information, how)
        )
        silent *= 1 - min(1.0, part.treatments * chance)
        number += looks.number
        is_most |= is_watched_throughout
    return FalseAlarm(1 - silent, is_most, number)


def _at_any_moment(bounds: Sequence[float], information: Sequence[float]) -> float:
    if min(bounds) < CERTAIN_Z:
        return 1.0
    return stats.continuous_crossing_probability(bounds, information)


def _at_evaluations(bounds: Sequence[float], information: Sequence[float], how: How) -> float:
    if min(bounds) < CERTAIN_Z:
        return 1.0
    if how == "sum":
        return min(1.0, math.fsum(map(stats.normal_sf, bounds)))
    if how == "pairs":
        return stats.most_crossing_probability(bounds, information)
    if how == "few":
        every = slice((len(bounds) - 1) % _OF_MANY, None, _OF_MANY)
        bounds, information = bounds[every], information[every]
    return stats.alarm_probability(bounds, information)


def days_alarm(plan: Experiment, position: int, days: int, how: How, levels: AlarmLevels) -> FalseAlarm:
    """Of a rule that requires so many days in a row, each beyond the harm by chance alone.

    Days of a part share units, and are all alike; a run may begin in the part before.
    """
    if days < 1:
        raise NotChecked(("stop_rules", position, "for"))
    parts = [
        (part, _bound_of_a_day(plan, position, part), max(0, part.days - _silent_days(plan, position, part)))
        for part in watch(plan)
    ]
    number = sum(ends for _, _, ends in parts)
    noisiest = max((stats.normal_sf(bound) for _, bound, _ in parts), default=0.0)
    if days > number:
        return FalseAlarm(0.0, False, number, noisiest)  # there are never so many days
    chance, before, is_most = 0.0, math.inf, False
    for part, bound, ends in parts:
        one = _all_beyond(min(bound, before), days, levels.day_correlation)
        chance += min(ends, days - 1) * one if before < math.inf else 0.0
        if how == "exact" and ends <= MOST_SUMMED:
            inside = stats.alike_windows_probability([bound] * ends, days, levels.day_correlation)
        else:
            inside = max(0, ends - days + 1) * _all_beyond(bound, days, levels.day_correlation)
            is_most |= how == "exact"
        chance += part.treatments * min(1.0, inside)
        before = bound
    return FalseAlarm(min(1.0, chance), is_most, number, noisiest)


def _all_beyond(bound: float, days: int, correlation: float) -> float:
    return stats.alike_windows_probability([bound] * days, days, correlation)


def _bound_of_a_day(plan: Experiment, position: int, part: WatchedPart) -> float:
    path, metric = stop_rule_metric(plan, position)
    stretch = control_stretch(plan, position)
    error = standard_error(plan, metric, path, part, daily_eligible_units(plan), stretch)
    return stop_rule_harm(plan, position) / error


def _silent_days(plan: Experiment, position: int, part: WatchedPart) -> int:
    """Days before the one with which the minimum of units is reached; the units of a day count on every day."""
    path = ("stop_rules", position, "min_units_per_variant")
    least = need(plan.stop_rules[position].min_units_per_variant, *path)
    return max(0, math.ceil(least / (daily_eligible_units(plan) * part.smallest) - 1e-9) - 1)


def weekly_alarm(plan: Experiment, levels: AlarmLevels) -> float:
    """Of all rules that require weeks, the one that holds for every plan included: at most what the policy allows."""
    by_weeks = any(rule.significant_harm_for is not None for rule in plan.stop_rules)
    return levels.weekly_false_alarm if by_weeks or any(plan.guardrails) else 0.0


# Limits.


class Limited(NamedTuple):
    """One side of a metric's limit."""

    path: Path
    metric: Metric
    bound: Measure
    sign: int
    """1 for a maximum, -1 for a minimum."""

    @property
    def at(self) -> Path:
        return (*self.path, "limit", "max" if self.sign > 0 else "min")

    @property
    def room(self) -> float:
        """From the baseline to the limit; below 0 where the baseline breaks it."""
        return self.sign * (self.bound.value - baseline_of(self.metric, self.path).value)

    @property
    def rolls_back(self) -> bool:
        return self.metric.action not in ("hold", "monitor")


def limits(plan: Experiment) -> Iterator[Limited]:
    """Every limit of the plan that is in its metric's unit."""
    for path, metric in plan.metrics:
        if metric.limit is None:
            continue
        for bound, sign in ((metric.limit.max, 1), (metric.limit.min, -1)):
            if bound is not None and (metric.baseline is None or bound.unit == metric.baseline.unit):
                yield Limited(path, metric, bound, sign)


def limit_alarm(
    plan: Experiment, limited: Limited, how: How, levels: AlarmLevels, room: float | None = None
) -> FalseAlarm:
    """Of a limit so far from the baseline, judged from the first evaluation of each part on; a stage that treats
    everyone is one of them."""
    room = limited.room if room is None else room
    metric, z = limited.metric, stats.z_upper(levels.limit_alpha)
    spread = spread_of(plan, metric, limited.path)

    def bounds(part: WatchedPart, information: Sequence[float]) -> Sequence[float]:
        units = units_of(plan, part) * part.treatment * segment_share(plan, metric)
        if units <= 0:
            raise NotChecked(("eligible_units",))
        return [room * math.sqrt(share * units) / spread + z for share in information]

    evaluated = usual_evaluation(plan)
    return _repeated(
        [(part, evaluations_from(plan, 0, evaluated, part)) for part in treated(plan)], bounds, how
    )


def usual_evaluation(plan: Experiment) -> Literal["hourly", "daily"]:
    """How often the gate is called: every day, or as often as a stop rule requires."""
    return "hourly" if any(rule.evaluated == "hourly" for rule in plan.stop_rules) else "daily"


# Silence, and the alarm that holds.


def silence_alarm(plan: Experiment) -> float:
    """Chance that no unit of a treatment comes for so long, beside a control that is heard of, that it is withdrawn: a
    bound, units of a day as a Poisson number. A share so small that they may all stay away is not taken for silent."""
    per_day = daily_eligible_units(plan)
    days = SILENCE / timedelta(days=1)
    of_parts = (
        part.treatments * part.days * min(BY_CHANCE, math.exp(-days * per_day * part.treatment))
        for part in watch(plan)
    )
    return min(1.0, math.fsum(of_parts))


def harm_alarm(plan: Experiment, levels: AlarmLevels) -> FalseAlarm:
    """Of the alarm that holds a stage, where the gate is called every day, guardrails and treatments taken as
    independent: any of them beyond the level over all of them."""
    guardrails = len(list(plan.guardrails))
    quiet, number, is_most = 1.0, 0, False
    for part in watch(plan):
        tests = guardrails * part.treatments
        if not tests:
            continue
        looks = evaluations_from(plan, 0, usual_evaluation(plan), part)
        bound = stats.z_upper(levels.harm_alpha / tests)
        alarm = _repeated([(part._replace(treatments=1), looks)], _constant(bound), "exact")
        quiet *= (1 - alarm.chance) ** tests
        number += looks.number
        is_most |= alarm.is_most
    return FalseAlarm(1 - quiet, is_most, number)


def _constant(bound: float) -> Callable[[WatchedPart, Sequence[float]], Sequence[float]]:
    return lambda _, information: [bound] * len(information)
