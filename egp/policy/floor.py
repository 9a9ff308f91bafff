"""The floor under a policy that another one delegates to: it may tighten what that one lets nobody waive, never loosen it.

Compared is what each makes of one plan, value by value: so nothing gets below, whichever layer, day or override it comes from.
What a delegated policy writes itself and the floor forbids is refused at its line, for it would never hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from posixpath import normpath

from egp.plan.finding import Failure
from egp.plan.quantity import Interval
from egp.policy.announcing import BY_WEIGHT
from egp.policy.error import PolicyError
from egp.policy.layers import OFF, SETTINGS, SHADOW, DefaultsEntry, Layer, SettingValue, settings_in_force
from egp.policy.model import Adopted, Policy, RuleSet, rules_in_force
from egp.policy.params import shown_value
from egp.policy.scope import NO_TRAITS, Traits
from egp.policy.softening import default_of, is_as_strict
from egp.policy.timing import Timing
from egp.rules.rule import Catalogue
from egp.yaml import Position, Span


class DelegatingPolicy:
    """A policy as the floor of the one that lies in a folder that it delegates."""

    def __init__(self, policy: Policy, folder: str, order: Sequence[str]) -> None:
        self.policy = policy
        self._folder = folder
        """The delegated policy's, as the patterns of this one see it."""
        self._position = {rule_id: at for at, rule_id in enumerate(order)}
        self._kept: dict[tuple[int, int], tuple[RuleSet, RuleSet, RuleSet]] = {}
        """By their identity: own rules, floor, and what is in force. While they are here, no others have it."""

    def rules(self, own: RuleSet, path: str, traits: Traits, timing: Timing) -> RuleSet:
        floor = self.policy.adopted(self._there(path), traits.above or NO_TRAITS, timing)
        key = (id(own), id(floor))
        if key not in self._kept:
            mine = own.alone + own.together + own.served + own.shadow
            whole = self._stricter_of(floor.alone + floor.together + floor.served, mine)
            self._kept[key] = own, floor, rules_in_force(whole)
        return self._kept[key][2]

    def judging(self, own: list[Adopted], path: str, traits: Traits, timing: Timing) -> list[Adopted]:
        floor = self.policy.judging(self._there(path), traits.above or NO_TRAITS, timing)
        return self._stricter_of(floor, own)

    def defaults_in_force(
        self, path: str, surfaces: Sequence[str], timing: Timing
    ) -> Iterator[DefaultsEntry]:
        return self.policy.defaults_in_force(self._there(path), surfaces, timing)

    def _there(self, path: str) -> str:
        return normpath(f"{self._folder}/{path}")

    def _stricter_of(self, floor: Sequence[Adopted], own: Sequence[Adopted]) -> list[Adopted]:
        """The own rules, those that nobody may waive under the floor at least as strict as there."""
        found = {each.rule.id: each for each in own}
        for each in floor:
            if not each.waivable and not each.shadow:
                found[each.rule.id] = _stricter(found.get(each.rule.id), each)
        return sorted(found.values(), key=lambda each: self._position.get(each.rule.id, len(self._position)))


def put_on_floor(policy: Policy, above: Policy, folder: str) -> None:
    """Puts a policy under the one that delegates its folder. Raises PolicyError where it contradicts that one."""
    failures = tuple(breaches(policy, above))
    if failures:
        raise PolicyError(failures)
    policy.tiers = above.tiers or policy.tiers
    policy.roles = {**policy.roles, **above.roles}
    policy.calendars = _periods_of_both(policy.calendars, above.calendars)
    policy.gate = {
        check_id: {**policy.gate.get(check_id, {}), **above.gate.get(check_id, {})}
        for check_id in (*policy.gate, *above.gate)
    }
    policy.sources = policy.sources or above.sources
    if above.metrics:
        from egp.policy.metrics import joined

        policy.metrics, twice = joined(above.metrics, policy.metrics)
        if twice:
            raise PolicyError(twice)
    if above.holdouts:
        from egp.policy.holdouts import joined as joined_holdouts

        policy.holdouts, twice = joined_holdouts(above.holdouts, policy.holdouts)
        if twice:
            raise PolicyError(twice)
    policy.dates = tuple(sorted({*policy.dates, *above.dates}))
    policy.catalogue = Catalogue({**above.catalogue.brought, **policy.catalogue.brought})
    policy.floor = DelegatingPolicy(above, folder, [*policy.catalogue])


