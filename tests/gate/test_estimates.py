"""What rows have to have, and when nothing can be made of them."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from egp import stats
from egp.gate.estimates import Comparison, Lacking, arm_of, compared, units_in
from egp.plan.analysis.registered_test import Columns
from egp.plan.experiment import Metric
from egp.plan.results import Row
from egp.record.lock import made

RATE, MEAN, RATIO, QUANTILE = (
    made(Metric, id="m", kind=kind) for kind in ("proportion", "mean", "ratio", "quantile")
)


def row(units: int, **columns: Any) -> Row:
    return Row("test", "cohort", date(2023, 1, 23), "control", "m", "", units, **columns)


@pytest.mark.parametrize(
    ("metric", "columns", "rows", "value", "error"),
    [
        (RATE, "counts", [row(100, sum=10.0), row(300, sum=50.0)], 0.15, math.sqrt(0.15 * 0.85 / 400)),
        (MEAN, "means", [row(100, sum=10.0, sum_squares=30.0)], 0.1, math.sqrt((30 - 1) / 99 / 100)),
        (QUANTILE, "stated", [row(100, value=1.9, standard_error=0.1)], 1.9, 0.1),
        (QUANTILE, "stated", [row(100, value=0.0, standard_error=0.0)], 0.0, 0.0),
        (RATIO, "sums", [row(100, sum=10.0, sum_squares=30.0, denominator_sum=50.0, denominator_sum_squares=60.0, cross_sum=20.0)], 0.2, None),
    ],
)  # fmt: skip
def test_an_arm_is_what_its_rows_add_up_to(
    metric: Metric, columns: Columns, rows: list[Row], value: float, error: float | None
) -> None:
    arm = arm_of(metric, columns, rows)
    assert arm.value == pytest.approx(value)
    assert error is None or arm.standard_error == pytest.approx(error)
    assert units_in(rows) == sum(each.units for each in rows)


@pytest.mark.parametrize(
    ("metric", "columns", "rows", "says", "advice"),
    [
        (RATE, "counts", [], "no units of m have been counted", "add rows of m"),
        (RATE, "counts", [row(0, sum=0.0)], "no units of m have been counted", "add rows of m"),
        (RATE, "counts", [row(9, sum=1.0), row(9)], "a row of m has no sum", "add the column sum to the rows of m"),
        (MEAN, "means", [row(9, sum=1.0)], "a row of m has no sum_squares", "add the column sum_squares to the rows of m"),
        (RATIO, "sums", [row(9, sum=1.0, sum_squares=1.0)], "a row of m has no denominator_sum", "add the column denominator_sum to the rows of m"),
        (QUANTILE, "stated", [row(9, value=1.0)], "a row of m has no value with its standard error", "add both columns"),
        (QUANTILE, "stated", [row(9, standard_error=1.0)], "a row of m has no value with its standard error", "add both columns"),
        (QUANTILE, "stated", 2 * [row(9, value=1.0, standard_error=1.0)], "m is a quantile, which does not add up over 2 rows", "give one row with value and standard_error of m for each variant"),
    ],
)  # fmt: skip
def test_what_is_lacking_is_said_with_what_to_add(
    metric: Metric, columns: Columns, rows: list[Row], says: str, advice: str
) -> None:
    with pytest.raises(Lacking) as lacking:
        arm_of(metric, columns, rows)
    assert (str(lacking.value), lacking.value.advice, lacking.value.kind) == (says, advice, "repair")


@pytest.mark.parametrize(("control", "treatment", "varies"), [(0.0, 0.0, False), (100.0, 100.0, False), (0.0, 1.0, True), (99.0, 100.0, True)])  # fmt: skip
def test_rates_that_do_not_vary_show_nothing(control: float, treatment: float, varies: bool) -> None:
    rows = [row(100, sum=control)], [row(100, sum=treatment)]
    if varies:
        assert compared(RATE, "counts", *rows).difference.estimate == pytest.approx(
            (treatment - control) / 100
        )
    else:
        with pytest.raises(stats.StatisticsInputError, match="neither arm's rate varies"):
            compared(RATE, "counts", *rows)


@pytest.mark.parametrize(
    ("events", "is_enough"), [((10, 10), True), ((9, 10), False), ((990, 990), True), ((991, 990), False)]
)
def test_ten_events_and_ten_units_without_one_are_enough(events: tuple[int, int], is_enough: bool) -> None:
    """Expected in a variant of 1,000, were both alike."""
    seen = compared(RATE, "counts", *([row(1_000, sum=float(each))] for each in events))
    if is_enough:
        seen.require_enough_events("m", seen.difference)
        return
    with pytest.raises(Lacking) as lacking:
        seen.require_enough_events("m", seen.difference, kind="inconclusive")
    assert "nothing is judged below 10" in str(lacking.value)
    assert lacking.value.advice == f"it takes {10 / 9.5:.3g} times the units"
    assert lacking.value.kind == "inconclusive"


def test_where_no_event_is_expected_no_number_of_units_is_named() -> None:
    seen = compared(RATE, "counts", [row(1_000, sum=0.0)], [row(1_000, sum=1.0)])
    contrast = stats.RateContrast(0.0, 1_000, 0.0, 1_000)
    with pytest.raises(Lacking) as lacking:
        seen.require_enough_events("m", contrast)
    assert lacking.value.advice == "it takes more units"


@pytest.mark.parametrize(
    ("value", "error", "is_clear"), [(1.0, 0.5, True), (1.0, 0.6, False), (0.0, 0.0, False), (-1.0, 0.1, False), (1.0, 0.0, True)]
)  # fmt: skip
def test_a_mean_is_relative_to_a_control_that_is_clearly_above_zero(
    value: float, error: float, is_clear: bool
) -> None:
    """By 1.96 standard errors at a tail of 2.5 %: 0.51 is the largest error of 1."""
    control, treatment = stats.ArmEstimate(value, error), stats.ArmEstimate(2.0, 0.1)
    seen = Comparison(control, treatment, stats.difference(control, treatment), 100, 100)
    if is_clear:
        seen.require_positive_control("m", 0.025)
    else:
        with pytest.raises(Lacking, match="control of m is not clearly above zero"):
            seen.require_positive_control("m", 0.025)


@pytest.mark.parametrize(("events", "is_clear"), [(0.0, False), (1.0, True)])
def test_a_rate_is_relative_to_a_control_that_has_events(events: float, is_clear: bool) -> None:
    """Its score test needs no normal control."""
    seen = compared(RATE, "counts", [row(1_000, sum=events)], [row(1_000, sum=30.0)])
    if is_clear:
        seen.require_positive_control("m", 0.025)
    else:
        with pytest.raises(Lacking):
            seen.require_positive_control("m", 0.025)


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.08])
def test_what_both_arms_are_adjusted_to_is_noise_of_a_ratio_and_not_of_a_difference(ratio: float) -> None:
    control, treatment = stats.ArmEstimate(1.0, 0.1), stats.ArmEstimate(1.2, 0.1)
    difference = stats.difference(control, treatment)
    plain = Comparison(control, treatment, difference, 100, 100).at(ratio)
    adjusted = Comparison(control, treatment, difference, 100, 100, common_error=0.5).at(ratio)
    assert adjusted.estimate == plain.estimate == pytest.approx(1.2 - ratio)
    extra = adjusted.standard_error**2 - plain.standard_error**2
    assert extra == pytest.approx(((1 - ratio) * 0.5) ** 2, abs=1e-12)


def test_information_is_that_of_both_arms() -> None:
    arm = stats.ArmEstimate(1.0, 0.1)
    seen = Comparison(arm, arm, stats.difference(arm, arm), 100, 300)
    assert seen.information == pytest.approx(75.0)
    assert seen.smaller_units == 100
