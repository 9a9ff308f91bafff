"""The portfolio's days as iCalendar (RFC 5545): whole days, and no number that is not in the plans themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from egp import VERSION
from egp.output.page.text import plain
from egp.pages.site.periods import freezes, periods_of
from egp.pages.status.naming import name_of, page_names
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.pages.site.periods import Period
    from egp.pages.status.portfolio import Status
    from egp.plan.quantity import Moment

_OCTETS = 75
"""Of a line without its end; what is longer goes on in the next one, which begins with a space."""


def calendar(status: Status) -> str:
    """The file. The same status gives the same bytes, so that a calendar that is fetched again changes only where a plan did."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//egp//egp {VERSION}//EN", "CALSCALE:GREGORIAN"]
    lines.append("X-WR-CALNAME:Experiments")
    stamp = _stamp(status.as_of)
    for freeze in freezes(status.policy):
        lines += _event(f"Freeze: {freeze.name}", "policy", freeze, stamp, [])
    for each, page in zip(status.standings, page_names(status.standings), strict=True):
        name = name_of(each)
        about = [f"Plan: {each.known.source.shown}"]
        for period in periods_of(each.known.plan):
            lines += _event(f"{name}: {period.name}", page, period, stamp, about)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(title: str, owner: str, period: Period, stamp: str, about: Iterable[str]) -> Iterator[str]:
    identity = sha256(
        f"{owner}\n{period.kind}\n{period.name}\n{period.first}".encode("utf-8", "replace")
    ).hexdigest()
    yield "BEGIN:VEVENT"
    yield f"UID:{identity[:32]}@egp"
    yield f"DTSTAMP:{stamp}"
    yield f"DTSTART;VALUE=DATE:{_day(period.first)}"
    if period.last < date.max:
        yield f"DTEND;VALUE=DATE:{_day(period.last + timedelta(days=1))}"
    yield f"SUMMARY:{_text(title)}"
    said = "\n".join(about)
    if said:
        yield f"DESCRIPTION:{_text(said)}"
    yield f"CATEGORIES:{_text(period.kind)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _stamp(moment: Moment) -> str:
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    at = at.astimezone(UTC) if at.tzinfo else at
    return f"{_day(at.date())}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _text(text: str) -> str:
    """A text as a value: its four characters with a meaning are escaped, and no control character is left."""
    lines = [plain(line).encode("utf-8", "replace").decode("utf-8") for line in text.split("\n")]
    quoted = [line.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,") for line in lines]
    return "\\n".join(quoted)


def _folded(line: str) -> Iterator[str]:
    """The line in pieces that are short enough, broken between characters."""
    piece, size = "", 0
    for character in line:
        width = len(character.encode("utf-8"))
        if size + width > _OCTETS:
            yield piece
            piece, size = " ", 1
        piece += character
        size += width
    yield piece
