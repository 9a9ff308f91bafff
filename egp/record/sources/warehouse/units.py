"""The query of a stage: each unit once, with what it did in every window, summed over the units of each first day.

Weeks and days are aggregated under conditions beside the cohorts, so that exposures and events are each read once. A week's
row is the sum of what its cohorts did in it, and so is that of the units first exposed in the first week.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

from egp.plan.results import COVARIATE_SUMS, DENOMINATOR_SUMS, RATIO_COVARIATE_SUMS, SUMS
from egp.record.sources.warehouse.instants import InstantSpan, StageClock, within
from egp.record.sources.warehouse.measures import ComputedMetric, longest_history, summed
from egp.record.sources.warehouse.opened import AMOUNT, SEGMENT, Tables, exact

_WIDE, _SQUARE, _TOTAL = "decimal(19, 6)", "decimal(36, 12)", "decimal(38, 12)"
COHORT = "cohort"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What units did of a metric in a window: the columns that hold it, before and after they are summed."""

    number: int
    measure: ComputedMetric
    span: InstantSpan | None
    """None for the cohorts, whose outcomes count from the first exposure until they have matured."""

    def column(self, part: str) -> str:
        return f"{part}_{self.number}_{self.span.name if self.span else COHORT}"

    @property
    def has_covariate(self) -> bool:
        return self.span is None and self.measure.history_days > 0

    @property
    def sums(self) -> tuple[str, ...]:
        """The columns of a row that are summed; a proportion's square is itself."""
        measure = self.measure
        return (
            *(SUMS[:1] if measure.kind == "proportion" else SUMS),
            *(DENOMINATOR_SUMS if measure.denominator else ()),
            *(COVARIATE_SUMS if self.has_covariate else ()),
            *(RATIO_COVARIATE_SUMS if self.has_covariate and measure.denominator else ()),
        )


def outcomes(found: list[ComputedMetric], clock: StageClock) -> list[Outcome]:
    """Every window of every metric that is summed."""
    result = []
    for number, measure in enumerate(summed(found)):
        result.append(Outcome(number, measure, None))
        result += [Outcome(number, measure, span) for span in spans_of(measure, clock)]
    return result


def spans_of(measure: ComputedMetric, clock: StageClock) -> Iterator[InstantSpan]:
    """The days and weeks that a metric has rows of."""
    if measure.has_days:
        yield from clock.days()
    for week in clock.weeks():
        if measure.has_weeks or (measure.has_first_week and week.number < 2):
            yield week


@dataclass(frozen=True, slots=True)
class UnitsPart:
    """Some of the units, by the remainder of their hash: what parts sum up to is what all units do."""

    number: int = 0
    of: int = 1

    def rows(self, table: Any) -> Any:
        """Those of the units of this part."""
        if self.of == 1:
            return table
        return table.filter(_hash_of(table.unit) % self.of == self.number)


def _hash_of(unit: Any) -> Any:
    """DuckDB's own hash, which Ibis would turn into text and back to have a sign."""
    import ibis

    def hash(unit):  # type: ignore[no-untyped-def]  # a name in DuckDB
        raise NotImplementedError

    own = ibis.udf.scalar.builtin(hash, signature=((unit.type(),), "uint64"))
    return own(unit)


ALL = UnitsPart()


def bucket_of(unit: Any, salt: str, buckets: int) -> Any:
    """The number of a unit's bucket, which depends on nothing but the unit and the salt."""
    remainder = (unit.cast("string") + f"/{salt}").hash() % buckets
    return (remainder + buckets) % buckets


