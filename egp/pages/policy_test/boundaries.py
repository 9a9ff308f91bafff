"""Whether tests stand at the boundaries of a policy: each number is moved, and some test has to notice.

A number is moved by one step: a day, an hour, a whole number, a unit of its second digit. *Below* is covered when a
result changes with the number one step lower, *above* when one does with the number one step higher. *At* is covered when a
plan stands exactly on the number: the least move makes a rule object to it, or cease to. No test has to say which
boundary it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from egp.pages.policy_test.reading import ReadTest
from egp.pages.policy_test.running import Bench, PolicySaid, objections, relevant
from egp.plan.quantity import Measure, MetricChange
from egp.policy.layers import ALWAYS, OFF, SETTINGS, Layer, Origin, SettingValue
from egp.policy.model import Policy
from egp.policy.params import shown_value
from egp.rules.options import Bound, RuleOption
from egp.stats.values import NamedTuple, replace

_FINE = 100
"""Parts of a step, of which one is the least move of a number that is not whole."""


class PolicyPlace(NamedTuple):
    """Where a policy holds a value: the layer, among the base's or an override's, and the entry in it."""

    scope: int | None
    layer: int
    entry: int | None
    """Position among the dated entries; None for what holds without a date."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a policy."""

    rule: str
    name: str
    """The option, and after a dot the key where it holds several numbers."""
    value: object
    origin: Origin
    """Where the policy sets it, or adopts the rule whose default it is."""
    is_default: bool
    applies_to: str
    """For which plans and from when; empty for all plans at any time."""
    spot: PolicyPlace
    option: RuleOption


@dataclass(frozen=True, slots=True)
class Covered:
    """A number, and where tests stand. None: there is no value on that side."""

    parameter: Parameter
    below: bool | None
    at: bool
    above: bool | None

    @property
    def is_whole(self) -> bool:
        return self.at and self.below is not False and self.above is not False


def parameters(policy: Policy) -> Iterator[Parameter]:
    """The numbers that a policy sets itself, and defaults of the rules that it is the first to adopt.

    What comes from a policy that it extends is that one's to test.
    """
    for at, layer in enumerate(policy.layers):
        if _is_own(layer, policy):
            yield from _of_layer(policy, layer, None, at, policy.layers[:at], "")
    for number, scope in enumerate(policy.scopes):
        for at, layer in enumerate(scope.layers):
            if _is_own(layer, policy):
                before = [*policy.layers, *scope.layers[:at]]
                yield from _of_layer(policy, layer, number, at, before, f"for {scope.phrase()}")


def _is_own(layer: Layer, policy: Policy) -> bool:
    return layer.name == policy.file or not layer.name.startswith("egp:")


def _of_layer(
    policy: Policy, layer: Layer, scope: int | None, at: int, before: Sequence[Layer], phrase: str
) -> Iterator[Parameter]:
    for rule_id in {**layer.settings, **layer.dated}:
        if rule_id in ALWAYS:
            continue
        rule = policy.catalogue.load(rule_id)
        if rule.input_type == "Measuring":  # no test has a warehouse to measure in
            continue
        if rule.input_type == "Portfolio" and "plan.holdout" in rule.needs and not policy.holdouts:
            continue  # it judges shared holdouts, and no plan can join one that the policy does not state
        options = rule.options
        plain = layer.settings.get(rule_id, {})
        set_here: list[tuple[int | None, str, Mapping[str, SettingValue]]] = [(None, "", plain)]
        for number, dated in enumerate(layer.dated.get(rule_id, ())):
            set_here.append((number, f"from {dated.since}", dated.values))
        for entry, since, values in set_here:
            applies = ", ".join(filter(None, (phrase, since)))
            for name, value in values.items():
                if name not in SETTINGS:
                    spot = PolicyPlace(scope, at, entry)
                    yield from _numbers(rule_id, name, value, applies, spot, options[name])
        if _adopts(plain) and not any(_adopts(each.settings.get(rule_id, {})) for each in before):
            known = {name for each in (*before, layer) for name in each.settings.get(rule_id, {})}
            for name, option in options.items():
                if name not in known:
                    default = SettingValue(option.default, plain["severity"].origin)
                    spot = PolicyPlace(scope, at, None)
                    for number_of in _numbers(rule_id, name, default, phrase, spot, option):
                        yield replace(number_of, is_default=True)


def _adopts(values: Mapping[str, SettingValue]) -> bool:
    return "severity" in values and values["severity"].value != OFF


def _numbers(
    rule_id: str, name: str, value: SettingValue, applies: str, spot: PolicyPlace, option: RuleOption
) -> Iterator[Parameter]:
    if option.of_gate:
        return  # no plan is judged by it
    if isinstance(value.value, dict):
        for key, item in value.value.items():
            if _is_number(item):
                yield Parameter(rule_id, f"{name}.{key}", item, value.origin, False, applies, spot, option)
    elif _is_number(value.value):
        yield Parameter(rule_id, name, value.value, value.origin, False, applies, spot, option)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, timedelta, Measure, MetricChange)) and not isinstance(value, bool)