def _stricter(own: Adopted | None, floor: Adopted) -> Adopted:
    if own is None or own.shadow or own.rule is not floor.rule:
        return floor
    rule = floor.rule
    values = {**own.values, "waivable": floor.values["waivable"]}
    if BY_WEIGHT.index(own.severity) < BY_WEIGHT.index(floor.severity):
        values["severity"] = floor.values["severity"]
    for name in rule.options:
        if not is_as_strict(rule, name, getattr(own.params, name), getattr(floor.params, name)):
            values.pop(name, None)
            if name in floor.values:
                values[name] = floor.values[name]
    if values == own.values:
        return own
    options = {name: value.value for name, value in values.items() if name not in SETTINGS}
    return own._replace(
        severity=values["severity"].value,  # type: ignore[arg-type]
        params=rule.params(**options),
        values=values,
        waivable=False,
        coming=floor.coming,
    )


def breaches(policy: Policy, floor: Policy) -> Iterator[Failure]:
    """What a delegated policy says and the floor does not let it."""
    yield from _loosened(policy, floor)
    if floor.tiers and policy.tiers and policy.tiers != floor.tiers:
        yield _breach(policy, f"{floor.name} maps the surfaces of all plans to tiers", "remove `tiers:` here")
    for role, holders in policy.roles.items():
        if role in floor.roles and not set(holders) <= set(floor.roles[role]):
            message = f"{floor.name} says who holds the role `{role}`"
            yield _breach(policy, message, f"take `{role}` out of `roles:` here, or have it changed there")
    for check_id, options in policy.gate.items():
        for name, value in options.items():
            held = floor.gate.get(check_id, {}).get(name)
            if held and held.value != value.value:
                message = f"{floor.name} sets `{name}` of the gate's {check_id} for all plans"
                yield _breach(policy, message, f"remove `{name}` here, or have it changed there")


def _breach(policy: Policy, message: str, help: str) -> Failure:
    return Failure(policy.name, f"this policy is delegated, and {message}", help=help)


def _loosened(policy: Policy, floor: Policy) -> Iterator[Failure]:
    shared = {layer.name for layer in floor.layers}
    own = [layer for layer in policy.layers if _is_own(layer, shared)]
    scoped = [[each for each in scope.layers if _is_own(each, shared)] for scope in policy.scopes]
    days = [date.min, *sorted({*policy.dates, *floor.dates})]
    seen = set()
    for layers, (registered, as_of) in product([own, *scoped], product(days, days)):
        if registered <= as_of:
            for value, failure in _looser(layers, floor, Timing(as_of, registered)):
                if value.origin not in seen:
                    seen.add(value.origin)
                    yield failure


def _is_own(layer: Layer, shared: set[str]) -> bool:
    """Whether a delegated policy wrote it: neither egp nor the policy that it is under."""
    return not layer.name.startswith("egp:") and layer.name.partition("#")[0] not in shared


def _looser(layers: Sequence[Layer], floor: Policy, timing: Timing) -> Iterator[tuple[SettingValue, Failure]]:
    named = dict.fromkeys(rule_id for layer in layers for rule_id in (*layer.settings, *layer.dated))
    for rule_id in named:
        general = settings_in_force(floor.layers, rule_id, timing)
        if not _binds(general):
            continue
        rule = floor.catalogue.load(rule_id)
        scoped = [settings_in_force(each.layers, rule_id, timing) for each in floor.scopes]
        for name, value in settings_in_force(layers, rule_id, timing).items():
            if not value.origin.line:
                continue
            held = general[name].value if name in general else default_of(rule, name)
            allowed = [held, *(values[name].value for values in scoped if name in values)]
            if not any(is_as_strict(rule, name, value.value, each) for each in allowed):
                yield value, _phrase(rule_id, name, value, general.get(name), held, floor)


def _binds(values: Mapping[str, SettingValue]) -> bool:
    is_adopted = "severity" in values and values["severity"].value not in (OFF, SHADOW)
    return is_adopted and "waivable" in values and values["waivable"].value is False


def _phrase(
    rule_id: str, name: str, value: SettingValue, setting: SettingValue | None, held: object, floor: Policy
) -> Failure:
    new, old = shown_value(value.value), shown_value(held)
    where = str(setting.origin) if setting and setting.origin.line else floor.name
    message = (
        f"the policy is invalid: {rule_id} is not waivable, and a delegated policy could soften it: "
        f"`{name}: {new}` where `{old}` holds ({where})"
    )
    start = Position(value.origin.line, value.origin.column)
    span = Span(start, Position(start.line, start.column + len(name)))
    return Failure(value.origin.path, message, span=span, help=f"remove `{name}` here, or tighten it")


def _periods_of_both(
    own: Mapping[str, tuple[Interval, ...]], floor: Mapping[str, tuple[Interval, ...]]
) -> dict[str, tuple[Interval, ...]]:
    """Calendars with the periods of either."""
    names = dict.fromkeys((*floor, *own))
    return {name: tuple(dict.fromkeys((*floor.get(name, ()), *own.get(name, ())))) for name in names}
