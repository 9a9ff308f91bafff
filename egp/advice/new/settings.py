"""What the policy in force requires of a plan that does not exist yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from egp.advice.new.catalogued import definition_of, population_of
from egp.plan.completing import read_plan
from egp.policy.model import Policy
from egp.policy.resolving import resolved
from egp.policy.scope import Traits
from egp.policy.timing import Timing
from egp.rules.rule import load
from egp.rules.table import KNOWN_AS
from egp.yaml import read_text

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricDefinition
    from egp.plan.experiment import Experiment


class Settings:
    """Options of rules as they would judge a plan at a path, on some surfaces."""

    def __init__(self, policy: Policy, path: str, surfaces: Sequence[str], type: str, as_of: date) -> None:
        tier = policy.tier_of(surfaces)
        traits = Traits(tier, type=type, surfaces=tuple(surfaces))
        rules = policy.adopted(path, traits, Timing(as_of))
        self._params = {adopted.rule.id: adopted.params for adopted in (*rules.alone, *rules.together)}
        self._policy, self._path, self._as_of = policy, path, as_of
        self.tier = tier
        self.roles = policy.roles

    def defined(self, metric: object) -> MetricDefinition | None:
        """The metric as the catalogue defines it."""
        return definition_of(metric, self._policy)

    def population_of(self, answers: Mapping[str, object]) -> str:
        """The population of the catalogue that a plan with these answers is about; empty without."""
        return population_of(answers, self._policy)

    def judged(self, text: str) -> Experiment:
        """The plan in a text as it is judged: with what the policy and its catalogue add."""
        return read_plan(resolved(read_text(text)[0], self._policy, self._path, self._as_of, None))[0]

    def adopts(self, name: str) -> bool:
        """Whether the policy adopts the rule of the option that is known by a name."""
        return KNOWN_AS[name][0] in self._params

    def asked(self, name: str) -> Any:
        """The option in force that is known by a name, or its default where the policy has not adopted its rule."""
        rule_id, option = KNOWN_AS[name]
        return getattr(self._params.get(rule_id) or load(rule_id).params(), option)
