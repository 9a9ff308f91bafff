"""Plans that are to be pinned, each as it was read once for its check and for its digest, and why one cannot be pinned."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, Waiver, may_be_plan
from egp.plan.typed_reader import ValueProblem
from egp.policy.locate import lock_folder, waivers_folder
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.resolving import resolved
from egp.record.lock import (
    PinnedPolicy,
    Registration,
    made,
)
from egp.record.waivers import WAIVERS_FILE
from egp.record.waivers.file import read_waivers
from egp.stats.values import replace
from egp.yaml import Document, Path, Span
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular, real_path

_CANNOT = "what egp cannot read it cannot pin"


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
