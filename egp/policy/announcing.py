"""What a policy announces: settings that come into force by the mere passing of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from egp.plan.wording import listing
from egp.policy.layers import OFF, SETTINGS, SHADOW, Layer, SettingValue, merged
from egp.policy.params import shown_value
from egp.policy.timing import Timing
from egp.rules.rule import Rule

BY_WEIGHT = (OFF, SHADOW, "info", "warning", "error")
"""What a rule may weigh, the least first."""

_AS_A = {"error": "an error", "warning": "a warning", "info": "an info"}


def announced(layers: Sequence[Layer], rule: Rule, timing: Timing) -> str:
    """What is to come for a plan judged by a rule, "becomes an error on 2026-12-01"; empty when nothing is."""
    changes = [*_changes(layers, rule.id, timing)]
    return "; ".join(part for day, before, after in changes for part in _phrase(rule, day, before, after))


def _changes(
    layers: Sequence[Layer], rule_id: str, timing: Timing
) -> Iterator[tuple[date, Mapping[str, SettingValue], Mapping[str, SettingValue]]]:
    """(day, settings until then, settings from then on) for every day on which they change."""
    entries = [entry for layer in layers for entry in layer.dated.get(rule_id, ())]
    before = _merged(layers, rule_id, timing, date.min)
    for day in sorted({entry.since for entry in entries if entry.will_be(timing)}):
        after = _merged(layers, rule_id, timing, day)
        yield day, before, after
        before = after


def _merged(layers: Sequence[Layer], rule_id: str, timing: Timing, day: date) -> dict[str, SettingValue]:
    """What is in force for a plan now, with what will have come by a day."""
    return merged(
        layers,
        rule_id,
        lambda entry: entry.is_in_force(timing) or (entry.will_be(timing) and entry.since <= day),
    )


def _phrase(
    rule: Rule, day: date, before: Mapping[str, SettingValue], after: Mapping[str, SettingValue]
) -> Iterator[str]:
    old, new = (str(values["severity"].value) if "severity" in values else OFF for values in (before, after))
    if BY_WEIGHT.index(new) > BY_WEIGHT.index(old) and new in _AS_A:
        yield f"becomes {_AS_A[new]} on {day}"
    changed = [
        f"`{name}: {shown_value(value.value)}`"
        for name, value in after.items()
        if name not in SETTINGS and value.value != _option(rule, name, before)
    ]
    if changed:
        yield f"has {listing(changed)} from {day} on"


def _option(rule: Rule, name: str, values: Mapping[str, SettingValue]) -> object:
    return values[name].value if name in values else rule.defaults[name]
