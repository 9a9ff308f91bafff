"""All rules for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

from egp.output.contract import Reported, as_text
from egp.pages.rules_shown.settings import severity_of
from egp.plan.finding import Severity
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.policy.model import Policy


class ShownOption(Reported):
    """An option of a rule."""

    meaning: str
    default: str


class ListedRule(Reported):
    """A rule, and what the policy makes of it."""

    id: str
    family: str
    severity: Severity | Literal["off", "shadow"]
    summary: str
    params: Mapping[str, ShownOption]


class RulesReport(Reported):
    """What egp rules lists."""

    rules: tuple[ListedRule, ...]


def render(policy: Policy, as_of: date) -> str:
    """The rules in the order of their families."""
    families = policy.catalogue.families()
    rules = (_rule(rule_id, family, policy, as_of) for rule_id, family in families.items())
    return as_text(RulesReport(rules=tuple(rules)))


def _rule(rule_id: str, family: str, policy: Policy, as_of: date) -> ListedRule:
    rule = policy.catalogue.load(rule_id)
    return ListedRule.of(
        rule,
        family=family,
        severity=severity_of(rule_id, policy, as_of),
        summary=rule.page.summary,
        params={
            name: ShownOption(meaning=option.meaning, default=shown_value(option.default))
            for name, option in rule.options.items()
        },
    )
