"""Two means: units, power and minimum detectable effect.

Normal approximation (Chow, Shao & Wang 2008, 3.2): n_control = (z_{alpha/sides} + z_{1-power})^2 (sd_c^2 +
sd_t^2/r) / delta^2. Exact: the two-sample t test with equal variances has non-central t power with df = n_c +
n_t - 2 and ncp = delta / (sd sqrt(1/n_c + 1/n_t)).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

from .errors import reject, require_finite, require_positive, require_share, require_sides
from .normal import normal_cdf, z_upper
from .proportions import require_reachable_power, squared_need
from .roots import bracketed_root, widened_until
from .student import noncentral_t_sf, t_upper

Distribution = Literal["z", "t"]

SMALLEST_ARM = 2.0


def mean_units(
    delta: float,
    sd_control: float,
    alpha: float,
    power: float,
    sides: int = 2,
    ratio: float = 1.0,
    sd_treatment: float | None = None,
    distribution: Distribution = "z",
    far_tail: bool = False,
) -> float:
    """Units of the control arm, real-valued, at which a difference `delta` is found with the required power.

    `t` needs equal standard deviations. Errors: delta 0, a standard deviation not positive, power not above
    alpha.
    """
    _check_mean_test(alpha, sides, sd_control, sd_treatment, distribution)
    require_positive("ratio", ratio)
    require_reachable_power(alpha, power, sides)
    require_finite("delta", delta)
    if delta == 0.0:
        reject("delta", "a difference of 0 is found by no size", "give the difference to be found")
    sd = math.sqrt(sd_control**2 + (sd_treatment or sd_control) ** 2 / ratio)
    units = squared_need(z_upper(alpha / sides) + z_upper(1.0 - power), abs(delta) / sd)
    if distribution == "z" and not (far_tail and sides == 2):
        return units

    def shortfall(n: float) -> float:
        return (
            mean_power(delta, sd_control, n, ratio * n, alpha, sides, sd_treatment, distribution, far_tail)
            - power
        )

    least = max(SMALLEST_ARM, SMALLEST_ARM / ratio) if distribution == "t" else 1e-9 * units
    if shortfall(least) >= 0.0:
        return least
    return bracketed_root(shortfall, least, widened_until(shortfall, max(units, 2.0 * least)))


def mean_power(
    delta: float,
    sd_control: float,
    n_control: float,
    n_treatment: float,
    alpha: float,
    sides: int = 2,
    sd_treatment: float | None = None,
    distribution: Distribution = "z",
    far_tail: bool = False,
) -> float:
    """Probability that a true difference `delta` is found; with `far_tail` rejections in the wrong
    direction count.
    """
    _check_mean_test(alpha, sides, sd_control, sd_treatment, distribution)
    require_positive("n_control", n_control)
    require_positive("n_treatment", n_treatment)
    se = math.sqrt(sd_control**2 / n_control + (sd_treatment or sd_control) ** 2 / n_treatment)
    tails = (1.0, -1.0) if far_tail and sides == 2 else (1.0,)
    signal = abs(delta) / se
    if distribution == "z":
        critical = z_upper(alpha / sides)
        return math.fsum(normal_cdf(tail * signal - critical) for tail in tails)
    df = n_control + n_treatment - 2.0
    critical = t_upper(alpha / sides, df)
    return math.fsum(noncentral_t_sf(critical, df, tail * signal) for tail in tails)


def mean_mde(
    sd_control: float,
    n_control: float,
    n_treatment: float,
    alpha: float,
    power: float,
    sides: int = 2,
    sd_treatment: float | None = None,
    distribution: Distribution = "z",
) -> float:
    """Smallest absolute difference, positive, found with the required power: needed standard errors times the
    error.
    """
    _check_mean_test(alpha, sides, sd_control, sd_treatment, distribution)
    require_positive("n_control", n_control)
    require_positive("n_treatment", n_treatment)
    require_reachable_power(alpha, power, sides)
    se = math.sqrt(sd_control**2 / n_control + (sd_treatment or sd_control) ** 2 / n_treatment)
    if distribution == "t":
        return needed_standard_errors_t(alpha, sides, power, n_control + n_treatment - 2.0) * se
    needed = z_upper(alpha / sides) + z_upper(1.0 - power)
    if needed <= 0.0:
        reject("power", "the test reaches it without any effect", "choose a power well above alpha")
    return needed * se


@lru_cache(maxsize=4096)
def needed_standard_errors_t(alpha: float, sides: int, power: float, df: float) -> float:
    """The non-centrality at which a t test with `df` degrees of freedom has the required power (far tail left
    out).
    """
    critical = t_upper(alpha / sides, df)

    def shortfall(ncp: float) -> float:
        return noncentral_t_sf(critical, df, ncp) - power

    if shortfall(0.0) >= 0.0:
        reject("power", "the test reaches it without any effect", "choose a power well above alpha")
    return bracketed_root(shortfall, 0.0, widened_until(shortfall, critical + z_upper(1.0 - power) + 1.0))


def _check_mean_test(
    alpha: float, sides: int, sd_control: float, sd_treatment: float | None, distribution: Distribution
) -> None:
    require_share("alpha", alpha)
    require_sides(sides)
    require_positive("sd_control", sd_control)
    if sd_treatment is None:
        return
    require_positive("sd_treatment", sd_treatment)
    if distribution == "t" and sd_treatment != sd_control:
        reject(
            "sd_treatment",
            "the exact t power is for equal standard deviations",
            "give equal standard deviations or use the normal approximation",
        )
