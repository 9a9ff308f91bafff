"""Who decides, by when, and what has been decided so far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.advice.choices import BEFORE_LAUNCH, GO_ON, NARROWER, checkpoint, delay_in_days
from egp.gate.clock import after
from egp.output.page.model import Block, Facts, Paragraph, Quotation, Section
from egp.pages.brief.options import look_day
from egp.pages.brief.scene import with_zone
from egp.plan.quantity import shown
from egp.plan.wording import called, length, listing, significant
from egp.record.entry_files import register_command

if TYPE_CHECKING:
    from datetime import date, datetime

    from egp.pages.brief.scene import Scene
    from egp.record.lock import Decided

_CADENCE = {
    "daily": "every day", "twice_weekly": "twice a week", "weekly": "every week", "biweekly": "every two weeks",
}  # fmt: skip


_OFTEN_ENOUGH = ("daily", "twice_weekly")
_MONDAY, _THURSDAY = 0, 3


def _twice_a_week(day: date) -> tuple[date, date]:
    """The next Monday and Thursday, in their order."""
    following = (day + timedelta(days=each) for each in range(1, 8))
    first, second = (each for each in following if each.weekday() in (_MONDAY, _THURSDAY))
    return first, second


def deadline_instant(scene: Scene) -> datetime | None:
    """Until when a tie is broken; None where the plan does not say."""
    escalation = scene.plan.escalation
    if escalation is None or escalation.within is None:
        return None
    return after(scene.as_of, escalation.within)


def deadline(scene: Scene) -> str:
    """The same as a date and a time; empty where the plan does not say."""
    by = deadline_instant(scene)
    return with_zone(by) if by else ""


def who_section(scene: Scene) -> Section:
    return Section("Who decides, and by when", [Facts(list(_facts(scene)))])


def _facts(scene: Scene) -> Iterator[tuple[str, str]]:
    plan = scene.plan
    if plan.owner:
        team = f" ({shown(plan.owner.team)})" if plan.owner.team else ""
        yield "one owner", f"{called(plan.owner.dri, 'not named')}{team}"
    if plan.readouts:
        cadence = _CADENCE.get(plan.readouts.cadence or "", "not stated")
        if scene.moment == "harm" and plan.readouts.cadence not in _OFTEN_ENOUGH:
            first, second = _twice_a_week(scene.day)
            cadence = f"twice a week, the next on {first} and {second}, until two in a row are green, on {second} at the earliest; then {cadence}"
        audience = listing(map(shown, plan.readouts.audience))
        look = look_day(scene) if scene.moment == "running" else None
        of = "" if look is None else f", of guardrails alone until {look}"
        yield "readouts", f"{cadence}{f', to {audience}' if audience else ''}{of}"
        if scene.moment == "harm":
            yield (
                "green is a reading",
                "in which no stop rule and no limit has fired, and no guardrail is harmed; two bring the old cadence back, and no treatment",
            )
    yield from _acts(scene)
    if plan.rollback and scene.moment != "harm":
        minutes = plan.rollback.max_minutes
        within = f", within {significant(minutes, 3)} minutes" if minutes else ""
        yield "who rolls back", f"{called(plan.rollback.owner, 'not named')}{within}"
    yield from _tie(scene)
    if not (scene.registration and scene.registration.decisions):
        name = scene.candidate.source.shown
        rolls_back = scene.judgement is not None and scene.verdict == "roll_back"
        registered = (
            f"none{'; the rollback needs no decision' if rolls_back else _as_agreed(scene)}"
            if scene.registration
            else f"none; first register the plan ({register_command(name)})"
        )
        yield "decisions on record", registered


def _as_agreed(scene: Scene) -> str:
    """Why there may be none, although traffic was raised."""
    raised = scene.moment in ("ramp", "after")
    return "; a stage that is raised as agreed needs none" if raised else ""


def _tie(scene: Scene) -> Iterator[tuple[str, str]]:
    """Who breaks a tie, where there is something to agree on, and by when: after whoever acts has had their time."""
    escalation = scene.plan.escalation
    if scene.moment in ("running", "after") and scene.verdict == "proceed" and not scene.plan.positions:
        return
    if escalation is None:
        yield "if they cannot agree", "the plan does not say who breaks the tie"
        return
    within = f" (within {length(escalation.within)})" if escalation.within else ""
    until = f", by {deadline(scene)}{within}" if escalation.within else ""
    if escalation.within and scene.moment in ("readout", "ramp") and not scene.closed[GO_ON]:
        until = f" within {length(escalation.within)} after that"
    yield (
        "if they cannot agree",
        f"{called(escalation.to, 'somebody not named')} breaks the tie{until}; until then {_until_then(scene)}",
    )


def _acts(scene: Scene) -> Iterator[tuple[str, str]]:
    """Who does what is next, and by when."""
    plan = scene.plan
    owner = called(plan.owner.dri if plan.owner else None, "the owner")
    if scene.moment == "launch" and (first := scene.first_exposed):
        yield (
            "who acts now",
            f"{owner} records the option that is chosen, before {first}, when A's first users are treated{_repair_until(scene)}",
        )
    if scene.moment == "harm" and plan.rollback:
        minutes = plan.rollback.max_minutes
        by = f", by {with_zone(after(scene.as_of, timedelta(minutes=minutes)))}" if minutes else ""
        yield "who acts now", f"{called(plan.rollback.owner, owner)} rolls back{by}"
    elif scene.moment == "running" and (look := look_day(scene)):
        yield (
            "who acts next",
            f"{owner} has the result read on {look}; before it a stop rule, a limit or option B (roll back) ends the test, and none of them "
            "ships it",
        )
    elif scene.moment == "after":
        yield "who acts next", _after_the_ramp(scene, owner)
    elif scene.moment in ("readout", "ramp") and not scene.closed[GO_ON]:
        within = plan.escalation.within if plan.escalation else None
        by = f", by {with_zone(after(scene.as_of, within))}" if within else ""
        yield "who acts now", f"{owner} raises to {scene.next_stage} or says why not{by}"


def _repair_until(scene: Scene) -> str:
    """ "; B has until 2023-09-04 for its repair": which is counted from today, and does not wait for the last day."""
    days = delay_in_days(scene.plan)
    return (
        f"; B has until {checkpoint(scene.day, days)} for its repair, if it is chosen today" if days else ""
    )


def _after_the_ramp(scene: Scene, owner: str) -> str:
    """Who ends the holdout, by when, and by what it is decided whether the change stays."""
    until = scene.plan.holdout.until if scene.plan.holdout else None
    if until is None:
        return f"{owner} has the holdout read; the plan does not say until when anybody is held out (`holdout.until`)"
    tie = called(scene.plan.escalation.to if scene.plan.escalation else None, owner)
    due = f" on {until}, its last day" if scene.day <= until else f"; it was due on {until}"
    return (
        f"{owner} has the holdout read{due}: the change stays for everybody if the gain is validated and every guardrail is within its "
        f"margin, and is withdrawn if the holdout is all below zero; otherwise {tie} decides"
    )


def _until_then(scene: Scene) -> str:
    if scene.verdict == "roll_back":
        return "the treatment is withdrawn; the tie is about what comes after"
    return "traffic stays as it is" if scene.in_flight else "nothing is launched"


def decisions_section(scene: Scene) -> Iterator[Section]:
    entry = scene.registration
    blocks: list[Block] = []
    decided = [each for each in entry.decisions if each.on is None or each.on <= scene.day] if entry else []
    for each in decided:
        blocks.extend(_decision(each))
        if each.checkpoint is not None:
            blocks.append(_checkpoint(scene, each.checkpoint, is_last=each is decided[-1]))
    if blocks:
        yield Section("Decisions so far", blocks)


def _checkpoint(scene: Scene, day: date, *, is_last: bool) -> Paragraph:
    """Half way through a delay: what falls back by itself needs no second meeting."""
    narrower = f"C ({BEFORE_LAUNCH[NARROWER]})"
    if is_last and scene.day > day and not scene.in_flight:
        said = f"The checkpoint of {day} has passed, and no decision since says that it is repaired: {narrower} has taken its place."
        return Paragraph(said, "caution")
    return Paragraph(f"There is a checkpoint on {day}: without the repair by then it is {narrower}.")


def _decision(decided: Decided) -> Iterator[Block]:
    option = f"{decided.option} ({decided.means})" if decided.means else shown(decided.option)
    who = f"{decided.role} ({decided.by})" if decided.by else shown(decided.role)
    yield Quotation(decided.because or "", f"{who} decided on {decided.on} for {option}")
    if decided.dissent:
        yield Quotation(decided.dissent, "disagreed and committed")
