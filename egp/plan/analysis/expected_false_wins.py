"""False wins that experiments are expected to declare together, if no change has an effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import accumulate

from egp.plan.analysis.days import day_after
from egp.stats.values import NamedTuple


class ExpectedFalseWins(NamedTuple):
    """False wins expected of the tests from the first to the last position."""

    wins: float
    first: int
    last: int


def expected_false_wins(of_type: str, alpha: float | None, sides: str, tests: int = 1) -> float | None:
    """Wins that a plan declares on average if no change has an effect, over all tests that are made at its alpha.

    Half of the rejections of a two-sided test are losses. What a non-inferiority plan then declares is true, and comes with
    its power; rollouts and holdbacks declare nothing.
    """
    if not alpha or of_type != "superiority":
        return None
    return tests * alpha / (2 if sides == "two" else 1)


def worst_period(tests: Sequence[tuple[date, float]], days: int) -> ExpectedFalseWins:
    """The largest sum of chances over tests that start within so many days; the tests in order of their starts."""
    before = [0.0, *accumulate(chance for _, chance in tests)]
    largest, first = ExpectedFalseWins(0.0, 0, 0), 0
    for last, (day, _) in enumerate(tests):
        while day > day_after(tests[first][0], days - 1):
            first += 1
        largest = max(largest, ExpectedFalseWins(before[last + 1] - before[first], first, last))
    return largest
