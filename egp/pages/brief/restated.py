"""The policy in sentences that need no statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.policy.model import Adopted


def policy_in_sentences(
    rules: Mapping[str, Adopted], plan: Experiment, waived: Collection[str]
) -> Iterator[str]:
    """What the policy insists on for the plan, of the things that people argue about."""
    for rule_id, adopted in rules.items():
        plain = adopted.rule.exported("plain") if adopted.severity != "info" else None
        if plain and (said := plain(adopted.params, plan)):
            exempt = " This plan is exempt from it by a waiver." if rule_id in waived else ""
            yield f"{said}{exempt}"


def contested(rules: Mapping[str, Adopted]) -> dict[str, Adopted]:
    """The rules that people argue about first."""
    return {rule_id: adopted for rule_id, adopted in rules.items() if adopted.rule.exported("CONTESTED")}
