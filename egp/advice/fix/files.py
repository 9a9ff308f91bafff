"""Repairing files: each repair is made on trial, judged by the pipeline, and kept only if it does what it says.

It is kept if its finding is resolved. What other rules then find in a respelt value was there all along; but a repair
that decides something is not made if it gives a rule cause to reject what it was content with. So a registered plan
is safe: the rule that guards its goalposts would complain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import unified_diff

from egp.advice.edits import changed
from egp.check import check
from egp.output.report.model import Report
from egp.plan.finding import Diagnostic, Failure
from egp.plan.remedy import Remedy, edits_in_words
from egp.policy.error import PolicyError
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.stats.values import replace
from egp.yaml import Document, Path, parse_pointer, read_bytes
from egp.yaml.atomic import write_atomically
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.edits import Addition, Edit, EditError, Renaming, Setting
from egp.yaml.files import read_regular
from egp.yaml.written import written

ROUNDS = 5
"""Repairs can bring others to light: a key has to be known before its value is read."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A remedy that may be made without asking anybody, and the finding that it ends."""

    finding: Diagnostic
    at: Path
    """Where the finding is."""
    remedy: Remedy
    phrase: str
    """What changes, for people: 5 → 5%."""

    @property
    def rule(self) -> str:
        return self.finding.rule

    @property
    def is_safe(self) -> bool:
        return self.remedy.repair == "safe"


@dataclass(frozen=True, slots=True)
class Repaired:
    """A file and its repairs. ``left`` are those that were not made, each with the reason."""

    path: str
    shown: str
    before: bytes
    after: bytes
    made: tuple[Repair, ...]
    left: tuple[tuple[Repair, str], ...]

    def diff(self) -> str:
        """What the repairs change, as `patch` reads it."""
        lines = unified_diff(
            self.before.decode().splitlines(keepends=True), self.after.decode().splitlines(keepends=True),
            f"a/{self.shown}", f"b/{self.shown}",
        )  # fmt: skip
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )

    def write(self) -> None:
        """Puts the repaired file in the place of the other. Raises OSError."""
        write_atomically(self.path, self.after)


class Fixer:
    """Repairs plans under one policy. ``unsafe`` allows repairs that decide something."""

    def __init__(self, finder: PlanFinder, policy: Policy, as_of: date, *, unsafe: bool = False) -> None:
        """The policy is that of plans which have no owner of their own."""
        self.failures: list[Failure] = []
        self.saw_unreadable = False
        """Whether a file is no YAML, so that nobody can tell what there is to repair."""
        self._finder = finder
        self._alone: dict[str, PlanFinder] = {}
        """Judging a trial needs no other plan: what plans say of each other is not repaired."""
        self._policy = policy
        self._as_of = as_of
        self._unsafe = unsafe

    def fix(self, sources: Sequence[PlanSource]) -> Iterator[Repaired]:
        """The files that have something to repair."""
        for source in sources:
            content = self._content(source)
            if content is not None:
                repaired = self._file(source, content)
                self.saw_unreadable |= any(each.problems for each in read_bytes(repaired.after, source.shown))
                if repaired.made or repaired.left:
                    yield repaired

    def _content(self, source: PlanSource) -> bytes | None:
        try:
            self._finder.policy_of(source, self._policy)
        except PolicyError as error:
            self.failures += [each for each in error.failures if each not in self.failures]
            return None
        if source.content is not None:
            return source.content
        if self._finder.leaves_repository(source):
            return None
        try:
            return read_regular(source.path, MAX_BYTES)
        except OSError as error:
            message = f"cannot read this file: {error.strerror or type(error).__name__}"
            self.failures.append(Failure(source.shown, message))
            return None

    def _file(self, source: PlanSource, content: bytes) -> Repaired:
        trial = _Trial(content, self._judged(source, content))
        for _ in range(ROUNDS):
            if not self._round(source, trial):
                break
        path = self._finder.canonical(source.path)
        return Repaired(
            path, source.shown, content, trial.content, tuple(trial.made), tuple(trial.left.values())
        )

    def _round(self, source: PlanSource, trial: _Trial) -> bool:
        """Tries every repair once; whether one was made."""
        made = len(trial.made)
        for number, document in enumerate(read_bytes(trial.content, source.shown)):
            if document.problems or not isinstance(document.value, dict):
                continue
            for repair in _repairs(document, number, trial.report):
                if _is_found(repair, trial.report) and (number, repair.at) not in trial.left:
                    self._attempt(source, trial, number, repair)
        return len(trial.made) > made

    def _attempt(self, source: PlanSource, trial: _Trial, number: int, repair: Repair) -> None:
        if not repair.is_safe and not self._unsafe:
            trial.left[number, repair.at] = repair, "a decision; --unsafe makes it"
            return
        try:
            content = changed(trial.content.decode(), repair.remedy.edits, number).encode()
        except EditError as error:
            trial.left[number, repair.at] = repair, str(error)
            return
        report = self._judged(source, content)
        objection = _objection(repair, trial.report, report)
        if objection:
            trial.left[number, repair.at] = repair, objection
        else:
            trial.content, trial.report = content, report
            trial.made.append(repair)

    def _judged(self, source: PlanSource, content: bytes) -> Report:
        policy = self._finder.policy_of(source, self._policy)
        if policy.root not in self._alone:
            self._alone[policy.root] = PlanFinder(self._finder.folder, (), policy.root, is_alone=True)
        alone = self._alone[policy.root]
        return check(
            [replace(source, content=content)], alone, policy, self._as_of, list_passes=True, is_trial=True
        )


