"""Bracketed root finding for smooth monotone functions."""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 200
_EPSILON = 2.0**-52


def bracketed_root(
    function: Callable[[float], float], low: float, high: float, tolerance: float = 0.0
) -> float:
    """A root of `function` in [low, high], whose values there must differ in sign.

    Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function
    without using derivatives", Advances in Engineering Software 28 (1997).
    """
    a, b = low, high
    fa, fb = function(a), function(b)
    if fa == 0.0:
        return a
    if fb == 0.0:
        return b
    if (fa > 0.0) == (fb > 0.0):
        raise ArithmeticError(f"no sign change between {low} and {high}")
    share = 0.5
    for _ in range(_STEPS):
        x = a + share * (b - a)
        fx = function(x)
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best, f_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        limit = (2.0 * _EPSILON * abs(best) + 0.5 * tolerance) / abs(b - a)
        if f_best == 0.0 or limit > 0.5:
            return best
        share = min(max(_interpolated_share(a, fa, b, fb, c, fc), limit), 1.0 - limit)
    return best


def _interpolated_share(a: float, fa: float, b: float, fb: float, c: float, fc: float) -> float:
    """Where in [a, b] to look next: inverse quadratic interpolation where it can be trusted, else the
    middle.
    """
    xi = (a - b) / (c - b)
    phi = (fa - fb) / (fc - fb)
    if not (phi * phi < xi and (1.0 - phi) ** 2 < 1.0 - xi):
        return 0.5
    return fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)


def widened_until(function: Callable[[float], float], start: float, limit: float = math.inf) -> float:
    """The first of start, 2 start, 4 start, … (at most `limit`) at which `function` is not negative."""
    high = min(start, limit)
    while function(high) < 0.0 and high < limit:
        high = min(2.0 * high, limit)
    return high
