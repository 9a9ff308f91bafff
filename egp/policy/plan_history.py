"""What plans were before: as the lock has them registered, as git has them at a base, and in between.

Read once for a run, before the first plan is judged. Of the base only files are read that the working tree has not
left as they were, so that the costs follow what was changed and not how many plans there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import EARLIER, PINNED, Failure, FailuresError
from egp.policy.locate import lock_folder
from egp.policy.plan_files import PlanFinder, PlanSource, may_hold_plan
from egp.policy.timing import Timing
from egp.record.entry_files import (
    ENTRIES,
    has_lock,
    in_other_letters,
    is_entry,
    is_entry_in_other_letters,
)
from egp.record.lock import (
    LOCK_FILE,
    Entries,
    EntryFolder,
    EntryStore,
    Lock,
    LockError,
    Registration,
    damage,
    read_lock,
    read_lock_text,
    require_own_letters,
    unusable,
)
from egp.rules.rule_inputs import Change
from egp.stats.values import frozen, replace
from egp.yaml import Document, Path, read_bytes
from egp.yaml.files import is_inside, read_regular, real_path

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.policy.resolving import MovedElsewhere
    from egp.record.sources.git import Blob, Repository, Version

_MANY_PATHS = 200
"""More paths than this are not worth naming to git one by one."""

_FEW_PLANS = 5
"""Of more plans than this, git lists all entries at once."""


Completion = Callable[[Document, "Registration | None"], Document]
"""Completes the document of an earlier version of a plan, which may have an entry in the lock."""


class PlanHistoryError(FailuresError):
    """The past cannot be read as it was requested; egp ends with exit status 2."""


@frozen
class EarlierPlan:
    """A plan as a commit has it."""

    plan: Experiment
    content: bytes
    path: str
    """The file as git names it."""
    number: int
    """The plan's number among the documents of its file."""
    commit: str
    entry: Registration | None = None
    complete: Completion | None = None
    """What completes it; None for a version that its file says all of."""

    @property
    def document(self) -> Document:
        """The document, under the name by which `git show` knows its file."""
        document = read_bytes(self.content, f"{self.commit[:12]}:{self.path}")[self.number]
        return self.complete(document, self.entry) if self.complete else document

    def completed(self, complete: Completion | None, entry: Registration | None) -> EarlierPlan:
        """The same, with what completes it."""
        if complete is None:
            return self
        from egp.plan.completing import read_plan

        found = replace(self, complete=complete, entry=entry)
        return replace(found, plan=read_plan(found.document)[0])


@frozen
class Base:
    """The commit that the working tree is compared with."""

    commit: str
    lock: Lock
    unchanged: frozenset[str]
    """Files that are as the commit has them."""
    plans: Mapping[str, EarlierPlan]
    """Id → plan, of the files that are not."""


@frozen
class PlanHistory:
    """The past of one plan: what rules may know of it, and where it is written."""

    change: Change
    histories: PlanHistories
    earlier: EarlierPlan | None
    """What ``change.before`` is read from; None where that is the plan itself."""
    pinned: EarlierPlan | None
    """The same of ``change.pinned``."""

    def written(self, name: str) -> tuple[Document, Path] | None:
        """The document that ``Related.plan`` means by EARLIER, PINNED or LOCK, and where the plan's part of it is."""
        if name in (EARLIER, PINNED):
            version = self.earlier if name == EARLIER else self.pinned
            return (version.document, ()) if version else None
        return self.histories.entry_place(self.change.plan.name)


