"""Harm of a treatment as an alarm weighs it: beyond an amount, relative to the control observed where it is declared so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp import stats
from egp.analysis.registered import baseline_of, clustering_variance_factor, harm_direction
from egp.gate.estimates import Comparison, Lacking

if TYPE_CHECKING:
    from egp.document import Path
    from egp.experiment import Experiment, Metric
    from egp.quantity import Change

CLEARLY_ABOVE_ZERO = 3.0
"""Standard errors that a control must lie above zero before anything is relative to it."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What a comparison shows of harm beyond an amount, in the metric's own unit."""

    excess: float
    """Harm seen less the amount."""
    standard_error: float
    """Of the excess, if the harm were the amount."""
    scale: float
    """What a relative prior is relative to."""
    contrast: stats.Contrast
    null: float
    sign: int

    @property
    def p_value(self) -> float:
        """One-sided, of no more harm than the amount."""
        return self.contrast.upper_tail(self.null) if self.sign > 0 else self.contrast.lower_tail(self.null)


class TooFewEvents(Lacking):
    """No normal distribution describes a rate of so few events; nothing is judged."""


def harm_beyond(
    plan: Experiment, path: Path, metric: Metric, seen: Comparison, amount: Change | None = None
) -> Harm:
    """By the score test of rates, else by the normal or t distribution. Raises TooFewEvents, and Lacking for a relative
    amount of a control that is not clearly above zero."""
    harm = harm_direction(metric, path)
    sign = 1 if harm == "increase" else -1
    baseline = baseline_of(metric, path).value
    is_relative = amount is not None and amount.relative and amount.value > 0
    ratio = stats.null_ratio(amount.value, harm) if amount is not None and is_relative else 1.0
    null = 0.0 if is_relative or amount is None else sign * amount.absolute(baseline)
    if is_relative:
        _require_clear_control(metric, seen.control)
    contrast = _contrast(plan, metric, seen, ratio)
    if isinstance(contrast, stats.RateContrast) and not contrast.has_enough_events(null):
        raise TooFewEvents(
            f"{metric.id} has {contrast.events_control:g} and {contrast.events_treatment:g} events, too few to be judged",
            "wait for more units, or look after its telemetry",
        )
    if isinstance(contrast, stats.RateContrast):
        estimate, error = contrast.as_normal(null)
    else:
        estimate, error = contrast.estimate, contrast.standard_error
    scale = seen.control.value if is_relative else baseline
    return Harm(sign * (estimate - null), error, scale, contrast, null, sign)


def _contrast(plan: Experiment, metric: Metric, seen: Comparison, ratio: float) -> stats.Contrast:
    """Treatment less ``ratio`` times control."""
    control, treatment = seen.control, seen.treatment
    if metric.kind == "proportion" and clustering_variance_factor(plan, metric) == 1:
        return stats.RateContrast(
            control.value * seen.control_units, seen.control_units,
            treatment.value * seen.treatment_units, seen.treatment_units, ratio,
        )  # fmt: skip
    return seen.difference if ratio == 1 else stats.ratio_contrast(control, treatment, ratio)


def _require_clear_control(metric: Metric, control: stats.ArmEstimate) -> None:
    if control.value <= CLEARLY_ABOVE_ZERO * control.standard_error:
        raise Lacking(
            f"control's {metric.id} is not clearly above zero, so that no harm is relative to it",
            "wait for more units, or declare an absolute harm in a new plan",
        )
