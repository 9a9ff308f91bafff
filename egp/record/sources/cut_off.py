"""What the order of rows tells of rows that are absent: a file that was cut off looks like a variant that fell silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from egp.plan.results import Row, Seen

Place = tuple[str, str]
"""Stage and variant."""


def read_beyond(rows: Sequence[Row | Seen]) -> Mapping[Place, date]:
    """The last day on which a row of a variant that is absent was not there, rather than cut off; by stage and variant.

    ``rows`` are those of a file from its first to its last line; of those that are alike but for their segment, the last one is
    enough. It was read beyond the place of an absent row where rows of another variant follow the last one of the same kind: of days
    that are before it, since then the file has moved on to other things, or of later days, in whose order it was written then; of these
    the very last may have been cut off within. Nothing is known where none follow, and of a variant without a row.
    """
    beyond: dict[Place, date] = {}
    following: dict[str, tuple[date, date]] = {}
    """Variant → first and last day among the rows that follow."""
    seen: set[tuple[str, str, str, str]] = set()
    for row in reversed(rows):
        if row.date is None:
            continue
        kind = row.stage, row.window, row.metric, row.variant
        if kind not in seen:
            seen.add(kind)
            place = row.stage, row.variant
            others = [days for variant, days in following.items() if variant != row.variant]
            beyond[place] = max(beyond.get(place, date.min), _known(row.date, others))
        first, last = following.get(row.variant, (row.date, row.date))
        following[row.variant] = min(first, row.date), max(last, row.date)
    return beyond


def _known(own: date, others: Iterable[tuple[date, date]]) -> date:
    days = list(others)
    if any(first < own for first, _ in days):
        return date.max
    return max((last - timedelta(days=1) for _, last in days), default=date.min)
