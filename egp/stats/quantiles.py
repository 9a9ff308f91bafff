"""The standard error of a quantile of values that come in clusters, as page loads come in users, by order statistics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .errors import reject

if TYPE_CHECKING:
    from fractions import Fraction

_Z = 1.959963984540054
"""The normal quantile of 0.975, as near as a double comes; ``z_upper`` is off by one in the last place."""


def rank_half_width(
    share: float | Fraction, *, units: float, nn: float | Fraction, kk: float | Fraction, nk: float | Fraction
) -> float:
    """How many ranks lie between a quantile's own and each end of its 95 % interval (Deng, Knoblich & Lu, "Applying the
    Delta Method in Metric Analytics", KDD 2018).

    The share of values up to the quantile is a ratio of two sums over units, whose variance is the delta method's.
    share: of the values that are no larger than the quantile; units: how many have a value; nn, kk, nk: sums over them of n²,
    k² and n k, with n values of a unit and k of them up to the quantile. Whole numbers and fractions are computed exactly.
    Errors: share not above 0 or above 1, fewer than two units.
    """
    if not 0 < share <= 1:
        reject("share", f"{float(share):g} is not above 0 and at most 1", "give 0.95 for the 95th percentile")
    if units < 2:
        reject("units", f"{units:g} is below 2", "one unit has no variance")
    residual = max(float(kk - 2 * share * nk + share * share * nn), 0.0)
    return _Z * math.sqrt(residual * units / (units - 1))


def quantile_standard_error(distance: float) -> float:
    """In the values' own unit, from the distance between the order statistics that lie ``rank_half_width`` below and above the
    quantile's rank."""
    return distance / (2 * _Z)
