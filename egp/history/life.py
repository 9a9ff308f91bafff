"""What git knows of a plan's life: every version of its file, and every state of its entry in the lock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from egp.changes import FieldChange, added_amendments, changes, exploratory_amendments
from egp.digest import plan_digest
from egp.document import read_bytes
from egp.document.bounds import MAX_BYTES
from egp.experiment import Amendment, Experiment, read_experiment
from egp.files import read_regular
from egp.lock import LOCK_FILE, Decided, Lock, LockError, Registration, Signed, read_lock, read_lock_text
from egp.sources.git import GitError, Repository, Version

Kind = Literal[
    "written", "changed", "moved", "removed", "restored", "unreadable",
    "registered", "amended", "signed", "decided", "registration-rewritten", "registration-removed", "lock-unreadable",
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
class Life:
    """The moments of one plan, the first first."""

    id: str
    path: str
    digest: str
    """Of the plan as it lies there; empty for one that is gone or cannot be read."""
    entry: Registration | None
    """Its entry in the lock as it lies there."""
    is_exploratory: bool
    """Whether the plan as it lies there declares that it was changed with results seen."""
    moments: tuple[Moment, ...]


class _Told(NamedTuple):
    commit: str
    day: date | None
    event: Event


def lives(repository: Repository, path: str) -> list[Life]:
    """The lives of the plans that a file has, or had before it was removed. Raises GitError, LockError."""
    versions = list(repository.versions(path))
    here = _in_working_tree(repository, path)
    latest = next((content for content in (here, *(each.content for each in versions)) if content), None)
    names = list(dict.fromkeys(plan.id for plan in _plans(latest or b"") if plan.id))
    if not names:
        advice = "name the file of a plan; egp check says what is wrong with a file"
        raise GitError(f"neither git nor the working tree has a plan in {path}", advice)
    order = {commit: position for position, commit in enumerate(repository.line_of_commits())}
    entries = read_lock(repository.root).entries
    found = []
    for name in names:
        told = [*_plan_events(name, versions, path, here), *_lock_events(name, repository, entries.get(name))]
        plan = _plan_of(name, here)
        digest, is_exploratory = (
            (plan_digest(plan), bool(exploratory_amendments(plan))) if plan else ("", False)
        )
        found.append(Life(name, path, digest, entries.get(name), is_exploratory, _in_moments(told, order)))
    return found


def _in_working_tree(repository: Repository, path: str) -> bytes | None:
    try:
        return read_regular(os.path.join(repository.root, path), MAX_BYTES, repository.root)
    except OSError:
        return None


def _in_moments(told: list[_Told], order: dict[str, int]) -> tuple[Moment, ...]:
    days = {each.commit: each.day for each in told}
    commits = sorted(days, key=lambda commit: -order[commit] if commit else 1)
    return tuple(
        Moment(commit, days[commit], tuple(each.event for each in told if each.commit == commit))
        for commit in commits
    )


def _plans(content: bytes) -> list[Experiment]:
    return [read_experiment(document.value)[0] for document in read_bytes(content, "")]


def _plan_of(name: str, content: bytes | None) -> Experiment | None:
    """The plan with the id; in a file with a single plan that one, which then had another id."""
    plans = [plan for plan in _plans(content or b"") if plan.id]
    named = next((plan for plan in plans if plan.id == name), None)
    return named or (plans[0] if len(plans) == 1 else None)


def _plan_events(name: str, versions: list[Version], path: str, here: bytes | None) -> Iterator[_Told]:
    before: Experiment | None = None
    last: Kind | None = None
    place = ""
    for commit, day, now, content in _states(versions, path, here):
        plan = _plan_of(name, content)
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


def _lock_events(name: str, repository: Repository, here: Registration | None) -> Iterator[_Told]:
    before: Registration | None = None
    for version, lock in _locks(name, repository):
        if lock is None:
            yield _Told(version.commit, version.date, Event("lock-unreadable", LOCK_FILE))
            continue
        entry = lock.entries.get(name)
        for event in _entry_steps(before, entry):
            yield _Told(version.commit, version.date, event)
        before = entry
    for event in _entry_steps(before, here):
        yield _Told(NOT_COMMITTED, None, event)


def _locks(name: str, repository: Repository) -> list[tuple[Version, Lock | None]]:
    """The versions of the lock in which the entry changed, the first first; None for one that cannot be read.

    A version that repairs an unreadable one need not touch the entry, so that then all versions count.
    """
    found: list[tuple[Version, Lock | None]] = []
    for touching in (_line_of(name), ""):
        versions = reversed(list(repository.versions(LOCK_FILE, follow=False, touching=touching)))
        found = [(version, _lock_of(version)) for version in versions]
        if all(lock is not None for _, lock in found):
            break
    return found


def _lock_of(version: Version) -> Lock | None:
    if version.content is None:
        return Lock(LOCK_FILE, None, {}, {})
    try:
        return read_lock_text(version.content, LOCK_FILE)
    except LockError:
        return None


def _line_of(name: str) -> str:
    """What git may look for to find the commits that touch the entry; empty for an id that is not so simple.

    The line of a decision does not name its experiment, so that those of all are found.
    """
    return f'^  "?{name}"?:|^    [{{]option:' if re.fullmatch(r"[A-Za-z0-9_-]+", name) else ""


def _entry_steps(before: Registration | None, entry: Registration | None) -> Iterator[Event]:
    if entry is None:
        if before is not None:
            yield Event("registration-removed", LOCK_FILE)
        return
    if before is None:
        yield Event("registered", LOCK_FILE, entry.digest or "", entry, signed=entry.signed)
        if entry.decisions:
            yield Event("decided", LOCK_FILE, entry.current_digest, entry, decisions=entry.decisions)
        return
    if _form(before, before) != _form(entry, before):
        yield Event("registration-rewritten", LOCK_FILE, entry.current_digest, entry)
        return
    if len(entry.amended) > len(before.amended):
        yield Event("amended", LOCK_FILE, entry.current_digest, entry)
    known = {(each.role, each.by, each.on) for each in before.signed}
    signed = tuple(each for each in entry.signed if (each.role, each.by, each.on) not in known)
    if signed:
        yield Event("signed", LOCK_FILE, entry.current_digest, entry, signed=signed)
    decisions = entry.decisions[len(before.decisions) :]
    if decisions:
        yield Event("decided", LOCK_FILE, entry.current_digest, entry, decisions=decisions)


def _form(entry: Registration, before: Registration) -> tuple[object, ...]:
    """What stays of an entry whatever is added to it."""
    policy = entry.policy
    amended = [(each.digest, each.on, each.data_access) for each in entry.amended[: len(before.amended)]]
    named = (policy.name, policy.version, policy.digest) if policy else ()
    decisions = [vars(each) for each in entry.decisions[: len(before.decisions)]]
    return entry.digest, entry.registered, named, amended, decisions
