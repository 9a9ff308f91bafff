"""What git knows of a plan's life: every version of its file, and every state of its entry in the lock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.experiment import Amendment, Experiment, read_experiment
from egp.policy.resolving import as_registered
from egp.record.changes import FieldChange, added_amendments, changes, exploratory_amendments
from egp.record.emergencies import Emergency, emergencies
from egp.record.entry_files import entry_file
from egp.record.ledger import read_ledger
from egp.record.lock import (
    LOCK_FILE,
    Decided,
    LockError,
    Registration,
    Signed,
    Waived,
    entry_in,
    read_lock,
    read_lock_text,
    said,
)
from egp.record.sources.git import Repository, Version
from egp.record.sources.git_command import GitError
from egp.stats.values import NamedTuple
from egp.yaml import read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular

Kind = Literal[
    "written", "changed", "moved", "removed", "restored", "unreadable",
    "registered", "amended", "signed", "waived", "decided", "archived", "registration-rewritten", "registration-removed", "lock-unreadable",
]  # fmt: skip

NOT_COMMITTED = ""
"""The commit of what lies in the working tree alone."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a plan."""

    kind: Kind
    path: str
    digest: str = ""
    """Of the plan as it was then, or as the lock pins it from then on."""
    entry: Registration | None = None
    """The plan's entry in the lock, after an event of the lock."""
    changes: tuple[FieldChange, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    """What the plan itself declares of its change."""
    signed: tuple[Signed, ...] = ()
    """Sign-offs that the lock attests from then on."""
    waived: tuple[Waived, ...] = ()
    """Waivers that the lock attests from then on."""
    decisions: tuple[Decided, ...] = ()
    """What was decided then."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A commit with what it did to the plan."""

    commit: str
    day: date | None
    """None for what is not committed."""
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class PlanLife:
    """The moments of one plan, the first first."""

    id: str
    path: str
    digest: str
    """Of the plan as it lies there; empty for one that is missing or cannot be read."""
    entry: Registration | None
    """Its entry in the lock as it lies there."""
    is_exploratory: bool
    """Whether the plan as it lies there declares that it was changed with results seen."""
    moments: tuple[Moment, ...]
    emergencies: tuple[Emergency, ...] = ()
    """Stages that were raised without the gate."""


class _Told(NamedTuple):
    commit: str
    day: date | None
    event: Event


def lives(repository: Repository, path: str) -> list[PlanLife]:
    """The lives of the plans that a file has, or had before it was removed. Raises GitError, LockError."""
    versions = list(repository.versions(path))
    here = _in_working_tree(repository, path)
    contents = (here, *(each.content for each in versions))
    names: list[str] = next(filter(None, (_names(content) for content in contents if content)), [])
    if not names:
        advice = "name the file of a plan; egp check says what is wrong with a file"
        raise GitError(f"neither git nor the working tree has a plan in {path}", advice)
    order = {commit: position for position, commit in enumerate(repository.line_of_commits())}
    entries = read_lock(repository.root).entries
    found = []
    for name in names:
        states = _lock_states(name, repository, order)
        occurrences = [
            *_plan_events(name, versions, path, here, entries.get(name)),
            *_lock_events(states, entries.get(name)),
        ]
        plan = _plan_of(name, here, entries.get(name))
        digest, is_exploratory = (
            (plan_digest(plan), bool(exploratory_amendments(plan))) if plan else ("", False)
        )
        found.append(
            PlanLife(
                name,
                path,
                digest,
                entries.get(name),
                is_exploratory,
                _in_moments(occurrences, order),
                emergencies(read_ledger(repository.root, name)),
            )
        )
    return found


def _in_working_tree(repository: Repository, path: str) -> bytes | None:
    try:
        return read_regular(os.path.join(repository.root, path), MAX_BYTES, repository.root)
    except OSError:
        return None


def _in_moments(occurrences: list[_Told], order: dict[str, int]) -> tuple[Moment, ...]:
    days = {each.commit: each.day for each in occurrences}
    commits = sorted(days, key=lambda commit: -order[commit] if commit else 1)
    return tuple(
        Moment(commit, days[commit], tuple(each.event for each in occurrences if each.commit == commit))
        for commit in commits
    )


def _names(content: bytes) -> list[str]:
    plans = (read_experiment(document.value)[0] for document in read_bytes(content, ""))
    return list(dict.fromkeys(plan.id for plan in plans if plan.id))


def _plan_of(name: str, content: bytes | None, entry: Registration | None) -> Experiment | None:
    """The plan with the id, completed by what completed the one that an entry is of; in a file with a single plan that
    one, which then had another id.

    None where its document cannot be read: of two values of one key nobody knows which was meant, and there is no digest.
    """
    documents = read_bytes(content or b"", "")
    plans = [(each, read_plan(as_registered(each, entry) if entry else each)[0]) for each in documents]
    with_id = [each for each in plans if each[1].id]
    named = next((each for each in with_id if each[1].id == name), None)
    document, plan = named or (with_id[0] if len(with_id) == 1 else (None, None))
    return None if document is None or document.problems else plan


def _plan_events(
    name: str, versions: list[Version], path: str, here: bytes | None, entry: Registration | None
) -> Iterator[_Told]:
    before: Experiment | None = None
    last: Kind | None = None
    place = ""
    for commit, day, now, content in _states(versions, path, here):
        plan = _plan_of(name, content, entry)
        for event in _steps(before, plan, place, now, content is not None, last):
            is_spelling = event.kind == "changed" and not event.changes and not event.amendments
            if commit != NOT_COMMITTED or not is_spelling:
                yield _Told(commit, day, event)
            last = event.kind
        before, place = plan or before, now


def _states(
    versions: list[Version], path: str, here: bytes | None
) -> Iterator[tuple[str, date | None, str, bytes | None]]:
    for each in reversed(versions):
        yield each.commit, each.date, each.path, each.content
    if not versions or here != versions[0].content:
        yield NOT_COMMITTED, None, path, here


def _steps(
    before: Experiment | None, plan: Experiment | None, place: str, now: str, is_file: bool, last: Kind | None
) -> Iterator[Event]:
    """What one version did."""
    if plan is None:
        kind: Kind = "unreadable" if is_file else "removed"
        if before is not None and last != kind:
            yield Event(kind, now)
        return
    digest = plan_digest(plan)
    if before is None:
        yield Event("written", now, digest)
        return
    if place != now:
        yield Event("moved", now, digest)
    changed = tuple(each for each in changes(before, plan) if not each.name.startswith("/amendments"))
    added = tuple(plan.amendments[position] for position in added_amendments(before, plan))
    if last in ("removed", "unreadable"):
        yield Event("restored", now, digest, changes=changed, amendments=added)
    elif changed or added or place == now:
        yield Event("changed", now, digest, changes=changed, amendments=added)


class _State(NamedTuple):
    """What a commit that touched the lock left of an experiment's entry."""

    version: Version
    path: str
    """The file that was touched, of those that have entries."""
    entry: Registration | None
    is_readable: bool = True


def _lock_events(states: Iterable[_State], here: Registration | None) -> Iterator[_Told]:
    before: Registration | None = None
    path = LOCK_FILE
    for version, path, entry, is_readable in states:
        if not is_readable:
            yield _Told(version.commit, version.date, Event("lock-unreadable", path))
            continue
        for event in _entry_steps(before, entry, path):
            yield _Told(version.commit, version.date, event)
        before = entry
    for event in _entry_steps(before, here, path):
        yield _Told(NOT_COMMITTED, None, event)


def _lock_states(name: str, repository: Repository, order: Mapping[str, int]) -> Iterator[_State]:
    """The entry after each commit that touched it, wherever it then was, the first first."""
    own = entry_file(name)
    files = [(version, own) for version in repository.versions(own, follow=False)]
    touched = [*((version, LOCK_FILE) for version in _locks(name, repository)), *files]
    touched.sort(key=lambda each: -order[each[0].commit])
    found: dict[str, Registration | None] = {}
    for position, (version, path) in enumerate(touched):
        try:
            found[path] = _entry_in(version, path, name)
        except LockError:
            yield _State(version, path, None, is_readable=False)
            continue
        is_last = position + 1 == len(touched) or touched[position + 1][0].commit != version.commit
        if is_last:  # a move takes the entry away here and puts it there
            entry = found.get(own) or found.get(LOCK_FILE)
            yield _State(version, own if found.get(own) else path, entry)


def _entry_in(version: Version, path: str, name: str) -> Registration | None:
    if version.content is None:
        return None
    if path == LOCK_FILE:
        return read_lock_text(version.content, path).entries.get(name)
    return entry_in(read_bytes(version.content, path), name)


def _locks(name: str, repository: Repository) -> list[Version]:
    """The versions of the lock file in which the entry changed.

    A version that repairs an unreadable one need not touch the entry, so that then all versions count.
    """
    found: list[Version] = []
    for touching in (_line_of(name), ""):
        found = list(repository.versions(LOCK_FILE, follow=False, touching=touching))
        if all(map(_is_readable, found)):
            break
    return found


def _is_readable(version: Version) -> bool:
    try:
        return version.content is None or bool(read_lock_text(version.content, LOCK_FILE))
    except LockError:
        return False


def _line_of(name: str) -> str:
    """What git may look for to find the commits that touch the entry; empty for an id that is not so simple.

    The line of a decision does not name its experiment, so that those of all are found.
    """
    return f'^  "?{name}"?:|^    [{{]option:' if re.fullmatch(r"[A-Za-z0-9_-]+", name) else ""


def _entry_steps(before: Registration | None, entry: Registration | None, path: str) -> Iterator[Event]:
    if entry is None:
        if before is not None:
            yield Event("registration-removed", path)
        return
    if before is None:
        yield Event("registered", path, entry.digest or "", entry, signed=entry.signed)
        if entry.waived:
            yield Event("waived", path, entry.current_digest, entry, waived=entry.waived)
        if entry.decisions:
            yield Event("decided", path, entry.current_digest, entry, decisions=entry.decisions)
        if entry.archived:
            yield Event("archived", path, entry.current_digest, entry)
        return
    if _form(before, before) != _form(entry, before):
        yield Event("registration-rewritten", path, entry.current_digest, entry)
        return
    if len(entry.amended) > len(before.amended):
        yield Event("amended", path, entry.current_digest, entry)
    known = {(each.role, each.by, each.on) for each in before.signed}
    signed = tuple(each for each in entry.signed if (each.role, each.by, each.on) not in known)
    if signed:
        yield Event("signed", path, entry.current_digest, entry, signed=signed)
    attested = {each.waiver for each in before.waived}
    waived = tuple(each for each in entry.waived if each.waiver not in attested)
    if waived:
        yield Event("waived", path, entry.current_digest, entry, waived=waived)
    decisions = entry.decisions[len(before.decisions) :]
    if decisions:
        yield Event("decided", path, entry.current_digest, entry, decisions=decisions)
    if entry.archived and not before.archived:
        yield Event("archived", path, entry.current_digest, entry)


def _form(entry: Registration, before: Registration) -> tuple[object, ...]:
    """What stays of an entry whatever is added to it."""
    policy = entry.policy
    amended = [
        (each.digest, each.on, each.data_access, each.analysis)
        for each in entry.amended[: len(before.amended)]
    ]
    named = (policy.name, policy.version, policy.digest) if policy else ()
    decisions = [said(each) for each in entry.decisions[: len(before.decisions)]]
    archived = entry.archived if before.archived else None
    return entry.digest, entry.registered, entry.analysis or 1, named, amended, decisions, archived
