"""Weights of the variants and what an uneven split costs."""

from __future__ import annotations

import math

from .errors import require_count, require_positive


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
