"""What plans were before: as the lock has them registered, and as git has them at a base and in between.

Read once for a run, before the first plan is judged. Of the base only files are read that the working tree has not
left as they were, so that the costs follow what was changed and not how many plans there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from egp.digest import plan_digest
from egp.document import Document, Path, read_bytes
from egp.experiment import Experiment, read_experiment
from egp.finding import EARLIER, LOCK, Failure
from egp.lock import LOCK_FILE, Lock, Registration, read_lock, read_lock_text
from egp.plan_files import PlanFinder, PlanSource, may_hold_plan
from egp.policy.locate import lock_folder
from egp.policy.pattern import fixed_folder
from egp.policy.model import Policy
from egp.sources.git import GitError, Repository
from egp.subject import Change, Entry, Removal

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
    source: PlanSource
    number: int
    """The plan's number among the documents of its file."""
    path: str
    """The file as git names it."""

    @property
    def document(self) -> Document:
        return self.source.documents()[self.number]


@dataclass(frozen=True, slots=True)
class Gone:
    """A plan that is no longer there under its id."""

    id: str
    earlier: EarlierPlan | None
    """None where history does not have it either: then the lock alone knows of it."""
    entry: Registration | None
    successor: Entry | None


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that the working tree is compared with."""

    commit: str
    lock: Lock
    unchanged: frozenset[str]
    """Files of plans that are as the commit has them, as git names them."""
    plans: Mapping[str, EarlierPlan]
    """Id → plan, of all other files."""
    renames: Mapping[str, str]


class Past:
    """Lock, base and history of one run."""

    def __init__(self, finder: PlanFinder, root: str, lock: Lock, repository: Repository | None) -> None:
        self.finder = finder
        self.root = root
        self.lock = lock
        self.repository = repository
        self.base: Base | None = None

    def change(self, source: PlanSource, plan: Experiment, is_whole: bool, as_of: date) -> Change:
        """The plan against its earlier self."""
        name = plan.id or ""
        entry = self.lock.entries.get(name)
        digest = plan_digest(plan) if is_whole else ""
        earlier = self._earlier(source, plan, entry, digest)
        moved = earlier is not None and self.base is not None and earlier.path != self._git_path(source)
        return Change(
            plan=plan,
            before=earlier.plan if earlier else None,
            registered=entry.registered if entry else plan.registered,
            as_of=as_of,
            lock=entry,
            base_lock=self.base.lock.entries.get(name) if self.base else None,
            under_base=self.base is not None,
            renamed_from=earlier.path if earlier and moved else "",
            digest=digest,
            first_commit=self._first_commit(source) if self.base and earlier is None else None,
        )
