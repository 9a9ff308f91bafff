"""What the command line says of how a warehouse is queried."""

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
