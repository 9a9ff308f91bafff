"""Numbers and lists as messages write them: sensible digits, units, singular and plural."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, timedelta

from egp.plan.quantity import Measure, MetricChange, shown
from egp.plan.quantity import change as parse_change


def percent(fraction: float, digits: int | None = None) -> str:
    """0.2197 → "22.0 %"; without digits as many as the number needs: 0.95 → "95 %", 0.001 → "0.1 %"."""
    value = fraction * 100
    if digits is not None:
        return f"{value:,.{digits}f} %"
    return f"{significant(value, 3)} %"


HIGHEST_POWER = 0.99991
"""A power above is shown as more than 99.99 %."""


def power_text(power: float, digits: int = 1) -> str:
    """A computed power, never rounded up to one that is not reached: 0.79996 → "79.9 %", 0.99995 → "99.99 %"."""
    return "more than 99.99 %" if power > HIGHEST_POWER else f"{power_number(power, digits)} %"


def power_number(power: float, digits: int = 1) -> str:
    """The number of per cent that a power is shown as."""
    if power < 0.01:
        return significant(power * 100, 2)
    digits = max(digits, 2 if power > 0.999 else 1)
    floored = math.floor(power * 100 * 10**digits + 1e-7) / 10**digits
    return f"{floored:.{digits}f}" if floored != round(floored) else f"{floored:.0f}"


def power_below(power: float, asked: float) -> str:
    """A power that falls short of what is required, with as many digits as it takes not to read as that."""
    digits = range(1, 9)
    return next(
        (text for text in (power_text(power, n) for n in digits) if text != share_text(asked)), "less"
    )


def share_text(fraction: float) -> str:
    """A share as it was meant: 98.75 %, 5 %, 0.1 %."""
    return f"{fraction * 100:.6g} %"


def told_apart(value: float, bound: float) -> tuple[str, str]:
    """A share and the bound that it breaks, with as many digits as it takes to distinguish them."""
    share, broken = numbers_apart(value * 100, bound * 100, 3)
    return f"{share} %", f"{broken} %"


def numbers_apart(value: float, bound: float, digits: int) -> tuple[str, str]:
    """A number and the bound that it breaks, with so many significant digits, and more where it takes them."""
    for enough in range(digits, 16):
        texts = significant(value, enough), significant(bound, enough)
        if texts[0] != texts[1]:
            break
    return texts


def significant(value: float, digits: int) -> str:
    """The number with so many significant digits, without an exponent and trailing zeros: 0.0123, 12.3, 1,230."""
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def money(value: float, currency: str, digits: int = 3) -> str:
    """745680 → "$746k"; 1234567 → "$1.23M"; 0.15535 → "$0.155"; 1.1 → "$1.10"; -7700 → "-$7.7k"; 12300 in CHF → "12.3k CHF"."""
    size = abs(float(f"{value:.{digits - 1}e}"))
    scale, letter = next(((over, name) for over, name in _SCALES if size >= over), (1.0, ""))
    has_cents = digits > 2 and scale == 1.0 and 1 <= size < 100 and size != int(size)
    figures = f"{size:.2f}" if has_cents else significant(size / scale, digits)
    number = f"{'-' if value < 0 and size else ''}%s{figures}{letter}"
    sign = _SIGNS.get(currency)
    return number % sign if sign else f"{number % ''} {currency}"


def whole(value: float) -> str:
    """1377160 → "1,377,160"."""
    return f"{math.ceil(value - 1e-9):,}"


def counted(number: float, noun: str, plural: str = "", digits: int = 3) -> str:
    """counted(1, "day") → "1 day"; counted(13, "day") → "13 days"."""
    text = f"{int(number):,}" if number == int(number) else significant(number, digits)
    return f"{text} {noun if number == 1 else plural or noun + 's'}"


def unit_count(number: float) -> str:
    """1 → "1 unit", 20000 → "20,000 units"."""
    return f"{whole(number)} unit{'' if whole(number) == '1' else 's'}"


def listing(words: Iterable[object], last: str = "and") -> str:
    """ "a, b and c"."""
    items = [str(word) for word in words]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def length(duration: timedelta, digits: int = 3) -> str:
    """ "20 s" and "5 min" below an hour, "48 h" below three days, else "14 days"."""
    seconds = duration.total_seconds()
    if 0 < seconds < 60:
        return f"{significant(seconds, digits)} s"
    if 0 < seconds < 3600:
        return f"{significant(seconds / 60, digits)} min"
    hours = seconds / 3600
    if hours == 48 or (hours < 72 and hours % 24):
        return f"{significant(hours, digits)} h"
    return counted(hours / 24, "day", digits=digits)


def length_beside(duration: timedelta, bound: timedelta) -> str:
    """A length that breaks a bound, with as many digits as it takes not to read as the bound, in days or in hours."""
    hours = bound / timedelta(hours=1)
    taken = {f"{significant(hours, 15)} h", counted(hours / 24, "day", digits=15)}
    texts = (length(duration, digits) for digits in range(3, 16))
    return next((text for text in texts if text not in taken), length(duration))


def absolute(value: float, unit: str) -> str:
    """An absolute amount in a metric's unit: points of a rate, milliseconds, money or a plain number."""
    if unit in ("share", "points"):
        return (
            f"{significant(value * 100, 3)} pp"
            if abs(value) >= 0.01
            else f"{significant(value * 1e4, 3)} bps"
        )
    if unit == "s":
        return f"{significant(value * 1000, 4)} ms"
    return f"{significant(value, 3)} {'' if unit == 'abs' else unit}".strip()


