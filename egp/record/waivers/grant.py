"""Waivers: what a policy requires of them, and what speaks against one.

Everything that speaks against a waiver is reported at once. A waiver that anything speaks against waives nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from egp.plan.analysis.people import identity
from egp.plan.experiment import Waiver
from egp.plan.finding import LineOfFile
from egp.plan.quantity import shown
from egp.plan.remedy import help_line, setting
from egp.plan.typed_reader import nearest
from egp.plan.wording import length, listing
from egp.record.lock.registration import Waived
from egp.record.waivers.attested import is_attested
from egp.yaml import Path

LONGEST = timedelta(days=30)
"""How long a waiver may hold where the policy does not say."""

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a waiver: at which of its keys, in words that follow its name, and what to change."""

    key: str
    message: str
    help: str = ""
    observed: str = ""
    required: str = ""
    value: object = None
    """What the key may say instead, where that is known."""

    @property
    def phrase(self) -> str:
        """What to change, in words."""
        return help_line([setting((self.key,), self.value)], (), self.help) if self.value else self.help


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What a waiver must fit: the plan it is for, the day, and what the policy says of waivers."""

    experiment: str
    as_of: date
    owner: str = ""
    digest: str = ""
    """The plan's digest; empty where it could not be read without problems, and then no waiver holds."""
    registered: date | None = None
    first_commit: date | None = None
    rules: Mapping[str, bool] = field(default_factory=dict)
    """Rule in force for the plan → whether it is waivable."""
    families: Mapping[str, str] = field(default_factory=dict)
    """Rule → its family, of all rules, in force or not."""
    approvers: Sequence[str] = ()
    """Roles that may approve waivers."""
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    longest: timedelta = LONGEST
    attested_by: str = ""
    """"base" or "lock", where a waiver holds only once the base or the lock has it."""
    in_lock: Sequence[Waived] = ()
    """Waivers of the experiment that the lock attests."""
    earlier: Sequence[Waiver] | None = None
    """Waivers that the base has; None where the plan is not compared with one."""
    at_base: str | None = None
    """The plan's digest at a base that is judged by its own policy, empty where it has no such plan; None without one."""
    has_begun: bool = False
    """Whether the plan's first unit was exposed."""


@dataclass(slots=True)
class Grant:
    """A waiver where it is written, and what came of it."""

    at: Path
    waiver: Waiver
    place: LineOfFile
    """File and line of it."""
    objections: tuple[Objection, ...] = ()
    holds: bool = False
    used: int = 0
    """How many findings it waives."""
    is_new: bool = False
    """Whether the base does not have it."""


def granted(waiver: Waiver, at: Path, place: LineOfFile, terms: GrantTerms) -> Grant:
    """The waiver as it stands under the terms."""
    found = tuple(objections(waiver, terms))
    is_new = terms.earlier is not None and not _is_among(waiver, terms.earlier)
    return Grant(at, waiver, place, found, holds=bool(terms.digest) and not found, is_new=is_new)


