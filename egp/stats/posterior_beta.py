"""Two rates with independent Beta posteriors, by quadrature on the logit scale.

On that scale the densities are smooth and fall off at least exponentially, also for the skewed posteriors of
few events.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from .errors import StatisticsInputError, reject, require_non_negative, require_positive
from .quadrature import gauss_legendre

_LOG_DROP = 44.0
_PANELS_PER_SIDE = 14
_NODES = 16


class _LogitBeta:
    """Beta(a, b) as a density of t = logit(x), normalised by its own integral, cut where it is e^-44 of its
    peak.
    """

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b
        self.mode = math.log(a / b)
        self._log_peak = self._log_kernel(self.mode)
        self._total = 1.0
        low, high = self._cut(-1.0), self._cut(1.0)
        count = _PANELS_PER_SIDE
        self.breaks = [low + (self.mode - low) * i / count for i in range(count)] + [
            self.mode + (high - self.mode) * i / count for i in range(count + 1)
        ]
        self._total = self.mass(low, high)

    def _log_kernel(self, t: float) -> float:
        softened = math.log1p(math.exp(-abs(t)))
        return -self.a * (softened + max(-t, 0.0)) - self.b * (softened + max(t, 0.0))

    def _cut(self, sign: float) -> float:
        step = 1e-3 / math.sqrt(self.a * self.b / (self.a + self.b) + 1.0)
        while self._log_kernel(self.mode + sign * step) > self._log_peak - _LOG_DROP:
            step *= 1.25
        return self.mode + sign * step

    def density(self, t: float) -> float:
        return math.exp(self._log_kernel(t) - self._log_peak) / self._total

    def mass(self, low: float, high: float) -> float:
        """P(low < logit X < high), panel by panel."""
        low, high = max(low, self.breaks[0]), min(high, self.breaks[-1])
        inner = self.breaks[bisect_left(self.breaks, low) : bisect_left(self.breaks, high)]
        edges = [low, *inner, high]
        return math.fsum(self._panel(left, right) for left, right in pairwise(edges) if right > left)

    def _panel(self, low: float, high: float) -> float:
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        return half * sum([w * self.density(middle + half * x) for x, w in gauss_legendre(_NODES)])


def _logistic(t: float) -> float:
    return 1.0 / (1.0 + math.exp(-t)) if t >= 0.0 else math.exp(t) / (1.0 + math.exp(t))


def _logit(x: float) -> float:
    if x <= 0.0:
        return -math.inf
    return math.log(x / (1.0 - x)) if x < 1.0 else math.inf


def _moved(t: float, by: float) -> float:
    """The logit of a rate that is moved; where it is not, no digits are lost to rates next to 0 and 1."""
    return _logit(_logistic(t) + by) if by else t


@lru_cache(maxsize=256)
def _excess_probability(a: float, b: float, c: float, d: float, margin: float) -> float:
    """P(X > Y + margin) for X ~ Beta(a, b), Y ~ Beta(c, d): the integral of f_X(x) F_Y(x - margin)."""
    x_law, y_law = _LogitBeta(a, b), _LogitBeta(c, d)
    moved = [_moved(t, margin) for t in y_law.breaks]
    low, high = x_law.breaks[0], x_law.breaks[-1]
    edges = sorted({t for t in (*x_law.breaks, *moved) if low <= t <= high})
    cumulated = y_law.mass(-math.inf, _moved(low, -margin))
    parts = []
    for left, right in pairwise(edges):
        half, middle, start = 0.5 * (right - left), 0.5 * (right + left), _moved(left, -margin)
        for node, weight in gauss_legendre(_NODES):
            t = middle + half * node
            below = cumulated + y_law.mass(start, _moved(t, -margin))
            parts.append(half * weight * x_law.density(t) * below)
        cumulated += y_law.mass(start, _moved(right, -margin))
    return min(1.0, math.fsum(parts))


def posterior_beta_harm(
    conversions_control: float,
    n_control: float,
    conversions_treatment: float,
    n_treatment: float,
    harm: Literal["increase", "decrease"] = "decrease",
    margin: float = 0.0,
    prior_alpha: float = 1.0,
    prior_beta: float = 1.0,
) -> float:
    """P(the treatment's rate is worse than the control's by more than `margin`), independent Beta(prior)
    posteriors.

    margin: absolute, in [0, 1). Errors: more conversions than units, a prior parameter not positive.
    """
    _check_counts("conversions_control", conversions_control, n_control)
    _check_counts("conversions_treatment", conversions_treatment, n_treatment)
    require_positive("prior_alpha", prior_alpha)
    require_positive("prior_beta", prior_beta)
    if not 0.0 <= margin < 1.0:
        reject("margin", f"{margin} is not in [0, 1)", "give the margin as an absolute change of the rate")
    control = (prior_alpha + conversions_control, prior_beta + n_control - conversions_control)
    treatment = (prior_alpha + conversions_treatment, prior_beta + n_treatment - conversions_treatment)
    if harm == "increase":
        return _excess_probability(*treatment, *control, margin)
    if harm == "decrease":
        return _excess_probability(*control, *treatment, margin)
    raise StatisticsInputError("harm", f"{harm!r} is unknown", "say increase or decrease")


def _check_counts(parameter: str, conversions: float, units: float) -> None:
    require_non_negative(parameter, conversions)
    if not conversions <= units < math.inf:
        reject(
            parameter,
            f"{conversions:g} of {units:g} units is impossible",
            "give at most one conversion per unit",
        )
