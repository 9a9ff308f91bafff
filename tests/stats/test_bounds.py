"""What holds at a bound itself, where the numbers on both sides of it say nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from egp.stats import (
    EXACT_BELOW_EVENTS,
    ArmEstimate,
    ArmSums,
    Difference,
    NonInferiority,
    PlannedTest,
    RateContrast,
    StatisticsInputError,
    achieved_power,
    covariate_correlation,
    decision_power,
    detectable_effect,
    detectable_margin,
    exact_score_power,
    linearised_std_dev,
    mean_power,
    mean_units,
    non_inferiority,
    noncentral_t_sf,
    posterior_beta_harm,
    ratio_contrast,
    relative_mde,
    relative_non_inferiority,
    required_units,
    shortcut_mde_ratio,
    skewness_of_sums,
    spent_alpha,
    standard_error_of_interval,
    z_upper,
)
from egp.stats.estimates import covariate_moments
from egp.stats.relative import Harm
from egp.stats.roots import bracketed_root
from egp.stats.values import replace

RARE = PlannedTest("proportion", 0.001)
REFUNDS = PlannedTest("proportion", 0.05, alpha=0.05, sides=1, margin=0.02, harm="increase")


def refused(asked: Callable[[], object]) -> tuple[str, str]:
    """Which parameter, and why."""
    with pytest.raises(StatisticsInputError) as error:
        asked()
    return error.value.parameter, error.value.problem


class TestRefusals:
    @pytest.mark.parametrize("alpha", [0.0, 1.0])
    def test_a_level_is_above_0_and_below_1(self, alpha: float) -> None:
        assert refused(lambda: PlannedTest("mean", 1.0, std_dev=1.0, alpha=alpha))[0] == "alpha"

    def test_a_superiority_rule_ships_nothing_without_an_effect(self) -> None:
        primary = PlannedTest("proportion", 0.12)
        assert refused(lambda: decision_power(primary, 0.0, 1e5)) == (
            "effect",
            "without a true effect there is nothing to ship",
        )

    def test_a_non_inferiority_rule_ships_what_does_no_harm(self) -> None:
        assert decision_power(REFUNDS, 0.0, 1e4).primary == achieved_power(REFUNDS, 0.0, 1e4)

    def test_a_rate_stays_above_0_where_an_increase_is_harm(self) -> None:
        """A true difference away from harm is a lower rate."""
        assert refused(lambda: achieved_power(REFUNDS, 0.05, 1e4))[0] == "effect"
        assert achieved_power(REFUNDS, 0.049, 1e4) > 0.9999

    def test_what_is_harm_says_nothing_of_a_test_without_a_margin(self) -> None:
        test = PlannedTest("proportion", 0.05)
        assert achieved_power(replace(test, harm="increase"), 0.01, 2e3) == achieved_power(test, 0.01, 2e3)

    def test_an_arm_as_large_as_its_noise_finds_no_relative_lift(self) -> None:
        needed = z_upper(0.025) + z_upper(0.2)
        assert refused(lambda: relative_mde(1.0, 1.0, needed * needed, 0.05, 0.8))[0] == "units_per_arm"
        assert relative_mde(1.0, 1.0, needed * needed * 1.01, 0.05, 0.8) > 100

    @pytest.mark.parametrize("harm", ["increase", "decrease"])
    def test_a_control_as_small_as_its_noise_has_no_relative_margin(self, harm: Harm) -> None:
        """Of a ratio of means Fieller's interval has an end only where the denominator is told from zero."""
        needed = z_upper(0.05) + z_upper(1.0 - 0.95)
        test = PlannedTest("ratio", needed / 2.0, 1.0, sides=1, margin=0.1, harm=harm, relative=True)
        assert refused(lambda: detectable_margin(test, 0.95, 4.0))[0] == "control_units"
        assert math.isfinite(detectable_margin(test, 0.95, 9.0))

    @pytest.mark.parametrize(
        "test",
        [PlannedTest("proportion", 0.12, None, 0.025, 1), PlannedTest("quantile", 12.0, 5.0, 0.025, 1)],
    )
    def test_what_a_harmless_change_reaches_needs_no_change(self, test: PlannedTest) -> None:
        """A change of nothing passes with the chance alpha; a power next to it is that chance to all digits."""
        power = math.nextafter(test.alpha, 1.0)
        assert achieved_power(test, 0.0, 1e6) == pytest.approx(power)
        assert refused(lambda: detectable_effect(test, power, 1e6)) == (
            "power",
            "the test reaches it without any effect",
        )

    @pytest.mark.parametrize("gamma", [700.0, -700.0])
    def test_the_most_extreme_gamma(self, gamma: float) -> None:
        assert math.isfinite(spent_alpha("hwang_shih_decani", 0.025, 0.5, gamma=gamma))
        assert (
            refused(lambda: spent_alpha("hwang_shih_decani", 0.025, 0.5, gamma=1.001 * gamma))[0] == "gamma"
        )

    def test_half_of_alpha_on_a_side_leaves_nothing_to_reach(self) -> None:
        assert refused(lambda: shortcut_mde_ratio(0.9, 0.5, 1))[0] == "alpha"
        assert shortcut_mde_ratio(0.9, 0.49, 1) > 1

    def test_what_does_not_vary_has_no_standard_deviation(self) -> None:
        assert linearised_std_dev(2.0, 4.0, 0.0, 0.0, 0.0) == 0.0

    @pytest.mark.parametrize("test", [{"variance_factor": 2.0}, {"variance": "unpooled"}, {}])
    def test_a_size_that_finds_no_change_of_a_rate(self, test: dict[str, Any]) -> None:
        """However power is computed, what is answered has the power that was asked for."""
        clustered = PlannedTest("proportion", 0.12, **test)
        assert refused(lambda: detectable_effect(clustered, 0.8, 3.0))[0] == "control_units"
        found = detectable_effect(clustered, 0.8, 12.0)
        assert achieved_power(clustered, found, 12.0) == pytest.approx(0.8, abs=1e-6)

    def test_a_wrong_power_is_refused_whatever_the_size(self) -> None:
        assert refused(lambda: detectable_effect(PlannedTest("proportion", 0.12), 0.02, 3e4))[0] == "power"

    def test_three_units_leave_a_degree_of_freedom(self) -> None:
        test = PlannedTest("mean", 5.0, std_dev=2.0, ratio=2.0)
        assert 0.05 < achieved_power(test, 4.0, 1.0) < 0.95
        assert refused(lambda: achieved_power(test, 4.0, 0.999))[0] == "control_units"

    def test_a_metric_of_nothing_goes_with_any_covariate(self) -> None:
        sums = ArmSums(10.0, 0.0, 0.0, covariate_sum=5.0, covariate_sum_squares=5.0, covariate_cross_sum=0.0)
        assert covariate_moments(sums).covariance == 0.0

    def test_values_that_are_all_nothing_have_no_skewness(self) -> None:
        assert refused(lambda: skewness_of_sums(10.0, 0.0, 0.0, 0.0)) == (
            "sum_squares",
            "the values do not vary",
        )

    @pytest.mark.parametrize("still", ["value", "covariate"])
    def test_what_does_not_vary_is_correlated_with_nothing(self, still: str) -> None:
        moving, constant = (5.0, 5.0), (10.0, 10.0)
        value, covariate = (constant, moving) if still == "value" else (moving, constant)
        sums = ArmSums(
            10.0,
            *value,
            covariate_sum=covariate[0],
            covariate_sum_squares=covariate[1],
            covariate_cross_sum=5.0,
        )
        assert refused(lambda: covariate_correlation(sums))[1] == "nothing varies"

    def test_an_interval_has_a_length(self) -> None:
        assert refused(lambda: standard_error_of_interval(1.0, 1.0))[0] == "high"

    def test_no_rate_is_worse_by_all_of_the_scale(self) -> None:
        assert refused(lambda: posterior_beta_harm(5, 10, 5, 10, margin=1.0))[0] == "margin"
        assert posterior_beta_harm(5, 10, 5, 10, margin=0.999) == pytest.approx(0.0, abs=1e-9)

    def test_no_arm_is_without_end(self) -> None:
        assert refused(lambda: posterior_beta_harm(5, math.inf, 5, 10))[0] == "conversions_control"
        assert refused(lambda: noncentral_t_sf(1.0, math.inf, 0.0))[0] == "df"


