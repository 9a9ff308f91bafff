"""The verdict as Markdown: for a comment, a decision log, and the job summary of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.gate.clock import shown_instant
from egp.gate.text import AS_IF, STATE, headline, next_steps, options_set
from egp.output.report.quoting import in_markdown as escaped

if TYPE_CHECKING:
    from egp.gate.call import GateJudgement
    from egp.gate.reading import Reading

_SYMBOL = {"pass": "✅", "fail": "❌", "cannot_rule_out": "⚠️", "not_checked": "❔"}


def render(judgement: GateJudgement, *, folded: bool = False) -> str:
    """The verdict with every check in a table, which a job summary folds away."""
    return "\n".join(_lines(judgement, folded)) + "\n"


def _lines(judgement: GateJudgement, folded: bool) -> Iterator[str]:
    decision = judgement.decision
    yield f"## {escaped(headline(judgement))}"
    yield ""
    if judgement.readout.as_if:
        yield f"{escaped(AS_IF)}."
        yield ""
    for crash in decision.crashes:
        yield f"- **error:** {escaped(crash.message)}"
    for reading in decision.reasons:
        yield f"- {escaped(reading.message)}"
    steps = next_steps(judgement)
    if steps:
        yield ""
        yield "**Next:** " + "; ".join(map(escaped, steps))
    if decision.until:
        yield ""
        yield f"The answer stays the same until {shown_instant(decision.until)}."
    yield ""
    if folded:
        passed = sum(reading.passed for reading in decision.readings)
        yield f"<details><summary>{passed} of {len(decision.readings)} readings pass</summary>"
        yield ""
    yield "| | check | reading | asked |"
    yield "|---|---|---|---|"
    yield from map(_row, decision.readings)
    yield ""
    if folded:
        yield "</details>"
        yield ""
    policy = f"{judgement.policy.name} {judgement.policy.version}".strip()
    yield f"Policy {escaped(policy)}, results {escaped(judgement.inputs.results[-12:])}."
    for option in options_set(judgement.policy):
        yield ""
        yield escaped(option)


def _row(reading: Reading) -> str:
    state = f"{_SYMBOL[reading.state]} {STATE[reading.state]}"
    return f"| {state} | {reading.check} | {escaped(reading.message)} | {escaped(reading.required)} |"
