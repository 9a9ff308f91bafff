"""Registering: a plan that passes its check is pinned in the lock, with its date, its policy and its sign-offs."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from egp.advice.candidates import (
    EntryRefused,
    PlanAsRead,
    RegistrationRefusal,
    RegistrationTerms,
    candidates_in,
    opened,
    require_whole,
    terms_of,
)
from egp.check import check
from egp.check.pipeline import Progress
from egp.output.report.model import Report
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import Failure
from egp.plan.supplied import moves_in_words
from egp.plan.wording import called
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.resolving import moved_elsewhere, supplied_then
from egp.record.lock import (
    LockError,
    Registration,
    Signed,
    Waived,
    made,
    read_lock,
)
from egp.record.lock.writing import update_lock
from egp.record.waivers.attested import attestation, is_attested
from egp.stats.values import replace
from egp.yaml import Document
from egp.yaml.atomic import write_atomically
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.edit import edited
from egp.yaml.edits import EditError, add
from egp.yaml.files import read_regular, real_path, shown_path

PLAN_KEYS = [key for key, _, _, _ in Experiment.fields()]


@dataclass(frozen=True, slots=True)
class Pinned:
    """A plan whose entry in the lock is as it should be."""

    id: str
    path: str
    """The plan's file as messages show it."""
    entry: Registration
    before: Registration | None
    """The entry before; the same object when nothing had to change."""

    @property
    def newly_waived(self) -> tuple[Waived, ...]:
        return self.entry.waived[len(self.before.waived) if self.before else 0 :]


@dataclass(slots=True)
class RegistrationOutcome:
    """What came of it: everything that was requested is in the lock, or nothing is."""

    report: Report
    lock: str
    """The lock as messages show it."""
    refusals: list[RegistrationRefusal] = field(default_factory=list)
    pinned: list[Pinned] = field(default_factory=list)
    written: tuple[str, ...] = ()
    """The files of the lock that were written."""

    @property
    def exit_status(self) -> int:
        status = self.report.exit_status("error")
        return status or (1 if self.refusals else 0)


def register(
    sources: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    as_of: date,
    write_date: bool = False,
    progress: Progress | None = None,
) -> RegistrationOutcome:
    """Registers the plans, all of them or none. Raises LockError, also where a plan cannot be written."""
    terms = terms_of(finder, policy, as_of)
    lock = read_lock(terms.root)
    read = [opened(source, finder) for source in sources]
    refusals: list[RegistrationRefusal] = []
    if write_date:
        read = [_dated(source, as_of, lock.entries, refusals) for source in read]
    candidates = [each for source in read for each in candidates_in(source, terms, lock.entries)]
    entries: ChainMap[str, Registration] = ChainMap({}, lock.entries)  # type: ignore[arg-type]
    _pin_all(candidates, entries, terms, refusals)
    outcome = RegistrationOutcome(
        check(read, finder, policy, as_of, lock=entries, progress=progress), lock.path, refusals
    )
    if outcome.exit_status:
        return outcome
    write(
        sources,
        read,
        outcome,
        terms,
        lambda entries: outcome.pinned.extend(_pin_all(candidates, entries, terms)),
    )
    return outcome


def write(
    before: Sequence[PlanSource],
    after: Sequence[PlanSource],
    outcome: RegistrationOutcome,
    terms: RegistrationTerms,
    edit: Callable[[MutableMapping[str, Registration]], None],
) -> None:
    """Writes the plans that an edit changed, and then the lock. Raises LockError, which says what is on the disk."""
    done: list[str] = []
    try:
        write_changed(before, after, done)
        outcome.written = update_lock(terms.root, edit).written
    except EntryRefused as refused:
        outcome.refusals.append(refused.refusal)
    except OSError as error:
        unwritten = Failure(shown_path(str(error.filename or "")), f"cannot write the plan: {error.strerror}")
        raise LockError((unwritten, *_half_done(done))) from None
    except LockError as error:
        raise LockError((*error.failures, *_half_done(done))) from None


def _half_done(plans: Iterable[str]) -> Iterator[Failure]:
    for path in plans:
        message = "this plan was written, and the lock does not pin it as it is now"
        yield Failure(path, message, help="the command, given again, completes what it began")


def _dated(
    source: PlanSource, as_of: date, entries: Mapping[str, Registration], refusals: list[RegistrationRefusal]
) -> PlanSource:
    """The source with the registration date in every plan that is not registered yet."""

    def set_date(plan: dict[str, Any]) -> None:
        if "registered" in plan:
            plan["registered"] = as_of.isoformat()
        else:
            add(plan, "registered", as_of.isoformat(), PLAN_KEYS)

    for document in source.documents() if source.content is not None else ():
        plan, _ = read_experiment(document.value)
        if plan.id and plan.id not in entries and plan.registered != as_of:
            try:
                source = edited_source(source, document, set_date)
            except EditError as error:
                help = f"set `registered: {as_of}` by hand"
                span = document.span(("registered",))
                refusals.append(
                    RegistrationRefusal(document.path, span, f"the date cannot be written: {error}", help)
                )
    return source


def edited_source(source: PlanSource, document: Document, edit: Any) -> PlanSource:
    """The source with one of its documents edited. Raises EditError."""
    text = (source.content or b"").decode("utf-8", "surrogateescape")
    return replace(source, content=edited(text, edit, document.index).encode("utf-8", "surrogateescape"))