class StageUnits:
    """The units of one stage, as its exposures tell them."""

    def __init__(self, experiment: str, clock: StageClock, tables: Tables) -> None:
        self._experiment = experiment
        self.clock = clock
        self.tables = tables

    def count(self) -> Any:
        """How many exposures there are."""
        served = self._whole()
        return served.aggregate(rows=served.count())

    def units(self, spans: Iterable[InstantSpan], segments: Sequence[str] = (), part: UnitsPart = ALL) -> Any:
        """Each unit with its first exposure, 0 or 1 for every span in which it was served, and irregularities."""
        served = part.rows(self._whole())
        if self.tables.is_log:
            # A row that is there twice is counted by its instant, before units are; no engine counts distinct ones cheaply.
            logged = served.group_by(["unit", "variant", "at"]).aggregate(times=served.count())
        else:
            logged = served.mutate(times=1)
        served_in = {span.served: _any(within(logged.at, span.begin, span.end)) for span in spans}
        units = logged.group_by("unit").aggregate(
            first_at=logged.at.min(), variant=logged.variant.min(), other_variant=logged.variant.max(),
            times=logged.times.max(), **served_in,
        )  # fmt: skip
        return self._with_segments(units, segments) if segments else units

    def _whole(self) -> Any:
        """Exposures of the stage that say who was served what."""
        served = self.tables.served(self._experiment, self.clock)
        return served.filter(served.unit.notnull() & served.variant.notnull())

    def _with_segments(self, units: Any, segments: Sequence[str]) -> Any:
        """The units with the value of each segment at their first exposure."""
        columns = [SEGMENT + name for name in segments]
        units = units.alias("first_exposures")
        served = self._whole().select("at", *columns, served_unit=lambda table: table.unit)
        at_first = units.inner_join(served, [units.unit == served.served_unit, units.first_at == served.at])
        kept = {name: at_first[name].min() for name in units.columns if name != "unit"}
        return at_first.group_by("unit").aggregate(**kept, **{name: at_first[name].min() for name in columns})


_SUMS_OF_SPAN = ("sum", "denominator_sum")


class SumsQuery:
    """The query of the metrics that are summed."""

    def __init__(self, units: StageUnits, found: list[ComputedMetric]) -> None:
        self._units = units
        self._measures = list(summed(found))
        self.outcomes = outcomes(found, units.clock)
        self.spans = sorted({each.span for each in self.outcomes if each.span}, key=lambda span: span.name)
        self.segments = sorted({name for each in self._measures for name in each.all_segments})

    def sums(self, part: UnitsPart = ALL) -> Any:
        """Sums over the units of each variant, first day and segment; all that leaves the warehouse."""
        did = self._per_unit(part)
        keys = ["is_crossed", "variant", "day", *(SEGMENT + name for name in self.segments)]
        sums = {"units": did.count(), "repeated": did.is_repeated.sum()}
        sums |= {span.units: did[span.served].sum() for span in self.spans}
        for outcome in self.outcomes:
            sums |= sums_of(did, outcome)
        return did.group_by(keys).aggregate(**sums).order_by(keys)

    def by_bucket(self, buckets: int, part: UnitsPart = ALL) -> Any:
        """Sums over the units of each bucket: of the cohorts all, of days and weeks the sums alone. ``buckets`` is a
        power of two."""
        did = self._per_unit(part)
        did = did.mutate(bucket=did.unit.cast("string").hash() & (buckets - 1))
        sums = {"units": did.count(), **{span.units: did[span.served].sum() for span in self.spans}}
        for outcome in self.outcomes:
            found = sums_of(did, outcome)
            if outcome.span is not None:
                found = {
                    name: each for name, each in found.items() if name in map(outcome.column, _SUMS_OF_SPAN)
                }
            elif outcome.measure.kind == "mean":
                value = did[outcome.column("y")].cast("float64")
                found[outcome.column("sum_cubes")] = (value * value * value).sum()
            sums |= found
        return did.group_by("bucket").aggregate(**sums).order_by("bucket")

    def _per_unit(self, part: UnitsPart) -> Any:
        """Each unit with what it did in every window."""
        units = self._phrase(part)
        if not self._measures:
            return units
        # Named, so that engines compute the units once, and not for each of the two joins.
        units = units.mutate(**self._bounds(units)).alias("units")
        happened = self._happened()
        # Of two types equal numbers may have different hashes; the join keeps the part's units in any case.
        if happened.unit.type() == units.unit.type():
            happened = part.rows(happened)
        joined = units.inner_join(happened, "unit")
        did = {name: value for outcome in self.outcomes for name, value in self._did(joined, outcome).items()}
        per_unit = joined.group_by("unit").aggregate(**did)
        whole = units.left_join(per_unit, "unit")
        return whole.mutate(**{name: whole[name].fill_null(0) for name in did})

    def _happened(self) -> Any:
        return self._units.tables.happened(self._measures, self._units.clock)

    def _phrase(self, part: UnitsPart) -> Any:
        """Units with the number of their day, and with what is irregular as 0 or 1."""
        units = self._units.units(self.spans, self.segments, part)
        kept = [name for name in units.columns if name not in ("other_variant", "times")]
        return units.select(
            *kept,
            day=self._units.clock.day_number(units.first_at),
            is_crossed=(units.variant != units.other_variant).ifelse(1, 0),
            is_repeated=(units.times > 1).ifelse(1, 0),
        )

    def _did(self, joined: Any, outcome: Outcome) -> dict[str, Any]:
        """What one unit did of a metric in a window: its value, that of the denominator, that of the pre-period."""
        measure, span = outcome.measure, outcome.span
        counts = joined.happened_at >= joined.first_at
        if span:
            counts &= within(joined.happened_at, span.begin, span.end)
        elif measure.outcome_days is not None:
            counts &= self._in_time(joined, measure.outcome_days)
        values = {"y": (measure.event, counts)}
        if measure.denominator:
            values["d"] = (measure.denominator, counts)
        if outcome.has_covariate:
            before = (joined.happened_at >= joined.history_begin) & (joined.happened_at < joined.day_begin)
            values["x"] = (measure.event, before)
            if measure.denominator:
                values["z"] = (measure.denominator, before)
        return {
            outcome.column(part): _value(
                joined, measure, (joined.event == event) & when, is_capped=part in "yx"
            )
            for part, (event, when) in values.items()
        }

    def _in_time(self, joined: Any, days: int) -> Any:
        """Whether an event came within so many days after that of the first exposure."""
        return joined.happened_at < joined[f"until_{days}"]

    def _window_ends(self, units: Any) -> dict[str, Any]:
        windows = sorted({each.outcome_days for each in self._measures if each.outcome_days is not None})
        return {f"until_{days}": self._units.clock.by_day(units.first_at, days + 1) for days in windows}

    def _bounds(self, units: Any) -> dict[str, Any]:
        """Between which instants events of a unit count, where that depends on its day."""
        clock, history = self._units.clock, longest_history(self._measures)
        bounds = self._window_ends(units)
        if history:
            bounds["day_begin"] = clock.by_day(units.first_at, 0)
            bounds["history_begin"] = clock.by_day(units.first_at, -history)
        return bounds


