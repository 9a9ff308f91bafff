"""The tables of a warehouse under the names that the queries use, restricted to what one stage needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from egp.plan.quantity import shown
from egp.plan.typed_reader import nearest
from egp.record.sources.warehouse.connection import Session, unusable
from egp.record.sources.warehouse.instants import DAY, StageClock, within
from egp.record.sources.warehouse.measures import ComputedMetric, events_of, longest_history

if TYPE_CHECKING:
    from egp.record.sources.tables import EventTable, ExposureTable, WarehouseTables

AMOUNT = "decimal(18, 6)"
"""How exactly amounts are taken, so that neither the order of rows nor the number of threads shows in a sum."""

UTC_INSTANT = "timestamp('UTC')"
"""Instants that can be compared, however a table declares them."""

_CORRECT = "correct `sources` in the policy"
PARTITION = "partition"
SEGMENT = "segment_"
"""What precedes the name of a segment in the name of its column."""


class Tables(Protocol):
    """What the queries of a stage read, wherever it is."""

    @property
    def segments(self) -> dict[str, Any]:
        """Segment → whether its values are true and false."""
        ...

    @property
    def is_log(self) -> bool:
        """Whether what was served is a log of exposures, in which a row may be there twice, and not a population's history."""
        ...

    def served(self, experiment: str, clock: StageClock) -> Any:
        """Every time that a unit was served a variant in the stage, whole or not: unit, variant, at."""
        ...

    def happened(self, found: list[ComputedMetric], clock: StageClock) -> Any:
        """What some metrics count, from their pre-period up to the last outcomes: unit, event, happened_at, amount."""
        ...

    def incomplete_exposures(self, experiment: str, clock: StageClock) -> Any:
        """How many rows of the stage do not say who was served what, or not when."""
        ...

    def incomplete_events(self, found: list[ComputedMetric], clock: StageClock) -> Any:
        """How many rows of some metrics do not say whose they are, or not when they happened."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """Exposures and events, columns checked."""

    exposures: Any
    events: Any
    segments: dict[str, Any] = field(default_factory=dict)
    """Segment → whether its values are true and false."""

    @property
    def is_log(self) -> bool:
        return True

    def served(self, experiment: str, clock: StageClock) -> Any:
        """Every time that a unit was served a variant in the stage, whole or not."""
        ours = of_days(self.exposures, clock.first, clock.last)
        ours = ours.filter(ours.experiment == experiment)
        return ours.filter(within(ours.at, clock.begin, clock.end))

    def happened(self, found: list[ComputedMetric], clock: StageClock) -> Any:
        """The events of some metrics, from their pre-period up to the last outcomes, with amounts to six decimals."""
        first = clock.first - longest_history(found) * DAY
        events = self._events_named(found, clock, first)
        events = events.filter(within(events.at, clock.midnight(first), clock.outcomes_end))
        return events.select("unit", "event", happened_at=events.at, amount=events.value.cast(AMOUNT))

    def incomplete_exposures(self, experiment: str, clock: StageClock) -> Any:
        """Rows of the stage that do not say who was served what, or not when."""
        ours = of_days(self.exposures, clock.first, clock.last, or_none=True)
        ours = ours.filter(ours.experiment == experiment)
        lacking = ours.filter(ours.unit.isnull() | ours.variant.isnull() | ours.at.isnull())
        return _of_stage_or_never(lacking, clock.begin, clock.end)

    def incomplete_events(self, found: list[ComputedMetric], clock: StageClock) -> Any:
        """Events of some metrics that do not say whose they are, or not when they happened."""
        events = self._events_named(found, clock, clock.first, or_none=True)
        lacking = events.filter(events.unit.isnull() | events.at.isnull())
        return _of_stage_or_never(lacking, clock.begin, clock.outcomes_end)

    def _events_named(
        self, found: list[ComputedMetric], clock: StageClock, first: date, *, or_none: bool = False
    ) -> Any:
        events = of_days(self.events, first, clock.through, or_none=or_none)
        return events.filter(events.event.isin(events_of(found)))


def _of_stage_or_never(rows: Any, begin: datetime, end: datetime) -> Any:
    inside = rows.filter(rows.at.isnull() | within(rows.at, begin, end))
    return inside.aggregate(rows=inside.count())


def opened(session: Session, tables: WarehouseTables) -> Opened:
    """Both tables. Raises ResultsError for one that is not there, or lacks a column."""
    exposures, events = tables.exposures, tables.events
    if exposures is None or events is None:
        raise unusable(
            session.url, "the policy names no tables", "add `exposures` and `events` under `sources`"
        )
    segments = exposures.segments or {}
    of_exposures = {
        "unit": exposures.unit, "experiment": exposures.experiment, "variant": exposures.variant, "at": exposures.at,
        **{SEGMENT + name: column for name, column in segments.items()},
    }  # fmt: skip
    of_events = {"unit": events.unit, "event": events.event, "at": events.at, "value": events.value}
    served = _selected(session, exposures, of_exposures)
    happened = _selected(session, events, of_events)
    exposed = f"the table {exposures.table}"
    if said := never_equal(f"the table {events.table}", happened.unit.type(), exposed, served.unit.type()):
        raise unusable(session.url, said, "name a view in which one is cast")
    session.require_bytes([(each.database, each.table or "") for each in (exposures, events)])
    zones = {bool(each.at.type().timezone) for each in (served, happened)}
    if zones != {True}:
        session.require_utc()
    if len(zones) > 1:
        served, happened = in_utc(served), in_utc(happened)
    flags = {name: served[SEGMENT + name].type().is_boolean() for name in segments}
    return Opened(served, happened, flags)


def common(types: Iterable[Any]) -> Any:
    """The type that all units can be of; None without one."""
    import ibis.expr.datatypes as dt
    from ibis.common.exceptions import IbisTypeError

    types = list(types)
    try:
        widest = dt.highest_precedence(types)
    except IbisTypeError:
        return None
    return dt.string if any(each.is_string() for each in types) else widest


def never_equal(what: str, type: Any, other: str, theirs: Any) -> str:
    """What is said of two tables of which no unit is in both, since their types are never equal; empty otherwise."""
    if common([type, theirs]) is not None:
        return ""
    ours, theirs = (str(each.copy(nullable=True)) for each in (type, theirs))
    return f"{what} has its units as {ours}, and {other} as {theirs}"


def exact(amount: Decimal | int) -> Any:
    """An amount as those of rows are taken. Without its type engines have one of their own for it, of three decimals in DuckDB."""
    import ibis

    return ibis.literal(Decimal(amount), AMOUNT)


def in_utc(table: Any) -> Any:
    """Instants with a time zone: those without one are in UTC, as is the session."""
    return table.mutate(at=table.at.cast(UTC_INSTANT))


def perhaps(column: str | None, columns: Iterable[str]) -> str:
    """The column that was probably meant, as the end of a message."""
    guess = nearest(column or "", columns)
    return f", did you mean {shown(guess)}?" if guess else ""


def _selected(session: Session, named: ExposureTable | EventTable, columns: dict[str, str]) -> Any:
    try:
        table = session.table(named.table, named.database)
    except Exception as error:  # every backend has an error of its own for it
        message = f"there is no table {named.table} that can be read ({type(error).__name__})"
        raise unusable(session.url, message, _CORRECT) from None
    wanted = {**columns, **({PARTITION: named.partition} if named.partition else {})}
    for column in wanted.values():
        if column not in table.columns:
            message = f"the table {named.table} has no column {column}{perhaps(column, table.columns)}"
            raise unusable(session.url, message, _CORRECT)
    if not table[columns["at"]].type().is_timestamp():
        message = f"the column {columns['at']} of {named.table} holds no timestamps"
        raise unusable(session.url, message, "name a column of instants")
    if named.partition:
        kind = table[named.partition].type()
        if not (kind.is_date() or kind.is_string()):
            message = f"the partition {named.partition} of {named.table} holds neither dates nor text"
            raise unusable(session.url, message, "name a column of days, or leave `partition` out")
    return table.select(**{name: table[column] for name, column in wanted.items()})


def of_days(table: Any, first: date, last: date, *, or_none: bool = False) -> Any:
    """The partitions that may hold these days. Those of a day may be cut in UTC, and the stage's in its own zone."""
    import ibis

    if PARTITION not in table.columns:
        return table
    days, column = (first - DAY, last + DAY), table[PARTITION]
    since, until = (ibis.literal(day if column.type().is_date() else day.isoformat()) for day in days)
    inside = (column >= since) & (column <= until)
    return table.filter(inside | column.isnull() if or_none else inside).drop(PARTITION)
