"""What egp recomputes from a number of the plan, in a sentence each; where an input is missing, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from egp.plan.analysis import registered
from egp.plan.analysis.by_day import days_to_run
from egp.plan.analysis.days import planned_days, run_days
from egp.plan.analysis.traffic import units_that_come
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import NotChecked
from egp.plan.power.plan import MetricRow, PlanPower
from egp.plan.power.readings import found_text, move
from egp.plan.quantity import MetricChange
from egp.plan.wording import absolute, counted, power_text, share_text, unit_count, whole
from egp.stats.errors import StatisticsInputError
from egp.yaml import Path

_CHANGES = ("mde", "target", "non_inferiority_margin")
_OF_METRICS = ("baseline", "std_dev", "influence_std_dev", "quantile", "outcome_window", "segment_share")


def recomputed(plan: Experiment, power: PlanPower, path: Path) -> list[str]:
    """Sentences about the number at a path of a plan, whose power is known."""
    found: list[str] = []
    with suppress(NotChecked, StatisticsInputError, ArithmeticError):
        found.extend(_sentences(plan, power, path))
    return found


def _sentences(plan: Experiment, power: PlanPower, path: Path) -> Iterator[str]:
    key, above = path[-1], path[:-1]
    rows = {row.path: row for row in power.rows}
    if above in rows and key in (*_CHANGES, *_OF_METRICS):
        yield from _of_metric(plan, rows[above], key, power.declared)
    elif path == ("sample_size_per_variant",) or path[0] == "statistics":
        yield from (each for row in power.rows if (each := _by_sample(row, power.declared)))
        yield from _arriving(plan)
    elif path[0] in ("schedule", "eligible_units", "variants"):
        yield from _run(plan)
        yield from _arriving(plan)
        yield from filter(None, map(_days, power.rows))


def _by_sample(row: MetricRow, declared: int | None) -> str:
    """What the declared sample gives for a metric, and what the metric needs."""
    if row.needed is None or row.distance is None or row.asked is None:
        return ""
    unit, verb = row.unit or "", "finds" if row.test == "superiority" else "rules out"
    name = "" if row.role == "primary" else f"{row.name}: "
    needs = f"{absolute(row.distance, unit)} needs {whole(row.needed)}"
    if row.detectable is None or declared is None:
        return f"{name}{needs} a variant for {share_text(row.asked)} power"
    found = found_text(row.detectable, unit)
    return f"{name}{declared:,} a variant {verb} {found} with {share_text(row.asked)} power; {needs}"


def _of_metric(plan: Experiment, row: MetricRow, key: object, declared: int | None) -> Iterator[str]:
    metric = _metric_at(plan, row.path)
    change = getattr(metric, str(key)) if key in _CHANGES else None
    if isinstance(change, MetricChange) and metric.baseline and metric.baseline.value:
        yield _moved(metric, change, is_harm=key == "non_inferiority_margin")
    if key == "target" and isinstance(change, MetricChange) and row.path == registered.PRIMARY:
        effect = registered.signed_size(change, metric, row.path, "target")
        power = registered.power_at(plan, effect, registered.planned_units(plan))
        yield f"the declared sample finds it with {power_text(power)} power"
        return
    if sentence := _by_sample(row, declared):
        yield sentence
    if row.power is not None and row.distance is not None:
        yield f"power of this test with the declared sample: {power_text(row.power)}"


def _moved(metric: Metric, change: MetricChange, is_harm: bool) -> str:
    assert metric.baseline is not None
    level = metric.baseline.value
    size = change.absolute(level)
    is_up = (metric.direction == "increase") != is_harm
    relative = share_text(round(abs(size / level), 6))
    moved = move(level, abs(size) if is_up else -abs(size), metric.baseline.unit)
    return f"{moved}: {absolute(abs(size), metric.baseline.unit)}, {relative} of the baseline"


def _metric_at(plan: Experiment, path: Path) -> Metric:
    return next(metric for at, metric in plan.metrics if at == path)


def _run(plan: Experiment) -> Iterator[str]:
    days = planned_days(plan)
    paused = run_days(plan) - days
    without = f", {counted(paused, 'day')} of pauses left out" if paused else ""
    yield f"{counted(days, 'day')} of exposure{without}"


def _arriving(plan: Experiment) -> Iterator[str]:
    come = units_that_come(plan)
    if come is not None:
        yield f"{unit_count(come)} come to the smallest variant in this run"


def _days(row: MetricRow) -> str:
    if row.days is None or row.needed is None:
        return ""
    return f"{row.name} needs {whole(row.needed)}, which takes {counted(days_to_run(row.days), 'day')}"
