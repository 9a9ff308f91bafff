"""What units did in a stage of the past, summed by bucket of units and day of first exposure: random halves of the buckets
are experiments.

The query is that of a stage of the gate (``units.py``), with buckets in place of variants, and outcomes counted through each day
after the first exposure, so that the rows of every day on which the gate may be called can be made of its sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from egp.record.sources.warehouse.instants import DAY, InstantSpan, StageClock, instant
from egp.record.sources.warehouse.measures import ComputedMetric, summed
from egp.record.sources.warehouse.source import OF_NUMERATOR
from egp.record.sources.warehouse.units import (
    ALL,
    Outcome,
    StageUnits,
    SumsQuery,
    UnitsPart,
    bucket_of,
    sums_of,
)

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from egp.record.sources.warehouse.connection import Session

    Floats = NDArray[float64]

UNITS = "units"


@dataclass(frozen=True, slots=True)
class Hashing:
    """How units come into buckets: the same salt puts the same unit into the same bucket."""

    salt: str
    buckets: int


@dataclass(frozen=True, slots=True)
class BucketSums:
    """Of each bucket and day of first exposure the sums of every metric."""

    values: Floats
    """Bucket × day × column."""
    columns: Mapping[str, int]
    spans: tuple[InstantSpan, ...]
    """The days and weeks that metrics have rows of."""
    measures: tuple[ComputedMetric, ...]
    longest: int
    """Days after the stage's first through which outcomes are counted."""
    places: dict[object, list[tuple[str, int]]] = field(default_factory=dict, compare=False)
    """What was looked up: the columns of a row, and where they are."""


def counted_days(measure: ComputedMetric, longest: int) -> int:
    """Days after the first exposure on which outcomes of a metric still come."""
    return longest if measure.outcome_days is None else min(measure.outcome_days, longest)


def column(number: int, lag: int, part: str) -> str:
    """The sum of a metric counted through so many days after the first exposure."""
    return f"{part}_{number}_{lag}"


def span_column(number: int, span: InstantSpan, part: str) -> str:
    """The sum of a metric in a day or week."""
    return f"{part}_{number}_{span.name}"


def day_of(at: Any, clock: StageClock) -> Any:
    """The number of the day on which something happened in a stage or after it, until outcomes are counted; 0 for all before."""
    import ibis

    last = (clock.through - clock.first).days
    ends = [clock.midnight(clock.first + (day + 1) * DAY) for day in range(last)]
    branches = [(at < instant(at, end), day) for day, end in enumerate(ends)]
    return ibis.cases(*branches, else_=last) if branches else ibis.literal(0)


def bucket_sums(
    session: Session,
    name: str,
    units: StageUnits,
    found: Sequence[ComputedMetric],
    hashing: Hashing,
    parts: Sequence[UnitsPart],
) -> BucketSums:
    """One query for each part of the units. Raises ResultsError."""
    import numpy

    query = _ByDay(units, list(summed(list(found))))
    clock = units.clock
    days = (clock.last - clock.first).days + 1
    columns = {each: at for at, each in enumerate(query.columns)}
    values = numpy.zeros((hashing.buckets, days, len(columns)))
    for part in parts:
        table = session.fetch_columns(
            name + (f", {part.number + 1}/{part.of}" if part.of > 1 else ""), query.in_buckets(hashing, part)
        )
        if not table:
            continue
        at = (table["bucket"].astype(int), table["day"].astype(int))
        for each, number in columns.items():
            values[(*at, number)] += table[each].astype(float) * query.scale_of[each]
    return BucketSums(values, columns, tuple(query.spans), query.measures, query.longest)


class _ByDay(SumsQuery):
    """The sums of a stage, each metric counted through each day after the first exposure as if that were its window."""

    def __init__(self, units: StageUnits, found: list[ComputedMetric]) -> None:
        self.measures = tuple(found)
        clock = units.clock
        self.longest = (clock.through - clock.first).days
        self._place: list[tuple[int, int]] = []
        super().__init__(units, list(self._counted()))
        self.scale_of = {UNITS: 1.0, **{span.units: 1.0 for span in self.spans}}
        self._names: dict[str, str] = {}
        for outcome, name in self._summed():
            number, lag = self._place[outcome.number]
            ours = span_column(number, outcome.span, name) if outcome.span else column(number, lag, name)
            self._names[ours] = outcome.column(name)
            self.scale_of[ours] = float(outcome.measure.scale ** OF_NUMERATOR.get(name, Decimal(0)))

    @property
    def columns(self) -> list[str]:
        return list(self.scale_of)

    def in_buckets(self, hashing: Hashing, part: UnitsPart = ALL) -> Any:
        did = self._per_unit(part)
        did = did.mutate(bucket=bucket_of(did.unit, hashing.salt, hashing.buckets))
        sums = {UNITS: did.count(), **{span.units: did[span.served].sum() for span in self.spans}}
        for outcome in self.outcomes:
            sums |= sums_of(did, outcome)
        keys = ["bucket", "day"]
        found = did.group_by(keys).aggregate(**sums).order_by(keys)
        wanted = {ours: found[theirs].cast("float64") for ours, theirs in self._names.items()}
        counted = {
            name: found[name].cast("float64") for name in (UNITS, *(span.units for span in self.spans))
        }
        return found.select("bucket", "day", **counted, **wanted)

    def _happened(self) -> Any:
        """With the day of each event, which is compared with that of a unit: windows are many, and days one."""
        happened = super()._happened()
        return happened.mutate(event_day=day_of(happened.happened_at, self._units.clock))

    def _in_time(self, joined: Any, days: int) -> Any:
        return joined.event_day <= joined.day + days

    def _window_ends(self, units: Any) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def _counted(self) -> Iterator[ComputedMetric]:
        """Each metric once for each day through which it is counted, the last of them with its days and weeks."""
        for number, measure in enumerate(self.measures):
            last = counted_days(measure, self.longest)
            for lag in range(last + 1):
                self._place.append((number, lag))
                whole = lag == last
                yield replace(
                    measure, outcome_days=lag, has_days=measure.has_days and whole,
                    has_weeks=measure.has_weeks and whole, has_first_week=measure.has_first_week and whole,
                )  # fmt: skip

    def _summed(self) -> Iterator[tuple[Outcome, str]]:
        return ((outcome, name) for outcome in self.outcomes for name in outcome.sums)
