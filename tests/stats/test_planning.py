"""What a registered test needs, achieves and detects."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from egp.stats import (
    ArmUnits,
    PlannedTest,
    StatisticsInputError,
    achieved_power,
    cuped_factor,
    detectable_effect,
    detectable_margin,
    non_inferiority_proportion_units,
    required_units,
    solve_for_one,
    two_proportion_units,
)
from egp.stats.values import replace

CONVERSION = PlannedTest("proportion", 0.12)
LATENCY = PlannedTest("quantile", 1900.0, std_dev=5200.0, alpha=0.05, sides=1, margin=76.0, harm="increase")
REFUNDS = PlannedTest("proportion", 0.031, alpha=0.05, sides=1, margin=0.031 * 0.08, harm="increase")


def z(upper_tail: float) -> float:
    return -NormalDist().inv_cdf(upper_tail)


class TestSize:
    def test_the_plan_of_the_design_page(self) -> None:
        assert required_units(CONVERSION, 0.0045, 0.95).ceil() == (137_716, 137_716)
        reduced = replace(CONVERSION, variance_factor=cuped_factor(0.5))
        assert required_units(reduced, 0.0045, 0.95).ceil() == (103_287, 103_287)

    def test_95_percent_power_takes_26_variances_and_80_percent_16(self) -> None:
        test = PlannedTest("quantile", 10.0, std_dev=1.0)
        assert required_units(test, 1.0, 0.95).control == pytest.approx(25.99, abs=0.005)
        assert required_units(test, 1.0, 0.80).control == pytest.approx(15.70, abs=0.005)

    def test_a_proportion_is_planned_for_the_score_test_or_for_a_mean(self) -> None:
        for ratio in (1 / 9, 1.0, 9.0):
            score = replace(CONVERSION, ratio=ratio)
            pooled, unpooled = (
                two_proportion_units(0.12, 0.13, 0.05, 0.95, 2, ratio, method)
                for method in ("pooled", "unpooled")
            )
            assert required_units(score, 0.01, 0.95).control == pytest.approx(pooled, rel=1e-14)
            as_mean = required_units(replace(score, variance="unpooled"), 0.01, 0.95).control
            assert as_mean == pytest.approx(max(pooled, unpooled), rel=1e-14)
        assert pooled != pytest.approx(unpooled, rel=1e-3)

    def test_treatment_units_are_ratio_times_control_units(self) -> None:
        units = required_units(PlannedTest("mean", 5.0, std_dev=2.0, ratio=0.25), 0.05, 0.9)
        assert units.treatment == units.control / 4
        assert units.smallest == units.treatment
        assert units.total == units.control + units.treatment

    def test_each_arm_is_rounded_up_by_itself(self) -> None:
        assert ArmUnits(10.2, 20.0).ceil() == (11, 20)

    def test_one_sided_needs_83_percent_of_two_sided(self) -> None:
        two = required_units(CONVERSION, 0.0045, 0.95).control
        one = required_units(replace(CONVERSION, sides=1), 0.0045, 0.95).control
        assert one / two == pytest.approx(0.833, abs=0.001)

    def test_the_sign_of_the_effect_matters_for_proportions_only(self) -> None:
        rare = PlannedTest("proportion", 0.01)
        assert required_units(rare, 0.005, 0.95).control > required_units(rare, -0.005, 0.95).control
        mean = PlannedTest("mean", 5.0, std_dev=2.0)
        assert required_units(mean, 0.05, 0.9) == required_units(mean, -0.05, 0.9)

    def test_small_means_are_planned_with_student_t(self) -> None:
        # R: power.t.test(delta=.5, sd=1, power=.8) gives 63.76576 per group
        test = PlannedTest("mean", 0.0, std_dev=1.0)
        assert required_units(test, 0.5, 0.8).control == pytest.approx(63.76576, abs=5e-6)

    def test_where_student_t_ends_the_power_does_not_fall(self) -> None:
        test = PlannedTest("mean", 0.0, std_dev=1.0)
        below, above = (achieved_power(test, 0.2, units) for units in (500.999, 501.001))
        assert below < above < below + 1e-3
        effects = [0.2 + 0.001 * step for step in range(60)]
        sizes = [required_units(test, effect, 0.95).control for effect in effects]
        assert sizes == sorted(sizes, reverse=True)
        for effect, size in zip(effects, sizes, strict=True):
            assert achieved_power(test, effect, size) >= 0.95 - 1e-12


class TestPower:
    def test_without_effect_a_superiority_test_has_its_tail(self) -> None:
        assert achieved_power(CONVERSION, 0.0, 5000.0) == pytest.approx(0.025)
        assert achieved_power(replace(CONVERSION, sides=1), 0.0, 5000.0) == pytest.approx(0.05)

    def test_it_is_what_the_size_was_asked_for(self) -> None:
        for test, effect in ((CONVERSION, 0.0045), (CONVERSION, -0.0045), (REFUNDS, 0.0), (LATENCY, 0.0)):
            units = required_units(test, effect, 0.95).control
            assert achieved_power(test, effect, units) == pytest.approx(0.95, abs=1e-12)

    def test_harm_equal_to_the_margin_is_missed_at_most_by_alpha(self) -> None:
        assert LATENCY.margin is not None
        assert achieved_power(LATENCY, -LATENCY.margin, 1e5) == pytest.approx(0.05)


class TestDetectableEffect:
    def test_it_is_found_with_the_power(self) -> None:
        for direction, sign in (("increase", 1), ("decrease", -1)):
            mde = detectable_effect(CONVERSION, 0.95, 50_000.0, direction)  # type: ignore[arg-type]
            assert achieved_power(CONVERSION, sign * mde, 50_000.0) == pytest.approx(0.95, abs=1e-12)

    def test_of_a_mean_it_is_3_6_standard_errors(self) -> None:
        test = PlannedTest("mean", 30.0, std_dev=40.0)
        error = 40.0 * math.sqrt(2 / 80_000)
        assert detectable_effect(test, 0.95, 80_000.0) == pytest.approx(
            (z(0.025) + z(0.05)) * error, rel=1e-14
        )

    def test_cuped_shrinks_it_by_the_square_root(self) -> None:
        test = PlannedTest("mean", 30.0, std_dev=40.0)
        reduced = replace(test, variance_factor=cuped_factor(0.6))
        assert detectable_effect(reduced, 0.95, 1e5) / detectable_effect(test, 0.95, 1e5) == pytest.approx(
            0.8
        )

    def test_with_few_units_the_whole_range_of_the_rate_is_searched(self) -> None:
        test = PlannedTest("proportion", 0.5)
        mde = detectable_effect(test, 0.8, 14.0)
        assert 0.4 < mde < 0.5
        assert achieved_power(test, mde, 14.0) == pytest.approx(0.8, abs=1e-8)

    def test_past_100_percent_it_is_refused(self) -> None:
        with pytest.raises(StatisticsInputError, match="finds no change") as caught:
            detectable_effect(PlannedTest("proportion", 0.9), 0.95, 20.0)
        assert caught.value.parameter == "control_units"


class TestNonInferiority:
    def test_it_takes_the_worse_of_farrington_manning_and_unpooled(self) -> None:
        needed = required_units(REFUNDS, 0.0, 0.95).control
        by_method = [
            non_inferiority_proportion_units(
                0.031, 0.031, 0.031 * 0.08, 0.05, 0.95, "increase", method=method
            )
            for method in ("fm", "unpooled")
        ]
        assert needed == pytest.approx(max(by_method), rel=1e-12)

    def test_the_direction_of_harm_decides_where_a_true_difference_helps(self) -> None:
        for test in (REFUNDS, replace(REFUNDS, harm="decrease"), LATENCY):
            assert test.margin is not None
            easier = required_units(test, 0.2 * test.margin, 0.95).control
            harder = required_units(test, -0.2 * test.margin, 0.95).control
            assert easier < required_units(test, 0.0, 0.95).control < harder

    def test_of_a_quantile_it_is_the_normal_formula(self) -> None:
        expected = (2 * z(0.05)) ** 2 * 2 * 5200.0**2 / 76.0**2
        assert required_units(LATENCY, 0.0, 0.95).control == pytest.approx(expected, rel=1e-14)

    def test_the_detectable_margin_is_the_one_that_fits_the_size(self) -> None:
        for test in (REFUNDS, replace(REFUNDS, harm="decrease", ratio=0.2), LATENCY):
            units = required_units(test, 0.0, 0.95).control
            assert detectable_margin(test, 0.95, units) == pytest.approx(test.margin, rel=1e-10)

    def test_margins_and_effects_are_not_confused(self) -> None:
        with pytest.raises(StatisticsInputError, match="detectable_margin"):
            detectable_effect(REFUNDS, 0.95, 1e5)


class TestSolveForOne:
    def test_any_one_follows_from_the_others(self) -> None:
        sized = solve_for_one(CONVERSION, effect=0.0045, power=0.95, control_units_per_day=10_000.0)
        assert sized.control_units == pytest.approx(137_715.2, abs=0.1)
        assert sized.days == pytest.approx(13.77, abs=0.01)
        powered = solve_for_one(CONVERSION, effect=0.0045, days=sized.days, control_units_per_day=10_000.0)
        assert powered.power == pytest.approx(0.95)
        found = solve_for_one(CONVERSION, power=0.95, control_units=sized.control_units)
        assert found.effect == pytest.approx(0.0045)
        assert found.days is None

    def test_a_decrease_is_solved_with_its_sign(self) -> None:
        solution = solve_for_one(CONVERSION, power=0.95, control_units=1e5, direction="decrease")
        assert achieved_power(CONVERSION, solution.effect, 1e5) == pytest.approx(0.95)
        assert solution.effect < 0

    def test_of_a_non_inferiority_test_the_margin_is_solved(self) -> None:
        assert solve_for_one(LATENCY, power=0.95, control_units=1e5).effect == detectable_margin(
            LATENCY, 0.95, 1e5
        )

    @pytest.mark.parametrize(
        "given",
        [
            {"effect": 0.01},
            {"effect": 0.01, "power": 0.9, "control_units": 1000.0},
            {"effect": 0.01, "days": 14.0},
            {"effect": 0.01, "days": 14.0, "control_units": 1000.0, "control_units_per_day": 100.0},
        ],
    )
    def test_too_little_or_too_much_is_refused(self, given: dict[str, float]) -> None:
        with pytest.raises(StatisticsInputError):
            solve_for_one(CONVERSION, **given)  # type: ignore[arg-type]
