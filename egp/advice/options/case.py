"""What a memo is about: one plan, the policy's judgement of it, and a court that judges changes of it on trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from egp.advice.edits import changed
from egp.check import check
from egp.check.neighbours import Neighbours
from egp.output.report.model import Report
from egp.plan.analysis.false_alarms import limits
from egp.plan.completing import read_plan
from egp.plan.experiment import Experiment
from egp.plan.finding import Diagnostic, Failure
from egp.plan.own_edits import own_edits
from egp.plan.typed_reader import nearest
from egp.policy.model import Adopted, Policy, asked
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.plan_history import judged_as, timing_of
from egp.policy.resolving import resolved_by_lock
from egp.rules.exports import Broken
from egp.stats.values import replace
from egp.yaml import Document, Path, PointerError, parse_pointer, read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.edits import Edit, EditError, value_at
from egp.yaml.files import read_regular

_INTEGRITY = "integrity"
Key = tuple[str, str, str]


class CaseError(Exception):
    """A plan that no memo can be written about. Carries failures of egp, or one line and what to do."""

    def __init__(self, message: str, help: str = "", failures: Sequence[Failure] = ()) -> None:
        super().__init__(message)
        self.help = help
        self.failures = list(failures)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the pipeline says of a text."""

    diagnostics: tuple[Diagnostic, ...]
    passes: tuple[str, ...]
    silent: tuple[str, ...]
    """Rules that could not run, and of which no error speaks."""
    failures: tuple[Failure, ...] = ()
    waived: tuple[Diagnostic, ...] = ()
    """What a waiver or the baseline suppresses."""

    @property
    def errors(self) -> Counter[Key]:
        return Counter(key_of(each) for each in self.diagnostics if each.severity == "error")

    @property
    def has_secret(self) -> bool:
        """Whether the plan holds what must not be repeated."""
        return any(each.secret for each in self.diagnostics)

    def of(self, rule: str) -> list[Diagnostic]:
        return [each for each in self.diagnostics if each.rule == rule]


MOST_TRIED, LONGEST_TRIED = 1_500_000, 100_000
"""Bytes that are edited and judged on trial for one plan, some 25 changes of a usual one; and of a text that is tried at all."""
_EACH, _ALARM = 4_000, 8_000
"""Bytes that a trial counts for whatever the length of its text, and for each alarm whose chance may be computed anew."""
_MOST_FURTHER = 60
"""Trials that go on from an edit that was tried; the examples need four of them at most."""


@dataclass(slots=True)
class Trials:
    """What was on trial: most of what one violation has tried was tried for another one, or begins like it."""

    edited: dict[tuple[str, str], str | None]
    """A text and an edit → the text with it; None where it cannot be made."""
    judged: dict[tuple[str, bool], Case]
    """A text, and whether it was judged alone → its case."""
    left: int = MOST_TRIED
    """Bytes that may still be tried: an author chooses how long the plan is, and how many violations it has."""
    left_out: set[tuple[str, str]] = field(default_factory=set)
    """Texts and edits that were not tried for that."""
    further: set[tuple[str, str]] = field(default_factory=set)
    """Texts and edits of which the first had been tried before."""

    def has_room_for(self, text: str, edits: Sequence[Edit], alarms: int) -> bool:
        """Whether a change may be tried: one that was costs nothing more."""
        if (text, str(edits[0]) if edits else "") in self.edited:
            return len(edits) < 2 or self._has_room_further(text, str(edits))
        cost = 2 * (len(text) + _EACH + alarms * _ALARM)
        if cost > self.left or len(text) > LONGEST_TRIED:
            self.left_out.add((text, str(edits)))
            return False
        self.left -= cost
        return True

    def _has_room_further(self, text: str, edits: str) -> bool:
        if (text, edits) not in self.further and len(self.further) >= _MOST_FURTHER:
            self.left_out.add((text, edits))
            return False
        self.further.add((text, edits))
        return True


