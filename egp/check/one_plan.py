"""One plan by itself: every rule that needs no other plan."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from egp.check.answers import Question, RuleAnswers, answers_of_each
from egp.check.placing import Placer
from egp.check.reporting import count, report, suppressor_of
from egp.check.run import JudgedPlan
from egp.output.report.model import Findings
from egp.plan.experiment import Experiment, may_be_plan, read_experiment
from egp.plan.finding import Diagnostic, Finding, Unchecked
from egp.plan.misread import without_misread
from egp.policy.error import PolicyError
from egp.policy.locate import lock_folder
from egp.policy.model import Adopted, RuleSet
from egp.policy.timing import Timing
from egp.record.lock_error import LockError
from egp.rules.rule_inputs import Change, PlanFile, WrittenPlan, entry_of
from egp.rules.table import OF_ANOTHER_KIND
from egp.stats.values import NamedTuple, mutable, replace
from egp.yaml import Document

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.run import Run
    from egp.plan.supplied import Moved
    from egp.plan.typed_reader import ValueProblem
    from egp.policy.plan_files import PlanSource
    from egp.policy.plan_history import Completion, PlanHistory
    from egp.record.lock import Registration
    from egp.record.waivers.allowed import PlanSuppressions


@mutable
class _Inputs:
    """What rules may look at, by the name of its type, and what it was made of."""

    by_type: dict[str, object]
    history: PlanHistory | None = None
    allowed: PlanSuppressions | None = None


class Asking(NamedTuple):
    """What is to be known of a plan before its judgement goes on."""

    rules: RuleSet
    question: Question


Judging = Generator[Asking, RuleAnswers, "JudgedPlan | None"]


def answers_in_turn(begun: Sequence[Asking]) -> Sequence[RuleAnswers]:
    """What the rules say of each plan; plans of the same rules are judged together."""
    alike: dict[int, list[int]] = {}
    for at, each in enumerate(begun):
        alike.setdefault(id(each.rules), []).append(at)
    answers: dict[int, RuleAnswers] = {}
    for group in alike.values():
        rules = begun[group[0]].rules
        said = answers_of_each(rules.alone, rules.shadow, [begun[at].question for at in group])
        answers.update(zip(group, said, strict=True))
    return [answers[at] for at in range(len(begun))]


def ended(judging: Judging, answers: RuleAnswers) -> JudgedPlan | None:
    """What is kept of a plan once the rules have spoken."""
    try:
        judging.send(answers)
    except StopIteration as end:
        plan: JudgedPlan | None = end.value
        return plan
    raise AssertionError("rules judge a plan once")


def judge_plan(run: Run, files: Files, source: PlanSource, document: Document, found: Findings) -> Judging:
    """Adds what is found. Waits once for what the rules say, so that each rule can look at several plans in a row.

    Returns what is kept of the plan; None for a document that holds none.
    """
    found.plans += 1
    plan, problems = read_experiment(document.value)
    source = _where_registered(run, source, plan.name, found)
    try:
        run = run.of(source)
    except PolicyError as error:
        found.failures += error.failures
        return None
    entry = _entry(run, plan.name, found)
    if run.policy.completes_plans:
        from egp.plan.completing import read_plan
        from egp.policy.resolving import resolved

        document = resolved(document, run.policy, source.in_policy, run.as_of, entry)
        plan, problems = read_plan(document)
    traits, timing = run.policy.traits_of(plan), Timing(run.as_of, entry.registered if entry else None)
    adopted = run.policy.adopted(source.in_policy, traits, timing)
    rules = adopted.alone
    if not may_be_plan(document):
        _report_no_plan(rules, document, files, found)
        return None
    inputs = _inputs(run, source, document, plan, problems, adopted, found)
    organisation = run.policy.organisation(traits.tier)
    answers = yield Asking(adopted, Question(inputs.by_type, organisation, source.shown))
    count(found, answers, run, source.shown, document.index)
    already_said = len(found.diagnostics)
    suppressor = suppressor_of(run, inputs.allowed, document)
    elsewhere = files.elsewhere(inputs.history)
    named = report(found, answers, document, plan.name, elsewhere, suppressor=suppressor)
    if any(each.ends_judgement for outcome in answers.outcomes for each in outcome.findings):
        return None
    if "Experiment" not in inputs.by_type:
        silent = [each for each in rules if each.rule.input_type not in (*inputs.by_type, "Removal")]
        _report_unreadable(silent, found.diagnostics[already_said:], document, found)
        return None
    kept = entry_of(plan, source.shown, document.index, _moved(run, source, document, entry, found))
    return JudgedPlan(kept, source, traits, timing, named, inputs.allowed)


def _inputs(
    run: Run,
    source: PlanSource,
    document: Document,
    plan: Experiment,
    problems: Sequence[ValueProblem],
    rules: RuleSet,
    found: Findings,
) -> _Inputs:
    inputs = _Inputs({"Document": document.own})
    if not isinstance(document.value, dict):
        return inputs
    inputs.by_type["PlanFile"] = PlanFile(document, plan, tuple(problems))
    inputs.by_type["Experiment"] = without_misread(plan, problems)
    inputs.by_type["WrittenPlan"] = WrittenPlan(document.value)
    is_whole = not problems and not document.problems
    try:
        past = run.histories
        complete = _completion(run, source) if run.policy.completes_plans else None
        inputs.history = past.of(source, plan, is_whole, run.as_of, document, complete) if past else None
    except LockError as error:
        found.failures += error.failures  # nothing is said of what the plan was
        return inputs
    change = inputs.history.change if inputs.history else Change(plan, None, plan.registered, run.as_of)
    if run.is_history_known:
        inputs.by_type["Change"] = change
        inputs.allowed = _allowed(run, document, change, is_whole, rules)
    return inputs


def _moved(
    run: Run, source: PlanSource, document: Document, entry: Registration | None, found: Findings
) -> tuple[Moved, ...] | None:
    if not run.policy.completes_plans:
        return None
    from egp.check.moving import moved_in

    try:
        return moved_in(run, source, document, entry)
    except LockError as error:
        found.failures += error.failures
        return None


def _completion(run: Run, source: PlanSource) -> Completion:
    """How an earlier version of a plan is completed: by the policy that judges it now."""
    from egp.policy.resolving import resolved

    return lambda document, entry: resolved(document, run.policy, source.in_policy, run.as_of, entry)


def _where_registered(run: Run, source: PlanSource, name: str, found: Findings) -> PlanSource:
    """The file as policies see it: a registered plan where the lock has it, under a base the lock of that.

    One that is not registered there stays with the owner that it has at the base.
    """
    histories = run.histories
    if histories is None or not (run.policy.scopes or run.others):
        return source
    try:
        if histories.base:  # what the branch writes into its lock chooses no owner
            entry = histories.base.lock.entries.get(name)
        else:
            entry = histories.lock.entries.get(name) or histories.entries.get(name)
    except LockError as error:
        found.failures += error.failures
        return source
    root = lock_folder(run.finder.folder, run.policy.home)
    earlier = histories.base.plans.get(name) if histories.base and not entry else None
    if earlier:
        there = run.finder.judged_at(source, earlier.path, root)
        return there if there.owner != source.owner else source
    return run.finder.judged_at(source, (entry.path or "") if entry else "", root)


def _entry(run: Run, name: str, found: Findings) -> Registration | None:
    """The plan's registration, where it chooses among dated settings or says what completed the plan."""
    policy, histories = run.policy, run.histories
    try:
        return histories.entries.get(name) if histories and (policy.dates or policy.completes_plans) else None
    except LockError as error:
        found.failures += error.failures
        return None


