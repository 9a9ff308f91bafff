"""Aggregates computed inside a warehouse, from its tables of exposures and events. Rows of units never leave it.

``docs/results.md`` has the same queries in SQL. Amounts are taken to six decimals, in exact arithmetic, so that
neither the order of rows nor the number of threads shows in a sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from egp.plan.analysis.days import time_zone, whole_days
from egp.plan.analysis.registered import is_clustered
from egp.plan.results import FIRST_WEEK, Crossed
from egp.record.sources.connection import connected, unusable, without_secrets
from egp.record.sources.table import Record, RecordTable

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.record.sources.stages import StageDays, Stages
    from egp.record.sources.tables import EventTable, ExposureTable, WarehouseTables

_AMOUNT, _SQUARE, _TOTAL = "decimal(18, 6)", "decimal(36, 12)", "decimal(38, 12)"
_DAY = timedelta(days=1)
_WEEK = 7

Cells = dict[str, object]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A source of cohort and week rows. Quantiles, ratios and segments are no business of its: a file has them."""

    url: str
    tables: WarehouseTables
    root: str

    def table(self, plan: Experiment, stages: Stages) -> RecordTable:
        zone = plan.schedule.timezone if plan.schedule else None
        if zone is None or time_zone(zone) is None:
            raise unusable(
                self.url,
                "the plan names no time zone, so that days have no beginning",
                "add `schedule.timezone`",
            )
        path = without_secrets(self.url)
        found: list[Cells] = []
        crossed: list[Crossed] = []
        with connected(self.url, self.root) as connection:
            exposures, events = self._opened(connection)
            for stage in stages.entered.values():
                query = _StageQuery(plan, stage, stages.today, exposures, events)
                found += query.rows()
                crossed.append(query.crossed())
        records = tuple(Record(path, 0, number, cells) for number, cells in enumerate(found, 1))
        columns = tuple(dict.fromkeys(column for cells in found for column in cells))
        return RecordTable(path, columns, records, crossed=tuple(crossed))

    def _opened(self, connection: Any) -> tuple[Any, Any]:
        """Both tables, with the columns named as the queries name them."""
        exposures, events = self.tables.exposures, self.tables.events
        if exposures is None or events is None:
            raise unusable(
                self.url, "the policy names no tables", "add `exposures` and `events` under `sources`"
            )
        keys = {
            "unit": exposures.unit,
            "experiment": exposures.experiment,
            "variant": exposures.variant,
            "at": exposures.at,
        }
        event_keys = {"unit": events.unit, "event": events.event, "at": events.at, "value": events.value}
        return self._selected(connection, exposures, keys), self._selected(connection, events, event_keys)

    def _selected(self, connection: Any, named: ExposureTable | EventTable, columns: dict[str, str]) -> Any:
        try:
            table = connection.table(named.table, database=named.database)
        except Exception:  # every backend has an error of its own for it
            raise unusable(
                self.url, f"there is no table {named.table}", "correct `sources` in the policy"
            ) from None
        for column in columns.values():
            if column not in table.columns:
                message = f"the table {named.table} has no column {column}"
                raise unusable(self.url, message, "correct `sources` in the policy")
        if not table[columns["at"]].type().is_timestamp():
            message = f"the column {columns['at']} of {named.table} holds no timestamps"
            raise unusable(self.url, message, "name a column of instants")
        return table.select(**{name: table[column] for name, column in columns.items()})


