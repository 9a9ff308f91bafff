"""A registered test with its split and its looks: size, power and smallest effect, each the inverse of the others.

A sequential design needs `inflation` times the units of a single look. That factor depends on the power, so the
power of a given size is where the two agree.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from egp import stats
from egp.stats.hints import Literal
from egp.stats.values import frozen, replace

_ALMOST_SURE = 1 - 1e-9
_AGREEMENT = 1e-13
_SETTLED = 1e-7
_ROUNDS = 20


@frozen
class Sequence:
    """The looks of a design, and how it spends its alpha over them.

    Without a spending function it is always valid: a confidence sequence, tuned to be narrowest at the planned size,
    read at each of the looks. Without looks only its last moment counts.
    """

    spending: str | None
    looks: tuple[float, ...] = ()
    """The shares of the last look's units, which ends them with 1."""
    gamma: float | None = None

    def inflation(self, alpha: float, power: float, sides: int) -> float:
        """How many times the units of a single look the looks take at most."""
        return _inflation(self, alpha, power, sides)

    def boundaries(self, alpha: float, sides: int) -> list[float]:
        """The z that each look has to reach; none where every moment is one."""
        if self.spending is not None:
            return stats.spending_boundaries(self.spending, alpha, self.looks, sides, self.gamma)
        return [stats.asymptotic_confidence_sequence_z(look, alpha, 1.0, sides) for look in self.looks]

    def first_guess(self, alpha: float, sides: int, power_of_one_look: float) -> float:
        """The power of the looks together, as if the variance were the same with and without an effect."""
        if not self.looks:
            return power_of_one_look
        drift = stats.z_upper(alpha / sides) - stats.z_upper(power_of_one_look)
        bounds = self.boundaries(alpha, sides)
        return stats.sequential_characteristics(bounds, self.looks, drift, sides).power


@lru_cache(512)
def _inflation(sequence: Sequence, alpha: float, power: float, sides: int) -> float:
    if sequence.spending is not None:
        return stats.group_sequential_inflation(
            sequence.spending, alpha, sequence.looks, power, sides, sequence.gamma
        )
    if not sequence.looks:
        return stats.always_valid_inflation(alpha, power, sides)
    bounds = sequence.boundaries(alpha, sides)
    fixed = stats.drift_for_power([stats.z_upper(alpha / sides)], [1.0], power, sides)
    return (stats.drift_for_power(bounds, sequence.looks, power, sides) / fixed) ** 2


@frozen
class Design:
    """One registered test with its split and its looks. Units are those of the smallest variant."""

    test: stats.PlannedTest
    control_per_smallest: float
    direction: Literal["increase", "decrease"]
    sequence: Sequence | None = None

    def inflation(self, power: float) -> float:
        """How many times the units of a single look the looks take."""
        if self.sequence is None:
            return 1.0
        return self.sequence.inflation(self.test.alpha, power, self.test.sides)

    def units(self, distance: float, power: float) -> float:
        """Units that find an effect of this size, or rule out the margin."""
        if self.test.margin is not None:
            needed = stats.required_units(replace(self.test, margin=distance), 0.0, power)
        else:
            needed = stats.required_units(self.test, self._signed(distance), power)
        return needed.control / self.control_per_smallest * self.inflation(power)

    def power(self, distance: float, units: float) -> float:
        """Power at this size for an effect of this size, or to rule out a margin of this size."""
        one_look = self._one_look_power(distance, units)
        if self.sequence is None:
            return one_look
        alpha, sides = self.test.alpha, self.test.sides
        guess = self.sequence.first_guess(alpha, sides, priced_power(one_look, alpha))

        def agreeing(power: float) -> float:
            return self._one_look_power(distance, units / self.inflation(priced_power(power, alpha)))

        return _fixed_point(agreeing, guess)

    def power_by(self, distance: float, units: float, share: float) -> float:
        """Power that the looks have which judge at most this share of the units, of a design that has so many."""
        if self.sequence is None or not self.sequence.looks:
            return self.power(distance, units) if share >= 1 else 0.0
        bounds, looks, sides = self.boundaries, self.sequence.looks, self.test.sides
        power = min(self.power(distance, units), _ALMOST_SURE)
        if power <= self.test.alpha:
            return power
        drift = stats.drift_for_power(bounds, looks, power, sides)
        characteristics = stats.sequential_characteristics(bounds, looks, drift, sides)
        return _by(characteristics, share)

    def error_by(self, share: float) -> float:
        """P(a change without effect crosses at one of the looks that judge at most this share of the units)."""
        if self.sequence is None or not self.sequence.looks:
            return self.test.alpha if share >= 1 else 0.0
        return _by(
            stats.sequential_characteristics(self.boundaries, self.sequence.looks, 0.0, self.test.sides),
            share,
        )

    @property
    def boundaries(self) -> list[float]:
        """The z that each look has to reach."""
        if self.sequence is None:
            return [stats.z_upper(self.test.alpha / self.test.sides)]
        return self.sequence.boundaries(self.test.alpha, self.test.sides)

    def one_look_units(self, distance: float, units: float) -> float:
        """Units of control of a single look that has the same power for this distance."""
        control = units * self.control_per_smallest
        if self.sequence is None:
            return control
        return control / self.inflation(priced_power(self.power(distance, units), self.test.alpha))

    def _one_look_power(self, distance: float, units: float) -> float:
        control = units * self.control_per_smallest
        if self.test.margin is not None:
            return stats.achieved_power(replace(self.test, margin=distance), 0.0, control)
        return stats.achieved_power(self.test, self._signed(distance), control)

    def detectable(self, power: float, units: float) -> float:
        """Smallest effect that is found, or smallest margin that is ruled out."""
        control = units * self.control_per_smallest / self.inflation(power)
        if self.test.margin is not None:
            return stats.detectable_margin(self.test, power, control)
        return stats.detectable_effect(self.test, power, control, self.direction)

    def _signed(self, distance: float) -> float:
        return distance if self.direction == "increase" else -distance


def _by(characteristics: stats.SequentialCharacteristics, share: float) -> float:
    seen = [look.stopped_so_far for look in characteristics.looks if look.information <= share + _SETTLED]
    return seen[-1] if seen else 0.0


def _fixed_point(function: Callable[[float], float], start: float) -> float:
    """Where a slowly varying function of a power returns it (Steffensen's iteration)."""
    for _ in range(_ROUNDS):
        once = function(start)
        twice = function(once)
        bend = twice - 2 * once + start
        if abs(bend) <= _AGREEMENT:
            return twice
        extrapolated = twice - (twice - once) ** 2 / bend
        # The extrapolation is good to a small part of what it moves.
        if abs(extrapolated - twice) <= _SETTLED:
            return extrapolated
        start = extrapolated
    return start


def priced_power(power: float, alpha: float) -> float:
    """A power for which the price of looking can be computed: above alpha, and not sure."""
    return min(max(power, 1.05 * alpha), _ALMOST_SURE)
