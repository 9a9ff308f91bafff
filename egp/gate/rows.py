"""The rows of the results that are about a metric, and what refused rows would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.gate.clock import day_end
from egp.plan.quantity import shown
from egp.plan.results import FIRST_WEEK, TEST
from egp.plan.wording import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from egp.gate.readout import Readout
    from egp.plan.experiment import Metric
    from egp.plan.results import Row, Window


class AddRows(str):
    """The step that adds the rows of a window, of metrics that have none in the stage."""

    __slots__ = ("metrics", "window")
    window: Window
    metrics: tuple[str, ...]

    def __new__(cls, window: Window, *metrics: str) -> AddRows:
        step = super().__new__(cls, f"add the {window} rows of {listing(map(shown, metrics))}")
        step.window, step.metrics = window, metrics
        return step

    def __reduce__(self) -> tuple[type[AddRows], tuple[str, ...]]:
        return AddRows, (self.window, *self.metrics)


def merged(steps: Iterable[str]) -> list[str]:
    """Each step once, and one for all metrics that lack the rows of a window: a query adds them together."""
    steps = list(steps)
    metrics: dict[str, dict[str, None]] = {}
    for step in steps:
        if isinstance(step, AddRows):
            metrics.setdefault(step.window, {}).update(dict.fromkeys(step.metrics))
    whole = (
        AddRows(each.window, *metrics[each.window]) if isinstance(each, AddRows) else each for each in steps
    )
    return list(dict.fromkeys(map(str, whole)))


def rows_of(
    readout: Readout,
    metric: Metric,
    window: Window,
    variant: str = "",
    stage: str = "",
    segment: str | None = None,
) -> list[Row]:
    """Rows of a metric in the current stage, or the one named; of one variant if it is named."""
    part = (metric.segment or "") if segment is None else segment
    found = readout.rows_by_key.get((stage or readout.stage.name, window, metric.name, part), [])
    return [row for row in found if variant in ("", row.variant)]


def was_refused(readout: Readout, window: Window, metric: Metric, variant: str, day: date | None) -> bool:
    """Whether a row of the current stage was there, and could not be read."""
    return any(
        about.date == day
        and about.window in ("", window)
        and about.stage in ("", readout.stage.name)
        and about.metric in ("", metric.id)
        and about.variant in ("", variant)
        for about in readout.lost
    )


def cumulative_rows(readout: Readout, metric: Metric, variant: str, until: date | None = None) -> list[Row]:
    """The rows that hold a variant's units of the current stage once each, first exposed by a day.

    Cohorts, or the one total row where there are none. A total that may hold units of later days is none of those.
    """
    if metric.kind == "quantile":
        return rows_of(readout, metric, "total", variant)
    cohorts = rows_of(readout, metric, "cohort", variant)
    if not cohorts:
        totals = rows_of(readout, metric, "total", variant)
        return [row for row in totals if until is None or ends_with(readout, row, until)]
    return (
        cohorts if until is None else [row for row in cohorts if row.date is not None and row.date <= until]
    )


def ends_with(readout: Readout, total: Row, until: date) -> bool:
    """Whether the units of a total are those that were exposed by a day: counted through it, or exposure is over."""
    if total.through is None or total.through < until:
        return False
    return total.through == until or (
        readout.stage.exposed_until is not None
        and day_end(until, readout.zone) >= readout.stage.exposed_until
    )


def metrics_in_totals(readout: Readout) -> frozenset[str]:
    """Metrics of which the current stage has total rows, and no cohorts."""
    windows: dict[str, set[str]] = {}
    for stage, window, metric, _ in readout.rows_by_key:
        if stage == readout.stage.name:
            windows.setdefault(metric, set()).add(window)
    return frozenset(
        metric for metric, found in windows.items() if "total" in found and "cohort" not in found
    )


def first_week_rows(readout: Readout, metric: Metric, variant: str) -> Sequence[Row]:
    """Weeks of the units that were first exposed in the first week of the test."""
    return rows_of(readout, metric, "week", variant, TEST, FIRST_WEEK)
