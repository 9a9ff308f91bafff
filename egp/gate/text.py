"""The verdict for people at a terminal: verdict, reasons, next steps, then every check."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from egp.gate.call import Judgement
from egp.gate.clock import shown_instant
from egp.gate.reading import Reading
from egp.quantity import shown
from egp.report.text import Style, printable

if TYPE_CHECKING:
    from egp.gate.verdict import Decision

HEADLINE = {
    "proceed": "proceed",
    "hold": "hold",
    "roll_back": "roll back",
    "could_not_judge": "could not judge",
}
STATE = {"pass": "pass", "fail": "fail", "cannot_rule_out": "not ruled out", "not_checked": "not checked"}
_COLOUR = {"proceed": "good", "hold": "warning", "roll_back": "error", "could_not_judge": "error"}
_STATE_COLOUR = {"pass": "good", "fail": "error", "cannot_rule_out": "warning", "not_checked": "info"}
_STATE_WIDTH = max(map(len, STATE.values()))


def headline(judgement: Judgement) -> str:
    """ "hold (wait): pdp-buy-now to 70%, as of 2023-01-28 08:00 PST"."""
    decision, readout = judgement.decision, judgement.readout
    kind = f" ({decision.kind})" if decision.kind else ""
    asked = f"to {judgement.call.to}" if judgement.call.to else f"in {readout.stage.name}"
    zone = readout.as_of.tzname() or ""
    when = f"{shown_instant(readout.as_of)} {zone}".rstrip()
    return f"{HEADLINE[decision.verdict]}{kind}: {shown(readout.plan.id)} {asked}, as of {when}"


def next_steps(decision: Decision) -> list[str]:
    """What to do about it, each step once, in the order of the reasons."""
    return list(dict.fromkeys(reading.next for reading in decision.reasons if reading.next))


def render(judgement: Judgement, style: Style) -> Iterator[str]:
    """The lines of the report."""
    decision = judgement.decision
    yield style.paint(printable(headline(judgement)), _COLOUR[decision.verdict])
    for crash in decision.crashes:
        yield from _wrapped(f"  error: {printable(crash.message)}", style.width, "    ")
    for step in next_steps(decision):
        yield from _wrapped(f"  next: {printable(step)}", style.width, "    ")
    if decision.until:
        yield f"  the answer stays the same until {shown_instant(decision.until)}"
    yield ""
    width = max((len(reading.check) for reading in decision.readings), default=0)
    for reading in decision.readings:
        yield from _line(reading, width, style)
    yield ""
    policy = f"{judgement.policy.name} {judgement.policy.version}".strip()
    passed = sum(reading.passed for reading in decision.readings)
    yield f"{passed} of {len(decision.readings)} readings pass (policy {printable(policy)})"


def _line(reading: Reading, width: int, style: Style) -> Iterator[str]:
    state = STATE[reading.state]
    head = f"{state:<{_STATE_WIDTH}}  {reading.check:<{width}}"
    first, *rest = _wrapped(printable(reading.message), max(40, style.width - len(head) - 2))
    painted = style.paint(f"{state:<{_STATE_WIDTH}}", _STATE_COLOUR[reading.state])
    yield f"{painted}  {reading.check:<{width}}  {first}"
    for line in rest:
        yield f"{'':<{len(head)}}  {line}"


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
