"""Changes relative to the control that is observed: bounds of a ratio, and margins declared in per cent.

"Harm of 5 %" of a metric whose control came out at c is 0.05 c, not 0.05 of a baseline that was written down
months ago. What is tested is t - (1 + m) c (of a metric that should not rise) or t - (1 - m) c, whose standard
error has the control's spread in it: no ratio is estimated, so nothing is divided by a noisy control. A ratio's
interval is the set of ratios that this test does not reject (Fieller 1954; Hauschke et al. 1999, Statistics in
Medicine 18).
"""

from __future__ import annotations

from collections.abc import Callable

from egp.stats.hints import Literal, Protocol
from egp.stats.values import NamedTuple

from .errors import StatisticsInputError, reject, require_positive, require_share, require_sides
from .roots import bracketed_root

Harm = Literal["increase", "decrease"]

_MOST_DOUBLINGS = 60


class Contrast(Protocol):
    """What `Difference` and `RateContrast` answer of treatment less control, or less a multiple of it."""

    @property
    def estimate(self) -> float: ...
    @property
    def standard_error(self) -> float: ...
    @property
    def df(self) -> float | None: ...
    def critical(self, tail: float) -> float: ...
    def statistic(self, null: float = 0.0) -> float: ...
    def upper_tail(self, null: float = 0.0) -> float: ...
    def lower_tail(self, null: float = 0.0) -> float: ...
    def p_value(self, null: float = 0.0) -> float: ...
    def interval(self, alpha: float) -> tuple[float, float]: ...
    def within(self, critical: float) -> tuple[float, float]: ...


class NonInferiority(NamedTuple):
    """harm: estimated harm (signed); harm_bound: its one-sided upper confidence bound; p_value against harm
    >= margin. Of `relative_non_inferiority` all three are shares of the control's value.
    """

    harm: float
    harm_bound: float
    margin: float
    p_value: float
    non_inferior: bool


def ratio_interval(contrast_at: Callable[[float], Contrast], seen: float, tail: float) -> tuple[float, float]:
    """The ratios of treatment to control that a test with `tail` at either end does not reject.

    contrast_at: ratio -> the contrast t - ratio * c; seen: the ratio estimated, at least 0. A lower end of 0
    says that nothing above it is rejected. Error: a control that is not clearly above zero, which bounds no
    ratio.
    """
    require_share("tail", tail)

    def too_low(ratio: float) -> float:
        """Positive where the ratio is rejected for being too low."""
        contrast = contrast_at(ratio)
        return contrast.statistic() - contrast.critical(tail)

    def too_high(ratio: float) -> float:
        contrast = contrast_at(ratio)
        return -contrast.statistic() - contrast.critical(tail)

    return _lower(too_low, seen), _upper(too_high, seen)


def _upper(too_high: Callable[[float], float], seen: float) -> float:
    low = high = max(seen, 1e-9)
    for _ in range(_MOST_DOUBLINGS):
        high *= 2.0
        if too_high(high) >= 0.0:
            return bracketed_root(too_high, low, high)
        low = high
    raise StatisticsInputError(
        "control",
        "its value is not clearly above zero, so that no change is relative to it",
        "declare an absolute margin, or take more units",
    )


def _lower(too_low: Callable[[float], float], seen: float) -> float:
    low = high = seen
    for _ in range(_MOST_DOUBLINGS):
        low *= 0.5
        if low <= 0.0:
            return 0.0
        if too_low(low) >= 0.0:
            return bracketed_root(too_low, low, high)
        high = low
    return 0.0


def null_ratio(margin: float, harm: Harm) -> float:
    """Treatment over control at harm of a relative `margin`: 1 + m where harm is an increase, else 1 - m."""
    require_positive("margin", margin)
    if harm == "increase":
        return 1.0 + margin
    if harm != "decrease":
        raise StatisticsInputError("harm", f"{harm!r} is unknown", "say increase or decrease")
    if margin >= 1.0:
        reject("margin", "nothing can fall by all of itself", "give a relative margin below 1")
    return 1.0 - margin


def relative_non_inferiority(
    contrast_at: Callable[[float], Contrast],
    seen: float,
    margin: float,
    harm: Harm,
    alpha: float = 0.05,
    sides: int = 1,
) -> NonInferiority:
    """Whether harm of `margin`, a share of the control observed (0.05 for 5 %), is ruled out.

    contrast_at: ratio -> the contrast, as `lambda r: ratio_contrast(control, treatment, r)` for means, ratios
    and quantiles, or `RateContrast(...).of_ratio` for rates; seen: the ratio estimated, treatment / control.
    harm, harm_bound and margin are relative. Errors: margin not positive, or 1 and more of a decrease;
    unknown harm; a control that is not clearly above zero.
    """
    require_share("alpha", alpha)
    require_sides(sides)
    null = contrast_at(null_ratio(margin, harm))
    low, high = ratio_interval(contrast_at, seen, alpha / sides)
    if harm == "increase":
        return NonInferiority(seen - 1.0, high - 1.0, margin, null.lower_tail(), high - 1.0 < margin)
    return NonInferiority(1.0 - seen, 1.0 - low, margin, null.upper_tail(), 1.0 - low < margin)
