"""Charts as Vega-Lite specifications with their data inline.

Rows and lines are labelled in place, so that no chart needs a legend, or a colour, to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from egp.output.page.palette import BAD, GOOD, INK, LINE, MUTED, SERIES, Colour
from egp.output.page.text import plain
from egp.output.report.text import wrapped
from egp.plan.wording import percent
from egp.stats.values import NamedTuple

Spec = dict[str, Any]

_WIDTH = 640
_LINE = 17
_BAR = 34
"""Heights in a row: of a line of its name or its note, and of its bar below them."""
_LETTERS = 38
"""Of a line in a row; more have no room on a telephone."""
_FULL = 1 + 1e-9
_AXIS = 48
"""Height of a horizontal axis with its labels."""
_FONT_SIZE = 13
_ONCE: Spec = {"values": [{}]}
"""Data of a layer that draws one thing."""


class ChartRow(NamedTuple):
    """What stands above the bars of a row; bars of the same words share it."""

    name: str
    note: str

    @property
    def names(self) -> list[str]:
        return wrapped(plain(self.name), _LETTERS, "")

    @property
    def notes(self) -> list[str]:
        return wrapped(plain(self.note), _LETTERS, "")

    @property
    def lines(self) -> list[str]:
        return [*self.names, *self.notes]


class ComparedShare(NamedTuple):
    """A share that was seen, with its interval, and the one that was computed."""

    name: str
    low: float
    estimate: float
    high: float
    computed: float
    note: str
    is_bad: bool


class LayerPeriod(NamedTuple):
    """A time in which the experiments of a layer together expose a share of its units; both days whole."""

    layer: str
    start: date
    end: date
    exposure: float


def shares_against_computed(rows: Sequence[ComparedShare]) -> Spec:
    """Each share with its interval, and a dash across it where the computed one lies."""
    highest = max(max(row.high, row.computed) for row in rows)
    x: Spec = {
        "field": "low",
        "type": "quantitative",
        "scale": {"domain": [0, min(1.0, highest * 1.05)]},
        "axis": {
            "title": None,
            "labelExpr": "format(datum.value * 100, '.3~g') + ' %'",
            "tickCount": 5,
            "grid": False,
        },
    }
    interval = {"type": "rule", "strokeWidth": 3, "strokeCap": "round"}
    estimate = {"type": "point", "filled": True, "size": 100, "opacity": 1}
    computed = {"type": "tick", "thickness": 2, "size": 20, "color": INK.light}
    at_computed = {"x": {**x, "field": "computed"}, "y": _AS_BAR["y"]}
    return _rows(
        [_share_row(row) for row in rows],
        {"mark": interval, "encoding": {"x": x, "x2": {"field": "high"}, **_AS_BAR}},
        {"mark": estimate, "encoding": {"x": {**x, "field": "estimate"}, **_AS_BAR}},
        {"mark": computed, "encoding": at_computed},
    )


def _share_row(row: ComparedShare) -> tuple[ChartRow, Spec]:
    colour = BAD if row.is_bad else SERIES
    return ChartRow(row.name, row.note), {
        "low": row.low, "estimate": row.estimate, "high": row.high, "computed": row.computed, "colour": colour.light,
    }  # fmt: skip


class ScheduleBar(NamedTuple):
    """Whole days of one row of a schedule; rows of the same name and note are one."""

    name: str
    note: str
    start: date
    end: date
    share: float
    """Of the units that are concerned; the thicker, the more."""
    kind: str


_OF_SCHEDULE = {"test": SERIES, "canary": SERIES, "ramp": GOOD, "holdout": MUTED, "freeze": BAD}


def schedule(bars: Sequence[ScheduleBar]) -> Spec:
    """What is when, a row for an experiment. What each bar is stands in the row's note, with its days."""
    return _timeline(
        [
            (ChartRow(each.name, each.note), _bar(each.start, each.end, each.share, _OF_SCHEDULE[each.kind]))
            for each in bars
        ]
    )


