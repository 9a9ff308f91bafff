"""Repeated looks, spending boundaries and stopping."""

from __future__ import annotations

import math
import random

import pytest

from egp.stats import (
    StatisticsInputError,
    alarm_probability,
    group_sequential_inflation,
    haybittle_peto_type1,
    information_fractions,
    look_exaggeration,
    most_crossing_probability,
    obrien_fleming_constant,
    pocock_constant,
    repeated_looks_type1,
    sequential_characteristics,
    spending_boundaries,
    spent_alpha,
    type_m,
    z_upper,
)
from egp.stats import looks as looks_module
from egp.stats.looks import ALARM_ERROR, crossing_probability


def _with_more_nodes(count: int) -> float:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks_module, "_BASE_NODES", 64)
        information = information_fractions(count)
        return crossing_probability([z_upper(0.025)] * count, information, 2)


class TestRepeatedLooks:
    def test_daily_looks_of_two_weeks_reject_22_percent_of_true_nulls(self) -> None:
        assert repeated_looks_type1(0.05, 14) == pytest.approx(0.2196, abs=5e-5)
        assert repeated_looks_type1(0.05, 5) == pytest.approx(0.1417, abs=5e-5)

    def test_one_look_is_alpha(self) -> None:
        assert repeated_looks_type1(0.03, 1, sides=1) == pytest.approx(0.03, rel=1e-13)

    def test_two_looks_are_a_bivariate_normal(self) -> None:
        from scipy.stats import multivariate_normal

        for t in (0.1, 0.5, 0.9):
            correlation = math.sqrt(t)
            law = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
            z = z_upper(0.05)
            inside = law.cdf([z, z])
            assert repeated_looks_type1(0.05, [t, 1.0], sides=1) == pytest.approx(1 - inside, abs=1e-7)

    def test_looks_close_together_add_next_to_nothing(self) -> None:
        twice = repeated_looks_type1(0.05, [0.5, 0.501, 1.0])
        assert 0 < twice - repeated_looks_type1(0.05, [0.5, 1.0]) < 0.01

    def test_simulation_agrees_within_4_standard_errors(self) -> None:
        generator, paths, looks = random.Random(20230117), 20_000, 14
        crossed = 0
        for _ in range(paths):
            score = 0.0
            for k in range(1, looks + 1):
                score += generator.gauss(0.0, 1.0)
                if abs(score) >= 1.959963984540054 * math.sqrt(k):
                    crossed += 1
                    break
        expected = repeated_looks_type1(0.05, looks)
        assert abs(crossed / paths - expected) < 4 * math.sqrt(expected * (1 - expected) / paths)

    def test_hundreds_of_looks_are_still_exact(self) -> None:
        hourly = repeated_looks_type1(0.05, 336)
        finer = _with_more_nodes(336)
        assert hourly == pytest.approx(finer, abs=1e-12)
        assert repeated_looks_type1(0.05, 200) < hourly < 0.5


class TestAlarms:
    """The chance of an alarm is computed on a coarser grid than a design."""

    @pytest.mark.parametrize("number", [1, 2, 14, 119])
    @pytest.mark.parametrize(
        ("first", "last"), [(-1.0, -1.0), (0.5, 2.0), (1.2, 4.1), (3.0, 3.0), (4.0, 1.0), (4.0, 40.0)]
    )
    def test_it_is_within_its_error_of_the_recursion_and_below_the_bound(
        self, number: int, first: float, last: float
    ) -> None:
        bounds = [first + (last - first) * at / max(1, number - 1) for at in range(number)]
        looks = [at + 10.0 for at in range(number)]
        chance = alarm_probability(bounds, looks)
        assert chance == pytest.approx(
            sequential_characteristics(bounds, looks, 0.0, 1).power, abs=ALARM_ERROR
        )
        assert chance <= most_crossing_probability(bounds, looks) + ALARM_ERROR

    def test_next_to_no_chance_is_the_sum_of_the_looks(self) -> None:
        bounds = [5.0, 5.5, 6.0]
        alone = sum(0.5 * math.erfc(bound / math.sqrt(2)) for bound in bounds)
        assert alarm_probability(bounds, [1.0, 2.0, 3.0]) == pytest.approx(alone, rel=1e-9)
        assert alone < ALARM_ERROR / 10


