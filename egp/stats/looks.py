"""Tests that are looked at more than once: exact crossing probabilities by recursive numerical integration.

The score process S(t) = Z(t) sqrt(t) has independent normal increments: with information fractions t_1 < … <
t_K = 1 and drift theta = E[Z(1)], S_k - S_{k-1} ~ N(theta d^2, d^2), d^2 = t_k - t_{k-1}. The density of S_k
among the paths that have not stopped is carried from look to look on Gauss-Legendre nodes (Armitage,
McPherson & Rowe 1969; Jennison & Turnbull 2000, chapter 19). Only number and information spacing of the looks
matter, not units or days.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

from egp.stats.values import NamedTuple

from .errors import reject, require_count, require_share, require_sides
from .normal import INVERSE_SQRT_2PI, normal_pdf, normal_sf, z_upper
from .quadrature import scaled_nodes

_REACH, _ALARM_REACH = 8.5, 5.5
"""Standard deviations after which next to nothing is: by the last digits of a design, and by those of an alarm's chance."""
ALARM_ERROR = 1e-5
_BASE_NODES = 24
_NODES_PER_STEP = 1.9
_MOST_NODES = 1500
MOST_LOOKS = 5000
_STEP_REACH, _STEP_NODES = 6.0, 20

_exp = math.exp


class LookCrossing(NamedTuple):
    """What happens at one look, paths that stopped before left out.

    `upper`, `lower`: probabilities to cross; `upper_score`, `lower_score`: E[S_k; crossed there], for
    conditional means.
    """

    upper: float
    lower: float
    upper_score: float
    lower_score: float


def information_fractions(looks: int | Sequence[float]) -> tuple[float, ...]:
    """Fractions of the final information, increasing and ending at 1: from a number of equal steps or a given
    schedule.

    A schedule may be in any unit that is proportional to information. Errors: no look, not increasing, not
    positive.
    """
    if isinstance(looks, int):
        require_count("looks", looks)
        _check_number_of_looks(looks)
        return tuple(k / looks for k in range(1, looks + 1))
    return _normalised(tuple(looks))


@lru_cache(maxsize=1024)
def _normalised(schedule: tuple[float, ...]) -> tuple[float, ...]:
    if not schedule:
        reject("looks", "the schedule is empty", "give at least one look")
    _check_number_of_looks(len(schedule))
    previous = 0.0
    for value in schedule:
        if not previous < value < math.inf:
            reject(
                "looks",
                f"{value:g} does not come after {previous:g}",
                "give the information at each look, positive and increasing",
            )
        previous = value
    return tuple(value / schedule[-1] for value in schedule)


def _check_number_of_looks(count: int) -> None:
    if count > MOST_LOOKS:
        reject(
            "looks",
            f"{count} looks are more than {MOST_LOOKS}",
            "give fewer, or treat the monitoring as continuous with an always-valid method",
        )


def repeated_looks_type1(alpha: float, looks: int | Sequence[float], sides: int = 2) -> float:
    """P(a true null hypothesis is rejected at one of the looks at least), each look testing at the unadjusted
    `alpha`.

    looks: a number of equally spaced looks, or the information (units, in effect) at each. Daily looks of a
    14-day test at 5 %: 0.2196. Errors: alpha out of range, looks not increasing. Source: Armitage, McPherson
    & Rowe 1969, table 2.
    """
    require_share("alpha", alpha)
    require_sides(sides)
    return _repeated_looks_type1(alpha, information_fractions(looks), sides)


@lru_cache(maxsize=4096)
def _repeated_looks_type1(alpha: float, information: tuple[float, ...], sides: int) -> float:
    bounds = (z_upper(alpha / sides),) * len(information)
    return crossing_probability(bounds, information, sides)


