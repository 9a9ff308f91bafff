"""A policy in force: what each rule weighs for a given plan, and where the policy says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from egp.finding import Severity
from egp.policy.pattern import matches
from egp.quantity import Interval
from egp.rule import Params, Rule
from egp.sources.tables import WarehouseTables
from egp.subject import Organisation

SETTINGS = ("severity", "waivable")
"""Keys of a rule's setting that are not options of the rule."""


class Origin(NamedTuple):
    """Where a policy sets a value."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Value(NamedTuple):
    """One value of a rule's setting, read, and where it was set."""

    value: object
    origin: Origin


_ALWAYS = Origin("every policy", 0)
_REJECTS: Mapping[str, Value] = {"severity": Value("error", _ALWAYS), "waivable": Value(False, _ALWAYS)}
ALWAYS: Mapping[str, Mapping[str, Value]] = {"valid-yaml": _REJECTS, "valid-plan": _REJECTS}
"""Settings that no policy changes: of a plan that cannot be read nothing can be asked, and it never passes."""

Settings = Mapping[str, Mapping[str, Value]]
"""Rule id → setting → value."""


class Layer(NamedTuple):
    """The settings of one policy file."""

    name: str
    settings: Settings


class Scope(NamedTuple):
    """An override: layers that apply to some plans only."""

    paths: tuple[str, ...]
    tier: str
    layers: tuple[Layer, ...]

    def covers(self, path: str, tier: str) -> bool:
        by_path = not self.paths or any(matches(path, pattern) for pattern in self.paths)
        return by_path and self.tier in ("", tier)


class Adopted(NamedTuple):
    """A rule as the policy weighs it for a plan."""

    rule: Rule
    severity: Severity
    params: Params
    values: Mapping[str, Value]


class RuleSet(NamedTuple):
    """The rules in force for a plan, in running order."""

    alone: tuple[Adopted, ...]
    """Rules that look at one plan."""
    together: tuple[Adopted, ...]
    """Rules that look at a plan among the others."""


@dataclass(slots=True)
class Policy:
    """All files of a policy, merged."""

    name: str
    version: str
    digest: str
    root: str
    """Folder that the policy's patterns are relative to; empty for a shipped policy."""
    layers: tuple[Layer, ...]
    scopes: tuple[Scope, ...] = ()
    plans: tuple[str, ...] = ()
    tiers: tuple[tuple[str, str], ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calendars: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    sources: WarehouseTables | None = None
    _adopted: dict[tuple[int, ...], RuleSet] = field(default_factory=dict)
    _organisations: dict[str, Organisation] = field(default_factory=dict)

    def tier_of(self, surfaces: Sequence[str]) -> str:
        """The weightiest tier of the surfaces; a plan that names none has the weightiest tier of all."""
        if not surfaces:
            return self.tiers[0][1] if self.tiers else ""
        order = list(dict.fromkeys(tier for _, tier in self.tiers))
        found = [self._tier_of_surface(surface) for surface in surfaces]
        return min((tier for tier in found if tier), key=order.index, default="")

    def _tier_of_surface(self, surface: str) -> str:
        return next((tier for pattern, tier in self.tiers if fnmatchcase(surface, pattern)), "")

    def organisation(self, tier: str) -> Organisation:
        if tier not in self._organisations:
            self._organisations[tier] = Organisation(tier, self.roles, self.calendars)
        return self._organisations[tier]

    def adopted(self, path: str, tier: str) -> RuleSet:
        """The rules in force for a plan at a path relative to the policy's root."""
        covering = tuple(at for at, scope in enumerate(self.scopes) if scope.covers(path, tier))
        if covering not in self._adopted:
            self._adopted[covering] = self._adopt(covering)
        return self._adopted[covering]

    def _adopt(self, covering: tuple[int, ...]) -> RuleSet:
        from egp.rule import index, load

        layers = [*self.layers, *(layer for at in covering for layer in self.scopes[at].layers)]
        adopted = []
        for rule_id in index():
            values = settings_in_force(layers, rule_id)
            severity = values["severity"].value if "severity" in values else "off"
            if severity != "off":
                rule = load(rule_id)
                options = {name: value.value for name, value in values.items() if name not in SETTINGS}
                adopted.append(Adopted(rule, severity, rule.params(**options), values))  # type: ignore[arg-type]
        together = tuple(each for each in adopted if each.rule.subject == "Portfolio")
        return RuleSet(tuple(each for each in adopted if each.rule.subject != "Portfolio"), together)


def merged_settings(layers: Sequence[Layer], rule_id: str) -> dict[str, Value]:
    """Every setting that the layers give a rule, later ones winning value by value."""
    merged: dict[str, Value] = {}
    for layer in layers:
        merged.update(layer.settings.get(rule_id, {}))
    return merged


def settings_in_force(layers: Sequence[Layer], rule_id: str) -> dict[str, Value]:
    """Every setting of a rule, those on top that no policy changes."""
    return {**merged_settings(layers, rule_id), **ALWAYS.get(rule_id, {})}
