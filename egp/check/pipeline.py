"""The one pipeline: plans in, weighed findings out. Every other verb calls it.

A plan's document is dropped as soon as its findings are placed, so that memory does not grow with the number
of plans. Rules that compare plans run last, on the entries that are kept; a plan they complain about is read again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from egp.check.files import Files
from egp.check.one_plan import Asking, Judging, answers_in_turn, ended, judge_plan
from egp.check.portfolio import judge_together
from egp.check.run import JudgedPlan, OtherRuns, Run
from egp.output.report.model import Findings, Report
from egp.plan.finding import SEVERITIES, Diagnostic, Failure
from egp.policy.error import PolicyError
from egp.policy.locate import lock_folder, waivers_folder
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.entry_files import has_lock
from egp.record.waivers import BASELINE_FILE, NO_PLAN, WAIVERS_FILE
from egp.stats.values import NamedTuple, replace
from egp.yaml.files import is_there

if TYPE_CHECKING:
    from egp.check.neighbours import Neighbours
    from egp.check.suppressions import SharedSuppressions
    from egp.policy.owners import Owners
    from egp.policy.plan_history import PlanHistories
    from egp.record.lock import Registration
    from egp.record.waivers.allowed import PlanSuppressions
    from egp.record.waivers.baseline import FindingsBaseline


Progress = Callable[[int, int], None]

_AT_ONCE = 4
"""Plans that a rule looks at before the next rule does: of more of them the values do not fit into the processor's cache."""


class _Part(NamedTuple):
    """What judging some of the files found."""

    sources: Sequence[PlanSource]
    judged: list[JudgedPlan]
    findings: Findings


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
    baseline: FindingsBaseline | None = None,
    is_trial: bool = False,
    day_of: Callable[[Policy], date] | None = None,
    jobs: int = 0,
    neighbours: Neighbours | None = None,
    keeps_facts: bool = False,
) -> Report:
    """Judges the plans. Never raises for anything a plan contains. Passed rules are counted, and listed on request.

    Where the finder knows owners, each plan is judged by the policy of its own, on the day that ``day_of`` gives it.
    ``base`` is a ref of git to compare with; ``lock`` stands in for the registrations of the lock, and ``baseline`` for
    the baseline's file. ``no_waivers`` reports as if nothing were waived. On trial, where most findings are only counted,
    advice is worked out when somebody needs it; else at once, and no plan has to be kept for it. ``jobs`` are the processes
    that judge at once; by default as many as there are processors, where that pays. ``neighbours`` remembers the plans that
    are compared with, for whoever judges the same ones again and again; what they mean is taken from the caller's cache folder
    where it ``keeps_facts``.
    """
    report = Report(as_of=as_of, policy=policy, failures=list(finder.failures))
    histories, is_history_known = _histories(asked, finder, policy, base, lock, report.failures)

    common = Run(
        finder,
        policy,
        as_of,
        list_passes,
        histories,
        is_history_known,
        is_trial=is_trial,
        neighbours=neighbours,
        keeps_facts=keeps_facts,
    )

    def begin(judge: Policy) -> Run:
        """What is judged by a policy, and by what lies beside it."""
        day = day_of(judge) if day_of else as_of
        allowances: SharedSuppressions | None = None
        if no_waivers or baseline is not None or _has_allowances(finder, judge):
            allowances = _allowances(finder, judge, histories, baseline, not no_waivers, report.failures)
        judge.adopted("", NO_TRAITS, Timing(day))  # the rules are loaded once, before processes part
        proposed = _proposed(judge, report.failures) if base and judge.completes_plans else None
        return replace(common, policy=judge, as_of=day, allowances=allowances, proposed=proposed)

    if finder.owners is None:
        run = begin(policy)
    else:
        run = replace(common, others=OtherRuns(finder.owners, begin))
        asked = _with_owners(run, finder.owners, asked, report.failures)

    files = Files(finder)
    judged: list[JudgedPlan] = []
    paths: set[str] = set()
    for part in _parts(run, asked, progress, jobs):
        for source in part.sources:
            files.add(source)
            paths.add(finder.canonical(source.path))
        judged += part.judged
        report.add(part.findings)
    portfolio = judge_together(run, files, judged, paths, report)
    if histories is not None:
        from egp.check.removals import judge_removals

        outside = [each.entry for each in judged if not each.source.in_portfolio]
        present = [*portfolio.entries, *outside]
        judge_removals(run, histories, files, present, [each.entry for each in judged], paths, report)
    runs = run.others.begun() if run.others else [run]
    of_flags = {each.policy.root: allowed for each in runs if (allowed := _of_flags(each))}
    if any(each.policy.rollouts for each in runs):
        from egp.check.rollouts import judge_rollouts

        for each in runs:
            judge_rollouts(each, files, judged, portfolio, paths, report, of_flags.get(each.policy.root))
    if any(each.allowances for each in runs) or any(each.allowed for each in judged):
        from egp.check.waivers import judge_waivers

        judge_waivers(run, files, judged, portfolio.entries, paths, of_flags, report)
    if not is_trial:
        report.work_advice_out()
    report.failures += finder.failures
    _name_judges(report, run, asked, judged)
    _put_in_order(report)
    return report


def _of_flags(run: Run) -> PlanSuppressions | None:
    """What the baseline has of flags without a plan; None where it has nothing."""
    if run.allowances is None or NO_PLAN not in run.allowances.baseline.by_experiment:
        return None
    rules = run.policy.adopted("", NO_TRAITS, Timing(run.as_of)).served
    return run.allowances.of_flags(run.as_of, rules, run.policy)


