"""How often the stop rules of a plan fire without harm, over the whole watch.

The parts of the watch are data of their own, and count as independent; where a part compares several treatments, each
has the chance. Bounds that hold in any case come first, because nearly all plans need no more; the exact chance takes
a hundred times as long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from egp import stats
from egp.analysis.stop_rules import (
    WEEKLY_FALSE_ALARM,
    evaluations,
    posterior_bounds,
    standard_error,
    stop_rule_harm,
    stop_rule_metric,
)
from egp.analysis.traffic import daily_eligible_units
from egp.analysis.watch import Watched, watch
from egp.finding import NotChecked, need

if TYPE_CHECKING:
    from egp.experiment import Experiment

How = Literal["sum", "pairs", "exact"]
"""Sum over all evaluations, sum over what each adds to the one before, and the exact chance."""

HOW: tuple[How, ...] = ("sum", "pairs", "exact")

MOST_EVALUATIONS = 60
"""Evaluations that the exact chance is computed with. What sixty miss is small, and hundreds take seconds."""

MOST_SUMMED = 400
"""Evaluations, or days of a part, that are gone through one by one."""

CERTAIN_Z = -8.0
"""A bound so far below 0 is crossed at once."""


class FalseAlarm(NamedTuple):
    """The chance that a stop rule fires at some time of the watch, though there is no harm."""

    chance: float
    """Exact, or an upper bound of it."""
    is_least: bool = False
    """Whether some of very many evaluations are left out."""
    number: int = 0
    """Evaluations, or days."""
    of_a_day: float = 0.0
    """The largest chance that a day is beyond the harm."""


def posterior_alarm(plan: Experiment, position: int, probability: float, how: How) -> FalseAlarm:
    """Of a rule on a posterior probability, evaluated from its minimum of units on in each part."""
    evaluated = need(plan.stop_rules[position].evaluated, "stop_rules", position, "evaluated")
    if probability >= 1:
        return FalseAlarm(0.0)
    silent, number, is_least = 1.0, 0, False
    for part in watch(plan):
        looks = evaluations(plan, position, evaluated, part)
        if not looks.number:
            continue
        is_exact = how == "exact" or looks.number > MOST_SUMMED
        information = looks.information(MOST_EVALUATIONS if is_exact else MOST_SUMMED)
        chance = 1.0
        if probability > 0:
            bounds = posterior_bounds(plan, position, probability, part, information)
            chance = _crossing(bounds, information, "exact" if is_exact else how)
        silent *= 1 - min(1.0, part.treatments * chance)
        number += looks.number
        is_least |= looks.number > len(information)
    return FalseAlarm(1 - silent, is_least, number)


def _crossing(bounds: Sequence[float], information: Sequence[float], how: How) -> float:
    if min(bounds) < CERTAIN_Z:
        return 1.0
    if how == "sum":
        return min(1.0, math.fsum(map(stats.normal_sf, bounds)))
    if how == "pairs":
        return stats.most_crossing_probability(bounds, information)
    return stats.sequential_characteristics(bounds, information, 0.0, sides=1).power


def days_alarm(plan: Experiment, position: int, days: int, how: How) -> FalseAlarm:
    """Of a rule that asks for so many days in a row, each beyond the harm by chance alike and by itself."""
    if days < 1:
        raise NotChecked(("stop_rules", position, "for"))
    parts = [
        (part, _chance_of_a_day(plan, position, part), _silent_days(plan, position, part))
        for part in watch(plan)
    ]
    number = sum(max(0, part.days - silent) for part, _, silent in parts)
    noisiest = max((of_a_day for _, of_a_day, _ in parts), default=0.0)
    if how == "sum":
        return FalseAlarm(_most_runs(parts, days), False, number, noisiest)
    chance = stats.consecutive_windows_probability(_windows(parts), days)
    for each in parts:
        if each[0].treatments > 1:
            alone = stats.consecutive_windows_probability(_windows([each]), days)
            chance += (each[0].treatments - 1) * alone
    is_least = any(part.days > MOST_SUMMED for part, _, _ in parts)
    return FalseAlarm(min(1.0, chance), is_least, number, noisiest)


def _most_runs(parts: Sequence[tuple[Watched, float, int]], days: int) -> float:
    """Sum over all places where a run can end: in a part alone, or begun in the one before."""
    most, before = 0.0, 0.0
    for part, of_a_day, silent in parts:
        ends = max(0, part.days - silent)
        begun_before = min(ends, days - 1) * max(before, of_a_day) ** days if before else 0.0
        most += part.treatments * (ends * of_a_day**days + begun_before)
        before = of_a_day
    return min(1.0, most)


def _chance_of_a_day(plan: Experiment, position: int, part: Watched) -> float:
    path, metric = stop_rule_metric(plan, position)
    error = standard_error(plan, metric, path, part, daily_eligible_units(plan))
    return stats.normal_sf(stop_rule_harm(plan, position) / error)


def _silent_days(plan: Experiment, position: int, part: Watched) -> int:
    """Days before the one with which the minimum of units is reached; the units of a day count on every day."""
    path = ("stop_rules", position, "min_units_per_variant")
    least = need(plan.stop_rules[position].min_units_per_variant, *path)
    return max(0, math.ceil(least / (daily_eligible_units(plan) * part.smallest) - 1e-9) - 1)


def _windows(parts: Sequence[tuple[Watched, float, int]]) -> list[float]:
    """The chance of every day, one of 0 for days between two parts."""
    chances: list[float] = []
    before: Watched | None = None
    for part, of_a_day, silent in parts:
        if before is not None and part.first - before.last != timedelta(days=1):
            chances.append(0.0)
        days = min(part.days, MOST_SUMMED)
        chances += [0.0] * min(silent, days) + [of_a_day] * max(0, days - silent)
        before = part
    return chances


def weekly_alarm(plan: Experiment) -> float:
    """Of all rules that ask for weeks, the one that holds for every plan included."""
    by_weeks = any(rule.significant_harm_for is not None for rule in plan.stop_rules)
    return WEEKLY_FALSE_ALARM if by_weeks or plan.guardrail_metrics else 0.0
