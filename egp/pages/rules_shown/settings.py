"""Settings of a rule under a policy, each with the line that sets it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from egp.policy.layers import ALWAYS, OFF, Layer, Origin, SettingValue
from egp.policy.model import Policy
from egp.policy.params import shown_value
from egp.policy.timing import Timing
from egp.rules.rule import Rule


class SettingRow(NamedTuple):
    """A setting as people read it."""

    name: str
    value: str
    set_by: str
    """Where that is written, or that it is a default."""
    meaning: str = ""


def settings_rows(rule: Rule, values: Mapping[str, SettingValue]) -> Iterator[SettingRow]:
    """Every setting of a rule with the place that sets it."""
    adopted = values.get("severity")
    yield (
        SettingRow("severity", str(adopted.value), origin_of(adopted))
        if adopted
        else SettingRow("severity", OFF, "not adopted")
    )
    if "waivable" in values:
        yield SettingRow("waivable", shown_value(values["waivable"].value), origin_of(values["waivable"]))
    for name, option in rule.options.items():
        value = values.get(name)
        shown = shown_value(value.value if value else option.default)
        yield SettingRow(name, shown, origin_of(value) if value else "default of the rule", option.meaning)


def special_rows(rule: Rule, policy: Policy, timing: Timing) -> list[SettingRow]:
    """Settings that hold from a later day on, or for some plans."""
    return [*_dated(rule, policy.layers, timing), *_overridden(rule, policy)]


def _dated(rule: Rule, layers: Sequence[Layer], timing: Timing) -> Iterator[SettingRow]:
    """Settings with a day that is still to come."""
    for layer in layers:
        for entry in layer.dated.get(rule.id, ()):
            if not entry.is_in_force(timing):
                reach = "every plan" if entry.is_retroactive else "plans registered from that day on"
                for name, value in entry.values.items():
                    yield SettingRow(name, shown_value(value.value), f"{origin_of(value)}, for {reach}")


def _overridden(rule: Rule, policy: Policy) -> Iterator[SettingRow]:
    """Settings that differ for some plans."""
    for at, scope in enumerate(policy.scopes, start=1):
        for values in (entry for layer in scope.layers for entry in layer.entries(rule.id)):
            for name, value in values.items():
                if name not in ALWAYS.get(rule.id, ()):
                    note = f"{origin_of(value)}; override {at}, for {scope.phrase()}"
                    yield SettingRow(name, shown_value(value.value), note)


def origin_of(value: SettingValue) -> str:
    """Where a value is set, and from which day it holds."""
    place = shown_place(value.origin)
    return f"{place}, from {value.since} on" if value.since else place


def shown_place(origin: Origin) -> str:
    """File and line, the file's path in its shortest form."""
    path, line, _ = origin
    return str(origin if path.startswith("egp:") else Origin(os.path.normpath(path), line))


def severity_of(rule_id: str, policy: Policy, as_of: date) -> str:
    """Of a rule under the policy, for plans without an override that are not registered."""
    values = policy.generally(rule_id, Timing(as_of))
    return str(values["severity"].value) if "severity" in values else OFF
