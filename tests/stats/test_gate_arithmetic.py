"""Estimates and tests from sums, against the same computed from unit rows by independent software."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from egp.stats import (
    ArmEstimate,
    ArmSums,
    Difference,
    StatisticsInputError,
    cuped_of_arms,
    cuped_ratio_of_arms,
    difference,
    harm_p_value,
    holm_adjusted,
    linearised_std_dev,
    mde_of_standard_error,
    mean_of_arm,
    non_inferiority,
    power_of_standard_error,
    ratio_of_arm,
    relative_lift,
    srm_p_value,
    standard_error_of_interval,
)
from egp.stats.values import replace
from tests.stats import peers


def rows(seed: int, size: int, shift: float = 0.0) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Outcome, denominator and pre-period covariate of `size` units, all correlated."""
    generator = np.random.default_rng(seed)
    covariate = generator.gamma(2.0, 3.0, size)
    denominator = 1.0 + generator.poisson(covariate)
    outcome = 0.4 * denominator + 0.7 * covariate + generator.normal(shift, 2.0, size)
    return outcome, denominator, covariate


def sums(y: NDArray[Any], x: NDArray[Any], c: NDArray[Any]) -> ArmSums:
    return ArmSums(
        len(y), float(y.sum()), float(y @ y), float(x.sum()), float(x @ x), float(y @ x),
        float(c.sum()), float(c @ c), float(y @ c),
    )  # fmt: skip


CONTROL, TREATMENT = rows(1, 300), rows(2, 450, shift=0.3)


class TestMeans:
    def test_welch_agrees_with_scipy(self) -> None:
        found = difference(mean_of_arm(sums(*CONTROL)), mean_of_arm(sums(*TREATMENT)))
        expected = scipy_stats.ttest_ind(TREATMENT[0], CONTROL[0], equal_var=False)
        assert found.p_value() == pytest.approx(expected.pvalue, rel=1e-9)
        assert found.df == pytest.approx(expected.df, rel=1e-9)
        low, high = found.interval(0.05)
        assert (low, high) == pytest.approx(tuple(expected.confidence_interval(0.95)), rel=1e-9)

    def test_tiny_arms_agree_with_scipy(self) -> None:
        control, treatment = [1.0, 2.0, 4.0], [9.0, 3.0]
        found = difference(*(mean_of_arm(_plain(values)) for values in (control, treatment)))
        expected = scipy_stats.ttest_ind(treatment, control, equal_var=False)
        assert found.p_value() == pytest.approx(expected.pvalue, rel=1e-9)

    def test_one_sided_p_values_are_tails(self) -> None:
        found = difference(mean_of_arm(sums(*CONTROL)), mean_of_arm(sums(*TREATMENT)))
        assert found.upper_tail() + found.lower_tail() == pytest.approx(1.0)
        assert found.upper_tail(null=found.estimate) == pytest.approx(0.5)

    def test_sums_that_no_values_have_are_refused(self) -> None:
        with pytest.raises(StatisticsInputError) as caught:
            mean_of_arm(ArmSums(100, 1000.0, 5000.0))
        assert caught.value.parameter == "sum_squares"

    def test_rounding_is_not_mistaken_for_an_impossible_sum(self) -> None:
        assert mean_of_arm(ArmSums(3, 0.3, 0.3**2 / 3 * (1 - 1e-15))).standard_error == 0.0

    def test_without_variation_there_is_no_test(self) -> None:
        arm = mean_of_arm(ArmSums(50, 0.0, 0.0))
        with pytest.raises(StatisticsInputError, match="varies"):
            difference(arm, arm)


