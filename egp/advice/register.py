"""Registering: a plan that passes its check is pinned in the lock, with its date, its policy and its sign-offs."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from egp.check import check
from egp.check.pipeline import Progress
from egp.output.report.model import Report
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, Waiver, may_be_plan, read_experiment
from egp.plan.finding import Failure
from egp.plan.supplied import moves_in_words
from egp.plan.typed_reader import ValueProblem
from egp.plan.wording import called, listing
from egp.policy.locate import lock_folder, waivers_folder
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.resolving import moved_elsewhere, resolved, supplied_then
from egp.record.entry_files import ENTRIES
from egp.record.lock import (
    LOCK_FILE,
    LockError,
    PinnedPolicy,
    Registration,
    Signed,
    Waived,
    made,
    read_lock,
)
from egp.record.lock.writing import update_lock
from egp.record.waivers import WAIVERS_FILE
from egp.record.waivers.attested import attestation, is_attested
from egp.record.waivers.file import read_waivers
from egp.stats.values import replace
from egp.yaml import Document, Path, Span
from egp.yaml.atomic import write_atomically
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.edit import edited
from egp.yaml.edits import EditError, add
from egp.yaml.files import read_regular, real_path, shown_path

_CANNOT = "what egp cannot read it cannot pin"

PLAN_KEYS = [key for key, _, _, _ in Experiment.fields()]


@dataclass(frozen=True, slots=True)
class RegistrationRefusal:
    """Why a plan was not registered or amended although its check may have passed. Exit status 1."""

    path: str
    span: Span
    message: str
    help: str


class EntryRefused(Exception):
    """Raised with the refusal that ends an attempt."""

    def __init__(self, refusal: RegistrationRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


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


@dataclass(frozen=True, slots=True)
class PlanAsRead:
    """A plan as it was read once, for its check and for its digest."""

    source: PlanSource
    document: Document
    plan: Experiment
    problems: Sequence[ValueProblem]
    path: str
    """The plan's file relative to the lock."""

    @property
    def id(self) -> str:
        return self.plan.name

    @property
    def digest(self) -> str:
        return plan_digest(self.plan)

    def refused(self, at: Path, message: str, help: str) -> EntryRefused:
        return EntryRefused(RegistrationRefusal(self.document.path, self.document.span(at), message, help))


@dataclass(frozen=True, slots=True)
class RegistrationTerms:
    """What every registration of a run has in common."""

    root: str
    as_of: date
    policy: Policy
    finder: PlanFinder
    _beside: dict[str, Mapping[str, Sequence[tuple[int, Waiver]]]] = field(default_factory=dict)
    """Folder → the waivers in it, by experiment."""

    def judge(self, source: PlanSource) -> Policy:
        """The policy that a plan is registered under: its owner's."""
        return self.finder.policy_of(source, self.policy)

    def completed(
        self, document: Document, source: PlanSource, entries: Mapping[str, Registration], is_amended: bool
    ) -> Document:
        """A plan's document with what its policy's defaults and catalogue add."""
        policy = self.judge(source)
        value = document.value if isinstance(document.value, dict) else {}
        entry = entries.get(str(value.get("id")))
        judged = self.finder.judged_at(source, (entry.path or "") if entry else "", self.root)
        return resolved(document, policy, judged.in_policy, self.as_of, entry, is_amended)

    def pinned_policy(self, source: PlanSource) -> PinnedPolicy:
        policy = self.judge(source)
        name = policy.file or policy.name
        if policy.root:
            file = os.path.join(real_path(policy.root), os.path.basename(name))
            name = os.path.relpath(file, self.root).replace(os.sep, "/")
        return made(PinnedPolicy, name=name, version=policy.version or None, digest=policy.digest)

    def waivers_beside(self, candidate: PlanAsRead) -> Sequence[Waiver] | None:
        """Those beside the plan's policy; None where the lock is to attest none. A file that cannot be read the check rejects."""
        policy = self.judge(candidate.source)
        if not policy.waivers or policy.waivers.attested_by != "lock":
            return None
        folder = waivers_folder(self.finder.folder, policy.root)
        if folder not in self._beside:
            self._beside[folder] = read_waivers(folder, WAIVERS_FILE).by_experiment
        return [waiver for _, waiver in self._beside[folder].get(candidate.id, ())]


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


def terms_of(finder: PlanFinder, policy: Policy, as_of: date) -> RegistrationTerms:
    root = real_path(lock_folder(finder.folder, policy.home))
    return RegistrationTerms(root, as_of, policy, finder)


