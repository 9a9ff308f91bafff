"""What the policy in force asks of a plan that does not exist yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from egp.policy.model import Policy
from egp.policy.scope import Traits
from egp.policy.timing import Timing
from egp.rules.rule import load


class Settings:
    """Options of rules as they would judge a plan at a path, on some surfaces."""

    def __init__(self, policy: Policy, path: str, surfaces: Sequence[str], type: str, as_of: date) -> None:
        tier = policy.tier_of(surfaces)
        traits = Traits(tier, type=type, surfaces=tuple(surfaces))
        rules = policy.adopted(path, traits, Timing(as_of))
        self._params = {adopted.rule.id: adopted.params for adopted in (*rules.alone, *rules.together)}
        self.tier = tier
        self.roles = policy.roles

    def adopts(self, rule_id: str) -> bool:
        return rule_id in self._params

    def option(self, rule_id: str, name: str) -> Any:
        """The option in force, or the rule's default where the policy has not adopted the rule."""
        params = self._params.get(rule_id) or load(rule_id).params()
        return getattr(params, name)
