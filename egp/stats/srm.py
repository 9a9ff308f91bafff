"""Sample ratio mismatch: Pearson's chi-square of the arms' units against their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .errors import reject, require_count, require_non_negative

_WEIGHT_ADVICE = "give the weights the traffic was split by"


def chi_square_sf(x: float, df: int) -> float:
    """P(chi2_df > x) for whole df, by its finite sum; relative precision holds in the tail."""
    require_non_negative("x", x)
    require_count("df", df)
    half = 0.5 * x
    if df % 2 == 0:
        term = total = math.exp(-half)
        for j in range(1, df // 2):
            term *= half / j
            total += term
        return min(1.0, total)
    total = math.erfc(math.sqrt(half))
    term = math.exp(-half) * math.sqrt(half) / math.gamma(1.5)
    for j in range(1, (df - 1) // 2 + 1):
        total += term
        term *= half / (j + 0.5)
    return min(1.0, total)


def srm_chi_square(counts: Sequence[float], weights: Sequence[float]) -> tuple[float, int]:
    """The statistic and its degrees of freedom, the arms of positive weight less one.

    Errors: lengths differ, fewer than two arms of positive weight, units in an arm of weight 0, no units at
    all.
    """
    if len(counts) != len(weights):
        reject("weights", f"{len(weights)} weights for {len(counts)} arms", "give one weight per arm")
    for count, weight in zip(counts, weights, strict=True):
        require_non_negative("counts", count)
        require_non_negative("weights", weight)
        if weight == 0.0 and count > 0.0:
            reject("counts", f"an arm of weight 0 has units, {count:g} of them", _WEIGHT_ADVICE)
    arms = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight > 0.0]
    if len(arms) < 2:
        reject("weights", "fewer than two arms have a positive weight", _WEIGHT_ADVICE)
    total, whole = math.fsum(count for count, _ in arms), math.fsum(weight for _, weight in arms)
    if total == 0.0:
        reject("counts", "no units have arrived", "wait until both arms have units")
    expected = [total * weight / whole for _, weight in arms]
    return math.fsum((count - e) ** 2 / e for (count, _), e in zip(arms, expected, strict=True)), len(
        arms
    ) - 1


def srm_p_value(counts: Sequence[float], weights: Sequence[float]) -> float:
    """P of a split at least this uneven if units were assigned by `weights`; no continuity correction.

    counts: units per arm; weights: in any scale. A zero is a p-value too small for a number. Errors as in
    `srm_chi_square`.
    """
    return chi_square_sf(*srm_chi_square(counts, weights))
