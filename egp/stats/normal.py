"""The normal distribution, accurate in both tails, from `math` alone.

A distribution function written as `0.5 * (1 + erf)` has lost all its digits at z = -9; `erfc` keeps them, so
it is used for both tails and nothing here is ever `1 - cdf`. The quantile is solved here because
`statistics.NormalDist` brings fractions, decimals and random numbers into every start of the program.
"""

from __future__ import annotations

import math
from functools import lru_cache

from .errors import require_share

SQRT_HALF = math.sqrt(0.5)
INVERSE_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)

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


@lru_cache(maxsize=8192)
def z_upper(tail: float) -> float:
    """The z that leaves probability `tail` above it. Error: tail not strictly between 0 and 1.

    Abramowitz & Stegun 26.2.23 to three digits, then Halley's method on the logarithm of the tail, which
    triples the digits with every step.
    """
    require_share("tail", tail)
    if tail > 0.5:
        return -z_upper(1.0 - tail)
    t = math.sqrt(-2.0 * math.log(tail))
    z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (
        1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    )
    for _ in range(2):
        probability = normal_sf(z)
        hazard = normal_pdf(z) / probability
        step = math.log(probability / tail) / hazard
        z += step / (1.0 + 0.5 * step * (hazard - z))
    return z


def two_sided_p(z: float) -> float:
    """P(|Z| >= |z|)."""
    return _erfc(abs(z) * SQRT_HALF)
