"""The policy as it judges one plan: every rule, and for every value the line that sets it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from egp.output.report.text import printable, wrapped
from egp.pages.rule_explained import settings_rows, shown_place, table
from egp.plan.experiment import read_experiment
from egp.plan.wording import counted
from egp.policy.announcing import announced
from egp.policy.escapable import ESCAPABLE, escapable_overrides
from egp.policy.layers import OFF, Layer, SettingValue, settings_in_force
from egp.policy.model import Adopted, Policy, Scope
from egp.policy.owners import Ownership
from egp.policy.params import shown_value
from egp.policy.scope import NO_TRAITS, Traits
from egp.policy.timing import Timing
from egp.rules.rule import Rule
from egp.yaml import Document


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan, as far as a policy asks which settings judge it."""

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
    plan, _ = read_experiment(document.value)
    traits = policy.traits_of(plan)
    covering = policy.covering(in_policy, traits)
    return ShownPlan(document.path, document.index, plan.id or "", traits, timing, covering, in_policy)


@dataclass(frozen=True, slots=True)
class _Effective:
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

    def _effective(self, rule_id: str, layers: Sequence[Layer]) -> _Effective:
        if rule_id in self._on_floor:
            adopted = self._on_floor[rule_id]
            return _Effective(adopted.rule, {**adopted.values}, adopted.coming)
        values = settings_in_force(layers, rule_id, self.timing)
        rule = self.policy.catalogue.load(rule_id)
        return _Effective(rule, values, announced(layers, rule, self.timing))

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


def ownership_lines(found: Ownership, width: int) -> Iterator[str]:
    """Who owns what, where there is more to tell than that one policy owns everything."""
    if len(found.owned) > 1 or found.faults:
        yield "who owns what"
        yield ""
        rows = [
            (each.policy, each.folder, f"delegated by {each.delegated_by}" if each.delegated_by else "")
            for each in found.owned
        ]
        yield from (f"  {line}" for line in table(rows, width - 2))
        yield ""
        for fault in found.faults:
            yield from wrapped(f"{fault.path}: {fault.message}", width, "  ")
            yield from _indented(f"= help: {fault.help}", width)
            yield ""


def render_text(effective: Effective, width: int, ownership: Ownership | None = None) -> str:
    """For people."""
    lines = [*_head(effective, width), "", *(ownership_lines(ownership, width) if ownership else ())]
    spoken_of = [each for each in effective.rules if each.values or each.coming]
    for family, rules in groupby(spoken_of, key=lambda each: each.rule.family):
        lines += [family, ""]
        for each in rules:
            lines += [f"  {each.rule.id}", *(f"  {line}" for line in _rows(effective, each, width - 2)), ""]
    for found in escapable_overrides(effective.policy):
        place = shown_place(found.origin)
        lines += [*wrapped(f"warning[{ESCAPABLE}]: {found.message} ({place})", width, "  ")]
        lines += [*_indented(f"= help: {found.help}", width), ""]
    silent = [each.rule.id for each in effective.rules if not (each.values or each.coming)]
    if silent:
        lines += wrapped(f"not adopted: {', '.join(silent)}", width, "  ")
    return "\n".join(map(printable, lines)).rstrip() + "\n"


def _head(effective: Effective, width: int) -> Iterator[str]:
    policy, judged = effective.policy, effective.judged
    name = f"{policy.name} {policy.version}".strip()
    if judged is None:
        what = "plans without an override" if policy.scopes else "every plan"
        yield from wrapped(f"{name}, for {what}, as of {effective.timing.as_of}", width, "  ")
        for at, scope in enumerate(policy.scopes, start=1):
            yield from _indented(_override(at, scope), width)
        return
    plan = f"{judged.path} ({judged.experiment})" if judged.experiment else judged.path
    floor = f", above the floor of {policy.floor.policy.name}" if policy.floor else ""
    yield from wrapped(f"{name}, for {plan}{floor}", width, "  ")
    yield from _indented(_told(judged), width)
    for at in effective.covering:
        yield from _indented(_override(at + 1, policy.scopes[at]), width)
    if policy.scopes and not effective.covering:
        yield from _indented(f"none of {counted(len(policy.scopes), 'override')} applies", width)


