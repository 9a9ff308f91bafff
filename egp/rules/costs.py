"""What breaking a rule costs an experiment, where several rules say the same of it. Each rule's own is in its file.

Statements that lack an input are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.by_day import day_at, effect_error, exaggerated, uncorrected_error
from egp.plan.analysis.days import full_days, weekday_counts
from egp.plan.analysis.registered import (
    aim_of,
    assuming,
    planned_units,
    power_at,
    primary_effect,
    primary_test,
    required_smallest,
    treatments,
)
from egp.plan.analysis.traffic import daily_eligible_units, treated_share, units_that_come
from egp.plan.finding import NotChecked
from egp.plan.quantity import QuantityError
from egp.plan.wording import WEEKDAYS, called, counted, listing, one_in, percent, power_text, whole
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.rules.exports import Broken
    from egp.yaml import Path

Cost = Callable[["Broken"], Iterator[str]]
LOST = (NotChecked, ArithmeticError, StatisticsInputError, QuantityError)
"""What keeps a number from being computed."""


def of_each(broken: Broken, *costs: Cost) -> Iterator[str]:
    """The sentences of all of them; one that lacks an input keeps no other from speaking."""
    for cost in costs:
        try:
            yield from cost(broken)
        except LOST:
            continue


def short_run(broken: Broken) -> Iterator[str]:
    """What the days that the run does not see could change in its result, and its power where that falls short."""
    plan = broken.plan
    runs = full_days(plan)
    counts = weekday_counts(runs)
    days = sum(run.days for run in runs)
    unseen = [day for day, count in zip(WEEKDAYS, counts, strict=True) if not count]
    if unseen and days:
        which = listing(unseen, "or") if len(unseen) < 4 else f"the {len(unseen)} other weekdays"
        yield (
            f"If the change does harm on {which}, the whole week may show none, or harm; if it does nothing then, its effect over a whole week is "
            f"{percent(len(unseen) / 7, 0)} smaller than the {counted(days, 'day')} of the run show, days of equal traffic taken for granted."
        )
    elif min(counts) == 1:
        yield "Of a weekday that is seen once nobody can tell whether it was usual, or a holiday, an outage or a campaign."
    least = broken.asked("least_power")
    day = day_at(plan, days)
    if least and day.power < least:
        mde = plan.primary_metric and plan.primary_metric.mde
        yield (
            f"{counted(days, 'day')} {'brings' if days == 1 else 'bring'} {whole(math.floor(day.units))} units per variant: a true "
            f"effect of {mde} is found with {power_text(day.power)} power{exaggerated(day.exaggeration)}."
        )


def power_missing(broken: Broken) -> Iterator[str]:
    """How often the sample misses a true effect."""
    plan = broken.plan
    declared = planned_units(plan)
    come = units_that_come(plan)
    units = declared if come is None else min(declared, come)
    effect = primary_effect(plan)
    power = power_at(plan, effect, units)
    which = "units that come" if units < declared else "units declared"
    given = f"With the {whole(math.floor(units))} {which} per variant"
    if plan.type == "non_inferiority":
        yield (
            f"{given} a change that does no harm is shown to stay within {aim_of(plan)} with {power_text(power)} power "
            f"and missed in {one_in(1 - power)} experiments."
        )
        return
    worth = stats.type_m(
        effect, effect_error(plan, units), primary_test(plan).alpha, primary_test(plan).sides
    )
    yield (
        f"{given} a true effect of {aim_of(plan)} is found with {power_text(power)} power "
        f"and missed in {one_in(1 - power)} experiments{exaggerated(worth.exaggeration)}."
    )


def several_tests(broken: Broken) -> Iterator[str]:
    """How often one of several tests shows something where nothing works."""
    plan, treated, primaries = broken.plan, treatments(broken.plan), 1 + len(broken.plan.co_primary_metrics)
    alpha = plan.statistics.alpha if plan.statistics else None
    if alpha is None or treated * primaries == 1:
        return
    if plan.statistics and plan.statistics.correction not in (None, "none"):
        yield _price_of_correction(plan)
        return
    error, is_exact = uncorrected_error(plan, alpha)
    up_to = "" if is_exact else "up to "
    yield (
        f"If nothing works, {up_to}{percent(error, 1)} of such plans ({one_in(error)}) still have something significant to "
        f"show: {treated * primaries} tests, each at {percent(alpha)}, and no correction."
    )


def _price_of_correction(plan: Experiment) -> str:
    corrected, alone = required_smallest(plan), required_smallest(assuming(plan, correction="none"))
    return (
        f"Correcting for several tests takes {whole(corrected)} units per variant where one test takes {whole(alone)}, "
        "and still nobody has said which result decides when they disagree."
    )


def guardrail_of(broken: Broken) -> tuple[Path, Metric] | None:
    """The guardrail that the violation is about."""
    return next(((at, metric) for at, metric in broken.plan.guardrails if at == broken.at[:2]), None)


def treated_unwatched(broken: Broken) -> Iterator[str]:
    """How many are treated without a safeguard."""
    daily, share = daily_eligible_units(broken.plan), treated_share(broken.plan)
    unit = called(broken.plan.unit, "unit")
    yield f"The test treats {whole(daily * share)} {unit}s a day without this safeguard, and a full ramp up to {whole(daily)}."
