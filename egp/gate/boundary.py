"""How much evidence a registered test requires at a look: the tail that its looks leave it, and what crosses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from egp import stats
from egp.gate.comparisons import comparison_at
from egp.gate.estimates import Lacking
from egp.gate.exposure import expected_shares
from egp.gate.looks import last_judged_day, planned_looks
from egp.gate.rows import cumulative_rows
from egp.plan.analysis.registered import days_judged

if TYPE_CHECKING:
    from egp.gate.estimates import Comparison
    from egp.gate.readout import Readout
    from egp.plan.analysis.registered_test import RegisteredTest

_NOTHING = "no unit of {} is judged at this look"
_APART = 0.001
"""Least share of the information between an interim look and the last one, which always has all of it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look shows of a metric, and the level at which it may be called shown."""

    position: int
    seen: Comparison
    tail: float
    """Of one side. Whatever is more extreme has crossed the look's boundary."""
    is_last: bool

    @property
    def lacks(self) -> Literal["wait", "inconclusive"]:
        """What a look that saw too little to be judged comes to."""
        return "inconclusive" if self.is_last else "wait"

    @property
    def interval(self) -> tuple[float, float]:
        """The differences that the look does not rule out, by the same boundary."""
        return self.seen.difference.interval(2 * self.tail)


def look_at(readout: Readout, test: RegisteredTest, treatment: str, position: int) -> Look:
    """A look as its boundary judges it. Raises Lacking for one that judges no unit."""
    if test.spending is None and not test.is_always_valid:
        return _look(readout, position, comparison_at(readout, test, treatment, position), test.tail)
    if test.is_always_valid:
        return _always_valid(readout, test, treatment, position)
    if test.columns == "stated":
        return _stated(readout, test, treatment, position)
    looks = list(_informed(readout, test, treatment, position))
    if not looks or looks[-1][0] != position:
        raise Lacking(
            _NOTHING.format(test.metric.id), "call again at a look that judges matured units", "wait"
        )
    planned = _planned_information(readout, test, treatment)
    seen = [comparison.information for _, comparison in looks]
    fractions = [_fraction(readout, at, each / planned) for (at, _), each in zip(looks, seen, strict=True)]
    return _look(readout, position, looks[-1][1], _spent(test, fractions, seen))


def _look(readout: Readout, position: int, seen: Comparison, tail: float) -> Look:
    return Look(position, seen, tail, position == len(planned_looks(readout)) - 1)


def _always_valid(readout: Readout, test: RegisteredTest, treatment: str, position: int) -> Look:
    seen = comparison_at(readout, test, treatment, position)
    share = seen.information / _planned_information(readout, test, treatment)
    bound = stats.asymptotic_confidence_sequence_z(share, test.alpha, 1.0, test.sides)
    return _look(readout, position, seen, stats.normal_sf(bound))


def _stated(readout: Readout, test: RegisteredTest, treatment: str, position: int) -> Look:
    """A quantile's look: one row tells today's, and the plan how many days' units each look was to judge."""
    judged = [days_judged(readout.plan, test.metric, look.date()) for look in planned_looks(readout)]
    if not judged[position]:
        raise Lacking(
            _NOTHING.format(test.metric.id), "call again at a look that judges matured units", "wait"
        )
    days = sorted({each for each in judged[: position + 1] if each})
    fractions = [each / judged[-1] for each in days]
    seen = comparison_at(readout, test, treatment, position)
    return _look(readout, position, seen, _spent(test, fractions, fractions))


def _informed(
    readout: Readout, test: RegisteredTest, treatment: str, position: int
) -> list[tuple[int, Comparison]]:
    """The looks so far that judge more units than the one before; the one that is requested replaces its like."""
    found: list[tuple[int, Comparison]] = []
    for at in range(position + 1):
        last = last_judged_day(readout, test.metric, at)
        if not all(
            cumulative_rows(readout, test.metric, name, last) for name in (readout.control, treatment)
        ):
            continue
        comparison = comparison_at(readout, test, treatment, at)
        if found and comparison.information <= found[-1][1].information:
            found.pop()
        found.append((at, comparison))
    return found


def _planned_information(readout: Readout, test: RegisteredTest, treatment: str) -> float:
    weights = expected_shares(readout)
    smallest = min(weights.values())
    control, treated = (test.planned * weights[name] / smallest for name in (readout.control, treatment))
    return 1 / (1 / control + 1 / treated)


def _fraction(readout: Readout, position: int, share: float) -> float:
    """Share of the planned information that a look spends by; the last look has all of it, however many came."""
    left = len(planned_looks(readout)) - 1 - position
    return 1.0 if left == 0 else min(share, 1 - _APART * left)


def _spent(test: RegisteredTest, fractions: list[float], seen: list[float]) -> float:
    """The tail that the spending function leaves the last of these looks."""
    assert test.spending is not None
    bounds = stats.spending_boundaries(
        test.spending, test.alpha, fractions, test.sides, test.gamma, seen=seen
    )
    return stats.normal_sf(bounds[-1])
