"""What became of waivers and of the baseline: put before the rules about them, once all other rules have spoken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.check.answers import answers_of
from egp.check.reporting import count, report
from egp.check.suppressions import SharedSuppressions
from egp.check.uncompared import say_uncompared
from egp.output.report.model import Report
from egp.policy.model import Adopted
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.waivers import NO_PLAN
from egp.record.waivers.allowed import PlanSuppressions
from egp.record.waivers.grant import GrantTerms
from egp.rules.rule_inputs import Judgement, PortfolioEntry
from egp.stats.values import NamedTuple
from egp.yaml import Document

if TYPE_CHECKING:
    from egp.check.files import Files
    from egp.check.run import JudgedPlan, Run


class WaiverCase(NamedTuple):
    """An input for the rules, and the document that its paths are in."""

    judgement: Judgement
    document: Document


def judge_waivers(
    run: Run,
    files: Files,
    judged: Sequence[JudgedPlan],
    present: Sequence[PortfolioEntry],
    asked: Collection[str],
    of_flags: Mapping[str, PlanSuppressions],
    found: Report,
) -> None:
    """Adds what is found of the waivers and of the baseline's entries for all plans in question.

    ``of_flags`` is what was suppressed of flags without a plan, by the root of the policy.
    """
    for each in judged:
        if each.allowed:
            own = run.of(each.source)
            beside = own.allowances or SharedSuppressions()
            path, number = each.source.shown, each.entry.document
            cases = list(cases_of(each.allowed, files.document(path, number), beside, own.as_of))
            rules = own.policy.judging(each.source.in_policy, each.traits, each.timing)
            _judge(own, files, each.allowed, cases, rules, each.traits.tier, (path, number), found)
    beside_policies = [each for each in (run.others.begun() if run.others else [run]) if each.allowances]
    ids = {each.id for each in present} if _are_all_asked(run, asked) else None
    compared = {each.allowed.experiment for each in judged if each.allowed and each.allowed.excuses}
    for own in beside_policies:
        assert own.allowances
        if own.allowances.are_in_force:
            say_uncompared(own.allowances.baseline, compared, ids, found)
    if beside_policies and ids is not None and _are_read(judged, found):
        for own in beside_policies:
            assert own.allowances
            rules = own.policy.judging("", NO_TRAITS, Timing(own.as_of))
            for allowed, cases in unclaimed(own.allowances, ids, own.as_of):
                _judge(own, files, allowed, cases, rules, "", (own.policy.name, 0), found)
            if flags := of_flags.get(own.policy.root):
                cases = list(_beside(flags, own.allowances, own.as_of, is_known=True))
                _judge(own, files, flags, cases, rules, "", (own.policy.name, 0), found)


def _judge(
    run: Run,
    files: Files,
    allowed: PlanSuppressions,
    cases: Iterable[WaiverCase],
    rules: Sequence[Adopted],
    tier: str,
    plan: tuple[str, int],
    found: Report,
) -> None:
    found.allowed.append(allowed)
    effective = [each for each in rules if not each.shadow]
    shadow = [each for each in rules if each.shadow]
    organisation = run.policy.organisation(tier)
    for judgement, document in cases:
        answers = answers_of(effective, shadow, {"Judgement": judgement}, organisation, plan[0])
        count(found, answers, run, *plan)
        report(found, answers, document, allowed.experiment, files.elsewhere())


def _are_all_asked(run: Run, asked: Collection[str]) -> bool:
    """Whether every plan of the policy was requested."""
    portfolio = {run.finder.canonical(source.path) for source in run.finder.portfolio()}
    return bool(portfolio) and portfolio.issubset(asked)


def _are_read(judged: Sequence[JudgedPlan], found: Report) -> bool:
    """Whether the id of every plan could be read."""
    return len(judged) == found.plans and all(each.entry.id for each in judged) and not found.failures


def cases_of(
    allowed: PlanSuppressions, plan: Document, allowances: SharedSuppressions, as_of: date
) -> Iterator[WaiverCase]:
    """What the plan, the file of waivers and the baseline have for one experiment."""
    if allowed.own:
        yield WaiverCase(Judgement(allowed.experiment, as_of, allowed.own), plan)
    yield from _beside(allowed, allowances, as_of, is_known=True)


def unclaimed(
    allowances: SharedSuppressions, present: Collection[str], as_of: date
) -> Iterator[tuple[PlanSuppressions, list[WaiverCase]]]:
    """What is there for experiments that no plan has."""
    named = {**allowances.listed.by_experiment, **allowances.baseline.by_experiment}
    for name in sorted(named.keys() - {*present, NO_PLAN}):
        terms = GrantTerms(name, as_of)
        listed, excuses = allowances.grants(name, terms), allowances.excuses(name, terms, ())
        allowed = PlanSuppressions(name, listed=listed, excuses=excuses)
        yield allowed, list(_beside(allowed, allowances, as_of, is_known=False))


def _beside(
    allowed: PlanSuppressions, allowances: SharedSuppressions, as_of: date, is_known: bool
) -> Iterator[WaiverCase]:
    """What lies beside the policy for an experiment. Without a baseline in force nobody can tell what it would suppress."""
    listed, baseline = allowances.listed.document, allowances.baseline.document
    if allowed.listed and listed:
        yield WaiverCase(Judgement(allowed.experiment, as_of, allowed.listed, is_known=is_known), listed)
    if allowed.excuses and baseline and allowances.are_in_force:
        yield WaiverCase(
            Judgement(allowed.experiment, as_of, excuses=allowed.excuses, is_known=is_known), baseline
        )
