"""The early-stopping one-pager: what a decision on a given day of the run would be worth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.advice.options.case import CaseError
from egp.advice.options.levers import policy_power
from egp.output.page.model import Block, Cell, Facts, Light, Page, Paragraph, Points, Section, Table, pictured
from egp.pages.memo.choices import HEAD, agreed, raised
from egp.pages.memo.page import called_plan, provenance, standing, stands
from egp.pages.memo.required_run import least_days
from egp.pages.memo.seen import of_seen
from egp.pages.memo.stop import EarlyStop
from egp.plan.analysis.by_day import (
    at_most,
    last_of,
    of_any,
    target_exaggeration,
    times_its_size,
    weekdays_seen,
)
from egp.plan.analysis.days import day_after, exposed_days, first_day, planned_days, schedule_of, unpaused
from egp.plan.analysis.registered import (
    PRIMARY,
    aim_of,
    days_judged,
    is_sequential,
    look_days,
    planned_units,
    primary_at,
    primary_design,
    primary_effect,
)
from egp.plan.wording import called, counted, day_in_words, one_in, percent, power_text, whole
from egp.rules.pictures import false_wins, missed, weekdays

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.experiment import Experiment
    from egp.plan.picture import Picture
    from egp.plan.quantity import MetricChange

_NOTICED = 1.05
"""How much too large a win has to look for anybody to notice."""


def if_stopped(case: Case, day: date, seen: MetricChange | None = None) -> Page:
    """What stopping at the end of ``day`` means for the plan, and a number that was seen. Raises CaseError for a day outside of the run."""
    number = day_number(case, day)
    if is_sequential(case.plan):
        if seen is not None:
            raise CaseError(
                "a design for several looks has its own boundaries", "egp gate applies them to the results"
            )
        return _at_a_look(case, day, number)
    stop = EarlyStop(case, number)
    shown_number = of_seen(case, stop, seen) if seen is not None else None
    verdict = shown_number.verdict(stop) if shown_number else stop.in_one_sentence
    sections = [
        _choices(case, stop),
        *([shown_number.section(stop)] if shown_number else []),
        Section(f"Why not on {stop.day}", [pictured(each) for each in _against(case, stop)]),
        Section(
            f"Day {stop.then.number} beside day {stop.end.number}", list(_instead(stop, case)), folded=True
        ),
        *agreed(case),
    ]
    return Page(f"If stopped on {day}: {called_plan(case)}", verdict, "bad", sections, provenance(case))


def _launches(stop: EarlyStop) -> Picture:
    up_to = at_most(stop.plan)
    chances = [
        (f"at the first good day until {stop.day}", stop.daily),
        (f"on {stop.day} if good, else on {day_in_words(stop.read_on)}", stop.twice),
        (f"at one look, on {day_in_words(stop.read_on)}", stop.once),
    ]
    of = (
        f"{counted(stop.then.number, 'daily look')} until {stop.day}"
        if stop.then.number > 1
        else f"one look on {stop.day}"
    )
    says = (
        f"Every look is another chance for noise to look like a win, and nobody stops at a bad one. Of changes that do nothing, {of} "
        f"launch {up_to}{one_in(stop.daily)}; one look on {day_in_words(stop.read_on)} launches {up_to}{one_in(stop.once)}. "
        f"{'These are bounds' if up_to else 'The numbers are exact'}; losses that are none are not counted."
    )
    return false_wins(
        "Changes that do nothing, launched", says, chances if stop.then.number > 1 else chances[1:]
    )


def _choices(case: Case, stop: EarlyStop) -> Section:
    """What can be decided on that day, going ahead included."""
    errors = [each for each in case.judged.diagnostics if each.severity == "error"]
    is_sound = not errors and not case.judged.silent
    read = day_in_words(stop.read_on)
    go = (
        Light("good", "follows the policy") if is_sound else Light("caution", "not yet: the plan is rejected")
    )
    spending = case.asked("spending_functions")
    early = (
        Light("good", "allowed, if registered before the start")
        if spending
        else Light("caution", "not yet: the policy allows none")
    )
    rows: list[tuple[Cell, ...]] = [
        (f"go on {read}", f"{counted(stop.days_to_go, 'day')} more", raised(case.plan), go),
        (
            f"launch on {stop.day}", "a look that nobody registered",
            f"{at_most(case.plan)}{one_in(stop.daily)} changes that do nothing are launched", Light("bad", "closed: no look is registered"),
        ),
        (f"stop on {stop.day}", "nothing", "today's version stays, and nothing is learnt", Light("neutral", "always open")),
        ("read early, next time", "a sequential design in the plan", "early wins with a bounded error", early),
    ]  # fmt: skip
    table = Table(HEAD, rows)
    owner = case.plan.owner.dri if case.plan.owner else None
    facts = [
        ("the plan as it is", stands(case)[0]),
        (
            "who decides",
            f"{called(owner, 'the owner')}, on {day_in_words(stop.read_on, with_year=True)}, by the criteria agreed before the start",
        ),
        (
            "until then",
            "guardrails and stop rules are watched every day: harm ends the test at once, success does not",
        ),
    ]
    return Section("What can be decided", [table, Facts(facts)])


def _against(case: Case, stop: EarlyStop) -> Iterator[Picture]:
    """What speaks against the day, and nothing else: no weekdays that are seen enough, no power that is enough."""
    yield _launches(stop)
    asked = case.asked("times_each_weekday") or 2
    days = (
        weekdays(case.plan, asked, stop.end.number, stop.then.last)
        if min(stop.then.weekdays) < asked
        else None
    )
    if days:
        yield days
    if stop.then.power < policy_power(case):
        yield missed(case.plan, aim_of(case.plan), stop.then.power)


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


def _instead(stop: EarlyStop, case: Case) -> Iterator[Block]:
    then, end, plan = stop.then, stop.end, case.plan
    rows = [
        ("day", str(then.last), str(end.last)),
        ("units per variant expected by then", whole(math.floor(then.units)), whole(math.floor(end.units))),
        ("weekdays", weekdays_seen(then.weekdays), weekdays_seen(end.weekdays)),
        (
            "changes that do nothing and look like a win",
            f"{at_most(plan)}{percent(stop.daily, 1)}, looking daily",
            f"{at_most(plan)}{percent(stop.once, 1)}, at one look",
        ),
    ]
    if then.exaggeration >= _NOTICED:
        rows.append(
            ("a win of the MDE looks", times_its_size(then.exaggeration), times_its_size(end.exaggeration))
        )
    hoped = [target_exaggeration(plan, each.units) for each in (then, end)]
    if hoped[0] and hoped[1] and hoped[0][1] >= _NOTICED:
        rows.append(
            (
                f"a win of the target, {hoped[0][0]}, looks",
                times_its_size(hoped[0][1]),
                times_its_size(hoped[1][1]),
            )
        )
    if then.power < policy_power(case):
        rows.append(("power at the MDE", power_text(then.power), power_text(end.power)))
    yield Table(("", f"day {then.number}", f"day {end.number}"), rows)
    if end.number > planned_days(plan):
        yield Paragraph(
            f"The plan counts units of {counted(planned_days(plan), 'day')}; for more days it is taken that distinct units "
            "go on growing as between one day and the plan's run."
        )
