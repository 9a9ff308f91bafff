"""A hair beside what a rule requires: the two numbers that it prints differ, and the printed requirement passes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from egp.advice.edits import changed
from egp.plan.finding import Finding
from egp.rules.rule import Example, Rule
from egp.yaml import Document, Path, Span, read_text
from egp.yaml.edits import Edit, Setting, value_at

from .examples import all_rules, documents_of, findings_after, run_example

RULES = [rule for rule in all_rules() if rule.input_type in ("Experiment", "PlanFile", "Portfolio")]
HAIRS = (0.999, 0.999999, 1.000001, 1.001)
_WRITTEN = re.compile(r"([-+]?[\d_,]*\.?\d+)([kM]?)(\D*)")
_NUMBER = re.compile(r"(?<![\w-])[-+]?\d[\d,_]*(?:\.\d+)?")
_QUANTITY = re.compile(r"[-+]?\d[\d,.]*\d? ?(?:%|h\b|days?|units|bps|pp|ms|USD)")
_REQUIRED = re.compile(r"(?:at least |at most )?([\d.,_]+ ?[^\s,;]*)")

Setup = tuple[Example, list[Document]]
"""An example, and its plans with one number a hair beside what was offered."""


def moved(written: str, factor: float) -> str | None:
    """A quantity as a plan writes it, its number moved; a count by one at least."""
    found = _WRITTEN.fullmatch(written.strip())
    if not found:
        return None
    number, scale, unit = found.groups()
    value = float(number.replace("_", "").replace(",", ""))
    if "." not in number and not unit and not scale:
        step = 1 if factor > 1 else -1
        return str(int(value * factor) if int(value * factor) != int(value) else int(value) + step)
    return f"{value * factor:.9f}".rstrip("0").rstrip(".") + scale + unit


def near_misses(rule: Rule) -> Iterator[Setup]:
    """Each number that the rule offers on its page, a hair below and a hair above."""
    for example in rule.page.examples:
        if example.outcome != "fails":
            continue
        document, *others = documents_of(rule, example)
        for edits in _beside(run_example(rule, example).findings):
            changed_text = changed(document.text, edits, document.index)
            yield example, [read_text(changed_text)[document.index], *others]


def _beside(findings: list[Finding]) -> Iterator[list[Edit]]:
    for finding in findings:
        for remedy in finding.advice.remedies:
            for each in remedy.edits:
                if not isinstance(each, Setting):
                    continue
                value = each.value
                if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                    continue
                for factor in HAIRS:
                    if (text := moved(str(value), factor)) is not None:
                        yield [Setting(each.path, text) if other is each else other for other in remedy.edits]


def numbers(text: str) -> list[str]:
    return [each.replace(",", "").replace("_", "") for each in _NUMBER.findall(text)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_a_hair_short_does_not_read_as_enough(rule: Rule) -> None:
    for example, documents in near_misses(rule):
        for finding in findings_after(rule, example, documents):
            observed, required = numbers(finding.observed), numbers(finding.required)
            assert not observed or not required or observed[0] != required[0], finding
            said, policy, asked = finding.message.partition("the policy ")
            if policy and (bounds := _QUANTITY.findall(asked)):
                assert bounds[0] not in _QUANTITY.findall(said), finding.message
            if not isinstance(finding.at, Span):
                _the_printed_requirement_passes(rule, example, documents, finding, finding.at)


def _the_printed_requirement_passes(
    rule: Rule, example: Example, documents: list[Document], finding: Finding, at: Path
) -> None:
    """Where the plan's own number is what was observed."""
    document, *others = documents
    written, required = value_at(document.value, at), _REQUIRED.fullmatch(finding.required)
    if not isinstance(written, str) or not required or numbers(finding.observed)[:1] != numbers(written)[:1]:
        return
    enough = re.sub(r"(units|days?|hours?).*$", "", required[1].replace(",", "").replace(" ", ""))
    text = changed(document.text, [Setting(at, enough)], document.index)
    after = findings_after(rule, example, [read_text(text)[document.index], *others])
    assert (at, finding.required) not in [(each.at, each.required) for each in after], (written, finding)
