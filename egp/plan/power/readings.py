"""Changes in words: what an ambiguous number may mean, and what a change does to the baseline."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Literal

from egp.plan.quantity import Measure, shown
from egp.plan.wording import HIGHEST_POWER, absolute, power_number, significant

FRACTION_BELOW = 0.1
"""Bare numbers below this are taken as fractions, others as numbers of per cent."""

_SPELT_OUT = (1e-6, 1e6)
_MOST_DECIMALS = 12


def ambiguity(
    text: str, baseline: Measure, direction: Literal["increase", "decrease"], is_margin: bool
) -> tuple[str, str]:
    """What a bare number where a change is meant may say, in numbers, and what to write for either."""
    number = abs(float(text.replace("_", "")))
    name = shown(text)
    if not _SPELT_OUT[0] <= number <= _SPELT_OUT[1] or baseline.value == 0:
        return f"{name} has no unit", "write 2% for a relative change, 30bps or 40ms for an absolute one"
    percent = number * 100 if number < FRACTION_BELOW else number
    amount = percent / 100 if baseline.unit == "share" else number
    sign = 1 if (direction == "increase") != is_margin else -1
    relative = move(baseline.value, sign * abs(baseline.value) * percent / 100, baseline.unit)
    moved = move(baseline.value, sign * amount, baseline.unit)
    written = f"{significant(percent, 6)}%"
    other = _written(amount, baseline.unit)
    absolute = other if baseline.unit else significant(amount, 6)
    return (
        f"{name} has no unit: {written} relative is {relative}; {absolute} absolute is {moved}",
        f"write {written} or {other}, whichever is meant",
    )


def _written(amount: float, unit: str) -> str:
    """An absolute change as an option takes it."""
    if unit == "share":
        return f"{significant(amount * 100, 6)}pp"
    return f"{significant(amount, 6)}{unit or ' abs'}"


def move(before: float, by: float, unit: str) -> str:
    """ "12.00 % → 12.30 %", with as many decimals as show the difference."""
    scale, noun = {"share": (100.0, " %"), "s": (1000.0, " ms")}.get(unit, (1.0, f" {unit}".rstrip()))
    start, step = before * scale, by * scale
    fewest = 2 if unit == "share" else max(0, _decimals(start, 2))
    digits = min(_MOST_DECIMALS, max(fewest, _decimals(step, 2)))
    return " → ".join(f"{level:,.{digits}f}{noun}" for level in (start, start + step))


def _decimals(value: float, significant_digits: int) -> int:
    return max(0, significant_digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def amount(size: float, baseline: Measure) -> str:
    """A positive change in the metric's unit, and relative to the baseline: "30 bps (2.5 % relative)"."""
    text = absolute(size, baseline.unit)
    if not baseline.value:
        return text
    return f"{text} ({significant(size / abs(baseline.value) * 100, 3)} % relative)"


def found_text(size: float, unit: str) -> str:
    """The smallest effect that is found, in the metric's unit: "0.4 bps", rounded up."""
    return absolute(rounded_up(size), unit)


def rounded_up(value: float, digits: int = 3) -> float:
    """Up to so many significant digits: an effect is never shown smaller than the one that is found."""
    if value == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits)
    return math.ceil(value / step - 1e-9) * step


def missed_text(power: float) -> str:
    """What a computed power leaves, so that the two as they are written add up to 100 %."""
    if power > HIGHEST_POWER:
        return "less than 0.01 %"
    return f"{100 - Decimal(power_number(power))} %"
