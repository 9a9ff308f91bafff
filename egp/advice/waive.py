"""Waiving: an approved waiver is written into the plan, with the digest of the plan that was approved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from egp.advice.candidates import opened
from egp.advice.register import PLAN_KEYS, edited_source, write_changed
from egp.check import check
from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.experiment import may_be_plan
from egp.plan.finding import Failure, HelpfulError
from egp.plan.wording import counted
from egp.policy.file import WaiverTerms
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.resolving import resolved_by_lock
from egp.record.entry_files import register_command
from egp.record.waivers.grant import Grant
from egp.stats.values import replace
from egp.yaml import Document
from egp.yaml.edits import EditError, add


@dataclass(frozen=True, slots=True)
class Approval:
    """What somebody approved."""

    rule: str
    reason: str
    ticket: str
    approver: str
    role: str
    granted: date
    expires: date


class WaiveError(HelpfulError):
    """A waiver that is not written, and what to do about it."""


@dataclass(slots=True)
class WaiverOutcome:
    """What came of it: the waiver as it stands in the plan. With failures or objections nothing is written."""

    grant: Grant | None = None
    needs_lock: bool = False
    """Whether it holds only once the lock attests it, which those who guard the lock decide."""
    failures: list[Failure] = field(default_factory=list)


def waive(
    source: PlanSource, finder: PlanFinder, policy: Policy, as_of: date, approval: Approval
) -> WaiverOutcome:
    """Writes the waiver into the plan, in place of one for the same rule. Raises WaiveError, and OSError when writing fails."""
    before = opened(source, finder)
    if before.content is None:
        return WaiverOutcome(failures=check([source], finder, policy, as_of).failures)
    document = resolved_by_lock(_only_plan(before), source, finder, policy, as_of)
    plan, problems = read_plan(document)
    if problems or document.problems:
        raise WaiveError(
            "the plan cannot be read whole, so that nobody can approve it", "egp check says what is wrong"
        )
    rules = [each.rule for each in plan.waivers]
    position = rules.index(approval.rule) if approval.rule in rules else len(rules)
    block = {**{name: getattr(approval, name) for name in Approval.__slots__}, "digest": plan_digest(plan)}
    try:
        after = edited_source(before, document, lambda value: _put(value, position, block))
    except EditError as error:
        raise WaiveError(f"the waiver cannot be written: {error}", "add it by hand") from None
    lenient = _as_if_attested(policy)
    report = check([after], finder.judging_by(lenient), lenient, as_of)
    own = next((each.own for each in report.allowed if each.experiment == plan.id), ())
    grant = own[position] if own else None
    if not report.failures and grant and grant.holds and grant.used:
        write_changed([source], [after])
    needs_lock = policy.waivers is not None and policy.waivers.attested_by == "lock"
    return WaiverOutcome(grant, needs_lock, report.failures)


def _as_if_attested(policy: Policy) -> Policy:
    """The policy without the question who attests waivers: one has to be written before anybody can."""
    if policy.waivers is None:
        return policy
    terms = WaiverTerms()
    terms.__dict__.update(vars(policy.waivers), attested_by=None)
    return replace(policy, waivers=terms)


def waiver_lines(outcome: WaiverOutcome, path: str) -> Iterator[str]:
    """What came of it, in lines for people."""
    grant = outcome.grant
    if grant is None:
        return
    rule = grant.waiver.rule
    if grant.objections:
        yield f"not waived in {path}:"
        for objection in grant.objections:
            yield f"  {objection.message}"
            yield f"    help: {objection.phrase}"
    elif not grant.used:
        yield f"not waived in {path}: {rule} finds nothing that could be waived"
    else:
        found = counted(grant.used, "finding")
        until = f"until the end of {grant.waiver.expires}"
        if outcome.needs_lock:
            yield f"written into {path}: a waiver of {rule} {until}, which will let {found} pass"
            yield f"it holds once the lock attests it, by `{register_command(path)}`"
        else:
            yield f"waived {rule} in {path} {until}: it lets {found} pass"


def _only_plan(source: PlanSource) -> Document:
    plans = [each for each in source.documents() if may_be_plan(each)]
    if len(plans) != 1:
        raise WaiveError(f"there are {len(plans)} plans in {source.shown}", "name a file that holds one plan")
    return plans[0]


def _put(plan: dict[str, Any], position: int, block: dict[str, object]) -> None:
    waivers = plan.get("waivers")
    if not waivers and "waivers" in plan:
        plan["waivers"] = [block]
    elif not waivers:
        add(plan, "waivers", [block], PLAN_KEYS)
    elif position < len(waivers):
        waivers[position].update(
            {key: str(value) if isinstance(value, date) else value for key, value in block.items()}
        )
    else:
        waivers.append(block)