class PlanHistories:
    """Lock, base and history of one run. Paths are relative to the root, with ``/`` between folders."""

    def __init__(
        self, finder: PlanFinder, root: str, lock: Lock, entries: Mapping[str, Registration] | None = None
    ) -> None:
        self.finder = finder
        self.root = real_path(root)
        self.lock = lock
        self.entries = lock.entries if entries is None else entries
        """The registrations in force, by id. What is requested is read, and may raise LockError."""
        self.is_attested = entries is None and lock.document is not None
        """Whether a plan that says it was registered must be in the lock."""
        self.base: Base | None = None
        self._repository: Repository | None = None
        self._repository_is_sought = False

    def inside(self, path: str) -> str:
        """A path relative to the root."""
        return os.path.relpath(self.finder.canonical(path), self.root).replace(os.sep, "/")

    @property
    def repository(self) -> Repository | None:
        """The repository of the lock; None where there is none, or git cannot read it."""
        from egp.record.sources.git import Repository  # only where a plan changed: it costs a cold start
        from egp.record.sources.git_command import GitError

        if not self._repository_is_sought:
            self._repository_is_sought = True
            try:
                self._repository = Repository.at(self.root)
            except GitError:
                self._repository = None
        return self._repository

    def entry_place(self, name: str) -> tuple[Document, Path] | None:
        """The lock's document, and where it has the experiment."""
        return self.lock.place(name)

    def compare_with(self, ref: str, asked: Sequence[PlanSource]) -> None:
        """Takes the commit at which HEAD left a ref for the base. Raises PlanHistoryError, LockError."""
        from egp.record.sources.git import Repository
        from egp.record.sources.git_command import GitError

        try:
            self._repository = Repository.at(self.root)
            self._repository_is_sought = True
            self.base = self._base(self._repository, self._repository.merge_base(ref), asked)
        except GitError as error:
            raise PlanHistoryError([Failure("", f"--base {ref}: {error}", help=error.help)]) from None

    def at_base(self, path: str) -> bytes | None:
        """A file as the base has it; None where it has none. Raises PlanHistoryError."""
        from egp.record.sources.git_command import GitError

        if self.base is None or self.repository is None or path.startswith("../"):
            return None
        try:
            return self.repository.read(self.base.commit, path)
        except GitError as error:
            raise PlanHistoryError([Failure(path, str(error), help=error.help)]) from None

    def removed_entries(self) -> Iterator[str]:
        """Experiments that the base has registered, and the lock no longer has. Raises LockError."""
        from egp.record.sources.git_command import GitError

        if self.base is None or self.repository is None:
            return
        before = self.base.lock.entries
        assert isinstance(before, Entries)
        try:
            removed = self.repository.removed(self.base.commit, ENTRIES) if self.base.lock.has_folder else ()
        except GitError as error:
            raise unusable(self.base.lock.path, str(error), error.help) from None
        named = (before.experiment_in(path) for path in removed if is_entry(path))
        yield from (name for name in (*before.in_lock_file, *named) if self.entries.get(name) is None)

    def _base(self, repository: Repository, commit: str, asked: Sequence[PlanSource]) -> Base:
        lock = self._lock_of(commit, repository, len(asked))
        files = dict(self._files_of_plans(repository.files(commit, self._scope(asked)), asked))
        given = {self.inside(source.path): source.content for source in asked}
        unchanged = frozenset(
            path
            for path, blob in files.items()
            if self._is_unchanged(path, blob, given.get(path), repository)
        )
        others = [path for path in files if path not in unchanged]
        plans: dict[str, EarlierPlan] = {}
        for path, content in zip(others, repository.contents(files[path].id for path in others), strict=True):
            for plan in plans_in(content, path, commit):
                plans.setdefault(plan.plan.name, plan)
        return Base(commit, lock, unchanged, plans)

    def _lock_of(self, commit: str, repository: Repository, plans: int) -> Lock:
        shown = f"{commit[:12]}:{LOCK_FILE}"
        require_own_letters(repository.names_in(commit, ""), f"{commit[:12]}:")
        content = repository.read(commit, LOCK_FILE)
        if content is None:
            return Lock(shown, None, Entries({}), {})
        store = EntriesOfCommit(repository, commit, EntryFolder(self.root), plans > _FEW_PLANS)
        here = self.lock.document
        if here is not None and content == here.text.encode("utf-8", "surrogatepass"):
            # A large lock is not read twice.
            entries = Entries(self.lock.in_lock_file, store if self.lock.has_folder else None)
            return replace(self.lock, path=shown, entries=entries)
        return read_lock_text(content, shown, store)

    def _scope(self, asked: Sequence[PlanSource]) -> list[str]:
        """Where plans may lie; an empty list for anywhere."""
        # By name: where a link lies now, the base may have had the plans themselves.
        named = [self._by_name(folder) for folder in self.finder.folders()]
        paths = {os.path.relpath(path, self.root).replace(os.sep, "/") for path in named}
        paths |= {self.inside(source.path) for source in asked}
        inside = sorted(path for path in paths if path != ".." and not path.startswith("../"))
        return [] if "." in inside or len(inside) > _MANY_PATHS else inside

    def _by_name(self, folder: str) -> str:
        """A folder below the policy's, of which links are followed on the way to that one alone."""
        top = self.finder.pattern_root
        if not is_inside(folder, top):
            return real_path(folder)
        return os.path.normpath(os.path.join(real_path(top), os.path.relpath(folder, top)))

    def _files_of_plans(
        self, files: Mapping[str, Blob], asked: Sequence[PlanSource]
    ) -> Iterator[tuple[str, Blob]]:
        named = {self.inside(source.path) for source in asked}
        for path, blob in files.items():
            if path in named or (may_hold_plan(path) and self.source(path).in_portfolio):
                yield path, blob

    def source(self, path: str, content: bytes = b"") -> PlanSource:
        """A file as if it were there with a content, so that the policy can judge it."""
        shown = os.path.relpath(os.path.join(self.root, path), real_path(self.finder.folder))
        return self.finder.piped(content, shown.replace(os.sep, "/"))

    def _is_unchanged(self, path: str, blob: Blob, given: bytes | None, repository: Repository) -> bool:
        file = os.path.join(self.root, path)
        try:
            if given is None:
                if self.finder.canonical(file) != file or os.path.getsize(file) != blob.size:
                    return False
                given = read_regular(file, blob.size, self.root)
        except OSError:
            return False
        return repository.blob_id(given) == blob.id

    def of(
        self,
        source: PlanSource,
        plan: Experiment,
        is_whole: bool,
        as_of: date,
        document: Document | None = None,
        complete: Completion | None = None,
    ) -> PlanHistory:
        """A plan's own past. ``document`` is the one that it was read from, where others complete it."""
        base, name, path = self.base, plan.name, self.inside(source.path)
        entry = self.entries.get(name)
        digest = plan_digest(plan) if is_whole and (entry or base) else ""
        earlier = base.plans.get(name) if base and path not in base.unchanged else None
        earlier = earlier.completed(complete, entry) if earlier else None
        elsewhere = moves_of(document, entry) if document and entry and complete else None
        is_pinned = entry is not None and (
            digest == entry.current_digest or (elsewhere is not None and elsewhere.is_all)
        )
        pinned = self._pinned(name, entry, earlier) if entry and not is_pinned else None
        pinned_plan = plan if is_pinned else pinned.plan if pinned else None
        before = plan if base and path in base.unchanged else earlier.plan if earlier else None
        change = Change(
            plan=plan,
            before=before if base else pinned_plan,
            registered=entry.registered if entry else plan.registered,
            as_of=as_of,
            lock=entry,
            base_lock=base.lock.entries.get(name) if base else None,
            under_base=base is not None,
            pinned=pinned_plan,
            renamed_from=earlier.path if earlier and earlier.path != path else "",
            digest=digest,
            first_commit=self._first_commit(path) if base and before is None else None,
            is_attested=self.is_attested and source.in_portfolio,
            is_moved_elsewhere=elsewhere is not None and elsewhere.is_all,
        )
        return PlanHistory(change, self, earlier if base else pinned, pinned)

    def _pinned(self, name: str, entry: Registration, earlier: EarlierPlan | None) -> EarlierPlan | None:
        if earlier and plan_digest(earlier.plan) == entry.current_digest:
            return earlier
        return self.latest(entry.path or "", name, entry.current_digest, entry)

    def latest(
        self, path: str, name: str, digest: str = "", entry: Registration | None = None
    ) -> EarlierPlan | None:
        """The latest version of a plan that a file had, with this digest if it is given; None if git cannot tell.

        With an entry, it is completed by what completed the plan when that was written.
        """
        complete = _by_lock if entry is not None and entry.supplied is not None else None
        for version in self._versions(path):
            for written in plans_in(version.content, version.path, version.commit):
                earlier = written.completed(complete, entry)
                if earlier.plan.id == name and digest in ("", plan_digest(earlier.plan)):
                    return earlier
        return None

    def _first_commit(self, path: str) -> date | None:
        dates = [version.date for version in self._versions(path)]
        return dates[-1] if dates else None

    def _versions(self, path: str) -> list[Version]:
        """What the file was; nothing where git cannot tell all of it."""
        from egp.record.sources.git_command import GitError

        try:
            return list(self.repository.versions(path)) if self.repository and path else []
        except GitError:
            return []


