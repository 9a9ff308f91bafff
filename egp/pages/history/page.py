"""A plan's life for people: what happened, commit by commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Facts
from egp.pages.history.life import NOT_COMMITTED, Event, Moment, PlanLife
from egp.plan.wording import listing

if TYPE_CHECKING:
    from egp.plan.experiment import Amendment
    from egp.record.changes import FieldChange
    from egp.record.lock import Amended, Decided, Registration, Signed

_PLAIN = {
    "removed": "the plan is missing",
    "restored": "the plan is back",
    "unreadable": "no plan can be read from the file",
    "registration-removed": "its registration is missing from the lock",
    "lock-unreadable": "the lock cannot be read",
}


def page(life: PlanLife) -> Answer:
    """What happened, commit by commit, and what it comes to."""
    pairs: list[tuple[str, str]] = []
    is_registered = False
    for moment in life.moments:
        pairs += _moment(moment, is_registered)
        for event in moment.events:
            is_registered = (
                is_registered or event.kind == "registered"
            ) and event.kind != "registration-removed"
    raised = [(f"{each.on}", each.in_short) for each in life.emergencies]
    return Answer(f"{life.id} ({life.path})", [Facts([*pairs, *raised, ("now", _now(life))])])


def short(digest: str) -> str:
    """A digest as people compare it."""
    version, _, value = digest.rpartition(":")
    return f"{version}:{value[:12]}…"


def _moment(moment: Moment, is_registered: bool) -> Iterator[tuple[str, str]]:
    """``is_registered`` says whether the plan was before, so that a change of it has to be declared."""
    when = f"{moment.day} {moment.commit[:8]}" if moment.commit != NOT_COMMITTED else "not committed"
    for event in moment.events:
        for at, text in enumerate(_event(event, is_registered)):
            yield "" if at else when, text


def _event(event: Event, is_registered: bool) -> Iterator[str]:
    if event.kind == "written":
        yield f"written as {event.path}, {short(event.digest)}"
    elif event.kind == "moved":
        yield f"moved to {event.path}"
    elif event.kind == "changed":
        yield from _changed(event, is_registered)
    elif event.entry is not None:
        yield from _of_lock(event, event.entry)
    else:
        yield _PLAIN[event.kind]
        yield from map(_field, event.changes)


def _changed(event: Event, is_registered: bool) -> Iterator[str]:
    material = [each for each in event.changes if each.is_material]
    if not event.changes and not event.amendments:
        yield "changed in comments, order or spelling"
    elif material:
        is_pinned = is_registered and any(each.needs_amendment for each in material)
        undeclared = is_pinned and not event.amendments
        yield f"changed to {short(event.digest)}{', no amendment' if undeclared else ''}"
    else:
        yield "changed, nothing that is pinned"
    yield from map(_declared, event.amendments)
    yield from map(_field, event.changes)


def _declared(amendment: Amendment) -> str:
    access = f", {amendment.data_access}" if amendment.data_access else ""
    return (
        f"amendment of {amendment.on or 'an unknown day'}{access}: {amendment.reason or 'no reason given'}"
        f" (approved by {amendment.approver or 'nobody'})"
    )


def _field(change: FieldChange) -> str:
    effect = f", {change.effect}" if change.effect != "neutral" else ""
    before, after = change.before, change.after
    phrase = (
        f"now {after}"
        if before is None
        else f"no longer {before}"
        if after is None
        else f"{before} → {after}"
    )
    return f"{change.name}: {phrase} ({change.weight}{effect})"


def _of_lock(event: Event, entry: Registration) -> Iterator[str]:
    if event.kind == "registered":
        yield f"registered on {entry.registered} under {_policy(entry)}{_signed(event.signed)}, {short(event.digest)}"
    elif event.kind == "amended":
        yield from (f"{_amended(each)} in the lock" for each in entry.amended[-1:])
    elif event.kind == "decided":
        for each in event.decisions:
            yield from _decided(each)
    elif event.kind == "signed":
        yield f"the lock attests {_signatures(event.signed)}"
    elif event.kind == "waived":
        for waived in event.waived:
            yield f"the lock attests the waiver of {waived.rule}, approved by {waived.approver or 'nobody'}, until {waived.expires}"
    elif event.kind == "archived":
        yield f"archived on {entry.archived}: its plan may go, and its id stays taken"
    else:
        yield (
            f"its registration is written anew: {entry.registered} under {_policy(entry)}, {short(event.digest)}"
        )


def _amended(amended: Amended) -> str:
    access = f", {amended.data_access}" if amended.data_access else ""
    return f"amended on {amended.on}{access}, {short(amended.digest or '')}"


def _decided(decided: Decided) -> Iterator[str]:
    option = f"{decided.option} ({decided.means})" if decided.means else decided.option
    who = f"{decided.role} ({decided.by})" if decided.by else decided.role
    yield f"{who} decided on {decided.on} for {option}: {decided.because}"
    if decided.dissent:
        yield f"disagreed and committed: {decided.dissent}"
    if by := decided.overruled:
        yield f"overruled by {by.by or by.role}, for it was closed ({by.closed}): {by.because}"


def _policy(entry: Registration) -> str:
    policy = entry.policy
    return f"{policy.name} {policy.version or ''}".strip() if policy else "no policy"


def _signed(signed: Sequence[Signed]) -> str:
    return f", signed by {_signatures(signed)}" if signed else ""


def _signatures(signed: Sequence[Signed]) -> str:
    return listing(f"{each.role} ({each.by})" for each in signed)


def _now(life: PlanLife) -> str:
    """What the life comes to."""
    stain = " Its analysis is exploratory: it was changed with results seen." if life.is_exploratory else ""
    entry = life.entry
    if entry is None:
        return f"The plan is not registered.{stain}"
    since = f"registered on {entry.registered}"
    if entry.amended:
        since += f" and last amended on {entry.amended[-1].on}"
    if entry.archived:
        since += f", and archived on {entry.archived}"
    if not life.digest:
        return f"The plan is missing. It was {since}."
    if life.digest == entry.current_digest:
        return f"The plan is as it was {since}.{stain}"
    differing = f"it is {short(life.digest)}, the lock has {short(entry.current_digest)}"
    return f"The plan is not as it was {since}: {differing}.{stain}"
