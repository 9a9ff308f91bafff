"""A policy that cannot judge, and what is wrong with it at its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp.plan.finding import Failure

if TYPE_CHECKING:
    from egp.plan.typed_reader import ValueProblem
    from egp.yaml import Document, Span


class PolicyError(Exception):
    """A policy that cannot judge; egp ends with exit status 2."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(failures[0].message)
        self.failures = tuple(failures)


def invalid(document: Document, message: str, span: Span, help_text: str) -> Failure:
    """What is wrong with a policy file."""
    line = document.line(span.start.line)
    return Failure(document.path, f"the policy is invalid: {message}", "", span, line, help_text)


def invalid_at(document: Document, problem: ValueProblem) -> Failure:
    """A value that no policy can have."""
    span = document.span(problem.path, key=problem.kind == "unknown-key")
    return invalid(document, problem.message, span, problem.help)
