"""Pictures as SVG: shapes at shares of the width, so that one drawing fits every window.

Names and numbers stand beside the shapes as text of the page: no line crosses a letter, and a window of any width wraps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from egp.output.page.characters import reach
from egp.output.page.text import plain
from egp.plan.picture import Calendar, Drawing, Intervals, Lengths, Tally
from egp.plan.wording import MONTHS, WEEKDAYS

if TYPE_CHECKING:
    from datetime import date

    from egp.plan.picture import DayState, Interval, Level, Share

_ABREAST = 20
_STEP = 18
"""Height of a row of a tally."""
_WEEK = 30
"""Height of a row of a calendar."""
_WORD_LINE = 20
_RANGE = 20
"""Heights of a line of words, and of a range."""
_EDGE = 2.5
"""Per cent of the width that a scale keeps free at both ends, for strokes and dots."""
_RIGHT_HALF = 60
"""Per cent of the width from which on a name has more room at the left of its line."""

Words = Callable[[str], Markup]


def picture(drawing: Drawing, words: Words) -> Markup:
    """The drawing as lines of HTML; ``words`` makes text of the page from a string."""
    if isinstance(drawing, Tally):
        return _joined(_tally(drawing, words))
    if isinstance(drawing, Calendar):
        return _joined(_calendar(drawing))
    if isinstance(drawing, Lengths):
        return _joined(_lengths(drawing, words))
    return _joined(_intervals(drawing, words))


def _joined(parts: Iterator[Markup]) -> Markup:
    return Markup("\n").join(parts)


def _svg(height: float, shapes: Iterable[Markup], says: str) -> Markup:
    head = Markup('<svg class="drawn" role="img" aria-label="{}" width="100%" height="{}">').format(
        plain(says), f"{height:g}"
    )
    return head + Markup("").join(shapes) + Markup("</svg>")


def _row(name: str, said: str, mark: str, words: Words) -> Markup:
    return Markup('<p class="row"><span>{}</span> <b class="{}">{}</b></p>').format(
        words(name), mark, words(said)
    )


# Cases.


def _tally(tally: Tally, words: Words) -> Iterator[Markup]:
    yield Markup('<div class="tally">')
    for share in tally.shares:
        yield _row(share.name, share.words, "plain", words)
        height = _STEP * -(-share.of // _ABREAST)
        says = f"{share.name}: {share.marked} of {share.of}: {tally.word}"
        yield _svg(height, _cases(share), says)
    key = Markup(
        '<p class="key"><span class="case marked" aria-hidden="true"></span>{} <span class="case" aria-hidden="true"></span>{}</p>'
    )
    yield key.format(words(tally.word), words(tally.otherwise))
    yield Markup("</div>")


def _cases(share: Share) -> Iterator[Markup]:
    for at in range(share.of):
        row, column = divmod(at, _ABREAST)
        marked = at < share.marked
        yield Markup('<circle class="{}" cx="{:g}%" cy="{:g}" r="{:g}"/>').format(
            "marked" if marked else "plain",
            (column + 0.5) * 100 / _ABREAST,
            row * _STEP + _STEP / 2,
            6.5 if marked else 5.75,
        )


# Days.


def _calendar(calendar: Calendar) -> Iterator[Markup]:
    weeks = groupby(calendar.days, key=lambda each: each[0] - timedelta(each[0].weekday()))
    shapes = [*_weekdays()]
    top = _WORD_LINE
    first = calendar.days[0][0]
    for number, (_, days) in enumerate(weeks):
        top = _WORD_LINE + _WEEK * number
        shapes += [_day(day, state, top, is_first_shown=day == first) for day, state in days]
    top += _WEEK
    shapes += _totals(calendar, top)
    counts = [f"{day} {_times(number)}" for day, number in zip(WEEKDAYS, calendar.seen, strict=True)]
    yield Markup('<div class="calendar">')
    yield _svg(top + _WORD_LINE, shapes, ", ".join(counts))
    yield Markup("</div>")


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _in_column(at: int, top: float, text: str, of: str = "") -> Markup:
    """A word in the middle of a weekday's column."""
    return Markup('<text class="{}" x="{:.3f}%" y="{:g}" text-anchor="middle">{}</text>').format(
        of, (at + 0.5) * 100 / 7, top, text
    )


