"""The early-stopping one-pager: what a decision on a given day of the run would be worth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from egp.analysis.days import exposed_days, first_day, schedule_of, unpaused
from egp.analysis.registered import primary_test
from egp.memo.case import CaseError
from egp.memo.day import (
    Day,
    day_at,
    last_of,
    least_days,
    planned_days,
    target_exaggeration,
    times_its_size,
    type_one_error,
    weekdays_seen,
)
from egp.memo.figures import looks_figure, power_figure
from egp.memo.page import provenance, standing
from egp.page.model import Block, Facts, Page, Paragraph, Points, Section, Table
from egp.wording import counted, odds, percent, power_text, whole

if TYPE_CHECKING:
    from egp.memo.case import Case


def if_stopped(case: Case, day: date) -> Page:
    """What stopping at the end of ``day`` means for the plan. Raises CaseError for a day outside of the run."""
    number = day_number(case, day)
    then, end = day_at(case, number), day_at(case, least_days(case))
    error, final = type_one_error(case.plan, number), type_one_error(case.plan, end.number)
    alpha = primary_test(case.plan).alpha
    verdict = (
        f"Stopping {case.name} on {day}, day {number}, after looking every day makes the {percent(alpha)} test a "
        f"{percent(error, 1)} test: {odds(error)} changes without any effect would look significant by then."
        if number > 1
        else f"Stopping {case.name} on {day}, its first day, decides with {power_text(then.power)} power."
    )
    sections = [
        Section(
            "Why looking every day is not one look",
            list(_looks(case, number, end.number, error, final)),
            "bad",
        ),
        Section("What a stop on this day means", list(_facts(case, then)), "bad"),
        Section(f"What day {end.number} tells instead", list(_instead(then, end, case)), "good"),
        Section("What can be done today", [Points(list(_today(case, end)))], "neutral"),
        standing(case),
    ]
    return Page(f"If stopped on {day}: {case.name}", verdict, "bad", sections, provenance(case))


def day_number(case: Case, day: date) -> int:
    """Days of exposure that are complete at the end of a day."""
    first, last = first_day(case.plan), last_of(case.plan, least_days(case))
    if not first <= day <= last:
        raise CaseError(
            f"{day} is not a day of this run", f"the run goes from {first} to {last}: name a day between them"
        )
    number = sum(run.days for run in unpaused(first, day, schedule_of(case.plan).pauses))
    if not number or not exposed_days(case.plan):
        raise CaseError(
            f"no unit has been exposed by {day}: the run is paused or has no day", "name a later day"
        )
    return number


def _facts(case: Case, then: Day) -> Iterator[Block]:
    mde = case.plan.primary_metric and case.plan.primary_metric.mde
    pairs = [
        ("units per variant expected by then", whole(math.floor(then.units))),
        (f"power for the MDE of {mde}", power_text(then.power)),
        ("effect it can find with the power asked", then.detectable or "none that is possible"),
        (
            "a significant result of a true effect of the MDE",
            f"looks {times_its_size(then.exaggeration)} on average",
        ),
        ("weekdays", weekdays_seen(then.weekdays)),
    ]
    pairs.insert(4, ("of a true effect half as large", f"looks {times_its_size(then.of_half)} on average"))
    hoped = target_exaggeration(case, then.units)
    if hoped:
        pairs.insert(4, (f"of the target, {hoped[0]}", f"looks {times_its_size(hoped[1])} on average"))
    yield Facts(pairs)
    yield power_figure(case, then.number)


def _looks(case: Case, number: int, last: int, error: float, final: float) -> Iterator[Block]:
    yield Paragraph(
        f"Every look is another chance for noise to look like a result, and the first lucky day ends the test. "
        f"{counted(number, 'daily look')}: {percent(error, 1)}; {counted(last, 'daily look')}: {percent(final, 1)}. "
        "These numbers are exact, not simulated."
    )
    yield looks_figure(case, sorted({number, last}), last)


def _instead(then: Day, end: Day, case: Case) -> Iterator[Block]:
    alpha = primary_test(case.plan).alpha
    rows = [
        ("day", f"{then.number}, {then.last}", f"{end.number}, {end.last}"),
        ("units per variant", whole(math.floor(then.units)), whole(math.floor(end.units))),
        ("power at the MDE", power_text(then.power), power_text(end.power)),
        ("effect found with the power asked", then.detectable or "none", end.detectable or "none"),
        ("error rate of the one planned look", "not planned", percent(alpha)),
        (
            "a significant effect of the MDE looks",
            times_its_size(then.exaggeration),
            times_its_size(end.exaggeration),
        ),
        ("weekdays", weekdays_seen(then.weekdays), weekdays_seen(end.weekdays)),
    ]
    yield Table(
        ("", "stopped", "as planned" if planned_days(case.plan) == end.number else "as the policy asks"), rows
    )
    if end.number > planned_days(case.plan):
        yield Paragraph(
            f"The plan counts units of {counted(planned_days(case.plan), 'day')}; for more days it is taken that distinct units "
            "go on growing as between one day and the plan's run."
        )


def _today(case: Case, end: Day) -> Iterator[str]:
    yield f"Read the primary metric once, after {end.last}; until then nobody opens it."
    yield "Guardrails and stop rules are watched every day: harm ends the test at once, success does not."
    if case.option_of("spending-allowed", "allowed"):
        yield "A sequential design that the policy allows may be registered for the next experiment, before it starts."
    else:
        yield (
            "Reading early with a bounded error takes a sequential design, registered before the start; this policy allows "
            "none yet, and its owner can."
        )
