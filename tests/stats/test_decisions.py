"""Families of comparisons, whole decision rules, rules of thumb, weights."""

from __future__ import annotations

import math
import random

import pytest
from scipy.integrate import quad
from scipy.stats import norm

from egp.stats import (
    PlannedTest,
    StatisticsInputError,
    achieved_power,
    all_pass_probability,
    any_guardrail_false_alarm,
    best_control_share,
    bonferroni_z,
    branch_chances,
    corrected_alpha,
    cuped_factor,
    decision_power,
    design_effect,
    dunnett_z,
    guardrail_power_target,
    guardrail_unit_inflation,
    lehr_units,
    relative_mde,
    required_units_for_decision,
    shortcut_mde,
    shortcut_mde_power,
    shortcut_mde_ratio,
    split_efficiency,
    z_upper,
)
from egp.stats.values import replace

PRIMARY = PlannedTest("proportion", 0.12)
REFUNDS = PlannedTest("proportion", 0.031, alpha=0.05, sides=1, margin=0.0025, harm="increase")
CONTACTS = PlannedTest("mean", 0.042, std_dev=0.21, alpha=0.05, sides=1, margin=0.003, harm="increase")


class TestBranchChances:
    def test_shipping_is_the_power_of_the_rule(self) -> None:
        test = replace(PRIMARY, variance="unpooled")
        for lift, lower in ((None, 0.0), (0.003, 0.0), (None, 0.001), (0.004, 0.002)):
            found = branch_chances(test, 0.0045, 140_000.0, min_lift=lift, min_ci_lower=lower)
            whole = decision_power(test, 0.0045, 140_000.0, (), lift or 0.0, lower)
            assert found.ship == pytest.approx(whole.power, abs=2e-3)
            assert found.withdraw == 0.0

    def test_without_an_effect_each_side_has_half_of_the_level(self) -> None:
        found = branch_chances(PRIMARY, 0.0, 140_000.0, min_ci_lower=0.0, max_ci_upper=0.0)
        assert found.ship == pytest.approx(0.025)
        assert found.withdraw == pytest.approx(0.025)
        assert found.inconclusive == pytest.approx(0.95)

    def test_a_mirrored_rule_has_mirrored_chances(self) -> None:
        mean = PlannedTest("mean", 1.0, std_dev=2.0)
        good = branch_chances(mean, 0.03, 50_000.0, min_ci_lower=0.0, max_ci_upper=0.0)
        bad = branch_chances(mean, -0.03, 50_000.0, min_ci_lower=0.0, max_ci_upper=0.0)
        assert (good.ship, good.withdraw) == pytest.approx((bad.withdraw, bad.ship))
        falls = branch_chances(mean, 0.03, 50_000.0, good="decrease", min_ci_lower=0.0, max_ci_upper=0.0)
        assert falls == pytest.approx(good)

    @pytest.mark.parametrize("benefit", [-0.006, -0.002, 0.0, 0.004])
    def test_simulated_experiments_take_each_branch_as_often(self, benefit: float) -> None:
        import numpy as np

        units, generator = 60_000, np.random.default_rng(14)
        control = generator.binomial(units, 0.12, 40_000) / units
        treated = generator.binomial(units, 0.12 + benefit, 40_000) / units
        lift = treated - control
        half = 1.959964 * np.sqrt(control * (1 - control) / units + treated * (1 - treated) / units)
        ships = (lift - half >= 0) & (lift >= 0.003)
        withdraws = (lift + half <= 0) & (lift <= -0.001)
        found = branch_chances(
            PRIMARY,
            benefit,
            float(units),
            min_ci_lower=0.0,
            min_lift=0.003,
            max_ci_upper=0.0,
            max_lift=-0.001,
        )
        for chance, seen in zip(found, (ships, withdraws, ~ships & ~withdraws), strict=True):
            assert chance == pytest.approx(seen.mean(), abs=4 * math.sqrt(0.25 / 40_000) * 1.2)

    def test_non_inferiority_ships_by_its_margin(self) -> None:
        test = PlannedTest("mean", 1.0, std_dev=2.0, sides=1, margin=0.05, harm="decrease")
        found = branch_chances(test, 0.0, 50_000.0, max_ci_upper=-0.05)
        assert found.ship == pytest.approx(achieved_power(test, 0.0, 50_000.0), abs=1e-6)
        assert found.withdraw < 1e-6

    def test_branches_that_overlap_are_refused(self) -> None:
        with pytest.raises(StatisticsInputError, match="both ship and withdraw"):
            branch_chances(PRIMARY, 0.0, 140_000.0, min_ci_lower=0.0, max_lift=0.01)


