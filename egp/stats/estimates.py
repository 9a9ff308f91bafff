"""Estimates and tests from sufficient statistics: what the gate computes from aggregates, never from unit
rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from egp.stats.values import NamedTuple

from .errors import (
    StatisticsInputError,
    reject,
    require_finite,
    require_non_negative,
    require_positive,
    require_share,
    require_sides,
)
from .normal import normal_sf, z_upper
from .relative import Contrast, Harm, NonInferiority
from .student import student_sf, t_upper

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ArmSums:
    """Sums over the units of one arm.

    units, sum, sum_squares: of the metric (of the numerator for a ratio); denominator_sum,
    denominator_sum_squares, cross_sum (numerator times denominator): for a ratio; covariate_sum,
    covariate_sum_squares, covariate_cross_sum (metric times covariate): for CUPED; of a ratio, whose covariate
    is one, the moments of the covariate's denominator and what either denominator has in common with the others:
    covariates_cross_sum (both of the covariate), covariate_denominator_cross_sum (with the metric's numerator),
    denominator_covariate_cross_sum (the metric's denominator with the covariate's numerator),
    denominators_cross_sum. Errors: fewer than two
    units; sums of squares that no values can have.
    """

    units: float
    sum: float
    sum_squares: float
    denominator_sum: float | None = None
    denominator_sum_squares: float | None = None
    cross_sum: float | None = None
    covariate_sum: float | None = None
    covariate_sum_squares: float | None = None
    covariate_cross_sum: float | None = None
    covariate_denominator_sum: float | None = None
    covariate_denominator_sum_squares: float | None = None
    covariates_cross_sum: float | None = None
    covariate_denominator_cross_sum: float | None = None
    denominator_covariate_cross_sum: float | None = None
    denominators_cross_sum: float | None = None

    def __post_init__(self) -> None:
        require_finite("units", self.units)
        if self.units < 2:
            reject(
                "units",
                f"an arm of {self.units:g} has no variance",
                "wait until each arm has at least two units",
            )
        require_finite("sum", self.sum)
        require_non_negative("sum_squares", self.sum_squares)


class ArmEstimate(NamedTuple):
    """One arm's value with its standard error; `units` None where degrees of freedom are not known
    (quantiles).
    """

    value: float
    standard_error: float
    units: float | None = None


def _centred(units: float, sum_a: float, sum_b: float, sum_ab: float) -> float:
    """The sample covariance of two columns."""
    return (sum_ab - sum_a * sum_b / units) / (units - 1.0)


def _variance(parameter: str, units: float, total: float, squares: float) -> float:
    variance = _centred(units, total, total, squares)
    if variance < -_ROUNDING * squares / units:
        reject(
            parameter,
            f"{squares:g} is less than the square of the sum over the units",
            "give the sum of the squared values of the units, over the same units as the sum",
        )
    return max(variance, 0.0)


def _covariance(
    parameter: str, units: float, sums: tuple[float, float], cross: float, variances: tuple[float, float]
) -> float:
    covariance = _centred(units, *sums, cross)
    if (
        covariance * covariance
        > variances[0] * variances[1] * (1.0 + _ROUNDING) + _ROUNDING * cross * cross / units**2
    ):
        reject(parameter, "it means a correlation past 1", "give the sum of the products over the same units")
    return covariance


def mean_of_arm(sums: ArmSums) -> ArmEstimate:
    """Mean per unit and its standard error, sample variance with units - 1."""
    variance = _variance("sum_squares", sums.units, sums.sum, sums.sum_squares)
    return ArmEstimate(sums.sum / sums.units, math.sqrt(variance / sums.units), sums.units)


def ratio_of_arm(sums: ArmSums) -> ArmEstimate:
    """Ratio of sums and its delta-method standard error (Deng, Knoblich & Lu 2018).

    Errors: a denominator column is missing, or the denominators sum to 0.
    """
    if sums.denominator_sum is None or sums.denominator_sum_squares is None or sums.cross_sum is None:
        reject(
            "denominator_sum",
            "a ratio needs its denominators",
            "give denominator_sum, denominator_sum_squares and cross_sum",
        )
    units = sums.units
    numerator = _variance("sum_squares", units, sums.sum, sums.sum_squares)
    denominator = _variance(
        "denominator_sum_squares", units, sums.denominator_sum, sums.denominator_sum_squares
    )
    covariance = _covariance(
        "cross_sum", units, (sums.sum, sums.denominator_sum), sums.cross_sum, (numerator, denominator)
    )
    mean_denominator = sums.denominator_sum / units
    error = ratio_standard_error(
        sums.sum / units, mean_denominator, numerator, denominator, covariance, units
    )
    return ArmEstimate(sums.sum / sums.denominator_sum, error, units)


def ratio_standard_error(
    mean_numerator: float,
    mean_denominator: float,
    var_numerator: float,
    var_denominator: float,
    covariance: float,
    units: float,
) -> float:
    """Standard error of a ratio of means, inputs per unit (Deng, Knoblich & Lu 2018, eq. 2)."""
    return linearised_std_dev(
        mean_numerator, mean_denominator, var_numerator, var_denominator, covariance
    ) / math.sqrt(_positive_units(units))


def linearised_std_dev(
    mean_numerator: float,
    mean_denominator: float,
    var_numerator: float,
    var_denominator: float,
    covariance: float,
) -> float:
    """Standard deviation per unit of (Y - R X) / mean X, the `std_dev` of a planned test of kind ratio.

    Errors: a mean denominator of 0; variances below 0; a covariance larger than they allow.
    """
    require_finite("mean_numerator", mean_numerator)
    require_finite("mean_denominator", mean_denominator)
    require_non_negative("var_numerator", var_numerator)
    require_non_negative("var_denominator", var_denominator)
    require_finite("covariance", covariance)
    if mean_denominator == 0.0:
        reject("mean_denominator", "a ratio over 0 does not exist", "give a denominator whose mean is not 0")
    ratio = mean_numerator / mean_denominator
    variance = var_numerator - 2.0 * ratio * covariance + ratio * ratio * var_denominator
    if variance < -_ROUNDING * (var_numerator + ratio * ratio * var_denominator):
        reject(
            "covariance", f"{covariance:g} is larger than the variances allow", "give the covariance per unit"
        )
    return math.sqrt(max(variance, 0.0)) / abs(mean_denominator)


def _positive_units(units: float) -> float:
    require_positive("units", units)
    return units


class CupedEstimates(NamedTuple):
    """Adjusted means; `theta`, the common slope; `variance_ratio`, adjusted over plain variance of the
    difference.
    """

    control: ArmEstimate
    treatment: ArmEstimate
    theta: float
    variance_ratio: float


def cuped_of_arms(control: ArmSums, treatment: ArmSums) -> CupedEstimates:
    """Means adjusted by a pre-period covariate, one slope from both arms (Deng, Xu, Kohavi & Walker 2013).

    The slope is the pooled within-arm covariance over the pooled variance of the covariate. Errors: a
    covariate column is missing, or the covariate does not vary.
    """
    arms = control, treatment
    both = math.fsum(_given(arm, "covariate_sum") for arm in arms)
    return _adjusted(arms, [_mean_moments(arm) for arm in arms], both / (control.units + treatment.units))


def cuped_ratio_of_arms(control: ArmSums, treatment: ArmSums) -> CupedEstimates:
    """Ratios adjusted by the same ratio in the pre-period, one slope from both arms.

    A ratio is a mean of (Y - R D) / mean D to first order, its covariate one of (X - S Z) / mean Z; CUPED is that
    of these values (Deng, Knoblich & Lu 2018, section 4). Units without a pre-period have X = Z = 0, which
    is no deviation from S. Errors: a column is missing, a denominator sums to 0, the covariate does not vary.
    """
    arms = control, treatment
    both = [math.fsum(_given(arm, f"covariate{part}_sum") for arm in arms) for part in ("", "_denominator")]
    if both[1] == 0.0:
        reject("covariate_denominator_sum", "no unit has a pre-period", "take a covariate that units have")
    return _adjusted(arms, [_ratio_moments(arm) for arm in arms], both[0] / both[1])


class _Moments(NamedTuple):
    """An arm's metric and covariate, and per unit their variances and their covariance."""

    value: float
    covariate: float
    var_value: float
    var_covariate: float
    covariance: float


def _adjusted(arms: tuple[ArmSums, ArmSums], moments: list[_Moments], centre: float) -> CupedEstimates:
    """Both arms as if the covariate were `centre` in each."""
    degrees = [arm.units - 1.0 for arm in arms]
    spread = math.fsum(d * each.var_covariate for d, each in zip(degrees, moments, strict=True))
    if spread <= 0.0:
        reject(
            "covariate_sum_squares",
            "the covariate does not vary",
            "take a covariate that differs between units",
        )
    theta = math.fsum(d * each.covariance for d, each in zip(degrees, moments, strict=True)) / spread
    adjusted, plain = [], []
    for arm, each in zip(arms, moments, strict=True):
        kept = each.var_value - 2.0 * theta * each.covariance + theta * theta * each.var_covariate
        value = each.value - theta * (each.covariate - centre)
        adjusted.append(ArmEstimate(value, math.sqrt(max(kept, 0.0) / arm.units), arm.units))
        plain.append(each.var_value / arm.units)
    total = math.fsum(plain)
    left = math.fsum(arm.standard_error**2 for arm in adjusted) / total if total > 0.0 else 1.0
    return CupedEstimates(adjusted[0], adjusted[1], theta, left)


def _mean_moments(sums: ArmSums) -> _Moments:
    units, x = sums.units, _given(sums, "covariate_sum")
    squares = _given(sums, "covariate_sum_squares")
    variances = (
        _variance("sum_squares", units, sums.sum, sums.sum_squares),
        _variance("covariate_sum_squares", units, x, squares),
    )
    cross = _given(sums, "covariate_cross_sum")
    covariance = _covariance("covariate_cross_sum", units, (sums.sum, x), cross, variances)
    return _Moments(sums.sum / units, x / units, *variances, covariance)


def covariate_moments(sums: ArmSums) -> _Moments:
    """Metric and covariate per unit, of a ratio linearised."""
    return _mean_moments(sums) if sums.denominator_sum is None else _ratio_moments(sums)


_PAIRS = (
    (("sum", "covariate_sum"), "covariate_cross_sum"),
    (("sum", "covariate_denominator_sum"), "covariate_denominator_cross_sum"),
    (("denominator_sum", "covariate_sum"), "denominator_covariate_cross_sum"),
    (("denominator_sum", "covariate_denominator_sum"), "denominators_cross_sum"),
)


def _ratio_moments(sums: ArmSums) -> _Moments:
    units, d, z = sums.units, sums.denominator_sum, _given(sums, "covariate_denominator_sum")
    x = _given(sums, "covariate_sum")
    squares, cross = (
        _given(sums, name) for name in ("covariate_denominator_sum_squares", "covariates_cross_sum")
    )
    before = ArmSums(units, x, _given(sums, "covariate_sum_squares"), z, squares, cross)
    now, then = ratio_of_arm(sums), ratio_of_arm(before)
    assert d is not None, "its ratio has one"
    covariances = []
    for names, pair in _PAIRS:
        totals = _given(sums, names[0]), _given(sums, names[1])
        variances = [
            _variance(f"{name}_squares", units, total, _given(sums, f"{name}_squares"))
            for name, total in zip(names, totals, strict=True)
        ]
        product = _given(sums, pair)
        covariances.append(_covariance(pair, units, totals, product, (variances[0], variances[1])))
    yx, yz, dx, dz = covariances
    covariance = (yx - then.value * yz - now.value * dx + now.value * then.value * dz) / (
        d / units * z / units
    )
    return _Moments(
        now.value, then.value, now.standard_error**2 * units, then.standard_error**2 * units, covariance
    )


def _given(sums: ArmSums, column: str) -> float:
    value: float | None = getattr(sums, column)
    if value is None:
        reject(column, "CUPED needs a covariate", f"give {column}")
    return value


@dataclass(frozen=True, slots=True)
class Difference:
    """Treatment less control: `estimate`, its `standard_error` > 0, and `df` (None: normal)."""

    estimate: float
    standard_error: float
    df: float | None = None

    def critical(self, tail: float) -> float:
        """The quantile with probability `tail` above it."""
        require_share("tail", tail)
        return z_upper(tail) if self.df is None else t_upper(tail, self.df)

    def statistic(self, null: float = 0.0) -> float:
        """How many standard errors the estimate lies above a true difference of `null`."""
        return (self.estimate - null) / self.standard_error

    def upper_tail(self, null: float = 0.0) -> float:
        """P-value against a true difference of `null` or less."""
        statistic = self.statistic(null)
        return normal_sf(statistic) if self.df is None else student_sf(statistic, self.df)

    def lower_tail(self, null: float = 0.0) -> float:
        """P-value against a true difference of `null` or more."""
        return Difference(-self.estimate, self.standard_error, self.df).upper_tail(-null)

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided."""
        return min(1.0, 2.0 * min(self.upper_tail(null), self.lower_tail(null)))

    def interval(self, alpha: float) -> tuple[float, float]:
        """Two-sided interval of confidence 1 - alpha."""
        return self.within(self.critical(alpha / 2.0))

    def within(self, critical: float) -> tuple[float, float]:
        """The differences at most `critical` standard errors away, as of a boundary of several looks."""
        reach = critical * self.standard_error
        return self.estimate - reach, self.estimate + reach


def difference(control: ArmEstimate, treatment: ArmEstimate) -> Difference:
    """Unequal-variance difference with Welch-Satterthwaite degrees of freedom (Welch 1947), normal if units
    are unknown.

    Error: neither arm varies, so that there is no standard error to judge by.
    """
    variance_c, variance_t = control.standard_error**2, treatment.standard_error**2
    variance = variance_c + variance_t
    if not 0.0 < variance < math.inf:
        reject("standard_error", "neither arm's value varies", "wait for more data, or check the aggregates")
    df = None
    if control.units is not None and treatment.units is not None:
        shares = (variance_c / variance, variance_t / variance)
        df = 1.0 / (shares[0] ** 2 / (control.units - 1.0) + shares[1] ** 2 / (treatment.units - 1.0))
    return Difference(treatment.value - control.value, math.sqrt(variance), df)


def ratio_contrast(control: ArmEstimate, treatment: ArmEstimate, ratio: float) -> Difference:
    """treatment - ratio * control, for null hypotheses that are relative to the control observed.

    Its standard error is sqrt(v_t + ratio^2 v_c), v the squared standard errors, with Welch's degrees of
    freedom. "Harm of 5 % or more" of a metric that should not rise is `lower_tail()` at ratio 1.05, of one
    that should not fall `upper_tail()` at ratio 0.95; `relative_non_inferiority` has the bound, too. Errors: ratio not positive; a control
    value that is not positive, to which nothing is relative; neither arm varies.
    """
    require_positive("ratio", ratio)
    require_positive("control", control.value)
    scaled = ArmEstimate(ratio * control.value, ratio * control.standard_error, control.units)
    return difference(scaled, treatment)


def relative_lift(control: ArmEstimate, treatment: ArmEstimate) -> Difference:
    """(treatment - control) / control with its delta-method standard error; normal.

    Var = v_t / c^2 + v_c t^2 / c^4, v the squared standard errors. Error: a control value of 0.
    """
    if control.value == 0.0:
        reject("control", "a lift over 0 does not exist", "report the absolute difference")
    ratio = treatment.value / control.value
    error = math.hypot(treatment.standard_error, ratio * control.standard_error) / abs(control.value)
    if not 0.0 < error < math.inf:
        reject("standard_error", "neither arm's value varies", "wait for more data, or check the aggregates")
    return Difference(ratio - 1.0, error)


def non_inferiority(
    observed: Contrast, margin: float, harm: Harm, alpha: float = 0.05, sides: int = 1
) -> NonInferiority:
    """Whether harm of `margin` (absolute, positive) is ruled out: its upper confidence bound lies below the
    margin.

    harm: the direction that is harm; the bound takes alpha / sides of one tail. Errors: margin not positive,
    unknown harm.
    """
    require_positive("margin", margin)
    require_share("alpha", alpha)
    require_sides(sides)
    low, high = observed.within(observed.critical(alpha / sides))
    if harm == "increase":
        return NonInferiority(observed.estimate, high, margin, observed.lower_tail(margin), high < margin)
    if harm == "decrease":
        return NonInferiority(-observed.estimate, -low, margin, observed.upper_tail(-margin), -low < margin)
    raise StatisticsInputError("harm", f"{harm!r} is unknown", "say increase or decrease")


def harm_p_value(observed: Contrast, harm: Harm, margin: float = 0.0) -> float:
    """One-sided p-value of "no harm beyond `margin`" (absolute); small where harm is significant.

    Relative: the contrast at `null_ratio(margin, harm)`, with margin 0.
    """
    require_non_negative("margin", margin)
    if harm == "increase":
        return observed.upper_tail(margin)
    if harm == "decrease":
        return observed.lower_tail(-margin)
    raise StatisticsInputError("harm", f"{harm!r} is unknown", "say increase or decrease")
