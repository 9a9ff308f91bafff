"""No metric is beyond its limit.

A limit is absolute: whatever control does, the page may not take longer than this. It holds in every stage, for what
the treated units see. A value beyond the limit by more than its noise breaks it and leads to the metric's `action`, a roll
back unless the plan says `hold`. A value that is beyond it by less holds the ramp, and one within it passes. Noise is
one-sided, at `limit_alpha` of the policy's `hair-trigger`, which says how often a harmless treatment breaks the limit; of a
rate it is the binomial's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from egp.gate.amounts import unit_of
from egp.gate.comparisons import arm_so_far
from egp.gate.exposure import has_stage_begun
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.looks import open_look
from egp.gate.reading import Kind, Reading, State
from egp.gate.readout import Readout
from egp.gate.settings import alarm_levels
from egp.gate.withholding import withheld_metrics
from egp.plan.analysis.stop_rules import is_plain_rate
from egp.plan.experiment import Metric
from egp.plan.quantity import Measure, shown
from egp.plan.wording import level
from egp.rules.rule import Params
from egp.stats import ArmEstimate, normal_sf, z_upper


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not has_stage_begun(readout):
        return
    yield from one_by_one(
        GuardedPart(partial(_limits, readout, metric, treatment), metric.name, treatment)
        for _, metric in readout.plan.metrics
        if metric.limit is not None
        for treatment in readout.treatments
    )


def _limits(readout: Readout, metric: Metric, treatment: str) -> Iterator[Reading]:
    assert metric.limit is not None
    for bound, sign in ((metric.limit.max, 1), (metric.limit.min, -1)):
        if bound is not None:
            yield _limit(readout, metric, treatment, bound, sign)


def _limit(readout: Readout, metric: Metric, treatment: str, bound: Measure, sign: int) -> Reading:
    arm = arm_so_far(readout, metric, treatment)
    alpha = alarm_levels(readout).limit_alpha
    excess = sign * (arm.value - bound.value)
    reach = z_upper(alpha) * arm.standard_error
    is_broken = excess > 0 and _tail(readout, metric, arm, bound, sign) < alpha
    state: State = "pass" if excess <= 0 else "fail" if is_broken else "cannot_rule_out"
    is_hidden = metric.name in withheld_metrics(readout)
    side = "above" if sign > 0 else "below"
    required = f"at {'most' if sign > 0 else 'least'} {bound}"
    words = {
        "pass": "within the limit",
        "fail": f"{side} the limit",
        "cannot_rule_out": f"{side} the limit, though not by more than its noise",
    }[state]
    value = "" if is_hidden else f" at {level(arm.value, unit_of(metric))}"
    return Reading(
        state,
        f"{shown(metric.id)}{value}: {words} ({required})",
        observed="" if is_hidden else level(arm.value, unit_of(metric)),
        required=required,
        interval=None if is_hidden else (arm.value - reach, arm.value + reach),
        numbers={}
        if is_hidden
        else {"value": arm.value, "standard_error": arm.standard_error, "limit": bound.value},
        kind=_kind(readout, metric, state),
        next="" if state == "pass" else _next(metric, state),
        metric=metric.name,
        variant=treatment,
        withheld=is_hidden,
    )


def _tail(readout: Readout, metric: Metric, arm: ArmEstimate, bound: Measure, sign: int) -> float:
    """How often a value at the limit is seen so far beyond it: the binomial tail of a rate, which is right for however
    few events, else the normal one."""
    if not is_plain_rate(readout.plan, metric) or arm.units is None:
        return normal_sf(sign * (arm.value - bound.value) / arm.standard_error) if arm.standard_error else 0.0
    from scipy.special import bdtr, bdtrc

    events = round(arm.value * arm.units)
    if sign > 0:
        return float(bdtrc(events - 1, arm.units, bound.value)) if events else 1.0
    return float(bdtr(events, arm.units, bound.value))


def _kind(readout: Readout, metric: Metric, state: State) -> Kind:
    if state == "pass":
        return ""
    if state == "fail" and metric.action not in ("hold", "monitor"):
        return "rollback"
    return "inconclusive" if readout.is_decision and open_look(readout) is not None else "wait"


def _next(metric: Metric, state: State) -> str:
    if state == "fail" and metric.action not in ("hold", "monitor"):
        return "withdraw the treatment"
    return "stay in this stage until the limit holds"


WITHDRAWS = True
