"""Lives that an experiment could have had in the past: of each the stages, in buckets of units. What ``egp rehearse`` takes from a
warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING

from egp.plan.quantity import Interval
from egp.record.sources.stages import StageDays
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.bucket_quantiles import (
    BucketHistograms,
    QuantileOfHalf,
    bucket_histograms,
    edges_around,
    quantile_of,
)
from egp.record.sources.warehouse.buckets import BucketSums, Hashing, bucket_sums
from egp.record.sources.warehouse.connection import Session, opened, unusable, zone_of
from egp.record.sources.warehouse.facts import FactTables
from egp.record.sources.warehouse.instants import DAY, StageClock
from egp.record.sources.warehouse.measures import ComputedMetric
from egp.record.sources.warehouse.quantiles import QuantileQuery, ranked, standard_error
from egp.record.sources.warehouse.source import parts_of
from egp.record.sources.warehouse.units import StageUnits, UnitsPart

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment

FURTHEST = 400
"""Days before today to which a history is looked for."""


@dataclass(frozen=True, slots=True)
class StageOfLife:
    """When a stage is, in days from the start of a life."""

    name: str
    first: int
    days: int
    """Of exposure."""
    until: int
    """Outcomes are counted until the begin of this day."""
    measures: tuple[ComputedMetric, ...]


@dataclass(frozen=True, slots=True)
class LifeAsked:
    """A start in the past, and the salt by which units come into buckets."""

    start: date
    hashing: Hashing


@dataclass(frozen=True, slots=True)
class StageInBuckets:
    sums: BucketSums
    histograms: tuple[BucketHistograms, ...]


@dataclass(frozen=True, slots=True)
class QuantileCompared:
    """A quantile of all units by its histogram, beside the one of the values themselves; in the table's units."""

    metric: str
    unit: str
    raw: QuantileOfHalf
    binned: QuantileOfHalf | None


@dataclass(slots=True)
class Lives:
    """Where the lives are."""

    warehouse: Queried
    catalogue: MetricCatalogue
    population: str
    compared: list[QuantileCompared] = field(default_factory=list)

    def begin(self, plan: Experiment, as_of: date) -> date | None:
        """The first whole day of the population's history; None where nobody was there. Raises ResultsError."""
        with opened(self.warehouse) as session:
            zone = zone_of(session, plan)
            facts = FactTables(session, self.catalogue, self.population)
            span = Interval(as_of - FURTHEST * DAY, as_of - DAY)
            clock = StageClock(StageDays("history", span), zone, span.last)
            self.warehouse.step("the begin of history")
            rows = session.fetch("begin of history", facts.first_served(self.population, clock))
            session.end()
        at: datetime | None = rows[0]["first_at"] if rows else None
        if at is None:
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone).date() + DAY

    def of(
        self, plan: Experiment, stages: Sequence[StageOfLife], lives: Sequence[LifeAsked]
    ) -> Iterator[dict[str, StageInBuckets]]:
        """The stages of each life. Raises ResultsError."""
        with opened(self.warehouse) as session:
            facts = FactTables(session, self.catalogue, self.population)
            zone = zone_of(session, plan)
            edges: dict[str, list[float]] = {}
            parts: dict[str, list[UnitsPart]] = {}
            """Of the units of each stage, by how many the first life has."""
            for number, life in enumerate(lives, 1):
                name = f"life {number} of {len(lives)}, from {life.start}"
                found = {}
                for stage in stages:
                    units = _units(facts, zone, stage, life.start)
                    of = f"{stage.name} in {name}"
                    self.warehouse.step(of)
                    if stage.name not in parts:
                        parts[stage.name] = list(parts_of(session, units))
                    sums = bucket_sums(
                        session, f"sums of {of}", units, stage.measures, life.hashing, parts[stage.name]
                    )
                    histograms = []
                    for measure in stage.measures:
                        if measure.kind == "quantile":
                            if measure.id not in edges:
                                edges[measure.id] = self._edges(session, units, measure)
                            near = edges[measure.id]
                            histograms.append(
                                bucket_histograms(
                                    session, f"{measure.id} of {of}", units, measure, near, life.hashing
                                )
                            )
                    found[stage.name] = StageInBuckets(sums, tuple(histograms))
                if number == 1:
                    self._compare(found[stages[0].name])
                yield found
            session.end()

    def _edges(self, session: Session, units: StageUnits, measure: ComputedMetric) -> list[float]:
        """Around the quantile of the first life, from the values themselves, which the histogram is compared with."""
        whole = replace(measure, has_days=False, has_weeks=False)
        query = QuantileQuery(units, whole)
        self.warehouse.step(f"quantile of {measure.id}")
        first = ranked(session.fetch(f"quantile of {measure.id}", query.first()), measure.quantile)
        if session.is_dry:
            session.fetch(f"order statistics of {measure.id}", query.second(query.unranked(["history"])))
            return edges_around(0.0, 1.0)
        for row in session.fetch(f"order statistics of {measure.id}", query.second(first)) if first else ():
            (seen,) = first.values()
            error = standard_error(seen, row)
            if error:
                raw = QuantileOfHalf(float(seen.value), error, seen.units)
                self.compared.append(QuantileCompared(measure.id, measure.unit, raw, None))
                return edges_around(raw.value, raw.standard_error)
        message = f"the values of {measure.id} are too few, or all the same, for a quantile"
        raise unusable(session.url, message, "rehearse without the metric, or from another population")

    def _compare(self, test: StageInBuckets) -> None:
        for at, each in enumerate(self.compared):
            ours = next(found for found in test.histograms if found.measure.id == each.metric)
            last = ours.days - 1
            sums, steps = ours.whole[:, last].sum(axis=0), ours.steps[:, last].sum(axis=0)
            binned = quantile_of(ours.edges, sums, steps, float(ours.measure.quantile))
            self.compared[at] = replace(each, binned=binned)


def _units(facts: FactTables, zone: tzinfo, stage: StageOfLife, start: date) -> StageUnits:
    first = start + stage.first * DAY
    days = StageDays(stage.name, Interval(first, first + (stage.days - 1) * DAY))
    return StageUnits(facts.population, StageClock(days, zone, start + (stage.until - 1) * DAY), facts)
