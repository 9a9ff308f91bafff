"""What the policy in force requires of a plan that does not exist yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from egp.policy.model import Policy
from egp.policy.scope import Traits
from egp.policy.timing import Timing
from egp.rules.rule import load
from egp.rules.table import KNOWN_AS


class Settings:
    """Options of rules as they would judge a plan at a path, on some surfaces."""

    def __init__(self, policy: Policy, path: str, surfaces: Sequence[str], type: str, as_of: date) -> None:
        tier = policy.tier_of(surfaces)
        traits = Traits(tier, type=type, surfaces=tuple(surfaces))
        rules = policy.adopted(path, traits, Timing(as_of))
        self._params = {adopted.rule.id: adopted.params for adopted in (*rules.alone, *rules.together)}
        self.tier = tier
        self.roles = policy.roles

    def adopts(self, name: str) -> bool:
        """Whether the policy adopts the rule of the option that is known by a name."""
        return KNOWN_AS[name][0] in self._params

    def asked(self, name: str) -> Any:
        """The option in force that is known by a name, or its default where the policy has not adopted its rule."""
        rule_id, option = KNOWN_AS[name]
        return getattr(self._params.get(rule_id) or load(rule_id).params(), option)
