"""From the sums of a run's halves to the rows that a warehouse would have had on a morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from egp.plan.results import (
    COVARIATE_SUMS,
    DENOMINATOR_SUMS,
    FIRST_WEEK,
    RATIO_COVARIATE_SUMS,
    SUMS,
    Row,
)
from egp.record.sources.warehouse.bucket_quantiles import QuantileOfHalf, quantile_of
from egp.record.sources.warehouse.buckets import UNITS, column, counted_days, span_column

if TYPE_CHECKING:
    from egp.advice.rehearsal.halves import Ranges
    from egp.record.sources.warehouse.bucket_quantiles import BucketHistograms
    from egp.record.sources.warehouse.buckets import BucketSums
    from egp.record.sources.warehouse.instants import InstantSpan
    from egp.record.sources.warehouse.lives import StageInBuckets
    from egp.record.sources.warehouse.measures import ComputedMetric

Values = list[list[float]]
"""Of one variant: day of first exposure × column."""
ALL_SUMS = (*SUMS, *DENOMINATOR_SUMS, *COVARIATE_SUMS, *RATIO_COVARIATE_SUMS)
_DAY = timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class HalfHistogram:
    """A quantile's histogram of one variant."""

    about: BucketHistograms
    """Without its buckets."""
    whole: Any
    steps: Any


@dataclass(frozen=True, slots=True)
class StageOfRun:
    """What a run's variants did in a stage."""

    name: str
    first: date
    """Day of the stage's begin in the plan's calendar."""
    sums: BucketSums
    """Without its buckets: columns, spans and metrics."""
    values: Mapping[str, Values]
    histograms: Mapping[str, Sequence[HalfHistogram]]
    quantiles: dict[tuple[str, str, int], QuantileOfHalf | None] = field(default_factory=dict)
    """What was worked out: (variant, metric, group)."""
    windows: dict[object, tuple[Row, ...]] = field(default_factory=dict)
    """The rows of days and weeks, which are the same on every morning after them."""


def stages_of_runs(
    found: StageInBuckets, name: str, first: date, ranges: Ranges, orders: Sequence[Sequence[int]]
) -> list[StageOfRun]:
    """The stage of each run, which sums the buckets of each variant in the order that it drew."""
    import numpy

    buckets = found.sums.values.shape[0]
    names = list(ranges)
    chosen = numpy.zeros((len(orders), len(names), buckets))
    for run, order in enumerate(orders):
        for at, variant in enumerate(names):
            for begin, end in ranges[variant]:
                chosen[run, at, order[begin:end]] = 1.0
    flat = chosen.reshape(-1, buckets)

    def summed(values: Any) -> Any:
        return (flat @ values.reshape(buckets, -1)).reshape(len(orders), len(names), *values.shape[1:])

    sums = summed(found.sums.values)
    histograms = [
        (replace(each, whole=each.whole[:0], steps=each.steps[:0]), summed(each.whole), summed(each.steps))
        for each in found.histograms
    ]
    about = replace(found.sums, values=found.sums.values[:0])
    return [
        StageOfRun(
            name, first, about,
            {variant: sums[run, at].tolist() for at, variant in enumerate(names)},
            {
                variant: [HalfHistogram(each, whole[run, at], steps[run, at]) for each, whole, steps in histograms]
                for at, variant in enumerate(names)
            },
        )
        for run in range(len(orders))
    ]  # fmt: skip


def rows_of_stage(stage: StageOfRun, days: int, *, windows_only: bool = False) -> Iterator[Row]:
    """The rows that so many days of the stage have. Of an earlier stage days and weeks are enough."""
    for number, measure in enumerate(stage.sums.measures):
        if not windows_only:
            yield from _cohorts(stage, number, measure, days)
        yield from _windows(stage, number, measure, days)
    for variant, found in stage.histograms.items():
        for each in found:
            yield from _quantiles(stage, variant, each, days, has_total=not windows_only)