class MovedNumber(NamedTuple):
    """What tests notice of a number that was moved."""

    noticed: bool = False
    """Whether a result changes."""
    objects: bool = False
    """Whether one does because the rule objects to a plan that it passes."""
    is_excluded: bool = False
    """Whether the rule does not take the number."""

    @property
    def is_noticed(self) -> bool | None:
        return None if self.is_excluded else self.noticed


class Prober:
    """Moves numbers of a policy, and looks which tests notice."""

    def __init__(
        self, policy: Policy, succeeded: Sequence[tuple[ReadTest, PolicySaid]], bench: Bench
    ) -> None:
        """``succeeded`` are the tests that succeed, each with what the policy says of its plan."""
        self._policy = policy
        self._bench = bench
        self._cases = [case for case, _ in succeeded]
        self._before = {case.number: said for case, said in succeeded}

    def covered(self, parameter: Parameter) -> Covered:
        """Where tests stand around the number."""
        step = step_of(parameter.value)
        lower, higher = self._moved(parameter, -step), self._moved(parameter, step)
        if isinstance(parameter.value, (int, timedelta)):
            # Beside a whole number lies another one: the plan that stands on it is the one that the next one rejects.
            # At the end of what a rule takes there is no next.
            is_last = lower.is_excluded or higher.is_excluded
            at = lower.objects or higher.objects or (is_last and (lower.noticed or higher.noticed))
        else:
            least = step / _FINE
            at = self._moved(parameter, least).noticed or self._moved(parameter, -least).noticed
        return Covered(parameter, lower.is_noticed, at, higher.is_noticed)

    def _moved(self, parameter: Parameter, by: float) -> MovedNumber:
        """What tests notice when the number moves."""
        value = moved_value(parameter.value, by)
        if _is_excluded(parameter.option.bound, value):
            return MovedNumber(is_excluded=True)
        policy = with_value(self._policy, parameter, value)
        noticed = False
        for case in relevant(self._cases, parameter.rule):
            said = self._bench.said(case, policy)
            if objections(case, said):
                noticed = True
                if not said.of(parameter.rule) <= self._before[case.number].of(parameter.rule):
                    return MovedNumber(noticed=True, objects=True)
        return MovedNumber(noticed=noticed)


def step_of(value: object) -> float:
    """One step: a whole number, a day, an hour, or a unit of the second digit. Times in seconds."""
    if isinstance(value, int):
        return 1
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return next(unit for unit in (86400, 3600, 60, 1, 1e-6) if seconds % unit == 0)
    number = abs(_amount(value))
    exponent = Decimal(f"{number:.6e}").adjusted() if number else -1
    return float(f"1e{exponent - 1}")


def moved_value(value: object, by: float) -> object:
    """The same kind of value, moved."""
    if isinstance(value, int):
        return value + round(by)
    if isinstance(value, timedelta):
        return value + timedelta(seconds=by)
    if isinstance(value, (Measure, MetricChange)):
        number = round(value.value + by, 14)
        return replace(value, value=number, text=f"{number:.10g} ({value.unit})")
    return round(_amount(value) + by, 14)


def _amount(value: object) -> float:
    if isinstance(value, (Measure, MetricChange)):
        return value.value
    assert isinstance(value, (int, float))
    return value


def _is_excluded(bound: Bound | None, value: object) -> bool:
    if bound is None:
        return False
    amount = value.total_seconds() if isinstance(value, timedelta) else _amount(value)
    return bound.excludes(amount)


def with_value(policy: Policy, parameter: Parameter, value: object) -> Policy:
    """The policy with another number."""
    scope, at, _ = parameter.spot
    if scope is None:
        layers = _replaced(policy.layers, at, parameter, value)
        return replace(policy, layers=layers, _adopted={})
    scopes = list(policy.scopes)
    layers = _replaced(scopes[scope].layers, at, parameter, value)
    scopes[scope] = scopes[scope]._replace(layers=layers)
    return replace(policy, scopes=tuple(scopes), _adopted={})


def _replaced(layers: Sequence[Layer], at: int, parameter: Parameter, value: object) -> tuple[Layer, ...]:
    layer, rule_id = layers[at], parameter.rule
    entry = parameter.spot.entry
    if entry is None:
        settings = {**layer.settings, rule_id: _set(layer.settings.get(rule_id, {}), parameter, value)}
        changed = layer._replace(settings=settings)
    else:
        entries = list(layer.dated[rule_id])
        entries[entry] = entries[entry]._replace(values=_set(entries[entry].values, parameter, value))
        changed = layer._replace(dated={**layer.dated, rule_id: tuple(entries)})
    return (*layers[:at], changed, *layers[at + 1 :])


def _set(values: Mapping[str, SettingValue], parameter: Parameter, value: object) -> dict[str, SettingValue]:
    name, dot, key = parameter.name.partition(".")
    if dot:
        held = values[name].value if name in values else parameter.option.default
        assert isinstance(held, dict)
        value = {**held, key: value}
    return {**values, name: SettingValue(value, parameter.origin)}


def phrase(parameter: Parameter) -> str:
    """The number in words: `minimum-runtime.days 14`."""
    applies = f" {parameter.applies_to}" if parameter.applies_to else ""
    return f"{parameter.rule}.{parameter.name} {shown_value(parameter.value)}{applies}"
