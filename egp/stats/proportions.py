"""Two proportions: units, power and minimum detectable effect, superiority and non-inferiority.

Notation: p_c, p_t the arms' rates; r = n_treatment / n_control; q(p) = p (1 - p). Every standard deviation
here is multiplied by sqrt(n_control). With sd0 under the null hypothesis and sd1 under the alternative
(Fleiss 1981; Chow, Shao & Wang 2008, 4.2):

    n_control = ((z_{alpha/sides} sd0 + z_{1-power} sd1) / (p_t - p_c))^2

The far tail of a two-sided test is left out unless requested: at 95 % power it is below 1e-8.
"""

from __future__ import annotations

import math

from egp.stats.hints import Literal

from .errors import reject, require_positive, require_share, require_sides
from .normal import normal_cdf, z_upper
from .roots import bracketed_root
from .score import restricted_rates

ProportionMethod = Literal["pooled", "unpooled", "arcsine", "baseline_null"]
NonInferiorityMethod = Literal["fm", "unpooled"]
Harm = Literal["increase", "decrease"]

_sqrt = math.sqrt
# Its square, times any ratio and factor of a plan, is still a number.
_MOST_STANDARDISED = 1e120


def null_and_alternative_sd(
    p_control: float, p_treatment: float, ratio: float, method: ProportionMethod
) -> tuple[float, float]:
    """sd0 and sd1, both times sqrt(n_control); `arcsine` on the scale of `arcsine_difference`."""
    if method == "arcsine":
        sd = _sqrt(1.0 + 1.0 / ratio)
        return sd, sd
    q_control = p_control * (1.0 - p_control)
    alternative = _sqrt(q_control + p_treatment * (1.0 - p_treatment) / ratio)
    if method == "unpooled":
        return alternative, alternative
    if method == "baseline_null":
        return _sqrt(q_control * (1.0 + 1.0 / ratio)), alternative
    pooled = (p_control + ratio * p_treatment) / (1.0 + ratio)
    return _sqrt(pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)), alternative


def arcsine_difference(p_control: float, p_treatment: float) -> float:
    """Cohen's h (1988, chapter 6)."""
    return 2.0 * math.asin(_sqrt(p_treatment)) - 2.0 * math.asin(_sqrt(p_control))


def _distance(p_control: float, p_treatment: float, method: ProportionMethod) -> float:
    if method == "arcsine":
        return abs(arcsine_difference(p_control, p_treatment))
    return abs(p_treatment - p_control)


def two_proportion_units(
    p_control: float,
    p_treatment: float,
    alpha: float,
    power: float,
    sides: int = 2,
    ratio: float = 1.0,
    method: ProportionMethod = "pooled",
) -> float:
    """Units of the control arm, real-valued, at which the test finds p_treatment with the required power.

    Errors: rates outside (0, 1) or equal; power not above alpha.
    """
    _check_rates(p_control, p_treatment)
    _check_test(alpha, sides, ratio)
    require_reachable_power(alpha, power, sides)
    if p_control == p_treatment:
        reject(
            "p_treatment", "it equals p_control", "give the change to be found; no size finds a change of 0"
        )
    sd0, sd1 = null_and_alternative_sd(p_control, p_treatment, ratio, method)
    needed = z_upper(alpha / sides) * sd0 + z_upper(1.0 - power) * sd1
    return squared_need(needed, _distance(p_control, p_treatment, method))


def two_proportion_power(
    p_control: float,
    p_treatment: float,
    n_control: float,
    n_treatment: float,
    alpha: float,
    sides: int = 2,
    method: ProportionMethod = "pooled",
    far_tail: bool = False,
) -> float:
    """Probability that the test rejects; with `far_tail` also in the direction that is not true."""
    _check_rates(p_control, p_treatment)
    require_positive("n_control", n_control)
    require_positive("n_treatment", n_treatment)
    _check_test(alpha, sides, n_treatment / n_control)
    sd0, sd1 = null_and_alternative_sd(p_control, p_treatment, n_treatment / n_control, method)
    signal = _distance(p_control, p_treatment, method) * _sqrt(n_control)
    hurdle = z_upper(alpha / sides) * sd0
    power = normal_cdf((signal - hurdle) / sd1)
    return power + normal_cdf((-signal - hurdle) / sd1) if far_tail and sides == 2 else power


def two_proportion_mde(
    p_control: float,
    n_control: float,
    n_treatment: float,
    alpha: float,
    power: float,
    sides: int = 2,
    method: ProportionMethod = "pooled",
    direction: Literal["up", "down"] = "up",
) -> float:
    """Smallest absolute change, positive, that is found with the required power in the required direction.

    Up and down differ because the variance does. Error: not even a change to 0 % or 100 % would be found.
    """
    require_share("p_control", p_control)
    require_positive("n_control", n_control)
    require_positive("n_treatment", n_treatment)
    ratio = n_treatment / n_control
    _check_test(alpha, sides, ratio)
    require_reachable_power(alpha, power, sides)
    z_alpha, z_power = z_upper(alpha / sides), z_upper(1.0 - power)
    sign, room = (1.0, 1.0 - p_control) if direction == "up" else (-1.0, p_control)
    root_n = _sqrt(n_control)

    def reach(change: float) -> float:
        p_treatment = min(max(p_control + sign * change, 0.0), 1.0)
        sd0, sd1 = null_and_alternative_sd(p_control, p_treatment, ratio, method)
        return _distance(p_control, p_treatment, method) * root_n - z_alpha * sd0 - z_power * sd1

    if reach(room) < 0.0:
        reject_out_of_reach("n_control", n_control, p_control)
    return bracketed_root(reach, 0.0, room)


