"""The warehouse as a source of rows. ``docs/results.md`` has the query in SQL.

Amounts are taken to six decimals, in exact arithmetic, so that neither the order of rows nor the number of threads shows in
a sum, and every engine gives the same one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from egp.plan.analysis.days import time_zone
from egp.plan.results import FIRST_WEEK, LeftOut, StageCounts
from egp.record.sources.table import Record, RecordTable
from egp.record.sources.warehouse.asking import PLAINLY, Asking
from egp.record.sources.warehouse.connection import Session, connected, unusable
from egp.record.sources.warehouse.facts import FactTables, defined_in
from egp.record.sources.warehouse.instants import DAY, WEEK, InstantSpan, StageClock
from egp.record.sources.warehouse.measures import ComputedMetric, measures
from egp.record.sources.warehouse.named import without_secrets
from egp.record.sources.warehouse.opened import SEGMENT, Tables, opened
from egp.record.sources.warehouse.quantiles import TOTAL, QuantileQuery, ranked, standard_error
from egp.record.sources.warehouse.units import Outcome, StageUnits, SumsQuery, UnitsPart

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment
    from egp.record.sources.stages import StageDays, Stages
    from egp.record.sources.tables import WarehouseTables

Cells = dict[str, object]
Fetched = list[dict[str, Any]]

_AT_ONCE = 2_500_000
"""Exposures whose units an embedded engine sums in one go."""
_EXACT = Context(prec=80)
OF_NUMERATOR = {"sum": 1, "sum_squares": 2, "cross_sum": 1, "covariate_sum": 1, "covariate_sum_squares": 2,
                 "covariate_cross_sum": 2, "covariates_cross_sum": 1, "covariate_denominator_cross_sum": 1,
                 "denominator_covariate_cross_sum": 1}  # fmt: skip
"""Sums in which a numerator's unit stands, and to which power."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Rows of every metric that the tables tell, and what was wrong with the units."""

    url: str
    tables: WarehouseTables
    root: str
    asking: Asking = PLAINLY
    catalogue: MetricCatalogue | None = None
    """Where the metrics and their facts are defined, in place of ``tables``."""

    def table(self, plan: Experiment, stages: Stages) -> RecordTable:
        zone = plan.schedule.timezone if plan.schedule else None
        if zone is None or time_zone(zone) is None:
            message = "the plan names no time zone, so that days have no beginning"
            raise unusable(self.url, message, "add `schedule.timezone`")
        found: list[Cells] = []
        counts: list[StageCounts] = []
        computed, left_out = self._measures(plan)
        with connected(self.url, self.root, self.asking) as session:
            tables = FactTables(session, self.catalogue) if self.catalogue else opened(session, self.tables)
            for stage in stages.entered.values():
                rows = _StageRows(session, plan, stage, stages.today - DAY, tables, computed)
                if rows.clock.has_begun:
                    found += rows.rows()
                    counts.append(rows.counts())
            session.end()
        path = without_secrets(self.url)
        records = tuple(Record(path, 0, number, cells) for number, cells in enumerate(found, 1))
        columns = tuple(dict.fromkeys(column for cells in found for column in cells))
        return RecordTable(
            path, columns, records, counts=tuple(counts), left_out=tuple(left_out), is_whole=True
        )

    def _measures(self, plan: Experiment) -> tuple[list[ComputedMetric], list[LeftOut]]:
        """What is computed, and what is not."""
        return defined_in(self.catalogue, plan) if self.catalogue else measures(plan, self.tables)


