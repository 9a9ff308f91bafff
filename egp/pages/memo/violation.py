"""One violation as a section: what the plan says, what the policy requires, what breaking it costs, which options comply."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from egp.advice.options.acting import what_to_do
from egp.advice.options.option import Option, as_yaml, settings_in_words
from egp.advice.options.solver import options
from egp.advice.options.waiving import how_to_waive, waivable
from egp.output.page.model import Block, Command, Facts, Paragraph, Quotation, Section, Table
from egp.pages.memo.consequences import consequences_of, figure
from egp.plan.analysis.days import last_day
from egp.plan.finding import NotChecked
from egp.plan.remedy import TradeOff
from egp.plan.typed_reader import label
from egp.plan.wording import counted
from egp.policy.layers import SETTINGS, Origin, SettingValue
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.output.page.model import Tone
    from egp.plan.finding import Diagnostic

_TONES: dict[str, Tone] = {"error": "bad", "warning": "caution", "info": "neutral"}
_LONGEST_LINE = 200


def violations(case: Case, diagnostics: Sequence[Diagnostic]) -> list[Section]:
    """A section each; what one has shown, or said, the next does not repeat."""
    shown: set[str] = set()
    return [_violation(case, each, shown) for each in diagnostics]


def _violation(case: Case, diagnostic: Diagnostic, shown: set[str]) -> Section:
    return Section(
        diagnostic.message,
        [
            *_costs(case, diagnostic, shown),
            *_ways_out(case, diagnostic),
            Section(
                "What the plan says, and what the policy requires",
                [*_said(case, diagnostic), *_asked(case, diagnostic)],
                folded=True,
            ),
        ],
        _TONES[diagnostic.severity],
    )


def _said(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    place = diagnostic.place
    source = f"{place.path}:{place.span.start.line}"
    phrase = f"the plan, {source}" if place.path == case.source.shown else source
    if diagnostic.missing:
        yield Paragraph(f"The plan says nothing about {label(case.path_of(diagnostic))} ({source}).")
    elif (line := diagnostic.line.strip()) and not line.endswith(":"):  # a key whose values stand below
        yield Quotation(line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}...", phrase)


def _asked(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    adopted = case.adopted.get(diagnostic.rule)
    values: Mapping[str, SettingValue] = adopted.values if adopted else {}
    policy = case.policy.name_and_version
    pairs = []
    if diagnostic.observed or diagnostic.required:
        is_in_plan = diagnostic.place.path == case.source.shown
        pairs.append(("the plan" if is_in_plan else diagnostic.place.path, diagnostic.observed or "missing"))
        pairs.append(("the policy requires", diagnostic.required or "see the rule"))
    pairs.append(
        (
            "rule",
            f"{diagnostic.rule}, {diagnostic.severity} under {policy}{_set_at(values.get('severity'))}",
        )
    )
    pairs += [
        (name, f"{shown_value(value.value)}{_set_at(value)}")
        for name, value in values.items()
        if name not in SETTINGS
    ]
    if diagnostic.coming:
        pairs.append(("to come", diagnostic.coming))
    pairs.append(("waiver", waivable(case, diagnostic)))
    yield Facts(pairs)


def _set_at(value: SettingValue | None) -> str:
    """Where the policy sets a value, and since which day where that is dated; an end of a sentence."""
    if value is None:
        return ""
    path, line, *_ = value.origin
    if not line:
        return f" (of {path})"
    origin = value.origin if path.startswith("egp:") else Origin(os.path.normpath(path), line)
    return f" (set at {origin}{f', since {value.since}' if value.since else ''})"


def _costs(case: Case, diagnostic: Diagnostic, shown: set[str]) -> Iterator[Block]:
    seen = figure(case, diagnostic)
    if seen and seen.says not in shown:
        yield seen
    reason = f"Why: {case.policy.catalogue.load(diagnostic.rule).page.why}{_required_at(case, diagnostic)}"
    said = [*consequences_of(case, diagnostic), reason]
    yield from (Paragraph(sentence) for sentence in said if sentence not in shown)
    shown.update([seen.says] if seen else [], said)


def _required_at(case: Case, diagnostic: Diagnostic) -> str:
    """ " Required by minimum-runtime, set at egp:standard:20."."""
    adopted = case.adopted.get(diagnostic.rule)
    place = _set_at(adopted.values.get("severity")) if adopted else ""
    return f" Required by {diagnostic.rule}{place}." if place else ""


def _ways_out(case: Case, diagnostic: Diagnostic) -> Iterator[Block]:
    found = options(case, diagnostic)
    if found:
        yield _options_table(case, found)
        yield Command(as_yaml(found[0].changes), "yaml")
    if all(each.cost.trade_off == TradeOff.FACT for each in found):
        yield Paragraph(f"Who does what: {what_to_do(case, diagnostic)}")
    command = how_to_waive(case, diagnostic)
    if command:
        yield Paragraph("Once a waiver is approved, this writes it into the plan:")
        yield Command(command)


def _options_table(case: Case, found: Sequence[Option]) -> Table:
    rows = [
        (
            _in_words(case, option, is_below=at == 0),
            "; ".join(filter(None, (option.cost.words, option.note))),
        )
        for at, option in enumerate(found)
    ]
    head = ("option", "what it costs")
    if len(found) == 1:
        return Table(head, rows, _caption(found))
    numbered = [(f"{at}", *row) for at, row in enumerate(rows, start=1)]
    return Table(("", *head), numbered, _caption(found), numeric=frozenset((0,)))


def _in_words(case: Case, option: Option, *, is_below: bool) -> str:
    """What is changed; of an option whose settings stand below, and which have no words of their own, what they come to."""
    if (
        not is_below
        or len(option.changes) < 2
        or option.words != settings_in_words(option.changes, case.document.value)
    ):
        return option.words
    changed = case.on_trial(option.changes)
    with suppress(NotChecked):
        if changed is not None and (later := (last_day(changed.plan) - last_day(case.plan)).days) > 0:
            return f"run {counted(later, 'day')} longer, to {last_day(changed.plan)}"
    return option.words


def _caption(found: Sequence[Option]) -> str:
    is_pair = found[0].levers > 1
    if len(found) == 1:
        which = "No single change suffices; this pair does" if is_pair else "This complies"
        return f"{which}, judged by the whole policy. Below, as settings."
    which = "No single change suffices; these pairs do" if is_pair else "Any one of these complies"
    return (
        f"{which}, each judged by the whole policy. The cheapest first: days of delay, then exposure, then what is given up; "
        "then what promises less; last what only a measurement can open. Below, the first as settings."
    )
