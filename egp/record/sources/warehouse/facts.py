"""The facts of the metric catalogue as the queries read them: every metric's rows under a name, each fact read once where it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from egp.plan.analysis.registered import is_clustered
from egp.plan.quantity import shown
from egp.plan.results import LeftOut
from egp.record.sources.warehouse.connection import Session, unusable
from egp.record.sources.warehouse.instants import DAY, StageClock, within
from egp.record.sources.warehouse.measures import ComputedMetric, longest_history, measures
from egp.record.sources.warehouse.opened import (
    AMOUNT,
    PARTITION,
    UTC_INSTANT,
    common,
    exact,
    in_utc,
    never_equal,
    of_days,
    perhaps,
)

if TYPE_CHECKING:
    from egp.plan.catalogue import Exposures, Fact, MetricCatalogue, MetricDefinition, PopulationDefinition
    from egp.plan.experiment import Experiment, Metric
    from egp.record.sources.tables import WarehouseTables

Where = Mapping[str, object] | None
_CORRECT = "correct the catalogue"
_DENOMINATOR = "/denominator"


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows of a fact that count for a metric, and the column with their amount."""

    fact: str
    where: tuple[tuple[str, tuple[object, ...]], ...]
    """Column → the values that count."""
    value: str
    """Empty where rows are counted."""
    is_each: bool = False
    """Whether each value counts for itself, as those of a quantile do: a row without one is none, and not 0."""

    def is_apart_from(self, other: Stream) -> bool:
        """Whether no row can be of both."""
        theirs = dict(other.where)
        return any(not set(values) & set(theirs.get(column, values)) for column, values in self.where)


def streams(catalogue: MetricCatalogue) -> dict[str, Stream]:
    """Name → rows: of a metric its own name, of a ratio's denominator that with more behind it."""
    found = {}
    for name, metric in catalogue.metrics.items():
        if metric.numerator and metric.denominator:
            for part, key in ((metric.numerator, name), (metric.denominator, name + _DENOMINATOR)):
                found[key] = Stream(part.fact or "", _pairs(part.where), part.value or "")
        else:
            value = metric.value if metric.kind != "proportion" else None
            found[name] = Stream(
                metric.fact or "", _pairs(metric.where), value or "", metric.kind == "quantile"
            )
    return found


def _pairs(where: Where) -> tuple[tuple[str, tuple[object, ...]], ...]:
    return tuple(
        (column, tuple(value) if isinstance(value, list) else (value,))
        for column, value in sorted((where or {}).items())
    )


def tables_of(catalogue: MetricCatalogue) -> WarehouseTables:
    """The catalogue in the words of a policy's ``sources``: the rows of each metric bear its name."""
    from egp.plan.typed_reader import read
    from egp.record.sources.tables import WarehouseTables

    metrics: dict[str, dict[str, str]] = {}
    for name, metric in catalogue.metrics.items():
        metrics[name] = {"event": name}
        if metric.denominator:
            metrics[name]["denominator"] = name + _DENOMINATOR
        if metric.value_unit in ("us", "ms", "s"):
            metrics[name]["value_unit"] = metric.value_unit
    return read(WarehouseTables, {"metrics": metrics})


def defined_in(catalogue: MetricCatalogue, plan: Experiment) -> tuple[list[ComputedMetric], list[LeftOut]]:
    """The plan's metrics as the catalogue defines them, and those that it does not."""
    why = {
        metric.name: said
        for _, metric in plan.metrics
        if (said := _why_not(catalogue.metrics.get(metric.name), plan, metric))
    }
    found, left_out = measures(plan, tables_of(catalogue))
    others = [each for each in left_out if each.metric not in why]
    return [each for each in found if each.id not in why], [
        *others,
        *(LeftOut(name, said) for name, said in why.items()),
    ]


def _why_not(defined: MetricDefinition | None, plan: Experiment, metric: Metric) -> str:
    if defined is None:
        return "the catalogue does not define it"
    is_share = defined.kind == "proportion" and defined.denominator is not None
    if is_share and not is_clustered(plan, metric):
        return "the catalogue has a share of analysis units, and the plan names no `analysis_unit`"
    if is_clustered(plan, metric) and not is_share:
        return f"the plan analyses each {shown(plan.analysis_unit)}, and the catalogue has no `numerator` and `denominator` of it"
    return ""