def parts_of(session: Session, units: StageUnits) -> Iterator[UnitsPart]:
    """All units, or in an embedded engine, which has the memory of this process, so many that they fit in it."""
    of = 1
    if session.is_embedded:
        exposures = session.fetch(f"exposures of {units.clock.stage.name}", units.count())
        of = max(1, -(-_count(exposures, "rows") // _AT_ONCE))
    yield from (UnitsPart(number, of) for number in range(of))


class _StageRows:
    """The rows of one stage, over whole days only."""

    def __init__(
        self, session: Session, plan: Experiment, stage: StageDays, through: date, tables: Tables,
        computed: list[ComputedMetric],
    ) -> None:  # fmt: skip
        zone = time_zone((plan.schedule and plan.schedule.timezone) or "")
        assert zone is not None
        self.clock = StageClock(stage, zone, through)
        self._session = session
        self._experiment = plan.name
        self._variants = [variant.id for variant in plan.variants or () if variant.id]
        self._tables = tables
        self._measures = computed
        self._units = StageUnits(self._experiment, self.clock, tables)
        self._query = SumsQuery(self._units, self._measures)
        self._fetched: Fetched = []

    def rows(self) -> Iterator[Cells]:
        name = self.clock.stage.name
        self._fetched = [
            row
            for part in parts_of(self._session, self._units)
            for row in self._session.fetch(
                f"sums of {name}" + (f", part {part.number + 1} of {part.of}" if part.of > 1 else ""),
                self._query.sums(part),
            )
        ]
        whole = [row for row in self._fetched if not row["is_crossed"]]
        for outcome in self._query.outcomes:
            for segment, rows in self._segments(whole, outcome):
                yield from self._summed(outcome, segment, rows)
        for measure in self._measures:
            if measure.kind == "quantile":
                yield from self._quantiles(measure)

    def counts(self) -> StageCounts:
        """What the units of the stage were, and which rows are nobody's."""
        name = self.clock.stage.name
        lacking = [
            self._session.fetch(f"incomplete exposures of {name}", self._tables.incomplete_exposures(self._experiment, self.clock)),
            self._session.fetch(f"incomplete events of {name}", self._tables.incomplete_events(self._measures, self.clock)),
        ]  # fmt: skip
        return StageCounts(
            name,
            _count(self._fetched, "units"),
            _count([row for row in self._fetched if row["is_crossed"]], "units"),
            _count(self._fetched, "repeated"),
            *(_count(rows, "rows") for rows in lacking),
        )

    def _segments(self, rows: Fetched, outcome: Outcome) -> Iterator[tuple[str, Fetched]]:
        """The rows by segment: all units, or those of the metric's own, and of each that the plan names once more."""
        measure = outcome.measure
        if measure.segment:
            yield (
                measure.segment,
                [row for row in rows if self._label(row, measure.all_segments[0]) == measure.segment],
            )
            return
        yield "", rows
        if outcome.span is not None:
            return
        for name in measure.segments:
            by_label: dict[str, Fetched] = defaultdict(list)
            for row in rows:
                by_label[self._label(row, name)].append(row)
            yield from ((label, by_label[label]) for label in sorted(by_label) if label)

    def _label(self, row: dict[str, Any], name: str) -> str:
        value = row[SEGMENT + name]
        if self._tables.segments[name]:
            return name if value else ""
        return f"{name}={value}" if value is not None else ""

    def _summed(self, outcome: Outcome, segment: str, rows: Fetched) -> Iterator[Cells]:
        span, measure = outcome.span, outcome.measure
        if span is None:
            for day, of_day in _by(rows, "day"):
                date_ = self.clock.first + int(day) * DAY
                for variant, ours in _by(of_day, "variant"):
                    cells = self._cells(outcome, variant, "cohort", date_, segment, ours, "units")
                    yield {**cells, "through": self.clock.through}
            return
        if measure.has_weeks if span.window == "week" else measure.has_days:
            yield from self._of_span(outcome, span, segment, rows)
        if measure.has_first_week and span.window == "week" and not segment and span.number < 2:
            yield from self._of_span(outcome, span, FIRST_WEEK, [row for row in rows if row["day"] < WEEK])

    def _of_span(self, outcome: Outcome, span: InstantSpan, segment: str, rows: Fetched) -> Iterator[Cells]:
        for variant, ours in _by([row for row in rows if row[span.units]], "variant"):
            yield self._cells(outcome, variant, span.window, span.first, segment, ours, span.units)

    def _cells(
        self,
        outcome: Outcome,
        variant: object,
        window: str,
        day: date,
        segment: str,
        rows: Fetched,
        units: str,
    ) -> Cells:
        cells: Cells = {
            **self._key(window, day, variant, outcome.measure, segment), "units": _count(rows, units),
        }  # fmt: skip
        for name in outcome.sums:
            scale = outcome.measure.scale ** OF_NUMERATOR.get(name, 0)
            cells[name] = _total((row[outcome.column(name)] for row in rows), scale)
        return cells

    def _key(
        self, window: str, day: date | None, variant: object, measure: ComputedMetric, segment: str
    ) -> Cells:
        return {"stage": self.clock.stage.name, "window": window, "date": day, "variant": variant,
                "metric": measure.id, "segment": segment or None}  # fmt: skip

    def _quantiles(self, measure: ComputedMetric) -> Iterator[Cells]:
        query, of = QuantileQuery(self._units, measure), f"{measure.id} in {self.clock.stage.name}"
        found = ranked(self._session.fetch(f"quantiles of {of}", query.first()), measure.quantile)
        if self._session.is_dry:
            found, of = query.unranked(self._variants), f"{of}, with 0 for what the query above says"
        if not found:
            return
        days = {span.name: span.first for span in query.spans}
        for row in self._session.fetch(f"order statistics of {of}", query.second(found)):
            window, number, variant = group = str(row["in_window"]), int(row["number"]), str(row["variant"])
            error = standard_error(found[group], row)
            if error is None:
                continue
            total = window == TOTAL
            yield {
                **self._key(
                    window, None if total else days[f"{window}{number}"], variant, measure, measure.segment
                ),
                "units": found[group].units,
                "value": f"{found[group].value.normalize():f}{measure.unit}",
                "standard_error": f"{Decimal(repr(error)):f}{measure.unit}",
                "through": self.clock.through if total else None,
            }


def _by(rows: Fetched, key: str) -> Iterator[tuple[Any, Fetched]]:
    """The rows of each value, in order."""
    groups: dict[Any, Fetched] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    yield from sorted(groups.items())


def _count(rows: Fetched, column: str) -> int:
    return sum(int(row[column]) for row in rows)


def _total(values: Iterable[Any], scale: Decimal) -> Decimal:
    with localcontext(_EXACT):
        return sum((Decimal(value) for value in values), Decimal(0)) * scale
