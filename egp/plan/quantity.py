"""Quantities as people write them: a number with its unit, parsed once and never guessed.

``%`` is a share where a share is meant and a relative change where a change is meant; ``pp`` and
``bps`` are absolute changes of a rate. A bare number where a change is meant has two readings that
lie a factor of a hundred apart, so it is refused instead of being given one of them.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from egp.stats.hints import Literal, NewType
from egp.stats.values import field, frozen

Share = NewType("Share", float)
"""A part of a whole, as a fraction: 50% is 0.5."""

Count = NewType("Count", int)
"""A whole number of things: 340_000, 1.2M."""

NUMBER = r"[+-]?[0-9](?:_?[0-9])*(?:\.[0-9](?:_?[0-9])*)?"
LONGEST_NUMBER = 40
LARGEST_NUMBER = 2**53
"""Beyond it a float no longer holds every whole number, and no metric has such a value."""

_UNIT = "%ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FRACTION = r"([0-9]{1,4})\s*/\s*([1-9][0-9]{0,3})"
"""Compiled where a share has a slash, which few have."""
_TIME_EXPONENT = {"us": -6, "ms": -3, "s": 0}
_SECONDS = {"min": 60, "h": 3600, "d": 86400, "w": 604800}
_COUNT_EXPONENT = {"": 0, "k": 3, "K": 3, "M": 6, "B": 9}
_POINT_EXPONENT = {"pp": -2, "bps": -4, "bp": -4}


class QuantityError(ValueError):
    """A text that is not the quantity it should be.

    ``kind`` is ``ambiguous`` for a bare number where a change is meant, else ``quantity``;
    ``advice`` says what to write instead.
    """

    def __init__(
        self, message: str, advice: str, kind: Literal["quantity", "ambiguous"] = "quantity"
    ) -> None:
        super().__init__(message)
        self.advice = advice
        self.kind = kind


@frozen
class Measure:
    """A value of a metric. ``value`` is in ``unit``: a share as a fraction, a time in seconds."""

    value: float
    unit: str
    """"share", "s", a currency code, or "" for a plain number."""
    text: str = field(compare=False)
    """As the plan writes it, for messages."""

    def __str__(self) -> str:
        return self.text


@frozen
class MetricChange:
    """A change of a metric. ``unit`` is "relative", "points" (of a rate), "s", a currency or "abs"."""

    value: float
    unit: str
    text: str = field(compare=False)

    @property
    def relative(self) -> bool:
        return self.unit == "relative"

    def absolute(self, baseline: float) -> float:
        """The change in the metric's own unit, given the baseline in that unit."""
        return self.value * abs(baseline) if self.relative else self.value

    def __str__(self) -> str:
        return self.text


@frozen
class Interval:
    """Whole days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


Moment = date | datetime
"""A date covers its whole day; a datetime is an instant."""


def shown(value: object) -> str:
    """A plan's value as one short line that is safe to print."""
    text = value if isinstance(value, str) else _yaml_word(value)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if len(text) > 60:
        return text[:57] + "..."
    return text or '""'


def _yaml_word(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value)


