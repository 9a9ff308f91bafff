"""Impossible inputs raise one named error that says what to change; nothing answers nan or an infinity."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from egp import stats
from egp.stats import PlannedTest, StatisticsInputError

RATE = PlannedTest("proportion", 0.1)
MEAN = PlannedTest("mean", 5.0, std_dev=2.0)
GUARD = PlannedTest("proportion", 0.1, margin=0.01, sides=1)

IMPOSSIBLE: list[tuple[str, str, Callable[[], Any]]] = [
    ("a baseline of 0", "baseline", lambda: PlannedTest("proportion", 0.0)),
    ("a baseline of 100 %", "baseline", lambda: PlannedTest("proportion", 1.0)),
    ("a baseline in percent", "baseline", lambda: PlannedTest("proportion", 12.0)),
    ("a baseline that is no number", "baseline", lambda: PlannedTest("mean", math.nan, std_dev=1.0)),
    ("a mean without a spread", "std_dev", lambda: PlannedTest("mean", 5.0)),
    ("a spread of 0", "std_dev", lambda: PlannedTest("mean", 5.0, std_dev=0.0)),
    ("a proportion with a spread", "std_dev", lambda: PlannedTest("proportion", 0.1, std_dev=0.3)),
    ("an unknown kind", "kind", lambda: PlannedTest("median", 5.0, std_dev=1.0)),  # type: ignore[arg-type]
    ("alpha in percent", "alpha", lambda: PlannedTest("proportion", 0.1, alpha=5.0)),
    ("three sides", "sides", lambda: PlannedTest("proportion", 0.1, sides=3)),  # type: ignore[arg-type]
    ("a margin of 0", "margin", lambda: PlannedTest("proportion", 0.1, margin=0.0)),
    ("a margin past the rate", "margin", lambda: PlannedTest("proportion", 0.1, margin=0.1)),
    ("an empty arm", "ratio", lambda: PlannedTest("proportion", 0.1, ratio=0.0)),
    ("a variance of 0", "variance_factor", lambda: PlannedTest("proportion", 0.1, variance_factor=0.0)),
    ("no effect", "effect", lambda: stats.required_units(RATE, 0.0, 0.9)),
    ("an effect past 100 %", "effect", lambda: stats.required_units(RATE, 0.9, 0.9)),
    ("an effect past 0 %", "effect", lambda: stats.required_units(RATE, -0.1, 0.9)),
    ("an infinite effect", "effect", lambda: stats.required_units(MEAN, math.inf, 0.9)),
    (
        "an effect that needs more units than there are numbers",
        "effect",
        lambda: stats.required_units(MEAN, 1e-200, 0.9),
    ),
    ("harm past the margin", "effect", lambda: stats.required_units(GUARD, -0.01, 0.9)),
    ("power of alpha", "power", lambda: stats.required_units(RATE, 0.01, 0.05)),
    ("power of 100 %", "power", lambda: stats.required_units(RATE, 0.01, 1.0)),
    ("power below alpha of an MDE", "power", lambda: stats.detectable_effect(RATE, 0.01, 1e5)),
    ("no units", "control_units", lambda: stats.achieved_power(RATE, 0.01, 0.0)),
    ("one unit per arm", "control_units", lambda: stats.achieved_power(MEAN, 1.0, 1.0)),
    ("an MDE past 100 %", "control_units", lambda: stats.detectable_effect(RATE, 0.95, 2.0)),
    ("a margin past 0 %", "control_units", lambda: stats.detectable_margin(GUARD, 0.95, 20.0)),
    ("a correlation of 1", "correlation", lambda: stats.cuped_factor(1.0)),
    ("a cluster of half a unit", "mean_cluster_size", lambda: stats.design_effect(0.5, 0.1)),
    ("an intra-cluster correlation past 1", "icc", lambda: stats.design_effect(10, 1.5)),
    ("an unknown correction", "correction", lambda: stats.corrected_alpha(0.05, 2, "sidak")),  # type: ignore[arg-type]
    ("no comparison", "comparisons", lambda: stats.corrected_alpha(0.05, 0, "bonferroni")),
    ("no look", "looks", lambda: stats.repeated_looks_type1(0.05, 0)),
    ("looks that go back", "looks", lambda: stats.repeated_looks_type1(0.05, [0.5, 0.5, 1.0])),
    ("looks that are one", "looks", lambda: stats.repeated_looks_type1(0.05, [0.5, 0.5 + 1e-12, 1.0])),
    ("more looks than can be integrated", "looks", lambda: stats.repeated_looks_type1(0.05, 10**6)),
    ("a certain posterior", "probability", lambda: stats.posterior_rule_false_alarm(1.0, 14)),
    ("a negative prior", "prior_variance_ratio", lambda: stats.posterior_rule_false_alarm(0.9, 14, -1.0)),
    ("a prior mean alone", "prior_sd", lambda: stats.posterior_normal(0.1, 0.1, prior_mean=0.0)),
    ("an unknown direction of harm", "harm", lambda: stats.posterior_harm_probability(0.1, 0.1, "down")),  # type: ignore[arg-type]
    ("more conversions than units", "conversions_control", lambda: stats.posterior_beta_harm(5, 4, 1, 4)),
    ("a bound per look too few", "bounds", lambda: stats.sequential_characteristics([2.0], 2, 0.0)),
    ("nothing to exaggerate", "true_effect", lambda: stats.type_m(0.0, 1.0)),
    ("a mixture of no width", "mixing_variance", lambda: stats.mixture_sprt_z(1.0, 0.0)),
    ("a weight per arm too few", "weights", lambda: stats.srm_p_value([1, 2, 3], [0.5, 0.5])),
    ("no units in any arm", "counts", lambda: stats.srm_p_value([0, 0], [0.5, 0.5])),
    ("an arm of one unit", "units", lambda: stats.ArmSums(1, 1.0, 1.0)),
    ("a ratio over 0", "mean_denominator", lambda: stats.linearised_std_dev(1.0, 0.0, 1.0, 1.0, 0.0)),
    ("a p-value past 1", "p_values", lambda: stats.holm_adjusted([0.5, 1.5])),
    ("an interval upside down", "high", lambda: stats.standard_error_of_interval(0.8, 0.3)),
    ("half a degree of freedom", "df", lambda: stats.student_sf(2.0, 0.5)),
]


@pytest.mark.parametrize(
    ("parameter", "call"), [row[1:] for row in IMPOSSIBLE], ids=[row[0] for row in IMPOSSIBLE]
)
def test_it_is_refused_by_name(parameter: str, call: Callable[[], Any]) -> None:
    with pytest.raises(StatisticsInputError) as caught:
        call()
    assert caught.value.parameter == parameter
    assert caught.value.advice
    assert str(caught.value).startswith(f"{parameter}: ")
    assert str(caught.value).endswith(caught.value.advice)


def test_the_error_is_a_value_error_and_travels_between_processes() -> None:
    error = StatisticsInputError("power", "1.0 is not below 1", "require less")
    assert isinstance(error, ValueError)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.parameter, copy.advice, str(copy)) == (error.parameter, error.advice, str(error))


@pytest.mark.parametrize("alpha", [1e-12, 0.05, 0.9])
@pytest.mark.parametrize("ratio", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("baseline", [1e-9, 0.5, 1 - 1e-9])
def test_extremes_answer_finite_numbers(alpha: float, ratio: float, baseline: float) -> None:
    test = PlannedTest("proportion", baseline, alpha=alpha, ratio=ratio)
    effect = 0.5 * baseline if baseline > 0.5 else 0.5 * (1 - baseline)
    effect = -effect if baseline > 0.5 else effect
    units = stats.required_units(test, effect, 0.99)
    assert all(math.isfinite(number) and number > 0 for number in units)
    # Counted in whole units it is at least what was asked.
    assert 0.99 - 1e-9 <= stats.achieved_power(test, effect, units.control) <= 1
    assert 0 <= stats.achieved_power(test, effect, 1e12) <= 1
