"""What flag and deployment files serve, before the rules that compare it with the plans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.check.answers import RuleAnswers, answers_of
from egp.check.reporting import count, report, suppressor_of
from egp.output.report.model import Findings
from egp.plan.completing import read_plan
from egp.plan.experiment import Experiment
from egp.plan.finding import LineOfFile, Suppression
from egp.plan.names import folded
from egp.policy.locate import lock_folder
from egp.policy.rollout_files import Served, read_served
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.emergencies import emergencies, entry_path
from egp.record.entry_files import ENDING, ledger_folder
from egp.record.ledger import Ledger, read_ledger
from egp.record.lock_error import LockError
from egp.record.rollouts.rollout import Rollout
from egp.record.waivers import FLAGS
from egp.rules.rule_inputs import PortfolioEntry, PortfolioIndex, ServedFlag, UnreadRollout
from egp.stats.values import replace
from egp.yaml import Path, pointer

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.run import JudgedPlan, Run
    from egp.record.waivers.allowed import PlanSuppressions
    from egp.record.waivers.baseline import AppliedEntry


def judge_rollouts(
    run: Run,
    files: Files,
    judged: Sequence[JudgedPlan],
    portfolio: PortfolioIndex,
    asked: Collection[str],
    found: Findings,
    allowed: PlanSuppressions | None = None,
) -> None:
    """Adds what is found of the flags of the requested plans, and, where all plans are requested, of the others.

    ``allowed`` is what may be suppressed of these.
    """
    if not run.policy.rollouts:
        return
    served = read_served(run.policy, run.finder.folder)
    found.failures += served.failures
    everything = {run.finder.canonical(source.path) for source in run.finder.portfolio()}
    asked_all = everything.issubset(asked)
    by_entry = {id(each.entry): each for each in judged}
    found_flags = {folded(each.flag.value) for each in served.rollouts}
    alike = salted_alike(served.rollouts)
    for rollout in served.rollouts:
        entry = plan_of(rollout, portfolio, run.as_of)
        plan = by_entry.get(id(entry)) if entry else None
        if plan is not None:
            _judge_planned(run, files, served, rollout, plan, alike, found)
        elif entry is None and asked_all:
            _judge_unplanned(run, files, served, rollout, allowed, found)
    planned = {folded(flag) for each in judged for flag in each.entry.flags}
    if asked_all or planned - found_flags:
        _judge_unread(run, files, served, portfolio, allowed, found)
    suppressions = [*(each.allowed for each in judged), allowed]
    environments = {each.environment or "" for each in run.policy.rollouts}
    _keep_unread(served, environments, [excuse for each in suppressions if each for excuse in each.excuses])


def _keep_unread(served: Served, environments: Collection[str], excuses: Sequence[AppliedEntry]) -> None:
    """Tells the baseline's entries whose flag, or a file that may have it, could not be read."""
    whole = next((each.path for each in served.unread if not each.flag), "")
    unread = {_named(place, each.flag): each.path for each in served.unread for place in environments}
    for excuse in excuses:
        if excuse.entry.is_of_flag:
            excuse.unread = unread.get(excuse.entry.found.pointer, whole)


def plan_of(rollout: Rollout, portfolio: PortfolioIndex, as_of: date) -> PortfolioEntry | None:
    """The plan whose treatment a flag serves; of several the one that began last, or else begins next."""
    named = portfolio.sharing("flag", rollout.flag.value)
    begun = [each for each in named if each.first is None or each.first <= as_of]
    if begun:
        return max(begun, key=lambda each: (each.first or date.min, each.id))
    return min(named, key=lambda each: (each.first or date.max, each.id), default=None)


