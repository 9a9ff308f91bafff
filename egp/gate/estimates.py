"""From rows of aggregates to the difference between a treatment and control."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.results import COVARIATE_SUMS, DENOMINATOR_SUMS, RATIO_COVARIATE_SUMS

if TYPE_CHECKING:
    from egp.gate.reading import Kind
    from egp.plan.analysis.registered_test import Columns
    from egp.plan.experiment import Metric
    from egp.plan.results import Row


class Lacking(Exception):
    """The evidence does not have what a check needs. ``advice`` says what to add, ``kind`` what the gate does until then."""

    def __init__(self, message: str, advice: str, kind: Kind = "repair") -> None:
        super().__init__(message)
        self.advice = advice
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Comparison:
    """A treatment against control, in the metric's own unit."""

    control: stats.ArmEstimate
    treatment: stats.ArmEstimate
    difference: stats.Contrast
    control_units: int
    treatment_units: int
    common_error: float = 0.0
    """Standard error of what both arms are adjusted to, the same for both: it cancels in their difference."""

    @property
    def smaller_units(self) -> int:
        return min(self.control_units, self.treatment_units)

    @property
    def information(self) -> float:
        """What the difference can resolve, in units: its standard error falls with its root."""
        return 1 / (1 / self.control_units + 1 / self.treatment_units)

    def numbers(self, p_value: float) -> dict[str, float]:
        """What a reading tells programs of the comparison besides its effect."""
        return {
            "standard_error": self.difference.standard_error,
            "p_value": p_value,
            **self.units,
        }

    @property
    def units(self) -> dict[str, float]:
        return {
            "units_control": float(self.control_units),
            "units_treatment": float(self.treatment_units),
        }

    def at(self, ratio: float) -> stats.Contrast:
        """Treatment less so many times control. Raises StatisticsInputError for a control that is not above zero."""
        if isinstance(self.difference, stats.RateContrast):
            return self.difference.of_ratio(ratio)
        contrast = stats.ratio_contrast(self.control, self.treatment, ratio)
        if not self.common_error:
            return contrast
        error = math.hypot(contrast.standard_error, (1 - ratio) * self.common_error)
        return stats.Difference(contrast.estimate, error, contrast.df)

    @property
    def lift(self) -> float:
        """Treatment over control, less one. Only of a control above zero."""
        return self.treatment.value / self.control.value - 1

    def lifts(self, tail: float) -> tuple[float, float]:
        """The lifts that a test with this tail at either end does not reject, shares of the control observed. Raises
        StatisticsInputError for a control that is not clearly above zero."""
        low, high = stats.ratio_interval(self.at, 1 + self.lift, tail)
        return low - 1, high - 1

    def require_enough_events(
        self, name: str, contrast: stats.Contrast, null: float = 0.0, kind: Kind = "wait"
    ) -> None:
        """Raises Lacking for rates of which too few events are expected for a normal distribution."""
        if isinstance(contrast, stats.RateContrast) and not contrast.has_enough_events(null):
            fewest = contrast.expected_events(null)
            raise Lacking(
                f"{name} expects {fewest:.3g} events, or units without one, in a variant; nothing is judged below "
                f"{stats.LEAST_EXPECTED_EVENTS:g}",
                f"it takes {stats.LEAST_EXPECTED_EVENTS / fewest:.3g} times the units"
                if fewest > 0
                else "it takes more units",
                kind,
            )

    def require_positive_control(self, name: str, tail: float, kind: Kind = "wait") -> None:
        """Raises Lacking for a control that is not clearly above zero, to which nothing is relative."""
        value, error = self.control.value, self.control.standard_error
        is_rate = isinstance(self.difference, stats.RateContrast)
        if value <= 0 or (not is_rate and value <= self.difference.critical(tail) * error):
            raise Lacking(
                f"control of {name} is not clearly above zero, so that no change is relative to it",
                "register a rerun with the bound in the metric's own unit",
                kind,
            )


def units_in(rows: Iterable[Row]) -> int:
    return sum(row.units for row in rows)