@dataclass(frozen=True, slots=True)
class Case:
    """One plan of one file under one policy on one day."""

    source: PlanSource
    text: str
    document: Document
    plan: Experiment
    policy: Policy
    as_of: date
    judged: Judged
    finder: PlanFinder
    adopted: Mapping[str, Adopted]
    """Rule id → the rule as the policy weighs it for this plan."""
    tried: Trials
    neighbours: Neighbours | None = None
    """The other plans of the policy, where somebody remembers them."""

    @property
    def name(self) -> str:
        """The plan's id; the file's name where the plan has none, or holds what must not be repeated."""
        return self.source.shown if not self.plan.id or self.judged.has_secret else self.plan.id

    @property
    def value(self) -> dict[str, Any]:
        return self.document.value if isinstance(self.document.value, dict) else {}

    @property
    def is_plan(self) -> bool:
        """Whether the document can be read, so that there is something to compute with."""
        return bool(self.value) and not self.document.problems

    def asked(self, name: str) -> Any:
        """The option that is known by a name, as the policy sets it for this plan; None where it does not adopt its rule."""
        return asked(self.adopted, name)

    def exported(self, rule_id: str, name: str) -> Any:
        """What the module of a rule says besides its check, one of ``egp.rules.exports``."""
        return self.policy.catalogue.load(rule_id).exported(name)

    def broken(self, diagnostic: Diagnostic) -> Broken:
        """A violation, for what its rule's module says of it."""
        path, adopted = self.path_of(diagnostic), self.adopted.get(diagnostic.rule)
        params = adopted.params if adopted else self.policy.catalogue.load(diagnostic.rule).params()
        written = value_at(self.document.value, path)
        return Broken(
            self.plan, path, self.document, written, diagnostic, params, self.asked, self.policy.roles
        )

    def path_of(self, diagnostic: Diagnostic) -> Path:
        """Where a diagnostic is, the key that is missing there included."""
        try:
            path = parse_pointer(diagnostic.place.pointer, self.document.value)
        except PointerError:
            return ()
        return (*path, diagnostic.missing) if diagnostic.missing else path

    def on_trial(self, changes: Sequence[Edit]) -> Case | None:
        """The case with the changes made; None where they cannot be made in the text."""
        edits = own_edits(changes, self.document)
        if edits is None:
            return None
        alarms = len(self.plan.stop_rules) + sum(1 for _ in limits(self.plan))
        if not self.tried.has_room_for(self.text, edits, alarms):
            return None
        text = self.text
        for each in edits:
            edited = self._edited(text, each)
            if edited is None:
                return None
            text = edited
        return self._with(text, is_alone=True)

    def _edited(self, text: str, change: Edit) -> str | None:
        key = text, str(change)
        if key not in self.tried.edited:
            try:
                self.tried.edited[key] = changed(text, [change], self.document.index)
            except (EditError, LookupError, ValueError):
                self.tried.edited[key] = None
        return self.tried.edited[key]

    def among_others(self) -> Case:
        """The same case, judged among all plans of the policy if it is one of them."""
        return self._with(self.text, is_alone=False) if self.source.in_portfolio else self

    def _with(self, text: str, is_alone: bool) -> Case:
        if (text, is_alone) not in self.tried.judged:
            self.tried.judged[text, is_alone] = self._judged_anew(text, is_alone)
        return self.tried.judged[text, is_alone]

    def _judged_anew(self, text: str, is_alone: bool) -> Case:
        root = self.finder.pattern_root
        finder = PlanFinder(self.finder.folder, (), root, is_alone=True) if is_alone else self.finder
        source = replace(self.source, content=text.encode("utf-8"))
        document = read_bytes(source.content or b"", source.shown)[self.document.index]
        report = check(
            [source],
            finder,
            self.policy,
            self.as_of,
            list_passes=True,
            is_trial=True,
            neighbours=None if is_alone else self.neighbours,
        )
        document = resolved_by_lock(document, source, self.finder, self.policy, self.as_of)
        plan, _ = read_plan(document)
        judged = _judged(report, source.shown, document.index, plan.name)
        return replace(self, source=source, text=text, document=document, plan=plan, judged=judged)

    def is_way_out(self, target: Diagnostic, after: Judged) -> bool:
        """Whether a judgement is rid of a diagnostic and has no error that was not there before.

        Of a registered plan the rules of integrity complain about every change: that is what `egp amend` is for.
        """
        left = after.of(target.rule)
        if after.failures or len(left) >= len(self.judged.of(target.rule)):
            return False
        new = after.errors - self.judged.errors
        is_silenced = set(after.silent) - set(self.judged.silent)
        return (
            not is_silenced
            and all(each.fingerprint != target.fingerprint for each in left)
            and all(self._is_of_integrity(rule) for rule, _, _ in new)
        )

    def needs_amendment(self, after: Judged) -> bool:
        return any(self._is_of_integrity(rule) for rule, _, _ in after.errors - self.judged.errors)

    def _is_of_integrity(self, rule_id: str) -> bool:
        return self.policy.catalogue.families()[rule_id] == _INTEGRITY


