"""Pictures as data: what is to be seen, which rules and pages say and ``egp.output.page`` draws.

A picture shows one thing. What a reader looks for in it is marked; a colour is never needed to see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from egp.stats.values import NamedTuple

Mark = Literal["plain", "marked", "good", "caution", "bad"]
"""What a reader looks for, and whether it is the page's verdict on it."""


class Share(NamedTuple):
    """So many cases of all, and their number in words."""

    name: str
    marked: int
    of: int
    words: str = ""


class Tally(NamedTuple):
    """Shares of cases, each drawn as so many shapes, of which some are marked."""

    shares: Sequence[Share]
    word: str
    """What a marked case is."""
    otherwise: str
    """What another one is."""


DayState = Literal["seen", "missing", "paused"]


class Calendar(NamedTuple):
    """Days in weeks from Monday on: which are in a run, which it lacks."""

    days: Sequence[tuple[date, DayState]]
    asked: int
    """How often each weekday has to be seen."""

    @property
    def seen(self) -> list[int]:
        """How often each weekday is seen, from Monday."""
        return [sum(state == "seen" and day.weekday() == at for day, state in self.days) for at in range(7)]


class Length(NamedTuple):
    name: str
    value: float
    words: str
    mark: Mark = "plain"


class Lengths(NamedTuple):
    """Amounts of one unit, one below the other."""

    rows: Sequence[Length]


class Interval(NamedTuple):
    """A range and what is most likely of it, on the scale of its picture."""

    name: str
    low: float
    high: float
    words: str
    estimate: float | None = None
    mark: Mark = "plain"
    group: str = ""
    """What several ranges are of, such as a metric; said once above the first of them."""


class Level(NamedTuple):
    """A value that runs through all rows, such as no change, or a margin."""

    value: float
    words: str
    mark: Mark = "plain"


class Intervals(NamedTuple):
    """Ranges on one scale, and levels that they lie before or beyond."""

    rows: Sequence[Interval]
    levels: Sequence[Level]


Drawing = Tally | Calendar | Lengths | Intervals


class Picture(NamedTuple):
    """A drawing, what it is of, and the same in a sentence."""

    title: str
    says: str
    drawing: Drawing