def crossing_probability(
    bounds: Sequence[float], information: Sequence[float], sides: int, drift: float = 0.0
) -> float:
    """P(Z_k >= bound_k at some look), two-sided |Z_k| >= bound_k, when E[Z(1)] = drift."""
    crossings = crossing_probabilities(bounds, information, sides, drift)
    return min(1.0, math.fsum(crossing.upper + crossing.lower for crossing in crossings))


def most_crossing_probability(bounds: Sequence[float], information: Sequence[float]) -> float:
    """At least P(Z_k >= bound_k at some look), without drift: the first look's chance, and at each later one that
    of crossing there and not at the look before.

    A hundred times faster than the exact recursion, and above it: 26.5 % for fourteen equal looks at 1.645
    that cross with 19.2 %, less for bounds that rise. `information`: increasing, in any unit. Source: Hunter
    1976; Worsley 1982.
    """
    return _most_crossing_probability(tuple(bounds), tuple(information))


@lru_cache(maxsize=512)
def _most_crossing_probability(bounds: tuple[float, ...], information: tuple[float, ...]) -> float:
    fresh = [
        _first_crossing(before, bound, math.sqrt(earlier / t))
        for before, bound, earlier, t in zip(bounds, bounds[1:], information, information[1:], strict=False)
    ]
    return min(1.0, normal_sf(bounds[0]) + math.fsum(fresh)) if bounds else 0.0


def alarm_probability(bounds: Sequence[float], looks: Sequence[float]) -> float:
    """P(Z_k >= bound_k at some look), without drift, up to an error of `ALARM_ERROR`.

    The recursion of `sequential_characteristics` in a third of its work, for chances that are compared with a
    percentage; where the looks together have next to no chance, their sum. `looks`: information, increasing, in
    any unit. Errors: looks not increasing.
    """
    return _alarm_probability(tuple(bounds), information_fractions(looks))


@lru_cache(maxsize=512)
def _alarm_probability(bounds: tuple[float, ...], information: tuple[float, ...]) -> float:
    most = math.fsum(map(normal_sf, bounds))
    if most <= ALARM_ERROR / 10:
        return most
    crossings = crossing_probabilities(bounds, information, sides=1, reach=_ALARM_REACH)
    return min(1.0, math.fsum(crossing.upper for crossing in crossings))


def _first_crossing(before: float, bound: float, correlation: float) -> float:
    """P(X < before, Z >= bound) of standard normals of this correlation, by quadrature over X where Z is near."""
    spread = math.sqrt(1.0 - correlation * correlation)
    low = min(before, correlation * bound) - _STEP_REACH * spread
    nodes, weights = scaled_nodes(low, before, _STEP_NODES)
    return INVERSE_SQRT_2PI * math.fsum(
        [
            weight * _exp(-0.5 * x * x) * normal_sf((bound - correlation * x) / spread)
            for x, weight in zip(nodes, weights, strict=True)
        ]
    )


def crossing_probabilities(
    bounds: Sequence[float],
    information: Sequence[float],
    sides: int,
    drift: float = 0.0,
    reach: float = _REACH,
) -> list[LookCrossing]:
    """`LookCrossing` of every look; `bounds` on the z scale, `information` as fractions of the final one."""
    path = StoppedPath(sides, drift, reach)
    crossings = []
    for bound, t, following in zip(bounds, information, (*information[1:], None), strict=True):
        crossings.append(path.crossing(bound, t))
        if following is not None:
            path.survive(bound, t, following)
    return crossings


