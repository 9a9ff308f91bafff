"""Overrides that soften: what a plan's author chooses must not lead out of a rule that nobody may waive.

Compared is, on every day on which a setting changes, what an override sets with everything that could hold without it:
the settings for all plans, and those of any override before it. Where it is not known that the override is at least
as strict, it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product

from egp.plan.quantity import Measure, MetricChange
from egp.plan.wording import listing
from egp.policy.announcing import BY_WEIGHT
from egp.policy.layers import OFF, SETTINGS, Layer, Origin, SettingValue, settings_in_force
from egp.policy.model import Scope
from egp.policy.params import shown_value
from egp.policy.timing import Timing
from egp.rules.rule import Catalogue, Rule
from egp.stats.values import NamedTuple


class Softening(NamedTuple):
    """A setting that softens."""

    origin: Origin
    setting: str
    message: str
    help: str


def softenings(layers: Sequence[Layer], scopes: Sequence[Scope], catalogue: Catalogue) -> Iterator[Softening]:
    """What overrides on traits that authors choose soften of rules that are not waivable, each setting once."""
    days = _days((*layers, *(layer for scope in scopes for layer in scope.layers)))
    seen: set[Origin] = set()
    for at, scope in enumerate(scopes):
        if scope.when.chosen:
            before, after = (
                [each.layers for each in some if not each.when.excludes(scope.when)]
                for some in (scopes[:at], scopes[at + 1 :])
            )
            for rule_id, timing in product(_rules_of(scope.layers), _timings(days)):
                if not _is_binding(rule_id, [layers, *before, *after], timing):
                    continue
                for found in _softened(catalogue.load(rule_id), scope, [layers, *before], timing):
                    if found.origin not in seen:
                        seen.add(found.origin)
                        yield found


def _rules_of(layers: Sequence[Layer]) -> list[str]:
    return list(dict.fromkeys(rule_id for layer in layers for rule_id in (*layer.settings, *layer.dated)))


def _days(layers: Sequence[Layer]) -> list[date]:
    """Days that stand for all: the first of all, and each on which something changes."""
    changes = {entry.since for layer in layers for entries in layer.dated.values() for entry in entries}
    return [date.min, *sorted(changes)]


def _timings(days: Sequence[date]) -> Iterator[Timing]:
    """Plans of every time, judged at every time from their registration on."""
    for registered, as_of in product(days, days):
        if registered <= as_of:
            yield Timing(as_of, registered)


def _is_binding(rule_id: str, all_layers: Sequence[Sequence[Layer]], timing: Timing) -> bool:
    """Whether the rule is not waivable for some plan."""
    settings = (settings_in_force(layers, rule_id, timing) for layers in all_layers)
    return any(values["waivable"].value is False for values in settings if "waivable" in values)


def _softened(
    rule: Rule, scope: Scope, before: Sequence[Sequence[Layer]], timing: Timing
) -> Iterator[Softening]:
    others = [_set_by(layers, rule.id, timing) for layers in before]
    for name, value in _set_by(scope.layers, rule.id, timing).items():
        for held in _held(rule, name, others):
            if not is_as_strict(rule, name, value.value, held.value):
                yield _softening(rule, name, value, held, scope)
                break


def _set_by(layers: Sequence[Layer], rule_id: str, timing: Timing) -> Mapping[str, SettingValue]:
    values = settings_in_force(layers, rule_id, timing)
    return {name: value for name, value in values.items() if value.origin.line}


def _held(rule: Rule, name: str, others: Sequence[Mapping[str, SettingValue]]) -> Iterator[SettingValue]:
    """Every value that could hold without the override."""
    general, *scoped = others
    yield general[name] if name in general else SettingValue(default_of(rule, name), Origin("by default", 0))
    yield from (values[name] for values in scoped if name in values)


def default_of(rule: Rule, name: str) -> object:
    """What holds of a setting where no policy sets it."""
    if name in SETTINGS:
        return OFF if name == "severity" else True
    return rule.defaults[name]


def is_as_strict(rule: Rule, name: str, new: object, held: object) -> bool:
    """Whether a value of a setting is known to require as much as another one."""
    if new == held:
        return True
    if name == "severity":
        return BY_WEIGHT.index(str(new)) > BY_WEIGHT.index(str(held))
    if name == "waivable":
        return new is False
    return _is_stricter(rule.options[name].stricter, new, held)


def _is_stricter(way: str, new: object, held: object) -> bool:
    """Whether a value is at least as strict as another; False where nothing tells."""
    if not way:
        return False
    if isinstance(new, tuple) and isinstance(held, tuple):
        return set(new) >= set(held) if way == "more" else set(new) <= set(held)
    if isinstance(new, dict) and isinstance(held, dict):
        return all(key in new and _is_stricter(way, new[key], value) for key, value in held.items())
    if isinstance(new, (Measure, MetricChange)) and isinstance(held, (Measure, MetricChange)):
        same_unit = (type(new), new.unit) == (type(held), held.unit)
        return same_unit and _is_stricter(way, new.value, held.value)
    try:
        return bool(new >= held if way == "more" else new <= held)  # type: ignore[operator]
    except TypeError:
        return False


def _softening(rule: Rule, name: str, value: SettingValue, held: SettingValue, scope: Scope) -> Softening:
    chosen = listing(scope.when.chosen)
    new, old = shown_value(value.value), shown_value(held.value)
    message = (
        f"{rule.id} is not waivable, and a plan's author, who chooses its {chosen}, could soften it: "
        f"`{name}: {new}` where `{old}` holds ({held.origin})"
    )
    way = "" if name in SETTINGS else rule.options[name].stricter
    limit = (
        f"set it to {'at least' if way == 'more' else 'at most'} {old}, or "
        if _is_number(held.value) and way
        else ""
    )
    return Softening(
        value.origin,
        name,
        message,
        f"{limit}scope this by tier alone, which authors do not choose, or by `paths:` of a folder that CODEOWNERS guards",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
