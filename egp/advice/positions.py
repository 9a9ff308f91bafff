"""Positions: what those who have a say want, and what it would take for them to agree, recorded beside the registration."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass

from egp.advice.decide import Request, entry_of, plan_decided_on
from egp.advice.registration_lines import files_of
from egp.plan.analysis.statements import somebody, stated
from egp.record.lock import RecordedPosition, Registration, made, said
from egp.record.lock.writing import update_lock


@dataclass(frozen=True, slots=True)
class PositionStatement:
    """What somebody wants, as it is given."""

    by: str
    wants: str
    because: str = ""
    agrees_if: str = ""
    handle: str = ""


def hold(request: Request, statement: PositionStatement) -> tuple[str, RecordedPosition, tuple[str, ...]]:
    """Appends somebody's position to the plan's entry: the experiment, the position, and the files that were written.

    Whoever wants something may say so; only who decides needs a say. Raises as `decide` does.
    """
    candidate, _, root = plan_decided_on(request)
    by, wants = somebody(statement.by), stated(statement.wants)
    if not by or not wants:
        problem = "nobody who holds the position" if not by else "nothing that is wanted"
        help = "--position says who, as a role or a handle, and --wants what they want done"
        raise candidate.refused((), f"the position has {problem}", help)
    held = made(
        RecordedPosition,
        role=by,
        by=somebody(statement.handle) or None,
        on=request.as_of,
        wants=" ".join(wants.split()),
        because=" ".join(stated(statement.because).split()) or None,
        agrees_if=" ".join(stated(statement.agrees_if).split()) or None,
    )

    def append(entries: MutableMapping[str, Registration]) -> None:
        entry = entry_of(candidate, entries)
        if not any(said(each) == said(held) for each in entry.positions):
            entries[candidate.id] = made(
                Registration, **{**vars(entry), "positions": (*entry.positions, held)}
            )

    return candidate.id, held, update_lock(root, append).written


def position_lines(name: str, held: RecordedPosition, written: Sequence[str]) -> Iterator[str]:
    """What was recorded of a position, in lines for people."""
    who = f"{held.role} ({held.by})" if held.by else held.role
    yield f"{'recorded' if written else 'recorded already'}: on {name}, {who} wants on {held.on}: {held.wants}"
    if held.because:
        yield f"  because: {held.because}"
    if held.agrees_if:
        yield f"  would agree if: {held.agrees_if}"
    if written:
        yield f"commit {files_of(written)}"
