"""The commit that HEAD left a branch at, and what it knows of plans: their files, the lock and the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from egp.gate.kept import Kept, kept_by
from egp.gate.naming import NamingPlans
from egp.gate.plan_read import PlanRead, completed
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.names import folded
from egp.policy.locate import lock_folder
from egp.policy.plan_files import may_hold_plan
from egp.policy.plan_history import EntriesOfCommit
from egp.record.ledger import ledger_at
from egp.record.lock import LOCK_FILE, EntryFolder, Registration, read_lock_text, require_own_letters
from egp.record.sources.git import Repository
from egp.yaml import read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource


class BaseCommit:
    """The commit that HEAD left a branch at, and what it knows of plans."""

    def __init__(
        self, repository: Repository, ref: str, finder: PlanFinder, policy: Policy, as_of: date
    ) -> None:
        self.repository = repository
        self.commit = repository.merge_base(ref)
        self.root = lock_folder(finder.folder, policy.home)
        self._finder = finder
        self._policy = policy
        self._as_of = as_of
        self._plans: dict[str, bytes] | None = None
        self._naming: NamingPlans | None = None
        self._read: dict[str, list[PlanRead]] = {}
        self._entries: Mapping[str, Registration] | None = None

    @property
    def plans(self) -> Mapping[str, bytes]:
        """The files of plans, by their path in the repository."""
        if self._plans is None:
            blobs = {
                path: blob.id
                for path, blob in self.repository.files(self.commit).items()
                if may_hold_plan(path) and self.source(path).in_portfolio
            }
            contents = self.repository.contents(blobs.values())
            self._plans = {path: content or b"" for path, content in zip(blobs, contents, strict=True)}
        return self._plans

    def source(self, path: str) -> PlanSource:
        return self._finder.at(os.path.join(self.root, path))

    def naming(self, flag: str) -> Iterator[tuple[str, PlanRead]]:
        """The plans that a flag serves, each with the path of its file."""
        if self._naming is None:
            self._naming = NamingPlans(self.plans)
        for path in self._naming.of(flag):
            for read in self._plans_in(path):
                if folded(flag) in map(folded, read.plan.switches):
                    yield path, self._completed(read)

    def _plans_in(self, path: str) -> list[PlanRead]:
        """The plans of a file, read once."""
        if path not in self._read:
            found = self._read[path] = []
            for document in read_bytes(self.plans[path], path):
                plan, problems = read_experiment(document.value)
                is_whole = not problems and not document.problems
                found.append(PlanRead(self.source(path), document, plan, tuple(problems), is_whole))
        return self._read[path]

    def _completed(self, read: PlanRead) -> PlanRead:
        """The plan with what the policy of the base adds to it."""
        policy = self._finder.policy_of(read.source, self._policy)
        if not policy.completes_plans:
            return read
        entry = self.kept(read.plan).registration
        return completed(read, self._finder, policy, entry, self._as_of)

    def kept(self, plan: Experiment) -> Kept:
        """The plan's entry in the lock of the base, and its ledger there."""
        return kept_by(
            lambda: self._registrations().get(plan.name),
            lambda: ledger_at(self.repository, self.commit, plan.name),
        )

    def _registrations(self) -> Mapping[str, Registration]:
        if self._entries is None:
            require_own_letters(self.repository.names_in(self.commit, ""), f"{self.commit[:12]}:")
            content = self.repository.read(self.commit, LOCK_FILE)
            store = EntriesOfCommit(self.repository, self.commit, EntryFolder(self.root), False)
            shown_as = f"{self.commit[:12]}:{LOCK_FILE}"
            self._entries = read_lock_text(content, shown_as, store).entries if content else {}
        return self._entries

    def changed(self, *paths: str) -> list[str]:
        """Those files, and files of those folders, that the working tree has otherwise than the base."""
        before = {path: blob.id for path, blob in self.repository.files(self.commit, paths).items()}
        here = {inside: self._id(inside) for path in paths for inside in self._files(path)}
        return sorted(path for path in {*before, *here} if before.get(path) != here.get(path))

    def _files(self, path: str) -> Iterator[str]:
        place = os.path.join(self.root, path)
        if os.path.isdir(place):
            yield from (f"{path}/{name}" for name in os.listdir(place))
        elif os.path.lexists(place):
            yield path

    def _id(self, path: str) -> str:
        try:
            return self.repository.blob_id(read_regular(os.path.join(self.root, path), MAX_BYTES, self.root))
        except OSError:
            return "unreadable"
