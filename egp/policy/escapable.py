"""Overrides that can be escaped: what tightens a rule that nobody may waive must not hang on the name of a file.

A plan's author chooses the name and the folder of its file. What a plan changes is harder to deny: its surfaces decide
where units meet it, and the tier follows from them as the policy maps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from egp.plan.wording import counted, listing
from egp.policy.layers import Layer, Origin, Settings, SettingValue, settings_in_force
from egp.policy.model import Policy, Scope
from egp.policy.softening import default_of, is_as_strict
from egp.policy.timing import Timing
from egp.stats.values import NamedTuple

ESCAPABLE = "escapable-override"
"""The id of this diagnostic."""

_NAMED = 3
_ANY = re.compile(r"[*?]+")


class Escapable(NamedTuple):
    """An override that a plan escapes by another file name."""

    number: int
    """Of the override, from 1."""
    origin: Origin
    rules: tuple[str, ...]
    """The rules it tightens that nobody may waive."""
    message: str
    help: str


def escapable_overrides(policy: Policy) -> Iterator[Escapable]:
    """The overrides that tighten, by file pattern alone, what nobody may waive."""
    days = (date.min, *policy.dates)
    for at, scope in enumerate(policy.scopes):
        if scope.paths and not scope.when.said_any:
            others = [each.layers for each in policy.scopes if not each.paths]
            rules = tuple(
                rule_id
                for rule_id in _rules_of(scope.layers)
                if any(_tightens(policy, scope, rule_id, others, Timing(day, day)) for day in days)
            )
            if rules:
                yield _phrase(policy, at + 1, scope, rules)


def _rules_of(layers: Sequence[Layer]) -> list[str]:
    return list(dict.fromkeys(rule_id for layer in layers for rule_id in (*layer.settings, *layer.dated)))


def _tightens(
    policy: Policy, scope: Scope, rule_id: str, others: Sequence[Sequence[Layer]], timing: Timing
) -> bool:
    general = settings_in_force(policy.layers, rule_id, timing)
    together = settings_in_force((*policy.layers, *scope.layers), rule_id, timing)
    if "waivable" not in together or together["waivable"].value is not False:
        return False
    rule = policy.catalogue.load(rule_id)
    for name, value in settings_in_force(scope.layers, rule_id, timing).items():
        held = general[name].value if name in general else default_of(rule, name)
        if not is_as_strict(rule, name, held, value.value) and not any(
            _sets(settings_in_force(layers, rule_id, timing), name, value) for layers in others
        ):
            return True
    return False


def _sets(values: Settings | dict[str, SettingValue], name: str, value: SettingValue) -> bool:
    """Whether an override that no file name escapes sets the same."""
    found = values.get(name)
    return isinstance(found, SettingValue) and found.value == value.value


def _phrase(policy: Policy, number: int, scope: Scope, rules: tuple[str, ...]) -> Escapable:
    named = listing(
        [*rules[:_NAMED], *([counted(len(rules) - _NAMED, "other")] if len(rules) > _NAMED else [])]
    )
    may = "which nobody may waive" if len(rules) == 1 else "none of which anybody may waive"
    message = f"override {number} tightens {named}, {may}, by file pattern alone ({', '.join(scope.paths)}); another file name escapes it"
    return Escapable(number, scope.origin, rules, message, _way_out(policy, scope.paths))


def _way_out(policy: Policy, paths: Sequence[str]) -> str:
    """The tier or the surfaces that would hold where the file pattern does not."""
    words = {word for path in paths for word in re.findall(r"[a-z0-9]+", path.casefold())}
    alike = [
        (pattern, tier)
        for pattern, tier in policy.tiers
        if words & set(re.findall(r"[a-z0-9]+", pattern.casefold()))
    ]
    if alike:
        pattern, tier = alike[0]
        return f'scope it by what the plans change: `when: {{tier: {tier}}}`, which `{pattern}` maps to, or `when: {{surfaces: ["{pattern}"]}}`'
    if policy.tiers:
        tiers = listing(dict.fromkeys(tier for _, tier in policy.tiers), "or")
        return f'scope it by what the plans change: `when: {{tier: …}}`, which is {tiers}, or `when: {{surfaces: ["…"]}}`'
    stem = next((name for path in paths for name in _fixed_names(path)), "checkout")
    return (
        f'map what these plans change, `tiers: {{"{stem}.*": critical, "*": standard}}`, and scope it by '
        f'`when: {{tier: critical}}`, or by `when: {{surfaces: ["{stem}.*"]}}`'
    )


def _fixed_names(path: str) -> Iterator[str]:
    """What a pattern says of its files, the most telling word first."""
    for part in reversed(path.split("/")):
        stem = _ANY.sub(" ", part.removesuffix(".yaml").removesuffix(".yml")).strip(" -_.")
        if stem and " " not in stem:
            yield stem
