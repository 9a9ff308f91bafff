"""What a significant result of an underpowered test is worth: power, wrong sign, exaggeration."""

from __future__ import annotations

from egp.stats.values import NamedTuple

from .errors import reject, require_finite, require_positive, require_share, require_sides
from .normal import normal_sf, z_upper
from .spending import look_exaggeration


class TypeM(NamedTuple):
    """power; type_s: P(wrong sign | significant); exaggeration: E[|estimate| | significant] / |true
    effect|.
    """

    power: float
    type_s: float
    exaggeration: float


def type_m(true_effect: float, se: float, alpha: float = 0.05, sides: int = 2) -> TypeM:
    """Type S and type M error of a test of level `alpha` (Gelman & Carlin 2014; closed form Lu, Qiu & Deng
    2019).

    true_effect and se (of the estimate) in the same unit; one-sided tests look in the direction of the
    effect. Errors: an effect of 0, which nothing can exaggerate; se not positive.
    """
    require_finite("true_effect", true_effect)
    require_positive("se", se)
    require_share("alpha", alpha)
    require_sides(sides)
    if true_effect == 0.0:
        reject("true_effect", "without a true effect nothing can be exaggerated", "give the true effect")
    effect, critical = abs(true_effect) / se, z_upper(alpha / sides)
    wrong = normal_sf(critical + effect) if sides == 2 else 0.0
    power = normal_sf(critical - effect) + wrong
    return TypeM(power, wrong / power, look_exaggeration(critical, effect, sides))
