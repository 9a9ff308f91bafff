"""Explaining rules: the page, and the values in force with the line of the policy that sets them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from egp.output.report.text import wrapped
from egp.policy.layers import ALWAYS, OFF, Layer, Origin, SettingValue
from egp.policy.model import Policy
from egp.policy.params import shown_value
from egp.policy.timing import Timing
from egp.rules.rule import Rule

Row = tuple[str, str, str]
"""A setting: name, value and a note on where it comes from and what it means."""


def explain_rule(rule_id: str, policy: Policy, as_of: date, width: int, all_examples: bool = False) -> str:
    """The rule's settings in force for plans without an override that are not registered, then its page."""
    rule = policy.catalogue.load(rule_id)
    text = rule.page.text if all_examples else rule.page.shortened
    settings = in_force(rule, policy, as_of, width)
    lines = [f"{rule.id} ({rule.family})", "", *settings, "", *_reflowed(text, width)]
    about = wrapped(_about_examples(rule, all_examples), width, "") if "```yaml" in text else []
    return "\n".join([*lines, *about]) + "\n"


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


def in_force(rule: Rule, policy: Policy, as_of: date, width: int) -> list[str]:
    """Severity and options of a rule under the policy, each with its origin."""
    timing = Timing(as_of)
    values = policy.generally(rule.id, timing)
    title = f"In force under {policy.name} {policy.version}".strip()
    special = [*_dated(rule, policy.layers, timing), *_overridden(rule, policy)]
    if "severity" not in values and not any(name == "severity" for name, _, _ in special):
        return wrapped(
            f"{title}: not adopted; a policy adopts it with `{rule.id}: {{severity: error}}`", width, ""
        )
    when = f" on {as_of}" if policy.dates else ""
    rows = [*settings_rows(rule, values, with_meaning=True), *special]
    return [f"{title}{when}:", "", *table(rows, width)]


def settings_rows(rule: Rule, values: Mapping[str, SettingValue], with_meaning: bool) -> Iterator[Row]:
    """Every setting of a rule with the place that sets it."""
    adopted = values.get("severity")
    yield (
        ("severity", str(adopted.value), origin_of(adopted)) if adopted else ("severity", OFF, "not adopted")
    )
    if "waivable" in values:
        yield "waivable", shown_value(values["waivable"].value), origin_of(values["waivable"])
    for name, option in rule.options.items():
        value = values.get(name)
        origin = origin_of(value) if value else "default of the rule"
        shown = shown_value(value.value if value else option.default)
        yield name, shown, f"{origin}; {option.meaning}" if with_meaning else origin


def table(rows: Sequence[Row], width: int) -> list[str]:
    """Rows in columns."""
    names = max(len(name) for name, _, _ in rows)
    values_wide = max((len(value) for _, value, _ in rows if len(value) <= width // 4), default=0)
    return [line for row in rows for line in _row(row, names, values_wide, width)]


def _row(row: tuple[str, str, str], names: int, values: int, width: int) -> list[str]:
    """A setting in its columns; beside a long value, or on a narrow terminal, its note goes below."""
    name, value, note = row
    indent = names + values + 6
    if len(value) <= values and indent <= width // 2:
        first, *rest = wrapped(note, width - indent, "")
        return [f"  {name:<{names}}  {value:<{values}}  {first}", *(" " * indent + line for line in rest)]
    first, *rest = [*wrapped(value, width - names - 4, ""), *wrapped(note, width - names - 4, "")]
    return [f"  {name:<{names}}  {first}", *(" " * (names + 4) + line for line in rest)]


def _dated(rule: Rule, layers: Sequence[Layer], timing: Timing) -> Iterator[Row]:
    """Settings with a day that is still to come."""
    for layer in layers:
        for entry in layer.dated.get(rule.id, ()):
            if not entry.is_in_force(timing):
                reach = "every plan" if entry.is_retroactive else "plans registered from that day on"
                for name, value in entry.values.items():
                    yield name, shown_value(value.value), f"{origin_of(value)}, for {reach}"


def _overridden(rule: Rule, policy: Policy) -> Iterator[Row]:
    """Settings that differ for some plans."""
    for at, scope in enumerate(policy.scopes, start=1):
        for values in (entry for layer in scope.layers for entry in layer.entries(rule.id)):
            for name, value in values.items():
                if name not in ALWAYS.get(rule.id, ()):
                    note = f"{origin_of(value)}; override {at}, for {scope.told()}"
                    yield name, shown_value(value.value), note


def origin_of(value: SettingValue) -> str:
    """Where a value is set, and from which day it holds."""
    place = shown_place(value.origin)
    return f"{place}, from {value.since} on" if value.since else place


def shown_place(origin: Origin) -> str:
    """File and line, the file's path in its shortest form."""
    path, line, _ = origin
    return str(origin if path.startswith("egp:") else Origin(os.path.normpath(path), line))


def list_rules(policy: Policy, as_of: date, width: int) -> str:
    """All rules, one after the other: severity under the policy, id, what it asks."""
    lines: list[str] = []
    families = policy.catalogue.families()
    column = max(map(len, families))
    family = ""
    for rule_id, in_family in families.items():
        if in_family != family:
            family = in_family
            lines += ["", family] if lines else [family]
        head = f"  {_severity(rule_id, policy, as_of):<8}{rule_id:<{column}}  "
        room = width - len(head)
        first, *rest = wrapped(
            policy.catalogue.load(rule_id).page.summary, room if room >= 30 else width - 12, ""
        )
        lines += [f"{head}{first}"] if room >= 30 else [head.rstrip(), " " * 12 + first]
        lines += [" " * (len(head) if room >= 30 else 12) + line for line in rest]
    return "\n".join(lines) + f"\n\nSeverities under {policy.name} {policy.version}".rstrip() + ".\n"


def _severity(rule_id: str, policy: Policy, as_of: date) -> str:
    values = policy.generally(rule_id, Timing(as_of))
    return str(values["severity"].value) if "severity" in values else OFF


def rules_as_json(policy: Policy, as_of: date) -> str:
    """All rules for programs."""
    rules = [
        {
            "id": rule_id,
            "family": family,
            "severity": _severity(rule_id, policy, as_of),
            "summary": policy.catalogue.load(rule_id).page.summary,
            "params": {
                name: {"meaning": option.meaning, "default": shown_value(option.default)}
                for name, option in policy.catalogue.load(rule_id).options.items()
            },
        }
        for rule_id, family in policy.catalogue.families().items()
    ]
    return json.dumps({"rules": rules}, indent=2) + "\n"
