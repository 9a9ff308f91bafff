"""What a plan's test of the primary metric would tell on a given day of its run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from egp import stats
from egp.advice.options.levers import policy_power, units_after
from egp.plan.analysis.days import day_after, exposed_days, first_day, schedule_of, unpaused, weekday_counts
from egp.plan.analysis.registered import (
    PRIMARY,
    comparisons,
    detectable_at,
    direction_of,
    has_primary_test,
    metric_units,
    power_at,
    primary_at,
    primary_effect,
    primary_test,
    size_of,
)
from egp.plan.analysis.traffic import smallest_share
from egp.plan.finding import NotChecked
from egp.plan.wording import WEEKDAYS, at_least_like, listing, times_over

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.experiment import Experiment


MOST_DAYS = 366
"""Days of a run that are told one by one; every day of a longer one would take long to compute."""


class Day(NamedTuple):
    """A day of exposure, and what a reading at its end would be worth."""

    number: int
    """Days of exposure so far, this one included."""
    last: date
    units: float
    """Units of the smallest variant."""
    power: float
    """Of one look on this day, at the MDE."""
    detectable: str
    """The effect that is found with the power asked for, as the plan would write it; empty where there is none."""
    exaggeration: float
    """How many times its size a significant effect of the MDE looks on average."""
    of_half: float
    """The same of a true effect half as large."""
    wrong_sign: float
    """P(a significant effect points the wrong way), at the MDE."""
    weekdays: tuple[int, ...]
    """How often each weekday was exposed, from Monday."""


def planned_days(plan: Experiment) -> int:
    """Days of exposure of the plan."""
    return sum(run.days for run in exposed_days(plan))


def least_days(case: Case) -> int:
    """Days of a run that is whole: the plan's, or what the policy asks if that is more."""
    asked: int = case.option_of("minimum-runtime", "days") or 0
    days = max(planned_days(case.plan), asked)
    if days > MOST_DAYS:
        raise NotChecked(
            ("schedule", "end"), f"a run of {days:,} days is longer than a year", "correct `schedule.end`"
        )
    return days


def last_of(plan: Experiment, number: int) -> date:
    """The day on which so many days of exposure are complete, if the run goes on."""
    first, pauses = first_day(plan), schedule_of(plan).pauses
    last = day_after(first, number - 1)
    while (days := sum(run.days for run in unpaused(first, last, pauses))) < number and last < date.max:
        last = day_after(last, number - days)
    return last


def day_at(case: Case, number: int) -> Day:
    """What the test would tell after so many days of exposure. Raises NotChecked for what the plan does not say."""
    plan = case.plan
    if not has_primary_test(plan) or plan.type == "non_inferiority":
        raise NotChecked(
            ("primary_metric", "mde"), "only a test of superiority can be stopped on a success", ""
        )
    last = last_of(plan, number)
    units = units_after(plan, number) * smallest_share(plan)
    effect = primary_effect(plan)
    test, error = primary_test(plan), effect_error(plan, units)
    worth, half = (stats.type_m(size, error, test.alpha, test.sides) for size in (effect, effect / 2))
    counts = weekday_counts(unpaused(first_day(plan), last, schedule_of(plan).pauses))
    return Day(
        number=number,
        last=last,
        units=units,
        power=power_at(plan, effect, units),
        detectable=_detectable(case, units),
        exaggeration=worth.exaggeration,
        of_half=half.exaggeration,
        wrong_sign=worth.type_s,
        weekdays=tuple(counts),
    )


def effect_error(plan: Experiment, units: float) -> float:
    """Standard error of the primary's estimate when the smallest variant has so many units, CUPED included.

    An effect that is found half of the time lies at the critical value, so it is that many standard errors.
    """
    test = primary_test(plan)
    direction = direction_of(primary_at(plan, PRIMARY), PRIMARY)
    seen = metric_units(plan, primary_at(plan, PRIMARY), units)
    if seen <= 0:
        raise NotChecked((*PRIMARY, "outcome_window"))
    at_critical = stats.detectable_effect(test, 0.5, seen, direction)
    return at_critical / stats.z_upper(test.alpha / test.sides)


def _detectable(case: Case, units: float) -> str:
    metric = primary_at(case.plan, PRIMARY)
    if metric.mde is None:
        return ""
    try:
        return at_least_like(detectable_at(case.plan, policy_power(case), units), metric.mde, metric.baseline)
    except (NotChecked, ArithmeticError, stats.StatisticsInputError):
        return ""


def target_exaggeration(case: Case, units: float) -> tuple[str, float] | None:
    """The business target and its exaggeration, where the plan hopes for less than its MDE."""
    metric = primary_at(case.plan, PRIMARY)
    if metric.target is None:
        return None
    hoped = size_of(metric.target, metric, PRIMARY, "target")
    if not 0 < hoped < abs(primary_effect(case.plan)):
        return None
    test = primary_test(case.plan)
    return str(metric.target), stats.type_m(
        hoped, effect_error(case.plan, units), test.alpha, test.sides
    ).exaggeration


def type_one_error(plan: Experiment, looks: int) -> float:
    """P(a change without effect is significant in one of so many daily looks), each at the plan's own level.

    Of several treatments or primary metrics any counts; then it is the most that it can be: comparisons that share a
    control, or units, resemble each other (Sidak 1967; Royen 2014).
    """
    test = primary_test(plan)
    return of_any(plan, stats.repeated_looks_type1(test.alpha, looks, test.sides))


def of_any(plan: Experiment, chance: float) -> float:
    """The most that the chance of a false win in one comparison comes to over all that can declare one."""
    return 1 - (1 - chance) ** comparisons(plan)


def at_most(plan: Experiment) -> str:
    """What stands before a chance of any comparison, where there are several."""
    return "up to " if comparisons(plan) > 1 else ""


def weekdays_seen(counts: Sequence[int]) -> str:
    """Which weekdays a run does not cover twice, in words."""
    never = [day for day, count in zip(WEEKDAYS, counts, strict=True) if count == 0]
    once = [day for day, count in zip(WEEKDAYS, counts, strict=True) if count == 1]
    parts = []
    if never:
        parts.append(f"{listing(never)} {'is' if len(never) == 1 else 'are'} not seen at all")
    if once and len(never) + len(once) == 7:
        parts.append(f"{'the others are' if never else 'every weekday is'} seen only once")
    elif once:
        parts.append(f"{listing(once)} {'is' if len(once) == 1 else 'are'} seen only once")
    return " and ".join(parts) or f"every weekday is seen at least {times_over(min(counts))}"


def exaggerated(factor: float) -> str:
    """How much too large an effect looks where it is found, as the end of a sentence; empty where nobody would notice."""
    if factor < 1.01:
        return ""
    return f"; where it is found, it looks {times_its_size(factor)} on average"


def times_its_size(factor: float) -> str:
    """How large a significant effect looks beside what it is."""
    return f"{factor:.2f} times its size"
