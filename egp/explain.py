"""Explaining rules: the page, and the values in force with the line of the policy that sets them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, timedelta

from egp.policy.model import Policy, Value, merged_settings
from egp.policy.params import declared_params
from egp.quantity import Interval
from egp.rule import Rule, index, load
from egp.wording import length


def explain_rule(rule_id: str, policy: Policy) -> str:
    """The rule's page followed by its settings in force for plans without an override."""
    rule = load(rule_id)
    lines = [f"{rule.id} ({rule.family})", "", rule.page.text, "", *in_force(rule, policy)]
    return "\n".join(lines) + "\n"


def in_force(rule: Rule, policy: Policy) -> list[str]:
    """Severity and options of a rule under the policy, each with its origin."""
    values = merged_settings(policy.layers, rule.id)
    title = f"In force under {policy.name} {policy.version}".strip()
    special = list(_overridden(rule, policy))
    if "severity" not in values and not any(name == "severity" for name, _, _ in special):
        return [f"{title}: not adopted; a policy adopts it with `{rule.id}: {{severity: error}}`"]
    adopted = values.get("severity")
    rows = [("severity", str(adopted.value), _origin(adopted)) if adopted else ("severity", "off", "not adopted")]
    if "waivable" in values:
        rows.append(("waivable", shown_value(values["waivable"].value), _origin(values["waivable"])))
    for name, (_, meaning, default) in declared_params(rule).items():
        value = values.get(name)
        origin = _origin(value) if value else "default of the rule"
        rows.append((name, shown_value(value.value if value else default), f"{origin}; {meaning}"))
    rows += special
    width = max(len(name) for name, _, _ in rows)
    middle = max(len(value) for _, value, _ in rows)
    return [f"{title}:", "", *(f"  {name:<{width}}  {value:<{middle}}  {note}" for name, value, note in rows)]


def _overridden(rule: Rule, policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Settings that differ for some plans: name, value, origin and for which plans."""
    for at, scope in enumerate(policy.scopes, start=1):
        where = ", ".join((*scope.paths, *([f"tier {scope.tier}"] if scope.tier else ())))
        for name, value in merged_settings(scope.layers, rule.id).items():
            yield name, shown_value(value.value), f"{_origin(value)}; override {at}, for {where}"


def shown_value(value: object) -> str:
    """A setting as a policy would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {shown_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(shown_value, value)) + "]"
    if isinstance(value, timedelta):
        return length(value).replace(" days", "d").replace(" day", "d").replace(" ", "")
    if isinstance(value, float) and 0 < value < 1:
        return f"{value * 100:.10g}%"
    if isinstance(value, (date, Interval)):
        return str(value)
    return "none" if value is None else f"{value}"


def _origin(value: Value) -> str:
    path = value.origin.path
    return f"{path}:{value.origin.line}" if path.startswith("egp:") else f"{os.path.normpath(path)}:{value.origin.line}"


def list_rules(policy: Policy) -> str:
    """All rules, a line each: severity under the policy, id, what it asks."""
    lines: list[str] = []
    width = max(map(len, index()))
    family = ""
    for rule_id, (in_family, _) in index().items():
        if in_family != family:
            family = in_family
            lines += ["", family] if lines else [family]
        lines.append(f"  {_severity(rule_id, policy):<8}{rule_id:<{width}}  {load(rule_id).page.summary}")
    return "\n".join(lines) + f"\n\nSeverities under {policy.name} {policy.version}".rstrip() + ".\n"


def _severity(rule_id: str, policy: Policy) -> str:
    values = merged_settings(policy.layers, rule_id)
    return str(values["severity"].value) if "severity" in values else "off"


def rules_as_json(policy: Policy) -> str:
    """All rules for programs."""
    rules = [
        {
            "id": rule_id,
            "family": family,
            "severity": _severity(rule_id, policy),
            "summary": load(rule_id).page.summary,
            "params": {
                name: {"meaning": meaning, "default": shown_value(default)}
                for name, (_, meaning, default) in declared_params(load(rule_id)).items()
            },
        }
        for rule_id, (family, _) in index().items()
    ]
    return json.dumps({"rules": rules}, indent=2) + "\n"
