"""The units a plan will see: who is exposed, who is treated, how many come a day."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.plan.finding import NotChecked, need
from egp.plan.quantity import as_day

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

from egp.plan.analysis.days import days_of_exposure, first_day, local, readout_day, schedule_of
from egp.plan.analysis.registered import weights


def treated_share(plan: Experiment) -> float:
    """Share of the eligible units that receive a treatment in the test."""
    exposure = need(schedule_of(plan).exposure, "schedule", "exposure")
    variants = need(plan.variants, "variants")
    control = need(plan.control_position, "variants")
    shares = [need(variant.weight, "variants", at, "weight") for at, variant in enumerate(variants)]
    return exposure * (sum(shares) - shares[control])


def arriving_units(plan: Experiment) -> float:
    """Units that the run brings to the smallest variant; daily units add up where no distinct ones are declared."""
    eligible = need(plan.eligible_units, "eligible_units")
    units = eligible.distinct_over_run
    if units is None and eligible.per_day is not None:
        return eligible.per_day * days_of_exposure(plan) * smallest_share(plan)
    return need(units, "eligible_units", "distinct_over_run") * smallest_share(plan)


def smallest_share(plan: Experiment) -> float:
    """Share of the eligible units that is in the smallest of control and treatments."""
    return need(schedule_of(plan).exposure, "schedule", "exposure") * min(weights(plan))


def daily_eligible_units(plan: Experiment) -> int:
    path = ("eligible_units", "per_day")
    return need(need(plan.eligible_units, path[0]).per_day, *path)


def ramp_begin(plan: Experiment) -> date:
    """The day on which the ramp can start: the readout's; a rollout, which has no test, starts with it."""
    return first_day(plan) if plan.type == "rollout" else readout_day(plan)


def ramp_length(plan: Experiment) -> timedelta:
    """Least time from the begin of the ramp until the dwell of its last stage is over."""
    begin, length = ramp_begin(plan), timedelta()
    for position, stage in enumerate(plan.ramp):
        if stage.start is not None:
            length = max(length, as_day(local(plan, stage.start)) - begin)
        length += need(stage.min_dwell, "ramp", position, "min_dwell")
    return length


def holdout_share(plan: Experiment) -> float:
    """Share of the eligible units that is never treated; 0 where the plan says that it has no holdout."""
    holdout = need(plan.holdout, "holdout")
    if holdout.share is None and holdout.none is not None:
        return 0.0
    return need(holdout.share, "holdout", "share")


def units_that_come(plan: Experiment) -> int | None:
    """Whole units that the run brings to the smallest variant; None where the plan does not say."""
    try:
        return math.floor(arriving_units(plan) + 1e-6)
    except NotChecked:
        return None
