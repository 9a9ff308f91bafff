"""Any one of units, effect, power and duration from the others."""

from __future__ import annotations

from egp.stats.values import NamedTuple

from .errors import reject, require_positive
from .planning import (
    Direction,
    PlannedTest,
    achieved_power,
    detectable_effect,
    detectable_margin,
    required_units,
)


class Solution(NamedTuple):
    """A consistent set: `effect` is found with `power` at `control_units`, reached after `days` (None without
    a rate).

    For a non-inferiority test that was requested its effect, `effect` is the smallest margin that is ruled
    out.
    """

    effect: float
    power: float
    control_units: float
    days: float | None


def solve_for_one(
    test: PlannedTest,
    *,
    effect: float | None = None,
    power: float | None = None,
    control_units: float | None = None,
    days: float | None = None,
    control_units_per_day: float | None = None,
    direction: Direction = "increase",
) -> Solution:
    """Fill in the one that is missing of effect, power and size.

    Size is `control_units`, or `days` at `control_units_per_day` *new* units of the control arm (units that
    come back are not new). effect: signed absolute change, solved for in `direction`; with a margin the true
    difference away from harm, and solved for the smallest margin. Errors: none or more than one is missing;
    two different sizes are given.
    """
    units = _size(control_units, days, control_units_per_day)
    if [effect, power, units].count(None) != 1:
        reject(
            "effect",
            "exactly one of effect, power and size has to be left out",
            "give two of: effect, power, control_units (or days with control_units_per_day)",
        )
    if units is None:
        assert effect is not None
        assert power is not None
        units = required_units(test, effect, power).control
    elif power is None:
        assert effect is not None
        power = achieved_power(test, effect, units)
    elif effect is None:
        effect = _smallest_distance(test, power, units, direction)
    assert effect is not None
    return Solution(effect, power, units, units / control_units_per_day if control_units_per_day else None)


def _smallest_distance(test: PlannedTest, power: float, units: float, direction: Direction) -> float:
    if test.margin is not None:
        return detectable_margin(test, power, units)
    size = detectable_effect(test, power, units, direction)
    return size if direction == "increase" else -size


def _size(control_units: float | None, days: float | None, per_day: float | None) -> float | None:
    if per_day is not None:
        require_positive("control_units_per_day", per_day)
    if control_units is not None and days is not None:
        reject("days", "the size is given twice", "give control_units or days")
    if days is None:
        return control_units
    require_positive("days", days)
    if per_day is None:
        reject("control_units_per_day", "days do not tell how many units come", "give control_units_per_day")
    return days * per_day