class _StageQuery:
    """The queries about one stage, over whole days only."""

    def __init__(self, plan: Experiment, stage: StageDays, today: date, exposures: Any, events: Any) -> None:
        self._plan = plan
        self._stage = stage
        self._through = today - _DAY
        self._last = min(stage.days.last, self._through)
        self._zone = time_zone((plan.schedule and plan.schedule.timezone) or "")
        self._events = events
        self._served = self._in_stage(exposures)

    def _computes(self, metric: Metric) -> bool:
        """A share of analysis units needs to know these, and stays in the results file, as ratios do."""
        is_plain = metric.kind in ("proportion", "mean") and not metric.segment
        return is_plain and not is_clustered(self._plan, metric)

    def rows(self) -> Iterator[Cells]:
        if self._last < self._stage.days.first:
            return
        for _, metric in self._plan.metrics:
            if self._computes(metric):
                yield from self._cohorts(metric)
        for first in self._weeks():
            for _, metric in self._plan.guardrails:
                if self._computes(metric):
                    yield from self._week(metric, first, "")
            for _, metric in self._plan.primaries:
                if self._computes(metric) and first < self._stage.days.first + 2 * _WEEK * _DAY:
                    yield from self._week(metric, first, FIRST_WEEK)

    def crossed(self) -> Crossed:
        """Units that were served two variants, which no row counts."""
        firsts = self._firsts()
        two = firsts.filter(firsts.variant != firsts.other_variant)
        units, of = (int(table.count().to_pyarrow().as_py()) for table in (two, firsts))
        return Crossed(self._stage.name, units, of)

    def _weeks(self) -> Iterator[date]:
        first = self._stage.days.first
        while first + (_WEEK - 1) * _DAY <= self._last:
            yield first
            first += _WEEK * _DAY

    def _in_stage(self, exposures: Any) -> Any:
        begin, end = self._midnight(self._stage.days.first), self._midnight(self._last + _DAY)
        begin, end = max(begin, self._stage.since or begin), min(end, self._stage.until or end)
        ours = exposures.filter(exposures.experiment == self._plan.id)
        served = ours.filter(ours.at >= _instant(ours.at, begin), ours.at < _instant(ours.at, end))
        return served.mutate(day=self._day_of(served.at, self._stage.days.first, self._last))

    def _firsts(self) -> Any:
        served = self._served
        return served.group_by("unit").aggregate(
            first_at=served.at.min(),
            day=served.day.min(),
            variant=served.variant.min(),
            other_variant=served.variant.max(),
        )

    def _units(self) -> Any:
        """Unit, variant, instant and day of first exposure; units that saw two variants are in none."""
        firsts = self._firsts()
        return firsts.filter(firsts.variant == firsts.other_variant).drop("other_variant")

    def _cohorts(self, metric: Metric) -> Iterator[Cells]:
        history = self._history(metric)
        events = self._events_of(metric, history)
        joined = self._units().left_join(events, "unit")
        counts = joined.happened_at >= joined.first_at
        if metric.outcome_window is not None:
            counts &= joined.happened_on <= joined.day + whole_days(metric.outcome_window)
        sums = {"y": _outcome(counts, joined.amount, metric)}
        if history:
            before = (joined.happened_on < joined.day) & (joined.happened_on >= joined.day - history)
            sums["x"] = _outcome(before, joined.amount, metric)
        units = joined.group_by(["unit", "variant", "day"]).aggregate(**sums)
        for cells in _summed(units, ["variant", "day"], bool(history)):
            day = self._stage.days.first + int(str(cells.pop("day"))) * _DAY
            yield {**self._key("cohort", day, metric), "through": self._through, **cells}

    def _week(self, metric: Metric, first: date, segment: str) -> Iterator[Cells]:
        """Units served in the week, and what they did in it."""
        week = (first - self._stage.days.first).days
        units, served = self._units(), self._served
        active = served.filter(served.day >= week, served.day < week + _WEEK).select("unit").distinct()
        units = units.semi_join(active, "unit")
        if segment == FIRST_WEEK:
            units = units.filter(units.day < _WEEK)
        joined = units.left_join(self._events_of(metric, 0), "unit")
        counts = (
            (joined.happened_at >= joined.first_at)
            & (joined.happened_on >= week)
            & (joined.happened_on < week + _WEEK)
        )
        per_unit = joined.group_by(["unit", "variant"]).aggregate(y=_outcome(counts, joined.amount, metric))
        for cells in _summed(per_unit, ["variant"], False):
            yield {**self._key("week", first, metric), "segment": segment or None, **cells}

    def _key(self, window: str, day: date, metric: Metric) -> Cells:
        return {"stage": self._stage.name, "window": window, "date": day, "metric": metric.id}

    def _history(self, metric: Metric) -> int:
        """Days before the first exposure that the primary's covariate is taken from; 0 without CUPED."""
        reduction = self._plan.statistics.variance_reduction if self._plan.statistics else None
        if reduction is None or reduction.method != "cuped" or reduction.pre_period is None:
            return 0
        return whole_days(reduction.pre_period) if metric is self._plan.primary_metric else 0

    def _events_of(self, metric: Metric, history: int) -> Any:
        first = self._stage.days.first - history * _DAY
        events = self._events.filter(self._events.event == metric.id)
        begin, end = self._midnight(first), self._midnight(self._through + _DAY)
        events = events.filter(events.at >= _instant(events.at, begin), events.at < _instant(events.at, end))
        return events.select(
            unit=events.unit, happened_at=events.at, happened_on=self._day_of(events.at, first, self._through),
            amount=events.value.cast(_AMOUNT).fill_null(1),
        )  # fmt: skip

    def _day_of(self, at: Any, first: date, last: date) -> Any:
        """Number of the local day, counted from the stage's first; its bounds are instants, so that DST is in them."""
        import ibis

        begin = (first - self._stage.days.first).days
        ends = [self._midnight(first + (number + 1) * _DAY) for number in range((last - first).days + 1)]
        branches = [(at < _instant(at, end), begin + number) for number, end in enumerate(ends)]
        return ibis.cases(*branches, else_=begin + len(ends))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._zone).astimezone(UTC)


def _instant(column: Any, instant: datetime) -> Any:
    """The instant as the column has its instants: with a time zone, or in UTC without one."""
    import ibis

    in_utc = instant.astimezone(UTC)
    return ibis.literal(in_utc if column.type().timezone else in_utc.replace(tzinfo=None))


def _outcome(counts: Any, amount: Any, metric: Metric) -> Any:
    if metric.kind == "proportion":
        return counts.ifelse(1, 0).max()
    return counts.ifelse(amount, 0).sum().cast(_AMOUNT)


def _summed(units: Any, by: list[str], with_covariate: bool) -> Iterator[Cells]:
    """Sums over the units of each group; all that leaves the warehouse."""
    sums = {"units": units.count(), "sum": _total(units.y), "sum_squares": _total(units.y * units.y)}
    if with_covariate:
        sums |= {
            "covariate_sum": _total(units.x),
            "covariate_sum_squares": _total(units.x * units.x),
            "covariate_cross_sum": _total(units.x * units.y),
        }
    yield from units.group_by(by).aggregate(**sums).order_by(by).to_pyarrow().to_pylist()


def _total(values: Any) -> Any:
    return values.cast(_SQUARE).sum().cast(_TOTAL)