class TestMargins:
    """Harm is ruled out where its bound lies below the margin; a bound that is the margin rules nothing out."""

    @pytest.mark.parametrize("harm", ["increase", "decrease"])
    def test_absolute(self, harm: Harm) -> None:
        observed = Difference(0.0, 1.0)
        bound = non_inferiority(observed, 1.0, harm).harm_bound
        assert not non_inferiority(observed, bound, harm).non_inferior
        assert non_inferiority(observed, math.nextafter(bound, 2.0), harm).non_inferior

    @pytest.mark.parametrize("harm", ["increase", "decrease"])
    def test_relative(self, harm: Harm) -> None:
        control, treatment = ArmEstimate(10.0, 0.1, 1e4), ArmEstimate(10.0, 0.1, 1e4)

        def judged(margin: float) -> NonInferiority:
            return relative_non_inferiority(
                lambda ratio: ratio_contrast(control, treatment, ratio), 1.0, margin, harm
            )

        bound = judged(0.5).harm_bound
        assert not judged(bound).non_inferior
        assert judged(math.nextafter(bound, 1.0)).non_inferior


class TestCounting:
    def test_a_size_at_which_the_power_is_just_reached_is_enough(self) -> None:
        test = PlannedTest("proportion", 0.01)
        assert required_units(test, 0.03, achieved_power(test, 0.03, 314.0)).control == 314.0

    def test_four_units_find_what_the_approximation_puts_out_of_reach(self) -> None:
        found = detectable_effect(PlannedTest("proportion", 0.12), 0.9, 4.0)
        assert achieved_power(PlannedTest("proportion", 0.12), found, 4.0) == pytest.approx(0.9, abs=1e-6)

    @pytest.mark.parametrize(
        ("rates", "counts", "above"), [((0.25, 0.5), (2, 4), True), ((0.5, 0.25), (4, 2), False)]
    )
    def test_an_outcome_at_the_critical_value_is_a_success(
        self, rates: tuple[float, float], counts: tuple[int, int], above: bool
    ) -> None:
        critical = abs(RateContrast(counts[0], 8, counts[1], 8).statistic(0.0))
        at, short_of, past = (
            exact_score_power(*rates, 8, 8, critical * factor, above=above)
            for factor in (1, 1 - 1e-9, 1 + 1e-9)
        )
        assert at == short_of > past

    def test_an_arm_of_one_unit_is_counted_and_an_arm_of_none_shows_nothing(self) -> None:
        assert exact_score_power(0.1, 0.9, 0, 50, 1.645) == exact_score_power(0.1, 0.9, 50, 0, 1.645) == 0.0
        assert exact_score_power(0.1, 0.9, 1, 50, 0.5) > 0.5
        assert exact_score_power(0.1, 0.9, 50, 1, 0.5) > 0.5

    def test_as_many_units_as_can_be_counted_are_counted(self) -> None:
        counted = achieved_power(replace(RARE, baseline=9e-6), 9e-6, 5e6)
        assert counted == pytest.approx(exact_score_power(9e-6, 1.8e-5, 5_000_000, 5_000_000, z_upper(0.025)))

    def test_fewer_events_than_the_bound_are_counted(self) -> None:
        units = EXACT_BELOW_EVENTS / 0.001
        fewer, as_many = (
            exact_score_power(0.001, 0.0016, size, size, z_upper(0.025))
            for size in (int(units) - 1, int(units))
        )
        assert achieved_power(RARE, 0.0006, units - 1) == pytest.approx(fewer, rel=1e-9)
        assert achieved_power(RARE, 0.0006, units) != pytest.approx(as_many, rel=1e-5)

    @pytest.mark.parametrize(("relative", "ratio", "null"), [(True, 1.2, 0.0), (False, 1.0, 0.002)])
    def test_a_margin_that_is_counted_is_the_one_that_was_registered(
        self, relative: bool, ratio: float, null: float
    ) -> None:
        """0.2 of the control observed is another hypothesis than 0.2 of the baseline."""
        test = replace(REFUNDS, baseline=0.01, margin=0.002, relative=relative)
        counted = exact_score_power(0.01, 0.01, 900, 900, z_upper(0.05), null, ratio, above=False)
        assert achieved_power(test, 0.0, 900) == pytest.approx(counted, rel=1e-9)


