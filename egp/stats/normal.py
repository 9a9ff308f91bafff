"""The normal distribution, accurate in both tails.

`NormalDist.cdf` is `0.5 * (1 + erf)`, which has lost all its digits at z = -9; `erfc` keeps them, so it is
used for both tails and nothing here is ever `1 - cdf`.
"""

from __future__ import annotations

import math
from statistics import NormalDist

SQRT_HALF = math.sqrt(0.5)
INVERSE_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)

_quantile = NormalDist().inv_cdf
_erfc = math.erfc
_exp = math.exp


def normal_pdf(x: float) -> float:
    return INVERSE_SQRT_2PI * _exp(-0.5 * x * x)


def normal_cdf(x: float) -> float:
    """P(Z <= x), with full relative precision in the lower tail."""
    return 0.5 * _erfc(-x * SQRT_HALF)


def normal_sf(x: float) -> float:
    """P(Z > x), with full relative precision in the upper tail."""
    return 0.5 * _erfc(x * SQRT_HALF)


def z_upper(tail: float) -> float:
    """The z that leaves probability `tail` above it (Wichura 1988, AS 241, by `statistics.NormalDist`)."""
    return -_quantile(tail)


def two_sided_p(z: float) -> float:
    """P(|Z| >= |z|)."""
    return _erfc(abs(z) * SQRT_HALF)