def write_changed(
    before: Iterable[PlanSource], after: Iterable[PlanSource], done: list[str] | None = None
) -> None:
    """Writes the plans that an edit changed, and notes which. Raises OSError."""
    for old, new in zip(before, after, strict=True):
        if new.content is not None and read_regular(old.path, MAX_BYTES) != new.content:
            write_atomically(real_path(old.path), new.content)
            if done is not None:
                done.append(old.shown)


def _pin_all(
    candidates: Sequence[PlanAsRead],
    entries: MutableMapping[str, Registration],
    terms: RegistrationTerms,
    refusals: list[RegistrationRefusal] | None = None,
) -> list[Pinned]:
    """Puts the candidates into the entries. Raises EntryRefused where there is no list for refusals."""
    pinned = []
    for candidate in candidates:
        before = entries.get(candidate.id)
        try:
            entry = _pin(candidate, before, terms)
        except EntryRefused as refused:
            if refusals is None:
                raise
            refusals.append(refused.refusal)
        else:
            entries[candidate.id] = entry
            pinned.append(Pinned(candidate.id, candidate.document.path, entry, before))
    return pinned


def _pin(candidate: PlanAsRead, entry: Registration | None, terms: RegistrationTerms) -> Registration:
    """The entry that the plan has from now on; the given one if nothing is new."""
    require_whole(candidate)
    if entry is None:
        return _new_entry(candidate, terms)
    if entry.current_digest != candidate.digest:
        raise _changed(candidate, entry)
    return renewed(candidate, entry, terms)


def renewed(candidate: PlanAsRead, entry: Registration, terms: RegistrationTerms) -> Registration:
    """The entry with the plan's new sign-offs and waivers and its new place; the given one if there are none.

    Raises EntryRefused.
    """
    _require_moved(candidate, entry, terms.root)
    new = {
        "signed": signed_in(candidate, terms.as_of, entry.signed),
        "waived": waived_in(candidate, terms, entry.waived),
        "path": candidate.path,
    }
    if all(getattr(entry, part) == value for part, value in new.items()):
        return entry
    return made(Registration, **{**vars(entry), **new})


def _new_entry(candidate: PlanAsRead, terms: RegistrationTerms) -> Registration:
    stated = candidate.plan.registered
    if stated != terms.as_of:
        message = (
            f"the plan says `registered: {stated}`, and it is registered on {terms.as_of}"
            if stated
            else f"the plan does not say that it is registered on {terms.as_of}"
        )
        help = f"set `registered: {terms.as_of}`, or have it set with --write-date"
        raise candidate.refused(("registered",), message, help)
    return made(
        Registration,
        path=candidate.path,
        digest=candidate.digest,
        registered=terms.as_of,
        analysis=ANALYSIS,
        policy=terms.pinned_policy(candidate.source),
        supplied=supplied_then(candidate.plan),
        signed=signed_in(candidate, terms.as_of),
        waived=waived_in(candidate, terms),
    )


def _changed(candidate: PlanAsRead, entry: Registration) -> EntryRefused:
    since = f"amended on {entry.amended[-1].on}" if entry.amended else f"registered on {entry.registered}"
    name = called(candidate.id, "the plan")
    message = f"{name} was {since} as {short(entry.current_digest)}, and is now {short(candidate.digest)}"
    elsewhere = moved_elsewhere(candidate.document, entry)
    if elsewhere.moved:
        message += f": {moves_in_words(elsewhere.moved)}"
    help = f"to change a registered plan: egp amend {candidate.document.path} --reason …; another experiment has another id"
    return candidate.refused(("id",), message, help)


def short(digest: str) -> str:
    """A digest as people compare it."""
    version, _, value = digest.rpartition(":")
    return f"{version}:{value[:12]}…"


def _require_moved(candidate: PlanAsRead, entry: Registration, root: str) -> None:
    """A plan may move; a second file with its id is no move."""
    if candidate.path != entry.path and os.path.lexists(os.path.join(root, entry.path or "")):
        name = called(candidate.id, "the plan")
        message = f"{name} is registered from {entry.path}, which is still there"
        raise candidate.refused(("id",), message, "give one of the two another id, or remove one")


def signed_in(candidate: PlanAsRead, as_of: date, already: Sequence[Signed] = ()) -> tuple[Signed, ...]:
    """The sign-offs that the lock attests: those it has, and those of the plan that are complete. Raises EntryRefused."""
    known = {(each.role, each.by, each.on) for each in already}
    kept = list(already)
    for at, each in enumerate(candidate.plan.sign_offs):
        identity = (each.role, each.by, each.on)
        if each.role and each.by and each.on and identity not in known:
            if each.on > as_of:
                message = f"the sign-off is dated {each.on}, and the lock attests it on {as_of}"
                help = "correct its date, or leave it out, and run egp register again when it is there"
                raise candidate.refused(("sign_offs", at, "on"), message, help)
            known.add(identity)
            kept.append(made(Signed, role=each.role, by=each.by, on=each.on))
    if len(kept) == len(already):
        return tuple(already)
    return tuple(sorted(kept, key=lambda each: (str(each.on or ""), each.role or "", each.by or "")))


def waived_in(
    candidate: PlanAsRead, terms: RegistrationTerms, already: Sequence[Waived] = ()
) -> tuple[Waived, ...]:
    """The waivers that the lock attests: those it has, and those of the plan. The check rejects one that would not hold."""
    kept = list(already)
    beside = terms.waivers_beside(candidate)
    listed = () if beside is None else (*candidate.plan.waivers, *beside)
    for waiver in listed:
        if not is_attested(waiver, candidate.id, kept):
            kept.append(attestation(waiver, candidate.id, terms.as_of))
    return tuple(kept)