@dataclass(slots=True)
class _Trial:
    """A file on its way: its content so far, and what the pipeline says of it."""

    content: bytes
    report: Report
    made: list[Repair]
    left: dict[tuple[int, Path], tuple[Repair, str]]

    def __init__(self, content: bytes, report: Report) -> None:
        self.content, self.report = content, report
        self.made, self.left = [], {}


def _repairs(document: Document, number: int, report: Report) -> list[Repair]:
    """The remedies of a plan's findings that can be made: what is misspelt first, for others rest on it."""
    found = [
        Repair(each, _path_of(each, document), remedy, _phrase(remedy.edits, document))
        for each in report.diagnostics
        if each.place.document == number
        for remedy in each.remedies
        if remedy.repair
    ]
    return sorted(found, key=lambda repair: not isinstance(repair.remedy.edits[0], Renaming))


def _path_of(diagnostic: Diagnostic, document: Document) -> Path:
    path = parse_pointer(diagnostic.place.pointer, document.value)
    return (*path, diagnostic.missing) if diagnostic.missing else path


def _phrase(edits: Sequence[Edit], document: Document) -> str:
    return ", ".join(_change(edit, document) for edit in edits)


def _change(edit: Edit, document: Document) -> str:
    if isinstance(edit, Renaming):
        return f"{edit.path[-1]} → {edit.new}"
    if isinstance(edit, (Setting, Addition)):
        before = document.scalar(edit.path) if document.exists(edit.path) else None
        return f"{before or 'missing'} → {written(edit.value)}"
    return edits_in_words([edit], ())


def _is_found(repair: Repair, report: Report) -> bool:
    """Whether the policy's rules find what the repair is for."""
    return _key(repair.finding) in map(_key, report.diagnostics)


def _key(diagnostic: Diagnostic) -> tuple[int, str, str, str]:
    place = diagnostic.place
    return place.document, diagnostic.rule, place.pointer, diagnostic.missing


def _objection(repair: Repair, before: Report, after: Report) -> str:
    """Why the repair is not to be made, or nothing."""
    if after.failures:
        return f"the repaired plan cannot be judged: {after.failures[0].message}"
    if _is_found(repair, after):
        return f"{repair.rule} would still complain"
    if repair.is_safe:
        return ""
    content = {passed.rule for passed in before.passes}
    new = next(
        (each for each in after.diagnostics if each.severity == "error" and each.rule in content), None
    )
    return f"{new.rule} would complain: {new.message}" if new else ""
