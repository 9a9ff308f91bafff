"""The registered test of one metric: how many units it needs, what power it has, what it can detect.

One vocabulary for the four kinds of metric. A `proportion` takes its variance from the rate itself; a `mean`
has a standard deviation per unit, a `ratio` that of its linearised unit values (delta method), a `quantile`
that of its influence function.

Conventions: the critical value is z_{alpha/sides}; the far tail of a two-sided test is left out; a proportion
is planned for the score test that judges it (`RateContrast`: the variance at the most likely rates under the
null hypothesis), or for the larger of that and the unpooled variance where its units are clustered or adjusted
and it is judged as a mean; a margin declared relative is one of t - (1 +- m) c, whose variance has the control's
(1 +- m)^2-fold; a mean is planned by the exact non-central t below `EXACT_T_BELOW_DF` degrees of freedom and by
the normal distribution from there on; the power of a score test is counted outcome by outcome where an arm
expects fewer than `EXACT_BELOW_EVENTS` events, or units without one. Numbers of units are real-valued; `ArmUnits.ceil` rounds each arm up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from egp.stats.hints import Literal
from egp.stats.values import NamedTuple, frozen, replace

from .errors import (
    StatisticsInputError,
    reject,
    require_finite,
    require_positive,
    require_share,
    require_sides,
)
from .exact import EXACT_BELOW_EVENTS, exact_score_power, least_expected
from .normal import normal_cdf, z_upper
from .proportions import (
    check_proportion_margin,
    non_inferiority_sd,
    null_and_alternative_sd,
    reject_out_of_reach,
    require_distance_from_margin,
    require_reachable_power,
    squared_need,
)
from .relative import null_ratio
from .roots import bracketed_root
from .score import restricted_rates

Kind = Literal["proportion", "mean", "ratio", "quantile"]
Direction = Literal["increase", "decrease"]

SdPairs = tuple[tuple[float, float], ...]

EXACT_T_BELOW_DF = 1000.0
_SECANT_STEPS = 20
_NEARLY = 1.0 - 1e-9
_WHOLE = 1e-6
_MOST_COUNTED = 1e7
"""Units in all up to which power is counted: past it the larger arm's events have too wide a spread."""

_sqrt = math.sqrt


@frozen
class PlannedTest:
    """The registered test of one metric between one treatment and control.

    kind             what the metric is; decides where the variance comes from
    baseline         the control's mean, rate or quantile, in the metric's own unit
    std_dev          standard deviation per unit: plain (mean), linearised (ratio), of the influence function
                     (quantile); None for a proportion
    alpha            significance level of this one comparison, after any correction
    sides            2: alpha is shared by both tails; 1: one tail has it all (usual for non-inferiority)
    margin           non-inferiority margin above 0, in the metric's own unit; makes the test one of
                     non-inferiority
    harm             the direction that is harm; used with a margin only
    ratio            n_treatment / n_control
    variance_factor  multiplies the number of units: CUPED's 1 - rho^2 times a design effect
    relative         the margin is one of the control observed (`margin` / `baseline` of it), not of the
                     baseline; needs a baseline above 0
    variance         of a proportion: `score` as its test has it; `unpooled` where it is judged as a mean, and
                     then no less than the score's

    Errors: `StatisticsInputError` naming the field that cannot be.
    """

    kind: Kind
    baseline: float
    std_dev: float | None = None
    alpha: float = 0.05
    sides: Literal[1, 2] = 2
    margin: float | None = None
    harm: Direction = "decrease"
    ratio: float = 1.0
    variance_factor: float = 1.0
    relative: bool = False
    variance: Literal["score", "unpooled"] = "score"

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            require_share("alpha", self.alpha)
        require_sides(self.sides)
        require_positive("ratio", self.ratio)
        require_positive("variance_factor", self.variance_factor)
        if self.kind == "proportion":
            self._check_proportion()
        elif self.kind in ("mean", "ratio", "quantile"):
            self._check_measured()
        else:
            reject("kind", f"{self.kind!r} is unknown", "say proportion, mean, ratio or quantile")
        if self.relative and self.margin is not None:
            require_positive("baseline", self.baseline)
            null_ratio(self.margin / self.baseline, self.harm)

    def _check_proportion(self) -> None:
        require_share("baseline", self.baseline)
        if self.std_dev is not None:
            reject(
                "std_dev",
                "a proportion has its standard deviation from its baseline",
                "leave it out, or say kind mean",
            )
        if self.margin is not None:
            check_proportion_margin(self.baseline, self.margin, self.harm)

    def _check_measured(self) -> None:
        require_finite("baseline", self.baseline)
        if self.std_dev is None:
            reject("std_dev", f"a {self.kind} needs one", "give the standard deviation per unit")
        require_positive("std_dev", self.std_dev)
        if self.margin is not None:
            require_positive("margin", self.margin)