def _cohorts(stage: StageOfRun, number: int, measure: ComputedMetric, days: int) -> Iterator[Row]:
    units, last = stage.sums.columns[UNITS], counted_days(measure, stage.sums.longest)
    through = stage.first + (days - 1) * _DAY
    places = [_places(stage.sums, column, number, lag) for lag in range(min(last, days - 1) + 1)]
    for variant, values in stage.values.items():
        for day, of_day in enumerate(values[:days]):
            cells: dict[str, Any] = {name: of_day[at] for name, at in places[min(last, days - 1 - day)]}
            yield Row(
                stage.name, "cohort", stage.first + day * _DAY, variant, measure.id, "", round(of_day[units]),
                through=through, **cells,
            )  # fmt: skip


def _windows(stage: StageOfRun, number: int, measure: ComputedMetric, days: int) -> Iterator[Row]:
    """The rows of the days and weeks that are over."""
    for span in stage.sums.spans:
        is_week = span.window == "week"
        if (span.number + 1) * (_WEEK if is_week else 1) > days:
            continue
        if measure.has_weeks if is_week else measure.has_days:
            yield from _once_over(stage, number, span, "")
        if is_week and measure.has_first_week and span.number < 2:
            yield from _once_over(stage, number, span, FIRST_WEEK)


def _once_over(stage: StageOfRun, number: int, span: InstantSpan, segment: str) -> tuple[Row, ...]:
    key = (number, span, segment)
    if key not in stage.windows:
        stage.windows[key] = tuple(_of_span(stage, *key))
    return stage.windows[key]


def _of_span(stage: StageOfRun, number: int, span: InstantSpan, segment: str) -> Iterator[Row]:
    places = _places(stage.sums, span_column, number, span)
    units, measure = stage.sums.columns[span.units], stage.sums.measures[number].id
    for variant, values in stage.values.items():
        ours = values[:_WEEK] if segment == FIRST_WEEK else values
        cells: dict[str, Any] = {name: sum(of_day[at] for of_day in ours) for name, at in places}
        window: Any = span.window
        count = round(sum(of_day[units] for of_day in ours))
        yield Row(stage.name, window, _first(stage, span), variant, measure, segment, count, **cells)


def _first(stage: StageOfRun, span: InstantSpan) -> date:
    return stage.first + span.number * (_WEEK if span.window == "week" else 1) * _DAY


def _places(sums: BucketSums, named: Any, *at: Any) -> list[tuple[str, int]]:
    """The columns of a row, and where the sums have them."""
    if at not in sums.places:
        found = ((name, sums.columns.get(named(*at, name))) for name in ALL_SUMS)
        sums.places[at] = [(name, place) for name, place in found if place is not None]
    return sums.places[at]


def _quantiles(
    stage: StageOfRun, variant: str, half: HalfHistogram, days: int, *, has_total: bool
) -> Iterator[Row]:
    about, measure = half.about, half.about.measure

    def row(window: Any, day: date | None, group: int, through: date | None) -> Iterator[Row]:
        seen = _quantile(stage, variant, half, group)
        if seen is not None:
            scale = float(measure.scale)
            yield Row(
                stage.name, window, day, variant, measure.id, "", seen.units, value=seen.value * scale,
                standard_error=seen.standard_error * scale, through=through,
            )  # fmt: skip

    if has_total:
        yield from row("total", None, days - 1, stage.first + (days - 1) * _DAY)
    for at, span in enumerate(about.spans):
        if (span.number + 1) * (_WEEK if span.window == "week" else 1) <= days:
            yield from row(span.window, _first(stage, span), about.days + at, None)


def quantile_so_far(stage: StageOfRun, variant: str, half: HalfHistogram) -> QuantileOfHalf | None:
    """Over the whole stage."""
    return _quantile(stage, variant, half, half.about.days - 1)


def _quantile(stage: StageOfRun, variant: str, half: HalfHistogram, group: int) -> QuantileOfHalf | None:
    measure = half.about.measure
    key = (variant, measure.id, group)
    if key not in stage.quantiles:
        stage.quantiles[key] = quantile_of(
            half.about.edges, half.whole[group], half.steps[group], float(measure.quantile)
        )
    return stage.quantiles[key]