def _allowed(
    run: Run, document: Document, change: Change, is_whole: bool, rules: RuleSet
) -> PlanSuppressions | None:
    """What may be suppressed of the plan; None for nearly all plans."""
    plan, beside = change.plan, run.allowances
    if not plan.waivers and not (beside and beside.concern(plan.name)):
        return None
    from egp.check.suppressions import SharedSuppressions, terms_of
    from egp.plan.digest import plan_digest

    digest = (change.digest or plan_digest(plan)) if is_whole else ""
    in_force = (*rules.alone, *rules.together, *rules.served, *rules.shadow)
    before = beside.before.waivers.get(plan.name, ()) if beside and beside.before else ()
    in_lock = change.lock.waived if change.lock else ()
    terms = terms_of(change, digest, in_force, run.policy, before, in_lock)
    return (beside or SharedSuppressions()).of(document, plan, terms, in_force)


def _report_no_plan(rules: Sequence[Adopted], document: Document, files: Files, found: Findings) -> None:
    """A file that is no plan: one rule speaks of it, and no other has anything to look at."""
    speaker = next(each for each in rules if each.rule.id == OF_ANOTHER_KIND)
    finding: Finding = speaker.rule.exported("of_another_kind")(document)
    diagnostic = Placer(document, "", files.elsewhere()).diagnostic(speaker, finding)
    found.diagnostics.append(replace(diagnostic, line=""))
    silent = [each for each in rules if each is not speaker and each.rule.input_type != "Removal"]
    _report_unreadable(silent, [diagnostic], document, found)


def _report_unreadable(
    silent: Sequence[Adopted], said: Sequence[Diagnostic], document: Document, found: Findings
) -> None:
    """A document that holds no plan: what makes it unreadable speaks for every rule that has nothing to look at."""
    blocker = next(each.rule for each in said if each.severity == "error")
    for each in silent:
        found.unchecked.append(
            Unchecked(each.rule.id, each.severity, document.path, document.index, "", "", blocker)
        )