def key_of(diagnostic: Diagnostic) -> Key:
    return diagnostic.rule, diagnostic.place.pointer, diagnostic.missing


def read_case(
    source: PlanSource,
    finder: PlanFinder,
    policy: Policy,
    as_of: date,
    experiment: str = "",
    neighbours: Neighbours | None = None,
) -> Case:
    """The case of a file's plan. Raises CaseError for a file that cannot be judged or has several plans."""
    if finder.leaves_repository(source):
        raise CaseError(f"{source.shown} leads out of the repository", "commit the plan itself")
    content = source.content if source.content is not None else _content(source)
    source = replace(source, content=content)
    report = check([source], finder, policy, as_of, list_passes=True, neighbours=neighbours)
    if report.failures:
        raise CaseError("the plan cannot be judged", failures=report.failures)
    documents = read_bytes(content, source.shown)
    number = _asked_number(documents, experiment, source.shown)
    document = resolved_by_lock(documents[number], source, finder, policy, as_of)
    plan, _ = read_plan(document)
    text = content.decode("utf-8", "replace")
    judged = _judged(report, source.shown, number, plan.name)
    adopted = _adopted(source, plan, finder, policy, as_of)
    return Case(
        source, text, document, plan, policy, as_of, judged, finder, adopted, Trials({}, {}), neighbours
    )


def _adopted(
    source: PlanSource, plan: Experiment, finder: PlanFinder, policy: Policy, as_of: date
) -> dict[str, Adopted]:
    timing = timing_of(plan, finder, policy, as_of)
    rules = policy.adopted(judged_as(source, plan, finder, policy).in_policy, policy.traits_of(plan), timing)
    return {each.rule.id: each for each in (*rules.alone, *rules.together)}


def _content(source: PlanSource) -> bytes:
    try:
        return read_regular(source.path, MAX_BYTES)
    except OSError as error:
        raise CaseError(f"cannot read {source.shown}: {error.strerror or type(error).__name__}") from None


def _asked_number(documents: Sequence[Document], experiment: str, shown: str) -> int:
    """The position of the plan that is requested among the documents of its file."""
    ids = [str(each.value.get("id", "")) if isinstance(each.value, dict) else "" for each in documents]
    if experiment:
        if experiment in ids:
            return ids.index(experiment)
        guess = nearest(experiment, filter(None, ids))
        hint = (
            f"did you mean {guess}?"
            if guess
            else f"it has {', '.join(filter(None, ids)) or 'none with an id'}"
        )
        raise CaseError(f"{shown} has no experiment {experiment!r}", hint)
    if len(documents) > 1:
        listed = ", ".join(filter(None, ids))
        raise CaseError(f"{shown} holds {len(documents)} plans", f"name one with --experiment: {listed}")
    return 0


def _judged(report: Report, path: str, number: int, name: str) -> Judged:
    """What a report says of one plan. What it says of others, such as plans that are missing, is for `egp check`."""
    own = [
        each
        for each in report.diagnostics
        if (each.place.path, each.place.document) == (path, number) or (name and each.experiment == name)
    ]
    silent = tuple(
        each.rule
        for each in report.unchecked
        if (each.path, each.document) == (path, number) and not each.blocked_by and each.severity == "error"
    )
    return Judged(
        tuple(each for each in own if each.waiver is None),
        tuple(each.rule for each in report.passes if (each.path, each.document) == (path, number)),
        silent,
        tuple(report.failures),
        tuple(each for each in own if each.waiver is not None),
    )
