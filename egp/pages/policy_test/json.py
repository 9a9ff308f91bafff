"""The outcome of a policy's tests for programs, versioned by its `policy_test` key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from egp.output.contract import TOOL, Count, JudgingPolicy, Reported, Tool, as_text
from egp.policy.escapable import ESCAPABLE, escapable_overrides
from egp.policy.params import shown_value

if TYPE_CHECKING:
    from egp.pages.policy_test.boundaries import Covered
    from egp.pages.policy_test.outcome import PolicyTestOutcome


class Summary(Reported):
    """Counts."""

    tests: Count
    failed: Count
    numbers: Count
    covered: Count


class TestResult(Reported):
    """A test."""

    name: str
    place: str
    """File and line."""
    succeeded: bool
    objections: tuple[str, ...]
    """Why it failed."""


class PolicyDiagnostic(Reported):
    """What is wrong with the policy itself, as an override that another file name escapes."""

    id: str
    place: str
    """File and line."""
    rules: tuple[str, ...]
    """The rules that it is about."""
    message: str
    help: str


class Boundary(Reported):
    """A number that the policy sets itself, and where tests stand.

    Below and above tell whether a result changes when the number moves by one step; null where there is no such number.
    """

    rule: str
    option: str
    value: str
    default: bool
    """Whether it is the default of the rule."""
    place: str
    """File and line that set it, or adopt its rule."""
    applies_to: str
    """For which plans and from when; empty for all."""
    below: bool | None
    at: bool
    """Whether the plan of a test stands just on it."""
    above: bool | None


class PolicyTestReport(Reported):
    """What came of the tests of a policy."""

    policy_test: Literal[1]
    """Version of this format."""
    tool: Tool
    policy: JudgingPolicy
    summary: Summary
    tests: tuple[TestResult, ...]
    diagnostics: tuple[PolicyDiagnostic, ...]
    boundaries: tuple[Boundary, ...]


def render(outcome: PolicyTestOutcome) -> str:
    """The whole outcome."""
    return as_text(
        PolicyTestReport(
            policy_test=1,
            tool=TOOL,
            policy=JudgingPolicy.of(outcome.policy),
            summary=Summary(
                tests=len(outcome.results),
                failed=len(outcome.failed),
                numbers=len(outcome.boundaries),
                covered=len(outcome.boundaries) - len(outcome.open),
            ),
            tests=tuple(map(TestResult.of, outcome.results)),
            diagnostics=tuple(
                PolicyDiagnostic.of(each, id=ESCAPABLE, place=str(each.origin))
                for each in escapable_overrides(outcome.policy)
            ),
            boundaries=tuple(map(_boundary, outcome.boundaries)),
        )
    )


def _boundary(covered: Covered) -> Boundary:
    parameter = covered.parameter
    return Boundary(
        rule=parameter.rule,
        option=parameter.name,
        value=shown_value(parameter.value),
        default=parameter.is_default,
        place=str(parameter.origin),
        applies_to=parameter.applies_to,
        below=covered.below,
        at=covered.at,
        above=covered.above,
    )