class TestSpending:
    def test_obrien_fleming_spends_a_quarter_alpha_quantile_per_side(self) -> None:
        bounds = spending_boundaries("obrien_fleming", 0.05, [0.2, 0.4, 0.6, 0.8, 1.0])
        assert bounds[0] == pytest.approx(4.8769, abs=5e-5)
        assert bounds == sorted(bounds, reverse=True)
        assert spent_alpha("obrien_fleming", 0.025, 1.0) == pytest.approx(0.025)

    def test_bounds_so_far_do_not_depend_on_later_looks(self) -> None:
        full = spending_boundaries("pocock", 0.05, [0.3, 0.7, 1.0])
        assert spending_boundaries("pocock", 0.05, [0.3, 0.7]) == pytest.approx(full[:2], abs=1e-12)

    def test_two_sided_is_one_sided_at_half_alpha_but_for_double_crossings(self) -> None:
        two = spending_boundaries("pocock", 0.05, [0.5, 1.0])
        one = spending_boundaries("pocock", 0.025, [0.5, 1.0], sides=1)
        assert two[0] == pytest.approx(one[0], abs=1e-12)
        assert 0 < one[1] - two[1] < 1e-4

    def test_hwang_shih_decani_with_gamma_0_is_even(self) -> None:
        assert spent_alpha("hwang_shih_decani", 0.025, 0.4, gamma=0.0) == pytest.approx(0.01)
        assert spent_alpha("hwang_shih_decani", 0.025, 0.4, gamma=1e-9) == pytest.approx(0.01)

    def test_the_unadjusted_final_bound_in_obrien_fleming_shape_is_too_lax(self) -> None:
        # A published recipe: z_k = 1.96 / sqrt(t_k).
        for looks, actual in ((2, 0.0522), (5, 0.0610), (10, 0.0686), (14, 0.0721)):
            information = information_fractions(looks)
            bounds = [1.959963984540054 / math.sqrt(t) for t in information]
            assert crossing_probability(bounds, information, 2) == pytest.approx(actual, abs=5e-5)

    def test_haybittle_peto_with_an_unadjusted_final_look_is_slightly_lax(self) -> None:
        assert haybittle_peto_type1(3.0, 1.959963984540054, 5) == pytest.approx(0.0533, abs=5e-5)

    def test_published_constants(self) -> None:
        # Pocock 1977; O'Brien & Fleming 1979 as in Jennison & Turnbull 2000, tables 2.1 and 2.3
        assert [round(pocock_constant(0.05, k), 3) for k in (2, 3, 4, 5)] == [2.178, 2.289, 2.361, 2.413]
        assert [round(obrien_fleming_constant(0.05, k), 3) for k in (2, 3, 4, 5)] == [
            1.977,
            2.004,
            2.024,
            2.040,
        ]

    def test_inflation(self) -> None:
        found = [group_sequential_inflation("pocock", 0.05, k, 0.95) for k in (2, 3, 5, 10)]
        assert [round(factor, 3) for factor in found] == [1.103, 1.143, 1.178, 1.207]
        assert group_sequential_inflation("pocock", 0.05, 1, 0.8) == pytest.approx(1.0, abs=1e-9)

    @pytest.mark.parametrize(
        ("function", "information", "parameter"),
        [
            ("obrien_fleming", [0.001, 1.0], "information"),
            ("obrien_fleming", [0.5, 1.2], "information"),
            ("obrien_fleming", [0.6, 0.5, 1.0], "looks"),
            ("obrien_fleming", [], "information"),
            ("hwang_shih_decani", [0.5, 1.0], "gamma"),
            ("power", [0.5, 1.0], "rho"),
            ("triangular", [0.5, 1.0], "function"),
        ],
    )
    def test_impossible_schedules_are_refused(
        self, function: str, information: list[float], parameter: str
    ) -> None:
        with pytest.raises(StatisticsInputError) as caught:
            spending_boundaries(function, 0.05, information)
        assert caught.value.parameter == parameter


