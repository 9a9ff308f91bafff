"""From rows of aggregates to the difference between a treatment and control."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats

if TYPE_CHECKING:
    from egp.experiment import Metric
    from egp.results import Row


class Lacking(Exception):
    """The evidence does not have what a check needs. ``advice`` says what to add."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Comparison:
    """A treatment against control, in the metric's own unit."""

    control: stats.ArmEstimate
    treatment: stats.ArmEstimate
    difference: stats.Difference
    control_units: int
    treatment_units: int

    @property
    def smaller_units(self) -> int:
        return min(self.control_units, self.treatment_units)


def units_in(rows: Iterable[Row]) -> int:
    return sum(row.units for row in rows)


def compared(metric: Metric, control: Sequence[Row], treatment: Sequence[Row]) -> Comparison:
    """The difference that rows show, without variance reduction."""
    arms = [arm_of(metric, rows) for rows in (control, treatment)]
    if metric.kind == "proportion":
        difference = stats.two_proportion_difference(
            _total(control, "sum"), units_in(control), _total(treatment, "sum"), units_in(treatment)
        )
    else:
        difference = stats.difference(*arms)
    return Comparison(arms[0], arms[1], difference, units_in(control), units_in(treatment))


def compared_with_cuped(metric: Metric, control: Sequence[Row], treatment: Sequence[Row]) -> Comparison:
    """The difference adjusted by the covariate of the pre-period."""
    sums = [_sums(metric, rows, with_covariate=True) for rows in (control, treatment)]
    adjusted = stats.cuped_of_arms(*sums)
    difference = stats.difference(adjusted.control, adjusted.treatment)
    return Comparison(
        adjusted.control, adjusted.treatment, difference, units_in(control), units_in(treatment)
    )


def pooled_p_value(control: Sequence[Row], treatment: Sequence[Row]) -> float:
    """Two-sided p-value of equal rates."""
    return stats.two_proportion_p_value(
        _total(control, "sum"), units_in(control), _total(treatment, "sum"), units_in(treatment)
    )


def arm_of(metric: Metric, rows: Sequence[Row]) -> stats.ArmEstimate:
    """The metric's value in the units of these rows."""
    if not units_in(rows):
        raise Lacking(f"no units of {metric.id} have been counted", f"add rows of {metric.id}")
    if metric.kind == "quantile":
        return _stated(metric, rows)
    sums = _sums(metric, rows)
    if metric.kind == "ratio":
        return stats.ratio_of_arm(sums)
    if metric.kind == "proportion":
        rate = sums.sum / sums.units
        return stats.ArmEstimate(rate, math.sqrt(max(rate * (1 - rate), 0.0) / sums.units), sums.units)
    return stats.mean_of_arm(sums)


def _stated(metric: Metric, rows: Sequence[Row]) -> stats.ArmEstimate:
    """A value that its source computed: quantiles do not add up."""
    if len(rows) != 1:
        raise Lacking(
            f"{metric.id} is a quantile, which does not add up over {len(rows)} rows",
            f"give one row with value and standard_error of {metric.id} for each variant",
        )
    row = rows[0]
    if row.value is None or row.standard_error is None:
        raise Lacking(f"a row of {metric.id} has no value with its standard error", "add both columns")
    return stats.ArmEstimate(row.value, row.standard_error)


def _sums(metric: Metric, rows: Sequence[Row], *, with_covariate: bool = False) -> stats.ArmSums:
    total = _total(rows, "sum")
    covariates = ("covariate_sum", "covariate_sum_squares", "covariate_cross_sum")
    ratio = ("denominator_sum", "denominator_sum_squares", "cross_sum")
    is_ratio, is_rate = metric.kind == "ratio", metric.kind == "proportion"
    return stats.ArmSums(
        units=units_in(rows),
        sum=total,
        sum_squares=total if is_rate else _total(rows, "sum_squares"),
        **{name: _total(rows, name) for name in ratio if is_ratio},
        **{name: _total(rows, name) for name in covariates if with_covariate},
    )


def _total(rows: Sequence[Row], column: str) -> float:
    values = [getattr(row, column) for row in rows]
    if None in values:
        metric = rows[0].metric
        raise Lacking(
            f"a row of {metric} has no {column}", f"add the column {column} to the rows of {metric}"
        )
    return math.fsum(values)
