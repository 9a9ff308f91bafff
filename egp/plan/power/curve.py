"""The smallest effect against time, or against size where no rate is given."""

from __future__ import annotations

import math

from egp.plan.power.calculator import MINIMUM_DAYS, PowerAnswer
from egp.stats import StatisticsInputError
from egp.stats.values import NamedTuple

_MOST_WEEKS = 8
_STEPS = (0.25, 0.5, 0.75, 1.5, 2.0, 4.0)


class Point(NamedTuple):
    """What a size can detect at ``PowerAnswer.planned_power``; None where no possible effect is found."""

    days: float | None
    units: float
    distance: float | None
    is_answer: bool


def curve(answer: PowerAnswer) -> list[Point]:
    """Points in the order of size, the answer's among them."""
    per_day = answer.question.smallest_per_day
    if per_day is None:
        others = [Point(None, units, _detectable(answer, units), False) for units in _sizes(answer.units)]
    else:
        others = [
            Point(days, days * per_day, _detectable(answer, days * per_day), False)
            for days in _days(answer.days or 0.0)
            if days != answer.days
        ]
    own = Point(answer.days, answer.units, _detectable(answer, answer.units), True)
    return sorted([*others, own], key=lambda point: point.units)


def _detectable(answer: PowerAnswer, units: float) -> float | None:
    try:
        return answer.design.detectable(answer.planned_power, units)
    except (ArithmeticError, StatisticsInputError):
        # Too few units for any effect that is possible.
        return None


def _sizes(units: float) -> set[float]:
    """Round numbers around the answer."""
    return {_two_digits(units * step) for step in _STEPS} - {units}


def _two_digits(size: float) -> float:
    coarse = 10.0 ** (math.floor(math.log10(size)) - 1)
    return max(1.0, float(round(round(size / coarse) * coarse)))


def _days(answer: float) -> list[float]:
    """Whole weeks up to a little beyond the answer, never more than a screen holds, the minimum always among them."""
    last = max(6, math.ceil(answer / 7) + 2)
    step = math.ceil(last / _MOST_WEEKS)
    weeks = {MINIMUM_DAYS // 7, *range(step, last + 1, step)}
    return [7.0 * week for week in sorted(weeks)]