def is_in_segment(units: Any, segment: str) -> Any:
    """Whether a unit's value at its first exposure is the one that a segment names."""
    name, is_valued, value = segment.partition("=")
    column = units[SEGMENT + name]
    return column == (value if is_valued else True)


def _any(condition: Any) -> Any:
    return condition.ifelse(1, 0).max()


def _value(joined: Any, measure: ComputedMetric, counts: Any, *, is_capped: bool) -> Any:
    if measure.kind == "proportion":
        return _any(counts)
    total = counts.ifelse(joined.amount.fill_null(1), 0).sum().cast(AMOUNT)
    if measure.cap is None or not is_capped:
        return total
    import ibis

    return ibis.least(total, exact(measure.cap))


def sums_of(did: Any, outcome: Outcome) -> dict[str, Any]:
    """Sums over units; in a day or week, over those that were served in it."""

    def of(part: str) -> Any:
        value = did[outcome.column(part)]
        return value if outcome.span is None else (did[outcome.span.served] == 1).ifelse(value, 0)

    factors = {
        "sum": ("y",), "sum_squares": ("y", "y"),
        "denominator_sum": ("d",), "denominator_sum_squares": ("d", "d"), "cross_sum": ("y", "d"),
        "covariate_sum": ("x",), "covariate_sum_squares": ("x", "x"), "covariate_cross_sum": ("y", "x"),
        "covariate_denominator_sum": ("z",), "covariate_denominator_sum_squares": ("z", "z"),
        "covariates_cross_sum": ("x", "z"), "covariate_denominator_cross_sum": ("y", "z"),
        "denominator_covariate_cross_sum": ("d", "x"), "denominators_cross_sum": ("d", "z"),
    }  # fmt: skip
    is_counted = outcome.measure.kind == "proportion"

    def product(name: str) -> Any:
        first, *others = map(of, factors[name])
        # DuckDB gives a product of two decimals of 18 digits no more than 18, and refuses what does not fit.
        wide = first if is_counted or not others else first.cast(_WIDE)
        return reduce(mul, others, wide)

    return {outcome.column(name): _total(product(name), is_counted) for name in outcome.sums}


def _total(values: Any, is_counted: bool) -> Any:
    """A sum that neither overflows nor rounds; zeros and ones are small enough for whole numbers."""
    return values.cast("int64").sum() if is_counted else values.cast(_SQUARE).sum().cast(_TOTAL)
