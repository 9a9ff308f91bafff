"""The outcome of a policy's tests for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.report.text import printable, wrapped
from egp.pages.policy_test.boundaries import told
from egp.plan.wording import counted, listing
from egp.policy.escapable import ESCAPABLE, escapable_overrides
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.output.report.text import Style
    from egp.pages.policy_test.boundaries import Covered
    from egp.pages.policy_test.outcome import PolicyTestOutcome, Result


def render(outcome: PolicyTestOutcome, style: Style) -> Iterator[str]:
    """The tests that fail, the boundaries that are open, and the counts."""
    for failed in outcome.failed:
        yield from _failed(failed, style)
        yield ""
    for covered in outcome.open:
        yield from _open(covered, style)
    if outcome.open:
        yield ""
    for each in escapable_overrides(outcome.policy):
        text = f"{ESCAPABLE} ({each.origin}): {each.message}; {each.help}"
        first, *rest = wrapped(printable(text), style.width - 9, "")
        yield f"{style.paint('warning', 'warning')}: {first}"
        yield from (f"         {line}" for line in rest)
        yield ""
    yield from wrapped(printable(_summary(outcome)), style.width, "  ")


def _failed(result: Result, style: Style) -> Iterator[str]:
    yield f"{style.paint('failed', 'error')}: {printable(result.name)} ({printable(result.place)})"
    for objection in result.objections:
        first, *rest = wrapped(printable(objection), style.width - 4, "")
        yield f"  - {first}"
        for line in rest:
            yield f"    {line}"


def _open(covered: Covered, style: Style) -> Iterator[str]:
    parameter = covered.parameter
    sides = {"just below": covered.below, "at": covered.at, "just above": covered.above}
    missing = listing((side for side, is_covered in sides.items() if is_covered is False), "or")
    origin = f"default; {parameter.origin}" if parameter.is_default else str(parameter.origin)
    text = f"{told(parameter)} ({origin}): no test {missing} {shown_value(parameter.value)}"
    first, *rest = wrapped(printable(text), style.width - 6, "")
    yield f"{style.paint('open', 'warning')}: {first}"
    for line in rest:
        yield f"      {line}"


def _summary(outcome: PolicyTestOutcome) -> str:
    policy = f"{outcome.policy.name} {outcome.policy.version}".strip()
    tests = counted(len(outcome.results), "test")
    failed = f"{len(outcome.failed)} failed" if outcome.failed else "all succeed"
    numbers = len(outcome.boundaries)
    if not numbers:
        return f"{policy}: {tests}, {failed}; the policy sets no number"
    covered = numbers - len(outcome.open)
    share = f"{100 * covered // numbers} %"
    return f"{policy}: {tests}, {failed}; boundaries of {covered} of {counted(numbers, 'number')} covered ({share})"
