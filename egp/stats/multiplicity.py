"""Many comparisons: corrected levels, critical values, Holm, and the guardrails of one decision rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from egp.stats.hints import Literal

from .errors import (
    StatisticsInputError,
    reject,
    require_correlation,
    require_count,
    require_share,
    require_sides,
)
from .normal import normal_pdf, normal_sf, z_upper
from .quadrature import integral
from .roots import bracketed_root

Correction = Literal["none", "bonferroni", "holm", "dunnett"]

_NODES = 24
_REACH = 9.0
_STEP, _STEPS = 1.5, 6


def bonferroni_z(alpha: float, comparisons: int, sides: int = 2) -> float:
    """The critical value at alpha / comparisons."""
    _check_family(alpha, comparisons, sides)
    return z_upper(alpha / comparisons / sides)


@lru_cache(maxsize=1024)
def dunnett_z(
    alpha: float, comparisons: int, sides: int = 2, rho: float = 0.5, df: float | None = None
) -> float:
    """The c with P(max |Z_i| <= c) = 1 - alpha (one-sided: max Z_i) over treatments that share a control
    (Dunnett 1955).

    rho: correlation of two comparisons, n_t / (n_t + n_c) for equal treatments; df: None for known variance,
    else the degrees of freedom of the common variance estimate. Errors: alpha or rho out of range,
    comparisons below 1.
    """
    _check_family(alpha, comparisons, sides)
    require_correlation("rho", rho)
    single, split = alpha / sides, alpha / sides / comparisons
    low, high = z_upper(single), z_upper(split)
    if df is not None:
        from .student import t_upper

        low, high = t_upper(single, df), t_upper(split, df)

    def excess(critical: float) -> float:
        return _family_exceedance(critical, comparisons, sides, rho, df) - alpha

    margin = 1e-9 * (1.0 + abs(high))
    return bracketed_root(excess, low - margin, high + margin)


def _family_exceedance(critical: float, count: int, sides: int, rho: float, df: float | None) -> float:
    if df is None:
        return equicorrelated_exceedance(critical, count, sides, rho)
    from .student import scale_distribution

    return math.fsum(
        share * equicorrelated_exceedance(critical * w, count, sides, rho)
        for w, share in scale_distribution(df)
    )


def equicorrelated_exceedance(critical: float, count: int, sides: int, rho: float) -> float:
    """P(at least one of `count` standard normals with common correlation rho exceeds `critical`, in size if
    two-sided).

    Conditions on the shared factor (Dunnett & Sobel 1955); the complement is built by log1p and expm1, so
    that small probabilities keep their digits. Errors: count below 1, rho not in [0, 1).
    """
    require_count("count", count)
    require_correlation("rho", rho)
    require_sides(sides)
    if rho == 0.0:
        return _any_of(_tail_probability(critical, 0.0, 1.0, sides), count)
    shared, own = math.sqrt(rho), math.sqrt(1.0 - rho)

    def given_factor(u: float) -> float:
        return normal_pdf(u) * _any_of(_tail_probability(critical, shared * u, own, sides), count)

    centres = [critical / shared] if sides == 1 else [-critical / shared, critical / shared]
    return math.fsum(
        integral(given_factor, low, high, _NODES) for low, high in pairwise(_edges(centres, own / shared))
    )


def _edges(centres: Sequence[float], width: float) -> list[float]:
    """Panels that are fine where, at high correlation, the probability rises from 0 to 1 within a `width` or two."""
    coarse = [_REACH * step / 2.0 for step in range(-2, 3)]
    fine = [centre + width * step * _STEP for centre in centres for step in range(-_STEPS, _STEPS + 1)]
    return sorted({*coarse, *[edge for edge in fine if abs(edge) < _REACH]})


def _tail_probability(critical: float, shift: float, scale: float, sides: int) -> float:
    upper = normal_sf((critical - shift) / scale)
    return upper + normal_sf((critical + shift) / scale) if sides == 2 else upper


def _any_of(probability: float, count: int) -> float:
    """1 - (1 - p)^count."""
    return 1.0 if probability >= 1.0 else -math.expm1(count * math.log1p(-probability))


def corrected_alpha(
    alpha: float, comparisons: int, correction: Correction, sides: int = 2, rho: float = 0.5
) -> float:
    """The level of each single comparison to plan with, so that the family of `comparisons` keeps `alpha`.

    Holm is planned with its first step, alpha / comparisons, the only one that is sure. Dunnett: `sides`
    times the tail above its critical value. Errors: unknown correction, comparisons below 1, alpha or rho out
    of range.
    """
    _check_family(alpha, comparisons, sides)
    if correction == "none":
        return alpha
    if correction in ("bonferroni", "holm"):
        return alpha / comparisons
    if correction == "dunnett":
        return sides * normal_sf(dunnett_z(alpha, comparisons, sides, rho))
    raise StatisticsInputError(
        "correction", f"{correction!r} is unknown", "say none, bonferroni, holm or dunnett"
    )


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Step-down adjusted p-values, in the order given (Holm 1979)."""
    for p_value in p_values:
        if not 0.0 <= p_value <= 1.0:
            reject("p_values", f"{p_value} is not in [0, 1]", "give p-values")
    count = len(p_values)
    adjusted = [0.0] * count
    running = 0.0
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        running = max(running, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def any_guardrail_false_alarm(
    guardrails: int, alpha: float, sides: int = 1, rho: float = 0.0, looks: int | Sequence[float] = 1
) -> float:
    """P(at least one of `guardrails` harmless guardrails is significant at an uncorrected `alpha`).

    rho: common correlation of the guardrails; looks: how often each is tested over its life (then they must
    be independent). Errors: no guardrail; correlated guardrails at several looks, which have no
    one-dimensional form.
    """
    _check_family(alpha, guardrails, sides, "guardrails")
    require_correlation("rho", rho)
    if looks == 1:
        return equicorrelated_exceedance(z_upper(alpha / sides), guardrails, sides, rho)
    if rho != 0.0:
        reject(
            "rho",
            "several looks at correlated guardrails are not computed",
            "take rho = 0, an upper bound for positively correlated guardrails, or one look",
        )
    from .looks import repeated_looks_type1

    return _any_of(repeated_looks_type1(alpha, looks, sides), guardrails)


def guardrail_power_target(overall_power: float, guardrails: int) -> float:
    """1 - beta / (G + 1): the power each test needs for a rule that demands success and every guardrail to
    pass.

    Union bound over the G + 1 clauses (Schultzberg, Ankargren & Frånberg 2024). Alpha of the guardrails is
    not corrected, because the rule ships only if all pass.
    """
    require_share("overall_power", overall_power)
    require_count("guardrails", guardrails, at_least=0)
    return 1.0 - (1.0 - overall_power) / (guardrails + 1)


def guardrail_unit_inflation(overall_power: float, guardrails: int, alpha: float, sides: int) -> float:
    """How many times the units of a single test at `overall_power` each test takes at
    `guardrail_power_target`.
    """
    require_share("alpha", alpha)
    require_sides(sides)
    target = guardrail_power_target(overall_power, guardrails)
    z_alpha = z_upper(alpha / sides)
    needed = z_alpha + z_upper(1.0 - overall_power)
    if needed <= 0.0:
        reject("overall_power", "the test reaches it without any units", "choose a power well above alpha")
    return ((z_alpha + z_upper(1.0 - target)) / needed) ** 2


def all_pass_probability(probabilities: Sequence[float]) -> tuple[float, float, float]:
    """P(all clauses hold): (Bonferroni/Fréchet lower bound, product if independent, Fréchet upper bound)."""
    for probability in probabilities:
        if not 0.0 <= probability <= 1.0:
            reject("probabilities", f"{probability} is not in [0, 1]", "give probabilities")
    if not probabilities:
        return 1.0, 1.0, 1.0
    lower = max(0.0, 1.0 - math.fsum(1.0 - probability for probability in probabilities))
    return lower, math.prod(probabilities), min(probabilities)


def _check_family(alpha: float, count: int, sides: int, parameter: str = "comparisons") -> None:
    require_share("alpha", alpha)
    require_count(parameter, count)
    require_sides(sides)
