"""An effect put into what the treatment's units did, as if it had been there.

A rate is thinned: each unit without an event has one by chance, or each event is taken away by chance, so that the rate moves by as
much as requested and keeps the noise of counts; of shares of analysis units each session is. A mean, and a ratio by its numerator,
is scaled with its squares and cross terms. A quantile's histogram is shifted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from egp.advice.rehearsal.evidence import StageOfRun, Values, quantile_so_far
from egp.record.sources.warehouse.buckets import UNITS, column, counted_days, span_column

if TYPE_CHECKING:
    from egp.plan.experiment import Metric
    from egp.record.sources.warehouse.instants import InstantSpan

_SCALES_BY = {
    "sum": 1, "sum_squares": 2, "cross_sum": 1, "covariate_cross_sum": 1, "covariate_denominator_cross_sum": 1,
}  # fmt: skip
"""Sums that the values after the exposure stand in, and to which power."""
Draw = Any
"""A generator of numpy."""


class NoEffectError(Exception):
    """An effect that the metric cannot have, as a rate above 100 %."""


def with_effect(stage: StageOfRun, metric: Metric, variant: str, change: float, draw: Draw) -> StageOfRun:
    """The stage with the metric of a variant changed by such a share of its level. Raises NoEffectError."""
    measures = stage.sums.measures
    number = next((at for at, each in enumerate(measures) if each.id == metric.name), None)
    if number is None:
        return _shifted(stage, metric.name, variant, change)
    measure, values = measures[number], [list(of_day) for of_day in stage.values[variant]]
    part = _Columns(stage, number, values)
    if measure.kind == "proportion":
        part.thin(change, draw)
    elif metric.kind == "proportion":
        part.thin_shares(change, draw)
    else:
        part.scale(change)
    return replace(stage, values={**stage.values, variant: values}, windows={})


def _shifted(stage: StageOfRun, metric: str, variant: str, change: float) -> StageOfRun:
    histograms = []
    for half in stage.histograms[variant]:
        found = quantile_so_far(stage, variant, half) if half.about.measure.id == metric else None
        if found is not None:
            about = replace(half.about, edges=half.about.edges + change * found.value)
            half = replace(half, about=about)  # noqa: PLW2901
        histograms.append(half)
    return replace(stage, histograms={**stage.histograms, variant: histograms}, quantiles={})


class _Columns:
    """The sums of one metric and one variant, which change in place."""

    def __init__(self, stage: StageOfRun, number: int, values: Values) -> None:
        self.sums, self.values, self.number = stage.sums, values, number
        self.everybody = list(stage.values.values())
        self.last = counted_days(stage.sums.measures[number], stage.sums.longest)

    def _windows(self) -> Iterator[tuple[int | None, Callable[[str], int | None]]]:
        """Where each day's count and each span have their units and their sums."""
        for lag in range(self.last + 1):
            yield self.sums.columns[UNITS], partial(self._of_lag, lag)
        for span in self.sums.spans:
            if span_column(self.number, span, "sum") in self.sums.columns:
                yield self.sums.columns.get(span.units), partial(self._of_span, span)

    def _of_lag(self, lag: int, name: str) -> int | None:
        return self.sums.columns.get(column(self.number, lag, name))

    def _of_span(self, span: InstantSpan, name: str) -> int | None:
        return self.sums.columns.get(span_column(self.number, span, name))

    def scale(self, change: float) -> None:
        for _, at in self._windows():
            for name, power in _SCALES_BY.items():
                place = at(name)
                if place is not None:
                    for of_day in self.values:
                        of_day[place] *= (1 + change) ** power

    def thin(self, change: float, draw: Draw) -> None:
        self._thin_cohorts(change, draw)
        for units, at in self._windows():
            if units == self.sums.columns[UNITS] or units is None:
                continue
            place = at("sum")
            assert place is not None
            for day, of_day in enumerate(self.values):
                moved = of_day[units] - of_day[place] if change > 0 else of_day[place]
                count = float(draw.binomial(round(moved), self._chance(change, day, units, place)))
                of_day[place] += count if change > 0 else -count

    def _thin_cohorts(self, change: float, draw: Draw) -> None:
        """Events that are added come as long after the first exposure as the others of the day."""
        units = self.sums.columns[UNITS]
        places = [self.sums.columns[column(self.number, lag, "sum")] for lag in range(self.last + 1)]
        for day, of_day in enumerate(self.values):
            chance = self._chance(change, day, units, places[-1])
            seen = [of_day[place] for place in places]
            each = [seen[0], *(later - earlier for earlier, later in pairwise(seen))]
            if change > 0:
                added = int(draw.binomial(round(of_day[units] - seen[-1]), chance))
                shares = (
                    [part / seen[-1] for part in each] if seen[-1] > 0 else [1.0, *[0.0] * (len(each) - 1)]
                )
                moved = [int(part) for part in draw.multinomial(added, shares)]
            else:
                moved = [-int(draw.binomial(round(part), chance)) for part in each]
            self._move(of_day, units, places, seen, moved)

    def _move(
        self, of_day: list[float], units: int, places: list[int], seen: list[float], moved: list[int]
    ) -> None:
        total, idle = 0, of_day[units] - seen[-1]
        for lag, place in enumerate(places):
            total += moved[lag]
            of_day[place] += total
            cross = self.sums.columns.get(column(self.number, lag, "covariate_cross_sum"))
            if cross is None:
                continue
            before = of_day[self.sums.columns[column(self.number, lag, "covariate_sum")]]
            # What those had before who have an event now, or have none any more.
            per = (
                (before - of_day[cross]) / idle
                if total > 0 and idle
                else of_day[cross] / seen[lag]
                if seen[lag]
                else 0.0
            )
            of_day[cross] += total * per

    def _chance(self, change: float, day: int, units: int, place: int) -> float:
        """With which a unit without an event has one, or an event is taken away: by the rate of all variants on the day, since
        the variant's own would make its noise larger."""
        if change <= 0:
            chance = -change
        else:
            n, events = (sum(values[day][at] for values in self.everybody) for at in (units, place))
            if not n or not events:
                return 0.0
            rate = events / n
            chance = change * rate / (1 - rate) if rate < 1 else math.inf
        if not 0 <= chance <= 1:
            raise NoEffectError
        return float(chance)

    def thin_shares(self, change: float, draw: Draw) -> None:
        """Sessions with a success, or without one, are kept by chance; sums of squares follow in expectation."""
        for _, at in self._windows():
            place = {
                name: at(name)
                for name in ("sum", "sum_squares", "denominator_sum", "denominator_sum_squares", "cross_sum")
            }
            k, kk, d, dd, kd = place.values()
            assert k is not None
            assert d is not None
            for day, of_day in enumerate(self.values):
                kept = 1 - self._chance(change, day, d, k)
                successes, sessions = of_day[k], of_day[d]
                counted = sessions - successes if change > 0 else successes
                left = float(draw.binomial(round(counted), kept))
                of_day[k] = sessions - left if change > 0 else left
                if kk is None or dd is None or kd is None:
                    continue
                squares, cross = of_day[kk], of_day[kd]
                if change > 0:
                    squares, cross = of_day[dd] - 2 * cross + squares, of_day[dd] - cross
                squares = kept * kept * squares + kept * (1 - kept) * counted
                cross *= kept
                if change > 0:
                    squares, cross = of_day[dd] - 2 * cross + squares, of_day[dd] - cross
                of_day[kk], of_day[kd] = squares, cross
