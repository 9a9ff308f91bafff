"""Days of a stage as instants, which every engine compares alike: none computes with a time zone or with clocks that change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from egp.record.sources.stages import StageDays

DAY = timedelta(days=1)
WEEK = 7


@dataclass(frozen=True, slots=True)
class InstantSpan:
    """A whole day or week of a stage, from its first instant up to the one after its last."""

    window: str
    number: int
    first: date
    begin: datetime
    end: datetime

    @property
    def name(self) -> str:
        return f"{self.window}{self.number}"

    @property
    def served(self) -> str:
        """The column that says whether a unit was served in it."""
        return f"in_{self.name}"

    @property
    def units(self) -> str:
        """The column with the units that were."""
        return f"units_{self.name}"


@dataclass(frozen=True, slots=True)
class StageClock:
    """When a stage was, as far as it is over: through the last whole day before the results."""

    stage: StageDays
    zone: tzinfo
    through: date

    @property
    def first(self) -> date:
        return self.stage.days.first

    @property
    def last(self) -> date:
        return min(self.stage.days.last, self.through)

    @property
    def has_begun(self) -> bool:
        return self.last >= self.first

    @property
    def begin(self) -> datetime:
        """From which units count as served in the stage."""
        midnight = self.midnight(self.first)
        return max(midnight, self.stage.since or midnight)

    @property
    def end(self) -> datetime:
        midnight = self.midnight(self.last + DAY)
        return min(midnight, self.stage.until or midnight)

    @property
    def outcomes_end(self) -> datetime:
        """Up to which outcomes are counted."""
        return self.midnight(self.through + DAY)

    def midnight(self, day: date) -> datetime:
        """The first instant of a day, in UTC."""
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def days(self) -> Iterator[InstantSpan]:
        day = self.first
        while day <= self.last:
            yield self._span("day", (day - self.first).days, day, 1)
            day += DAY

    def weeks(self) -> Iterator[InstantSpan]:
        """The weeks of the stage that are over."""
        first = self.first
        while first + (WEEK - 1) * DAY <= self.last:
            yield self._span("week", (first - self.first).days // WEEK, first, WEEK)
            first += WEEK * DAY

    def _span(self, window: str, number: int, first: date, days: int) -> InstantSpan:
        return InstantSpan(window, number, first, self.midnight(first), self.midnight(first + days * DAY))

    def by_day(self, at: Any, shift: int) -> Any:
        """For an instant of the stage, the midnight that lies so many days after the one before it."""
        return self._chosen(
            at, [instant(at, self.midnight(span.first + shift * DAY)) for span in self.days()]
        )

    def day_number(self, at: Any) -> Any:
        """For an instant of the stage, the number of its day, 0 being the first."""
        return self._chosen(at, [span.number for span in self.days()])

    def _chosen(self, at: Any, by_day: list[Any]) -> Any:
        import ibis

        branches = [
            (at < instant(at, span.end), each) for span, each in zip(self.days(), by_day, strict=True)
        ]
        return ibis.cases(*branches, else_=by_day[-1])


def instant(column: Any, at: datetime) -> Any:
    """The instant as the column has its instants: with a time zone, or in UTC without one."""
    import ibis

    in_utc = at.astimezone(UTC)
    return ibis.literal(in_utc if column.type().timezone else in_utc.replace(tzinfo=None))


def within(column: Any, begin: datetime, end: datetime) -> Any:
    return (column >= instant(column, begin)) & (column < instant(column, end))
