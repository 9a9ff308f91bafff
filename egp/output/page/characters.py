"""Pictures drawn in characters, for terminals and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from egp.output.report.text import printable, wrapped
from egp.plan.picture import Calendar, DayState, Drawing, Intervals, Lengths, Tally
from egp.plan.wording import WEEKDAYS

_INDENT = "  "
_MOST_ABREAST = 20
"""Cases of a tally."""
_LONGEST_BAR = 30
_SCALE = 49
"""Characters of a scale, where there is room."""
_STATES: dict[DayState, str] = {"seen": "#", "missing": ".", "paused": "-"}


def drawn(drawing: Drawing, width: int) -> Iterator[str]:
    """Its lines, none of them wider than the terminal."""
    if isinstance(drawing, Tally):
        yield from _tally(drawing, width)
    elif isinstance(drawing, Calendar):
        yield from _calendar(drawing, width)
    elif isinstance(drawing, Lengths):
        yield from _lengths(drawing, width)
    else:
        yield from _intervals(drawing, width)


def _said(text: str, width: int) -> Iterator[str]:
    yield from wrapped(printable(text), width, "")


def _tally(tally: Tally, width: int) -> Iterator[str]:
    abreast = max(1, min(_MOST_ABREAST, (width - len(_INDENT)) // 2))
    for share in tally.shares:
        yield from _said(": ".join(filter(None, (share.name, share.words))), width)
        cases = "#" * share.marked + "." * (share.of - share.marked)
        for at in range(0, share.of, abreast):
            yield _INDENT + " ".join(cases[at : at + abreast])
    yield from _said(f"# {tally.word}, . {tally.otherwise}", width)


def _calendar(calendar: Calendar, width: int) -> Iterator[str]:
    letters = 5 if width >= 52 else 3
    yield " " * 10 + " ".join(day[:3].rjust(letters) for day in WEEKDAYS)
    for monday, days in groupby(calendar.days, key=lambda each: each[0] - timedelta(each[0].weekday())):
        cells = {day.weekday(): _STATES[state] for day, state in days}
        yield f"{monday}" + " ".join(cells.get(at, "").rjust(letters) for at in range(7)).rstrip()
    yield "times     " + " ".join(f"{number}".rjust(letters) for number in calendar.seen)
    states = {state for _, state in calendar.days}
    words = {"seen": "# in the run", "missing": ". not in it", "paused": "- paused"}
    yield from _said(", ".join(word for state, word in words.items() if state in states), width)


def _lengths(lengths: Lengths, width: int) -> Iterator[str]:
    longest = max((row.value for row in lengths.rows), default=0.0)
    for row in lengths.rows:
        yield from _said(f"{row.name}: {row.words}", width)
        share = row.value / longest if longest > 0 else 0.0
        yield _INDENT + "#" * max(1, round(share * min(_LONGEST_BAR, width - len(_INDENT))))


def _intervals(intervals: Intervals, width: int) -> Iterator[str]:
    first, last = reach(intervals)
    letters = min(_SCALE, width - len(_INDENT))

    def place(value: float) -> int:
        return round((value - first) / (last - first) * (letters - 1)) if last > first else 0

    levels = [place(level.value) for level in intervals.levels]
    drawn = set()
    for group, rows in groupby(intervals.rows, key=lambda row: row.group):
        yield from _said(group, width) if group else ()
        for row in rows:
            yield from _said(f"{row.name}: {row.words}", width)
            middle = [] if row.estimate is None else [place(row.estimate)]
            line = _on_scale(place(row.low), place(row.high), middle, levels, letters)
            drawn |= {*line}
            yield _INDENT + line
    crossed = ", ".join(words for letter, words in _CROSSED.items() if letter in drawn)
    words = ", then ".join(level.words for level in sorted(intervals.levels))
    yield from _said(f"| {words}{crossed and f'; drawn {crossed}'}", width)


_CROSSED = {"+": "+ inside a range", "0": "0 under an o"}
"""How a level is drawn where something else is drawn."""


def _on_scale(low: int, high: int, middle: Sequence[int], levels: Sequence[int], letters: int) -> str:
    line = [" "] * letters
    line[low : high + 1] = "-" * (high + 1 - low)
    for at in levels:
        line[at] = "+" if low <= at <= high else "|"
    for at in middle:
        line[at] = "0" if at in levels else "o"
    return "".join(line).rstrip()


def reach(intervals: Intervals) -> tuple[float, float]:
    """The least and the greatest value on the scale."""
    values = [value for row in intervals.rows for value in (row.low, row.high)]
    values += [level.value for level in intervals.levels]
    return min(values), max(values)