class TestDecisionPower:
    def test_without_guardrails_and_thresholds_it_is_the_power_of_the_primary(self) -> None:
        found = decision_power(PRIMARY, 0.0045, 140_000.0)
        assert (
            found.power
            == found.lower_bound
            == found.upper_bound
            == achieved_power(PRIMARY, 0.0045, 140_000.0)
        )

    def test_asking_for_the_mde_as_lift_ships_half_of_the_true_ones(self) -> None:
        assert decision_power(PRIMARY, 0.0045, 140_000.0, min_lift=0.0045).power == pytest.approx(0.5)
        assert decision_power(PRIMARY, 0.0045, 1e9, min_lift=0.0045).power == pytest.approx(0.5)

    def test_a_lift_below_the_critical_value_costs_nothing(self) -> None:
        plain = decision_power(PRIMARY, 0.0045, 140_000.0)
        assert decision_power(PRIMARY, 0.0045, 140_000.0, min_lift=0.0001) == plain

    def test_an_interval_above_a_floor_costs_the_floor(self) -> None:
        test = PlannedTest("ratio", 2.0, std_dev=3.0)
        shifted = decision_power(test, 0.05, 60_000.0, min_ci_lower=0.02).power
        assert shifted == pytest.approx(achieved_power(test, 0.03, 60_000.0))

    def test_guardrails_multiply_and_never_fall_below_the_bound(self) -> None:
        found = decision_power(PRIMARY, 0.0045, 140_000.0, [REFUNDS, CONTACTS])
        parts = [
            achieved_power(PRIMARY, 0.0045, 140_000.0),
            achieved_power(REFUNDS, 0.0, 140_000.0),
            achieved_power(CONTACTS, 0.0, 140_000.0),
        ]
        assert found.power == pytest.approx(math.prod(parts))
        assert found.lower_bound == pytest.approx(1 - sum(1 - part for part in parts))
        assert found.upper_bound == min(parts)
        assert found.lower_bound <= found.power <= found.upper_bound

    def test_matured_cohorts_have_their_own_units(self) -> None:
        fewer = decision_power(PRIMARY, 0.0045, 140_000.0, [REFUNDS], guardrail_units=[70_000.0])
        assert fewer.guardrails == (achieved_power(REFUNDS, 0.0, 70_000.0),)

    def test_each_test_at_the_corrected_power_keeps_the_rule_at_its_target(self) -> None:
        needed = required_units_for_decision(PRIMARY, 0.0045, [REFUNDS, CONTACTS], 0.95)
        assert needed.per_test_power == guardrail_power_target(0.95, 2) == pytest.approx(1 - 0.05 / 3)
        assert needed.units == needed.each[needed.binding]
        assert needed.units.control == max(units.control for units in needed.each)
        found = decision_power(PRIMARY, 0.0045, needed.units.control, [REFUNDS, CONTACTS])
        assert found.lower_bound >= 0.95
        assert (found.primary, *found.guardrails)[needed.binding] == pytest.approx(needed.per_test_power)

    def test_simulation_agrees_within_4_standard_errors(self) -> None:
        test = PlannedTest("quantile", 1.0, std_dev=1.0)
        guardrail = PlannedTest(
            "quantile", 1.0, std_dev=1.0, alpha=0.05, sides=1, margin=0.05, harm="increase"
        )
        units, effect, lift, runs = 8000.0, 0.05, 0.04, 20_000
        expected = decision_power(test, effect, units, [guardrail], min_lift=lift).power
        generator, error, shipped = random.Random(11), math.sqrt(2 / units), 0
        for _ in range(runs):
            estimate, harm = generator.gauss(effect, error), generator.gauss(0.0, error)
            success = estimate >= z_upper(0.025) * error and estimate >= lift
            shipped += success and harm + z_upper(0.05) * error < 0.05
        assert abs(shipped / runs - expected) < 4 * math.sqrt(expected * (1 - expected) / runs)

    def test_a_guardrail_needs_a_margin(self) -> None:
        with pytest.raises(StatisticsInputError) as caught:
            decision_power(PRIMARY, 0.0045, 1e5, [replace(REFUNDS, margin=None)])
        assert caught.value.parameter == "guardrails"


