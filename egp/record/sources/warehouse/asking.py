"""What the command line says of which warehouse is queried, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Asking:
    """How the command line wants the warehouse to be queried."""

    show: Callable[[str], None] | None = None
    """Takes the text of every query before it is sent."""
    is_dry: bool = False
    """Whether queries are only shown."""
    time_limit: timedelta | None = None
    """Of all queries together."""
    byte_limit: int | None = None
    """Of what a query may read."""


PLAINLY = Asking()
"""Without limits, and without telling."""


def in_silence(what: str) -> None:
    """Hears of a query, and says nothing."""


@dataclass(frozen=True, slots=True)
class Queried:
    """The warehouse that a history is read from."""

    url: str
    root: str
    """Outside of which no file is opened."""
    asking: Asking = PLAINLY
    step: Callable[[str], None] = in_silence
    """Hears of each query before it is sent."""
