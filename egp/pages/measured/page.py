"""Declared beside measured, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Block, Notice, Paragraph, Section, Table, Tone
from egp.plan.analysis.drift import in_words
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing

if TYPE_CHECKING:
    from egp.advice.measure import MeasuredPlan
    from egp.plan.analysis.measured import Measured
    from egp.policy.model import Policy


def page(found: MeasuredPlan, policy: Policy) -> Answer:
    """The table, then what the policy makes of it, and what could not be measured."""
    runs = found.about.runs
    parts = listing([str(run) for run in reversed(runs)])
    verdict = (
        f"{found.plan.name}: {counted(len(found.numbers), 'number')} measured over {counted(len(runs), 'run')} of the "
        f"past, {parts}"
    )
    closing = (
        f"(policy {policy.name_and_version}, as of {found.as_of}, {counted(found.days, 'day')} of history)"
    )
    return Answer(
        verdict,
        [*_notices(found), Section("", [_table(found.numbers)]), Section("", [Paragraph(closing)])],
        "bad" if found.is_rejected else "good",
    )


def _notices(found: MeasuredPlan) -> Iterator[Block]:
    for drift in found.drifts:
        tone: Tone = "bad" if drift.severity == "error" else "caution"
        yield Notice(f"{drift.severity}[{drift.rule}]", drift.finding.message, tone)
    if found.edited:
        names = listing([f"`{shown(name)}`" for name in found.edited])
        yield Notice("edited", f"{names} changed since they were measured")
    for each in found.left_out:
        yield Notice("not measured", f"{shown(each.metric)}: {each.why}")


def _table(numbers: tuple[Measured, ...]) -> Table:
    head = ("", "number", "declared", "measured", "from", "to")
    return Table(head, [_row(each) for each in numbers], numeric=frozenset((2, 3, 4, 5)))


def _row(number: Measured) -> tuple[str, ...]:
    declared = "-" if number.declared is None else in_words(number.declared, number.unit)
    ends = (min(number.parts), max(number.parts))
    return (
        number.metric or "units",
        number.name,
        declared,
        in_words(number.value, number.unit),
        *(in_words(end, number.unit) for end in ends),
    )
