"""Who decides, by when, and what has been decided so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.gate.clock import after
from egp.output.page.model import Block, Facts, Paragraph, Quotation, Section
from egp.pages.brief.scene import with_zone
from egp.plan.quantity import shown
from egp.plan.wording import called, length, listing, significant

if TYPE_CHECKING:
    from egp.pages.brief.scene import Scene
    from egp.record.lock import Decided

_CADENCE = {
    "daily": "every day", "twice_weekly": "twice a week", "weekly": "every week", "biweekly": "every two weeks",
}  # fmt: skip


def deadline(scene: Scene) -> str:
    """Until when a tie is broken, as a date and a time; empty where the plan does not say."""
    escalation = scene.plan.escalation
    if escalation is None or escalation.within is None:
        return ""
    return with_zone(after(scene.as_of, escalation.within))


def who_section(scene: Scene) -> Section:
    return Section("Who decides, and by when", [Facts(list(_facts(scene)))])


def _facts(scene: Scene) -> Iterator[tuple[str, str]]:
    plan = scene.plan
    if plan.owner:
        team = f" ({shown(plan.owner.team)})" if plan.owner.team else ""
        yield "one owner", f"{called(plan.owner.dri, 'not named')}{team}"
    if plan.readouts:
        cadence = _CADENCE.get(plan.readouts.cadence or "", "not stated")
        audience = listing(map(shown, plan.readouts.audience))
        yield "readouts", f"{cadence}{f', to {audience}' if audience else ''}"
    if plan.rollback:
        minutes = plan.rollback.max_minutes
        within = f", within {significant(minutes, 3)} minutes" if minutes else ""
        yield "who rolls back", f"{called(plan.rollback.owner, 'not named')}{within}"
    escalation = plan.escalation
    if escalation is None:
        yield "if they cannot agree", "the plan does not say who breaks the tie"
        return
    within = f" (within {length(escalation.within)})" if escalation.within else ""
    until = f", by {deadline(scene)}{within}" if escalation.within else ""
    yield "if they cannot agree", f"{called(escalation.to, 'somebody not named')} breaks the tie{until}"
    yield "until then", _until_then(scene)


def _until_then(scene: Scene) -> str:
    if scene.verdict == "roll_back":
        return "the treatment is withdrawn, which nobody has to agree on"
    return "traffic stays as it is" if scene.in_flight else "nothing is launched"


def decisions_section(scene: Scene) -> Section:
    entry = scene.registration
    blocks: list[Block] = []
    for each in entry.decisions if entry else ():
        blocks.extend(_decision(each))
    if not blocks:
        name = scene.candidate.source.shown
        blocks.append(
            Paragraph(
                "Nothing is recorded yet."
                if entry
                else f"The plan is not registered; a decision is recorded beside its registration (egp register {name})."
            )
        )
    return Section("Decisions so far", blocks)


def _decision(decided: Decided) -> Iterator[Block]:
    option = f"{decided.option} ({decided.means})" if decided.means else shown(decided.option)
    who = f"{decided.role} ({decided.by})" if decided.by else shown(decided.role)
    yield Quotation(decided.because or "", f"{who} decided on {decided.on} for {option}")
    if decided.dissent:
        yield Quotation(decided.dissent, "disagreed and committed")
