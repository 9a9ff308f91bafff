"""Score tests of two independent rates: of their difference, their ratio, or both.

The null hypothesis is p_t = ratio * p_c + difference. The variance is taken at the rates that are most likely
under it (Miettinen & Nurminen 1985; Farrington & Manning 1990), not at the rates that were seen, so that the
test keeps its level where events are rare and arms are of different sizes:

    z = (x_t / n_t - ratio x_c / n_c - difference) / sqrt(p~_t (1 - p~_t) / n_t + ratio^2 p~_c (1 - p~_c) / n_c)

At ratio 1 and difference 0 its square is Pearson's chi-square. An interval is the set of null hypotheses that
are not rejected.

Few events in uneven arms leave z skewed: at 45,000 to 5,000 units and 10 events in the smaller arm its upper
tail of 0.5 % is really one of 0.9 %, the lower one of 0.15 %. `RateContrast` therefore judges by z corrected for its
skewness (Gart & Nam 1988, 1990), which in even arms is z. Enumeration of every outcome: with
`LEAST_EXPECTED_EVENTS` in each arm the tails of 0.1 % to 5 % are at most 1.08 times what they should be, from 1:9
to 49:1 and for margins of -40 % to +50 %, those of z up to 3.3 times. With fewer events nothing should be judged.
"""

from __future__ import annotations

import math
from functools import lru_cache

from egp.stats.hints import Literal
from egp.stats.values import NamedTuple, frozen, replace

from .errors import StatisticsInputError, reject, require_finite, require_positive, require_share
from .normal import normal_sf, two_sided_p, z_upper
from .relative import ratio_interval
from .roots import bracketed_root

Alternative = Literal["two-sided", "greater", "less"]
Scale = Literal["difference", "ratio"]

LEAST_EXPECTED_EVENTS = 10.0
"""Events, and units without one, that each arm must expect under the null hypothesis to be judged by z."""

_STEPS = 200
_CLOSE = 4e-16
_NO_VARIATION = ("neither arm's rate varies", "wait until there are events and units without one")

_sqrt = math.sqrt


class RestrictedRates(NamedTuple):
    """The most likely rates of control and treatment under a null hypothesis."""

    control: float
    treatment: float


@lru_cache(maxsize=1024)
def restricted_rates(
    p_control: float, p_treatment: float, units_ratio: float, ratio: float = 1.0, difference: float = 0.0
) -> RestrictedRates:
    """Maximum-likelihood rates under p_t = ratio * p_c + difference, from the rates seen.

    units_ratio: n_treatment / n_control. The likelihood is concave, so that its derivative, times p (1 - p)
    q (1 - q), passes through zero once where both rates are possible. Error: no two rates are so far apart.
    """
    low, high = max(0.0, -difference / ratio), min(1.0, (1.0 - difference) / ratio)
    if not low < high:
        reject(
            "difference",
            f"no two rates have p_t = {ratio:g} p_c {difference:+g}",
            "give a null hypothesis that leaves both rates between 0 and 1",
        )
    if p_treatment == ratio * p_control + difference:
        return RestrictedRates(p_control, p_treatment)
    weight = units_ratio * ratio
    p = (p_control + units_ratio * p_treatment) / (1.0 + weight)
    for _ in range(_STEPS):
        if not low < p < high:
            p = 0.5 * (low + high)
        q = ratio * p + difference
        vary_p, vary_q = p * (1.0 - p), q * (1.0 - q)
        off_p, off_q = p_control - p, weight * (p_treatment - q)
        value = off_p * vary_q + off_q * vary_p
        if value > 0.0:
            low = p
        else:
            high = p
        slope = off_p * ratio * (1.0 - 2.0 * q) - vary_q + off_q * (1.0 - 2.0 * p) - weight * ratio * vary_p
        step = value / slope if slope < 0.0 else 0.0
        if (abs(step) <= _CLOSE * p and slope < 0.0) or high - low <= _CLOSE * high:
            break
        p = p - step if slope < 0.0 else 0.5 * (low + high)
    return RestrictedRates(p, min(max(ratio * p + difference, 0.0), 1.0))


