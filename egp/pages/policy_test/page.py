"""The outcome of a policy's tests for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.output.page.model import Answer, Notice, Paragraph, Section
from egp.pages.policy_test.boundaries import phrase
from egp.plan.wording import counted, listing
from egp.policy.escapable import ESCAPABLE, escapable_overrides
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.pages.policy_test.boundaries import Covered
    from egp.pages.policy_test.outcome import JudgedTest, PolicyTestOutcome


def page(outcome: PolicyTestOutcome) -> Answer:
    """The tests that fail, the boundaries that are open, and the counts."""
    sections = [Section("", [_failed(each)]) for each in outcome.failed]
    if outcome.open:
        sections.append(Section("", [*map(_open, outcome.open)]))
    for each in escapable_overrides(outcome.policy):
        text = f"{ESCAPABLE} ({each.origin}): {each.message}; {each.help}"
        sections.append(Section("", [Notice("warning", text, "caution")]))
    return Answer("", [*sections, Section("", [Paragraph(_summary(outcome))])])


def _failed(result: JudgedTest) -> Notice:
    return Notice("failed", f"{result.name} ({result.place})", "bad", result.objections)


def _open(covered: Covered) -> Notice:
    parameter = covered.parameter
    sides = {"just below": covered.below, "at": covered.at, "just above": covered.above}
    missing = listing((side for side, is_covered in sides.items() if is_covered is False), "or")
    origin = f"default; {parameter.origin}" if parameter.is_default else str(parameter.origin)
    text = f"{phrase(parameter)} ({origin}): no test {missing} {shown_value(parameter.value)}"
    return Notice("open", text, "caution")


def _summary(outcome: PolicyTestOutcome) -> str:
    policy = outcome.policy.name_and_version
    tests = counted(len(outcome.results), "test")
    failed = f"{len(outcome.failed)} failed" if outcome.failed else "all succeed"
    numbers = len(outcome.boundaries)
    if not numbers:
        return f"{policy}: {tests}, {failed}; the policy sets no number"
    covered = numbers - len(outcome.open)
    share = f"{100 * covered // numbers} %"
    return f"{policy}: {tests}, {failed}; boundaries of {covered} of {counted(numbers, 'number')} covered ({share})"
