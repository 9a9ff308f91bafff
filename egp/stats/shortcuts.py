"""Rules of thumb and what they really deliver; power and MDE read off a standard error."""

from __future__ import annotations

import math

from .errors import reject, require_finite, require_positive, require_share, require_sides
from .normal import normal_cdf, normal_sf, z_upper
from .proportions import require_reachable_power


def shortcut_mde(baseline: float, units_per_arm: float, alpha: float = 0.05) -> float:
    """z_{alpha/2} sqrt(2 p (1 - p) / n): often taken for the MDE, but an effect of that size is found half
    of the time.
    """
    require_share("baseline", baseline)
    require_positive("units_per_arm", units_per_arm)
    require_share("alpha", alpha)
    return z_upper(alpha / 2.0) * math.sqrt(2.0 * baseline * (1.0 - baseline) / units_per_arm)


def shortcut_mde_power(alpha: float = 0.05) -> float:
    """The power at the shortcut MDE, variances equal: 1/2 + Phi(-2 z_{alpha/2}), the far tail included."""
    require_share("alpha", alpha)
    return 0.5 + normal_sf(2.0 * z_upper(alpha / 2.0))


def shortcut_mde_ratio(power: float, alpha: float = 0.05, sides: int = 2) -> float:
    """How many times the shortcut the MDE at `power` really is: (z_{alpha/sides} + z_{1-power}) /
    z_{alpha/sides}.
    """
    require_reachable_power(alpha, power, sides)
    if alpha / sides >= 0.5:
        reject("alpha", f"{alpha} leaves nothing to reach", "give an alpha per side below 0.5")
    z_alpha = z_upper(alpha / sides)
    return (z_alpha + z_upper(1.0 - power)) / z_alpha


def lehr_units(std_dev: float, effect: float) -> float:
    """16 sd^2 / effect^2 units per arm (Lehr 1992): 80 % power at two-sided 5 %, and nothing else."""
    require_positive("std_dev", std_dev)
    require_finite("effect", effect)
    if effect == 0.0:
        reject("effect", "a change of 0 is found by no size", "give the change to be found")
    return 16.0 * (std_dev / effect) ** 2


def mde_of_standard_error(se: float, power: float, alpha: float = 0.05, sides: int = 2) -> float:
    """The effect found with probability `power` by a test whose estimate has standard error `se`, in its
    unit.
    """
    require_positive("se", se)
    require_reachable_power(alpha, power, sides)
    needed = z_upper(alpha / sides) + z_upper(1.0 - power)
    if needed <= 0.0:
        reject("power", "the test reaches it without any effect", "choose a power well above alpha")
    return needed * se


def power_of_standard_error(effect: float, se: float, alpha: float = 0.05, sides: int = 2) -> float:
    """The probability to find a true `effect` with an estimate of standard error `se` (far tail left out)."""
    require_finite("effect", effect)
    require_positive("se", se)
    require_share("alpha", alpha)
    require_sides(sides)
    return normal_cdf(abs(effect) / se - z_upper(alpha / sides))


def standard_error_of_interval(low: float, high: float, alpha: float = 0.05) -> float:
    """The standard error behind a two-sided normal interval of confidence 1 - alpha."""
    require_finite("low", low)
    require_finite("high", high)
    require_share("alpha", alpha)
    if not low < high:
        reject("high", f"{high:g} is not above {low:g}", "give the lower end first")
    return (high - low) / (2.0 * z_upper(alpha / 2.0))


def relative_mde(
    mean: float, variance: float, units_per_arm: float, alpha: float, power: float, sides: int = 2
) -> float:
    """The relative lift found with probability `power` if the analysis is of the relative lift itself (delta
    method).

    Its standard error grows with the effect: D = k sqrt(v / (n m^2) (1 + (1 + D)^2)), the same variance in
    both arms. Errors: mean 0; too few units for any lift to be found.
    """
    require_finite("mean", mean)
    require_positive("variance", variance)
    require_positive("units_per_arm", units_per_arm)
    require_reachable_power(alpha, power, sides)
    if mean == 0.0:
        reject("mean", "a lift over 0 does not exist", "plan for an absolute effect")
    k = z_upper(alpha / sides) + z_upper(1.0 - power)
    if k <= 0.0:
        reject("power", "the test reaches it without any effect", "choose a power well above alpha")
    noise = k * k * variance / (units_per_arm * mean * mean)
    if noise >= 1.0:
        reject(
            "units_per_arm",
            f"an arm of {units_per_arm:g} finds no relative lift of any size",
            f"take more than {noise * units_per_arm:.0f} units per arm",
        )
    return (noise + math.sqrt(noise * (2.0 - noise))) / (1.0 - noise)
