"""How much units did, to tell whether a metric is still alive: not whether it moved, but whether it stopped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.results import Row

_DUST = 1e-12


class Activity(NamedTuple):
    """Units, the sum over them of what they did, and the sum of its squares."""

    units: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, other: Activity) -> Activity:
        return Activity(self.units + other.units, self.total + other.total, self.squares + other.squares)

    def as_of_units(self, units: float) -> Activity:
        """The same, done by so many units."""
        return Activity(units, self.total, self.squares)

    @property
    def rate(self) -> float:
        return self.total / self.units if self.units else 0.0

    @property
    def size(self) -> float:
        """What one event amounts to, were all of one size: 1 for a proportion."""
        return self.squares / self.total if self.total > 0 else 0.0

    @property
    def events(self) -> float:
        """So many units have done something at least (Cauchy and Schwarz); exact for a proportion."""
        size = self.size
        return self.total / size if size else 0.0

    def short_of(self, other: Amount, share: float) -> float:
        """Surprise, in nats, were the rate here as much as this share of the other's. 0 where that is not known.

        Given all events, those here are binomial; sums are counted in events of the other's size, which makes
        the bound wide where sizes differ much.
        """
        if isinstance(other, ValueWithError) or self.total < 0 or not self.units:
            return 0.0
        there = other.events
        if not there:
            return 0.0
        here = self.total / other.size
        part = share * self.units / (share * self.units + other.units)
        return stats.binomial_surprise(here, here + there, part) if 0 < part < 1 else 0.0

    def short_of_rate(self, rate: float, size: float) -> float:
        """Surprise, in nats, were the rate here as much as this one, events being of this size."""
        if self.total < 0 or rate <= 0 or size <= 0:
            return 0.0
        return stats.poisson_surprise(self.total / size, rate * self.units / size)


@dataclass(frozen=True, slots=True)
class ValueWithError:
    """A value with its standard error, as quantiles have it."""

    units: float
    rate: float
    error: float

    def short_of(self, other: Amount, share: float) -> float:
        """As for an activity, by the normal distribution, whose tail beyond z is at most exp(-z²/2)."""
        if not isinstance(other, ValueWithError):
            return 0.0
        spread = math.hypot(self.error, share * other.error)
        return max(share * other.rate - self.rate, 0.0) ** 2 / (2 * spread**2) if spread else 0.0


Amount = Activity | ValueWithError


def activity(row: Row, *, of_denominator: bool = False) -> Activity:
    """What the units of a row did; of a ratio, in its numerator or in its denominator."""
    if of_denominator:
        return Activity(row.units, row.denominator_sum or 0.0, row.denominator_sum_squares or 0.0)
    squares = row.sum_squares if row.sum_squares is not None else row.sum
    return Activity(row.units, row.sum or 0.0, squares or 0.0)


def together(parts: Iterable[Activity]) -> Activity:
    units = total = squares = 0.0
    for each in parts:
        units, total, squares = units + each.units, total + each.total, squares + each.squares
    return Activity(units, total, squares)


class Course:
    """Activities one after the other, of which any stretch is summed at once."""

    def __init__(self, parts: Iterable[Activity]) -> None:
        units = total = squares = 0.0
        self._until = [(units, total, squares)]
        for each in parts:
            units, total, squares = units + each.units, total + each.total, squares + each.squares
            self._until.append((units, total, squares))
        # What subtracting sums leaves of nothing is nothing.
        self._dust = _DUST * abs(total), _DUST * abs(squares)

    def within(self, start: int, end: int) -> Activity:
        """From one position to before another."""
        (until, total_until, squares_until), (since, total_since, squares_since) = (
            self._until[end],
            self._until[start],
        )
        total, squares = total_until - total_since, squares_until - squares_since
        of_total, of_squares = self._dust
        return Activity(
            until - since,
            total if abs(total) > of_total else 0.0,
            squares if abs(squares) > of_squares else 0.0,
        )

    def without(self, start: int, end: int) -> Activity:
        """All others."""
        return self.within(0, start).plus(self.within(end, len(self._until) - 1))

    def rate_within(self, start: int, end: int) -> float:
        """As of the activity itself, and sooner."""
        units = self._until[end][0] - self._until[start][0]
        return (self._until[end][1] - self._until[start][1]) / units if units else 0.0

    def rate_without(self, start: int, end: int) -> float:
        units = self._until[start][0] + self._until[-1][0] - self._until[end][0]
        return (self._until[start][1] + self._until[-1][1] - self._until[end][1]) / units if units else 0.0
