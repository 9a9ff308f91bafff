"""Effects as the gate writes them: signed, in the metric's unit, a margin the way the plan writes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from egp.plan.power.readings import rounded_up
from egp.plan.wording import like, percent, significant

if TYPE_CHECKING:
    from egp.plan.experiment import Metric
    from egp.plan.quantity import MetricChange

_FINEST_POINT = 0.0001
"""Rates that differ by less than a basis point are written with more digits."""


def unit_of(metric: Metric) -> str:
    return metric.baseline.unit if metric.baseline else ("share" if metric.kind == "proportion" else "")


def signed(value: float, unit: str) -> str:
    """ "+0.58 pp", "-12 ms", "+0.013 USD"."""
    number, suffix = _parts(value, unit)
    return f"{number} {suffix}".strip()


def plus_minus(half: float, unit: str) -> str:
    """ "±0.23 pp": how far a range reaches to either side."""
    return f"±{signed(half, unit)[1:]}"


def against_control(harm: float, unit: str) -> str:
    """ "0.03 pp worse than control"."""
    return f"{signed(abs(harm), unit)[1:]} {'better' if harm < 0 else 'worse'} than control"


def band(interval: tuple[float, float], unit: str) -> str:
    """ "+0.35 to +0.82 pp"."""
    (low, suffix), (high, _) = (_parts(end, unit) for end in interval)
    return f"{low} to {high} {suffix}".strip()


def least_written(value: float, unit: str) -> float:
    """The next number up that is written without rounding: a least value that a page prints passes itself."""
    if unit == "share" and abs(value) >= _FINEST_POINT:
        return math.ceil(value * 1e4 - 1e-9) / 1e4
    return rounded_up(value, {"share": 2, "s": 4}.get(unit, 3))


def _parts(value: float, unit: str) -> tuple[str, str]:
    if unit == "share":
        digits = (
            f"{abs(value) * 100:.2f}" if abs(value) >= _FINEST_POINT else significant(abs(value) * 100, 2)
        )
        return _sign(value) + digits, "pp"
    if unit == "s":
        return _sign(value) + significant(abs(value) * 1000, 4), "ms"
    return _sign(value) + significant(abs(value), 3), "" if unit == "abs" else unit


def _sign(value: float) -> str:
    return "-" if value < 0 else "+"


def as_harm(value: float, margin: MetricChange, metric: Metric, *, of_control: bool) -> str:
    """An amount of harm the way the plan writes a margin: +0.03pp, +40ms; a share of control is "+2.1 %"."""
    return signed_share(value) if of_control else _sign(value) + like(abs(value), margin, metric.baseline)


def signed_share(value: float) -> str:
    """ "+2.84 %"."""
    return _sign(value) + percent(abs(value))


OF_CONTROL = "of control"
"""What margins, lifts and harm in per cent are of: the control that is observed on the same units."""


def p_shown(p_value: float) -> str:
    """ "p = 0.03", "p < 0.001"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {significant(p_value, 2)}"