class ArmUnits(NamedTuple):
    """Units of the control and of the treatment arm, real-valued."""

    control: float
    treatment: float

    def ceil(self) -> tuple[int, int]:
        """Whole units, each arm rounded up by itself."""
        return math.ceil(self.control), math.ceil(self.treatment)

    @property
    def smallest(self) -> float:
        return min(self.control, self.treatment)

    @property
    def total(self) -> float:
        return self.control + self.treatment


def required_units(test: PlannedTest, effect: float, power: float) -> ArmUnits:
    """The units at which the test succeeds with probability `power` if the true change is `effect`.

    effect: signed absolute change, in the metric's unit (superiority); with a margin the true difference away
    from harm, usually 0. Errors: an effect of 0, a rate moved past 0 or 1, harm not inside the margin, power
    not above alpha.
    """
    require_reachable_power(test.alpha, power, test.sides)
    z_alpha, z_power = z_upper(test.alpha / test.sides), z_upper(1.0 - power)
    distance = _distance(test, effect)
    if test.kind == "proportion":
        needed = max([z_alpha * sd0 + z_power * sd1 for sd0, sd1 in _proportion_sds(test, effect)])
        control = squared_need(needed, distance)
    else:
        sd = _arm_sd(test)
        control = squared_need(z_alpha + z_power, distance / sd)
    control *= test.variance_factor
    if test.kind == "mean" and control * (1.0 + test.ratio) - 2.0 < EXACT_T_BELOW_DF:
        control = _exact_mean_units(test.alpha, test.sides, power, test.ratio, distance / _scaled_sd(test))
    if _is_counted(test, effect, control):
        control = _counted_units(test, effect, power, control)
    return ArmUnits(control, control * test.ratio)


def achieved_power(test: PlannedTest, effect: float, control_units: float) -> float:
    """The probability that the test succeeds at this size if the true change is `effect` (signs as in
    `required_units`).

    With an effect of 0 a superiority test has the probability of its one tail, alpha / sides; harm at or past
    the margin gives a non-inferiority test at most that.
    """
    require_positive("control_units", control_units)
    z_alpha = z_upper(test.alpha / test.sides)
    distance = _signed_distance(test, effect)
    root_n = _sqrt(control_units / test.variance_factor)
    if _is_counted(test, effect, control_units):
        return _counted_power(test, effect, control_units)
    if test.kind == "proportion":
        return min(
            [
                normal_cdf((distance * root_n - z_alpha * sd0) / sd1)
                for sd0, sd1 in _proportion_sds(test, effect)
            ]
        )
    ncp = distance * root_n / _arm_sd(test)
    df = _mean_df(test, control_units)
    if df is None:
        return normal_cdf(ncp - z_alpha)
    from .student import noncentral_t_sf, t_upper  # few plans have so few units

    return noncentral_t_sf(t_upper(test.alpha / test.sides, df), df, ncp)