def exposure_by_layer(periods: Sequence[LayerPeriod]) -> Spec:
    """The share of each layer's units that is in experiments, a row for a layer; the thicker, the more."""
    highest: dict[str, float] = {}
    for period in periods:
        highest[period.layer] = max(highest.get(period.layer, 0.0), period.exposure)
    return _timeline(
        [
            (
                ChartRow(period.layer, f"at most {percent(highest[period.layer])}"),
                _bar(period.start, period.end, period.exposure, BAD if period.exposure > _FULL else SERIES),
            )
            for period in periods
        ]
    )


_AS_BAR: Spec = {
    "y": {"field": "bar_y", "type": "quantitative", "scale": None, "axis": None},
    "color": {"field": "colour", "type": "nominal", "scale": None},
}


def _bar(start: date, end: date, share: float, colour: Colour) -> Spec:
    after = end + timedelta(days=1)
    return {"start": start.isoformat(), "end": after.isoformat(), "share": share, "colour": colour.light}


def _timeline(values: Sequence[tuple[ChartRow, Spec]]) -> Spec:
    # Days are days: read and written in UTC, they do not depend on the clock of the machine.
    axis: Spec = {"title": None, "format": "%Y-%m-%d", "tickCount": 4, "grid": False}
    axis |= {"labelOverlap": "greedy", "labelSeparation": 12, "labelFlush": True}
    start = {"field": "start", "type": "temporal", "scale": {"type": "utc"}, "axis": axis}
    size = {
        "field": "share",
        "type": "quantitative",
        "legend": None,
        "scale": {"domain": [0, 1], "range": [2, 20], "clamp": True},
    }
    bar = {"type": "rule", "strokeCap": "butt"}
    return _rows(
        values,
        {"mark": bar, "encoding": {"x": start, "x2": {"field": "end"}, "size": size, **_AS_BAR}},
    )


def _rows(values: Sequence[tuple[ChartRow, Spec]], *layers: Spec) -> Spec:
    """A chart of rows, each with its name and a note above its bar at the left edge."""
    tops: dict[ChartRow, int] = {}
    height = 0
    for row, _ in values:
        if row not in tops:
            tops[row] = height
            height += _LINE * len(row.lines) + _BAR
    names = [
        {"y": top + _LINE * (at + 0.8), "text": line}
        for row, top in tops.items()
        for at, line in enumerate(row.names)
    ]
    notes = [
        {"y": top + _LINE * (len(row.names) + at + 0.8), "text": line}
        for row, top in tops.items()
        for at, line in enumerate(row.notes)
    ]
    bars = [{**bar, "bar_y": tops[row] + _LINE * len(row.lines) + _BAR / 2} for row, bar in values]
    return {
        **_frame(height + _AXIS),
        "data": {"values": bars},
        "layer": [*layers, _texts(names, INK.light, "bold"), _texts(notes, MUTED.light, "normal")],
    }


def _texts(values: list[Spec], colour: str, weight: str) -> Spec:
    mark = {"type": "text", "align": "left", "baseline": "middle", "x": 0}
    return {
        "data": {"values": values},
        "mark": {**mark, "color": colour, "fontWeight": weight},
        "encoding": {
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
            "text": {"field": "text", "type": "nominal"},
        },
    }


def _frame(height: int) -> Spec:
    """What all charts have in common: no ground of their own, thin lines, letters of one size."""
    axis = {
        "labelColor": MUTED.light,
        "titleColor": MUTED.light,
        "gridColor": LINE.light,
        "domainColor": LINE.light,
        "tickColor": LINE.light,
        "labelFontSize": _FONT_SIZE,
        "titleFontSize": _FONT_SIZE,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelLimit": 0,
        "titleLimit": 0,
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": _WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": None,
        "config": {
            # Letters are measured in a font that comes with the renderer: the same bytes on every machine.
            "font": "Liberation Sans",
            "axis": axis,
            "view": {"stroke": None},
            "text": {"fontSize": _FONT_SIZE, "limit": 0},
        },
    }
