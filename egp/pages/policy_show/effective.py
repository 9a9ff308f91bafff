"""The policy as it judges one plan: every rule, and for every value the line that sets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from egp.plan.completing import read_plan
from egp.policy.announcing import announced
from egp.policy.layers import OFF, Layer, SettingValue, settings_in_force
from egp.policy.model import Adopted, Policy
from egp.policy.scope import NO_TRAITS, Traits
from egp.policy.timing import Timing
from egp.rules.rule import Rule
from egp.yaml import Document


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan, as far as it decides which settings judge it."""

    path: str
    document: int
    experiment: str
    traits: Traits
    timing: Timing
    covering: tuple[int, ...]
    """Positions of the overrides that apply to it."""
    in_policy: str = ""
    """The file as the policy's patterns see it."""


def judged_plan(document: Document, in_policy: str, policy: Policy, timing: Timing) -> ShownPlan:
    plan, _ = read_plan(document)
    traits = policy.traits_of(plan)
    covering = policy.covering(in_policy, traits)
    return ShownPlan(document.path, document.index, plan.name, traits, timing, covering, in_policy)


@dataclass(frozen=True, slots=True)
class EffectiveRule:
    """A rule under the policy."""

    rule: Rule
    values: dict[str, SettingValue]
    coming: str

    @property
    def severity(self) -> str:
        """ "off" where the policy says so, or its absence does."""
        return str(self.values["severity"].value) if "severity" in self.values else OFF


class Effective:
    """The policy for a plan, or for plans without an override that are not registered."""

    def __init__(self, policy: Policy, timing: Timing, judged: ShownPlan | None = None) -> None:
        self.policy = policy
        self.timing = timing
        self.judged = judged
        self.covering: Sequence[int] = judged.covering if judged else ()
        layers = policy.layers_for(self.covering)
        self._on_floor = dict(_on_floor(policy, timing, judged)) if policy.floor else {}
        self.rules = [self._effective(rule_id, layers) for rule_id in policy.catalogue]
        self._numbers = {
            value.origin: at + 1
            for at in self.covering
            for layer in policy.scopes[at].layers
            for values in _all_entries(layer)
            for value in values
        }

    def _effective(self, rule_id: str, layers: Sequence[Layer]) -> EffectiveRule:
        if rule_id in self._on_floor:
            adopted = self._on_floor[rule_id]
            return EffectiveRule(adopted.rule, {**adopted.values}, adopted.coming)
        values = settings_in_force(layers, rule_id, self.timing)
        rule = self.policy.catalogue.load(rule_id)
        return EffectiveRule(rule, values, announced(layers, rule, self.timing))

    def override_of(self, value: SettingValue) -> int | None:
        """The number of the override that sets a value."""
        return self._numbers.get(value.origin)


def _on_floor(policy: Policy, timing: Timing, judged: ShownPlan | None) -> Iterator[tuple[str, Adopted]]:
    """The rules in force as the policy that delegates to this one lets them be."""
    path, traits = (judged.in_policy, judged.traits) if judged else ("", NO_TRAITS)
    rules = policy.adopted(path, traits, timing)
    for each in (*rules.alone, *rules.together, *policy.judging(path, traits, timing)):
        yield each.rule.id, each


def _all_entries(layer: Layer) -> Iterator[list[SettingValue]]:
    for rule_id in {**layer.settings, **layer.dated}:
        for values in layer.entries(rule_id):
            yield list(values.values())
