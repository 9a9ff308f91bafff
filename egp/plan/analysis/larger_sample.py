"""A larger sample as a remedy: declared where the run brings it, else a longer run, and until when."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from egp.plan.analysis.days import first_day, last_day, schedule_of
from egp.plan.analysis.traffic import units_that_come
from egp.plan.finding import NotChecked
from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import count_in_plan
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from datetime import date

    from egp.plan.experiment import Experiment
    from egp.yaml import Path
    from egp.yaml.edits import Edit

SAMPLE: Path = ("sample_size_per_variant",)
_LONGEST = 365
"""Days beyond which no plan's counts say when units come."""


def larger_sample(plan: Experiment, units: int) -> Remedy:
    """What to do for so many units per variant: declare them, unless the run is known to bring fewer."""
    come = units_that_come(plan)
    if come is None or units <= come:
        return setting(SAMPLE, count_in_plan(units))
    return advise(_longer_run(plan, units, come))


def with_larger_sample(plan: Experiment, edit: Edit, needed: int) -> Remedy:
    """An edit together with what it asks of the sample; by itself where the declared one is enough."""
    declared, come = plan.sample_size_per_variant, units_that_come(plan)
    if declared is not None and declared >= needed:
        return Remedy((edit,))
    if come is None or needed <= come:
        return Remedy((edit, Setting(SAMPLE, count_in_plan(needed))))
    return Remedy((edit,), after=f" and {_longer_run(plan, needed, come)}")


def _longer_run(plan: Experiment, units: int, come: int) -> str:
    return f"{run_that_brings(plan, units)}, since it takes {units:,} units per variant and this run brings {come:,}"


def run_that_brings(plan: Experiment, units: float) -> str:
    """Advice to run until so many units per variant have come, with the day where the plan's counts say it."""
    end = _end_that_brings(plan, units)
    if end is None:
        return "run longer"
    if (end - first_day(plan)).days > _LONGEST:
        return "run for more than a year"
    counts = plan.eligible_units
    how = "by the plan's counts" if counts and counts.per_day else "at the earliest"
    return f"run until {end} ({how})"


def _end_that_brings(plan: Experiment, units: float) -> date | None:
    """The last day of a run of whole weeks that brings so many units; None where nobody can say.

    Units of one day that are added up are no count of those that come, and an enrolment has an end of its own.
    """
    from egp.plan.analysis.by_day import days_that_bring, last_of
    from egp.plan.analysis.rescheduling import even_end

    schedule, counts = schedule_of(plan), plan.eligible_units
    if counts is None or counts.distinct_over_run is None or schedule.end is None or schedule.enrolment_end:
        return None
    try:
        days = days_that_bring(plan, units)
        end = last_of(plan, math.ceil(days - 1e-9))
        whole = even_end(first_day(plan), end, schedule.pauses) or end
        return whole if whole > last_day(plan) else None
    except NotChecked:
        return None
