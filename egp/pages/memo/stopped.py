"""The early-stopping one-pager: what a decision on a given day of the run would be worth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.advice.options.case import CaseError
from egp.output.page.model import Block, Facts, Page, Paragraph, Points, Section, Table
from egp.pages.memo.figures import looks_figure, power_figure
from egp.pages.memo.page import provenance, standing
from egp.pages.memo.required_run import detectable, least_days
from egp.plan.analysis.by_day import (
    Day,
    at_most,
    day_at,
    last_of,
    of_any,
    planned_days,
    target_exaggeration,
    times_its_size,
    type_one_error,
    weekdays_seen,
)
from egp.plan.analysis.days import day_after, exposed_days, first_day, schedule_of, unpaused
from egp.plan.analysis.registered import (
    PRIMARY,
    comparisons,
    days_judged,
    is_sequential,
    look_days,
    planned_units,
    primary_at,
    primary_design,
    primary_effect,
    primary_test,
)
from egp.plan.wording import counted, one_in, percent, power_text, whole

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.experiment import Experiment


def if_stopped(case: Case, day: date) -> Page:
    """What stopping at the end of ``day`` means for the plan. Raises CaseError for a day outside of the run."""
    number = day_number(case, day)
    if is_sequential(case.plan):
        return _at_a_look(case, day, number)
    then, end = day_at(case.plan, number), day_at(case.plan, least_days(case))
    error, final = type_one_error(case.plan, number), type_one_error(case.plan, end.number)
    alpha = primary_test(case.plan).alpha
    verdict = (
        f"Stopping {case.name} on {day}, day {number}, after looking every day makes the {percent(alpha)} test a "
        f"{percent(error, 1)} test{_in_any(case)}: {at_most(case.plan)}{one_in(error)} changes without any effect would look "
        "significant by then."
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


def _in_any(case: Case) -> str:
    count = comparisons(case.plan)
    return f" or less in each of {count} comparisons, of which any would count" if count > 1 else ""


def _at_a_look(case: Case, day: date, number: int) -> Page:
    """What a design that is made for several looks says to a stop: its boundaries hold, at its looks."""
    plan = case.plan
    design, metric, look = primary_design(plan), primary_at(plan, PRIMARY), day_after(day, 1)
    looks = look_days(plan)
    total = days_judged(plan, metric, looks[-1])
    share = days_judged(plan, metric, look) / total if total else 0.0
    is_always_valid = plan.statistics is not None and plan.statistics.method == "always_valid"
    is_look = look in looks or is_always_valid
    alpha, error = percent(of_any(plan, design.test.alpha)), of_any(plan, design.error_by(share))
    effect = abs(primary_effect(plan)) if design.test.margin is None else design.test.margin
    sample = planned_units(plan)
    now, whole_run = design.power_by(effect, sample, share), design.power(effect, sample)
    held = f"Stopping {case.name} on {day}, day {number}, keeps the {at_most(plan)}{alpha} error rate of the plan"
    following = next((each for each in looks if each > look), None)
    verdict = (
        f"{held} if its boundary is crossed: looking at it is what {_called(plan)} is for. By then it finds the effect with "
        f"{power_text(now)} power, by the last look with {power_text(whole_run)}."
        if is_look
        else f"Stopping {case.name} on {day}, day {number}, is no stop of this plan: its error rate holds at its looks"
        + (f", the next of which is on {following}." if following else ".")
    )
    pairs = [
        ("looks", f"{len(looks)}, the last on {looks[-1]}"),
        ("units judged by then", percent(share)),
        ("changes without effect that have crossed by then", f"{at_most(plan)}{percent(error, 2)}"),
        ("the same at the last look", f"at most {alpha}"),
        ("power by then", power_text(now)),
        ("power at the last look", power_text(whole_run)),
    ]
    sections = [
        Section("What the design says to it", [Facts(pairs)], "good" if is_look else "bad"),
        Section("What can be done today", [Points(list(_at_look(day, is_look)))], "neutral"),
        standing(case),
    ]
    tone: Literal["good", "bad"] = "good" if is_look else "bad"
    return Page(f"If stopped on {day}: {case.name}", verdict, tone, sections, provenance(case))


def _called(plan: Experiment) -> str:
    statistics = plan.statistics
    if statistics is None or statistics.method == "always_valid":
        return "an always-valid test"
    return f"a group-sequential test with {statistics.spending or 'a spending function'}"


def _at_look(day: date, is_look: bool) -> Iterator[str]:
    if is_look:
        yield f"Call egp gate with the results of {day}: it applies the boundary of the look, and says ship or wait."
    else:
        yield "Leave the primary closed until its next look; an amendment that adds a look after results are seen is exploratory."
    yield "Guardrails and stop rules are watched every day: harm ends the test at once."


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
        (
            "effect it can find with the power required",
            detectable(case, then.units) or "none that is possible",
        ),
        (
            "a significant result of a true effect of the MDE",
            f"looks {times_its_size(then.exaggeration)} on average",
        ),
        ("weekdays", weekdays_seen(then.weekdays)),
    ]
    pairs.insert(4, ("of a true effect half as large", f"looks {times_its_size(then.of_half)} on average"))
    hoped = target_exaggeration(case.plan, then.units)
    if hoped:
        pairs.insert(4, (f"of the target, {hoped[0]}", f"looks {times_its_size(hoped[1])} on average"))
    yield Facts(pairs)
    yield power_figure(case, then.number)


def _looks(case: Case, number: int, last: int, error: float, final: float) -> Iterator[Block]:
    yield Paragraph(
        f"Every look is another chance for noise to look like a result, and the first lucky day ends the test. "
        f"{counted(number, 'daily look')}: {at_most(case.plan)}{percent(error, 1)}; {counted(last, 'daily look')}: "
        f"{at_most(case.plan)}{percent(final, 1)}. These numbers are {'bounds' if at_most(case.plan) else 'exact'}, not simulated."
    )
    yield looks_figure(case, sorted({number, last}), last)


def _instead(then: Day, end: Day, case: Case) -> Iterator[Block]:
    alpha = primary_test(case.plan).alpha
    rows = [
        ("day", f"{then.number}, {then.last}", f"{end.number}, {end.last}"),
        ("units per variant", whole(math.floor(then.units)), whole(math.floor(end.units))),
        ("power at the MDE", power_text(then.power), power_text(end.power)),
        (
            "effect found with the power required",
            detectable(case, then.units) or "none",
            detectable(case, end.units) or "none",
        ),
        ("error rate of the one planned look", "not planned", percent(alpha)),
        (
            "a significant effect of the MDE looks",
            times_its_size(then.exaggeration),
            times_its_size(end.exaggeration),
        ),
        ("weekdays", weekdays_seen(then.weekdays), weekdays_seen(end.weekdays)),
    ]
    yield Table(
        ("", "stopped", "as planned" if planned_days(case.plan) == end.number else "as the policy requires"),
        rows,
    )
    if end.number > planned_days(case.plan):
        yield Paragraph(
            f"The plan counts units of {counted(planned_days(case.plan), 'day')}; for more days it is taken that distinct units "
            "go on growing as between one day and the plan's run."
        )


def _today(case: Case, end: Day) -> Iterator[str]:
    yield f"Read the primary metric once, after {end.last}; until then nobody opens it."
    yield "Guardrails and stop rules are watched every day: harm ends the test at once, success does not."
    if case.asked("spending_functions"):
        yield "A sequential design that the policy allows may be registered for the next experiment, before it starts."
    else:
        yield (
            "Reading early with a bounded error takes a sequential design, registered before the start; this policy allows "
            "none yet, and its owner can."
        )