@frozen
class RateContrast:
    """p_t - ratio * p_c of two rates; answers the questions of `Difference` by score tests and their
    inversion.

    With ratio 1 it is the plain difference; with another, the contrast of a relative null hypothesis: harm of
    5 % is ruled out by `lower_tail()` of ratio 1.05. corrected: for the skewness of z; False is Farrington &
    Manning's z itself. Errors: more events than units; units or ratio not positive.
    """

    events_control: float
    units_control: float
    events_treatment: float
    units_treatment: float
    ratio: float = 1.0
    corrected: bool = True

    def __post_init__(self) -> None:
        require_positive("ratio", self.ratio)
        for arm, events, units in (
            ("control", self.events_control, self.units_control),
            ("treatment", self.events_treatment, self.units_treatment),
        ):
            require_positive(f"units_{arm}", units)
            if not 0.0 <= events <= units:
                reject(
                    f"events_{arm}",
                    f"{events:g} of {units:g} units is impossible",
                    "give at most one event per unit",
                )

    @property
    def control(self) -> float:
        """The rate seen in control."""
        return self.events_control / self.units_control

    @property
    def treatment(self) -> float:
        return self.events_treatment / self.units_treatment

    @property
    def estimate(self) -> float:
        return self.treatment - self.ratio * self.control

    @property
    def standard_error(self) -> float:
        """By the rates seen (Wald), for reports and plans; no test here uses it. Error: neither rate varies."""
        return self._error(RestrictedRates(self.control, self.treatment))

    @property
    def df(self) -> None:
        """None, as of every estimate that is judged by the normal distribution."""
        return

    def rates_under(self, null: float = 0.0) -> RestrictedRates:
        """The most likely rates if the contrast were `null`."""
        units_ratio = self.units_treatment / self.units_control
        return restricted_rates(self.control, self.treatment, units_ratio, self.ratio, null)

    def statistic(self, null: float = 0.0) -> float:
        """The score statistic against a true contrast of `null`; positive where more was seen."""
        rates = self.rates_under(null)
        error = self._error(rates)
        z = (self.estimate - null) / error
        return _without_skewness(z, self._third_moment(rates) / error**3) if self.corrected else z

    def _third_moment(self, rates: RestrictedRates) -> float:
        p, q = rates
        return (
            q * (1.0 - q) * (1.0 - 2.0 * q) / self.units_treatment**2
            - self.ratio**3 * p * (1.0 - p) * (1.0 - 2.0 * p) / self.units_control**2
        )

    def as_normal(self, null: float = 0.0) -> tuple[float, float]:
        """The estimate and standard error of a normal observation that says of `null` what the score test
        says.
        """
        error = self._error(self.rates_under(null))
        return null + self.statistic(null) * error, error

    def _error(self, rates: RestrictedRates) -> float:
        variance = (
            rates.treatment * (1.0 - rates.treatment) / self.units_treatment
            + self.ratio**2 * rates.control * (1.0 - rates.control) / self.units_control
        )
        if variance <= 0.0:
            reject("events_control", *_NO_VARIATION)
        return _sqrt(variance)

    def critical(self, tail: float) -> float:
        """The quantile with probability `tail` above it."""
        return z_upper(tail)

    def upper_tail(self, null: float = 0.0) -> float:
        """P-value against a true contrast of `null` or less."""
        return normal_sf(self.statistic(null))

    def lower_tail(self, null: float = 0.0) -> float:
        """P-value against a true contrast of `null` or more."""
        return normal_sf(-self.statistic(null))

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided."""
        return two_sided_p(self.statistic(null))

    def interval(self, alpha: float) -> tuple[float, float]:
        """Two-sided interval of confidence 1 - alpha: the nulls with |z| below the critical value."""
        require_share("alpha", alpha)
        return self.within(z_upper(alpha / 2.0))

    def within(self, critical: float) -> tuple[float, float]:
        """The contrasts less than `critical` standard errors away, as of a boundary of several looks."""
        require_positive("critical", critical)
        lowest, highest = -self.ratio, 1.0
        return (
            self._bound(lowest, self.estimate, critical),
            self._bound(highest, self.estimate, -critical),
        )

    def _bound(self, end: float, estimate: float, critical: float) -> float:
        """Where between the estimate and the end of the scale z is `critical`."""
        end += (estimate - end) * 1e-12
        if end == estimate or abs(self.statistic(end)) <= abs(critical):
            return end
        return bracketed_root(lambda null: self._statistic_or_zero(null) - critical, end, estimate)

    def _statistic_or_zero(self, null: float) -> float:
        return 0.0 if null == self.estimate else self.statistic(null)

    def of_ratio(self, ratio: float) -> RateContrast:
        """The same arms, contrasted by another ratio."""
        return replace(self, ratio=ratio)

    def expected_events(self, null: float = 0.0) -> float:
        """The fewest events, or units without one, that an arm would have under the null hypothesis."""
        rates = self.rates_under(null)
        return min(
            self.units_control * min(rates.control, 1.0 - rates.control),
            self.units_treatment * min(rates.treatment, 1.0 - rates.treatment),
        )

    def has_enough_events(self, null: float = 0.0) -> bool:
        """Whether z may be judged at all: `LEAST_EXPECTED_EVENTS` in each arm."""
        return self.expected_events(null) >= LEAST_EXPECTED_EVENTS


def _without_skewness(z: float, skewness: float) -> float:
    """The x with z = x + skewness (x^2 - 1) / 6: the Cornish-Fisher expansion, inverted (Gart & Nam 1988).

    Where no x is that far out, the furthest: a bound that is never crossed by more than the data can say.
    """
    bend = skewness / 6.0
    if abs(bend) < 1e-9:
        return z - bend * (z * z - 1.0)
    inside = 1.0 + 4.0 * bend * (z + bend)
    return 2.0 * (z + bend) / (1.0 + _sqrt(inside)) if inside > 0.0 else -0.5 / bend


def units_for_events(rate: float, units_ratio: float = 1.0) -> float:
    """Units of control at which both arms expect `LEAST_EXPECTED_EVENTS` at a common rate; real-valued.

    units_ratio: n_treatment / n_control. Errors: a rate outside (0, 1), a ratio not positive.
    """
    require_share("rate", rate)
    require_positive("units_ratio", units_ratio)
    return LEAST_EXPECTED_EVENTS / (min(rate, 1.0 - rate) * min(1.0, units_ratio))


def score_z(
    events_control: float,
    units_control: float,
    events_treatment: float,
    units_treatment: float,
    *,
    difference: float = 0.0,
    ratio: float = 1.0,
    small_sample: bool = False,
) -> float:
    """The score statistic of p_t = ratio * p_c + difference; positive where the treatment has more.

    small_sample: the factor N / (N - 1) on the variance (Miettinen & Nurminen 1985; Farrington & Manning have
    none). Errors: more events than units, a null hypothesis that no rates fulfil, no variation under it.
    """
    require_finite("difference", difference)
    arms = (events_control, units_control, events_treatment, units_treatment)
    z = RateContrast(*arms, ratio, corrected=False).statistic(difference)
    total = units_control + units_treatment
    return z * _sqrt((total - 1.0) / total) if small_sample else z


def score_p_value(
    events_control: float,
    units_control: float,
    events_treatment: float,
    units_treatment: float,
    *,
    difference: float = 0.0,
    ratio: float = 1.0,
    alternative: Alternative = "two-sided",
) -> float:
    """P-value of `score_z`. `greater`: against p_t <= ratio * p_c + difference; `less`: against >=."""
    z = score_z(
        events_control, units_control, events_treatment, units_treatment, difference=difference, ratio=ratio
    )
    if alternative == "two-sided":
        return two_sided_p(z)
    if alternative == "greater":
        return normal_sf(z)
    if alternative == "less":
        return normal_sf(-z)
    raise StatisticsInputError("alternative", f"{alternative!r} is unknown", "say two-sided, greater or less")


def score_interval(
    events_control: float,
    units_control: float,
    events_treatment: float,
    units_treatment: float,
    alpha: float,
    scale: Scale = "difference",
) -> tuple[float, float]:
    """Two-sided interval of p_t - p_c, or of p_t / p_c, by inversion of `score_z`.

    Error: no event in control, which leaves the ratio without a bound.
    """
    arms = (events_control, units_control, events_treatment, units_treatment)
    contrast = RateContrast(*arms, corrected=False)
    if scale == "difference":
        return contrast.interval(alpha)
    if scale == "ratio":
        if events_control == 0.0:
            reject(
                "events_control",
                "a ratio to no events has no upper bound",
                "wait for events in control, or take the difference",
            )
        require_share("alpha", alpha)
        return ratio_interval(contrast.of_ratio, contrast.treatment / contrast.control, alpha / 2.0)
    raise StatisticsInputError("scale", f"{scale!r} is unknown", "say difference or ratio")
