"""Score tests of two rates, and margins that are relative to the control observed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import ndtr, ndtri, xlogy
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

from egp.stats import (
    LEAST_EXPECTED_EVENTS,
    ArmEstimate,
    Difference,
    PlannedTest,
    RateContrast,
    StatisticsInputError,
    achieved_power,
    detectable_margin,
    difference,
    harm_p_value,
    non_inferiority,
    ratio_contrast,
    ratio_interval,
    relative_non_inferiority,
    required_units,
    score_interval,
    score_p_value,
    score_z,
    units_for_events,
)
from egp.stats.score import restricted_rates
from egp.stats.values import replace

test_proportions_2indep.__test__ = False  # a function of statsmodels, not a test of ours

TABLES = [(10, 100, 20, 110), (3, 300, 0, 100), (127, 45_000, 20, 5_000), (18, 20, 15, 20), (0, 80, 5, 60)]


class TestRestrictedRates:
    @pytest.mark.parametrize(("ratio", "shift"), [(1.0, 0.01), (1.0, -0.02), (1.1, 0.0), (0.8, 0.05)])
    @pytest.mark.parametrize("table", TABLES)
    def test_no_rates_under_the_null_are_more_likely(
        self, table: tuple[int, int, int, int], ratio: float, shift: float
    ) -> None:
        x_c, n_c, x_t, n_t = table

        def unlikely(p: float) -> float:
            q = ratio * p + shift
            return float(-(xlogy(x_c, p) + xlogy(n_c - x_c, 1 - p) + xlogy(x_t, q) + xlogy(n_t - x_t, 1 - q)))

        ends = max(0.0, -shift / ratio), min(1.0, (1 - shift) / ratio)
        best = minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12})
        found = restricted_rates(x_c / n_c, x_t / n_t, n_t / n_c, ratio, shift)
        assert found.control == pytest.approx(best.x, abs=1e-6)
        assert unlikely(max(found.control, ends[0] + 1e-300)) <= best.fun + 1e-9
        assert found.treatment == pytest.approx(ratio * found.control + shift, abs=1e-15)

    def test_a_null_that_no_rates_fulfil_is_refused(self) -> None:
        with pytest.raises(StatisticsInputError, match="no two rates"):
            score_z(1, 10, 2, 10, difference=1.5)


class TestStatistic:
    @pytest.mark.parametrize("ratio", [0.8, 1.0, 1.1, 2.0])
    @pytest.mark.parametrize("table", TABLES[:-1])  # statsmodels divides by the control's rate
    def test_ratios_agree_with_statsmodels(self, table: tuple[int, int, int, int], ratio: float) -> None:
        x_c, n_c, x_t, n_t = table
        expected = test_proportions_2indep(x_t, n_t, x_c, n_c, value=ratio, compare="ratio", method="score")
        found = score_z(*table, ratio=ratio, small_sample=True)
        assert found == pytest.approx(expected.statistic, rel=1e-9)

    def test_equality_is_pearsons_chi_square(self) -> None:
        pooled = 30 / 210
        error = math.sqrt(pooled * (1 - pooled) * (1 / 100 + 1 / 110))
        assert score_z(10, 100, 20, 110) == pytest.approx((20 / 110 - 10 / 100) / error, rel=1e-14)

    def test_the_correction_undoes_the_skewness(self) -> None:
        plain, corrected = (
            RateContrast(90, 45_000, 25, 5_000, corrected=False),
            RateContrast(90, 45_000, 25, 5_000),
        )
        z, x = plain.statistic(), corrected.statistic()
        p = 115 / 50_000
        third = p * (1 - p) * (1 - 2 * p) * (1 / 5_000**2 - 1 / 45_000**2)
        skewness = third / (p * (1 - p) * (1 / 5_000 + 1 / 45_000)) ** 1.5
        assert z == pytest.approx(x + skewness * (x * x - 1) / 6, rel=1e-12)
        assert RateContrast(90, 5_000, 25, 5_000).statistic() == score_z(90, 5_000, 25, 5_000)

    def test_tails(self) -> None:
        greater = score_p_value(10, 100, 20, 110, difference=0.02, alternative="greater")
        less = score_p_value(10, 100, 20, 110, difference=0.02, alternative="less")
        assert greater + less == pytest.approx(1.0)
        assert score_p_value(10, 100, 20, 110, difference=0.02) == pytest.approx(2 * min(greater, less))

    def test_no_variation_is_refused(self) -> None:
        with pytest.raises(StatisticsInputError, match="neither arm's rate varies"):
            score_z(0, 100, 0, 110)
        assert score_z(0, 100, 0, 110, difference=0.01) < 0  # under this null the treatment has events

    def test_more_events_than_units_are_refused(self) -> None:
        with pytest.raises(StatisticsInputError, match="events_treatment"):
            score_z(1, 10, 11, 10)


class TestInterval:
    # Newcombe 1998, Statistics in Medicine 17, table II, method 4 (Mee: this test without N / (N - 1)).
    @pytest.mark.parametrize(
        ("treatment", "control", "low", "high"),
        [
            ((56, 70), (48, 80), 0.0533, 0.3377),
            ((9, 10), (3, 10), 0.1821, 0.8370),
            ((6, 7), (2, 7), 0.0544, 0.8478),
            ((5, 56), (0, 29), -0.0313, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
        ],
    )
    def test_published_differences(
        self, treatment: tuple[int, int], control: tuple[int, int], low: float, high: float
    ) -> None:
        assert score_interval(*control, *treatment, 0.05) == pytest.approx((low, high), abs=6e-5)

    @pytest.mark.parametrize("units", [10, 200])
    def test_all_events_in_one_arm(self, units: int) -> None:
        """The other end is the root of n (1 - d) / (1 + d) = z^2 / 2: both rates are as far from one half."""
        square = 1.959963984540054**2
        low, high = score_interval(0, units, units, units, 0.05)
        assert low == pytest.approx((2 * units - square) / (2 * units + square), rel=1e-9)
        assert high == 1.0
        low, high = score_interval(units, units, 0, units, 0.05)
        assert low == -1.0
        assert high == pytest.approx(-(2 * units - square) / (2 * units + square), rel=1e-9)

    def test_ratios_agree_with_statsmodels(self) -> None:
        expected = confint_proportions_2indep(20, 110, 10, 100, "score", "ratio", correction=False)
        assert score_interval(10, 100, 20, 110, 0.05, "ratio") == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("table", TABLES)
    def test_its_ends_are_the_nulls_at_the_critical_value(self, table: tuple[int, int, int, int]) -> None:
        contrast = RateContrast(*table, corrected=False)
        low, high = contrast.within(2.5)
        assert contrast.statistic(low) == pytest.approx(2.5, rel=1e-9)
        assert contrast.statistic(high) == pytest.approx(-2.5, rel=1e-9)

    def test_a_ratio_to_no_events_has_no_interval(self) -> None:
        with pytest.raises(StatisticsInputError, match="no upper bound"):
            score_interval(0, 100, 5, 110, 0.05, "ratio")

    def test_no_events_in_treatment_leave_the_ratio_from_zero(self) -> None:
        low, high = score_interval(30, 100, 0, 110, 0.05, "ratio")
        assert low == 0.0
        assert 0 < high < 1


def tails(rate: float, control: int, treatment: int, rise: float, alpha: float) -> tuple[float, float]:
    """Chances that the true rise of the rate, a share of it, is rejected as too low and as too high: every
    outcome counted."""
    events = [np.arange(*(int(e) for e in binom.interval(1 - 1e-10, n, p))) for n, p in
              ((control, rate), (treatment, rate * (1 + rise)))]  # fmt: skip
    chance = np.outer(binom.pmf(events[0], control, rate), binom.pmf(events[1], treatment, rate * (1 + rise)))
    z = np.array(
        [
            [
                RateContrast(float(x), control, float(y), treatment).statistic(rise * rate) if x + y else 0.0
                for y in events[1]
            ]
            for x in events[0]
        ]
    )
    critical = -float(ndtri(alpha))
    return float(chance[z >= critical].sum()), float(chance[z <= -critical].sum())


class TestLevel:
    """What the docstring of `egp.stats.score` promises, at its corners."""

    @pytest.mark.parametrize("alpha", [0.05, 0.005])
    @pytest.mark.parametrize("rise", [0.0, 0.25])
    @pytest.mark.parametrize(("control", "treatment"), [(9_000, 1_000), (1_000, 9_000), (2_000, 2_000)])
    def test_rare_events_in_uneven_arms_keep_it(
        self, control: int, treatment: int, rise: float, alpha: float
    ) -> None:
        rate = LEAST_EXPECTED_EVENTS / min(control, treatment)
        too_low, too_high = tails(rate, control, treatment, rise, alpha)
        assert 0.75 * alpha < too_low < 1.08 * alpha
        assert 0.75 * alpha < too_high < 1.08 * alpha

    def test_units_for_events(self) -> None:
        control = units_for_events(0.002, 1 / 9)
        assert control == pytest.approx(45_000 * LEAST_EXPECTED_EVENTS / 10)
        contrast = RateContrast(0.002 * control, control, 0.002 * control / 9, control / 9)
        assert contrast.expected_events() == pytest.approx(LEAST_EXPECTED_EVENTS)
        assert RateContrast(90, 45_000, 40, 5_000).has_enough_events()
        assert not RateContrast(9, 45_000, 4, 5_000).has_enough_events()
        for events, is_enough in ((LEAST_EXPECTED_EVENTS, True), (LEAST_EXPECTED_EVENTS - 1, False)):
            assert RateContrast(events, 1_024, events, 1_024).has_enough_events() is is_enough


class TestRelative:
    CONTROL, TREATMENT = ArmEstimate(50.0, 1.0, 4_000), ArmEstimate(51.0, 1.2, 3_000)

    def contrast(self, ratio: float) -> Difference:
        return ratio_contrast(self.CONTROL, self.TREATMENT, ratio)

    def test_the_contrast_has_the_controls_spread_times_the_ratio(self) -> None:
        found = self.contrast(1.05)
        assert found.estimate == pytest.approx(51 - 1.05 * 50)
        assert found.standard_error == pytest.approx(math.hypot(1.2, 1.05))
        plain = difference(self.CONTROL, self.TREATMENT)
        assert self.contrast(1.0) == plain

    def test_the_interval_is_fiellers(self) -> None:
        low, high = ratio_interval(self.contrast, 51 / 50, 0.025)
        z, a, b = 1.959964, 51.0, 50.0
        middle, spread = a * b, math.sqrt((a * b) ** 2 - (a**2 - 1.44 * z**2) * (b**2 - z**2))
        expected = ((middle - spread) / (b**2 - z**2), (middle + spread) / (b**2 - z**2))
        assert (low, high) == pytest.approx(expected, rel=1e-4)  # Fieller by z, ours by Welch's t

    def test_margin_and_bound_agree(self) -> None:
        found = relative_non_inferiority(self.contrast, 51 / 50, 0.05, "increase", 0.05)
        at_bound = relative_non_inferiority(self.contrast, 51 / 50, found.harm_bound, "increase", 0.05)
        assert at_bound.p_value == pytest.approx(0.05, rel=1e-9)
        assert found.harm == pytest.approx(0.02)
        assert found.p_value == self.contrast(1.05).lower_tail()

    def test_harm_that_is_a_fall(self) -> None:
        found = relative_non_inferiority(self.contrast, 51 / 50, 0.05, "decrease", 0.05)
        assert found.harm == pytest.approx(-0.02)
        assert found.p_value == self.contrast(0.95).upper_tail()
        assert found.non_inferior == (found.p_value < 0.05)

    def test_a_control_near_zero_is_refused(self) -> None:
        control = ArmEstimate(1.0, 0.9, 4_000)
        with pytest.raises(StatisticsInputError, match="not clearly above zero"):
            relative_non_inferiority(
                lambda r: ratio_contrast(control, self.TREATMENT, r), 51.0, 0.05, "increase"
            )
        with pytest.raises(StatisticsInputError, match="control"):
            ratio_contrast(ArmEstimate(-1.0, 0.1), self.TREATMENT, 1.05)

    def test_rates(self) -> None:
        rates = RateContrast(900, 45_000, 110, 5_000)
        found = relative_non_inferiority(rates.of_ratio, 1.1, 0.25, "increase", 0.05)
        assert found.p_value == rates.of_ratio(1.25).lower_tail()
        assert found.p_value == pytest.approx(
            score_p_value(900, 45_000, 110, 5_000, ratio=1.25, alternative="less"), rel=0.1
        )
        assert rates.of_ratio(1 + found.harm_bound).lower_tail() == pytest.approx(0.05)

    def test_absolute_margins_take_score_tests(self) -> None:
        rates = RateContrast(900, 45_000, 110, 5_000)
        found = non_inferiority(rates, 0.005, "increase", 0.05)
        assert found.p_value == rates.lower_tail(0.005)
        assert rates.lower_tail(found.harm_bound) == pytest.approx(0.05)
        assert harm_p_value(rates, "increase") == rates.upper_tail()


class TestPlanning:
    REFUNDS = PlannedTest(
        "proportion", 0.031, alpha=0.05, sides=1, margin=0.031 * 0.08, harm="increase", relative=True
    )
    BASKET = PlannedTest(
        "mean", 50.0, 80.0, alpha=0.05, sides=1, margin=2.5, harm="decrease", ratio=0.25, relative=True
    )

    @pytest.mark.parametrize(
        "test", [REFUNDS, BASKET, replace(REFUNDS, ratio=9.0), replace(BASKET, harm="increase")]
    )
    def test_units_power_and_margin_agree(self, test: PlannedTest) -> None:
        units = required_units(test, 0.0, 0.9).control
        assert achieved_power(test, 0.0, units) == pytest.approx(0.9, rel=1e-9)
        assert detectable_margin(test, 0.9, units) == pytest.approx(test.margin, rel=1e-9)

    def test_means_have_the_controls_variance_times_the_ratio_squared(self) -> None:
        units = required_units(self.BASKET, 0.0, 0.9).control
        z = 1.6448536 + 1.2815516
        assert units == pytest.approx(z**2 * 80**2 * (0.95**2 + 4) / 2.5**2, rel=1e-6)

    @pytest.mark.parametrize("ratio", [1.0, 1 / 9])
    def test_power_of_a_relative_margin_of_rates_against_enumeration(self, ratio: float) -> None:
        control, treatment = 6_000, round(6_000 * ratio)
        test = PlannedTest("proportion", 0.1, alpha=0.05, sides=1, margin=0.02, harm="increase", ratio=ratio,
                           relative=True)  # fmt: skip
        p = 0.1
        x = np.arange(control + 1)[:, None]
        y = np.arange(treatment + 1)[None, :]
        keep_x = np.abs(x[:, 0] / control - p) < 6 * math.sqrt(p * 0.9 / control)
        keep_y = np.abs(y[0] / treatment - p) < 6 * math.sqrt(p * 0.9 / treatment)
        x, y = x[keep_x], y[:, keep_y]
        chance = binom.pmf(x, control, p) * binom.pmf(y, treatment, p)
        # The restricted rates under p_t = R p_c, in closed form (Miettinen & Nurminen 1985).
        a, total = 1.2 * (control + treatment), x + y
        b = -(treatment * 1.2 + y + control + x * 1.2)
        p_c = (-b - np.sqrt(b * b - 4 * a * total)) / (2 * a)
        error = np.sqrt(1.44 * p_c * (1 - p_c) / control + 1.2 * p_c * (1 - 1.2 * p_c) / treatment)
        statistic = (y / treatment - 1.2 * x / control) / error
        simulated = float(chance[ndtr(statistic) <= 0.05].sum())
        assert achieved_power(test, 0.0, control) == pytest.approx(simulated, abs=0.01)

    def test_a_margin_that_no_units_here_rule_out_is_refused(self) -> None:
        with pytest.raises(StatisticsInputError, match="from zero"):
            detectable_margin(self.BASKET, 0.9, 20)
        with pytest.raises(StatisticsInputError, match="baseline"):
            replace(self.BASKET, baseline=-50.0)
