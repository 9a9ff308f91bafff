"""What a significant result of an underpowered test is worth: power, wrong sign, exaggeration."""

from __future__ import annotations

from egp.stats.values import NamedTuple

from .errors import reject, require_finite, require_positive, require_share, require_sides
from .normal import normal_sf, z_upper
from .roots import bracketed_root
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


class Selected(NamedTuple):
    """An effect that was reported because it won: what is left of it when that is taken into account."""

    estimate: float
    """Median-unbiased: above the true effect as often as below it, among winners."""
    low: float
    high: float


_FURTHEST = 35.0
"""Standard errors below which no effect is looked for: tails further out are no numbers any more."""


def corrected_for_selection(estimate: float, se: float, cut: float, alpha: float = 0.05) -> Selected:
    """An estimate that is only acted on above `cut`, without the winner's curse, with its 1 - alpha interval.

    Given the win the estimate has a normal distribution cut off at `cut`; each number is the effect under which what
    was seen lies at a quantile of it: 1/2, alpha / 2, 1 - alpha / 2 (Zhong & Prentice 2008, the conditional interval;
    the median in place of the mean, so that one formula gives all three). Errors: an estimate below its cut, se not
    positive.
    """
    require_finite("estimate", estimate)
    require_positive("se", se)
    require_share("alpha", alpha)
    if estimate < cut:
        reject("estimate", "an estimate below the cut has won nothing", "give the estimate of a winner")

    def at(quantile: float) -> float:
        def beyond(effect: float) -> float:
            return normal_sf((estimate - effect) / se) / normal_sf((cut - effect) / se) - quantile

        low, high = estimate - _FURTHEST * se, estimate + _FURTHEST * se
        return low if beyond(low) > 0.0 else bracketed_root(beyond, low, high)

    return Selected(at(0.5), at(alpha / 2), at(1 - alpha / 2))
