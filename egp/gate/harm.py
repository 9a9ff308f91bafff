"""Harm of a treatment as an alarm weighs it: beyond an amount, relative to the control observed where it is declared so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.registered import baseline_of, harm_direction

if TYPE_CHECKING:
    from egp.gate.estimates import Comparison
    from egp.plan.experiment import Metric
    from egp.plan.quantity import MetricChange
    from egp.yaml import Path

CLEAR = 0.001
"""One-sided level at which a control is clearly above zero, before anything is relative to it."""


@dataclass(frozen=True, slots=True)
class Excess:
    """What a comparison shows of harm beyond an amount, in the metric's own unit."""

    seen: float
    """Harm seen less the amount."""
    standard_error: float
    """Of it, if the harm were the amount."""
    scale: float
    """What a relative prior is relative to."""
    contrast: stats.Contrast
    null: float
    sign: int

    @property
    def p_value(self) -> float:
        """One-sided, of no more harm than the amount."""
        return self.contrast.upper_tail(self.null) if self.sign > 0 else self.contrast.lower_tail(self.null)


def harm_beyond(path: Path, metric: Metric, seen: Comparison, amount: MetricChange | None = None) -> Excess:
    """By the score test of rates, else by the normal or t distribution. Raises Lacking for rates of too few events, and
    for an amount relative to a control that is not clearly above zero."""
    name, harm = metric.name, harm_direction(metric, path)
    sign = 1 if harm == "increase" else -1
    scale = baseline_of(metric, path).value
    contrast, null = seen.difference, 0.0
    if amount is not None and amount.relative and amount.value > 0:
        seen.require_positive_control(name, CLEAR, "repair")
        contrast, scale = seen.at(stats.null_ratio(amount.value, harm)), seen.control.value
    elif amount is not None:
        null = sign * amount.absolute(scale)
    seen.require_enough_events(name, contrast, null, "repair")
    estimate, error = contrast.estimate, contrast.standard_error
    if isinstance(contrast, stats.RateContrast):
        estimate, error = contrast.as_normal(null)
    return Excess(sign * (estimate - null), error, scale, contrast, null, sign)
