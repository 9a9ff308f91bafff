"""What two policies set differently, each with the line that sets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from egp.plan.typed_reader import TypedMapping
from egp.policy.layers import OFF, Layer, Origin, SettingValue
from egp.policy.model import Policy
from egp.policy.params import shown_value
from egp.stats.values import NamedTuple


class Subject(NamedTuple):
    """What is set: an option of a rule, or a key of the policy where ``rule`` is empty."""

    rule: str
    setting: str
    applies_to: str
    """The plans of an override; empty for all."""
    since: date | None
    """The day from which it holds; None for always."""


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting of which two policies say different things; None where one says nothing."""

    subject: Subject
    old: str | None
    new: str | None
    old_origin: Origin | None
    """The line that sets it; None for a default of the rule, and for what is not there."""
    new_origin: Origin | None


_KEYS = ("timezone", "plans", "tiers", "roles", "calendars", "waivers")
"""What a policy says beside its rules, as far as it decides about plans."""

_Settings = dict[Subject, SettingValue]
_NOWHERE = Origin("", 0)


def differences(old: Policy, new: Policy) -> list[SettingDifference]:
    """Everything that the policies set differently, rules in running order."""
    before, after = _settings(old), _settings(new)
    _add_defaults(before, after, old)
    _add_defaults(after, before, new)
    order = {rule_id: at for at, rule_id in enumerate(dict.fromkeys([*old.catalogue, *new.catalogue]))}
    changed = [
        _difference(subject, before.get(subject), after.get(subject))
        for subject in {**before, **after}
        if _phrase(before.get(subject)) != _phrase(after.get(subject))
    ]
    changed.sort(key=lambda each: _order(each.subject, order))
    return [*_of_keys(old, new), *changed]


def _order(subject: Subject, rules: Mapping[str, int]) -> tuple[object, ...]:
    is_option = subject.setting not in ("severity", "waivable")
    since = subject.since or date.min
    return subject.applies_to, rules.get(subject.rule, len(rules)), since, is_option, subject.setting


def _settings(policy: Policy) -> _Settings:
    """All that the layers of a policy set, the later ones winning, overrides apart."""
    found: _Settings = {}
    _add_layers(policy.layers, "", found)
    for scope in policy.scopes:
        _add_layers(scope.layers, scope.phrase(), found)
    return found


def _add_layers(layers: Sequence[Layer], applies_to: str, found: _Settings) -> None:
    for layer in layers:
        for rule_id, values in layer.settings.items():
            for name, value in values.items():
                found[Subject(rule_id, name, applies_to, None)] = value
        for rule_id, entries in layer.dated.items():
            for entry in entries:
                for name, value in entry.values.items():
                    found[Subject(rule_id, name, applies_to, entry.since)] = value


def _add_defaults(settings: _Settings, others: _Settings, policy: Policy) -> None:
    """Options that only the other policy sets, as far as this one has the rule: their default takes part."""
    for subject in others.keys() - settings.keys():
        is_plain = not subject.applies_to and subject.since is None
        adopted = settings.get(Subject(subject.rule, "severity", "", None))
        if not is_plain or adopted is None or adopted.value == OFF or subject.rule not in policy.catalogue:
            continue
        option = policy.catalogue.load(subject.rule).options.get(subject.setting)
        if option:
            settings[subject] = SettingValue(option.default, _NOWHERE)


def _phrase(value: SettingValue | None) -> str | None:
    return None if value is None else shown_value(value.value)


def _difference(subject: Subject, old: SettingValue | None, new: SettingValue | None) -> SettingDifference:
    return SettingDifference(subject, _phrase(old), _phrase(new), _origin(old), _origin(new))


def _origin(value: SettingValue | None) -> Origin | None:
    return None if value is None or value.origin == _NOWHERE else value.origin


def _of_keys(old: Policy, new: Policy) -> Iterator[SettingDifference]:
    for key in _KEYS:
        before, after = _shown(getattr(old, key)), _shown(getattr(new, key))
        if before != after:
            yield SettingDifference(Subject("", key, "", None), before, after, None, None)


def _shown(value: object) -> str | None:
    """What stands under a key of a policy, in one line."""
    if isinstance(value, TypedMapping):
        value = {name: item for name, item in vars(value).items() if item not in (None, ())}
    if isinstance(value, tuple) and any(isinstance(item, tuple) for item in value):
        value = dict(value)
    if isinstance(value, Mapping):
        value = dict(value)
    return shown_value(value) if value else None
