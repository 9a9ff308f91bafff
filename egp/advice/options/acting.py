"""Who has to act on a violation, and what they do where no edit of the plan helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.plan.analysis.people import identity
from egp.plan.quantity import shown
from egp.plan.wording import listing

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.finding import Diagnostic

_APPROVAL = frozenset(("sign-offs", "four-eyes", "sign-offs-attested", "stale-sign-offs"))
_REGISTRATION = frozenset((
    "registered-before-start", "registration-date", "registration-kept", "no-backdating", "locked-plan",
    "amendment-complete", "deleted-while-running", "entry-kept",
))  # fmt: skip
_PRIVACY = "no-personal-data"


@dataclass(frozen=True, slots=True, order=True)
class Actor:
    """Somebody who can free the plan from a violation, in the order in which a memo turns to them."""

    rank: int
    who: str


def actor_of(case: Case, diagnostic: Diagnostic) -> Actor:
    """Who must act on a diagnostic: the author edits the plan unless its rule is about somebody else."""
    if diagnostic.rule == _PRIVACY:
        return Actor(0, "The author, and whoever administers the repository")
    if diagnostic.rule in _APPROVAL:
        return Actor(2, "The approvers")
    if diagnostic.rule in _REGISTRATION:
        return Actor(3, "Whoever registers the plan and its changes")
    if case.policy.catalogue.families()[diagnostic.rule] == "portfolio":
        return Actor(4, "The owner, together with the owners of the other plans")
    return Actor(1, f"The author{_owner(case)}")


def _owner(case: Case) -> str:
    dri = case.plan.owner.dri if case.plan.owner else None
    return f" and owner, {shown(dri)}" if dri and not case.judged.of(_PRIVACY) else " and owner"


def what_to_do(case: Case, diagnostic: Diagnostic) -> str:
    """Who does what, where no change of the plan alone complies."""
    of_rule = _BY_HAND.get(diagnostic.rule)
    told = of_rule(case, diagnostic) if of_rule else ""
    advice = f"{diagnostic.help[:1].upper()}{diagnostic.help[1:]}." if diagnostic.help else ""
    return told or advice or "No change of one or two fields complies: the plan has to be thought over."


def _another_signer(case: Case, diagnostic: Diagnostic) -> str:
    """Who could sign instead of the owner."""
    path = case.path_of(diagnostic)
    if path[:1] != ("sign_offs",) or len(path) < 2:
        return ""
    signed = case.plan.sign_offs[int(path[1])]
    role, owner = shown(signed.role or "the role"), case.plan.owner.dri if case.plan.owner else None
    holders = case.policy.roles.get(signed.role or "", ())
    free = [holder for holder in holders if identity(holder) != identity(owner or "")]
    if free:
        return f"{listing(map(shown, free), 'or')}, who holds {role}, signs instead."
    return (
        f"The policy names nobody else who holds {role}: name another person in `owner.dri`, or have the owner of the policy "
        f"name a second holder of {role}, who then signs."
    )


def _erase(_: Case, diagnostic: Diagnostic) -> str:
    span = diagnostic.place.span
    return (
        f"The author takes it out of line {span.start.line}, from column {span.start.column} on, and names people by role or "
        "handle. Every version stays in git: whoever administers the repository decides whether to rewrite its history."
    )


def _business_outcome(case: Case, diagnostic: Diagnostic) -> str:
    others = [metric.id for metric in case.plan.secondary_metrics if metric.id]
    named = f" The plan already measures {listing(map(shown, others))}." if others else ""
    return f"{diagnostic.help[:1].upper()}{diagnostic.help[1:]}.{named} Its baseline and MDE are the author's to state."


_BY_HAND: dict[str, Callable[[Case, Diagnostic], str]] = {
    "four-eyes": _another_signer,
    "no-personal-data": _erase,
    "business-primary": _business_outcome,
}