def reject_out_of_reach(parameter: str, units: float, baseline: float) -> None:
    reject(
        parameter,
        f"an arm of {units:g} finds no change of a rate of {baseline:g} with this power",
        "take more units or accept less power; the effect would have to pass 0 % or 100 %",
    )


def non_inferiority_sd(
    p_control: float,
    p_treatment: float,
    margin: float,
    harm: Harm,
    ratio: float,
    method: NonInferiorityMethod,
) -> tuple[float, float]:
    """sd0 and sd1 times sqrt(n_control) of the test of `p_t` being worse than `p_c` by `margin`."""
    alternative = _sqrt(p_control * (1.0 - p_control) + p_treatment * (1.0 - p_treatment) / ratio)
    if method == "unpooled":
        return alternative, alternative
    null_difference = margin if harm == "increase" else -margin
    x, y = restricted_rates(p_control, p_treatment, ratio, 1.0, null_difference)
    return _sqrt(x * (1.0 - x) + y * (1.0 - y) / ratio), alternative


def _away_from_harm(p_control: float, p_treatment: float, harm: Harm) -> float:
    return p_treatment - p_control if harm == "decrease" else p_control - p_treatment


def non_inferiority_proportion_units(
    p_control: float,
    p_treatment: float,
    margin: float,
    alpha: float,
    power: float,
    harm: Harm = "decrease",
    sides: int = 1,
    ratio: float = 1.0,
    method: NonInferiorityMethod = "fm",
) -> float:
    """Units of the control arm that rule out harm of `margin` (absolute, positive) with the required power.

    `fm` takes the null variance at the restricted maximum-likelihood rates (Farrington & Manning 1990),
    `unpooled` the Wald variance (Chow, Shao & Wang 2008). Errors: margin not positive or past what the rate
    can lose; p_treatment worse than p_control by the margin or more.
    """
    _check_rates(p_control, p_treatment)
    _check_test(alpha, sides, ratio)
    require_reachable_power(alpha, power, sides)
    check_proportion_margin(p_control, margin, harm)
    distance = require_distance_from_margin(
        margin, _away_from_harm(p_control, p_treatment, harm), "p_treatment"
    )
    sd0, sd1 = non_inferiority_sd(p_control, p_treatment, margin, harm, ratio, method)
    return squared_need(z_upper(alpha / sides) * sd0 + z_upper(1.0 - power) * sd1, distance)


def non_inferiority_proportion_power(
    p_control: float,
    p_treatment: float,
    margin: float,
    n_control: float,
    n_treatment: float,
    alpha: float,
    harm: Harm = "decrease",
    sides: int = 1,
    method: NonInferiorityMethod = "fm",
) -> float:
    """Probability to conclude non-inferiority at these rates and units."""
    _check_rates(p_control, p_treatment)
    require_positive("n_control", n_control)
    require_positive("n_treatment", n_treatment)
    ratio = n_treatment / n_control
    _check_test(alpha, sides, ratio)
    check_proportion_margin(p_control, margin, harm)
    sd0, sd1 = non_inferiority_sd(p_control, p_treatment, margin, harm, ratio, method)
    distance = margin + _away_from_harm(p_control, p_treatment, harm)
    return normal_cdf((distance * _sqrt(n_control) - z_upper(alpha / sides) * sd0) / sd1)


def check_proportion_margin(p_control: float, margin: float, harm: Harm) -> None:
    require_positive("margin", margin)
    room = p_control if harm == "decrease" else 1.0 - p_control
    if margin >= room:
        reject(
            "margin",
            f"a rate of {p_control:g} cannot {harm} by {margin:g}",
            f"give an absolute margin below {room:g}; a relative one has to be multiplied by the baseline",
        )


def require_distance_from_margin(margin: float, away_from_harm: float, parameter: str) -> float:
    distance = margin + away_from_harm
    if distance <= 0.0:
        reject(
            parameter,
            f"the assumed true harm of {-away_from_harm:g} is not inside the margin of {margin:g}",
            "assume less harm (usually 0) or widen the margin",
        )
    return distance


def require_reachable_power(alpha: float, power: float, sides: int) -> None:
    require_share("alpha", alpha)
    require_sides(sides)
    if not alpha < power < 1.0:
        reject(
            "power",
            f"{power} is not between alpha = {alpha} and 1",
            "choose a power above alpha and below 1, such as 0.95",
        )


def squared_need(needed: float, distance: float) -> float:
    """(needed / distance)^2, the size at which `distance` stands `needed` standard deviations out."""
    if needed <= 0.0:
        reject("power", "the test reaches it without any units", "choose a power well above alpha")
    standardised = needed / distance
    if not standardised < _MOST_STANDARDISED:
        reject(
            "effect",
            f"{distance:g} is too small for any finite number of units",
            "give a larger effect or margin",
        )
    return standardised * standardised


def _check_rates(p_control: float, p_treatment: float) -> None:
    require_share("p_control", p_control)
    require_share("p_treatment", p_treatment)


def _check_test(alpha: float, sides: int, ratio: float) -> None:
    require_share("alpha", alpha)
    require_sides(sides)
    require_positive("ratio", ratio)