def _with_owners(
    run: Run, owners: Owners, asked: Sequence[PlanSource], failures: list[Failure]
) -> list[PlanSource]:
    """The files whose owner's policy can judge; what is wrong with the policies of the others is added to the failures."""
    able = []
    for source in asked:
        try:
            run.of(source)
        except PolicyError as error:
            failures += error.failures
        else:
            able.append(source)
        failures += owners.undelegated(source.path)
    return able


def _name_judges(report: Report, run: Run, asked: Sequence[PlanSource], judged: Sequence[JudgedPlan]) -> None:
    """Says which policies judged, and each of them which files."""
    if not run.others:
        return
    for source in (*asked, *(each.source for each in judged)):
        report.judges[source.shown] = run.of(source).policy
    from egp.policy.owners import joined

    policies = list({id(each): each for each in report.judges.values()}.values())
    if policies:
        report.policy = joined(sorted(policies, key=lambda each: each.name))
        report.as_of = max(each.as_of for each in run.others.begun())


def _histories(
    asked: Sequence[PlanSource],
    finder: PlanFinder,
    policy: Policy,
    base: str,
    lock: Mapping[str, Registration] | None,
    failures: list[Failure],
) -> tuple[PlanHistories | None, bool]:
    """What the plans were, and whether that is known: where it is not, what they say by themselves is reported all the same."""
    if not base and lock is None and not has_lock(lock_folder(finder.folder, policy.home)):
        return None, True
    from egp.policy.plan_history import (  # a run without a past need not wait for it
        PlanHistoryError,
        read_plan_histories,
    )

    try:
        return read_plan_histories(finder, policy.home, asked, base, lock), True
    except PlanHistoryError as error:
        failures += error.failures
        return None, False


def _proposed(judge: Policy, failures: list[Failure]) -> Policy | None:
    """The policy as the working tree has it: what it would make of registered plans is found before it judges them."""
    if not judge.ref or not judge.root:
        return None
    from egp.policy.reading import read_policy

    path = os.path.join(judge.root, os.path.basename(judge.file))
    try:
        return read_policy(path, judge.file, are_pins_held=False)
    except PolicyError as error:
        failures += error.failures
    except OSError as error:
        reason = error.strerror or type(error).__name__
        failures.append(Failure(judge.file, f"cannot read the policy: {reason}"))
    return None


def _has_allowances(finder: PlanFinder, policy: Policy) -> bool:
    folder = waivers_folder(finder.folder, policy.root)
    return any(is_there(os.path.join(folder, name)) for name in (WAIVERS_FILE, BASELINE_FILE))


def _allowances(
    finder: PlanFinder,
    policy: Policy,
    histories: PlanHistories | None,
    baseline: FindingsBaseline | None,
    are_in_force: bool,
    failures: list[Failure],
) -> SharedSuppressions | None:
    """What lies beside the policy and suppresses findings; what is wrong with it keeps egp from judging."""
    from egp.check.suppressions import read_allowances
    from egp.policy.plan_history import PlanHistoryError

    try:
        allowances = read_allowances(finder, policy, histories, baseline, are_in_force)
    except PlanHistoryError as error:
        failures += error.failures
        return None
    failures += (*allowances.listed.failures, *allowances.baseline.failures)
    return allowances


def _parts(run: Run, asked: Sequence[PlanSource], progress: Progress | None, jobs: int) -> Iterable[_Part]:
    if len(asked) == 1:
        return [_judge_part(run, asked)]
    from egp.check.processes import in_parts

    def tick(done: int) -> None:
        if progress:
            progress(done, len(asked))

    return in_parts(partial(_judge_part, run), asked, tick, jobs)


def _judge_part(run: Run, sources: Sequence[PlanSource]) -> _Part:
    """Judges files by themselves; may run in another process."""
    files, found = Files(run.finder), Findings()
    judged: list[JudgedPlan] = []
    for begin in range(0, len(sources), _AT_ONCE):
        judged += _judge_at_once(run, files, sources[begin : begin + _AT_ONCE], found)
    return _Part(sources, judged, found)


def _judge_at_once(
    run: Run, files: Files, sources: Sequence[PlanSource], found: Findings
) -> Iterator[JudgedPlan]:
    """Reads some files, has each rule look at all of their plans, and adds what is found, in the order of the plans."""
    in_order: list[Findings] = []
    begun: list[tuple[Judging, Asking]] = []
    for source in sources:
        in_order.append(of_file := Findings())
        for document in files.read(source, of_file.failures):
            in_order.append(of_plan := Findings())
            judging = judge_plan(run, files, source, document, of_plan)
            if (asking := next(judging, None)) is not None:
                begun.append((judging, asking))
    answers = answers_in_turn([asking for _, asking in begun])
    for (judging, _), answer in zip(begun, answers, strict=True):
        plan = ended(judging, answer)
        if plan is not None:
            yield plan
    for each in in_order:
        if not run.is_trial:
            each.work_advice_out()
        found.add(each)


def _put_in_order(report: Report) -> None:
    report.diagnostics.sort(key=_reading_order)
    report.shadow.sort(key=_reading_order)
    report.unchecked.sort(key=lambda entry: (entry.path, entry.document))
    report.passes.sort()
    # Each process says why a rule of the policy cannot judge.
    report.failures[:] = dict.fromkeys(report.failures)


def _reading_order(diagnostic: Diagnostic) -> tuple[object, ...]:
    place = diagnostic.place
    weight = SEVERITIES.index(diagnostic.severity)
    return place.path, place.document, place.span, weight, diagnostic.rule, diagnostic.message