def objections(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    """Everything that speaks against the waiver. Of one that is for the wrong thing, nothing else matters."""
    beside_the_point = [*_rule(waiver, terms), *_experiment(waiver, terms)]
    yield from beside_the_point
    if not beside_the_point:
        for ask in (_why, _approval, _period, _version, _attested):
            yield from ask(waiver, terms)


def _rule(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    rule = waiver.rule or ""
    if not rule.strip():
        yield Objection("rule", "it names no rule", "add `rule:` with the id of one rule")
    elif not _WILDCARDS.isdisjoint(rule):
        yield Objection(
            "rule",
            f"`{shown(rule)}` is a pattern, and a waiver is for one rule",
            "name one rule, and have each further one waived by itself",
            observed=shown(rule),
            required="the id of one rule",
        )
    elif rule not in terms.families:
        guess = nearest(rule, terms.families)
        hint = f", did you mean `{guess}`?" if guess else ""
        advice = "" if guess else "`egp rules` lists all rules"
        yield Objection("rule", f"there is no rule `{shown(rule)}`{hint}", advice, value=guess or None)
    elif not terms.rules.get(rule, True):
        yield Objection(
            "rule",
            f"{rule} is not waivable",
            f"do what {rule} requires; no waiver lets a plan off it",
            observed="waived",
            required="not waivable",
        )


def _experiment(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    if waiver.experiment not in (None, terms.experiment):
        yield Objection(
            "experiment",
            f"it is for {shown(waiver.experiment)}, and this is {shown(terms.experiment)}",
            "have this experiment's own waiver approved",
        )


def _why(waiver: Waiver, _: GrantTerms) -> Iterator[Objection]:
    if not (waiver.reason or "").strip():
        yield Objection("reason", "it gives no reason", "add `reason:`, why the rule need not hold this time")
    if not (waiver.ticket or "").strip():
        yield Objection("ticket", "it names no ticket", "add `ticket:`, where the waiver was discussed")


def _approval(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    if not terms.approvers:
        yield Objection(
            "role",
            "the policy lets nobody approve waivers",
            "add the roles that may to the policy, as in `waivers: {approvers: [experimentation_lead]}`",
        )
        return
    role, may = waiver.role or "", listing(map(shown, terms.approvers), "or")
    if role not in terms.approvers:
        phrase = f"{shown(role)} may not approve waivers" if role.strip() else "it names no role"
        yield Objection("role", phrase, f"have it approved by {may}", shown(role), may)
    elif not terms.roles.get(role):
        advice = f"name the people under `roles: {{{shown(role)}: [...]}}` in the policy"
        yield Objection("role", f"the policy does not say who holds the role {shown(role)}", advice)
    else:
        yield from _holder(waiver, terms.roles[role])
    yield from _second_person(waiver, terms)


def _holder(waiver: Waiver, holders: Sequence[str]) -> Iterator[Objection]:
    approver, names = waiver.approver or "", listing(map(shown, holders), "or")
    if not approver.strip():
        yield Objection("approver", "nobody approved it", f"have it approved by {names}")
    elif identity(approver) not in map(identity, holders):
        phrase = f"{shown(approver)} does not hold the role {shown(waiver.role)}"
        yield Objection("approver", phrase, f"have it approved by {names}", shown(approver), names)


def _second_person(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    if not identity(terms.owner):
        phrase = "the plan names no owner, who must not be the approver"
        yield Objection("approver", phrase, "declare `owner.dri`")
    elif waiver.approver and identity(waiver.approver) == identity(terms.owner):
        yield Objection(
            "approver",
            f"{shown(waiver.approver)} approved it and is responsible for the experiment",
            "have it approved by someone else",
            observed=shown(waiver.approver),
            required="someone else than the owner",
        )


def _period(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    granted_on, expires = waiver.granted, waiver.expires
    if granted_on is None:
        yield Objection("granted", "it does not say when it was granted", f"add `granted: {terms.as_of}`")
    else:
        yield from _day_of_grant(waiver, granted_on, terms)
    if expires is None:
        yield Objection("expires", "it does not say when it expires", "add `expires:`, the last day it holds")
        return
    if expires < terms.as_of:
        yield Objection(
            "expires",
            f"it expired at the end of {expires}",
            "do what the rule requires, or have a new waiver approved",
            observed=str(expires),
            required=f"{terms.as_of} or later",
        )
    if granted_on is not None and expires - granted_on > terms.longest:
        last = granted_on + terms.longest
        yield Objection(
            "expires",
            f"it holds for {length(expires - granted_on)}, and the policy allows {length(terms.longest)}",
            observed=str(expires),
            required=f"{last} or earlier",
            value=last.isoformat(),
        )
    if granted_on is not None and expires < granted_on:
        yield Objection(
            "expires", f"it expires before {granted_on}, when it was granted", "correct the dates"
        )


def _day_of_grant(waiver: Waiver, day: date, terms: GrantTerms) -> Iterator[Objection]:
    if day > terms.as_of:
        yield Objection(
            "granted",
            f"it is granted on {day}, which is yet to come on {terms.as_of}",
            "set `granted:` to the day on which it was approved",
            observed=str(day),
            required=f"{terms.as_of} or earlier",
        )
        return
    known = [
        (since, what)
        for since, what in ((terms.registered, "is registered"), (terms.first_commit, "was first committed"))
        if since is not None and day < since
    ]
    if known:
        since, what = max(known)
        yield Objection(
            "granted",
            f"it is dated {day}, and the plan that it waives a rule for {what} on {since}",
            "set `granted:` to the day on which it was approved for this plan",
            observed=str(day),
            required=f"{since} or later",
        )
    elif terms.earlier is not None and day < terms.as_of and not _is_among(waiver, terms.earlier):
        yield Objection(
            "granted",
            f"it is new, and dated {day}; today is {terms.as_of}",
            f"set `granted: {terms.as_of}`, once it is approved today",
            observed=str(day),
            required=str(terms.as_of),
        )


def _is_among(waiver: Waiver, earlier: Sequence[Waiver]) -> bool:
    """Whether somebody had approved the same before; how the reason is worded is not what they approved."""
    return _approved(waiver) in map(_approved, earlier)


def _approved(waiver: Waiver) -> tuple[object, ...]:
    return waiver.rule, waiver.approver, waiver.role, waiver.granted, waiver.expires, waiver.digest


def _attested(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    if terms.attested_by == "base" and terms.earlier is not None and not _is_among(waiver, terms.earlier):
        yield Objection(
            "approver",
            "it is new in this change, and nobody but its author says that it was approved",
            "merge the waiver by itself, reviewed by those who may approve it; it holds from then on",
            observed="new in this change",
            required="a waiver that the base has",
        )
    elif terms.attested_by == "lock" and not is_attested(waiver, terms.experiment, terms.in_lock):
        others = [each for each in terms.in_lock if each.rule == waiver.rule]
        yield Objection(
            "approver",
            f"it is not the waiver that the lock attests since {others[-1].on}"
            if others
            else "the lock does not attest it, and nobody but its author says that it was approved",
            "once it is approved, `egp register` writes it into the lock, for those who guard the lock to merge",
            observed="not attested",
            required="a waiver that the lock attests",
        )


def _version(waiver: Waiver, terms: GrantTerms) -> Iterator[Objection]:
    if not terms.digest or waiver.digest == terms.digest:
        return
    setting = f'`digest: "{terms.digest}"`'
    if not (waiver.digest or "").strip():
        phrase = "it does not say for which version of the plan it was granted"
        yield Objection("digest", phrase, f"once the plan is approved as it is, set {setting}")
    else:
        yield Objection(
            "digest",
            f"it was granted for {_short(waiver.digest or '')}, and the plan is {_short(terms.digest)}",
            f"have the plan approved as it is now, then set {setting}",
            observed=_short(waiver.digest or ""),
            required=_short(terms.digest),
        )


def _short(digest: str) -> str:
    """A digest as people compare it."""
    version, colon, value = digest.rpartition(":")
    return shown(f"{version}{colon}{value[:12]}{'…' if len(value) > 12 else ''}")
