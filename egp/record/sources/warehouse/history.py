"""The history of a population, a part of the run's length at a time: what ``egp measure`` takes from a warehouse.

Each part is queried as a stage would be, with the population's rows in place of exposures: who comes first when, what
happened until outcomes had matured, what happened before. Sums leave the engine by bucket of units, of which there are enough
to split them at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from egp.plan.analysis.days import entry_days, last_exposure, readout_day, whole_days
from egp.plan.history import MetricHistory, Pairs, QuantileSeen, RunInThePast
from egp.plan.quantity import Interval, shown
from egp.plan.results import DENOMINATOR_SUMS, LeftOut
from egp.record.sources.stages import StageDays
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.connection import Session, opened, zone_of
from egp.record.sources.warehouse.facts import FactTables, defined_in
from egp.record.sources.warehouse.instants import DAY, StageClock
from egp.record.sources.warehouse.measures import ComputedMetric, summed
from egp.record.sources.warehouse.quantiles import QuantileQuery, ranked, standard_error
from egp.record.sources.warehouse.source import OF_NUMERATOR, parts_of
from egp.record.sources.warehouse.units import Outcome, StageUnits, SumsQuery
from egp.stats import ArmSums

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment

BUCKETS = 1024
"""Of units; with so many a correlation of their differences is known to 3 %, and of many days and weeks better."""
PRE_PERIOD = 28
"""Days of the covariate where the plan does not say."""
PARTS = 2
"""Parts of the past that are measured, each as long as the run."""
_MOST_DAYS = 28
"""Days of a part whose differences are compared day by day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured: parts of the past, and how far before and after them one looks."""

    runs: tuple[Interval, ...]
    """The latest first."""
    after: int
    """Days after a part until outcomes have matured."""
    until_readout: int
    """Days after a part until the plan would be read: so long metrics without an outcome window count."""
    before: int
    """Days of the pre-period."""


def asked(plan: Experiment, found: list[ComputedMetric], as_of: date, parts: int = PARTS) -> Asked:
    """Parts that end so early that all outcomes have matured by the day before ``as_of``. Raises NotChecked."""
    days = entry_days(plan)
    after = max((each.outcome_days or 0 for each in found), default=0)
    gap = max(0, (readout_day(plan) - last_exposure(plan)).days - 1)
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    before = whole_days(reduction.pre_period) if reduction and reduction.pre_period else PRE_PERIOD
    last = as_of - (1 + max(after, gap)) * DAY
    runs = []
    for number in range(parts):
        end = last - number * days * DAY
        runs.append(Interval(end - (days - 1) * DAY, end))
    return Asked(tuple(runs), after, gap, before)


def measured(plan: Experiment, catalogue: MetricCatalogue) -> tuple[list[ComputedMetric], list[LeftOut]]:
    """The plan's metrics as the catalogue defines them, each with its days and weeks, and those that it does not."""
    found, left_out = defined_in(catalogue, plan)
    of_segments = [
        LeftOut(each.id, f"it is of the segment {shown(each.segment)}") for each in found if each.segment
    ]
    return [replace(each, segments=()) for each in found if not each.segment], [*left_out, *of_segments]


@dataclass(frozen=True, slots=True)
class History:
    """Where the past of a population is."""

    warehouse: Queried
    catalogue: MetricCatalogue
    population: str

    def runs(self, plan: Experiment, found: list[ComputedMetric], about: Asked) -> Iterator[RunInThePast]:
        """Each part of the past. Raises ResultsError."""
        with opened(self.warehouse) as session:
            facts = FactTables(session, self.catalogue, self.population)
            for number, days in enumerate(about.runs, 1):
                name = f"part {number} of {len(about.runs)}"
                part = _Part(session, plan, facts, days, about, name, self.warehouse.step)
                yield part.run(found)
            session.end()