class TestStopping:
    def test_without_effect_the_power_is_type_1(self) -> None:
        peeking = sequential_characteristics([1.959963984540054] * 14, 14, 0.0)
        assert peeking.power == pytest.approx(repeated_looks_type1(0.05, 14), abs=1e-12)
        assert all(look.exaggeration is None for look in peeking.looks)

    def test_one_look_is_the_fixed_horizon_test(self) -> None:
        only = sequential_characteristics([1.959963984540054], 1, 2.5).looks[0]
        expected = type_m(2.5, 1.0)
        assert only.stop == pytest.approx(expected.power, rel=1e-12)
        assert only.exaggeration == pytest.approx(expected.exaggeration, rel=1e-12)
        assert only.wrong_sign / only.stop == pytest.approx(expected.type_s, rel=1e-10)

    def test_a_design_with_its_inflation_has_its_power(self) -> None:
        information = information_fractions(4)
        bounds = spending_boundaries("obrien_fleming", 0.05, information)
        inflation = group_sequential_inflation("obrien_fleming", 0.05, 4, 0.9)
        drift = math.sqrt(inflation) * (z_upper(0.025) + z_upper(0.1))
        design = sequential_characteristics(bounds, 4, drift)
        assert design.power == pytest.approx(0.9, abs=1e-5)
        assert design.looks[-1].stopped_so_far == design.power
        assert 0.5 < design.expected_information < 1.0

    def test_the_earlier_the_stop_the_larger_the_exaggeration(self) -> None:
        looks = sequential_characteristics([1.959963984540054] * 14, 14, 2.0).looks
        exaggerations = [look.exaggeration for look in looks if look.exaggeration is not None]
        assert len(exaggerations) == 14
        assert exaggerations == sorted(exaggerations, reverse=True)
        assert exaggerations[0] > 3

    def test_simulation_agrees_on_stops_and_exaggeration(self) -> None:
        generator, paths, looks, drift = random.Random(7), 20_000, 5, 2.2
        bounds = spending_boundaries("pocock", 0.05, information_fractions(looks))
        estimates: list[list[float]] = [[] for _ in range(looks)]
        for _ in range(paths):
            score = 0.0
            for k in range(looks):
                score += generator.gauss(drift / looks, math.sqrt(1 / looks))
                t = (k + 1) / looks
                if abs(score) >= bounds[k] * math.sqrt(t):
                    estimates[k].append(abs(score) / t / drift)
                    break
        expected = sequential_characteristics(bounds, looks, drift).looks
        for found, look in zip(estimates, expected, strict=True):
            share = len(found) / paths
            assert abs(share - look.stop) < 4 * math.sqrt(look.stop * (1 - look.stop) / paths)
            mean = math.fsum(found) / len(found)
            spread = math.sqrt(math.fsum((x - mean) ** 2 for x in found)) / len(found)
            assert look.exaggeration is not None
            assert abs(mean - look.exaggeration) < 4 * spread

    def test_a_significant_early_look_by_itself(self) -> None:
        # After 5 of 14 days of a test with 95 % power: the effect is 3.605 final standard errors.
        early = 3.605 * math.sqrt(5 / 14)
        assert look_exaggeration(1.959963984540054, early) == pytest.approx(
            type_m(early, 1.0).exaggeration, rel=1e-14
        )
        assert look_exaggeration(1.959963984540054, early) > 1.2
