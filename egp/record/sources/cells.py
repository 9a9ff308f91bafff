"""From the cells of a record to a row of the experiment, or to the reason why not."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from egp.plan.analysis.days import day_after
from egp.plan.analysis.registered import is_clustered
from egp.plan.quantity import Measure, QuantityError, day, measure, share, shown
from egp.plan.results import (
    COVARIATE_SUMS,
    DENOMINATOR_SUMS,
    FIRST_WEEK,
    RATIO_COVARIATE_SUMS,
    SUMS,
    VALUES,
    About,
    Row,
    Window,
    stage_name,
)
from egp.plan.typed_reader import nearest
from egp.plan.wording import listing
from egp.record.sources.sums import CLUSTERED, impossible_sum
from egp.stats.hints import get_args

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.record.sources.stages import StageDays, Stages

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_SEPARATED = re.compile(r"[+-]?[0-9]+([.,'’_\s][0-9]+)+")
LARGEST = 1e100
_WINDOWS: tuple[str, ...] = get_args(Window)
NUMBERS = (*SUMS, *DENOMINATOR_SUMS, *COVARIATE_SUMS, *RATIO_COVARIATE_SUMS, *VALUES)
_OF_RATIO = (*SUMS, *DENOMINATOR_SUMS)
_COVARIATE_OF_RATIO = (*COVARIATE_SUMS, *RATIO_COVARIATE_SUMS)
NEEDED = {
    "proportion": ("sum",),
    "mean": SUMS,
    "ratio": _OF_RATIO,
    "quantile": VALUES,
    CLUSTERED: _OF_RATIO,
}
ALLOWED = {
    "proportion": (*SUMS, *COVARIATE_SUMS),
    "mean": (*SUMS, *COVARIATE_SUMS),
    "ratio": (*_OF_RATIO, *_COVARIATE_OF_RATIO),
    "quantile": VALUES,
    CLUSTERED: (*_OF_RATIO, *_COVARIATE_OF_RATIO),
}
OF_COVARIATE = {
    kind: [column for column in _COVARIATE_OF_RATIO if column in allowed] for kind, allowed in ALLOWED.items()
}
"""What the covariate of each kind has, all or nothing."""
_WEEK = 6
"""Days from the first of a week to its last."""

Cells = Mapping[str, object]


class CellError(Exception):
    """A cell that cannot be relied on."""

    def __init__(self, column: str, message: str, help: str) -> None:
        super().__init__(message)
        self.column = column
        self.help = help


class RowReader:
    """Reads records of one experiment."""

    def __init__(self, plan: Experiment, stages: Stages) -> None:
        self._plan = plan
        self._stages = stages
        self._variants = [variant.id for variant in plan.variants or () if variant.id]
        self._metrics: dict[str, Metric] = {metric.id: metric for _, metric in plan.metrics if metric.id}
        declared = [metric.segment for metric in self._metrics.values() if metric.segment]
        self._segments = sorted({*plan.segments, *plan.diagnostic_segments, *declared})

    def row(self, cells: Cells) -> Row:
        """The row. Raises CellError for the first cell that cannot be."""
        stage = self.stage(cells)
        window, variant = self.window(cells), self.variant(cells)
        metric, kind, segment = self.measured(cells, window)
        first, through = self.days(cells, window, stage)
        row = Row(stage.name, window, first, variant, metric.name, segment, _units(cells),
                  through=through, **_numbers(cells, metric, kind))  # fmt: skip
        impossible = impossible_sum(row, kind)
        if impossible:
            raise CellError(*impossible)
        return row

    def window(self, cells: Cells) -> Window:
        return cast(Window, _chosen("window", _text(cells, "window"), _WINDOWS))

    def variant(self, cells: Cells) -> str:
        return _chosen("variant", _text(cells, "variant"), self._variants)

    def metric(self, name: str) -> Metric:
        return self._metrics[name]

    def measured(self, cells: Cells, window: str) -> tuple[Metric, str, str]:
        """The metric, which of the kinds of sums it has, and the segment."""
        metric = self._metrics[_chosen("metric", _text(cells, "metric"), self._metrics)]
        kind = _kind(metric, window)
        return (
            metric,
            CLUSTERED if is_clustered(self._plan, metric) else kind,
            self._segment(cells, metric, window),
        )

    def about(self, cells: Cells) -> About:
        """What the record would have said, had it been possible to read it."""
        stage, window = _word(cells, "stage"), _word(cells, "window")
        variant, metric = _word(cells, "variant"), _word(cells, "metric")
        try:
            first = _day(cells, "date")
        except CellError:
            first = None
        name = _spelt(stage)
        return About(
            stage=name if name in self._stages.entered else "",
            window=window if window in _WINDOWS else "",
            date=first,
            variant=variant if variant in self._variants else "",
            metric=metric if metric in self._metrics else "",
        )

    def stage(self, cells: Cells) -> StageDays:
        written = _text(cells, "stage")
        name = _spelt(written)
        if name in self._stages.entered:
            return self._stages.entered[name]
        planned = [stage_name(stage.treated) for stage in self._plan.ramp if stage.treated is not None]
        if name in planned:
            advice = "add it to `stages`, or to the ledger with `egp enter`; leave out the rows of a stage that was withdrawn"
            raise CellError("stage", f"the stage {name} was not entered by then, or was withdrawn", advice)
        raise _unknown("stage", written, [*self._stages.entered, *planned])

    def _segment(self, cells: Cells, metric: Metric, window: str) -> str:
        if cells.get("segment") is None:
            if metric.segment:
                message = f"{metric.id} is measured on {shown(metric.segment)}"
                raise CellError(
                    "segment", f"{message}, and the row is about all units", f"write {metric.segment}"
                )
            return ""
        segment = _text(cells, "segment")
        if metric.segment and segment != metric.segment:
            message = f"{metric.id} is measured on {shown(metric.segment)}, not on {shown(segment)}"
            raise CellError("segment", message, f"write {metric.segment}")
        if segment == FIRST_WEEK:
            if window != "week":
                message = f"the segment {FIRST_WEEK} compares weeks of the same units"
                raise CellError("segment", message, "use it in rows with window week")
            return segment
        _chosen("segment", segment.partition("=")[0], [*self._segments, FIRST_WEEK])
        return segment

    def days(self, cells: Cells, window: str, stage: StageDays) -> tuple[date | None, date | None]:
        """The day that the row is about or begins with, and the last day whose outcomes it counts."""
        first, through = _day(cells, "date"), _day(cells, "through")
        if window == "total":
            _must_be_empty("date", first, "a total has no date of its own")
        elif first is None:
            raise CellError("date", f"a row of window {window} needs a date", "write it as 2023-01-23")
        else:
            self._check_date(first, window, stage)
        if window in ("cohort", "total"):
            self._check_through(through, first or stage.days.first)
        else:
            _must_be_empty("through", through, f"the outcomes of a {window} end with the {window}")
        return first, through

    def _check_date(self, first: date, window: str, stage: StageDays) -> None:
        last = day_after(first, _WEEK) if window == "week" else first
        what = (
            "canary" if stage.name == "canary" else "test" if stage.name == "test" else f"stage {stage.name}"
        )
        inside = stage.days.first <= first and last <= stage.days.last
        if not inside:
            shown_day = f"the week from {first}" if window == "week" else f"{first}"
            message = f"{shown_day} lies outside the {what}, {stage.days}"
            raise CellError(
                "date", message, "correct the date or the stage; leave out rows of a stage that was withdrawn"
            )
        if window == "cohort" and any(first in pause for pause in stage.pauses):
            raise CellError(
                "date", f"{first} lies in a pause, in which no unit was exposed", "correct the date"
            )
        today = self._stages.today
        if last > today or (window != "cohort" and last == today):
            message = f"the {window if window != 'cohort' else 'day'} of {first} was not over when the results were taken"
            advice = "correct `as_of`, or leave the row out until then"
            if first > today:
                message = f"{first} was still to come when the results were taken"
            raise CellError("date", message, advice)

    def _check_through(self, through: date | None, first: date) -> None:
        if through is None:
            advice = "write the last day whose outcomes are counted, as in 2023-02-06"
            raise CellError(
                "through", "it is empty, so that nobody can tell whether outcomes have matured", advice
            )
        if through < first:
            raise CellError("through", f"{through} precedes {first}, the first exposure", "correct the day")
        if through > self._stages.today:
            message = f"{through} was still to come when the results were taken"
            raise CellError("through", message, "correct the day, or `as_of`")


@lru_cache(256)
def _spelt(stage: str) -> str:
    """The stage as rows of every source spell it: 70 % and 70.0% are 70%."""
    try:
        return stage_name(share(stage))
    except QuantityError:
        return stage


def _kind(metric: Metric, window: str) -> str:
    if metric.kind is None:
        raise CellError("metric", f"the plan does not say the kind of {metric.id}", "add `kind:` to the plan")
    if metric.kind == "quantile" and window == "cohort":
        message = f"quantiles such as {metric.id} do not add up over cohorts"
        raise CellError("window", message, "give one row of window total, and rows of window day or week")
    if window == "total" and metric.kind != "quantile" and metric.outcome_window:
        message = f"outcomes of {metric.id} have to mature, and a total does not tell since when its units are there"
        raise CellError("window", message, "give rows of window cohort")
    return metric.kind


def _text(cells: Cells, column: str) -> str:
    value = cells.get(column)
    if value is None:
        raise CellError(column, "it is empty", f"write the {column}")
    if not isinstance(value, str):
        raise CellError(column, f"{shown(value)} is not a text", "write a text")
    return value


def _word(cells: Cells, column: str) -> str:
    value = cells.get(column)
    return value if isinstance(value, str) else ""


def _chosen(column: str, value: str, known: Collection[str]) -> str:
    if value not in known:
        raise _unknown(column, value, list(known))
    return value


def _unknown(column: str, value: str, names: list[str]) -> CellError:
    guess = nearest(value, names)
    hint = f", did you mean `{guess}`?" if guess else ""
    choices = listing(names, "or") or f"no {column}"
    advice = f"write {choices}" if column == "window" else f"the plan has {choices}"
    return CellError(column, f"unknown {column} `{shown(value)}`{hint}", advice)


def _day(cells: Cells, column: str) -> date | None:
    value = cells.get(column)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return _written_day(value) if isinstance(value, str) else day(value)
    except QuantityError as error:
        raise CellError(column, str(error), error.advice) from None


_written_day = lru_cache(1024)(day)
"""Rows of many metrics and segments are about the same few days."""


def _must_be_empty(column: str, value: object, reason: str) -> None:
    if value is not None:
        raise CellError(column, reason, "leave it empty")


def _units(cells: Cells) -> int:
    units = _number(cells, "units")
    if units is None:
        raise CellError("units", "it is empty", "give the number of distinct units")
    if units < 0 or units != int(units) or units >= 2**53:
        raise CellError(
            "units", f"{shown(cells['units'])} is no number of units", "give a whole number from 0 up"
        )
    return int(units)


def _numbers(cells: Cells, metric: Metric, kind: str) -> dict[str, float | None]:
    numbers = {
        column: number_in(cells, column, metric) for column in NUMBERS if cells.get(column) is not None
    }
    for column in NUMBERS:
        if column in NEEDED[kind] and column not in numbers:
            raise CellError(column, f"it is empty, and {metric.id} is a {kind}", "give it")
        if column in numbers and column not in ALLOWED[kind]:
            raise CellError(column, f"{metric.id} is a {kind}, which has none", "leave it empty")
    of_covariate = OF_COVARIATE[kind]
    if not numbers.keys().isdisjoint(of_covariate):
        lacking = [column for column in of_covariate if column not in numbers]
        if lacking:
            message = "it is empty, and other sums of the covariate are not"
            raise CellError(lacking[0], message, f"give {listing(of_covariate)}, or none of them")
    for column, value in numbers.items():
        if column.endswith("sum_squares") and (value or 0.0) < 0:
            raise CellError(column, f"{value:.12g} is negative, as no sum of squares is", "correct it")
    if kind == "proportion":
        numbers.setdefault("sum_squares", numbers["sum"])
    return numbers


def number_in(cells: Cells, column: str, metric: Metric) -> float | None:
    value = cells.get(column)
    if column not in VALUES or not isinstance(value, str) or _NUMBER.fullmatch(value):
        if column in VALUES and value is not None and metric.baseline and metric.baseline.unit == "s":
            message = f"{shown(value)} has no unit of time"
            raise CellError(column, message, f"write it with its unit, as in {metric.baseline}")
        return _number(cells, column)
    try:
        return _of_unit(measure(value), metric.baseline, column)
    except QuantityError as error:
        raise CellError(column, str(error), error.advice) from None


def _of_unit(value: Measure, baseline: Measure | None, column: str) -> float:
    if baseline is not None and value.unit != baseline.unit:
        message = f"{shown(value.text)} has another unit than the plan's baseline, {shown(baseline.text)}"
        raise CellError(column, message, "give it in the unit of the plan")
    return value.value


def _number(cells: Cells, column: str) -> float | None:
    value = cells.get(column)
    if value is None:
        return None
    number = _float(value)
    if not abs(number) < LARGEST:
        advice = "write plain digits, as in 18450 or 0.25"
        if isinstance(value, str) and _SEPARATED.fullmatch(value):
            advice = "write it without separators of thousands and with a decimal point, as in 18450 or 0.25"
        raise CellError(column, f"{shown(value)} is not a finite number", advice)
    return number


def _float(value: object) -> float:
    """The number, nan for what is none."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