class TestRatios:
    def test_delta_method_agrees_with_linearised_rows(self) -> None:
        y, x, _ = CONTROL
        found = ratio_of_arm(sums(*CONTROL))
        ratio = y.sum() / x.sum()
        linearised = (y - ratio * x) / x.mean()
        assert found.value == pytest.approx(ratio)
        assert found.standard_error == pytest.approx(linearised.std(ddof=1) / math.sqrt(len(y)), rel=1e-10)

    def test_the_planning_standard_deviation_is_that_of_linearised_rows(self) -> None:
        y, x, _ = CONTROL
        covariance = np.cov(y, x)
        found = linearised_std_dev(y.mean(), x.mean(), covariance[0, 0], covariance[1, 1], covariance[0, 1])
        linearised = (y - y.mean() / x.mean() * x) / x.mean()
        assert found == pytest.approx(linearised.std(ddof=1), rel=1e-10)

    def test_missing_columns_are_named(self) -> None:
        with pytest.raises(StatisticsInputError, match="cross_sum"):
            ratio_of_arm(ArmSums(100, 10.0, 5.0, 100.0, 200.0))

    def test_a_cross_sum_past_correlation_1_is_refused(self) -> None:
        with pytest.raises(StatisticsInputError) as caught:
            ratio_of_arm(replace(sums(*CONTROL), cross_sum=1e9))
        assert caught.value.parameter == "cross_sum"

    def test_relative_lift_is_the_ratio_of_two_means_less_one(self) -> None:
        control, treatment = mean_of_arm(sums(*CONTROL)), mean_of_arm(sums(*TREATMENT))
        lift = relative_lift(control, treatment)
        assert lift.estimate == pytest.approx(treatment.value / control.value - 1)
        draws = np.random.default_rng(3)
        ratios = draws.normal(treatment.value, treatment.standard_error, 200_000) / draws.normal(
            control.value, control.standard_error, 200_000
        )
        assert lift.standard_error == pytest.approx(ratios.std(), rel=0.01)


class TestCuped:
    def test_it_is_the_regression_on_the_covariate_with_a_common_slope(self) -> None:
        found = cuped_of_arms(sums(*CONTROL), sums(*TREATMENT))
        y = np.concatenate([CONTROL[0], TREATMENT[0]])
        c = np.concatenate([CONTROL[2], TREATMENT[2]])
        treated = np.repeat([0.0, 1.0], [len(CONTROL[0]), len(TREATMENT[0])])
        design = np.column_stack([np.ones_like(y), treated, c])
        coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
        assert found.treatment.value - found.control.value == pytest.approx(coefficients[1], rel=1e-9)
        assert found.theta == pytest.approx(coefficients[2], rel=1e-9)

    def test_it_keeps_one_minus_rho_squared_of_the_variance(self) -> None:
        found = cuped_of_arms(sums(*CONTROL), sums(*TREATMENT))
        rho = np.corrcoef(CONTROL[0], CONTROL[2])[0, 1]
        assert found.variance_ratio == pytest.approx(1 - rho**2, abs=0.05)
        plain = difference(mean_of_arm(sums(*CONTROL)), mean_of_arm(sums(*TREATMENT)))
        adjusted = difference(found.control, found.treatment)
        assert (adjusted.standard_error / plain.standard_error) ** 2 == pytest.approx(found.variance_ratio)

    def test_that_of_a_ratio_is_the_one_of_its_linearised_values(self) -> None:
        arms = [peers.users(variant) for variant in peers.UNITS]
        found = cuped_ratio_of_arms(*(ArmSums(**peers.sums(variant)) for variant in peers.UNITS))
        pairs = []
        for of in arms:
            y, d, x, z = of["y"], of["d"], of["x"], of["z"]
            now, then = y.sum() / d.sum(), x.sum() / z.sum()
            pairs.append(((y - now * d) / d.mean(), (x - then * z) / z.mean(), now, then))
        theta = sum(u @ v for u, v, *_ in pairs) / sum(v @ v for _, v, *_ in pairs)
        both = sum(of["x"].sum() for of in arms) / sum(of["z"].sum() for of in arms)
        assert found.theta == pytest.approx(theta, rel=1e-9)
        for estimate, (u, v, now, then) in zip((found.control, found.treatment), pairs, strict=True):
            assert estimate.value == pytest.approx(now - theta * (then - both), rel=1e-12)
            error = (u - theta * v).std(ddof=1) / math.sqrt(len(u))
            assert estimate.standard_error == pytest.approx(error, rel=1e-9)

    def test_a_ratio_without_any_pre_period_is_refused(self) -> None:
        arm = ArmSums(
            **{
                name: 0.0 if "covariate" in name or name == "denominators_cross_sum" else each
                for name, each in peers.sums("control").items()
            }
        )
        with pytest.raises(StatisticsInputError, match="no unit has a pre-period"):
            cuped_ratio_of_arms(arm, arm)

    def test_a_constant_covariate_is_refused(self) -> None:
        arm = replace(
            _plain([1.0, 2.0, 3.0]), covariate_sum=6.0, covariate_sum_squares=12.0, covariate_cross_sum=12.0
        )
        with pytest.raises(StatisticsInputError, match="does not vary"):
            cuped_of_arms(arm, arm)