def opened(source: PlanSource, finder: PlanFinder) -> PlanSource:
    """The source with its content, so that what is checked is what is pinned; unreadable ones are the check's to name."""
    if finder.leaves_repository(source):
        return source
    if not os.path.isfile(source.path):
        return source  # a pipe may never end; the check says what it is
    try:
        return replace(source, content=read_regular(source.path, MAX_BYTES))
    except OSError:
        return source


def candidates_in(
    source: PlanSource,
    terms: RegistrationTerms,
    entries: Mapping[str, Registration],
    is_amended: bool = False,
) -> Iterator[PlanAsRead]:
    """The plans of an opened source, completed; what is no plan the check rejects."""
    if source.content is None:
        return
    path = os.path.relpath(real_path(source.path), terms.root).replace(os.sep, "/")
    for written in filter(may_be_plan, source.documents()):
        light = written.lightened(partial(_read_again, source, written.index))
        document = terms.completed(light, source, entries, is_amended)
        plan, problems = read_plan(document)
        yield PlanAsRead(source, document, plan, problems, path)


def _read_again(source: PlanSource, index: int) -> Document:
    return source.documents()[index]


def plans_in(
    sources: Sequence[PlanSource], terms: RegistrationTerms, entries: Mapping[str, Registration]
) -> list[PlanAsRead]:
    """The plans of files that can be read whole, the parts that hold no plan included. Raises EntryRefused."""
    read = [opened(source, terms.finder) for source in sources]
    for source in read:
        for document in source.documents() if source.content is not None else ():
            for fault in document.problems[:1]:
                message = f"{_CANNOT}: {fault.message}"
                raise EntryRefused(RegistrationRefusal(document.path, fault.span, message, fault.help))
    return [each for source in read for each in candidates_in(source, terms, entries)]


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


def require_whole(candidate: PlanAsRead) -> None:
    """Only a plan that was read without problems, and that lies with its lock, can be pinned."""
    for problem in candidate.problems[:1]:
        raise candidate.refused(problem.path, f"{_CANNOT}: {problem.message}", problem.help)
    for fault in candidate.document.problems[:1]:
        refusal = RegistrationRefusal(
            candidate.document.path, fault.span, f"{_CANNOT}: {fault.message}", fault.help
        )
        raise EntryRefused(refusal)
    if candidate.path.startswith("../"):
        message = "the plan lies outside of the folder that has the lock"
        raise candidate.refused((), message, "run egp in the repository that has the plan")


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


def registration_lines(outcome: RegistrationOutcome) -> Iterator[str]:
    """What came of it, in lines for people."""
    if outcome.pinned and not outcome.refusals:
        for pinned in outcome.pinned:
            yield f"{_done(pinned)} ({short(pinned.entry.current_digest)})"
            for each in pinned.newly_waived:
                until = f" until {each.expires}" if each.expires else ""
                yield f"  attested: the waiver of {each.rule}, approved by {each.approver or 'nobody'}{until}"
        if outcome.written:
            yield f"commit {files_of(outcome.written)} together with what is pinned"
        return
    for refusal in outcome.refusals:
        line, column = refusal.span.start
        yield f"not pinned: {refusal.path}:{line}:{column}: {refusal.message}"
        yield f"  help: {refusal.help}"
    yield f"{outcome.lock} is as it was"


def files_of(written: Sequence[str]) -> str:
    """Files of the lock, as people are advised to commit them."""
    folder = f"{ENTRIES}/"
    return listing(written) if len(written) <= _FEW_FILES else f"what has changed in {LOCK_FILE} and {folder}"


_FEW_FILES = 3


def _done(pinned: Pinned) -> str:
    before, entry = pinned.before, pinned.entry
    if before is None:
        return _with_signatures(f"registered {pinned.id} on {entry.registered}", entry.signed)
    if entry is before:
        return f"{pinned.id} is as it was pinned: registered on {entry.registered}"
    new = tuple(each for each in entry.signed if each not in before.signed)
    if len(entry.amended) > len(before.amended):
        return _with_signatures(f"amended {pinned.id} on {entry.amended[-1].on}", new)
    if new:
        return f"{pinned.id}, registered on {entry.registered}, is now {_signed_by(new)}"
    if pinned.newly_waived and entry.path == before.path:
        return f"{pinned.id}, registered on {entry.registered}, has waivers that the lock attests"
    return f"{pinned.id}, registered on {entry.registered}, has moved to {entry.path}"


def _with_signatures(done: str, signed: Sequence[Signed]) -> str:
    return f"{done}, {_signed_by(signed)}" if signed else done


def _signed_by(signed: Sequence[Signed]) -> str:
    return f"signed by {listing(f'{each.role} ({each.by})' for each in signed)}"
