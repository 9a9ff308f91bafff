"""The kernel against scipy and statsmodels, where those are right."""

from __future__ import annotations

import math

import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    proportion_effectsize,
    samplesize_proportions_2indep_onetail,
)

from egp.stats import (
    PlannedTest,
    achieved_power,
    chi_square_sf,
    detectable_effect,
    mean_mde,
    mean_power,
    mean_units,
    noncentral_t_sf,
    normal_cdf,
    normal_sf,
    student_sf,
    t_upper,
    two_proportion_power,
    two_proportion_units,
    z_upper,
)
from egp.stats.quadrature import gauss_legendre, integral
from egp.stats.values import replace


@pytest.mark.parametrize("x", [-37.0, -9.0, -6.0, -1.0, 0.0, 0.3, 2.5, 8.0, 37.0])
def test_normal_tails_keep_their_digits(x: float) -> None:
    assert normal_cdf(x) == pytest.approx(scipy_stats.norm.cdf(x), rel=1e-12)
    assert normal_sf(x) == pytest.approx(scipy_stats.norm.sf(x), rel=1e-12)


@pytest.mark.parametrize("tail", [1e-300, 1e-15, 0.001, 0.3, 0.5, 0.99])
def test_normal_quantiles(tail: float) -> None:
    assert z_upper(tail) == pytest.approx(scipy_stats.norm.isf(tail), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("df", [1.17, 2.0, 3.5, 10.0, 77.3, 1e3, 1e6])
@pytest.mark.parametrize("t", [0.0, 0.7, 2.0, 6.0, 15.0])
def test_student_t(df: float, t: float) -> None:
    expected = float(scipy_stats.t.sf(t, df))
    assert student_sf(t, df) == pytest.approx(expected, rel=1e-9)
    assert student_sf(-t, df) == pytest.approx(float(scipy_stats.t.sf(-t, df)), rel=1e-12)
    if expected < 0.5:
        assert t_upper(expected, df) == pytest.approx(t, rel=1e-8)


def test_tails_far_out() -> None:
    assert student_sf(20.0, 200.0) == pytest.approx(float(scipy_stats.t.sf(20.0, 200.0)), rel=1e-11)
    assert student_sf(1e6, 1.0) == pytest.approx(math.atan(1e-6) / math.pi, rel=1e-12)
    assert t_upper(1e-12, 1.0) == pytest.approx(1 / math.tan(math.pi * 1e-12), rel=1e-12)
    assert t_upper(0.75, 1.0) == pytest.approx(-1.0)
    assert t_upper(0.5, 3.0) == 0.0


@pytest.mark.parametrize("df", [2.0, 8.0, 30.0, 126.0, 400.0])
@pytest.mark.parametrize("ncp", [0.4, 2.8, 5.0])
def test_noncentral_t_where_scipy_has_it_right(df: float, ncp: float) -> None:
    critical = scipy_stats.t.isf(0.025, df)
    assert noncentral_t_sf(critical, df, ncp) == pytest.approx(
        scipy_stats.nct.sf(critical, df, ncp), abs=1e-10
    )


def test_noncentral_t_at_the_sizes_of_experiments() -> None:
    # Ten standard errors: scipy's series answers nan here.
    assert mean_power(0.02, 1.0, 5e5, 5e5, 0.05, distribution="t") == pytest.approx(1.0, abs=1e-9)
    by_t, by_z = (mean_power(0.05, 1.0, 1e4, 1e4, 0.05, distribution=d) for d in ("t", "z"))
    assert by_t == pytest.approx(by_z, abs=2e-5)


@pytest.mark.parametrize("df", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("x", [0.1, 3.0, 40.0, 700.0])
def test_chi_square(df: int, x: float) -> None:
    assert chi_square_sf(x, df) == pytest.approx(scipy_stats.chi2.sf(x, df), rel=1e-10)


def test_t_power_and_size_agree_with_statsmodels() -> None:
    solver = TTestIndPower()
    assert mean_power(0.5, 1.0, 64, 64, 0.05, distribution="t", far_tail=True) == pytest.approx(
        solver.power(0.5, 64, 0.05), abs=1e-10
    )
    assert mean_units(0.5, 1.0, 0.05, 0.8, ratio=2.0, distribution="t", far_tail=True) == pytest.approx(
        solver.solve_power(0.5, None, 0.05, 0.8, ratio=2.0), rel=1e-6
    )
    assert detectable_effect(PlannedTest("mean", 0.0, std_dev=1.0), 0.95, 100.0) == pytest.approx(
        solver.solve_power(None, 100, 0.05, 0.95), rel=1e-6
    )


def test_z_size_and_mde_agree_with_statsmodels() -> None:
    solver = NormalIndPower()
    assert mean_units(0.03, 1.0, 0.05, 0.95, ratio=0.5) == pytest.approx(
        solver.solve_power(0.03, None, 0.05, 0.95, ratio=0.5), rel=1e-6
    )
    assert mean_mde(1.0, 5e4, 5e4, 0.01, 0.9) == pytest.approx(
        solver.solve_power(None, 5e4, 0.01, 0.9), rel=1e-5
    )


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_proportions_agree_with_statsmodels(ratio: float) -> None:
    expected = samplesize_proportions_2indep_onetail(0.01, 0.10, 0.95, ratio, 0.025, alternative="larger")
    # There prop1 = prop2 + diff comes first; n of the first arm, so control is the second.
    assert two_proportion_units(0.11, 0.10, 0.05, 0.95, 2, ratio) == pytest.approx(expected, rel=1e-10)
    power = power_proportions_2indep(0.01, 0.10, 3000, ratio, 0.05).power
    found = two_proportion_power(0.11, 0.10, 3000, 3000 * ratio, 0.05, far_tail=True)
    assert found == pytest.approx(power, abs=1e-9)


def test_arcsine_agrees_with_statsmodels() -> None:
    size = proportion_effectsize(0.12, 0.10)
    expected = NormalIndPower().solve_power(size, None, 0.05, 0.95)
    assert two_proportion_units(0.10, 0.12, 0.05, 0.95, method="arcsine") == pytest.approx(expected, rel=1e-6)


def test_planning_and_formula_agree() -> None:
    test = PlannedTest("proportion", 0.02, ratio=1 / 9)
    pooled, unpooled = (
        two_proportion_power(0.02, 0.0205, 900_000, 100_000, 0.05, 2, m) for m in ("pooled", "unpooled")
    )
    assert achieved_power(test, 0.0005, 900_000) == pytest.approx(pooled, rel=1e-13)
    assert achieved_power(replace(test, variance="unpooled"), 0.0005, 900_000) == pytest.approx(
        min(pooled, unpooled), rel=1e-13
    )


@pytest.mark.parametrize("count", [1, 2, 7, 24, 48, 97])
def test_quadrature_is_exact_for_polynomials(count: int) -> None:
    degree = 2 * count - 1
    assert math.fsum(weight for _, weight in gauss_legendre(count)) == pytest.approx(2.0, rel=1e-14)
    assert integral(lambda x: x**degree, 0.0, 1.0, count) == pytest.approx(1 / (degree + 1), rel=1e-12)


@pytest.mark.parametrize("df", [200.0, 333.3, 1_000.0, 50_000.0, 1e7])
@pytest.mark.parametrize("t", [1e-6, 0.5, 1.96, 3.5, 7.9])
def test_nearly_normal_t_agrees_with_its_integral(t: float, df: float) -> None:
    by_integral = noncentral_t_sf(t, df, 0.0)
    assert student_sf(t, df) == pytest.approx(by_integral, rel=1e-11)
    assert student_sf(-t, df) == pytest.approx(1.0 - by_integral, rel=1e-13)
    assert t_upper(by_integral, df) == pytest.approx(t, rel=1e-9)
