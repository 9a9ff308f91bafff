"""Alarms that are evaluated again and again: at any moment of a watch, or by runs of windows that share units.

Both answers are exact for the law that they name, and bounds of what a plan can do: evaluations at some moments cross
no more often than a path that is watched throughout; runs of windows that are less alike come less often.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

from .errors import reject, require_count, require_share
from .normal import INVERSE_SQRT_2PI, normal_cdf, normal_sf, z_upper
from .quadrature import scaled_nodes
from .roots import bracketed_root

_REACH, _STEP_REACH = 8.5, 7.0
_NODES_OF_UNITS = 48
_NODES_OF_A_SEGMENT, _NODES_PER_STEP, _MOST_NODES = 24, 2.0, 400


def continuous_crossing_probability(bounds: Sequence[float], information: Sequence[float]) -> float:
    """P(Z(t) reaches its bound at any moment from the first information given to the last), without drift.

    `bounds`: z at each of `information`, which increases, in any unit. Between two of them the bound on the score
    Z √t is the straight line. A bound that is concave there, as a constant z is, lies above it, so that this is at least
    the chance to cross at however many evaluations in between: 29.1 % for a constant 1.645 from the first to the
    fourteenth day, where hourly evaluations cross in 26.6 % and daily ones in 19.2 %. Errors: information that does not increase.
    Source: a Brownian path from x to y in time d meets the line from b to c with exp(-2 (b - x)(c - y) / d)
    (Wang & Pötzelberger 1997, J. Applied Probability 34).
    """
    _check_increasing(information)
    return _continuous_crossing(tuple(bounds), tuple(information))


@lru_cache(maxsize=1024)
def _continuous_crossing(bounds: tuple[float, ...], information: tuple[float, ...]) -> float:
    """Remembered by value: advice tries the same watch for each option that it weighs."""
    total = information[-1]
    times = [each / total for each in information]
    edges = [bound * math.sqrt(t) for bound, t in zip(bounds, times, strict=True)]
    low = -_REACH * math.sqrt(times[0])
    if edges[0] <= low:
        return 1.0
    nodes, weights = scaled_nodes(low, min(edges[0], -low), _NODES_OF_A_SEGMENT * 4)
    scale = INVERSE_SQRT_2PI / math.sqrt(times[0])
    masses = [
        weight * scale * math.exp(-0.5 * x * x / times[0]) for x, weight in zip(nodes, weights, strict=True)
    ]
    for at in range(1, len(times)):
        nodes, masses = _survivors(nodes, masses, (edges[at - 1], edges[at]), times[at], times[at - 1])
        if not nodes:
            return 1.0
    return min(1.0, max(0.0, 1.0 - math.fsum(masses)))


def _check_increasing(information: Sequence[float]) -> None:
    before = 0.0
    for each in information:
        if not before < each < math.inf:
            reject("information", f"{each:g} does not come after {before:g}", "give increasing information")
        before = each


def _survivors(
    nodes: list[float], masses: list[float], edges: tuple[float, float], t: float, before: float
) -> tuple[list[float], list[float]]:
    """The law of the score at `t` among the paths that stayed below the line between the two edges."""
    step = t - before
    low, high = -_REACH * math.sqrt(t), min(edges[1], _REACH * math.sqrt(t))
    if high <= low:
        return [], []
    needed = _NODES_OF_A_SEGMENT + _NODES_PER_STEP * (high - low) / math.sqrt(step)
    following, weights = scaled_nodes(low, high, min(_MOST_NODES, 8 * math.ceil(needed / 8)))
    scale, inverse, twice = INVERSE_SQRT_2PI / math.sqrt(step), -0.5 / step, -2.0 / step
    rooms = [edges[0] - x for x in nodes]
    exp = math.exp
    reach = _STEP_REACH * math.sqrt(step)
    densities = []
    for y in following:
        near = slice(bisect_left(nodes, y - reach), bisect_right(nodes, y + reach))
        crossing = twice * (edges[1] - y)
        arriving = [
            mass * exp(inverse * (y - x) * (y - x)) * (1.0 - exp(crossing * room))
            for x, mass, room in zip(nodes[near], masses[near], rooms[near], strict=True)
        ]
        densities.append(scale * sum(arriving))
    return following, [weight * density for weight, density in zip(weights, densities, strict=True)]


def alike_windows_probability(bounds: Sequence[float], consecutive: int, correlation: float) -> float:
    """P(a run of `consecutive` windows in a row each beyond its bound), of windows that are all alike.

    `bounds`: of standard normals in order of time, every two of which correlate by `correlation`, in [0, 1): what
    windows of the same units show has a part that stays, √ρ Z, and a part of its own, √(1 - ρ) E. Given Z they are
    independent, and runs follow de Moivre's recursion (Feller 1968, XIII.7); over Z it is integrated. Of as many
    windows as make one run it is the most that any law with no larger correlations gives (Slepian 1962). Errors: a count below 1; a correlation out of range.
    """
    require_count("consecutive", consecutive)
    if not 0.0 <= correlation < 1.0:
        reject("correlation", f"{correlation:g} is not in [0, 1)", "give the correlation between two windows")
    return _alike_windows_probability(tuple(bounds), consecutive, correlation)


@lru_cache(maxsize=4096)
def _alike_windows_probability(bounds: tuple[float, ...], consecutive: int, correlation: float) -> float:
    if correlation == 0.0:
        return _run([normal_sf(bound) for bound in bounds], consecutive)
    shared, own = math.sqrt(correlation), math.sqrt(1.0 - correlation)
    count = _NODES_OF_UNITS + 8 * math.ceil(5.0 * shared / own)
    nodes, weights = scaled_nodes(-_REACH, _REACH, count)
    found = []
    for z, weight in zip(nodes, weights, strict=True):
        seen: dict[float, float] = {}
        chances = [
            seen[bound] if bound in seen else seen.setdefault(bound, normal_cdf((shared * z - bound) / own))
            for bound in bounds
        ]
        found.append(weight * math.exp(-0.5 * z * z) * _run(chances, consecutive))
    return min(1.0, INVERSE_SQRT_2PI * math.fsum(found))


def _run(chances: Sequence[float], consecutive: int) -> float:
    """Of independent windows: the chance of a run."""
    running = [1.0] + [0.0] * (consecutive - 1)
    completed = 0.0
    for chance in chances:
        completed += running[-1] * chance
        running = [sum(running) * (1.0 - chance)] + [state * chance for state in running[:-1]]
    return min(1.0, completed)


def alike_windows_level(chance: float, consecutive: int, correlation: float) -> float:
    """The one-sided level of a window at which so many in a row are all significant with this chance.

    Independent ones: chance^(1/k). Errors: as `alike_windows_probability`; a chance not in (0, 1).
    """
    require_share("chance", chance)
    require_count("consecutive", consecutive)
    if consecutive == 1:
        return chance
    if correlation == 0.0:
        return math.pow(chance, 1.0 / consecutive)

    def excess(bound: float) -> float:
        return alike_windows_probability([bound] * consecutive, consecutive, correlation) - chance

    # All of them at once is no likelier than one, and no less likely than independent ones.
    low, high = z_upper(math.pow(chance, 1.0 / consecutive)), z_upper(chance)
    return normal_sf(bracketed_root(excess, low, high, 1e-12))