@dataclass(slots=True)
class FactTables:
    """What the queries of a stage read, from the catalogue."""

    session: Session
    catalogue: MetricCatalogue
    population: str = ""
    """Whose rows stand for exposures; empty for the log of exposures itself."""
    segments: dict[str, Any] = field(default_factory=dict)
    """Segment → whether its values are true and false."""
    _known: dict[str, Any] = field(default_factory=dict)
    _types_of_units: dict[str, Any] = field(default_factory=dict)
    """What was read → the type of its units."""

    @property
    def is_log(self) -> bool:
        return not self.population

    def served(self, experiment: str, clock: StageClock) -> Any:
        """Every time that a unit was served a variant in the stage; of a population every time that it was there."""
        ours = of_days(self._exposures(), clock.first, clock.last)
        ours = ours.filter(ours.experiment == experiment)
        return self._alike(ours.filter(within(ours.at, clock.begin, clock.end)))

    def first_served(self, experiment: str, clock: StageClock) -> Any:
        """The first time that anybody was."""
        served = self.served(experiment, clock)
        return served.aggregate(first_at=served.at.min())

    def happened(self, found: list[ComputedMetric], clock: StageClock) -> Any:
        """The rows of some metrics, from their pre-period up to the last outcomes, with amounts to six decimals."""
        first = clock.first - longest_history(found) * DAY
        span = clock.midnight(first), clock.outcomes_end
        return _together(list(self._parts(found, first, clock.through, span)))

    def incomplete_exposures(self, experiment: str, clock: StageClock) -> Any:
        """Rows of the stage that do not say who was served what, or not when."""
        ours = of_days(self._exposures(), clock.first, clock.last, or_none=True)
        ours = ours.filter(ours.experiment == experiment)
        lacking = ours.filter(ours.unit.isnull() | ours.variant.isnull() | ours.at.isnull())
        inside = lacking.filter(lacking.at.isnull() | within(lacking.at, clock.begin, clock.end))
        return inside.aggregate(rows=inside.count())

    def incomplete_events(self, found: list[ComputedMetric], clock: StageClock) -> Any:
        """Rows of some metrics that do not say whose they are, or not when they happened."""
        rows = _together(list(self._parts(found, clock.first, clock.through, None)))
        lacking = rows.filter(rows.unit.isnull() | rows.happened_at.isnull())
        inside = within(lacking.happened_at, clock.begin, clock.outcomes_end)
        lacking = lacking.filter(lacking.happened_at.isnull() | inside)
        return lacking.aggregate(rows=lacking.count())

    def _parts(
        self, found: list[ComputedMetric], first: date, last: date, span: tuple[datetime, datetime] | None
    ) -> Iterator[Any]:
        """Rows of each fact under the names of the metrics, within a span or whenever; a row of two metrics is there twice."""
        known = streams(self.catalogue)
        names = dict.fromkeys(event for each in found for event in each.events)
        by_fact: dict[str, list[str]] = {}
        for name in names:
            by_fact.setdefault(known[name].fact, []).append(name)
        for fact, ours in by_fact.items():
            table = of_days(self._fact(fact), first, last, or_none=span is None)
            table = self._alike(table if span is None else table.filter(within(table.at, *span)))
            for group in _apart({name: known[name] for name in ours}):
                yield _named(table, group)

    def _exposures(self) -> Any:
        import ibis

        if not self.population:
            log = self.catalogue.exposures
            if log is None:
                raise unusable(
                    self.session.url, "the catalogue has no `exposures`", "add the log of exposures"
                )
            columns = {"unit": log.unit, "experiment": log.experiment, "variant": log.variant, "at": log.at}
            return self._rows("", log, "the exposures", columns)
        of = self.catalogue.populations[self.population]
        table = self._fact(of.fact or "")
        there = table.filter(_fits(table, _pairs(of.where)))
        kept = [PARTITION] if PARTITION in there.columns else []
        return there.select(
            "unit", "at", *kept, experiment=ibis.literal(self.population), variant=ibis.literal("history")
        )

    def _fact(self, name: str) -> Any:
        if name not in self._known:
            fact = self.catalogue.facts[name]
            columns = {"unit": fact.unit, "at": fact.at}
            columns |= {_own(column): column for column in sorted(self._columns(name))}
            self._known[name] = self._rows(name, fact, f"the fact {shown(name)}", columns)
        return self._known[name]

    def _columns(self, fact: str) -> set[str]:
        """Columns of a fact that filters and values name."""
        of = [each for each in streams(self.catalogue).values() if each.fact == fact]
        found = {column for each in of for column, _ in each.where} | {
            each.value for each in of if each.value
        }
        if self.population:
            population: PopulationDefinition = self.catalogue.populations[self.population]
            if population.fact == fact:
                found |= set(population.where or {})
        return found

    def _rows(self, name: str, of: Fact | Exposures, what: str, columns: Mapping[str, str | None]) -> Any:
        table = self._table(name, of, what)
        wanted = {**columns, **({PARTITION: of.partition} if of.partition else {})}
        for column in wanted.values():
            if column not in table.columns:
                message = f"{what} has no column {shown(column)}{perhaps(column, table.columns)}"
                raise unusable(self.session.url, message, _CORRECT)
        if not table[of.at or ""].type().is_timestamp():
            message = f"the column {shown(of.at)} of {what} holds no timestamps"
            raise unusable(self.session.url, message, "name a column of instants")
        self._require_comparable(what, table[of.unit or ""].type())
        return table.select(**{each: table[column] for each, column in wanted.items()})

    def _require_comparable(self, what: str, type: Any) -> None:
        """Raises ResultsError for units that are equal to none of another table."""
        for other, theirs in self._types_of_units.items():
            if said := never_equal(what, type, other, theirs):
                advice = "name a query in which one is cast: `sql` in place of `table`"
                raise unusable(self.session.url, said, advice)
        self._types_of_units[what] = type

    def _alike(self, rows: Any) -> Any:
        """With instants that can be compared with those of every other fact; what an engine knows of a column's smallest and
        largest value it uses before."""
        if rows.at.type().timezone:
            return rows
        self.session.require_utc()
        return in_utc(rows)

    def _table(self, name: str, of: Fact | Exposures, what: str) -> Any:
        query = self.catalogue.queries.get(name)
        try:
            if query is not None:
                return self.session.query(query)
            database, _, table = (of.table or "").rpartition(".")
            found = self.session.table(table, database or None)
        except ValueError as error:
            raise unusable(self.session.url, f"{what}: {error}", _CORRECT) from None
        except Exception as error:  # every backend has an error of its own for it
            where = f", table {shown(of.table)}," if of.table else ""
            message = f"{what}{where} cannot be read ({type(error).__name__})"
            raise unusable(self.session.url, message, _CORRECT) from None
        self.session.require_bytes([(database or None, table)])
        return found


