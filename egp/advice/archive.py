"""Archiving: an experiment that is over is put away. Its plan may go then, and its id stays taken."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date

from egp.advice.candidates import PlanAsRead, plans_in, require_whole, terms_of
from egp.advice.registration_lines import files_of
from egp.plan.analysis.days import last_watched
from egp.plan.finding import Failure, NotChecked
from egp.plan.wording import called, listing
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.record.lock import LockError, Registration, made, read_lock
from egp.record.lock.writing import update_lock


@dataclass(frozen=True, slots=True)
class Archived:
    """What archiving came to."""

    experiments: tuple[str, ...]
    written: tuple[str, ...]
    """The files of the lock that were written."""


def archive(sources: Sequence[PlanSource], finder: PlanFinder, policy: Policy, as_of: date) -> Archived:
    """Marks the entries of the plans, of all or of none. Raises EntryRefused and LockError."""
    terms = terms_of(finder, policy, as_of)
    known = read_lock(terms.root).entries
    candidates = plans_in(sources, terms, known)
    if not candidates:
        raise LockError((Failure("", "there is no plan here to archive", help="name the plan's file"),))

    def edit(entries: MutableMapping[str, Registration]) -> None:
        for candidate in candidates:
            entries[candidate.id] = _put_away(candidate, entries.get(candidate.id), as_of)

    lock = update_lock(terms.root, edit)
    return Archived(tuple(each.id for each in candidates), lock.written)


def _put_away(candidate: PlanAsRead, entry: Registration | None, as_of: date) -> Registration:
    require_whole(candidate)
    name = called(candidate.id, "the plan")
    if entry is None:
        raise candidate.refused(
            ("id",), f"{name} is not registered", "a plan that is not registered may just go"
        )
    if entry.archived:
        return entry
    if entry.current_digest != candidate.digest:
        message = f"{name} is not as it was registered"
        raise candidate.refused(("id",), message, "restore it, or declare the change with egp amend")
    try:
        last = last_watched(candidate.plan)
    except NotChecked as missing:
        raise candidate.refused(missing.path, f"nobody can tell when {name} is over", "") from None
    if as_of <= last:
        message = f"{name} is watched until {last}, and today is {as_of}"
        raise candidate.refused(("schedule",), message, "an experiment that is over is archived")
    return made(Registration, **{**vars(entry), "archived": as_of})


def archive_lines(archived: Archived) -> Iterator[str]:
    """What it came to, in lines for people."""
    if archived.written:
        yield f"archived {listing(archived.experiments)}; the plan may go, and the id stays taken"
        yield f"commit {files_of(archived.written)}"
    else:
        yield f"{listing(archived.experiments)} was archived before"
