"""What of a plan's metrics is computed in the warehouse, from which events, and for which windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from egp.plan.analysis.days import whole_days
from egp.plan.analysis.registered import is_clustered
from egp.plan.results import LeftOut
from egp.plan.typed_reader import read
from egp.record.sources.tables import MetricEvents

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.record.sources.tables import WarehouseTables

_SECONDS = {"us": Decimal("0.000001"), "ms": Decimal("0.001"), "s": Decimal(1)}


@dataclass(frozen=True, slots=True)
class ComputedMetric:
    """One metric as the queries compute it."""

    id: str
    kind: Literal["proportion", "mean", "ratio", "quantile"]
    event: str
    denominator: str = ""
    """The event whose values a ratio is divided by."""
    unit: str = ""
    """Of times in the table."""
    cap: Decimal | None = None
    """The largest value of a unit, as the table has values."""
    quantile: Decimal = Decimal(0)
    outcome_days: int | None = None
    """Days after that of the first exposure on which outcomes count; None for all."""
    history_days: int = 0
    """Days before that of the first exposure that the covariate is taken from; 0 for no covariate."""
    has_days: bool = False
    has_weeks: bool = False
    has_first_week: bool = False
    segment: str = ""
    """What the metric is restricted to."""
    segments: tuple[str, ...] = ()
    """Columns by whose values it is reported once more."""

    @property
    def scale(self) -> Decimal:
        """One of the table's units, in those of sums."""
        return _SECONDS[self.unit or "s"]

    @property
    def all_segments(self) -> tuple[str, ...]:
        return (*self.segments, self.segment.partition("=")[0]) if self.segment else self.segments

    @property
    def events(self) -> tuple[str, ...]:
        return (self.event, self.denominator) if self.denominator else (self.event,)


def measures(plan: Experiment, tables: WarehouseTables) -> tuple[list[ComputedMetric], list[LeftOut]]:
    """What is computed, in the order of the plan, and what is not."""
    found: list[ComputedMetric] = []
    left_out: list[LeftOut] = []
    for path, metric in plan.metrics:
        source = (tables.metrics or {}).get(metric.name) or read(MetricEvents, {})
        why = _why_not(plan, metric, source, tables)
        if why:
            left_out.append(LeftOut(metric.name, why))
        else:
            found.append(_measure(plan, str(path[0]), metric, source, tables))
    return found, left_out


def _why_not(plan: Experiment, metric: Metric, source: MetricEvents, tables: WarehouseTables) -> str:
    name = f"`sources.metrics.{metric.id}`"
    if metric.kind is None or not metric.id:
        return "the plan does not say its kind"
    if _kind(plan, metric) == "ratio" and not source.denominator:
        return f"{name} names no event as `denominator`"
    is_time = metric.baseline is not None and metric.baseline.unit == "s"
    if metric.kind == "quantile" and is_time and not source.value_unit:
        return f"{name} has no `value_unit` for its times"
    if metric.kind == "quantile" and not metric.quantile:
        return "the plan does not say which quantile"
    if metric.segment and metric.segment.partition("=")[0] not in _segments(tables):
        return f"`sources.exposures.segments` has no column for {metric.segment}"
    return ""


def _kind(plan: Experiment, metric: Metric) -> Literal["proportion", "mean", "ratio", "quantile"]:
    """A share of analysis units is a ratio of two sums over the randomised ones."""
    assert metric.kind is not None
    return "ratio" if is_clustered(plan, metric) else metric.kind


def _segments(tables: WarehouseTables) -> dict[str, str]:
    return (tables.exposures.segments if tables.exposures else None) or {}


def _measure(
    plan: Experiment, role: str, metric: Metric, source: MetricEvents, tables: WarehouseTables
) -> ComputedMetric:
    kind, name = _kind(plan, metric), metric.name
    is_guardrail, decides = role == "guardrail_metrics", role.endswith("primary_metric") or "primary" in role
    watched = [rule for rule in plan.stop_rules if rule.metric == name]
    unit = source.value_unit or ""
    scale = _SECONDS[unit or "s"]
    parts = [*plan.segments, *(plan.diagnostic_segments if is_guardrail else ())]
    return ComputedMetric(
        id=name,
        kind=kind,
        event=source.event or name,
        denominator=(source.denominator or "") if kind == "ratio" else "",
        unit=unit,
        cap=Decimal(str(metric.cap.value)) / scale if metric.cap and kind in ("mean", "ratio") else None,
        quantile=Decimal(str(float(metric.quantile))) if metric.quantile else Decimal(0),
        outcome_days=None if metric.outcome_window is None else whole_days(metric.outcome_window),
        history_days=_history(plan) if metric is plan.primary_metric and kind != "quantile" else 0,
        has_days=any(rule.for_ is not None and rule.probability is None for rule in watched),
        has_weeks=(is_guardrail and kind != "quantile" and not metric.any_harm)
        or any(rule.significant_harm_for is not None for rule in watched),
        has_first_week=decides and kind != "quantile",
        segment=metric.segment or "",
        segments=()
        if metric.segment
        else tuple(each for each in dict.fromkeys(parts) if each in _segments(tables)),
    )


def _history(plan: Experiment) -> int:
    """Days before the first exposure that the primary's covariate is taken from; 0 without CUPED."""
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if reduction is None or reduction.method != "cuped" or reduction.pre_period is None:
        return 0
    return whole_days(reduction.pre_period or timedelta(0))


def longest_history(found: list[ComputedMetric]) -> int:
    return max((each.history_days for each in found), default=0)


def events_of(found: list[ComputedMetric]) -> list[str]:
    """Names of all events that are read."""
    return sorted({event for each in found for event in each.events})


def summed(found: list[ComputedMetric]) -> Iterator[ComputedMetric]:
    return (each for each in found if each.kind != "quantile")
