"""What is judged below a root, as `egp check` judges it there: the same policy, the same pipeline, the same day."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from egp.check import check
from egp.check.neighbours import Neighbours
from egp.output.report.model import Report
from egp.plan.experiment import Waiver
from egp.plan.finding import Failure
from egp.plan.typed_reader import read
from egp.policy.error import PolicyError
from egp.policy.locate import POLICY_FILE, POLICY_TESTS_FILE
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.record.waivers import BASELINE_FILE, WAIVERS_FILE
from egp.stats.values import NamedTuple
from egp.yaml import Document, read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular

_TELLTALE = ("variants", "primary_metric", "hypothesis", "guardrail_metrics")
"""Keys that nothing but a plan has."""

_TOLD = re.compile(r"^#.*\bexperiment\.schema\.json\b", re.MULTILINE)
_KEY = re.compile(rf"^(?:{'|'.join(_TELLTALE)}):", re.MULTILINE)


class LspOptions(Protocol):
    """What the command line says, for the folder that the process is in."""

    def policy_and_plans(self, paths: Sequence[str]) -> tuple[Policy, PlanFinder]:
        """The policy that owns the paths, and what finds plans. Raises PolicyError."""
        ...

    def day(self, policy: Policy) -> date:
        """The day that a policy judges on."""
        ...


class Judged(NamedTuple):
    """One open file and what was found, in it and in others."""

    path: str
    folder: str
    """The root, which the paths of messages are relative to."""
    failures: tuple[Failure, ...] = ()
    """What kept egp from judging at all."""
    report: Report | None = None
    """None for a file that is no plan, or was not judged."""
    policy: Policy | None = None
    """The last one that could judge; none of the report's where that is None."""
    finder: PlanFinder | None = None
    source: PlanSource | None = None
    as_of: date | None = None
    neighbours: Neighbours | None = None
    """The other plans, as they were when this was judged."""

    def files_of(self, experiment: str) -> list[str]:
        """The files of the plan with an id, as far as others were looked at."""
        return self.neighbours.files_of([experiment]) if self.neighbours else []

    @property
    def is_plan(self) -> bool:
        return self.source is not None


class Root:
    """A folder that the editor has open. Its process is in the folder while one of these methods runs."""

    def __init__(self, folder: str, call: LspOptions) -> None:
        self.folder = folder
        self._call = call
        self._neighbours = Neighbours()
        self._sound: tuple[Policy, PlanFinder] | None = None
        """The last policy that could judge: one that is being changed goes on explaining what it knows."""

    def judged(self, path: str) -> Judged:
        """What there is to say of an open file. Never raises for anything in it."""
        try:
            policy, finder = self._call.policy_and_plans([path])
        except PolicyError as error:
            return self._unjudged(path, tuple(error.failures))
        self._sound = policy, finder
        found = Judged(
            path, self.folder, (), None, policy, finder, None, self._call.day(policy), self._neighbours
        )
        source = finder.at(path)
        if os.path.basename(path) == WAIVERS_FILE:
            return found._replace(report=self._of_waivers(path, policy, finder))
        if not holds_plan(finder, source):
            return found._replace(failures=tuple(finder.failures))
        return found._replace(report=self._checked([source], policy, finder), source=source)

    def _checked(self, sources: Sequence[PlanSource], policy: Policy, finder: PlanFinder) -> Report:
        return check(
            sources,
            finder,
            policy,
            self._call.day(policy),
            is_trial=True,
            jobs=1,  # a process of several threads does not part
            day_of=self._call.day,
            neighbours=self._neighbours,
        )

    def _of_waivers(self, path: str, policy: Policy, finder: PlanFinder) -> Report:
        """The plans that a file of waivers is about."""
        about = {
            waiver.experiment or ""
            for document in documents_at(path)
            if isinstance(document.value, dict)
            for written in _items(document.value.get("waivers"))
            if (waiver := read(Waiver, written))
        }
        self._checked([], policy, finder)
        return self._checked(finder.asked(self._neighbours.files_of(about)), policy, finder)

    def _unjudged(self, path: str, failures: tuple[Failure, ...]) -> Judged:
        """A file whose policy cannot judge. Whether it is a plan is said by what it has."""
        policy, finder = self._sound or (None, None)
        as_of = self._call.day(policy) if policy else None
        alone = PlanFinder(self.folder)
        source = alone.at(path)
        own = source if holds_plan(alone, source) else None
        return Judged(path, self.folder, failures, None, policy, finder, own, as_of, self._neighbours)


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def holds_plan(finder: PlanFinder, source: PlanSource) -> bool:
    """Whether a file is a plan: a policy's patterns say so, or what it has is of a plan and of nothing else."""
    if os.path.basename(source.path) in (POLICY_FILE, POLICY_TESTS_FILE, WAIVERS_FILE, BASELINE_FILE):
        return False
    if source.in_portfolio and finder.is_listed(source):
        return True
    documents = documents_at(source.path)
    if any(_TOLD.search(each.text) for each in documents):
        return True
    return any(
        any(key in each.value for key in _TELLTALE)
        if isinstance(each.value, dict)
        else _KEY.search(each.text) is not None
        for each in documents
    )


def documents_at(path: str) -> list[Document]:
    """The documents of a file as the editor has it; none where it cannot be read."""
    try:
        return read_bytes(read_regular(path, MAX_BYTES), path)
    except OSError:
        return []
