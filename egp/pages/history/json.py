"""A plan's life for programs, versioned by its `history` key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.output.contract import TOOL, DecisionTaken, EmergencyRaise, Reported, Tool, as_text
from egp.pages.history.life import Event, Kind, Moment, PlanLife
from egp.plan.typed_reader import Weight
from egp.record.changes.weight import Effect

if TYPE_CHECKING:
    from egp.record import lock
    from egp.record.changes import FieldChange

_DataAccess = Literal["nothing_run", "no_results_seen", "results_seen"]


class Change(Reported):
    """A field that the two versions of the plan have different, or that only one of them has."""

    pointer: str
    """RFC 6901 pointer in which items of lists are named by their id."""
    before: str | None
    after: str | None
    weight: Weight
    effect: Effect
    """What the change does to safety."""


class DeclaredAmendment(Reported):
    """What the plan itself declares of its change."""

    on: date | None
    reason: str | None
    approver: str | None
    data_access: _DataAccess | None
    changes: tuple[str, ...]


class AttestedWaiver(Reported):
    """A waiver that the lock attests."""

    rule: str
    approver: str | None
    expires: date | None
    on: date


class Overruled(Reported):
    """Who chose an option that was closed, and why."""

    role: str
    by: str | None
    because: str
    closed: str
    """Why it was closed then."""


class Decision(DecisionTaken):
    """What people decided on the experiment."""

    plan: str
    """Digest of the plan that was decided on."""
    receipt: str | None
    """Digest of the gate's receipt that it rests on."""
    overruled: Overruled | None


class RegistrationPolicy(Reported):
    """The policy that the plan was registered under."""

    name: str
    version: str | None
    digest: str


class SignOff(Reported):
    """A sign-off that the lock attests."""

    role: str
    by: str
    on: date | None


class LockAmendment(Reported):
    """A change of material fields after registration."""

    digest: str
    on: date
    data_access: _DataAccess | None


class RegistrationEntry(Reported):
    """The experiment's entry in the lock."""

    registered: date
    digest: str
    policy: RegistrationPolicy | None
    signed: tuple[SignOff, ...]
    amended: tuple[LockAmendment, ...]
    waived: tuple[AttestedWaiver, ...]
    decisions: tuple[Decision, ...]


class LifeEvent(Reported):
    """One thing that happened to the plan."""

    event: Kind
    commit: str | None
    """Null for what is not committed."""
    date: date | None
    path: str
    digest: str | None
    """Of the plan as it was then, or as the lock pins it from then on."""
    registration: RegistrationEntry | None
    """The plan's entry in the lock, after an event of the lock."""
    amendments: tuple[DeclaredAmendment, ...]
    changes: tuple[Change, ...]
    waived: tuple[AttestedWaiver, ...]
    decisions: tuple[Decision, ...]


class Life(Reported):
    """The life of one plan."""

    experiment: str
    path: str
    digest: str | None
    """Of the plan as it lies there; null for one that is missing or cannot be read."""
    registration: RegistrationEntry | None
    is_as_registered: bool
    is_exploratory: bool
    events: tuple[LifeEvent, ...]
    emergencies: tuple[EmergencyRaise, ...]
    """Stages of the ledger that were entered without the gate."""


class HistoryReport(Reported):
    """What egp history says."""

    history: Literal[1]
    """Version of this format."""
    tool: Tool
    experiments: tuple[Life, ...]


def render(lives: Sequence[PlanLife]) -> str:
    """The lives of the plans."""
    return as_text(HistoryReport(history=1, tool=TOOL, experiments=tuple(map(_life, lives))))


def _life(life: PlanLife) -> Life:
    return Life.of(
        life,
        experiment=life.id,
        digest=life.digest or None,
        registration=_entry(life.entry),
        is_as_registered=life.entry is not None and life.digest == life.entry.current_digest,
        events=tuple(_event(moment, event) for moment in life.moments for event in moment.events),
        emergencies=tuple(EmergencyRaise.of(each, settled=each.is_settled) for each in life.emergencies),
    )


def _event(moment: Moment, event: Event) -> LifeEvent:
    return LifeEvent.of(
        event,
        event=event.kind,
        commit=moment.commit or None,
        date=moment.day,
        digest=event.digest or None,
        registration=_entry(event.entry),
        amendments=tuple(map(DeclaredAmendment.of, event.amendments)),
        changes=tuple(map(_change, event.changes)),
        waived=tuple(map(AttestedWaiver.of, event.waived)),
        decisions=tuple(map(_decision, event.decisions)),
    )


def _change(change: FieldChange) -> Change:
    return Change.of(change, pointer=change.name)


def _entry(entry: lock.Registration | None) -> RegistrationEntry | None:
    if entry is None:
        return None
    return RegistrationEntry.of(
        entry,
        policy=RegistrationPolicy.of(entry.policy) if entry.policy else None,
        signed=tuple(map(SignOff.of, entry.signed)),
        amended=tuple(map(LockAmendment.of, entry.amended)),
        waived=tuple(map(AttestedWaiver.of, entry.waived)),
        decisions=tuple(map(_decision, entry.decisions)),
    )


def _decision(decided: lock.Decided) -> Decision:
    by = decided.overruled
    return Decision.of(decided, overruled=Overruled.of(by) if by else None)
