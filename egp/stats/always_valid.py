"""Always-valid inference: tests that may be looked at after every unit."""

from __future__ import annotations

import math

from .errors import require_positive, require_share, require_sides
from .normal import z_upper
from .proportions import require_reachable_power


def mixture_sprt_z(
    variance_of_difference: float, mixing_variance: float, alpha: float = 0.05, sides: int = 2
) -> float:
    """The |z| at which the normal-mixture SPRT rejects: sqrt((V + tau^2) / tau^2 (2 ln(1/alpha) + ln((V +
    tau^2) / V))).

    variance_of_difference: V, the squared standard error now; mixing_variance: tau^2, fixed before the data,
    in the same unit squared. One-sided: the same mixture at 2 alpha, looking at one sign. Sources: Robbins
    1970; Johari et al. 2017.
    """
    require_positive("variance_of_difference", variance_of_difference)
    require_positive("mixing_variance", mixing_variance)
    require_share("alpha", alpha)
    require_sides(sides)
    level = alpha if sides == 2 else min(1.0, 2.0 * alpha)
    variance, mixing = variance_of_difference, mixing_variance
    evidence = -2.0 * math.log(level) + math.log1p(mixing / variance)
    return math.sqrt((variance + mixing) / mixing * evidence)


def asymptotic_confidence_sequence_z(
    n: float, alpha: float = 0.05, n_star: float | None = None, sides: int = 2
) -> float:
    """Half-width of the asymptotic confidence sequence over the standard error, at `n` units.

    n_star: the size it is tuned to be narrowest at, fixed in advance; default n. One-sided: at 2 alpha.
    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, eq. 9, tuning after their appendix.
    """
    require_positive("n", n)
    tuned_to = n if n_star is None else n_star
    require_positive("n_star", tuned_to)
    require_share("alpha", alpha)
    require_sides(sides)
    level = alpha if sides == 2 else min(1.0, 2.0 * alpha)
    spread = -2.0 * math.log(level)
    if spread == 0.0:
        return 0.0
    rho_squared = (spread + math.log(spread + 1.0)) / tuned_to
    grown = n * rho_squared
    return math.sqrt(2.0 * (grown + 1.0) / grown * math.log(math.sqrt(grown + 1.0) / level))


def always_valid_inflation(alpha: float, power: float, sides: int = 2) -> float:
    """How many times the units of a fixed-horizon test give the same power at the size the sequence is tuned
    to.

    Only the last moment counts here; stopping earlier than that is what the price buys.
    """
    require_reachable_power(alpha, power, sides)
    needed = z_upper(alpha / sides) + z_upper(1.0 - power)
    sequence = asymptotic_confidence_sequence_z(1.0, alpha, 1.0, sides) + z_upper(1.0 - power)
    require_positive("power", needed)
    return (sequence / needed) ** 2
