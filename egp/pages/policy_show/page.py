"""The policy as it judges one plan, for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Block, Notice, Paragraph, Section, Table
from egp.pages.rules_shown.settings import settings_rows, shown_place
from egp.plan.wording import counted
from egp.policy.escapable import ESCAPABLE, escapable_overrides

if TYPE_CHECKING:
    from egp.pages.policy_show.effective import Effective, EffectiveRule, ShownPlan
    from egp.policy.model import Scope
    from egp.policy.owners import Ownership


def page(effective: Effective, ownership: Ownership | None = None) -> Answer:
    """Every rule with its settings, by family."""
    owners = _owners(ownership) if ownership else ()
    return Answer(_head(effective), [*_about(effective), *owners, *_families(effective), *_asides(effective)])


def _owners(found: Ownership) -> Iterator[Section]:
    """Who owns what, where there is more to tell than that one policy owns everything."""
    if len(found.owned) > 1 or found.faults:
        rows = [
            (each.policy, each.folder, f"delegated by {each.delegated_by}" if each.delegated_by else "")
            for each in found.owned
        ]
        faults = [
            Notice(fault.path, fault.message, "caution", [f"help: {fault.help}"]) for fault in found.faults
        ]
        yield Section("who owns what", [Table(("", "", ""), rows), *faults])


def _head(effective: Effective) -> str:
    policy, judged = effective.policy, effective.judged
    name = policy.name_and_version
    if judged is None:
        what = "plans without an override" if policy.scopes else "every plan"
        return f"{name}, for {what}, as of {effective.timing.as_of}"
    plan = f"{judged.path} ({judged.experiment})" if judged.experiment else judged.path
    floor = f", above the floor of {policy.floor.policy.name}" if policy.floor else ""
    return f"{name}, for {plan}{floor}"


def _about(effective: Effective) -> Iterator[Paragraph]:
    """How the plan stands to the policy, and the overrides that apply, or that there are."""
    policy, judged = effective.policy, effective.judged
    applying = range(len(policy.scopes)) if judged is None else effective.covering
    if judged:
        yield Paragraph(_phrase(judged))
    for at in applying:
        yield Paragraph(_override(at + 1, policy.scopes[at]))
    if judged and policy.scopes and not effective.covering:
        yield Paragraph(f"none of {counted(len(policy.scopes), 'override')} applies")


def _phrase(judged: ShownPlan) -> str:
    tier = f"tier {judged.traits.tier}" if judged.traits.tier else "no tier"
    timing = judged.timing
    if timing.registered:
        return f"{tier}; registered on {timing.registered}, and judged by the settings of that day"
    return f"{tier}; not registered, and judged by the settings of {timing.as_of}"


def _override(number: int, scope: Scope) -> str:
    return f"override {number}, for {scope.phrase()} ({shown_place(scope.origin)})"


def _families(effective: Effective) -> Iterator[Section]:
    spoken_of = [each for each in effective.rules if each.values or each.coming]
    for family, rules in groupby(spoken_of, key=lambda each: each.rule.family):
        yield Section(family, [Section(each.rule.id, [*_rule(effective, each)]) for each in rules])


def _rule(effective: Effective, each: EffectiveRule) -> Iterator[Block]:
    rows = []
    for name, value, set_by, _ in settings_rows(each.rule, each.values):
        number = effective.override_of(each.values[name]) if name in each.values else None
        rows.append((name, value, f"{set_by}, override {number}" if number else set_by))
    yield Table(("", "", ""), rows)
    if each.coming:
        yield Notice("coming", each.coming)


def _asides(effective: Effective) -> Iterator[Block]:
    for found in escapable_overrides(effective.policy):
        phrase = f"{found.message} ({shown_place(found.origin)})"
        notice = Notice(f"warning[{ESCAPABLE}]", phrase, "caution", [f"help: {found.help}"])
        yield Section("", [notice])
    if silent := [each.rule.id for each in effective.rules if not (each.values or each.coming)]:
        yield Section("", [Paragraph(f"not adopted: {', '.join(silent)}")])