class EntriesOfCommit(EntryStore):
    """The entries as a commit has them; those that the working tree has the same of are not read from git."""

    def __init__(self, repository: Repository, commit: str, here: EntryFolder, at_once: bool) -> None:
        self._repository = repository
        self._commit = commit
        self._here = here
        self._blobs: Mapping[str, Blob] | None = self._listed(f"{ENTRIES}/") if at_once else None

    def documents(self, path: str) -> list[Document] | None:
        blobs = self._listed(path) if self._blobs is None else self._blobs
        blob = blobs.get(path)
        if blob is None:
            self._require_own_letters(in_other_letters(path, self._names_in))
            return None
        return self._same(path, blob) or self._of(path, blob)

    def paths(self) -> list[str]:
        blobs = self._listed(f"{ENTRIES}/") if self._blobs is None else self._blobs
        for path in filter(is_entry_in_other_letters, blobs):
            self._require_own_letters(path)
        return sorted(filter(is_entry, blobs))

    def _names_in(self, folder: str) -> Iterable[str]:
        from egp.record.sources.git_command import GitError

        try:
            return self._repository.names_in(self._commit, folder)
        except GitError as error:
            raise unusable(self._shown(folder), str(error), error.help) from None

    def _require_own_letters(self, found: str) -> None:
        if found:
            raise damage.in_other_letters(self._shown(found), found.casefold())

    def _listed(self, path: str) -> Mapping[str, Blob]:
        from egp.record.sources.git_command import GitError

        try:
            return self._repository.files(self._commit, [path])
        except GitError as error:
            raise unusable(self._shown(path), str(error), error.help) from None

    def _same(self, path: str, blob: Blob) -> list[Document] | None:
        documents = self._here.documents(path)
        content = documents[0].text.encode("utf-8", "surrogatepass") if documents else None
        is_same = content is not None and self._repository.blob_id(content) == blob.id
        return documents if is_same else None

    def _of(self, path: str, blob: Blob) -> list[Document]:
        from egp.record.sources.git_command import GitError

        try:
            content = next(self._repository.contents([blob.id]))
        except GitError as error:
            raise unusable(self._shown(path), str(error), error.help) from None
        if content is None:
            raise unusable(self._shown(path), f"the entry has {blob.size:,} bytes", "no entry is that large")
        return read_bytes(content, self._shown(path))

    def _shown(self, path: str) -> str:
        return f"{self._commit[:12]}:{path}"


