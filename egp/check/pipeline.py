"""The one pipeline: plans in, weighed findings out. Every other verb calls it.

A plan's document is dropped as soon as its findings are placed, so that memory does not grow with the number
of plans. Rules that compare plans run last, on the entries that are kept; a plan they complain about is read again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from egp.check.outcome import Named, Outcome
from egp.check.placing import Elsewhere, Placed, place_in
from egp.check.settling import settle
from egp.document import Document, Path, Position, Span
from egp.experiment import Experiment, may_be_plan, read_experiment
from egp.finding import (
    EARLIER,
    LOCK,
    PINNED,
    SEVERITIES,
    Diagnostic,
    DoesNotApply,
    Failure,
    Finding,
    NotChecked,
    Place,
    Unchecked,
)
from egp.lock import LOCK_FILE, Registration
from egp.plan_files import PlanFinder, PlanSource
from egp.policy.locate import lock_folder
from egp.policy.model import Adopted, Policy
from egp.processes import in_parts
from egp.report.model import Findings, Report
from egp.stats import StatisticsInputError
from egp.subject import Change, Entry, PlanFile, Portfolio, PortfolioIndex, Removal, entry_of
from egp.wording import listing

if TYPE_CHECKING:
    from egp.gone import Gone
    from egp.past import Past, PlanPast


Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Part:
    """What judging some of the files found."""

    sources: Sequence[PlanSource]
    kept: list[_Kept]
    findings: Findings


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stays of a plan after its document is gone."""

    entry: Entry
    source: PlanSource
    tier: str
    named: Sequence[Named]


def check(
    asked: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    as_of: date,
    progress: Progress | None = None,
    list_passes: bool = False,
    base: str = "",
    lock: Mapping[str, Registration] | None = None,
) -> Report:
    """Judges the plans. Never raises for anything a plan contains. Passed rules are counted, and listed on request.

    ``base`` is a ref of git to compare with; ``lock`` stands in for the registrations of the lock.
    """
    judge = _Judge(Report(as_of=as_of, policy=policy), finder, policy, as_of, list_passes)
    judge.report.failures.extend(finder.failures)
    if base or lock is not None or _has_lock(finder, policy):
        from egp.past import PastError, read_past  # a run without a past need not wait for it

        try:
            judge.past = read_past(finder, policy.root, asked, base, lock)
        except PastError as error:
            judge.report.failures.extend(error.failures)
            return judge.report
    policy.adopted("", "")  # the rules are loaded once, before processes part
    for part in in_parts(judge.part, asked, lambda done: progress and progress(done, len(asked))):
        judge.take(part)
    judge.portfolio()
    report = judge.report
    report.diagnostics.sort(key=_reading_order)
    report.shadow.sort(key=_reading_order)
    report.unchecked.sort(key=lambda entry: (entry.path, entry.document))
    report.passes.sort()
    return report


def _has_lock(finder: PlanFinder, policy: Policy) -> bool:
    return os.path.lexists(os.path.join(lock_folder(finder.folder, policy.root), LOCK_FILE))


def _reading_order(diagnostic: Diagnostic) -> tuple[object, ...]:
    place = diagnostic.place
    weight = SEVERITIES.index(diagnostic.severity)
    return place.path, place.document, place.span, weight, diagnostic.rule, diagnostic.message


