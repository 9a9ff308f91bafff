"""Whether a look rules out harm of a margin, or shows harm beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats

if TYPE_CHECKING:
    from egp.gate.boundary import Look
    from egp.plan.analysis.registered_test import RegisteredTest


@dataclass(frozen=True, slots=True)
class Harm:
    """Harm as a look sees it, in the unit of its margin: a share of the control observed where the margin is relative,
    else the metric's own."""

    estimate: float
    bound: float
    """The upper end of its one-sided interval, by the look's boundary."""
    margin: float
    control: float | None
    """What a relative margin is a share of; None for an absolute one."""
    p_value: float
    """Against harm of the margin or more."""
    is_ruled_out: bool
    is_shown: bool
    """Whether harm beyond the margin is."""

    def in_own_unit(self, amount: float) -> float:
        return amount if self.control is None else amount * self.control


def harm_seen(test: RegisteredTest, look: Look) -> Harm:
    """Raises Lacking for too few events, and for a control that no margin can be relative to."""
    seen, name = look.seen, test.metric.name
    assert test.margin is not None
    sign = 1 if test.harm == "increase" else -1
    if not test.is_relative:
        seen.require_enough_events(name, seen.difference, sign * test.margin, look.lacks)
        judged = stats.non_inferiority(seen.difference, test.margin, test.harm, look.tail)
        beyond = stats.harm_p_value(seen.difference, test.harm, test.margin)
        return _harm(judged, beyond, look, None)
    seen.require_positive_control(name, look.tail, look.lacks)
    contrast, baseline = seen.at(test.null_ratio), test.metric.baseline
    assert baseline is not None
    seen.require_enough_events(name, contrast, 0.0, look.lacks)
    ratio = seen.treatment.value / seen.control.value
    judged = stats.relative_non_inferiority(
        seen.at, ratio, test.margin / baseline.value, test.harm, look.tail
    )
    return _harm(judged, stats.harm_p_value(contrast, test.harm), look, seen.control.value)


def _harm(judged: stats.NonInferiority, beyond: float, look: Look, control: float | None) -> Harm:
    return Harm(
        judged.harm,
        judged.harm_bound,
        judged.margin,
        control,
        judged.p_value,
        judged.p_value < look.tail,
        beyond < look.tail,
    )
