"""A policy in force: what each rule weighs for a given plan, and where the policy says so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.plan.finding import Severity
from egp.plan.names import folded
from egp.plan.quantity import Interval
from egp.policy.file import RolloutFiles, WaiverTerms
from egp.policy.layers import (
    OFF,
    SETTINGS,
    SHADOW,
    DefaultsEntry,
    Layer,
    Origin,
    Settings,
    SettingValue,
    settings_in_force,
)
from egp.policy.pattern import matches
from egp.policy.scope import NO_TRAITS, Condition, Traits, fits
from egp.policy.timing import Timing
from egp.record.sources.tables import WarehouseTables
from egp.rules.rule import OF_ROLLOUTS, Catalogue, Params, Rule
from egp.rules.rule_inputs import Organisation
from egp.rules.table import KNOWN_AS
from egp.stats.hints import Any, Protocol
from egp.stats.values import NamedTuple, field, mutable

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment
    from egp.plan.holdouts import SharedHoldout
    from egp.rules.custom.own_rule import OwnRule


class Scope(NamedTuple):
    """An override: layers that apply to some plans only."""

    paths: tuple[str, ...]
    when: Condition
    layers: tuple[Layer, ...]
    origin: Origin

    def covers(self, path: str, traits: Traits) -> bool:
        by_path = not self.paths or any(matches(path, pattern) for pattern in self.paths)
        return by_path and self.when.covers(traits)

    def phrase(self) -> str:
        """For which plans, in words."""
        return ", ".join((*self.paths, *self.when.phrase()))


class Adopted(NamedTuple):
    """A rule as the policy weighs it for a plan."""

    rule: Rule
    severity: Severity
    params: Params
    values: Mapping[str, SettingValue]
    waivable: bool = True
    shadow: bool = False
    """Whether it runs without effect; its severity is then info."""
    coming: str = ""
    """What the policy announces for a later day, as in "becomes an error on 2026-12-01"."""


def adopting(rules: Mapping[str, Adopted], name: str) -> Adopted | None:
    """The rule in force of the option that is known by a name; None where the policy does not adopt it."""
    return rules.get(KNOWN_AS[name][0])


def asked(rules: Mapping[str, Adopted], name: str) -> Any:
    """The option in force that is known by a name; None where the policy does not adopt its rule."""
    adopted = adopting(rules, name)
    return getattr(adopted.params, KNOWN_AS[name][1]) if adopted else None


class RuleSet(NamedTuple):
    """The rules in force for a plan, in running order."""

    alone: tuple[Adopted, ...]
    """Rules that look at one plan."""
    together: tuple[Adopted, ...]
    """Rules that look at a plan among the others."""
    shadow: tuple[Adopted, ...] = ()
    """Rules of either kind that run without effect."""
    served: tuple[Adopted, ...] = ()
    """Rules that look at what is served."""


def rules_in_force(found: Sequence[Adopted]) -> RuleSet:
    """The rules by what they look at."""
    effective = [each for each in found if not each.shadow]
    beside = {"Portfolio", *OF_ROLLOUTS}
    return RuleSet(
        tuple(each for each in effective if each.rule.input_type not in beside),
        tuple(each for each in effective if each.rule.input_type == "Portfolio"),
        tuple(each for each in found if each.shadow),
        tuple(each for each in effective if each.rule.input_type in OF_ROLLOUTS),
    )


class Floor(Protocol):
    """The policy that delegates to another one, which may tighten what it lets nobody waive, never loosen it."""

    policy: Policy

    def rules(self, own: RuleSet, path: str, traits: Traits, timing: Timing) -> RuleSet:
        """The rules in force for a plan, at a path relative to the delegated policy's folder, under the floor."""

    def judging(self, own: list[Adopted], path: str, traits: Traits, timing: Timing) -> list[Adopted]:
        """The same of the rules about waivers."""

    def defaults_in_force(
        self, path: str, surfaces: Sequence[str], timing: Timing
    ) -> Iterator[DefaultsEntry]:
        """What plans of the delegated folder need not say by the policy above."""