def compared(
    metric: Metric, columns: Columns, control: Sequence[Row], treatment: Sequence[Row]
) -> Comparison:
    """The difference that rows show, by the columns that the metric is estimated from."""
    if columns in ("covariate", "ratio_covariate"):
        return _adjusted(metric, columns, control, treatment)
    arms = arm_of(metric, columns, control), arm_of(metric, columns, treatment)
    units = units_in(control), units_in(treatment)
    if columns != "counts":
        return Comparison(*arms, stats.difference(*arms), *units)
    contrast = stats.RateContrast(_total(control, "sum"), units[0], _total(treatment, "sum"), units[1])
    _ = contrast.standard_error  # raises where neither arm's rate varies
    return Comparison(*arms, contrast, *units)


_OF_COVARIATE = {
    "sum": "covariate_sum", "sum_squares": "covariate_sum_squares", "denominator_sum": "covariate_denominator_sum",
    "denominator_sum_squares": "covariate_denominator_sum_squares", "cross_sum": "covariates_cross_sum",
}  # fmt: skip
"""The sums of the covariate alone, as those of a metric."""


def _adjusted(
    metric: Metric, columns: Columns, control: Sequence[Row], treatment: Sequence[Row]
) -> Comparison:
    """The difference adjusted by the covariate of the pre-period, to the covariate's value over both arms."""
    sums = [_sums(metric, columns, rows) for rows in (control, treatment)]
    is_ratio = columns == "ratio_covariate"
    adjusted = (stats.cuped_ratio_of_arms if is_ratio else stats.cuped_of_arms)(*sums)
    difference = stats.difference(adjusted.control, adjusted.treatment)
    units = units_in(control), units_in(treatment)
    names = list(_OF_COVARIATE.items())[: 5 if is_ratio else 2]
    before = {name: math.fsum(getattr(arm, column) for arm in sums) for name, column in names}
    both = stats.ArmSums(sum(units), **before)
    of_both = stats.ratio_of_arm(both) if is_ratio else stats.mean_of_arm(both)
    common = abs(adjusted.theta) * of_both.standard_error
    return Comparison(adjusted.control, adjusted.treatment, difference, *units, common)


def correlation_with_before(metric: Metric, columns: Columns, rows: Sequence[Row]) -> float | None:
    """Of the metric with its covariate of the pre-period, as these rows show it; None where it has none."""
    if columns not in ("covariate", "ratio_covariate"):
        return None
    return stats.covariate_correlation(_sums(metric, columns, rows))


def arm_of(metric: Metric, columns: Columns, rows: Sequence[Row]) -> stats.ArmEstimate:
    """The metric's value in the units of these rows."""
    if not units_in(rows):
        raise Lacking(f"no units of {metric.id} have been counted", f"add rows of {metric.id}")
    if columns == "stated":
        return _stated(metric, rows)
    sums = _sums(metric, columns, rows)
    if columns == "sums":
        return stats.ratio_of_arm(sums)
    if columns == "counts":
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


_FURTHER: dict[Columns, tuple[str, ...]] = {
    "sums": DENOMINATOR_SUMS,
    "covariate": COVARIATE_SUMS,
    "ratio_covariate": (*DENOMINATOR_SUMS, *COVARIATE_SUMS, *RATIO_COVARIATE_SUMS),
}


def _sums(metric: Metric, columns: Columns, rows: Sequence[Row]) -> stats.ArmSums:
    total = _total(rows, "sum")
    is_rate = metric.kind == "proportion" and columns in ("counts", "covariate")
    further = _FURTHER.get(columns, ())
    return stats.ArmSums(
        units=units_in(rows),
        sum=total,
        sum_squares=total if is_rate else _total(rows, "sum_squares"),
        **{name: _total(rows, name) for name in further},
    )


def _total(rows: Sequence[Row], column: str) -> float:
    values = [getattr(row, column) for row in rows]
    if None in values:
        metric = rows[0].metric
        raise Lacking(
            f"a row of {metric} has no {column}", f"add the column {column} to the rows of {metric}"
        )
    return math.fsum(values)
