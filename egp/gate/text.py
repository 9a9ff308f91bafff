"""The verdict for people at a terminal: verdict, reasons, next steps, then every check."""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.call import GateJudgement
from egp.gate.clock import shown_instant
from egp.gate.reading import Reading
from egp.output.report.text import Style, printable, wrapped
from egp.plan.quantity import shown
from egp.plan.results import stage_name
from egp.plan.wording import length
from egp.policy.model import Policy
from egp.policy.params import shown_value

HEADLINE = {
    "proceed": "proceed",
    "hold": "hold",
    "roll_back": "roll back",
    "could_not_judge": "could not judge",
}
AS_IF = "as if: another instant than now is judged, and the answer opens nothing"
STATE = {"pass": "pass", "fail": "fail", "cannot_rule_out": "not ruled out", "not_checked": "not checked"}
_COLOUR = {"proceed": "good", "hold": "warning", "roll_back": "error", "could_not_judge": "error"}
_STATE_COLOUR = {"pass": "good", "fail": "error", "cannot_rule_out": "warning", "not_checked": "info"}
_STATE_WIDTH = max(map(len, STATE.values()))
_NARROWEST = 24
"""Columns of a message in a terminal that is too narrow."""


def headline(judgement: GateJudgement) -> str:
    """ "hold (wait): pdp-buy-now to 70%, as of 2023-01-28 08:00 PST"."""
    decision, readout = judgement.decision, judgement.readout
    kind = f" ({decision.kind})" if decision.kind else ""
    asked = f"to {readout.move.name}" if judgement.call.to else f"in {readout.stage.name}"
    zone = readout.as_of.tzname() or ""
    when = f"{shown_instant(readout.as_of)} {zone}".rstrip()
    return f"{HEADLINE[decision.verdict]}{kind}: {shown(readout.plan.id)} {asked}, as of {when}"


def next_steps(judgement: GateJudgement) -> list[str]:
    """What to do about it, each step once; of several instants to wait for the last one.

    What has to be repaired has not been inconclusive yet.
    """
    decision = judgement.decision
    if decision.verdict == "proceed":
        return _onwards(judgement)
    reasons = [each for each in decision.reasons if decision.kind != "repair" or each.kind != "inconclusive"]
    last = max((reading.until for reading in reasons if reading.until), default=None)
    steps = [reading.next for reading in reasons if reading.next and reading.until in (None, last)]
    return list(dict.fromkeys(steps))


def _onwards(judgement: GateJudgement) -> list[str]:
    """After a move into a stage of the ramp: its entry in the ledger, and what it is watched for."""
    move, ramp = judgement.readout.move, judgement.readout.plan.ramp
    if move.kind != "stage":
        return []
    steps = [f"enter {move.name}, and add it to `stages` in the results with the instant"]
    dwell, following = ramp[move.position].min_dwell, ramp[move.position + 1 : move.position + 2]
    watch = "watch it with --monitor"
    if dwell and following and following[0].treated:
        watch += f"; {stage_name(following[0].treated)} may follow after {length(dwell)}"
    return [*steps, watch]


def render(judgement: GateJudgement, style: Style) -> Iterator[str]:
    """The lines of the report."""
    decision = judgement.decision
    yield style.paint(printable(headline(judgement)), _COLOUR[decision.verdict])
    if judgement.readout.as_if:
        yield from _indented(AS_IF, style)
    for crash in decision.crashes:
        yield from _indented(f"error: {printable(crash.message)}", style)
    if decision.verdict == "roll_back":
        for reading in decision.reasons:
            yield from _indented(f"because: {printable(reading.message)}", style)
    for step in next_steps(judgement):
        yield from _indented(f"next: {printable(step)}", style)
    if decision.until:
        yield from _indented(f"the answer stays the same until {shown_instant(decision.until)}", style)
    yield ""
    width = max((len(reading.check) for reading in decision.readings), default=0)
    for reading in decision.readings:
        yield from _line(reading, width, style)
    yield ""
    policy = f"{judgement.policy.name} {judgement.policy.version}".strip()
    passed = sum(reading.passed for reading in decision.readings)
    count = f"{passed} of {len(decision.readings)} readings pass (policy {printable(policy)})"
    yield from wrapped(count, style.width, "  ")
    for option in options_set(judgement.policy):
        yield from wrapped(printable(option), style.width, "  ")


def options_set(policy: Policy) -> Iterator[str]:
    """What the policy sets of the checks, and where."""
    for check_id, options in policy.gate.items():
        for name, value in options.items():
            yield f"the policy sets {name} of {check_id} to {shown_value(value.value)} ({value.origin})"


def _indented(text: str, style: Style) -> Iterator[str]:
    yield from (f"  {line}" for line in wrapped(text, style.width - 2, "  "))


def _line(reading: Reading, width: int, style: Style) -> Iterator[str]:
    state = STATE[reading.state]
    head = f"{state:<{_STATE_WIDTH}}  {reading.check:<{width}}"
    first, *rest = wrapped(printable(reading.message), max(_NARROWEST, style.width - len(head) - 2), "")
    painted = style.paint(f"{state:<{_STATE_WIDTH}}", _STATE_COLOUR[reading.state])
    yield f"{painted}  {reading.check:<{width}}  {first}"
    for line in rest:
        yield f"{'':<{len(head)}}  {line}"