def salted_alike(rollouts: Sequence[Rollout]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(attribute, salt) → the flags that hash both, where there are several."""
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for rollout in rollouts:
        for audience in rollout.splits:
            if audience.unit and audience.salt and audience.salt.value:
                found[audience.unit.value, audience.salt.value][rollout.flag.value] = None
    return {key: tuple(flags) for key, flags in found.items() if len(flags) > 1}


def others_alike(rollout: Rollout, alike: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[str, ...]:
    keys = [(each.unit.value, each.salt.value) for each in rollout.splits if each.unit and each.salt]
    flags = dict.fromkeys(flag for key in keys for flag in alike.get(key, ()))
    return tuple(flag for flag in flags if flag != rollout.flag.value)


def _judge_planned(
    run: Run,
    files: Files,
    served: Served,
    rollout: Rollout,
    judged: JudgedPlan,
    alike: Mapping[tuple[str, str], tuple[str, ...]],
    found: Findings,
) -> None:
    owner = run.of(judged.source)
    document = files.document(judged.source.shown, judged.entry.document)
    if owner.policy.completes_plans:
        from egp.check.moving import completed_in

        document = completed_in(owner, judged.source, document)
    plan: Experiment = read_plan(document)[0]
    try:
        ledger = read_ledger(lock_folder(owner.finder.folder, owner.policy.home), plan.name)
    except LockError as error:
        found.failures += [each for each in error.failures if each not in found.failures]
        return
    flag = ServedFlag(
        rollout=rollout,
        plan=plan,
        as_of=owner.as_of,
        entered=ledger.stages() if ledger.is_there else None,
        ledger=ledger,
        path=judged.source.shown,
        document=judged.entry.document,
        salted_alike=others_alike(rollout, alike),
    )
    adopted = owner.policy.adopted(judged.source.in_policy, judged.traits, judged.timing)
    organisation = owner.policy.organisation(judged.traits.tier)
    answers = answers_of(adopted.served, adopted.shadow, {"ServedFlag": flag}, organisation, rollout.path)
    count(found, answers, owner, rollout.path)
    _show_the_plan(flag, answers)
    _waive_emergencies(owner, judged, plan, ledger, answers)
    name = _named(rollout.environment, rollout.flag.value)
    suppressor = suppressor_of(owner, judged.allowed, document, name)
    place = served.document(rollout.path)
    report(found, answers, place, judged.entry.id, files.elsewhere(), suppressor=suppressor, flag=name)


def _show_the_plan(served: ServedFlag, answers: RuleAnswers) -> None:
    """Puts the plan's line that names the flag beside what has no other line of the plan."""
    plan, name = served.plan, served.rollout.flag.value
    at: Path = ("flags", plan.flags.index(name)) if plan and name in plan.flags else ("feature_flag",)
    beside = served.beside("the plan that names the flag", *at)
    for outcome in answers.outcomes:
        outcome.related = beside
        outcome.findings = [
            each if each.related else replace(each, related=beside) for each in outcome.findings
        ]


def _waive_emergencies(
    owner: Run, judged: JudgedPlan, plan: Experiment, ledger: Ledger, answers: RuleAnswers
) -> None:
    """Sets aside what is said of raises that somebody answers for, while they do."""
    raised = emergencies(ledger)
    if not raised or (owner.allowances is not None and not owner.allowances.are_in_force):
        return
    from egp.gate.emergency import objections_to

    for each in raised:
        if any(objections_to(each, plan, owner.policy, judged.source.in_policy, owner.as_of)):
            continue
        place = LineOfFile(f"{ledger_folder(plan.name)}/{each.number:04d}{ENDING}", 1)
        waived = Suppression(
            "waiver", place, each.reason, each.ticket, each.approver, each.role, each.on, each.expires
        )
        for outcome in answers.outcomes:
            for finding in outcome.findings:
                if entry_path(each.number) in finding.speaks_for:
                    outcome.suppressed[finding] = waived


def _named(environment: str, flag: str) -> str:
    """What the baseline calls a flag."""
    return f"{FLAGS}{pointer((environment, flag))[1:]}"


def _judge_unplanned(
    run: Run,
    files: Files,
    served: Served,
    rollout: Rollout,
    allowed: PlanSuppressions | None,
    found: Findings,
) -> None:
    why = run.policy.not_an_experiment.get(rollout.flag.value, "")
    keeps = run.policy.kept_by(rollout.flag.value)
    flag = ServedFlag(rollout, None, run.as_of, no_experiment=why, keeps=keeps)
    _judge(
        run,
        files,
        served,
        rollout.path,
        {"ServedFlag": flag},
        allowed,
        _named(rollout.environment, rollout.flag.value),
        found,
    )


def _judge_unread(
    run: Run,
    files: Files,
    served: Served,
    portfolio: PortfolioIndex,
    allowed: PlanSuppressions | None,
    found: Findings,
) -> None:
    planned = {
        rollout.flag.value for rollout in served.rollouts if portfolio.sharing("flag", rollout.flag.value)
    }
    told: set[tuple[str, str]] = set()
    of_others = {each.flag.value for each in served.rollouts if each.share_of != "units"} - planned
    for unread in served.unread:
        if unread.flag in of_others:
            continue  # a canary of requests or replicas that no plan names is no experiment
        if (unread.path, unread.reason) not in told:
            told.add((unread.path, unread.reason))
            part = UnreadRollout(unread, unread.flag in planned)
            steps = (served.paths.get(unread.path, unread.path), unread.flag)
            name = f"{FLAGS}{pointer(tuple(filter(None, steps)))[1:]}"
            _judge(run, files, served, unread.path, {"UnreadRollout": part}, allowed, name, found)


def _judge(
    run: Run,
    files: Files,
    served: Served,
    path: str,
    inputs: Mapping[str, object],
    allowed: PlanSuppressions | None,
    name: str,
    found: Findings,
) -> None:
    """By the rules in force where the file lies, for a flag that belongs to no plan."""
    adopted = run.policy.adopted(served.paths.get(path, path), NO_TRAITS, Timing(run.as_of))
    organisation = run.policy.organisation("")
    answers = answers_of(adopted.served, adopted.shadow, inputs, organisation, path)
    count(found, answers, run, path)
    place = served.document(path)
    suppressor = suppressor_of(run, allowed, place, name)
    report(found, answers, place, "", files.elsewhere(), suppressor=suppressor, flag=name)