def _split(value: object, wanted: str, advice: str) -> tuple[str, str]:
    """Number and unit of a quantity; the number without underscores."""
    number = unit = ""
    if isinstance(value, str):
        number, unit = _number_and_unit(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf"):
        number = f"{value:.17g}" if isinstance(value, float) and "e" in repr(value) else repr(value)
    if not number:
        raise QuantityError(f"{shown(value)} is not {wanted}", advice)
    if len(number) > LONGEST_NUMBER or abs(float(number)) >= LARGEST_NUMBER:
        raise QuantityError(f"{shown(value)} is too long or too large a number for {wanted}", advice)
    return number, unit


def _number_and_unit(text: str) -> tuple[str, str]:
    """The two parts of a text that is a ``NUMBER`` and perhaps a unit, the number without underscores; else nothing."""
    text = text.strip()
    number = text.rstrip(_UNIT)
    unit = text[len(number) :]
    number = number.rstrip()
    whole, dot, part = (number[1:] if number[:1] in ("+", "-") else number).partition(".")
    if not _are_digits(whole) or (dot and not _are_digits(part)):
        return "", ""
    return number.replace("_", ""), unit


def _are_digits(text: str) -> bool:
    """Whether there are digits and nothing else but a single underscore between two of them."""
    if "_" not in text:
        return text.isascii() and text.isdigit()
    return text.isascii() and all(map(str.isdigit, text.split("_")))


def _as_written(value: object, number: str) -> str:
    """The quantity as the plan spells it, where that can be read again as one."""
    text = str(value).strip()
    return text if _number_and_unit(text)[0] else number


def _scaled(number: str, exponent: int) -> float:
    """The decimal shifted in text, so that 30bps and 0.3pp are the same float."""
    return float(f"{number}e{exponent}") if "e" not in number else float(number) * 10.0**exponent


def share(value: object) -> Share:
    """A share such as 50%, a fraction such as 1/3, or a bare fraction below one."""
    parts = re.fullmatch(_FRACTION, value.strip()) if isinstance(value, str) and "/" in value else None
    if parts:
        if int(parts[1]) > int(parts[2]):
            raise QuantityError(f"{shown(value)} is more than a whole", "write a fraction such as 1/3")
        return Share(int(parts[1]) / int(parts[2]))
    number, unit = _split(value, "a share", "write a share with its sign, as in 50%")
    if unit == "%":
        fraction = _scaled(number, -2)
    elif unit:
        raise QuantityError(f"{shown(value)} is not a share", f"write {number}% if a share is meant")
    else:
        fraction = float(number)
        if fraction >= 1:
            raise QuantityError(f"{shown(value)} has no unit where a share is meant", f"write {number}%")
    if not 0 <= fraction <= 1 or number.startswith("-"):
        raise QuantityError(f"{shown(value)} is outside 0% to 100%", "write a share between 0% and 100%")
    return Share(fraction)


def count(value: object) -> Count:
    """A whole number such as 340_000 or 1.2M."""
    advice = "write a whole number, as in 340_000 or 1.2M"
    number, unit = _split(value, "a count", advice)
    if unit not in _COUNT_EXPONENT:
        raise QuantityError(f"{shown(value)} is not a count", advice)
    scaled = _scaled(number, _COUNT_EXPONENT[unit])
    if scaled < 0 or scaled != int(scaled):
        raise QuantityError(f"{shown(value)} is not a whole number", advice)
    return Count(int(scaled))


def duration(value: object) -> timedelta:
    """A length of time such as 48h, 14d or 2w."""
    advice = "write a number with its unit, as in 48h, 14d or 2w"
    number, unit = _split(value, "a length of time", advice)
    if unit in _TIME_EXPONENT:
        seconds = _scaled(number, _TIME_EXPONENT[unit])
    elif unit in _SECONDS:
        seconds = float(number) * _SECONDS[unit]
    elif unit:
        raise QuantityError(f"{shown(value)} is not a length of time", advice)
    else:
        raise QuantityError(
            f"{shown(value)} has no unit", f"write {number}d, {number}h or another unit of time"
        )
    if not 0 <= seconds <= 86400 * 36525:
        raise QuantityError(f"{shown(value)} is not a length of time a plan can have", advice)
    return timedelta(seconds=seconds)


def measure(value: object) -> Measure:
    """A value of a metric: 12%, 1900ms, 0.52 USD or a plain number."""
    advice = "write a number with its unit, as in 12%, 1900ms, 0.52 USD, or a plain number"
    number, unit = _split(value, "a measured value", advice)
    text = _as_written(value, number)
    if not unit:
        return Measure(float(number), "", text)
    if unit == "%":
        return Measure(_scaled(number, -2), "share", text)
    if unit in _TIME_EXPONENT:
        return Measure(_scaled(number, _TIME_EXPONENT[unit]), "s", text)
    if _is_currency(unit):
        return Measure(float(number), unit, text)
    raise QuantityError(f"{shown(value)} has a unit egp does not know", advice)


def money(value: object) -> Measure:
    """An amount with its currency, such as 0.52 USD."""
    advice = "write the amount and its currency, as in 0.52 USD"
    number, unit = _split(value, "an amount of money", advice)
    if not _is_currency(unit):
        raise QuantityError(f"{shown(value)} names no currency", advice)
    return Measure(float(number), unit, str(value).strip())


def change(value: object) -> MetricChange:
    """A change such as 8% (relative), 45bps, 0.8pp, 40ms or 0.02 USD. Raises when the unit is missing."""
    advice = "write 5% for a relative change, 0.5pp or 50bps for an absolute change of a rate"
    number, unit = _split(value, "a change", advice)
    text = _as_written(value, number)
    if not unit:
        message = f"{shown(value)} has no unit where a change is meant"
        raise QuantityError(message, advice, kind="ambiguous")
    if unit == "%":
        return MetricChange(_scaled(number, -2), "relative", text)
    if unit in _POINT_EXPONENT:
        return MetricChange(_scaled(number, _POINT_EXPONENT[unit]), "points", text)
    if unit in _TIME_EXPONENT:
        return MetricChange(_scaled(number, _TIME_EXPONENT[unit]), "s", text)
    if unit == "abs" or _is_currency(unit):
        return MetricChange(float(number), unit, text)
    raise QuantityError(f"{shown(value)} has a unit egp does not know", advice)


def _is_currency(unit: str) -> bool:
    return len(unit) == 3 and unit.isascii() and unit.isupper()


def moment(value: object) -> Moment:
    """A date (2023-01-23, the whole day) or an instant with its offset (2023-01-23T08:00:00-08:00)."""
    advice = "write a date as 2023-01-23, or an instant with its offset as 2023-01-23T08:00:00-08:00"
    if isinstance(value, str):
        try:
            if len(value) == 10 and _is_day(value):
                return date.fromisoformat(value)
            if value[10:11] in ("T", " ") and _is_day(value):
                return datetime.fromisoformat(value)
        except ValueError:
            raise QuantityError(f"{shown(value)} is not a date in the calendar", advice) from None
    raise QuantityError(f"{shown(value)} is not a date", advice)


def _is_day(text: str) -> bool:
    """Whether a text begins as 2023-01-23 does. Python reads more as a date."""
    digits = text[:4] + text[5:7] + text[8:10]
    return text[4] == text[7] == "-" and len(digits) == 8 and digits.isascii() and digits.isdigit()


def day(value: object) -> date:
    """A date without a time."""
    parsed = moment(value)
    if isinstance(parsed, datetime):
        raise QuantityError(f"{shown(value)} has a time where a date is meant", "write the date alone")
    return parsed


def interval(value: object) -> Interval:
    """Whole days: 2023-01-28, or 2023-01-28/2023-01-29 with both ends included."""
    if not isinstance(value, str):
        raise QuantityError(f"{shown(value)} is not a date or an interval", "write 2023-01-28/2023-01-29")
    first, slash, last = value.partition("/")
    start = day(first.strip())
    end = day(last.strip()) if slash else start
    if end < start:
        raise QuantityError(f"{shown(value)} ends before it starts", "write the earlier date first")
    return Interval(start, end)


def as_day(value: Moment) -> date:
    """The calendar day of a date or of an instant in its own offset."""
    return value.date() if isinstance(value, datetime) else value
