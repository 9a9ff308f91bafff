"""What sums over units say of the units themselves: spread, skewness, correlation, likeness within a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .errors import reject, require_positive
from .estimates import ArmSums, covariate_moments, mean_of_arm, ratio_of_arm


def std_dev_of_arm(sums: ArmSums) -> float:
    """Standard deviation of the units' values; of sums with a denominator that of the linearised ratio."""
    estimate = mean_of_arm(sums) if sums.denominator_sum is None else ratio_of_arm(sums)
    return estimate.standard_error * math.sqrt(sums.units)


def covariate_correlation(sums: ArmSums) -> float:
    """Correlation of metric and covariate over the units, of a ratio that of the linearised values; what CUPED rests on.

    Errors: a covariate column is missing; metric or covariate does not vary.
    """
    moments = covariate_moments(sums)
    if moments.var_value <= 0.0 or moments.var_covariate <= 0.0:
        reject(
            "covariate_sum_squares",
            "nothing varies",
            "take a metric and a covariate that differ between units",
        )
    correlation = moments.covariance / math.sqrt(moments.var_value * moments.var_covariate)
    return max(-1.0, min(1.0, correlation))


def skewness_of_sums(units: float, total: float, squares: float, cubes: float) -> float:
    """Third central moment over the cubed standard deviation, both with 1/n, from sums of powers.

    Errors: no units; values that do not vary.
    """
    require_positive("units", units)
    mean = total / units
    variance = squares / units - mean * mean
    if variance <= 1e-12 * squares / units:
        reject("sum_squares", "the values do not vary", "take a metric that differs between units")
    third: float = cubes / units - 3.0 * mean * squares / units + 2.0 * mean**3
    return third / math.sqrt(variance) ** 3


def cluster_sizes(sums: ArmSums) -> tuple[float, float]:
    """Mean number of analysis units in a unit, and the coefficient of variation of that number."""
    if sums.denominator_sum is None or sums.denominator_sum_squares is None:
        reject(
            "denominator_sum", "clusters need their sizes", "give denominator_sum and denominator_sum_squares"
        )
    require_positive("denominator_sum", sums.denominator_sum)
    mean = sums.denominator_sum / sums.units
    sizes = ArmSums(sums.units, sums.denominator_sum, sums.denominator_sum_squares)
    return mean, std_dev_of_arm(sizes) / mean


def intra_cluster_correlation(sums: ArmSums) -> float:
    """The intra-cluster correlation of a share of analysis units, from the variance that it gives the share.

    The delta method's variance of a share p of m analysis units a unit is p (1 - p) DEFF / m, and DEFF is
    1 + ((cv^2 + 1) m - 1) ICC (Kish 1965; `design_effect`), which is solved for ICC. Not below 0. Errors: a share of 0
    or 1; one analysis unit in every unit, which resembles nothing.
    """
    mean, cv = cluster_sizes(sums)
    share = sums.sum / (sums.denominator_sum or 1.0)
    if not 0.0 < share < 1.0:
        reject("sum", "all analysis units did the same", "measure over more units")
    others = (cv * cv + 1.0) * mean - 1.0
    if others <= 1e-9:
        reject("denominator_sum", "every unit has one analysis unit", "leave clustering out")
    effect = std_dev_of_arm(sums) ** 2 * mean / (share * (1.0 - share))
    return min(1.0, max(0.0, (effect - 1.0) / others))


def split_correlation(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> float:
    """Correlation, over random splits of buckets of units into two arms, of the arms' differences in two windows.

    one, other: (sum, units) of each bucket in either window, buckets in the same order; for a ratio its numerator and
    denominator. A difference of means is to first order a sum of s_b e_b over buckets, s_b = 1 or -1 the arm and
    e_b = sum_b - mean * units_b, so that its covariance over all splits is that of the e_b: no split has to be drawn. With B
    buckets of independent units its standard error is about (1 - r^2) / sqrt(B). Errors: buckets that do not vary.
    """
    residuals = [_residuals(one), _residuals(other)]
    squares = [math.fsum(e * e for e in each) for each in residuals]
    if min(squares) <= 0.0:
        reject("sum", "the buckets do not differ", "measure over more units")
    products = math.fsum(a * b for a, b in zip(*residuals, strict=True))
    return products / math.sqrt(squares[0] * squares[1])


def _residuals(buckets: Sequence[tuple[float, float]]) -> list[float]:
    total, units = math.fsum(y for y, _ in buckets), math.fsum(n for _, n in buckets)
    require_positive("units", units)
    mean = total / units
    found = [y - mean * n for y, n in buckets]
    centre = math.fsum(found) / len(found)
    return [each - centre for each in found]