def level(value: float, unit: str) -> str:
    """A level of a metric in its unit: 12.00 % for a share, 1,900 ms, 0.52 USD, 0.042."""
    if unit == "share":
        return f"{value * 100:.2f} %" if value >= 0.001 else f"{significant(value * 100, 3)} %"
    if unit == "s":
        return f"{significant(value * 1000, 4)} ms"
    return f"{significant(value, 4)} {unit}".strip()


def like(value: float, change: MetricChange, baseline: Measure | None) -> str:
    """An absolute change written the way the plan writes ``change``: in percent if relative, else in its unit."""
    if change.relative and baseline is not None and baseline.value:
        text = f"{significant(value / abs(baseline.value) * 100, 3)}%"
    elif change.unit == "points":
        text = (
            f"{significant(value * 1e4, 3)}bps" if "b" in change.text else f"{significant(value * 100, 3)}pp"
        )
    elif change.unit == "s":
        text = f"{significant(value * 1000, 4)}ms"
    else:
        text = f"{significant(value, 3)} {change.unit}"
    return text.replace(",", "")


def in_points(change: MetricChange) -> str:
    """A change as pages write it: of a rate in percentage points, whichever of bps and pp the plan has."""
    return f"{significant(change.value * 100, 3)} pp" if change.unit == "points" else str(change)


def at_least_like(value: float, change: MetricChange, baseline: Measure | None) -> str:
    """As ``like``, but never rounded down: a plan that declares the written change declares no less than ``value``."""
    level = baseline.value if baseline else 0.0
    # Rounding to three digits moves a number by at most 0.5 %.
    for thousandths in range(6):
        text = like(value * (1 + thousandths / 1000), change, baseline)
        if parse_change(text).absolute(level) >= value:
            break
    return text


def called(name: str | None, otherwise: str) -> str:
    """A name from the plan, safe to print, or what to say where there is none."""
    return shown(name) if name else otherwise


def one_in(share: float) -> str:
    """0.2 → "1 in 5", 0.13 → "about 1 in 8", 0.75 → "3 in 4", 0.42 → "about 2 in 5"."""
    part, of, is_exact = _in_few(share)
    if not of:
        return "nearly all" if part else "nearly none"
    return f"{'' if is_exact else 'about '}{part:,} in {of:,}"


def after_one_in(share: float, one: str, several: str) -> str:
    """The verb that ``one_in`` takes: "1 in 9" is one, "2 in 3" and "nearly all" are several."""
    part, of, _ = _in_few(share)
    return one if part == 1 and of else several


def _in_few(share: float) -> tuple[int, int, bool]:
    """A share as a part of few, and whether it is just that; of nearly none or all, 0 or 1 of none."""
    rare = min(share, 1 - share)
    if rare < 1e-6:
        return int(share >= 0.5), 0, False
    if rare > 0.27:
        simple = [(part, of) for of in range(2, 6) for part in range(1, of)]
        part, of = min(simple, key=lambda ratio: abs(ratio[0] / ratio[1] - share))
        return part, of, abs(part / of - share) < 0.003
    whole_number = round(1 / rare)
    first = 1 if share <= 0.5 else whole_number - 1
    return first, whole_number, abs(whole_number * rare - 1) < 0.01


def share_in_plan(fraction: float) -> str:
    """A share as a plan writes it: 0.9 → "90%"."""
    return f"{fraction * 100:.10g}%"


def count_in_plan(units: float) -> int | str:
    """A count as a plan writes it: 147000 → "147_000"; one without thousands is a plain number."""
    return int(units) if units < 1000 else f"{int(units):_}"


def quantity_in_plan(text: str) -> str | float:
    """A quantity as a plan holds it: one without a unit is a number."""
    try:
        return float(text) if "." in text or "e" in text.casefold() else int(text)
    except ValueError:
        return text


def duration_in_plan(duration: timedelta) -> str:
    """A length of time as a plan writes it, a part of an hour counted as an hour: "48h", "14d"."""
    hours = -(-duration // timedelta(hours=1))
    return f"{hours // 24}d" if hours % 24 == 0 and hours >= 72 else f"{hours}h"


def ordinal_stage(position: int) -> str:
    """A stage of the ramp as messages count it, from 1."""
    return f"stage {position + 1}"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def times_over(number: int) -> str:
    """1 → "once", 2 → "twice", 3 → "3 times"."""
    return {1: "once", 2: "twice"}.get(number) or counted(number, "time")


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day_in_words(day: date, with_year: bool = False) -> str:
    """2023-02-06 → "6 February", as people say it."""
    return f"{day.day} {MONTHS[day.month - 1]}{f' {day.year}' if with_year else ''}"
