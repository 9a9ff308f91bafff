"""Group-sequential designs: alpha spending (Lan & DeMets 1983), classical constants, inflation, stopping.

Convention: a two-sided design is symmetric, and each tail spends alpha / 2 by the function. The
O'Brien-Fleming-like function of a two-sided 5 % test is therefore 2 - 2 Phi(z_{0.0125} / sqrt t) per side.
Boundaries are on the z scale and are not to be confused with halving a spend of 2 - 2 Phi(z_{0.025} / sqrt
t), which is another design of the same level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from egp.stats.values import NamedTuple

from .errors import reject, require_finite, require_positive, require_share, require_sides
from .looks import (
    StoppedPath,
    crossing_probabilities,
    crossing_probability,
    information_fractions,
)
from .normal import normal_pdf, normal_sf, z_upper
from .proportions import require_reachable_power
from .roots import bracketed_root, widened_until

FUNCTIONS = ("obrien_fleming", "pocock", "hwang_shih_decani", "power")
_SMALLEST_SPEND = 1e-300


def spent_alpha(
    function: str,
    alpha_per_side: float,
    fraction: float,
    gamma: float | None = None,
    rho: float | None = None,
) -> float:
    """Cumulative alpha spent on one side at information `fraction` in [0, 1].

    obrien_fleming: 2 - 2 Phi(z_{a/2} / sqrt t) and pocock: a ln(1 + (e - 1) t), Lan & DeMets 1983;
    hwang_shih_decani: a (1 - e^{-gamma t}) / (1 - e^{-gamma}), 1990; power: a t^rho, Kim & DeMets 1987.
    """
    require_share("alpha", alpha_per_side)
    if not 0.0 <= fraction <= 1.0:
        reject("information", f"{fraction:g} is not in [0, 1]", "give fractions of the planned information")
    if fraction == 0.0:
        return 0.0
    if function not in FUNCTIONS:
        reject("function", f"{function!r} is unknown", f"say one of {', '.join(FUNCTIONS)}")
    if function == "obrien_fleming":
        return 2.0 * normal_sf(z_upper(0.5 * alpha_per_side) / math.sqrt(fraction))
    if function == "pocock":
        return alpha_per_side * math.log1p((math.e - 1.0) * fraction)
    if function == "hwang_shih_decani":
        return alpha_per_side * _hwang_shih_decani_share(fraction, gamma)
    return alpha_per_side * _power_share(fraction, rho)


def _hwang_shih_decani_share(fraction: float, gamma: float | None) -> float:
    if gamma is None:
        reject("gamma", "hwang_shih_decani needs it", "give gamma, such as -4 (late spending) or 1 (even)")
    require_finite("gamma", gamma)
    if abs(gamma) > 700.0:
        reject("gamma", f"{gamma:g} is too extreme", "give a gamma between -700 and 700")
    return fraction if gamma == 0.0 else math.expm1(-gamma * fraction) / math.expm1(-gamma)


def _power_share(fraction: float, rho: float | None) -> float:
    if rho is None:
        reject("rho", "the power family needs it", "give rho, such as 3 (late spending) or 1 (even)")
    require_positive("rho", rho)
    return math.pow(fraction, rho)


def spending_boundaries(
    function: str,
    alpha: float,
    information: Sequence[float],
    sides: int = 2,
    gamma: float | None = None,
    rho: float | None = None,
    seen: Sequence[float] | None = None,
) -> list[float]:
    """The z each look has to reach, so that all looks together spend alpha as `function` says.

    information: fractions of the planned information, increasing, the last at most 1 (before the final look
    the boundaries of the looks so far do not depend on those to come). seen: the information that each look
    really had, in any unit, where a run fell short of its plan or went past it: alpha is spent by the fractions,
    and how much looks resemble each other follows from what they saw (Jennison & Turnbull 2000, 7.2.3). Errors:
    unknown function or missing parameter; fractions not increasing in (0, 1]; a look so early that it spends
    nothing a number can hold.
    """
    require_share("alpha", alpha)
    require_sides(sides)
    fractions = _checked_fractions(information)
    times = fractions if seen is None else information_fractions(tuple(seen))
    if len(times) != len(fractions):
        reject("seen", f"{len(times)} looks of {len(fractions)}", "give the information of each look")
    return list(_spending_boundaries(function, alpha, fractions, times, sides, gamma, rho))


def _checked_fractions(information: Sequence[float]) -> tuple[float, ...]:
    if not information:
        reject("information", "no look is given", "give the information fraction of each look")
    information_fractions(tuple(information))
    if information[-1] > 1.0 + 1e-9:
        reject(
            "information",
            f"the last fraction {information[-1]:g} is past 1",
            "give fractions of the planned information; an over-run needs a new plan",
        )
    return tuple(min(1.0, float(fraction)) for fraction in information)


@lru_cache(maxsize=1024)
def _spending_boundaries(
    function: str,
    alpha: float,
    fractions: tuple[float, ...],
    times: tuple[float, ...],
    sides: int,
    gamma: float | None,
    rho: float | None,
) -> tuple[float, ...]:
    path = StoppedPath(sides)
    bounds: list[float] = []
    spent = 0.0
    for fraction, t, following in zip(fractions, times, (*times[1:], None), strict=True):
        total = spent_alpha(function, alpha / sides, fraction, gamma, rho)
        bounds.append(_bound_spending(path, total - spent, t))
        spent = total
        if following is not None:
            path.survive(bounds[-1], t, following)
    return tuple(bounds)


def _bound_spending(path: StoppedPath, spend: float, t: float) -> float:
    """The bound whose first-crossing probability on the upper side is `spend`, solved on the log scale."""
    if spend < _SMALLEST_SPEND:
        reject(
            "information",
            f"the look at {t:g} of the information spends no alpha that could be tested",
            "drop that look, look later, or take a function that spends earlier",
        )
    goal = math.log(spend)

    def excess(bound: float) -> float:
        probability = path.upper_probability(bound, t)
        return math.log(probability) - goal if probability > 0.0 else -math.inf

    # First crossings are fewer than crossings, so the bound of a single look is never below the one sought.
    high = z_upper(spend)
    low = high - 1.0
    while excess(low) < 0.0:
        low -= 1.0
    if excess(high) >= 0.0:
        return high
    return bracketed_root(excess, low, high, 1e-14)


def pocock_constant(alpha: float, looks: int | Sequence[float], sides: int = 2) -> float:
    """The constant z that keeps `alpha` over all looks (Pocock 1977)."""
    return _scaled_constant(alpha, information_fractions(looks), sides, 0.0)


def obrien_fleming_constant(alpha: float, looks: int | Sequence[float], sides: int = 2) -> float:
    """C such that |Z_k| >= C / sqrt(t_k) keeps `alpha` over all looks (O'Brien & Fleming 1979)."""
    return _scaled_constant(alpha, information_fractions(looks), sides, -0.5)


@lru_cache(maxsize=512)
def _scaled_constant(alpha: float, information: tuple[float, ...], sides: int, exponent: float) -> float:
    require_share("alpha", alpha)
    require_sides(sides)
    shape = [t**exponent for t in information]

    def excess(constant: float) -> float:
        return crossing_probability([constant * share for share in shape], information, sides) - alpha

    # One look alone needs the low end, Bonferroni over the looks the high end.
    low, high = z_upper(alpha / sides), z_upper(alpha / sides / len(information))
    return bracketed_root(excess, low - 1e-9, high + 1e-9, 1e-12)


def haybittle_peto_type1(
    interim_z: float, final_z: float, looks: int | Sequence[float], sides: int = 2
) -> float:
    """Overall type I error of a constant interim bound and an unadjusted final one (Haybittle 1971; Peto et
    al. 1976).
    """
    require_finite("interim_z", interim_z)
    require_finite("final_z", final_z)
    require_sides(sides)
    information = information_fractions(looks)
    bounds = [interim_z] * (len(information) - 1) + [final_z]
    return crossing_probability(bounds, information, sides)


def drift_for_power(bounds: Sequence[float], information: Sequence[float], power: float, sides: int) -> float:
    """E[Z] at full information with which the design rejects with probability `power` (both tails count)."""
    require_share("power", power)
    fixed = information_fractions(tuple(information))

    def shortfall(drift: float) -> float:
        return crossing_probability(bounds, fixed, sides, drift) - power

    if shortfall(0.0) >= 0.0:
        reject("power", f"{power} is not above the design's alpha", "choose a power above alpha")
    start = max(0.5, bounds[-1] + z_upper(1.0 - power))
    return bracketed_root(shortfall, 0.0, widened_until(shortfall, 1.1 * start), 1e-11)


def group_sequential_inflation(
    function: str,
    alpha: float,
    looks: int | Sequence[float],
    power: float,
    sides: int = 2,
    gamma: float | None = None,
    rho: float | None = None,
) -> float:
    """How many times the units of a fixed-horizon test the design needs at most: (theta_sequential /
    theta_fixed)^2.

    looks: a number of equally spaced looks or their information fractions ending at 1. Errors as in
    `spending_boundaries`; power not above alpha.
    """
    require_reachable_power(alpha, power, sides)
    return _group_sequential_inflation(
        function, alpha, information_fractions(looks), power, sides, gamma, rho
    )


@lru_cache(maxsize=512)
def _group_sequential_inflation(
    function: str,
    alpha: float,
    information: tuple[float, ...],
    power: float,
    sides: int,
    gamma: float | None,
    rho: float | None,
) -> float:
    bounds = spending_boundaries(function, alpha, information, sides, gamma, rho)
    fixed = drift_for_power([z_upper(alpha / sides)], [1.0], power, sides)
    return (drift_for_power(bounds, information, power, sides) / fixed) ** 2


class LookOutcome(NamedTuple):
    """What to expect of one look of a stopping design.

    information      fraction of the final information bound            z to reach nominal_p        the
    p-value that corresponds to it at this look alone stop             P(the first significant look is this
    one) stopped_so_far   P(significant by now) wrong_sign       P(first significant here, in the direction
    opposite to the true effect) exaggeration     E[|estimate| ; first significant here] / |true effect|; None
    without a true effect, or if the
                     look stops with a probability too small to condition on
    """

    information: float
    bound: float
    nominal_p: float
    stop: float
    stopped_so_far: float
    wrong_sign: float
    exaggeration: float | None


class SequentialCharacteristics(NamedTuple):
    """A stopping design against one true effect: `power`, the expected share of the final units, and each
    look.
    """

    power: float
    expected_information: float
    looks: tuple[LookOutcome, ...]


def sequential_characteristics(
    bounds: Sequence[float], looks: int | Sequence[float], effect_in_final_se: float, sides: int = 2
) -> SequentialCharacteristics:
    """Power, stopping time and exaggeration of a design that stops at the first significant look.

    bounds: z per look, as from `spending_boundaries`, or the same 1.96 everywhere for naive peeking;
    effect_in_final_se: the true effect over the standard error at the last look (0 for no effect; then
    `power` is the type I error). Errors: bounds and looks of different number. Source: Jennison & Turnbull
    2000, 19.2; type M after Gelman & Carlin 2014.
    """
    require_sides(sides)
    require_finite("effect_in_final_se", effect_in_final_se)
    information = information_fractions(looks)
    if len(bounds) != len(information):
        reject("bounds", f"{len(bounds)} bounds for {len(information)} looks", "give one bound per look")
    for bound in bounds:
        require_finite("bounds", bound)
        if sides == 2:
            require_positive("bounds", bound)
    return _sequential_characteristics(tuple(bounds), information, effect_in_final_se, sides)


@lru_cache(maxsize=512)
def _sequential_characteristics(
    bounds: tuple[float, ...], information: tuple[float, ...], drift: float, sides: int
) -> SequentialCharacteristics:
    outcomes: list[LookOutcome] = []
    so_far, expected = 0.0, 0.0
    for bound, t, crossing in zip(
        bounds, information, crossing_probabilities(bounds, information, sides, drift), strict=True
    ):
        stop = crossing.upper + crossing.lower
        so_far += stop
        expected += stop * t
        exaggeration = None
        if drift != 0.0 and stop > 1e-12:
            exaggeration = (crossing.upper_score - crossing.lower_score) / (t * abs(drift) * stop)
        wrong = crossing.lower if drift >= 0.0 else crossing.upper
        outcomes.append(LookOutcome(t, bound, sides * normal_sf(bound), stop, so_far, wrong, exaggeration))
    return SequentialCharacteristics(so_far, expected + max(0.0, 1.0 - so_far), tuple(outcomes))


def look_exaggeration(z_bound: float, effect_in_se: float, sides: int = 2) -> float:
    """E[|estimate|] / |true effect| of one look, given that it is significant, whatever came before.

    effect_in_se: the true effect over the standard error at that look, not 0. Closed form of Lu, Qiu & Deng
    2019.
    """
    require_finite("z_bound", z_bound)
    require_finite("effect_in_se", effect_in_se)
    require_sides(sides)
    if effect_in_se == 0.0:
        reject("effect_in_se", "without a true effect nothing can be exaggerated", "give the true effect")
    effect = abs(effect_in_se)
    upper, lower = normal_sf(z_bound - effect), normal_sf(z_bound + effect) if sides == 2 else 0.0
    size = normal_pdf(z_bound - effect) + effect * upper
    if sides == 2:
        size += normal_pdf(z_bound + effect) - effect * lower
    return size / (effect * (upper + lower))
