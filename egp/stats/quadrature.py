"""Gauss-Legendre nodes, built when first needed and kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=64)
def gauss_legendre(count: int) -> tuple[tuple[float, float], ...]:
    """`count` pairs (node, weight) on [-1, 1], by Newton steps on the Legendre recurrence (DLMF 3.5.v)."""
    half = []
    for index in range((count + 1) // 2):
        node = math.cos(math.pi * (index + 0.75) / (count + 0.5))
        for _ in range(100):
            value, slope = _legendre(count, node)
            step = value / slope
            node -= step
            if abs(step) < 1e-15:
                break
        slope = _legendre(count, node)[1]
        half.append((node, 2.0 / ((1.0 - node * node) * slope * slope)))
    mirrored = [(-node, weight) for node, weight in half[: count // 2]]
    return tuple(mirrored + half[::-1])


def _legendre(degree: int, x: float) -> tuple[float, float]:
    previous, value = 1.0, x
    for k in range(2, degree + 1):
        previous, value = value, ((2 * k - 1) * x * value - (k - 1) * previous) / k
    return value, degree * (x * value - previous) / (x * x - 1.0)


def scaled_nodes(low: float, high: float, count: int) -> tuple[list[float], list[float]]:
    """Nodes and weights on [low, high], nodes ascending."""
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    rule = gauss_legendre(count)
    return [middle + half * node for node, _ in rule], [half * weight for _, weight in rule]


def integral(function: Callable[[float], float], low: float, high: float, count: int) -> float:
    nodes, weights = scaled_nodes(low, high, count)
    return math.fsum(weight * function(node) for node, weight in zip(nodes, weights, strict=True))
