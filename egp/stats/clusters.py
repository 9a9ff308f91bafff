"""Many experiments of which some have their data in common: shares, spreads and p-values, with errors that count clusters.

Experiments that split the same units differ by chance alone, but whatever is special about those units is in all of them.
Errors are therefore those of the clusters' totals around what they had with the overall share (Cochran 1977, ratio of two sums), and
never less than those of independent experiments, which few clusters may understate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from egp.stats.errors import reject
from egp.stats.values import NamedTuple


class Estimated(NamedTuple):
    """A number with its standard error."""

    value: float
    error: float
    inflation: float
    """By how many times clusters make the variance larger than that of independent experiments; at least 1."""


def clustered_share(clusters: Sequence[tuple[float, float]]) -> Estimated:
    """Share of experiments in which something happened, from (happened, experiments) of each cluster."""
    happened, of = (math.fsum(each[at] for each in clusters) for at in (0, 1))
    if of <= 0:
        reject("clusters", "there are no experiments", "give at least one cluster with experiments")
    share = happened / of
    # One more that did happen, and one that did not, as far as a share of nothing is to have an error.
    smoothed = (happened + 1) / (of + 2)
    alone = smoothed * (1 - smoothed) / of
    inflation = max(1.0, _variance(clusters, share) / alone)
    return Estimated(share, math.sqrt(alone * inflation), inflation)


def clustered_spread(clusters: Sequence[Sequence[float]]) -> Estimated:
    """Root mean square of z values around 0, which is 1 where their standard errors are right."""
    squares = [(math.fsum(z * z for z in each), float(len(each))) for each in clusters]
    of = math.fsum(count for _, count in squares)
    if of <= 0:
        reject("clusters", "there are no values", "give at least one cluster with values")
    mean = math.fsum(total for total, _ in squares) / of
    alone = 2 * mean * mean / of
    inflation = max(1.0, _variance(squares, mean) / alone) if alone else 1.0
    spread = math.sqrt(mean)
    return Estimated(spread, math.sqrt(alone * inflation) / (2 * spread) if spread else 0.0, inflation)


def _variance(clusters: Sequence[tuple[float, float]], mean: float) -> float:
    """Of a ratio of two sums over clusters."""
    filled = [each for each in clusters if each[1]]
    if len(filled) < 2:
        return 0.0
    of = math.fsum(count for _, count in filled)
    residuals = math.fsum((total - mean * count) ** 2 for total, count in filled)
    return residuals * len(filled) / (len(filled) - 1) / (of * of)


def binomial_tails(happened: int, of: int, share: float) -> tuple[float, float]:
    """P(X <= happened) and P(X >= happened) of a binomial with this share."""
    if not 0 <= happened <= of:
        reject(
            "happened", "more happened than there were experiments", "give a count from 0 to the experiments"
        )
    if not 0 < share < 1:
        below = float(share <= 0 or happened == of)
        return below, float(happened == 0 or share >= 1)
    chances = [
        math.exp(_log_choose(of, k) + k * math.log(share) + (of - k) * math.log1p(-share))
        for k in range(of + 1)
    ]
    return min(1.0, math.fsum(chances[: happened + 1])), min(1.0, math.fsum(chances[happened:]))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def uniform_p_value(values: Sequence[float]) -> float:
    """Kolmogorov's test of values for coming evenly from 0 to 1; Stephens's (1970) form of its limit."""
    n = len(values)
    if not n or not all(0 <= value <= 1 for value in values):
        reject("values", "they do not lie between 0 and 1", "give p-values, and at least one")
    ordered = sorted(values)
    apart = max(max((at + 1) / n - value, value - at / n) for at, value in enumerate(ordered))
    x = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * apart
    if x < 0.2:
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))
