"""Explaining rules: the page, and the values in force with the line of the policy that sets them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, timedelta

from egp.policy.model import ALWAYS, Origin, Policy, Value, merged_settings, settings_in_force
from egp.policy.params import declared_params
from egp.quantity import Interval
from egp.report.text import wrapped
from egp.rule import Rule, index, load
from egp.wording import length


def explain_rule(rule_id: str, policy: Policy, width: int, all_examples: bool = False) -> str:
    """The rule's settings in force for plans without an override, then its page."""
    rule = load(rule_id)
    text = rule.page.text if all_examples else rule.page.shortened
    lines = [f"{rule.id} ({rule.family})", "", *in_force(rule, policy, width), "", *_reflowed(text, width)]
    return "\n".join([*lines, *wrapped(_about_examples(rule, all_examples), width, "")]) + "\n"


def _about_examples(rule: Rule, all_examples: bool) -> str:
    what = (
        "An example is a change to a sound plan, in which `null` takes a key away, unless it is a whole file."
    )
    count = len(list(rule.page.examples))
    return what if all_examples else f"{what} All {count} examples: egp explain {rule.id} --examples"


def _reflowed(text: str, width: int) -> Iterator[str]:
    """A page with paragraphs and lists broken at the width; tables, formulas and examples stay as they are."""
    fenced = False
    paragraph: list[str] = []
    for line in [*text.split("\n"), ""]:
        is_fence = line.startswith("```")
        stands_alone = fenced or is_fence or not line or line.startswith(("    ", "|"))
        if paragraph and (stands_alone or line.startswith("- ")):
            joined = " ".join(part.strip() for part in paragraph)
            yield from wrapped(joined, width, "  " if joined.startswith("- ") else "")
            paragraph = []
        if stands_alone:
            yield line
        else:
            paragraph.append(line)
        fenced ^= is_fence


def in_force(rule: Rule, policy: Policy, width: int) -> list[str]:
    """Severity and options of a rule under the policy, each with its origin."""
    values = settings_in_force(policy.layers, rule.id)
    title = f"In force under {policy.name} {policy.version}".strip()
    special = list(_overridden(rule, policy))
    if "severity" not in values and not any(name == "severity" for name, _, _ in special):
        return wrapped(
            f"{title}: not adopted; a policy adopts it with `{rule.id}: {{severity: error}}`", width, ""
        )
    adopted = values.get("severity")
    rows = [
        ("severity", str(adopted.value), _origin(adopted)) if adopted else ("severity", "off", "not adopted")
    ]
    if "waivable" in values:
        rows.append(("waivable", shown_value(values["waivable"].value), _origin(values["waivable"])))
    for name, (_, meaning, default, _) in declared_params(rule).items():
        value = values.get(name)
        origin = _origin(value) if value else "default of the rule"
        rows.append((name, shown_value(value.value if value else default), f"{origin}; {meaning}"))
    rows += special
    names = max(len(name) for name, _, _ in rows)
    values_wide = max((len(value) for _, value, _ in rows if len(value) <= width // 4), default=0)
    return [f"{title}:", "", *(line for row in rows for line in _row(row, names, values_wide, width))]


def _row(row: tuple[str, str, str], names: int, values: int, width: int) -> list[str]:
    """A setting in its columns; beside a long value, or on a narrow terminal, its note goes below."""
    name, value, note = row
    indent = names + values + 6
    if len(value) <= values and indent <= width // 2:
        first, *rest = wrapped(note, width - indent, "")
        return [f"  {name:<{names}}  {value:<{values}}  {first}", *(" " * indent + line for line in rest)]
    first, *rest = [*wrapped(value, width - names - 4, ""), *wrapped(note, width - names - 4, "")]
    return [f"  {name:<{names}}  {first}", *(" " * (names + 4) + line for line in rest)]


def _overridden(rule: Rule, policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Settings that differ for some plans: name, value, origin and for which plans."""
    for at, scope in enumerate(policy.scopes, start=1):
        where = ", ".join((*scope.paths, *([f"tier {scope.tier}"] if scope.tier else ())))
        settings = merged_settings(scope.layers, rule.id)
        for name, value in settings.items():
            if name in ALWAYS.get(rule.id, ()):
                continue
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
    path, line = value.origin
    return str(value.origin if path.startswith("egp:") else Origin(os.path.normpath(path), line))


def list_rules(policy: Policy, width: int) -> str:
    """All rules, one after the other: severity under the policy, id, what it asks."""
    lines: list[str] = []
    column = max(map(len, index()))
    family = ""
    for rule_id, (in_family, _) in index().items():
        if in_family != family:
            family = in_family
            lines += ["", family] if lines else [family]
        head = f"  {_severity(rule_id, policy):<8}{rule_id:<{column}}  "
        room = width - len(head)
        first, *rest = wrapped(load(rule_id).page.summary, room if room >= 30 else width - 12, "")
        lines += [f"{head}{first}"] if room >= 30 else [head.rstrip(), " " * 12 + first]
        lines += [" " * (len(head) if room >= 30 else 12) + line for line in rest]
    return "\n".join(lines) + f"\n\nSeverities under {policy.name} {policy.version}".rstrip() + ".\n"


def _severity(rule_id: str, policy: Policy) -> str:
    values = settings_in_force(policy.layers, rule_id)
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
                for name, (_, meaning, default, _) in declared_params(load(rule_id)).items()
            },
        }
        for rule_id, (family, _) in index().items()
    ]
    return json.dumps({"rules": rules}, indent=2) + "\n"