def _own(column: str) -> str:
    """A column under a name that none of egp's has."""
    return f"own_{column}"


def _fits(table: Any, where: Sequence[tuple[str, tuple[object, ...]]]) -> Any:
    import ibis

    conditions = [table[_own(column)].isin(values) for column, values in where]
    return reduce(and_, conditions) if conditions else ibis.literal(True)


def _apart(named: Mapping[str, Stream]) -> list[dict[str, Stream]]:
    """Groups of which no row is in two streams, so that one reading of the fact serves each group."""
    groups: list[dict[str, Stream]] = []
    for name, each in named.items():
        group = next(
            (group for group in groups if all(each.is_apart_from(other) for other in group.values())), None
        )
        if group is None:
            groups.append({name: each})
        else:
            group[name] = each
    return groups


def _named(table: Any, group: Mapping[str, Stream]) -> Any:
    """The rows of some streams, each with the name of its own and its amount."""
    import ibis

    fits = {name: _fits(table, each.where) for name, each in group.items()}
    event = ibis.cases(*((fit, name) for name, fit in fits.items()))
    amounts = [(fit, _amount(table, group[name])) for name, fit in fits.items()]
    rows = table.select("unit", event=event, happened_at=table.at, amount=ibis.cases(*amounts))
    return rows.filter(rows.event.notnull())


def _amount(table: Any, stream: Stream) -> Any:
    if not stream.value:
        return exact(1)
    amount = table[_own(stream.value)].cast(AMOUNT)
    return amount if stream.is_each else amount.fill_null(exact(0))


def _together(parts: list[Any]) -> Any:
    """One below the other. Ibis takes only columns that are declared alike, down to whether they may be null; tables are not."""
    import ibis

    if len(parts) == 1:
        return parts[0]
    if len({part.happened_at.type() for part in parts}) > 1:
        parts = [part.mutate(happened_at=part.happened_at.cast(UTC_INSTANT)) for part in parts]
    if len(types := {part.unit.type() for part in parts}) > 1:
        parts = [part.mutate(unit=part.unit.cast(common(types))) for part in parts]
    return ibis.union(*parts)