def detectable_effect(
    test: PlannedTest, power: float, control_units: float, direction: Direction = "increase"
) -> float:
    """The smallest true change that is found with probability `power` at this size: absolute, positive (the
    MDE).

    direction: where the change goes; it matters for proportions, whose variance changes with the rate.
    Errors: no possible change is found at this size; the test is one of non-inferiority (see
    `detectable_margin`).
    """
    if test.margin is not None:
        reject(
            "test",
            "a non-inferiority test detects margins",
            "call detectable_margin, or leave the margin out",
        )
    if test.kind != "proportion":
        return _needed_errors(test, power, control_units) * _standard_error(test, control_units)
    sign = 1.0 if direction == "increase" else -1.0
    room = test.baseline if sign < 0.0 else 1.0 - test.baseline
    try:
        change = _least_proportion_distance(
            test, power, control_units, room, lambda size: _superiority_sds(test, test.baseline + sign * size)
        )
    except StatisticsInputError as error:
        change = room * _NEARLY
        if error.parameter != "control_units" or not _is_counted(test, sign * change, control_units):
            raise
    if not _is_counted(test, sign * change, control_units):
        return change
    return _counted_distance(
        power, control_units, test, room, lambda size: _counted_power(test, sign * size, control_units)
    )


def detectable_margin(test: PlannedTest, power: float, control_units: float) -> float:
    """The smallest non-inferiority margin that is ruled out with probability `power` if the true difference
    is 0.

    In the metric's own unit, positive. The test's own margin, if any, plays no part. Errors: no possible
    margin is ruled out at this size.
    """
    if test.kind != "proportion":
        if test.relative:
            return _relative_margin(test, _needed_errors(test, power, control_units), control_units)
        return _needed_errors(test, power, control_units) * _standard_error(test, control_units)
    rate = test.baseline
    room = rate if test.harm == "decrease" else 1.0 - rate
    if _is_counted(test, 0.0, control_units):
        return _counted_distance(
            power,
            control_units,
            test,
            room,
            lambda margin: _counted_power(replace(test, margin=margin), 0.0, control_units),
        )
    return _least_proportion_distance(
        test, power, control_units, room, lambda margin: _non_inferiority_sds(test, rate, margin)
    )


def _is_counted(test: PlannedTest, effect: float, control_units: float) -> bool:
    """Whether so few events, or units without one, are expected that power is counted, not approximated."""
    if test.kind != "proportion" or test.variance != "score" or test.variance_factor != 1.0:
        return False
    treated = _treated_rate(test, effect)
    expected = least_expected(test.baseline, treated, control_units, control_units * test.ratio)
    return expected < EXACT_BELOW_EVENTS and control_units * (1.0 + test.ratio) <= _MOST_COUNTED


def _counted_power(test: PlannedTest, effect: float, control_units: float) -> float:
    """Of the whole units that are surely there."""
    treated, null, ratio = _treated_rate(test, effect), 0.0, 1.0
    above = effect > 0.0
    if test.margin is not None:
        above = test.harm == "decrease"
        if test.relative:
            ratio = _null_ratio(test, test.margin)
        else:
            null = -test.margin if above else test.margin
    return exact_score_power(
        test.baseline,
        treated,
        math.floor(control_units + _WHOLE),
        math.floor(control_units * test.ratio + _WHOLE),
        z_upper(test.alpha / test.sides),
        null,
        ratio,
        above,
    )