def _indented(text: str, width: int) -> Iterator[str]:
    for line in wrapped(text, width - 2, "  "):
        yield f"  {line}"


def _told(judged: ShownPlan) -> str:
    tier = f"tier {judged.traits.tier}" if judged.traits.tier else "no tier"
    timing = judged.timing
    if timing.registered:
        return f"{tier}; registered on {timing.registered}, and judged by the settings of that day"
    return f"{tier}; not registered, and judged by the settings of {timing.as_of}"


def _override(number: int, scope: Scope) -> str:
    return f"override {number}, for {scope.told()} ({shown_place(scope.origin)})"


def _rows(effective: Effective, each: _Effective, width: int) -> list[str]:
    rows = [*settings_rows(each.rule, each.values, with_meaning=False)]
    numbered = []
    for name, value, note in rows:
        number = effective.override_of(each.values[name]) if name in each.values else None
        numbered.append((name, value, f"{note}, override {number}" if number else note))
    if each.coming:
        numbered.append(("coming", "", each.coming))
    return table(numbered, width)


def render_json(effectives: Sequence[Effective], ownership: Ownership | None = None) -> str:
    """For programs: one object for each plan, or one for plans without an override, and who owns what."""
    owners = [each._asdict() for each in ownership.owned] if ownership else []
    faults = [
        {"path": each.path, "message": each.message, "help": each.help}
        for each in (ownership.faults if ownership else ())
    ]
    shown = {"policies": [_as_json(each) for each in effectives], "owners": owners, "errors": faults}
    return json.dumps(shown, indent=2) + "\n"


def _as_json(effective: Effective) -> dict[str, object]:
    policy = effective.policy
    return {
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "floor": policy.floor.policy.name if policy.floor else None,
        "as_of": effective.timing.as_of.isoformat(),
        "plan": _plan_as_json(effective.judged),
        "overrides": [
            {
                "number": at + 1,
                "for": policy.scopes[at].told(),
                "place": shown_place(policy.scopes[at].origin),
            }
            for at in effective.covering
        ],
        "diagnostics": escapable_as_json(policy),
        "rules": [
            {
                "id": each.rule.id,
                "family": each.rule.family,
                "severity": each.severity,
                "coming": each.coming or None,
                "settings": [*_settings_as_json(effective, each)],
            }
            for each in effective.rules
        ],
    }


def escapable_as_json(policy: Policy) -> list[dict[str, object]]:
    return [
        {
            "id": ESCAPABLE,
            "severity": "warning",
            "override": each.number,
            "place": shown_place(each.origin),
            "rules": list(each.rules),
            "message": each.message,
            "help": each.help,
        }
        for each in escapable_overrides(policy)
    ]


def _plan_as_json(judged: ShownPlan | None) -> dict[str, object] | None:
    if judged is None:
        return None
    registered = judged.timing.registered
    return {
        "path": judged.path,
        "document": judged.document,
        "experiment": judged.experiment,
        "tier": judged.traits.tier,
        "registered": registered.isoformat() if registered else None,
    }


def _settings_as_json(effective: Effective, each: _Effective) -> Iterator[dict[str, object]]:
    defaults = {name: option.default for name, option in each.rule.options.items()}
    for name in {"severity": "", "waivable": "", **defaults}:
        value = each.values.get(name)
        if value is None and name not in defaults:
            continue
        yield {
            "name": name,
            "value": shown_value(value.value if value else defaults[name]),
            "place": shown_place(value.origin) if value else None,
            "from": value.since.isoformat() if value and value.since else None,
            "override": effective.override_of(value) if value else None,
        }
