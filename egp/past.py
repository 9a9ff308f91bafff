"""What plans were before: as the lock has them registered, and as git has them at a base and in between.

Read once for a run, before the first plan is judged. Of the base only files are read that the working tree has not
left as they were, so that the costs follow what was changed and not how many plans there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from egp.digest import plan_digest
from egp.document import Document, read_bytes
from egp.experiment import Experiment, read_experiment
from egp.finding import Failure
from egp.lock import LOCK_FILE, Lock, LockError, Registration, read_lock, read_lock_text
from egp.plan_files import PlanFinder, PlanSource, may_hold_plan
from egp.policy.locate import lock_folder
from egp.policy.pattern import fixed_folder
from egp.sources.git import GitError, Repository
from egp.subject import Change, Entry

_MANY_PATHS = 200
"""More paths than this are not worth naming to git one by one."""


class PastError(Exception):
    """The past cannot be read as it was asked for; egp ends with exit status 2."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(failures[0].message)
        self.failures = tuple(failures)


@dataclass(frozen=True, slots=True)
class EarlierPlan:
    """A plan as an earlier commit has it."""

    plan: Experiment
    content: bytes
    path: str
    """The file as git names it."""
    number: int
    """The plan's number among the documents of its file."""
    commit: str

    def document(self, shown: str = "") -> Document:
        """The document, under a name that `git show` understands unless there is a better one."""
        return read_bytes(self.content, shown or f"{self.commit[:12]}:{self.path}")[self.number]


@dataclass(frozen=True, slots=True)
class Gone:
    """A plan that is no longer there under its id."""

    id: str
    earlier: EarlierPlan | None
    """None where history does not have it either, and the lock alone knows of it."""
    entry: Registration | None
    path: str
    """The file that had it, as messages show it."""
    successor: Entry | None


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that the working tree is compared with."""

    commit: str
    lock: Lock
    unchanged: frozenset[str]
    """Files of plans that are as the commit has them, as git names them."""
    plans: Mapping[str, EarlierPlan]
    """Id → plan, of the files that are not."""


class Past:
    """Lock, base and history of one run."""

    def __init__(self, finder: PlanFinder, root: str, lock: Lock, repository: Repository | None) -> None:
        self.finder = finder
        self.root = root
        self.lock = lock
        self.repository = repository
        self.base: Base | None = None

    def change(
        self, source: PlanSource, plan: Experiment, is_whole: bool, as_of: date
    ) -> tuple[Change, EarlierPlan | None]:
        """The plan against its earlier self, and where that is written if it differs."""
        entry = self.lock.entries.get(plan.id or "")
        digest = plan_digest(plan) if is_whole else ""
        is_same = self._is_same(source, entry, digest)
        earlier = None if is_same else self._earlier(plan.id or "", entry)
        base = self.base
        change = Change(
            plan=plan,
            before=plan if is_same else earlier.plan if earlier else None,
            registered=entry.registered if entry else plan.registered,
            as_of=as_of,
            lock=entry,
            base_lock=base.lock.entries.get(plan.id or "") if base else None,
            under_base=base is not None,
            renamed_from=earlier.path if base and earlier and earlier.path != self._in_git(source.path) else "",
            digest=digest,
            first_commit=self._first_commit(source) if base and not is_same and not earlier else None,
        )
        return change, earlier

    def _is_same(self, source: PlanSource, entry: Registration | None, digest: str) -> bool:
        """Whether the plan is as it was, so that nothing of the past has to be read."""
        if self.base is not None:
            return self._in_git(source.path) in self.base.unchanged
        return entry is not None and digest == entry.current_digest

    def _earlier(self, name: str, entry: Registration | None) -> EarlierPlan | None:
        if self.base is not None:
            return self.base.plans.get(name)
        if entry is None:
            return None
        wanted = entry.current_digest
        return self._latest(entry.path or "", name, lambda plan: plan_digest(plan) == wanted)

    def _latest(self, path: str, name: str, fits: Callable[[Experiment], bool]) -> EarlierPlan | None:
        """The latest fitting version of a plan that a file below the lock had; None where history is out of reach."""
        inside = self._in_git(os.path.join(self.root, path))
        if self.repository is None or inside is None:
            return None
        try:
            for version in self.repository.versions(inside):
                for plan in plans_in(version.content, version.path, version.commit):
                    if plan.plan.id == name and fits(plan.plan):
                        return plan
        except GitError:
            return None
        return None

    def _first_commit(self, source: PlanSource) -> date | None:
        path = self._in_git(source.path)
        if self.repository is None or path is None:
            return None
        try:
            dates = [version.date for version in self.repository.versions(path)]
        except GitError:
            return None
        return dates[-1] if dates else None

    def _in_git(self, path: str) -> str | None:
        return self.repository.inside(self.finder.canonical(path)) if self.repository else None

    def gone(self, present: Sequence[Entry], judged: Sequence[PlanSource]) -> Iterator[Gone]:
        """Plans that the base or the lock has, and that are in none of the files any more."""
        ids = {entry.id for entry in present}
        base = self.base
        new = [entry for entry in present if self._is_new(entry)]
        places = self._places(present, judged)
        if base is not None:
            for name, earlier in base.plans.items():
                if name not in ids and self._is_gone_from(earlier.path, places):
                    entry = self.lock.entries.get(name) or base.lock.entries.get(name)
                    yield Gone(name, earlier, entry, self._shown(earlier.path), self._successor(earlier, new, places))
        for name, entry in self.lock.entries.items():
            path = self._in_git(os.path.join(self.root, entry.path or ""))
            if name not in ids and not (base and name in base.plans):
                ...
