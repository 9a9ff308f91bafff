"""What a plan's test of the primary metric would tell on a given day of its run, and how far units come in by then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.days import (
    day_after,
    days_of_exposure,
    first_day,
    planned_days,
    schedule_of,
    unpaused,
    weekday_counts,
)
from egp.plan.analysis.registered import (
    PRIMARY,
    allocation_ratio,
    comparisons,
    direction_of,
    has_primary_test,
    information_fractions,
    matured_share,
    metric_units,
    power_at,
    primary_at,
    primary_effect,
    primary_test,
    sides,
    size_of,
)
from egp.plan.analysis.traffic import arriving_units, smallest_share
from egp.plan.finding import NotChecked, need
from egp.plan.wording import WEEKDAYS, listing, times_over
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.experiment import EligibleUnits, Experiment, Metric


_NEVER = 36_525
"""Days after which nobody waits for units any more."""
_EXACT = 1e-12
"""Share of itself, or of a day, to which a number of days is found."""


class Day(NamedTuple):
    """A day of exposure, and what a reading at its end would be worth."""

    number: int
    """Days of exposure so far, this one included."""
    last: date
    units: float
    """Units of the smallest variant."""
    power: float
    """Of one look on this day, at the MDE."""
    exaggeration: float
    """How many times its size a significant effect of the MDE looks on average."""
    wrong_sign: float
    """P(a significant effect points the wrong way), at the MDE."""
    weekdays: tuple[int, ...]
    """How often each weekday was exposed, from Monday."""


def units_after(plan: Experiment, days: int) -> float:
    """Distinct eligible units of a run of so many days.

    The plan knows two points: one day and its run. Through them distinct units grow by a power of the days, which is
    below 1 where people come back. Without the count of one day they come evenly, and after the run no more.
    """
    eligible = need(plan.eligible_units, "eligible_units")
    distinct, run = eligible.distinct_over_run, planned_days(plan)
    if distinct is None:
        return need(eligible.per_day, "eligible_units", "per_day") * days
    growth = _growth(eligible, run)
    if growth is None:
        return distinct * min(1.0, days / run)
    return float(distinct) * math.pow(days / run, growth)


def _growth(eligible: EligibleUnits, run: int) -> float | None:
    """The power of the days by which distinct units grow; None where the counts of one day and of the run do not say it."""
    distinct, daily = eligible.distinct_over_run, eligible.per_day
    if not distinct or not daily or run < 2 or daily >= distinct:
        return None
    return min(1.0, math.log(distinct / daily) / math.log(run))


def days_that_bring(plan: Experiment, units: float, too_late: float = 0.0) -> float:
    """Days of exposure that bring the smallest variant so many units, as ``units_after`` has them come.

    Units of the last days that are ``too_late`` do not count, as many as any other days bring. Where the plan does not know
    how units grow, they come as evenly after the run as in it, which is the soonest that they can. Raises NotChecked where
    they never come.
    """
    eligible, run = need(plan.eligible_units, "eligible_units"), days_of_exposure(plan)
    come, growth = arriving_units(plan), _growth(eligible, run) or 1.0

    def brought(days: float) -> float:
        return come * math.pow(days / run, growth) * max(0.0, 1 - too_late / days)

    if come <= 0 or brought(_NEVER) < units:
        raise NotChecked(("eligible_units",))
    few, enough = 0.0, float(_NEVER)
    while enough - few > _EXACT * max(1.0, enough):
        days = (few + enough) / 2
        few, enough = (few, days) if brought(days) >= units else (days, enough)
    return enough


def days_that_fill(plan: Experiment, metric: Metric, needed: float) -> float:
    """Days of exposure for so many units, with the days whose units mature too late added."""
    matured = matured_share(plan, metric)
    return days_that_bring(plan, needed * matured, days_of_exposure(plan) * (1 - matured))


def days_to_run(days: float) -> int:
    """Whole days, the last one begun."""
    return math.ceil(days - 1e-9)


def last_of(plan: Experiment, number: int) -> date:
    """The day on which so many days of exposure are complete, if the run goes on."""
    first, pauses = first_day(plan), schedule_of(plan).pauses
    last = day_after(first, number - 1)
    while (days := sum(run.days for run in unpaused(first, last, pauses))) < number and last < date.max:
        last = day_after(last, number - days)
    return last


def day_at(plan: Experiment, number: int) -> Day:
    """What the test would tell after so many days of exposure. Raises NotChecked for what the plan does not say."""
    if not has_primary_test(plan) or plan.type == "non_inferiority":
        raise NotChecked(
            ("primary_metric", "mde"), "only a test of superiority can be stopped on a success", ""
        )
    last = last_of(plan, number)
    units = units_after(plan, number) * smallest_share(plan)
    effect = primary_effect(plan)
    test, error = primary_test(plan), effect_error(plan, units)
    worth = stats.type_m(effect, error, test.alpha, test.sides)
    counts = weekday_counts(unpaused(first_day(plan), last, schedule_of(plan).pauses))
    return Day(
        number=number,
        last=last,
        units=units,
        power=power_at(plan, effect, units),
        exaggeration=worth.exaggeration,
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


def target_exaggeration(plan: Experiment, units: float) -> tuple[str, float] | None:
    """The business target and its exaggeration, where the plan hopes for less than its MDE."""
    metric = primary_at(plan, PRIMARY)
    if metric.target is None:
        return None
    hoped = size_of(metric.target, metric, PRIMARY, "target")
    if not 0 < hoped < abs(primary_effect(plan)):
        return None
    test = primary_test(plan)
    return str(metric.target), stats.type_m(
        hoped, effect_error(plan, units), test.alpha, test.sides
    ).exaggeration


def planned_looks_error(plan: Experiment) -> float:
    """Exact type I error of the looks that the plan declares, each at its own level. Raises NotChecked."""
    test = primary_test(plan)
    return stats.repeated_looks_type1(test.alpha, information_fractions(plan), test.sides)


def uncorrected_error(plan: Experiment, alpha: float) -> tuple[float, bool]:
    """P(at least one comparison of a plan without correction is significant where nothing works), and whether that is exact.

    It is where treatments of equal weight share a control; else it is the most that it can be (Sidak 1967).
    """
    equal = len({variant.weight for variant in plan.variants or () if not variant.control}) == 1
    count, of_sides = comparisons(plan), sides(plan)
    if plan.co_primary_metrics or not equal or not 0 < alpha < 1:
        return 1 - (1 - alpha) ** count, False
    ratio = allocation_ratio(plan)
    critical = stats.z_upper(alpha / of_sides)
    return stats.equicorrelated_exceedance(critical, count, of_sides, ratio / (1 + ratio)), True


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
        parts.append(f"{_others(len(once)) if never else 'every weekday is'} seen only once")
    elif once:
        parts.append(f"{listing(once)} {'is' if len(once) == 1 else 'are'} seen only once")
    return " and ".join(parts) or f"every weekday is seen at least {times_over(min(counts))}"


def _others(number: int) -> str:
    return "the other is" if number == 1 else "the others are"


def exaggerated(factor: float) -> str:
    """How much too large an effect looks where it is found, as the end of a sentence; empty where nobody would notice."""
    if factor < 1.01:
        return ""
    return f"; where it is found, it looks {times_its_size(factor)} on average"


def times_its_size(factor: float) -> str:
    """How large a significant effect looks beside what it is."""
    return f"{factor:.2f} times its size"
