"""What history says of the numbers that a plan declares, each with how it varied from one part of the past to the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.registered import PRIMARY, is_clustered
from egp.plan.finding import NotChecked
from egp.stats import ArmSums, StatisticsInputError
from egp.stats.values import frozen

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.history import MetricHistory, RunInThePast
    from egp.yaml import Path

ELIGIBLE: Path = ("eligible_units",)
CLUSTERING: Path = ("statistics", "clustering")
CORRELATION: Path = ("statistics", "variance_reduction", "correlation")
_WEEK = 7


@frozen
class Measured:
    """One number, measured. ``path`` is where the plan declares it, or would; empty for what no key of a plan says."""

    path: Path
    metric: str
    """Empty for what is about units."""
    name: str
    value: float
    """Rates are fractions and times in seconds."""
    parts: tuple[float, ...]
    """Of each part of the past, the latest first."""
    declared: float | None
    unit: str
    """Of the value: share, s, a currency, units, or nothing."""


def measured_numbers(
    plan: Experiment, runs: Sequence[RunInThePast], units: Mapping[str, str] | None = None
) -> Iterator[Measured]:
    """Everything that history says, in the order of the plan.

    ``units`` has the unit of a metric's values, for plans that do not state one yet: s, or a currency.
    """
    eligible = plan.eligible_units
    distinct = tuple(float(run.units) for run in runs)
    yield Measured(
        (*ELIGIBLE, "distinct_over_run"), "", "units over the run", _mean(distinct), distinct,
        _number(eligible and eligible.distinct_over_run), "units",
    )  # fmt: skip
    per_day = tuple(_mean(run.units_by_day) for run in runs if run.units_by_day)
    if per_day:
        yield Measured(
            (*ELIGIBLE, "per_day"), "", "units a day", _mean(per_day), per_day,
            _number(eligible and eligible.per_day), "units",
        )  # fmt: skip
        yield _swing("", [[float(each) for each in run.units_by_day] for run in runs], runs)
    for path, metric in plan.metrics:
        yield from _of_metric(plan, path, metric, runs, (units or {}).get(metric.name, ""))


def _of_metric(
    plan: Experiment, path: Path, metric: Metric, runs: Sequence[RunInThePast], unit: str
) -> Iterator[Measured]:
    name = metric.name
    if metric.baseline or metric.kind == "proportion":
        unit = metric.baseline.unit if metric.baseline else "share"
    if metric.kind == "quantile":
        seen = [run.quantiles[name] for run in runs if name in run.quantiles]
        if seen:
            values = tuple(each.value for each in seen)
            yield Measured(
                (*path, "baseline"), name, "baseline", _mean(values), values, _declared(metric.baseline), unit
            )
            spreads = tuple(each.standard_error * math.sqrt(each.units) for each in seen)
            pooled = math.sqrt(_mean([each * each for each in spreads]))
            yield Measured(
                (*path, "influence_std_dev"), name, "influence standard deviation", pooled, spreads,
                _declared(metric.influence_std_dev), unit,
            )  # fmt: skip
        return
    histories = [run.metrics[name] for run in runs if name in run.metrics]
    if not histories:
        return
    parts = [each.sums for each in histories]
    found = _Pooled(parts)
    if metric.kind in ("mean", "ratio"):
        yield from found.measured(
            (*path, "baseline"), name, "baseline", _value, _declared(metric.baseline), unit
        )
        yield from found.measured(
            (*path, "std_dev"),
            name,
            "standard deviation",
            stats.std_dev_of_arm,
            _declared(metric.std_dev),
            unit,
        )
    else:
        yield from found.measured(
            (*path, "baseline"), name, "baseline", _value, _declared(metric.baseline), "share"
        )
    if metric.kind == "mean":
        yield from _skewness(path, metric, histories)
    if is_clustered(plan, metric) and path == PRIMARY:
        yield from _clustering(plan, metric, found)
    if parts[0].covariate_sum is not None and path == PRIMARY:
        reduction = plan.statistics.variance_reduction if plan.statistics else None
        yield from found.measured(
            CORRELATION if reduction else (), name, "correlation with the pre-period", stats.covariate_correlation,
            reduction.correlation if reduction else None, "",
        )  # fmt: skip
    yield from _likeness(name, histories)
    by_day = [[_share(day) for day in each.days] for each in histories]
    if all(by_day):
        yield _swing(name, by_day, runs)


class _Pooled:
    """The sums of all parts, and of each."""

    def __init__(self, parts: Sequence[ArmSums]) -> None:
        self._parts = parts
        columns = [each.name for each in fields(ArmSums)]
        together: dict[str, float] = {}
        for column in columns:
            values = [getattr(part, column) for part in parts]
            if None not in values:
                together[column] = math.fsum(values)
        self._all = ArmSums(**together)

    def measured(
        self,
        path: Path,
        metric: str,
        name: str,
        of: Callable[[ArmSums], float],
        declared: float | None,
        unit: str,
    ) -> Iterator[Measured]:
        """Nothing where the number does not exist."""
        try:
            yield Measured(path, metric, name, of(self._all), tuple(map(of, self._parts)), declared, unit)
        except StatisticsInputError:
            return


def _value(sums: ArmSums) -> float:
    return (stats.mean_of_arm(sums) if sums.denominator_sum is None else stats.ratio_of_arm(sums)).value


def _skewness(path: Path, metric: Metric, histories: Sequence[MetricHistory]) -> Iterator[Measured]:
    moments = [
        (each.sums.units, each.sums.sum, each.sums.sum_squares, each.cubes)
        for each in histories
        if each.cubes is not None
    ]
    try:
        parts = tuple(stats.skewness_of_sums(*each) for each in moments)
        value = stats.skewness_of_sums(*map(math.fsum, zip(*moments, strict=True)))
    except StatisticsInputError:
        return
    yield Measured((*path, "skewness"), metric.name, "skewness", value, parts, metric.skewness, "")


def _clustering(plan: Experiment, metric: Metric, found: _Pooled) -> Iterator[Measured]:
    declared = plan.statistics.clustering if plan.statistics else None
    for key, name, of in (
        ("mean_size", "mean cluster size", lambda sums: stats.cluster_sizes(sums)[0]),
        ("cv", "variation of the cluster size", lambda sums: stats.cluster_sizes(sums)[1]),
        ("icc", "intra-cluster correlation", stats.intra_cluster_correlation),
    ):
        said = getattr(declared, key) if declared else None
        yield from found.measured((*CLUSTERING, key), metric.name, name, of, said, "")


def _likeness(name: str, histories: Sequence[MetricHistory]) -> Iterator[Measured]:
    """How alike differences of arms are on days, and in weeks, that follow each other."""
    for window in ("days", "weeks"):
        parts = []
        for each in histories:
            found = [_correlation(*pair) for pair in pairwise(getattr(each, window))]
            known = [each for each in found if each is not None]
            if known:
                parts.append(_mean(known))
        if parts:
            what = f"correlation of differences between {window}"
            yield Measured((), name, what, _mean(parts), tuple(parts), None, "")


def _correlation(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> float | None:
    try:
        return stats.split_correlation(one, other)
    except StatisticsInputError:
        return None


def _share(day: Sequence[tuple[float, float]]) -> float:
    units = math.fsum(n for _, n in day)
    return math.fsum(y for y, _ in day) / units if units else 0.0


def _swing(metric: str, by_day: Sequence[Sequence[float]], runs: Sequence[RunInThePast]) -> Measured:
    """From the lowest weekday to the highest, as a share of the mean."""
    parts = []
    for days, run in zip(by_day, runs, strict=True):
        weekdays: dict[int, list[float]] = {}
        for number, value in enumerate(days):
            weekdays.setdefault((run.days.first.weekday() + number) % _WEEK, []).append(value)
        means = [_mean(values) for values in weekdays.values()]
        middle = _mean(means)
        parts.append((max(means) - min(means)) / middle if middle else 0.0)
    return Measured((), metric, "weekday swing", _mean(parts), tuple(parts), None, "share")


def _declared(measure: object) -> float | None:
    return getattr(measure, "value", None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise NotChecked(())
    return math.fsum(values) / len(values)
