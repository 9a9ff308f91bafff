"""Rules for people: the list of all, and the page of one with the values in force and the lines that set them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Block, Command, Page, Paragraph, Points, Section, Table
from egp.pages.rules_shown.settings import settings_rows, severity_of, special_rows
from egp.policy.timing import Timing

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.rules.rule import Rule


def all_rules(policy: Policy, as_of: date) -> Answer:
    """Severity under the policy, id, and what each rule requires."""
    families = groupby(policy.catalogue.families().items(), key=lambda each: each[1])
    sections = [
        Section(family, [_listed([rule_id for rule_id, _ in rules], policy, as_of)])
        for family, rules in families
    ]
    name = policy.name_and_version
    return Answer("", [*sections, Section("", [Paragraph(f"Severities under {name}.")])])


def _listed(rules: list[str], policy: Policy, as_of: date) -> Table:
    return Table(
        ("", "", ""),
        [
            (severity_of(rule_id, policy, as_of), rule_id, policy.catalogue.load(rule_id).page.summary)
            for rule_id in rules
        ],
    )


def page(rule_id: str, policy: Policy, as_of: date, *, all_examples: bool = False) -> Page:
    """What the rule requires and why, its examples, and its settings for plans without an override that are not
    registered."""
    rule = policy.catalogue.load(rule_id)
    text = rule.page.text if all_examples else rule.page.shortened
    first, *others = blocks_of(text)
    summary = first.text if isinstance(first, Paragraph) else ""
    about = [Paragraph(_about_examples(rule, all_examples))] if "```yaml" in text else []
    name = policy.name_and_version
    when = f" on {as_of}" if policy.dates else ""
    return Page(
        f"{rule.id} ({rule.family})",
        summary,
        "neutral",
        [
            Section(f"In force under {name}{when}", [_in_force(rule, policy, as_of)]),
            Section("Why, and examples" if about else "Why", [*others, *about]),
        ],
    )


def _about_examples(rule: Rule, all_examples: bool) -> str:
    what = (
        "An example is a change to a sound plan, in which `null` takes a key away, unless it is a whole file."
    )
    count = len(list(rule.page.examples))
    return what if all_examples else f"{what} All {count} examples: egp explain {rule.id} --examples"


def _in_force(rule: Rule, policy: Policy, as_of: date) -> Block:
    """Severity and options of a rule under the policy, each with its origin."""
    timing = Timing(as_of)
    values = policy.generally(rule.id, timing)
    special = special_rows(rule, policy, timing)
    if "severity" not in values and not any(row.name == "severity" for row in special):
        return Paragraph(f"Not adopted; a policy adopts it with `{rule.id}: {{severity: error}}`")
    return Table(("setting", "value", "set by", "meaning"), [*settings_rows(rule, values), *special])


def blocks_of(text: str) -> Iterator[Block]:
    """The page of a rule in blocks: paragraphs, lists, formulas and examples."""
    fenced: list[str] | None = None
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.startswith("```"):
            yield from _block_of(lines)
            lines = []
            if fenced is not None:
                yield Command("\n".join(fenced), "yaml")
            fenced = [] if fenced is None else None
        elif fenced is not None:
            fenced.append(line)
        elif line:
            lines.append(line)
        else:
            yield from _block_of(lines)
            lines = []


def _block_of(lines: list[str]) -> Iterator[Block]:
    """Of lines without an empty one between them."""
    if not lines:
        return
    if lines[0].startswith(("    ", "|")):
        yield Command("\n".join(line.removeprefix("    ") for line in lines), "text")
        return
    joined = " ".join(line.strip() if not line.startswith("- ") else f"\n{line}" for line in lines)
    said, *points = joined.split("\n- ")
    if said.strip():
        yield Paragraph(said.strip())
    if points:
        yield Points([point.strip() for point in points])
