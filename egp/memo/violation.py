"""One violation as a section: what the plan says, what the policy asks, what breaking it costs, which options comply."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.memo.acting import what_to_do
from egp.memo.option import Option, as_yaml
from egp.memo.solver import options
from egp.memo.stakes import figure, stakes
from egp.page.model import Block, Command, Facts, Paragraph, Quotation, Section, Table
from egp.policy.model import SETTINGS, Origin, Value
from egp.policy.params import shown_value
from egp.shape import label
from egp.waivers.grant import LONGEST
from egp.wording import counted, length, listing

if TYPE_CHECKING:
    from egp.finding import Diagnostic
    from egp.memo.case import Case
    from egp.page.model import Tone

_TONES: dict[str, Tone] = {"error": "bad", "warning": "caution", "info": "neutral"}
_LONGEST_LINE = 200


def violation(case: Case, diagnostic: Diagnostic) -> Section:
    """The section of one diagnostic."""
    return Section(
        diagnostic.message,
        [
            *_said(case, diagnostic),
            *_asked(case, diagnostic),
            *_costs(case, diagnostic),
            *_ways_out(case, diagnostic),
        ],
        _TONES[diagnostic.severity],
    )


def _said(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    place = diagnostic.place
    source = f"{place.path}:{place.span.start.line}"
    if diagnostic.missing:
        yield Paragraph(f"The plan says nothing about {label(case.path_of(diagnostic))} ({source}).")
    elif diagnostic.line.strip():
        line = diagnostic.line.strip()
        yield Quotation(
            line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}...", f"the plan, {source}"
        )


def _asked(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    adopted = case.adopted.get(diagnostic.rule)
    values: Mapping[str, Value] = adopted.values if adopted else {}
    policy = f"{case.policy.name} {case.policy.version}".strip()
    pairs = []
    if diagnostic.observed or diagnostic.required:
        pairs.append(("the plan", diagnostic.observed or "not declared"))
        pairs.append(("the policy asks", diagnostic.required or "see the rule"))
    pairs.append(
        (
            "rule",
            f"{diagnostic.rule}, {diagnostic.severity} under {policy}{_set_at(case, diagnostic.rule, values.get('severity'))}",
        )
    )
    pairs += [
        (name, f"{shown_value(value.value)}{_set_at(case, diagnostic.rule, value)}")
        for name, value in values.items()
        if name not in SETTINGS
    ]
    if diagnostic.coming:
        pairs.append(("to come", diagnostic.coming))
    pairs.append(("waiver", waivable(case, diagnostic.rule)))
    yield Facts(pairs)
    yield Paragraph(f"Why: {case.policy.catalogue.load(diagnostic.rule).page.why}")


def _set_at(case: Case, rule: str, value: Value | None) -> str:
    """Where the policy sets a value, and since which day where that is dated; an end of a sentence."""
    if value is None:
        return ""
    path, line, *_ = value.origin
    if not line:
        return f" (of {path})"
    origin = value.origin if path.startswith("egp:") else Origin(os.path.normpath(path), line)
    since = _since(case, rule, value)
    return f" (set at {origin}{f', since {since}' if since else ''})"


def _since(case: Case, rule: str, value: Value) -> date | None:
    """The day from which a dated setting holds; None for one that always did."""
    layers = (*case.policy.layers, *(layer for scope in case.policy.scopes for layer in scope.layers))
    entries = (entry for layer in layers for entry in layer.dated.get(rule, ()))
    return next((entry.since for entry in entries if value in entry.values.values()), None)


def waivable(case: Case, rule: str) -> str:
    """Whether a rule can be set aside for this plan, by whom and until when at most."""
    adopted = case.adopted.get(rule)
    if adopted is None or not adopted.waivable:
        return "not possible: this rule cannot be waived"
    terms = case.policy.waivers
    if terms is None or not terms.approvers:
        return "not possible: the policy names nobody who may approve waivers"
    longest = terms.longest or LONGEST
    return (
        f"possible, if approved by {listing(map(_holders(case), terms.approvers), 'or')} with reason and ticket, until "
        f"{case.as_of + longest} at most ({length(longest)})"
    )


def _holders(case: Case) -> Callable[[str], str]:
    def told(role: str) -> str:
        people = case.policy.roles.get(role, ())
        return f"{role} ({listing(people, 'or')})" if people else role

    return told


def _costs(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    told = stakes(case, diagnostic)
    for sentence in told:
        yield Paragraph(sentence)
    shown = figure(case, diagnostic)
    if shown:
        yield shown


def _ways_out(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    found = options(case, diagnostic)
    if not found:
        yield Paragraph(f"Who does what: {what_to_do(case, diagnostic)}")
        return
    yield _options_table(found)
    yield Command(as_yaml(found[0].changes), "yaml")


def _options_table(found: Sequence[Option]) -> Table:
    is_pair = found[0].levers > 1
    which = "No single change suffices; these pairs do" if is_pair else "Any one of these complies"
    rows = [
        (f"{at}", option.words, "; ".join(filter(None, (option.cost.words, option.note))))
        for at, option in enumerate(found, start=1)
    ]
    caption = (
        f"{which}, each judged by the whole policy ({counted(len(found), 'option')}, cheapest first: days of delay, then "
        "exposure, then what is given up). Below, the first as settings."
    )
    return Table(("", "option", "what it costs"), rows, caption, numeric=frozenset((0,)))