class _Judge:
    """One run: the policy, and what is kept of the plans seen so far."""

    def __init__(
        self, report: Report, finder: PlanFinder, policy: Policy, as_of: date, list_passes: bool = False
    ) -> None:
        self.report = report
        self.finder = finder
        self.policy = policy
        self.as_of = as_of
        self.list_passes = list_passes
        self.kept: list[_Kept] = []
        self.asked: set[str] = set()
        self.past: Past | None = None
        self._sources: dict[str, PlanSource] = {}

    def part(self, sources: Sequence[PlanSource]) -> _Part:
        """Judges the files by themselves; may run in another process."""
        report = Report(as_of=self.as_of, policy=self.policy)
        judge = _Judge(report, self.finder, self.policy, self.as_of, self.list_passes)
        judge.past = self.past
        for source in sources:
            for document in judge.documents(source):
                judge.plan(source, document)
        return _Part(sources, judge.kept, judge.report.findings())

    def take(self, part: _Part) -> None:
        """Adds what a part found."""
        for source in part.sources:
            self.asked.add(self.finder.canonical(source.path))
            self._sources[source.shown] = source
        self.kept.extend(part.kept)
        self.report.add(part.findings)

    def other_document(self, shown: str, number: int) -> Document:
        return self._sources[shown].documents()[number]

    def _elsewhere(self, past: PlanPast | None) -> Elsewhere:
        def found(name: str, number: int) -> tuple[Document, Path] | None:
            if name in (EARLIER, PINNED, LOCK):
                return past.written(name) if past else None
            return self.other_document(name, number), ()

        return found

    def documents(self, source: PlanSource) -> list[Document]:
        """The file's documents, or none and a failure."""
        if self.finder.leaves_repository(source):
            self._fail(source.shown, "this link leads out of the repository", help="commit the plan itself")
            return []
        try:
            self._sources[source.shown] = source
            return source.documents()
        except OSError as error:
            self._fail(source.shown, f"cannot read this file: {error.strerror or type(error).__name__}")
            return []

    def plan(self, source: PlanSource, document: Document) -> None:
        """Judges one plan by every rule that needs no other plan."""
        self.report.plans += 1
        plan, problems = read_experiment(document.value)
        tier = self.policy.tier_of(plan.surfaces or ())
        rules = self.policy.adopted(source.in_policy, tier).alone
        if not may_be_plan(document):
            self._no_plan(rules, document)
            return
        subjects: dict[str, object] = {"Document": document}
        past: PlanPast | None = None
        if isinstance(document.value, dict) or not document.problems:
            subjects["PlanFile"] = PlanFile(document, plan, tuple(problems))
        if isinstance(document.value, dict):
            subjects["Experiment"] = plan
            is_whole = not problems and not document.problems
            past = self.past.of(source, plan, is_whole, self.as_of) if self.past else None
            subjects["Change"] = past.change if past else Change(plan, None, plan.registered, self.as_of)
        outcomes = self._run(rules, subjects, tier, source.shown)
        already_said = len(self.report.diagnostics)
        named = self._settle(outcomes, document, plan, past=past) if outcomes else ()
        if "Experiment" in subjects:
            self.kept.append(_Kept(entry_of(plan, source.shown, document.index), source, tier, named))
        else:
            silent = [each for each in rules if each.rule.subject not in (*subjects, "Removal")]
            self._unreadable(silent, self.report.diagnostics[already_said:], document)

    def portfolio(self) -> None:
        """Judges each asked plan among all plans of the policy, and by itself if the policy's patterns miss it."""
        inside = [kept.entry for kept in self.kept if kept.source.in_portfolio]
        index = PortfolioIndex([*inside, *self._entries_elsewhere()])
        for kept in self.kept:
            own = index if kept.source.in_portfolio else PortfolioIndex([kept.entry])
            self._among_others(kept, Portfolio(kept.entry, own))
        if self.past is not None:
            outside = [kept.entry for kept in self.kept if not kept.source.in_portfolio]
            self._gone(self.past, [*index.entries, *outside])

    def _gone(self, past: Past, present: Sequence[Entry]) -> None:
        """Judges plans that are no longer there; without a base those of the asked files, unless all are asked for."""
        from egp.gone import gone

        asked = [self.finder.canonical(source.path) for source in self.finder.portfolio()]
        are_all_asked = past.base is not None or self.asked.issuperset(asked)
        for each in gone(past, present):
            if are_all_asked or (each.successor and self._is_asked(each.successor)):
                self._removal(past, each)

    def _is_asked(self, entry: Entry) -> bool:
        return any(kept.entry is entry for kept in self.kept)

    def _removal(self, past: Past, gone: Gone) -> None:
        earlier = gone.earlier
        before = earlier.plan if earlier else read_experiment({"id": gone.id})[0]
        source = past.source(gone.path, earlier.content if earlier else b"")
        tier = self.policy.tier_of(before.surfaces or ())
        rules = [
            each
            for each in self.policy.adopted(source.in_policy, tier).alone
            if each.rule.subject == "Removal"
        ]
        removal = Removal(
            id=gone.id,
            path=source.shown,
            before=earlier.plan if earlier else None,
            lock=gone.entry,
            registered=gone.entry.registered if gone.entry else before.registered,
            as_of=self.as_of,
            successor=gone.successor,
        )
        outcomes = self._run(rules, {"Removal": removal}, tier, source.shown)
        if outcomes:
            document = source.documents()[earlier.number if earlier else 0]
            already_said = len(self.report.diagnostics)
            self._settle(outcomes, document, before)
            place, line = self._place_of_removal(past, gone.id, document)
            said = self.report.diagnostics[already_said:]
            self.report.diagnostics[already_said:] = [
                replace(each, place=place, line=line, missing="") for each in said
            ]

    def _place_of_removal(self, past: Past, name: str, document: Document) -> tuple[Place, str]:
        """The plan's entry in the lock, or the top of the file that is no longer there."""
        registered = past.entry_place(name)
        if registered:
            place, _ = place_in(*registered, on_key=True)
        else:
            place = Place(document.path, document.index, "", Span(Position(1, 1), Position(1, 1)))
        document = registered[0] if registered else document
        return place, document.line(place.span.start.line) if registered else ""

    def _entries_elsewhere(self) -> Iterable[Entry]:
        for source in self.finder.portfolio():
            if self.finder.canonical(source.path) not in self.asked:
                for document in self.documents(source):
                    if isinstance(document.value, dict):
                        yield entry_of(read_experiment(document.value)[0], source.shown, document.index)

    def _among_others(self, kept: _Kept, portfolio: Portfolio) -> None:
        rules = self.policy.adopted(kept.source.in_policy, kept.tier).together
        outcomes = self._run(rules, {"Portfolio": portfolio}, kept.tier, kept.source.shown)
        if outcomes:
            document = self.other_document(kept.source.shown, kept.entry.document)
            self._settle(outcomes, document, read_experiment(document.value)[0], kept.named)

    def _run(
        self, rules: Sequence[Adopted], subjects: Mapping[str, object], tier: str, path: str
    ) -> list[Outcome]:
        """What the rules have to say; those that pass are only counted, those that do not apply are not.

        A crash is a failure of the run, and keeps no other rule from speaking.
        """
        organisation = self.policy.organisation(tier)
        outcomes = []
        passed = 0
        for adopted in rules:
            rule = adopted.rule
            subject = subjects.get(rule.subject)
            if subject is None:
                continue
            findings: list[Finding] = []
            try:
                # One by one: what a rule found before it missed an input stays found.
                for finding in rule.check(*(subject, adopted.params, organisation)[: rule.takes]):
                    findings.append(finding)
            except DoesNotApply:
                continue
            except NotChecked as missing:
                reason = f"could not be checked: {missing.reason}" if missing.reason else ""
                outcome = Outcome(adopted, findings, missing.path, reason, missing.help)
                outcome.escalates = missing.escalates
                outcomes.append(outcome)
            except StatisticsInputError as error:
                reason = f"could not be computed: {error}"
                outcomes.append(
                    Outcome(adopted, findings, ("primary_metric",), reason, advice="correct the numbers")
                )
            except Exception as error:
                message = (
                    f"rule {rule.id} crashed on this plan ({type(error).__name__}); it is not judged by it"
                )
                self._fail(
                    path, message, rule=rule.id, help="please report this as a bug of egp, with the plan"
                )
                outcomes.append(Outcome(adopted, [], (), "crashed", blocked_by=rule.id))
            else:
                if findings:
                    outcomes.append(Outcome(adopted, findings))
                else:
                    passed += 1
                    if self.list_passes:
                        self.report.passes.append((path, rule.id))
        self.report.passed += passed
        return outcomes

    def _fail(self, path: str, message: str, rule: str = "", help: str = "") -> None:
        self.report.failures.append(Failure(path, message, rule, help=help))

    def _no_plan(self, rules: Sequence[Adopted], document: Document) -> None:
        """Another kind of file, named by mistake: what it says is nobody's business, and is not repeated."""
        speaker = next(each for each in rules if each.rule.id == "valid-plan")
        finding = Finding(
            Span(Position(1, 1), Position(1, 1)),
            "this is not a plan: none of a plan's keys stands at its top level",
            help=f"a plan has {listing(f'`{key}`' for key in Experiment.needs)}",
        )
        diagnostic = Placed(document, "", self._elsewhere(None)).diagnostic(speaker, finding)
        self.report.diagnostics.append(replace(diagnostic, line=""))
        silent = [each for each in rules if each is not speaker and each.rule.subject != "Removal"]
        self._unreadable(silent, [diagnostic], document)

    def _unreadable(self, adopted: Sequence[Adopted], said: Sequence[Diagnostic], document: Document) -> None:
        """A document that holds no plan: what makes it unreadable speaks for every rule that has nothing to look at."""
        blocker = next(each.rule for each in said if each.severity == "error")
        for each in adopted:
            self.report.unchecked.append(
                Unchecked(each.rule.id, each.severity, document.path, document.index, "", "", blocker)
            )

    def _settle(
        self,
        outcomes: Sequence[Outcome],
        document: Document,
        plan: Experiment,
        already: Sequence[Named] = (),
        past: PlanPast | None = None,
    ) -> Sequence[Named]:
        """From what the rules said to what is reported. Returns what errors name."""
        named = settle(outcomes, already)
        secrets = [each.at for outcome in outcomes for each in outcome.findings if each.secret]
        placed = Placed(
            document, plan.id or "", self._elsewhere(past), [at for at in secrets if isinstance(at, Span)]
        )
        for outcome in outcomes:
            for finding in outcome.findings:
                self.report.diagnostics.append(placed.diagnostic(outcome.adopted, finding))
            if outcome.missing is not None:
                self.report.unchecked.append(placed.unchecked(outcome))
        return named