@mutable
class Policy:
    """All files of a policy, merged."""

    name: str
    """As reports show it."""
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
    rollouts: tuple[RolloutFiles, ...] = ()
    """The files that say what is served."""
    not_an_experiment: Mapping[str, str] = field(default_factory=dict)
    """Flag → why it needs no plan."""
    gate: Settings = field(default_factory=dict)
    """Check of the gate → option → value, for the options that it sets."""
    waivers: WaiverTerms | None = None
    """Who may waive rules; None where the policy does not say, and then nobody may."""
    metrics: MetricCatalogue | None = None
    """The catalogue of metrics; None where the policy names none."""
    holdouts: Mapping[str, SharedHoldout] = field(default_factory=dict)
    """Id → the holdout that several plans may share."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    """The rules that it can weigh, its own ones among them."""
    custom: tuple[OwnRule, ...] = ()
    """The rules that it writes itself."""
    packages: tuple[str, ...] = ()
    """The distributions that the command line lets it adopt rules of."""
    timezone: str = ""
    """IANA name of the organisation's time zone; empty when the policy names none."""
    file: str = ""
    """The policy as ``--policy`` takes it, where its name says more than that."""
    extended: tuple[str, ...] = ()
    """Paths of the repository's own files that it builds on."""
    ref: str = ""
    """The branch or commit it was read from; empty for the working tree and for shipped policies."""
    delegates: tuple[str, ...] = ()
    """Patterns of the folders that it delegates to policies there."""
    floor: Floor | None = None
    """The policy that delegates to it; None for one that nobody has to delegate to."""
    caution: str = ""
    """What every report says of plans that it judges; the version has it, too."""
    is_chosen: bool = False
    """Whether ``--policy`` puts it in the place of the owners' policies."""
    dates: tuple[date, ...] = field(init=False)
    """Every day on which a setting changes, in order."""
    _knows_authors_traits: bool = field(init=False)
    _adopted: dict[tuple[object, ...], RuleSet] = field(default_factory=dict)
    _organisations: dict[str, Organisation] = field(default_factory=dict)
    _of_tier: dict[tuple[str, Traits | None], Traits] = field(default_factory=dict)
    """One object for each tier: what travels between processes does so once."""

    def __post_init__(self) -> None:
        layers = (*self.layers, *(layer for scope in self.scopes for layer in scope.layers))
        days = {entry.since for layer in layers for entries in layer.dated.values() for entry in entries}
        days |= {each.since for layer in layers for each in layer.defaults if each.since}
        self.dates = tuple(sorted({*days, *(self.floor.policy.dates if self.floor else ())}))
        self._knows_authors_traits = any(scope.when.chosen for scope in self.scopes)

    @property
    def completes_plans(self) -> bool:
        """Whether plans may leave out what this policy, its catalogue or its shared holdouts say."""
        layers = (*self.layers, *(layer for scope in self.scopes for layer in scope.layers))
        above = self.floor is not None and self.floor.policy.completes_plans
        is_known = self.metrics is not None or bool(self.holdouts)
        return is_known or above or any(layer.defaults for layer in layers)

    def defaults_in_force(
        self, path: str, surfaces: Sequence[str], timing: Timing
    ) -> Iterator[DefaultsEntry]:
        """What plans need not say, the weightier ones last. They differ by path and tier, not by what an author chooses."""
        if self.floor:
            yield from self.floor.defaults_in_force(path, surfaces, timing)
        traits = Traits(self.tier_of(surfaces))
        for layer in self.layers_for(self.covering(path, traits)):
            yield from (each for each in layer.defaults if each.is_in_force(timing))

    def kept_by(self, flag: str) -> SharedHoldout | None:
        """The shared holdout whose units a flag keeps out; None for every other flag."""
        of = (each for each in self.holdouts.values() if folded(each.terms.flag or "") == folded(flag))
        return next(of, None)

    @property
    def name_and_version(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def title(self) -> str:
        """Name and version, and that it judges whatever the owners' policies say, where it does."""
        named = self.name_and_version
        return f"{named} for all plans, as --policy requires" if self.is_chosen else named

    @property
    def home(self) -> str:
        """The folder of the outermost of the policies that it is under, or its own."""
        return self.floor.policy.home if self.floor else self.root

    def tier_of(self, surfaces: Sequence[str]) -> str:
        """The weightiest tier of the surfaces; a plan that names none has the weightiest tier of all."""
        if not self.tiers:
            return ""
        if not surfaces:
            return self.tiers[0][1]
        order = list(dict.fromkeys(tier for _, tier in self.tiers))
        found = [self._tier_of_surface(surface) for surface in surfaces]
        return min((tier for tier in found if tier), key=order.index, default="")

    def _tier_of_surface(self, surface: str) -> str:
        return next((tier for pattern, tier in self.tiers if fits(surface, pattern)), "")

    def traits_of(self, plan: Experiment) -> Traits:
        """The plan's tier, and its other traits where an override requires any."""
        surfaces = plan.surfaces or ()
        tier = self.tier_of(surfaces)
        above = self.floor.policy.traits_of(plan) if self.floor else None
        if not self._knows_authors_traits:
            known = self._of_tier.get((tier, above))
            return known or self._of_tier.setdefault((tier, above), Traits(tier, above=above))
        team = (plan.owner.team if plan.owner else None) or ""
        return Traits(tier, plan.type or "", plan.risk or (), surfaces, plan.layer or "", team, above)

    def organisation(self, tier: str) -> Organisation:
        if tier not in self._organisations:
            self._organisations[tier] = Organisation(tier, self.roles, self.calendars)
        return self._organisations[tier]

    def adopted(self, path: str, traits: Traits, timing: Timing) -> RuleSet:
        """The rules in force for a plan at a path relative to the policy's root."""
        covering = self.covering(path, traits)
        key = (covering, *self._period(timing))
        if key not in self._adopted:
            self._adopted[key] = self._adopt(covering, timing)
        own = self._adopted[key]
        return self.floor.rules(own, path, traits, timing) if self.floor else own

    def generally(self, rule_id: str, timing: Timing) -> dict[str, SettingValue]:
        """The settings of a rule for plans without an override."""
        if self.floor:
            rules = self.adopted("", NO_TRAITS, timing)
            for each in (*rules.alone, *rules.together, *self.judging("", NO_TRAITS, timing)):
                if each.rule.id == rule_id:
                    return {**each.values}
        return settings_in_force(self.layers, rule_id, timing)

    def judging(self, path: str, traits: Traits, timing: Timing) -> list[Adopted]:
        """The rules about waivers and the baseline. Few plans have any, and no other plan waits for these rules."""
        layers = self.layers_for(self.covering(path, traits))
        ids = [rule_id for rule_id, family in self.catalogue.families().items() if family == "waivers"]
        own = [each for rule_id in ids if (each := self._adopt_rule(rule_id, layers, timing))]
        return self.floor.judging(own, path, traits, timing) if self.floor else own

    def covering(self, path: str, traits: Traits) -> tuple[int, ...]:
        """The overrides that apply to a plan, by their position."""
        return tuple(at for at, scope in enumerate(self.scopes) if scope.covers(path, traits))

    def _period(self, timing: Timing) -> tuple[object, ...]:
        """Equal for timings under which the same settings are in force and to come."""
        if not self.dates:
            return ()
        decisive = bisect_right(self.dates, timing.decisive)
        return decisive, bisect_right(self.dates, timing.as_of), timing.registered is None

    def layers_for(self, covering: Sequence[int]) -> list[Layer]:
        """The layers that hold for a plan with these overrides, the later ones winning."""
        return [*self.layers, *(layer for at in covering for layer in self.scopes[at].layers)]

    def _adopt(self, covering: Sequence[int], timing: Timing) -> RuleSet:
        layers = self.layers_for(covering)
        found = [
            each
            for rule_id, family in self.catalogue.families().items()
            if family != "waivers" and (each := self._adopt_rule(rule_id, layers, timing))
        ]
        return rules_in_force(found)

    def _adopt_rule(self, rule_id: str, layers: Sequence[Layer], timing: Timing) -> Adopted | None:
        values = settings_in_force(layers, rule_id, timing)
        severity = values["severity"].value if "severity" in values else OFF
        if severity == OFF:
            return None
        rule = self.catalogue.load(rule_id)
        options = {name: value.value for name, value in values.items() if name not in SETTINGS}
        return Adopted(
            rule,
            "info" if severity == SHADOW else severity,  # type: ignore[arg-type]
            rule.params(**options),
            values,
            bool(values["waivable"].value) if "waivable" in values else True,
            severity == SHADOW,
            self._announced(rule, layers, timing),
        )

    def _announced(self, rule: Rule, layers: Sequence[Layer], timing: Timing) -> str:
        if not self.dates:
            return ""
        from egp.policy.announcing import announced

        return announced(layers, rule, timing)