class StoppedPath:
    """The law of the score among the paths still running, look by look.

    `crossing` asks about a bound at the next look without committing to it, `survive` moves on past it.
    """

    def __init__(self, sides: int, drift: float = 0.0, reach: float = _REACH) -> None:
        self.sides = sides
        self.drift = drift
        self._reach = reach
        self._symmetric = sides == 2 and drift == 0.0
        self._time = 0.0
        self._nodes: list[float] = [0.0]
        self._masses: list[float] = [1.0]

    def crossing(self, bound: float, t: float) -> LookCrossing:
        """Probabilities and partial score means of crossing `bound` (z scale) at information `t`."""
        step = math.sqrt(t - self._time)
        edge, move = bound * math.sqrt(t), self.drift * step * step
        upper = _tail(self._nodes, self._masses, edge, move, step)
        if self._symmetric:
            return LookCrossing(upper[0], upper[0], upper[1], -upper[1])
        if self.sides == 1:
            return LookCrossing(upper[0], 0.0, upper[1], 0.0)
        lower = _tail([-node for node in self._nodes], self._masses, edge, -move, step)
        return LookCrossing(upper[0], lower[0], upper[1], -lower[1])

    def upper_probability(self, bound: float, t: float) -> float:
        inverse = 1.0 / math.sqrt(t - self._time)
        edge = bound * math.sqrt(t) - self.drift * (t - self._time)
        return math.fsum(
            [
                mass * normal_sf((edge - node) * inverse)
                for node, mass in zip(self._nodes, self._masses, strict=True)
            ]
        )

    def survive(self, bound: float, t: float, following: float) -> None:
        """Carry on the paths that do not cross `bound` at `t`; the next look will be at `following`."""
        low, high = self._interval(bound, t)
        nodes, weights = scaled_nodes(low, high, _node_count(high - low, min(t - self._time, following - t)))
        if self._symmetric:
            half = len(nodes) // 2
            densities = self._densities(nodes[half:], t)
            densities = densities[::-1] + densities
        else:
            densities = self._densities(nodes, t)
        self._masses = [weight * density for weight, density in zip(weights, densities, strict=True)]
        self._nodes = nodes
        self._time = t

    def _interval(self, bound: float, t: float) -> tuple[float, float]:
        """Where the running paths are, cut where next to nothing of them is; never empty."""
        root = math.sqrt(t)
        centre, edge, reach = self.drift * t, bound * root, self._reach * root
        high = min(edge, centre + reach)
        low = max(-edge, centre - reach) if self.sides == 2 else min(centre, edge) - reach
        return low, max(high, low + 1e-9 * root)

    def _densities(self, at: Sequence[float], t: float) -> list[float]:
        """Density of the running paths' score at the points `at`, at information `t`."""
        step = math.sqrt(t - self._time)
        move, scale, unit = self.drift * step * step, INVERSE_SQRT_2PI / step, math.sqrt(0.5) / step
        nodes, masses, reach = (
            [node * unit for node in self._nodes],
            self._masses,
            self._reach * math.sqrt(0.5),
        )
        densities = []
        for point in at:
            start = (point - move) * unit
            first, last = bisect_left(nodes, start - reach), bisect_right(nodes, start + reach)
            densities.append(
                scale
                * sum(
                    [
                        mass * _exp((start - node) * (node - start))
                        for node, mass in zip(nodes[first:last], masses[first:last], strict=True)
                    ]
                )
            )
        return densities


def _tail(
    nodes: Sequence[float], masses: Sequence[float], edge: float, move: float, step: float
) -> tuple[float, float]:
    """P(S >= edge) and E[S; S >= edge] after one increment N(move, step^2)."""
    probability, score = [], []
    for node, mass in zip(nodes, masses, strict=True):
        mean = node + move
        standardised = (edge - mean) / step
        tail = normal_sf(standardised)
        probability.append(mass * tail)
        score.append(mass * (mean * tail + step * normal_pdf(standardised)))
    return math.fsum(probability), math.fsum(score)


def _node_count(width: float, variance: float) -> int:
    """Enough nodes to resolve an increment of this variance on an interval of this width; even."""
    needed = _BASE_NODES + _NODES_PER_STEP * width / math.sqrt(variance)
    if needed > _MOST_NODES:
        reject(
            "looks",
            "two looks lie too close together in information",
            "merge looks that add next to no information",
        )
    # Few different counts, because each has its nodes computed once.
    step = max(8, 1 << (int(needed).bit_length() - 3))
    return step * math.ceil(needed / step)