def _counted_units(test: PlannedTest, effect: float, power: float, start: float) -> float:
    """A whole size near the normal answer at which the power is reached, and at the next 5 % of sizes, too: it
    rises in a saw-tooth.
    """
    size = max(1, math.ceil(start))

    def reaches(units: int) -> bool:
        return achieved_power(test, effect, float(units)) >= power

    step = max(1, size // 64)
    while not all(reaches(size + ahead * step) for ahead in range(4)):
        size += step
    while size > step and reaches(size - step):
        size -= step
    return float(size)


def _counted_distance(
    power: float, control_units: float, test: PlannedTest, room: float, power_at: Callable[[float], float]
) -> float:
    require_reachable_power(test.alpha, power, test.sides)
    most, least = room * _NEARLY, room * (1.0 - _NEARLY)
    if power_at(most) < power:
        reject_out_of_reach("control_units", control_units, test.baseline)
    # A margin moves the test itself, so that power jumps: the far side of the jump is where it is reached.
    found = bracketed_root(lambda size: power_at(size) - power, least, most, 1e-9 * room)
    return found if power_at(found) >= power else found + 1e-9 * room


def _signed_distance(test: PlannedTest, effect: float) -> float:
    require_finite("effect", effect)
    return abs(effect) if test.margin is None else test.margin + effect


def _distance(test: PlannedTest, effect: float) -> float:
    """How far the assumed truth is from the null hypothesis, in the metric's unit."""
    if test.margin is not None:
        require_finite("effect", effect)
        return require_distance_from_margin(test.margin, effect, "effect")
    if effect == 0.0:
        reject("effect", "a change of 0 is found by no size", "give the change to be found, or a margin")
    return _signed_distance(test, effect)


def _proportion_sds(test: PlannedTest, effect: float) -> SdPairs:
    """Pairs of standard deviations under the null and the assumed truth, times sqrt(n_control)."""
    treated = _treated_rate(test, effect)
    if test.margin is None:
        return _superiority_sds(test, treated)
    return _non_inferiority_sds(test, treated, test.margin)


def _treated_rate(test: PlannedTest, effect: float) -> float:
    """The treatment's assumed rate."""
    treated = test.baseline + effect
    if test.margin is not None and test.harm == "increase":
        treated = test.baseline - effect
    if not 0.0 < treated < 1.0:
        reject(
            "effect",
            f"a rate of {test.baseline:g} cannot become {treated:g}",
            "give an absolute change that keeps the rate between 0 and 1",
        )
    return treated


def _superiority_sds(test: PlannedTest, treated: float) -> SdPairs:
    return _by_variance(test, *null_and_alternative_sd(test.baseline, treated, test.ratio, "pooled"))


def _non_inferiority_sds(test: PlannedTest, treated: float, margin: float) -> SdPairs:
    """Of p_t - p_c at a margin that is absolute, of p_t - (1 +- m) p_c at one that is relative."""
    if not test.relative:
        sds = non_inferiority_sd(test.baseline, treated, margin, test.harm, test.ratio, "fm")
        return _by_variance(test, *sds)
    multiple = _null_ratio(test, margin)
    restricted = restricted_rates(test.baseline, treated, test.ratio, multiple)
    return _by_variance(
        test,
        _contrast_sd(*restricted, multiple, test.ratio),
        _contrast_sd(test.baseline, treated, multiple, test.ratio),
    )


def _by_variance(test: PlannedTest, null: float, alternative: float) -> SdPairs:
    if test.variance == "score":
        return ((null, alternative),)
    return (null, alternative), (alternative, alternative)


def _contrast_sd(p_control: float, p_treatment: float, multiple: float, ratio: float) -> float:
    return _sqrt(
        multiple * multiple * p_control * (1.0 - p_control) + p_treatment * (1.0 - p_treatment) / ratio
    )


def _null_ratio(test: PlannedTest, margin: float) -> float:
    """Treatment over control at the margin, unchecked: a search for a margin passes impossible ones."""
    change = margin / test.baseline
    return 1.0 + change if test.harm == "increase" else 1.0 - change


def _arm_sd(test: PlannedTest) -> float:
    """The standard deviation of the contrast times sqrt(n_control), before the variance factor."""
    assert test.std_dev is not None
    if test.margin is None or not test.relative:
        return test.std_dev * _sqrt(1.0 + 1.0 / test.ratio)
    return test.std_dev * math.hypot(_null_ratio(test, test.margin), _sqrt(1.0 / test.ratio))


def _scaled_sd(test: PlannedTest) -> float:
    return _arm_sd(test) * _sqrt(test.variance_factor)


def _standard_error(test: PlannedTest, control_units: float) -> float:
    return _scaled_sd(test) / _sqrt(control_units)


def _mean_df(test: PlannedTest, control_units: float) -> float | None:
    """The degrees of freedom where they matter: a mean, and few of them."""
    df = control_units * (1.0 + test.ratio) - 2.0
    if test.kind != "mean" or df >= EXACT_T_BELOW_DF:
        return None
    if df < 1.0:
        reject(
            "control_units",
            f"an arm of {control_units:g} leaves {df:g} degrees of freedom",
            "give each arm at least two units",
        )
    return df


def _needed_errors(test: PlannedTest, power: float, control_units: float) -> float:
    """How many standard errors the truth must be away from the null hypothesis."""
    require_reachable_power(test.alpha, power, test.sides)
    require_positive("control_units", control_units)
    df = _mean_df(test, control_units)
    if df is not None:
        from .means import needed_standard_errors_t

        return needed_standard_errors_t(test.alpha, test.sides, power, df)
    needed = z_upper(test.alpha / test.sides) + z_upper(1.0 - power)
    if needed <= 0.0:
        reject("power", "the test reaches it without any effect", "choose a power well above alpha")
    return needed


def _relative_margin(test: PlannedTest, needed: float, control_units: float) -> float:
    """The M with M = needed * sd * sqrt((1 +- M / baseline)^2 + 1 / ratio) / sqrt(n_control): a quadratic."""
    assert test.std_dev is not None
    sign = 1.0 if test.harm == "increase" else -1.0
    # In shares of the baseline: m = k sqrt((1 + sign m)^2 + 1 / ratio).
    k = needed * test.std_dev * _sqrt(test.variance_factor / control_units) / test.baseline
    room = 1.0 - k * k
    if room <= 0.0:
        reject(
            "control_units",
            f"an arm of {control_units:g} does not tell the control's value from zero with this power",
            "take more units, or declare an absolute margin",
        )
    share = (sign * k * k + k * _sqrt(1.0 + room / test.ratio)) / room
    if test.harm == "decrease" and share >= 1.0:
        reject(
            "control_units",
            f"an arm of {control_units:g} rules out no fall short of all",
            "take more units or accept less power",
        )
    return share * test.baseline


def _least_proportion_distance(
    test: PlannedTest, power: float, control_units: float, room: float, sds_at: Callable[[float], SdPairs]
) -> float:
    """The distance from the null hypothesis that equals the one needed there; the variances move with it."""
    require_reachable_power(test.alpha, power, test.sides)
    require_positive("control_units", control_units)
    scale = _sqrt(test.variance_factor / control_units)
    z_alpha, z_power = scale * z_upper(test.alpha / test.sides), scale * z_upper(1.0 - power)

    def missing(distance: float) -> float:
        return max([z_alpha * sd0 + z_power * sd1 for sd0, sd1 in sds_at(distance)]) - distance

    nearest = 0.0
    missing_nearest = missing(nearest)
    if missing_nearest <= 0.0:
        reject("power", "the test reaches it without any effect", "choose a power well above alpha")
    guess = missing_nearest
    for _ in range(_SECANT_STEPS):
        if guess >= room:
            break
        missing_guess = missing(guess)
        if missing_guess == missing_nearest:
            break
        step = missing_guess * (guess - nearest) / (missing_guess - missing_nearest)
        nearest, missing_nearest, guess = guess, missing_guess, guess - step
        if not 0.0 < guess < room:
            break
        # The next step would be smaller than this one by the factor of the last two: below rounding.
        if abs(step) <= 1e-9 * guess:
            return guess
    return _bracketed_distance(test, control_units, room, missing)


def _bracketed_distance(
    test: PlannedTest, control_units: float, room: float, missing: Callable[[float], float]
) -> float:
    """The sure way, for sizes so small that the rate would move most of its range."""
    most = room * (1.0 - 1e-12)
    if missing(most) > 0.0:
        reject_out_of_reach("control_units", control_units, test.baseline)
    return bracketed_root(missing, 0.0, most)


@lru_cache(maxsize=1024)
def _exact_mean_units(alpha: float, sides: int, power: float, ratio: float, standardised: float) -> float:
    """Control units by the exact t where the normal answer is small; no arm below two units.

    The power jumps up where the normal distribution takes over, so the answer is never past that size.
    """

    from .student import noncentral_t_sf, t_upper

    def control_units(df: float) -> float:
        return (df + 2.0) / (1.0 + ratio)

    def shortfall(df: float) -> float:
        ncp = standardised * _sqrt(control_units(df))
        return noncentral_t_sf(t_upper(alpha / sides, df), df, ncp) - power

    two_in_each_arm = max(2.0, 2.0 / ratio) * (1.0 + ratio) - 2.0
    least = min(two_in_each_arm, EXACT_T_BELOW_DF)
    if shortfall(least) >= 0.0:
        return control_units(least)
    if shortfall(EXACT_T_BELOW_DF) <= 0.0:
        return control_units(EXACT_T_BELOW_DF)
    return control_units(bracketed_root(shortfall, least, EXACT_T_BELOW_DF))
