"""Where in history lives begin: as far apart as they fit, on every weekday."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

LIVES = 7
"""How many lives are read where history has room for them, one of each weekday: each takes the warehouse a query a stage."""
FEWEST = 6
"""Splits of units by salts that are their own; a short history is hashed anew until it has so many."""
_WEEK = 7


def starts(first: date, last: date, most: int = LIVES) -> list[date]:
    """So many days from the first to the last at most, evenly apart, and on different weekdays where they can be."""
    room = (last - first).days
    if room < 0:
        return []
    number = min(most, room + 1)
    offsets, weekdays = [0], {0}
    for at in range(1, number):
        ideal = at * room // (number - 1)
        # Later starts need a day each as well.
        latest = min(room - (number - 1 - at), ideal + 3)
        near = sorted(range(max(offsets[-1] + 1, ideal - 3), latest + 1), key=partial(_apart, ideal))
        chosen = next((day for day in near if day % _WEEK not in weekdays), near[0])
        offsets.append(chosen)
        weekdays = weekdays | {chosen % _WEEK} if len(weekdays) < _WEEK else {chosen % _WEEK}
    return [first + timedelta(days=offset) for offset in offsets]


def _apart(one: int, other: int) -> int:
    return abs(one - other)


def salted(days: list[date], seed: int, fewest: int = FEWEST) -> list[tuple[date, str]]:
    """Each start with a salt of its own; starts that are few come again with another salt."""
    rounds = -(-fewest // len(days)) if days else 0
    return [(day, f"{seed}/{number}/{day}") for number in range(rounds) for day in days]