def _by_lock(document: Document, entry: Registration | None) -> Document:
    from egp.policy.resolving import as_registered  # few plans are completed by others

    return as_registered(document, entry) if entry else document


def moves_of(document: Document, entry: Registration) -> MovedElsewhere:
    from egp.policy.resolving import moved_elsewhere

    return moved_elsewhere(document, entry)


def timing_of(plan: Experiment, finder: PlanFinder, policy: Policy, as_of: date) -> Timing:
    """The days that decide which settings judge a plan on its own. Raises LockError.

    The lock is read only where the policy has settings that change with the day.
    """
    return attested_timing(plan, finder, policy, as_of) if policy.dates else Timing(as_of)


def attested_timing(plan: Experiment, finder: PlanFinder, policy: Policy, as_of: date) -> Timing:
    """The same whether or not it makes a difference. Raises LockError."""
    entry = read_lock(lock_folder(finder.folder, policy.home)).entries.get(plan.name)
    return Timing(as_of, entry.registered if entry else None)


def judged_as(source: PlanSource, plan: Experiment, finder: PlanFinder, policy: Policy) -> PlanSource:
    """The plan's file as the policy's overrides see it. Raises LockError."""
    if not policy.scopes and finder.owners is None:
        return source
    root = lock_folder(finder.folder, policy.home)
    entry = read_lock(root).entries.get(plan.name)
    return finder.judged_at(source, (entry.path or "") if entry else "", root)


def plans_in(content: bytes | None, path: str, commit: str) -> Iterator[EarlierPlan]:
    """The plans in a file as a commit has it."""
    for document in read_bytes(content, path) if content is not None else ():
        plan, _ = read_experiment(document.value)
        if plan.id and (plan.variants or plan.schedule or plan.primary_metric):
            yield EarlierPlan(plan, content or b"", path, document.index, commit)


def read_plan_histories(
    finder: PlanFinder,
    policy_root: str,
    asked: Sequence[PlanSource],
    base: str = "",
    entries: Mapping[str, Registration] | None = None,
) -> PlanHistories | None:
    """The past of the plans; None where nothing was registered and no base is requested. Raises PlanHistoryError.

    ``entries`` stand in for those of the lock: the registrations that would be in force.
    """
    root = lock_folder(finder.folder, policy_root)
    if not base and entries is None and not has_lock(root):
        return None
    try:
        lock = read_lock(root)
        histories = PlanHistories(finder, root, lock, entries)
        if base:
            histories.compare_with(base, asked)
    except LockError as error:
        raise PlanHistoryError(error.failures) from None
    return histories
