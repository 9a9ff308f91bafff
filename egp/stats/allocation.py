"""Weights of the variants and what an uneven split costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .errors import reject, require_count, require_positive


def normalised_weights(weights: Sequence[float]) -> tuple[float, ...]:
    """The weights, checked: each above 0, summing to 1 within 1e-9. Errors name what does not hold."""
    if len(weights) < 2:
        reject(
            "weights",
            f"{len(weights)} variants make no experiment",
            "give at least a control and a treatment",
        )
    for weight in weights:
        require_positive("weights", weight)
    total = math.fsum(weights)
    if abs(total - 1.0) > 1e-9:
        reject("weights", f"they sum to {total:g}", "give shares that sum to 1")
    return tuple(weight / total for weight in weights)


def split_efficiency(ratio: float) -> float:
    """4 w (1 - w): the precision of a two-arm split over that of an even one with the same total (90/10:
    0.36).

    ratio: n_treatment / n_control.
    """
    require_positive("ratio", ratio)
    return 4.0 * ratio / (1.0 + ratio) ** 2


def best_control_share(treatments: int) -> float:
    """sqrt(k) / (sqrt(k) + k), the control's share that is best for k comparisons with it (Dunnett 1955)."""
    require_count("treatments", treatments)
    return 1.0 / (1.0 + math.sqrt(treatments))
