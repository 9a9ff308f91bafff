"""A difference of two estimates of which only their intervals are known, such as a gain and a harm."""

from __future__ import annotations

import math

from egp.stats.values import NamedTuple

from .errors import reject, require_finite


class Ranged(NamedTuple):
    """An estimate between the ends of its interval."""

    low: float
    estimate: float
    high: float


def ranged_difference(one: Ranged, other: Ranged) -> Ranged:
    """one - other, with an interval of the level that both have (MOVER; Zou & Donner 2008).

    The estimates are independent, and their intervals need not be symmetric: each end of the difference takes the
    distance to the end that leads there. Errors: an estimate outside its interval.
    """
    for name, each in (("one", one), ("other", other)):
        for value in each:
            require_finite(name, value)
        if not each.low <= each.estimate <= each.high:
            reject(
                name, "the estimate lies outside its interval", "give low, estimate and high in this order"
            )
    middle = one.estimate - other.estimate
    below = math.hypot(one.estimate - one.low, other.high - other.estimate)
    above = math.hypot(one.high - one.estimate, other.estimate - other.low)
    return Ranged(middle - below, middle, middle + above)
