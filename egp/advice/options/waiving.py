"""Whether a violation can be waived: by whom, until when at most, and with which command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from egp.plan.analysis.people import identity
from egp.plan.digest import plan_digest
from egp.plan.quantity import shown
from egp.plan.wording import length, listing
from egp.record.waivers.grant import LONGEST
from egp.yaml.edits import APPEND, Addition

if TYPE_CHECKING:
    from datetime import date, timedelta

    from egp.advice.options.case import Case
    from egp.plan.finding import Diagnostic


def waivable(case: Case, diagnostic: Diagnostic) -> str:
    """Whether a violation can be set aside for this plan, by whom and until when at most."""
    against = _objection(case, diagnostic)
    if against:
        return against
    asked = listing((f"{role} ({listing(people, 'or')})" for role, people in _approvers(case).items()), "or")
    return (
        f"possible, if approved by {asked} with reason and ticket, until {_last_day(case)} at most "
        f"({length(_longest(case))})"
    )


def how_to_waive(case: Case, diagnostic: Diagnostic) -> str:
    """The command that writes an approved waiver; empty where there can be none."""
    if _objection(case, diagnostic):
        return ""
    role, people = next(iter(_approvers(case).items()))
    plan = shlex.quote(case.source.shown)
    approval = f"--approver {shlex.quote(people[0])} --role {shlex.quote(role)} --expires {_last_day(case)}"
    return f"egp waive {plan} {diagnostic.rule} --reason REASON --ticket TICKET {approval}"


def waiver_of(case: Case, diagnostic: Diagnostic) -> Addition | None:
    """A waiver of this plan as it is, which holds once somebody has approved it and says why; None where there can be none."""
    is_there = any(each.rule == diagnostic.rule for each in case.plan.waivers)
    if is_there or _objection(case, diagnostic):
        return None
    block = {
        "rule": diagnostic.rule,
        "reason": "",
        "ticket": "",
        "approver": "",
        "role": next(iter(_approvers(case))),
        "granted": case.as_of.isoformat(),
        "expires": _last_day(case).isoformat(),
        "digest": plan_digest(case.plan),
    }
    return Addition(("waivers", APPEND), block)


def _objection(case: Case, diagnostic: Diagnostic) -> str:
    """Why nobody can waive it, or need not; empty where somebody can."""
    adopted = case.adopted.get(diagnostic.rule)
    if adopted is None or not adopted.waivable:
        return "not possible: this rule cannot be waived"
    if diagnostic.severity != "error":
        return f"not needed: of severity {diagnostic.severity} it rejects nothing"
    if diagnostic.impossible:
        return "not possible: a plan that cannot work or be checked is waived by nobody"
    if case.policy.waivers is None or not case.policy.waivers.approvers:
        return "not possible: the policy names nobody who may approve waivers"
    if not case.plan.id or case.document.problems:
        return "not possible: a waiver is for a plan that can be read and has an id"
    if not _owner(case):
        return "not possible: the plan names no owner, who must not be the approver"
    if not _approvers(case):
        roles = listing(map(shown, case.policy.waivers.approvers), "and")
        return f"not possible: the policy names nobody but the owner who holds the role {roles}"
    return ""


def _owner(case: Case) -> str:
    return identity((case.plan.owner.dri if case.plan.owner else None) or "")


def _approvers(case: Case) -> Mapping[str, Sequence[str]]:
    """Role → the people who hold it and may approve a waiver of this plan."""
    terms = case.policy.waivers
    holders = {
        role: [person for person in case.policy.roles.get(role, ()) if identity(person) != _owner(case)]
        for role in (terms.approvers if terms else ())
    }
    return {role: people for role, people in holders.items() if people}


def _longest(case: Case) -> timedelta:
    return (case.policy.waivers.longest if case.policy.waivers else None) or LONGEST


def _last_day(case: Case) -> date:
    return case.as_of + _longest(case)