class TestNonInferiority:
    def test_it_holds_where_the_upper_bound_of_harm_is_inside_the_margin(self) -> None:
        observed = Difference(estimate=-0.001, standard_error=0.002)
        verdict = non_inferiority(observed, margin=0.005, harm="decrease", alpha=0.05)
        assert verdict.harm == 0.001
        assert verdict.harm_bound == pytest.approx(0.001 + 1.6448536 * 0.002)
        assert verdict.non_inferior
        assert verdict.p_value == pytest.approx(scipy_stats.norm.sf(2.0))

    def test_bound_and_p_value_never_disagree(self) -> None:
        for estimate in np.linspace(-0.02, 0.02, 41):
            for harm in ("increase", "decrease"):
                verdict = non_inferiority(Difference(float(estimate), 0.004, df=30.0), 0.01, harm, alpha=0.05)
                assert verdict.non_inferior == (verdict.p_value < 0.05)

    def test_harm_alarm_is_the_other_question(self) -> None:
        observed = Difference(estimate=0.004, standard_error=0.002)
        assert harm_p_value(observed, "increase") == pytest.approx(scipy_stats.norm.sf(2.0))
        assert harm_p_value(observed, "decrease") == pytest.approx(scipy_stats.norm.sf(-2.0))
        assert not non_inferiority(observed, 0.005, "increase").non_inferior

    def test_quantiles_come_with_their_own_standard_error(self) -> None:
        observed = difference(ArmEstimate(1900.0, 12.0), ArmEstimate(1910.0, 12.0))
        assert observed.df is None
        assert non_inferiority(observed, 76.0, "increase").non_inferior


class TestSplitsAndFamilies:
    def test_srm_agrees_with_scipy(self) -> None:
        for counts, weights in (
            ([5000, 5200], [1, 1]),
            ([9000, 990], [0.9, 0.1]),
            ([10, 20, 30, 41], [1, 2, 3, 4]),
        ):
            expected = np.array(weights) / sum(weights) * sum(counts)
            assert srm_p_value(counts, weights) == pytest.approx(
                scipy_stats.chisquare(counts, expected).pvalue, rel=1e-10
            )

    def test_a_tail_beyond_double_rounding_keeps_its_digits(self) -> None:
        assert srm_p_value([60_000, 50_000], [1, 1]) == pytest.approx(
            scipy_stats.chi2.sf(10_000**2 / 110_000, 1), rel=1e-10
        )

    def test_an_arm_of_weight_0_is_left_out_and_must_be_empty(self) -> None:
        assert srm_p_value([1000, 1100, 0], [0.5, 0.5, 0.0]) == pytest.approx(0.0291, abs=5e-5)
        with pytest.raises(StatisticsInputError) as caught:
            srm_p_value([1000, 1100, 5], [0.5, 0.5, 0.0])
        assert caught.value.parameter == "counts"

    def test_an_arm_without_units_counts(self) -> None:
        assert srm_p_value([1000, 0], [0.5, 0.5]) < 1e-200

    def test_holm_agrees_with_statsmodels(self) -> None:
        p_values = [0.001, 0.2, 0.03, 0.04, 0.011]
        assert holm_adjusted(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())
        assert holm_adjusted([1.0, 0.0]) == [1.0, 0.0], "both ends are p-values"


def test_the_numbers_behind_a_published_interval() -> None:
    """+0.35 to +0.82 points: 0.12 points of standard error, an MDE of 43 bps, and 71 % power for 30 bps."""
    se = standard_error_of_interval(0.35, 0.82)
    assert se == pytest.approx(0.12, abs=0.001)
    assert mde_of_standard_error(se, 0.95) == pytest.approx(0.43, abs=0.003)
    assert power_of_standard_error(0.30, se) == pytest.approx(0.71, abs=0.005)


def _plain(values: Sequence[float]) -> ArmSums:
    return ArmSums(len(values), math.fsum(values), math.fsum(v * v for v in values))
