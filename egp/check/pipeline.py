"""The one pipeline: plans in, weighed findings out. Every other verb calls it.

A plan's document is dropped as soon as its findings are placed, so that memory does not grow with the number
of plans. Rules that compare plans run last, on the entries that are kept; a plan they complain about is read again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from egp.check.outcome import Named, Outcome
from egp.check.placing import Elsewhere, Placed, place_in
from egp.check.processes import in_parts
from egp.check.root_causes import settle
from egp.output.report.model import Findings, Passed, Report
from egp.plan.experiment import Experiment, may_be_plan, read_experiment
from egp.plan.finding import (
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
    Refused,
    Unchecked,
)
from egp.plan.names import is_plain
from egp.plan.wording import listing
from egp.policy.locate import lock_folder, waivers_folder
from egp.policy.model import Adopted, Policy, RuleSet
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.scope import NO_TRAITS, Traits
from egp.policy.timing import Timing
from egp.record.lock import LockError, Registration, has_lock
from egp.record.waivers import BASELINE_FILE, WAIVERS_FILE
from egp.rules.rule_inputs import (
    Change,
    Entry,
    PlanFile,
    Portfolio,
    PortfolioIndex,
    Removal,
    WrittenPlan,
    entry_of,
)
from egp.stats import StatisticsInputError
from egp.stats.errors import input_error_of
from egp.yaml import Document, Path, Position, Span

if TYPE_CHECKING:
    from egp.check.judging import Case
    from egp.check.suppressions import Allowances, Leniency
    from egp.policy.plan_history import Past, PlanPast
    from egp.policy.removed_plans import Gone
    from egp.record.waivers.allowed import Allowed
    from egp.record.waivers.baseline import Baseline


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
    traits: Traits
    timing: Timing
    named: Sequence[Named]
    allowed: Allowed | None = None


def check(
    asked: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    as_of: date,
    progress: Progress | None = None,
    list_passes: bool = False,
    base: str = "",
    lock: Mapping[str, Registration] | None = None,
    no_waivers: bool = False,
    baseline: Baseline | None = None,
) -> Report:
    """Judges the plans. Never raises for anything a plan contains. Passed rules are counted, and listed on request.

    ``base`` is a ref of git to compare with; ``lock`` stands in for the registrations of the lock, and ``baseline`` for
    the baseline's file. ``no_waivers`` reports as if nothing were waived.
    """
    judge = _Judge(Report(as_of=as_of, policy=policy), finder, policy, as_of, list_passes)
    judge.report.failures.extend(finder.failures)
    if base or lock is not None or _has_lock(finder, policy):
        from egp.policy.plan_history import PastError, read_past  # a run without a past need not wait for it

        try:
            judge.past = read_past(finder, policy.root, asked, base, lock)
        except PastError as error:
            # The run cannot judge; what the plans say by themselves is told all the same.
            judge.report.failures.extend(error.failures)
            judge.is_past_known = False
    if no_waivers or baseline is not None or _has_allowances(finder, policy):
        judge.allow(baseline, are_in_force=not no_waivers)
    policy.adopted("", NO_TRAITS, Timing(as_of))  # the rules are loaded once, before processes part
    for part in in_parts(judge.part, asked, lambda done: progress and progress(done, len(asked))):
        judge.take(part)
    judge.portfolio()
    judge.waivers()
    report = judge.report
    report.diagnostics.sort(key=_reading_order)
    report.shadow.sort(key=_reading_order)
    report.unchecked.sort(key=lambda entry: (entry.path, entry.document))
    report.passes.sort()
    report.failures[:] = dict.fromkeys(
        report.failures
    )  # each process says why a rule of the policy cannot judge
    return report


def _has_lock(finder: PlanFinder, policy: Policy) -> bool:
    return has_lock(lock_folder(finder.folder, policy.root))


def _has_allowances(finder: PlanFinder, policy: Policy) -> bool:
    folder = waivers_folder(finder.folder, policy.root)
    return any(os.path.lexists(os.path.join(folder, name)) for name in (WAIVERS_FILE, BASELINE_FILE))


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
        self.is_past_known = True
        """False where the lock or the base cannot be read: then nothing is said of what a plan was."""
        self.allowances: Allowances | None = None
        self._present: Sequence[Entry] = ()
        self._sources: dict[str, PlanSource] = {}
        self._reread: tuple[str, list[Document]] = ("", [])
        self._now = Timing(as_of)

    def part(self, sources: Sequence[PlanSource]) -> _Part:
        """Judges the files by themselves; may run in another process."""
        report = Report(as_of=self.as_of, policy=self.policy)
        judge = _Judge(report, self.finder, self.policy, self.as_of, self.list_passes)
        judge.past = self.past
        judge.is_past_known = self.is_past_known
        judge.allowances = self.allowances
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
        if self._reread[0] != shown:  # a file with many plans that speak of each other is read once
            self._reread = shown, self._sources[shown].documents()
        return self._reread[1][number]

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
        if not is_plain(source.shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace")):
            self._fail(
                source.shown, "the name of this file has a character that nobody sees", help="rename it"
            )
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
        source = self._where_registered(source, plan.id or "")
        traits, timing = self.policy.traits_of(plan), self._timing(plan.id or "")
        adopted = self.policy.adopted(source.in_policy, traits, timing)
        rules = adopted.alone
        if not may_be_plan(document):
            self._no_plan(rules, document)
            return
        subjects: dict[str, object] = {"Document": document}
        past: PlanPast | None = None
        allowed: Allowed | None = None
        if isinstance(document.value, dict) or not document.problems:
            subjects["PlanFile"] = PlanFile(document, plan, tuple(problems))
        if isinstance(document.value, dict):
            subjects["Experiment"] = plan
            subjects["WrittenPlan"] = WrittenPlan(document.value)
            is_whole = not problems and not document.problems
            try:
                past = self.past.of(source, plan, is_whole, self.as_of) if self.past else None
            except LockError as error:
                self.report.failures += error.failures  # nothing is said of what the plan was
            else:
                change = past.change if past else Change(plan, None, plan.registered, self.as_of)
                if self.is_past_known:
                    subjects["Change"] = change
                    allowed = self._allowed(document, change, is_whole, adopted)
        outcomes = self._run(rules, subjects, traits.tier, source.shown, document.index)
        shadow = self._run_shadow(adopted.shadow, subjects, traits.tier)
        already_said = len(self.report.diagnostics)
        named = (
            self._settle(outcomes, document, plan, past=past, shadow=shadow, allowed=allowed)
            if outcomes or shadow
            else ()
        )
        if "Experiment" in subjects:
            entry = entry_of(plan, source.shown, document.index)
            self.kept.append(_Kept(entry, source, traits, timing, named, allowed))
        else:
            silent = [each for each in rules if each.rule.subject not in (*subjects, "Removal")]
            self._unreadable(silent, self.report.diagnostics[already_said:], document)

    def _where_registered(self, source: PlanSource, name: str) -> PlanSource:
        """The file as overrides see it: a registered plan where the lock has it, that of the base before one of the branch."""
        past = self.past
        if past is None or not self.policy.scopes:
            return source
        try:
            entry = (past.base and past.base.lock.entries.get(name)) or past.entries.get(name)
        except LockError as error:
            self.report.failures += error.failures
            return source
        root = lock_folder(self.finder.folder, self.policy.root)
        return self.finder.judged_at(source, (entry.path or "") if entry else "", root)

    def _timing(self, name: str) -> Timing:
        """The days that choose among dated settings: of a registered plan the one that the lock attests."""
        try:
            entry = self.past.entries.get(name) if self.policy.dates and self.past else None
        except LockError as error:
            self.report.failures += error.failures
            entry = None
        return Timing(self.as_of, entry.registered) if entry else self._now

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
        self._present = index.entries

    def allow(self, baseline: Baseline | None, are_in_force: bool) -> None:
        """Reads what lies beside the policy and lets findings pass; what is wrong with it keeps egp from judging."""
        from egp.check.suppressions import read_allowances
        from egp.policy.plan_history import PastError

        try:
            self.allowances = read_allowances(self.finder, self.policy, self.past, baseline, are_in_force)
        except PastError as error:
            self.report.failures += error.failures
        else:
            self.report.failures += (*self.allowances.listed.failures, *self.allowances.baseline.failures)

    def _allowed(self, document: Document, change: Change, is_whole: bool, rules: RuleSet) -> Allowed | None:
        """What the plan is let pass; None for nearly all plans."""
        plan, beside = change.plan, self.allowances
        if not plan.waivers and not (beside and beside.concern(plan.id or "")):
            return None
        from egp.check.suppressions import Allowances, terms_of
        from egp.plan.digest import plan_digest

        digest = (change.digest or plan_digest(plan)) if is_whole else ""
        in_force = (*rules.alone, *rules.together, *rules.shadow)
        before = beside.before.waivers.get(plan.id or "", ()) if beside and beside.before else ()
        terms = terms_of(change, digest, in_force, self.policy, before)
        return (beside or Allowances()).of(document, plan, terms, in_force)

    def _leniency(self, allowed: Allowed, document: Document) -> Leniency:
        from egp.check.suppressions import Leniency

        return Leniency(allowed, document, self.allowances is None or self.allowances.are_in_force)

    def waivers(self) -> None:
        """Judges what became of waivers and of the baseline, once all rules have spoken."""
        if self.allowances is None and not any(kept.allowed for kept in self.kept):
            return
        from egp.check.judging import cases_of, unclaimed
        from egp.check.suppressions import Allowances

        beside = self.allowances or Allowances()
        for kept in self.kept:
            if kept.allowed:
                document = self.other_document(kept.source.shown, kept.entry.document)
                cases = list(cases_of(kept.allowed, document, beside, self.as_of))
                rules = self.policy.judging(kept.source.in_policy, kept.traits, kept.timing)
                plan = kept.source.shown, kept.entry.document
                self._judgements(kept.allowed, cases, rules, kept.traits.tier, plan)
        if self.allowances and self._knows_all_plans():
            rules = self.policy.judging("", NO_TRAITS, self._now)
            for allowed, cases in unclaimed(beside, {each.id for each in self._present}, self.as_of):
                self._judgements(allowed, cases, rules, "", (self.policy.name, 0))

    def _knows_all_plans(self) -> bool:
        """Whether every plan of the policy was asked for, and its id could be read."""
        asked = [self.finder.canonical(source.path) for source in self.finder.portfolio()]
        are_read = len(self.kept) == self.report.plans and all(kept.entry.id for kept in self.kept)
        return bool(asked) and self.asked.issuperset(asked) and are_read and not self.report.failures

    def _judgements(
        self,
        allowed: Allowed,
        cases: Iterable[Case],
        rules: Sequence[Adopted],
        tier: str,
        judged: tuple[str, int],
    ) -> None:
        self.report.allowed.append(allowed)
        effective = [each for each in rules if not each.shadow]
        shadow = [each for each in rules if each.shadow]
        for subject, document in cases:
            outcomes = self._run(effective, {"Judgement": subject}, tier, *judged)
            shaded = self._run_shadow(shadow, {"Judgement": subject}, tier)
            if outcomes or shaded:
                plan = read_experiment({"id": allowed.experiment})[0]
                self._settle(outcomes, document, plan, shadow=shaded)

    def _gone(self, past: Past, present: Sequence[Entry]) -> None:
        """Judges plans that are no longer there; without a base those of the asked files, unless all are asked for."""
        from egp.policy.removed_plans import gone

        asked = [self.finder.canonical(source.path) for source in self.finder.portfolio()]
        are_all_asked = past.base is not None or self.asked.issuperset(asked)
        try:
            # Where no pattern says which plans there are, one plan alone is not all of them.
            found = gone(past, present, are_all_asked and (bool(asked) or len(self.asked) > 1))
        except LockError as error:
            self.report.failures += error.failures
            return
        for each in found:
            if are_all_asked or (each.successor and self._is_asked(each.successor)):
                self._removal(past, each)

    def _is_asked(self, entry: Entry) -> bool:
        return any(kept.entry is entry for kept in self.kept)

    def _removal(self, past: Past, gone: Gone) -> None:
        earlier = gone.earlier
        before = earlier.plan if earlier else read_experiment({"id": gone.id})[0]
        source = past.source(gone.path, earlier.content if earlier else b"")
        traits = self.policy.traits_of(before)
        timing = Timing(self.as_of, gone.entry.registered if gone.entry else None)
        adopted = self.policy.adopted(source.in_policy, traits, timing)
        rules = [each for each in adopted.alone if each.rule.subject == "Removal"]
        removal = Removal(
            id=gone.id,
            path=source.shown,
            before=earlier.plan if earlier else None,
            lock=gone.entry,
            registered=gone.entry.registered if gone.entry else before.registered,
            as_of=self.as_of,
            successor=gone.successor,
            is_unregistered=gone.is_unregistered,
        )
        outcomes = self._run(rules, {"Removal": removal}, traits.tier, source.shown)
        shadow = self._run_shadow(adopted.shadow, {"Removal": removal}, traits.tier)
        if outcomes or shadow:
            document = source.documents()[earlier.number if earlier else 0]
            already_said = len(self.report.diagnostics), len(self.report.shadow)
            self._settle(outcomes, document, before, shadow=shadow)
            place, line = self._place_of_removal(past, gone.id, document)
            for found, said in zip((self.report.diagnostics, self.report.shadow), already_said, strict=True):
                found[said:] = [replace(each, place=place, line=line, missing="") for each in found[said:]]

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
        adopted = self.policy.adopted(kept.source.in_policy, kept.traits, kept.timing)
        subjects = {"Portfolio": portfolio}
        outcomes = self._run(
            adopted.together, subjects, kept.traits.tier, kept.source.shown, kept.entry.document
        )
        shadow = self._run_shadow(adopted.shadow, subjects, kept.traits.tier)
        if outcomes or shadow:
            document = self.other_document(kept.source.shown, kept.entry.document)
            plan = read_experiment(document.value)[0]
            self._settle(outcomes, document, plan, kept.named, shadow=shadow, allowed=kept.allowed)

    def _questions(
        self, rules: Sequence[Adopted], subjects: Mapping[str, object], tier: str
    ) -> Iterator[tuple[Adopted, tuple[object, ...]]]:
        """The rules that have something to look at, and what their checks are called with."""
        organisation = self.policy.organisation(tier)
        for adopted in rules:
            subject = subjects.get(adopted.rule.subject)
            if subject is not None:
                yield adopted, (subject, adopted.params, organisation)[: adopted.rule.takes]

    def _run(
        self, rules: Sequence[Adopted], subjects: Mapping[str, object], tier: str, path: str, number: int = 0
    ) -> list[Outcome]:
        """What the rules have to say; those that pass are only counted, those that do not apply are not.

        A crash is a failure of the run, and keeps no other rule from speaking.
        """
        outcomes = []
        passed = 0
        for adopted, arguments in self._questions(rules, subjects, tier):
            rule = adopted.rule
            findings: list[Finding] = []
            try:
                # One by one: what a rule found before it missed an input stays found.
                for finding in rule.check(*arguments):
                    findings.append(finding)
            except DoesNotApply:
                continue
            except NotChecked as missing:
                reason = f"could not be checked: {missing.reason}" if missing.reason else ""
                outcome = Outcome(adopted, findings, missing.path, reason, missing.help)
                outcome.escalates = missing.escalates
                outcomes.append(outcome)
            except (StatisticsInputError, ArithmeticError) as error:
                reason = f"could not be computed: {input_error_of(error)}"
                outcomes.append(
                    Outcome(adopted, findings, ("primary_metric",), reason, advice="correct the numbers")
                )
            except Refused as refusal:
                self.report.failures.append(refusal.failure)
                outcomes.append(Outcome(adopted, [], (), "crashed", blocked_by=rule.id))
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
                        self.report.passes.append(Passed(path, number, rule.id))
        self.report.passed += passed
        return outcomes

    def _run_shadow(
        self, rules: Sequence[Adopted], subjects: Mapping[str, object], tier: str
    ) -> list[Outcome]:
        """What rules of severity shadow would say. They have no effect, whatever becomes of them; a crash is told, too."""
        outcomes = []
        for adopted, arguments in self._questions(rules, subjects, tier):
            rule = adopted.rule
            findings: list[Finding] = []
            try:
                for finding in rule.check(*arguments):
                    findings.append(finding)
            except (DoesNotApply, NotChecked, StatisticsInputError, ArithmeticError):
                pass
            except Refused as refusal:
                findings = [Finding((), refusal.failure.message, help=refusal.failure.help)]
            except Exception as error:
                message = f"rule {rule.id} crashed on this plan ({type(error).__name__})"
                findings = [Finding((), message, help="please report this as a bug of egp, with the plan")]
            if findings:
                outcomes.append(Outcome(adopted, findings))
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
        shadow: Sequence[Outcome] = (),
        allowed: Allowed | None = None,
    ) -> Sequence[Named]:
        """From what the rules said to what is reported. Returns what errors name."""
        named = settle(outcomes, already, self._leniency(allowed, document) if allowed else None)
        said = [finding for outcome in (*outcomes, *shadow) for finding in outcome.findings]
        secrets = [each.at for each in said if each.secret and isinstance(each.at, Span)]
        placed = Placed(document, plan.id or "", self._elsewhere(past), secrets)
        for outcome in outcomes:
            for finding in outcome.findings:
                diagnostic = placed.diagnostic(outcome.adopted, finding)
                waived = outcome.waived.get(finding) if outcome.waived else None
                self.report.diagnostics.append(replace(diagnostic, waiver=waived) if waived else diagnostic)
            if outcome.missing is not None:
                self.report.unchecked.append(placed.unchecked(outcome))
        for outcome in shadow:
            for finding in outcome.findings:
                self.report.shadow.append(placed.diagnostic(outcome.adopted, finding))
        return named