class _Part:
    """One part of the past."""

    def __init__(
        self, session: Session, plan: Experiment, facts: FactTables, days: Interval, about: Asked, name: str,
        step: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._session, self._facts, self._days, self._about, self._name = session, facts, days, about, name
        self._zone, self._step = zone_of(session, plan), step

    def run(self, found: list[ComputedMetric]) -> RunInThePast:
        metrics: dict[str, MetricHistory] = {}
        units, by_day = 0, tuple[int, ...]()
        for is_open, after in ((False, self._about.after), (True, self._about.until_readout)):
            ours = [self._whole(each) for each in summed(found) if (each.outcome_days is None) is is_open]
            if not ours and metrics:
                continue
            units, by_day, these = self._sums(ours, after)
            metrics |= these
        quantiles = {}
        for each in found:
            if each.kind == "quantile":
                seen = self._quantile(each)
                if seen:
                    quantiles[each.id] = seen
        return RunInThePast(self._days, units, by_day, metrics, quantiles)

    def _whole(self, measure: ComputedMetric) -> ComputedMetric:
        history = self._about.before if measure.has_first_week or measure.history_days else 0
        return replace(measure, has_days=True, has_weeks=True, has_first_week=False, history_days=history)

    def _units(self, after: int) -> StageUnits:
        through = self._days.last + after * DAY
        clock = StageClock(StageDays("test", self._days), self._zone, through)
        return StageUnits(self._facts.population, clock, self._facts)

    def _sums(
        self, ours: list[ComputedMetric], after: int
    ) -> tuple[int, tuple[int, ...], dict[str, MetricHistory]]:
        units = self._units(after)
        query = SumsQuery(units, ours)
        rows: list[dict[str, Any]] = []
        for part in parts_of(self._session, units):
            name = f"sums of {self._name}" + (f", {part.number + 1}/{part.of}" if part.of > 1 else "")
            self._step(name)
            rows += self._session.fetch(name, query.by_bucket(BUCKETS, part))
        days = [span for span in query.spans if span.window == "day"]
        by_day = tuple(
            sum(int(row[day.units]) for row in rows) for day in sorted(days, key=lambda day: day.number)
        )
        found = {each.id: _history(each, query, rows) for each in ours} if rows else {}
        return sum(int(row["units"]) for row in rows), by_day, found

    def _quantile(self, measure: ComputedMetric) -> QuantileSeen | None:
        after = self._about.after if measure.outcome_days is not None else self._about.until_readout
        query = QuantileQuery(self._units(after), replace(measure, has_days=False, has_weeks=False))
        of = f"{measure.id} in {self._name}"
        self._step(f"quantile of {of}")
        first = ranked(self._session.fetch(f"quantiles of {of}", query.first()), measure.quantile)
        if self._session.is_dry:
            first = query.unranked(["history"])
        if not first:
            return None
        for row in self._session.fetch(f"order statistics of {of}", query.second(first)):
            (seen,) = first.values()
            error = standard_error(seen, row)
            if error is not None:
                scale = float(measure.scale)
                return QuantileSeen(float(seen.value) * scale, error * scale, seen.units)
        return None


def _history(measure: ComputedMetric, query: SumsQuery, rows: list[dict[str, Any]]) -> MetricHistory:
    cohort = next(each for each in query.outcomes if each.measure is measure and each.span is None)
    scale = measure.scale

    def total(name: str) -> float:
        found = sum((Decimal(row[cohort.column(name)]) for row in rows), Decimal(0))
        return float(found * scale ** OF_NUMERATOR.get(name, 0))

    sums = {name: total(name) for name in cohort.sums}
    sums.setdefault("sum_squares", sums["sum"])  # of zeros and ones
    units = float(sum(int(row["units"]) for row in rows))
    cubes = None
    if measure.kind == "mean":
        cubes = sum(float(row[cohort.column("sum_cubes")]) for row in rows) * float(scale) ** 3
    spans = {
        window: tuple(
            _pairs(each, rows, float(scale))
            for each in query.outcomes
            if each.measure is measure and each.span is not None and each.span.window == window
        )
        for window in ("day", "week")
    }
    return MetricHistory(ArmSums(units=units, **sums), cubes, spans["day"], spans["week"])


def _pairs(outcome: Outcome, rows: list[dict[str, Any]], scale: float) -> Pairs:
    assert outcome.span is not None
    below = outcome.column(DENOMINATOR_SUMS[0]) if outcome.measure.denominator else outcome.span.units
    by_bucket: dict[int, tuple[float, float]] = {}
    for row in rows:
        y, n = by_bucket.get(int(row["bucket"]), (0.0, 0.0))
        by_bucket[int(row["bucket"])] = (
            y + float(row[outcome.column("sum")]) * scale,
            n + float(row[below]),
        )
    return tuple(pair for _, pair in sorted(by_bucket.items()))