class TestFarTail:
    """Rejections in the wrong direction count where there are two, and they are asked for."""

    @pytest.mark.parametrize("power", [0.06, 0.1])
    def test_two_sides(self, power: float) -> None:
        units = mean_units(0.1, 1.0, 0.05, power, 2, far_tail=True)
        assert mean_power(0.1, 1.0, units, units, 0.05, 2, far_tail=True) == pytest.approx(power)
        assert units < 0.95 * mean_units(0.1, 1.0, 0.05, power, 2)

    def test_one_side_has_no_wrong_direction(self) -> None:
        assert mean_units(0.1, 1.0, 0.05, 0.1, 1, far_tail=True) == mean_units(0.1, 1.0, 0.05, 0.1, 1)


class TestPriorsOfNextToNothing:
    """Their rates lie so close to 0 and 1 that a double is 0 or 1."""

    @pytest.mark.parametrize("prior", [1e-3, 1e-2, 0.1])
    def test_arms_alike_are_as_likely_to_be_better_as_worse(self, prior: float) -> None:
        assert posterior_beta_harm(0, 10, 0, 10, prior_alpha=prior) == pytest.approx(0.5, abs=1e-4)
        assert posterior_beta_harm(10, 10, 10, 10, prior_beta=prior) == pytest.approx(0.5, abs=1e-4)

    def test_a_rate_of_half_moved_by_half_is_at_the_end_of_the_scale(self) -> None:
        assert posterior_beta_harm(5, 10, 5, 10, margin=0.5) == pytest.approx(0.009, abs=0.01)

    def test_rates_moved_past_the_ends_of_the_scale(self) -> None:
        assert posterior_beta_harm(0, 10, 0, 10, prior_alpha=1e-3, margin=0.5) == pytest.approx(0.0, abs=1e-4)
        assert posterior_beta_harm(10, 10, 0, 10, prior_beta=1e-3, margin=0.5) > 0.99


class TestRoots:
    def searched(
        self, function: Callable[[float], float], tolerance: float
    ) -> tuple[float, dict[float, float]]:
        seen: dict[float, float] = {}
        found = bracketed_root(lambda x: seen.setdefault(x, function(x)), -1.0, 3.0, tolerance)
        return found, seen

    def test_a_zero_that_is_met_ends_the_search(self) -> None:
        found, seen = self.searched(lambda x: x, 0.0)
        assert found == 0.0
        assert len(seen) == 4

    @pytest.mark.parametrize("tolerance", [1.0, 0.1, 1e-3])
    def test_the_best_of_what_was_met_is_the_answer(self, tolerance: float) -> None:
        found, seen = self.searched(lambda x: math.expm1(x) - 0.7, tolerance)
        assert abs(seen[found]) == min(map(abs, seen.values()))
        assert found == pytest.approx(math.log(1.7), abs=tolerance)
        assert len(seen) <= 9

    def test_a_double_is_found_to_its_last_digits_in_a_dozen_steps(self) -> None:
        found, seen = self.searched(lambda x: math.expm1(x) - 0.7, 0.0)
        assert found == pytest.approx(math.log(1.7), rel=1e-15)
        assert len(seen) <= 12
