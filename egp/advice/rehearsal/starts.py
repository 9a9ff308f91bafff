"""Where in history lives begin: as far apart as they fit, on every weekday."""

from __future__ import annotations

from datetime import date, timedelta

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
    if number == 1:
        return [first]
    offsets = [at * room // (number - 1) for at in range(number)]
    if len({offset % _WEEK for offset in offsets}) < min(_WEEK, number) and room >= number + _WEEK:
        # A distance of whole weeks would begin them all on one weekday.
        offsets = [max(0, offset - at % _WEEK) for at, offset in enumerate(offsets)]
    return [first + timedelta(days=offset) for offset in sorted(set(offsets))]


def salted(days: list[date], seed: int, fewest: int = FEWEST) -> list[tuple[date, str]]:
    """Each start with a salt of its own; starts that are few come again with another salt."""
    rounds = -(-fewest // len(days)) if days else 0
    return [(day, f"{seed}/{number}/{day}") for number in range(rounds) for day in days]