class TestFamilies:
    def test_dunnett_constants(self) -> None:
        found = [dunnett_z(0.05, k) for k in range(1, 6)]
        assert found == pytest.approx([1.9600, 2.2121, 2.3490, 2.4418, 2.5115], abs=5e-5)

    def test_dunnett_with_estimated_variance_follows_the_published_table(self) -> None:
        # Dunnett 1955: one-sided 5 %, 3 treatments, 20 degrees of freedom
        assert dunnett_z(0.05, 3, 1, 0.5, 20.0) == pytest.approx(2.19, abs=0.005)
        assert dunnett_z(0.05, 3, 1, 0.5, 1e6) == pytest.approx(dunnett_z(0.05, 3, 1), abs=1e-4)

    def test_nearly_equal_comparisons_need_next_to_no_correction(self) -> None:
        assert dunnett_z(0.05, 5, rho=0.9999) == pytest.approx(1.96, abs=0.02)

    def test_corrected_levels(self) -> None:
        assert corrected_alpha(0.05, 4, "none") == 0.05
        assert corrected_alpha(0.05, 4, "bonferroni") == corrected_alpha(0.05, 4, "holm") == 0.0125
        assert 0.0125 < corrected_alpha(0.05, 4, "dunnett") < 0.05
        assert z_upper(corrected_alpha(0.05, 4, "dunnett") / 2) == pytest.approx(
            dunnett_z(0.05, 4), rel=1e-12
        )
        assert bonferroni_z(0.05, 4) == z_upper(0.0125 / 2)

    def test_ten_harmless_guardrails(self) -> None:
        assert any_guardrail_false_alarm(10, 0.05) == pytest.approx(0.401, abs=5e-4)
        assert any_guardrail_false_alarm(10, 0.05, rho=0.5) == pytest.approx(0.247, abs=5e-4)
        assert any_guardrail_false_alarm(10, 0.05, looks=14) == pytest.approx(0.882, abs=5e-4)
        with pytest.raises(StatisticsInputError, match="rho"):
            any_guardrail_false_alarm(10, 0.05, rho=0.5, looks=14)

    @pytest.mark.parametrize("count", [3, 10, 50])
    @pytest.mark.parametrize("sides", [1, 2])
    @pytest.mark.parametrize("rho", [0.3, 0.7, 0.9, 0.99, 0.999])
    def test_correlated_guardrails_agree_with_adaptive_quadrature(
        self, rho: float, sides: int, count: int
    ) -> None:
        critical, shared, own = z_upper(0.05 / sides), math.sqrt(rho), math.sqrt(1 - rho)

        def all_quiet(u: float) -> float:
            low = -math.inf if sides == 1 else (-critical - shared * u) / own
            inside = norm.cdf((critical - shared * u) / own) - norm.cdf(low)
            return float(norm.pdf(u) * inside**count)

        steps = [critical / shared, -critical / shared]
        quiet = quad(all_quiet, -9, 9, points=steps, limit=1000, epsabs=1e-12, epsrel=1e-12)[0]
        assert any_guardrail_false_alarm(count, 0.05, sides, rho) == pytest.approx(1 - quiet, abs=1e-9)

    def test_ten_guardrails_that_are_nearly_one(self) -> None:
        assert any_guardrail_false_alarm(10, 0.05, 2, 0.9) == pytest.approx(0.12761731, abs=5e-9)

    def test_three_guardrails_at_95_percent_cost_40_percent_more_units(self) -> None:
        assert guardrail_power_target(0.95, 3) == pytest.approx(0.9875)
        assert guardrail_unit_inflation(0.95, 3, 0.05, 1) == pytest.approx(1.40, abs=0.005)
        assert guardrail_power_target(0.95, 0) == pytest.approx(0.95)

    def test_bounds_of_a_joint_probability(self) -> None:
        assert all_pass_probability([0.9, 0.8]) == pytest.approx((0.7, 0.72, 0.8))
        assert all_pass_probability([0.3, 0.4])[0] == 0.0
        assert all_pass_probability([]) == (1.0, 1.0, 1.0)
        assert all_pass_probability([1.0, 0.0]) == (0.0, 0.0, 0.0), "both ends are probabilities"


class TestRulesOfThumb:
    def test_the_shortcut_mde_is_found_half_of_the_time(self) -> None:
        assert shortcut_mde_power() == pytest.approx(0.50004, abs=5e-6)
        assert shortcut_mde_ratio(0.95) == pytest.approx(1.839, abs=5e-4)
        assert shortcut_mde_ratio(0.80) == pytest.approx(1.429, abs=5e-4)
        mde = shortcut_mde(0.05, 100_000.0)
        assert achieved_power(PlannedTest("proportion", 0.05), mde, 100_000.0) == pytest.approx(0.5, abs=0.01)

    def test_lehr_is_80_percent_power(self) -> None:
        units = lehr_units(2.0, 0.1)
        assert achieved_power(PlannedTest("mean", 1.0, std_dev=2.0), 0.1, units) == pytest.approx(
            0.807, abs=5e-4
        )

    def test_a_relative_analysis_needs_a_larger_lift(self) -> None:
        absolute = shortcut_mde_ratio(0.95) * shortcut_mde(0.10, 20_000.0) / 0.10
        assert relative_mde(0.10, 0.09, 20_000.0, 0.05, 0.95) > absolute

    def test_with_too_few_units_no_relative_lift_is_found(self) -> None:
        with pytest.raises(StatisticsInputError) as caught:
            relative_mde(0.10, 0.09, 100.0, 0.05, 0.95)
        assert caught.value.parameter == "units_per_arm"
        assert "more than 117 units" in caught.value.advice

    def test_factors_on_units(self) -> None:
        assert cuped_factor(0.5) == 0.75
        assert cuped_factor(-0.5) == 0.75
        assert design_effect(1.0, 0.3) == 1.0
        assert design_effect(10.0, 0.05) == pytest.approx(1.45)


class TestWeights:
    def test_efficiency_of_a_split(self) -> None:
        assert split_efficiency(1.0) == 1.0
        assert [split_efficiency(9.0), split_efficiency(1 / 9)] == pytest.approx([0.36, 0.36])

    def test_best_control_share(self) -> None:
        assert best_control_share(1) == 0.5
        assert best_control_share(4) == pytest.approx(1 / 3)