def _weekdays() -> Iterator[Markup]:
    for at, day in enumerate(WEEKDAYS):
        yield _in_column(at, 14, day[:3], "quiet")


def _day(day: date, state: DayState, top: float, is_first_shown: bool) -> Markup:
    at = day.weekday()
    cell = Markup('<rect class="{}" x="{:.3f}%" y="{:g}" width="{:.3f}%" height="{}" rx="3"/>').format(
        state, at * 100 / 7 + 0.5, top + 2, 100 / 7 - 1, _WEEK - 4
    )
    names_month = day.day == 1 or is_first_shown
    text = f"{day.day} {MONTHS[day.month - 1][:3]}" if names_month else f"{day.day}"
    return cell + _in_column(at, top + _WEEK / 2 + 4.5, text, state)


def _totals(calendar: Calendar, top: float) -> Iterator[Markup]:
    for at, number in enumerate(calendar.seen):
        yield _in_column(at, top + 16, _times(number), "short" if number < calendar.asked else "quiet")


# Lengths.


def _lengths(lengths: Lengths, words: Words) -> Iterator[Markup]:
    longest = max((row.value for row in lengths.rows), default=0.0)
    yield Markup('<div class="lengths">')
    for row in lengths.rows:
        share = row.value / longest if longest > 0 else 0.0
        yield _row(row.name, row.words, row.mark, words)
        bar = Markup('<rect class="{}" x="0" y="1" width="{:.2f}%" height="12" rx="2"/>').format(
            row.mark, max(0.6, share * 100)
        )
        yield _svg(14, [bar], f"{row.name}: {row.words}")
    yield Markup("</div>")


# Ranges.


def _intervals(intervals: Intervals, words: Words) -> Iterator[Markup]:
    first, last = reach(intervals)

    def place(value: float) -> float:
        share = (value - first) / (last - first) if last > first else 0.5
        return _EDGE + share * (100 - 2 * _EDGE)

    levels = [(place(level.value), level) for level in sorted(intervals.levels)]
    yield Markup('<div class="intervals">')
    yield _named_levels(levels)
    for group, rows in groupby(intervals.rows, key=lambda row: row.group):
        if group:
            yield Markup('<p class="group">{}</p>').format(words(group))
        for row in rows:
            yield _row(row.name, row.words, row.mark, words)
            yield _svg(_RANGE, [*_lines(levels, _RANGE), *_range(row, place)], f"{row.name}: {row.words}")
    yield Markup("</div>")


def _named_levels(levels: Sequence[tuple[float, Level]]) -> Markup:
    """The names of the levels above their lines, each on a line of its own: none is crossed by another's.

    Those at the left stand to the right of their line, from left to right; then those at the right, from right to left.
    """
    height = _WORD_LINE * len(levels) + 6
    shapes = []
    at_left = [each for each in levels if each[0] < _RIGHT_HALF]
    for at, (x, level) in enumerate([*at_left, *reversed(levels[len(at_left) :])]):
        anchor = "start" if x < _RIGHT_HALF else "end"
        baseline = _WORD_LINE * (at + 1) - 4
        name = Markup('<text class="{}" x="{:.2f}%" y="{:g}" text-anchor="{}">{}</text>')
        shapes.append(name.format(level.mark, x, baseline, anchor, plain(level.words)))
        shapes.append(_line(x, baseline + 4, height, level))
    return _svg(height, shapes, ", then ".join(level.words for _, level in levels))


def _line(x: float, top: float, bottom: float, level: Level) -> Markup:
    return Markup('<line class="level {0}" x1="{1:.2f}%" x2="{1:.2f}%" y1="{2:g}" y2="{3:g}"/>').format(
        level.mark, x, top, bottom
    )


def _lines(levels: Sequence[tuple[float, Level]], height: float) -> Iterator[Markup]:
    for x, level in levels:
        yield _line(x, 0, height, level)


def _range(row: Interval, place: Callable[[float], float]) -> Iterator[Markup]:
    middle = _RANGE / 2
    yield Markup('<line class="range {}" x1="{:.2f}%" x2="{:.2f}%" y1="{:g}" y2="{:g}"/>').format(
        row.mark, place(row.low), place(row.high), middle, middle
    )
    if row.estimate is not None:
        yield Markup('<circle class="estimate {}" cx="{:.2f}%" cy="{:g}" r="6"/>').format(
            row.mark, place(row.estimate), middle
        )
