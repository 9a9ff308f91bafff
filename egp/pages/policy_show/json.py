"""The policy as it judges plans, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.output.contract import Count, JudgingPolicy, Reported, as_text
from egp.pages.rules_shown.settings import shown_place
from egp.plan.finding import Severity
from egp.policy.escapable import ESCAPABLE, escapable_overrides
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.pages.policy_show.effective import Effective, EffectiveRule, ShownPlan
    from egp.policy.model import Policy
    from egp.policy.owners import Ownership


class JudgedPlan(Reported):
    """The plan, as far as it decides which settings judge it."""

    path: str
    document: Count
    """Number of the YAML document in the file, from 0."""
    experiment: str
    tier: str
    registered: date | None


class AppliedOverride(Reported):
    """An override that applies to the plan."""

    number: Count
    for_: str
    place: str
    """File and line."""


class PolicyDiagnostic(Reported):
    """What is wrong with the policy itself, as an override that another file name escapes."""

    id: str
    severity: Severity
    override: Count
    place: str
    """File and line."""
    rules: tuple[str, ...]
    """The rules that it is about."""
    message: str
    help: str


class Setting(Reported):
    """A value that holds for the plan."""

    name: str
    value: str
    place: str | None
    """File and line that set it; null for a default."""
    from_: date | None
    """The day from which it holds."""
    override: Count | None
    """Number of the override that sets it."""


class RuleInForce(Reported):
    """A rule under the policy."""

    id: str
    family: str
    severity: Severity | Literal["off", "shadow"]
    coming: str | None
    """What the policy announces for a later day."""
    settings: tuple[Setting, ...]


class PolicyInForce(Reported):
    """A policy as it judges one plan, or plans without an override that are not registered."""

    policy: JudgingPolicy
    floor: str | None
    """Name of the policy that delegates to this one."""
    as_of: date
    plan: JudgedPlan | None
    overrides: tuple[AppliedOverride, ...]
    diagnostics: tuple[PolicyDiagnostic, ...]
    rules: tuple[RuleInForce, ...]


class Owner(Reported):
    """What one policy owns; paths are relative to the root."""

    policy: str
    folder: str
    delegated_by: str
    plans: tuple[str, ...]
    """Patterns of its plans."""


class OwnershipFault(Reported):
    """Why a policy owns nothing."""

    path: str
    message: str
    help: str


class PolicyShowReport(Reported):
    """What egp policy show says."""

    policies: tuple[PolicyInForce, ...]
    owners: tuple[Owner, ...]
    errors: tuple[OwnershipFault, ...]


def render(effectives: Sequence[Effective], ownership: Ownership | None = None) -> str:
    """One object for each plan, or one for plans without an override, and who owns what."""
    return as_text(
        PolicyShowReport(
            policies=tuple(map(_in_force, effectives)),
            owners=tuple(map(Owner.of, ownership.owned)) if ownership else (),
            errors=tuple(map(OwnershipFault.of, ownership.faults)) if ownership else (),
        )
    )


def _in_force(effective: Effective) -> PolicyInForce:
    scopes = effective.policy.scopes
    return PolicyInForce(
        policy=JudgingPolicy.of(effective.policy),
        floor=effective.policy.floor.policy.name if effective.policy.floor else None,
        as_of=effective.timing.as_of,
        plan=_plan(effective.judged) if effective.judged else None,
        overrides=tuple(
            AppliedOverride(number=at + 1, for_=scopes[at].phrase(), place=shown_place(scopes[at].origin))
            for at in effective.covering
        ),
        diagnostics=_diagnostics(effective.policy),
        rules=tuple(_rule(effective, each) for each in effective.rules),
    )


def _plan(judged: ShownPlan) -> JudgedPlan:
    return JudgedPlan.of(judged, tier=judged.traits.tier, registered=judged.timing.registered)


def _diagnostics(policy: Policy) -> tuple[PolicyDiagnostic, ...]:
    return tuple(
        PolicyDiagnostic.of(
            each,
            id=ESCAPABLE,
            severity="warning",
            override=each.number,
            place=shown_place(each.origin),
            rules=tuple(each.rules),
        )
        for each in escapable_overrides(policy)
    )


def _rule(effective: Effective, each: EffectiveRule) -> RuleInForce:
    return RuleInForce.of(
        each,
        id=each.rule.id,
        family=each.rule.family,
        coming=each.coming or None,
        settings=tuple(_settings(effective, each)),
    )


def _settings(effective: Effective, each: EffectiveRule) -> Iterator[Setting]:
    defaults = {name: option.default for name, option in each.rule.options.items()}
    for name in {"severity": "", "waivable": "", **defaults}:
        value = each.values.get(name)
        if value is None and name not in defaults:
            continue
        yield Setting(
            name=name,
            value=shown_value(value.value if value else defaults[name]),
            place=shown_place(value.origin) if value else None,
            from_=value.since if value else None,
            override=effective.override_of(value) if value else None,
        )
