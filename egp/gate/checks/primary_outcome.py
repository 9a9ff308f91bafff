"""The registered test of the primary metric and the decision rule say: ship.

Before the look nothing of the primary is in any output: no estimate, no probability, no interval. At the look it is
analysed as registered: CUPED with the covariate's sums where the plan declares it, the corrected level where there are
several treatments (with Holm's correction at its first step's), and for a group-sequential plan the boundary that the spending
function leaves at the units seen so far. To ship, the estimate is significant in the good direction, the interval's
lower end and the lift are at least those of the decision rule. Otherwise the experiment has ended without a proof:
control is kept, or a rerun is registered with enough units for an effect of the size that was seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from egp import stats
from egp.analysis.registered import (
    PRIMARY,
    baseline_of,
    comparison_alpha,
    cuped_variance_factor,
    direction_of,
    harm_direction,
    margin_of,
    required_power,
    sides,
    statistics_of,
)
from egp.document import Path
from egp.experiment import Metric
from egp.finding import NotChecked
from egp.gate.amounts import band, p_shown, signed, unit_of
from egp.gate.boundary import critical_value
from egp.gate.clock import elapsed, shown_look, to_go
from egp.gate.estimates import Comparison, pooled_p_value
from egp.gate.guarding import Part, one_by_one
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.quantity import shown
from egp.rule import Params
from egp.wording import absolute, percent, whole


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.is_decision:
        return
    yield from one_by_one(
        Part(partial(_tested, readout, metric, path, treatment), metric.id or "", treatment)
        for path, metric in readout.plan.primaries
        for treatment in readout.ramped
    )


def _tested(readout: Readout, metric: Metric, path: Path, treatment: str) -> Iterator[Reading]:
    yield _outcome(readout, metric, path, treatment)


def _outcome(readout: Readout, metric: Metric, path: Path, treatment: str) -> Reading:
    seen = readout.primary(metric, path, treatment)
    reach = critical_value(readout, metric, seen) * seen.difference.standard_error
    interval = (seen.difference.estimate - reach, seen.difference.estimate + reach)
    p_value = _p_value(readout, metric, path, treatment, seen)
    if readout.plan.type == "non_inferiority":
        asked, met = _non_inferior(metric, path, interval)
    else:
        asked, met = _superior(readout, metric, path, interval, p_value)
    unit = unit_of(metric)
    observed = f"{signed(seen.difference.estimate, unit)}, interval {band(interval, unit)}"
    confidence = percent(1 - comparison_alpha(readout.plan) * (2 if sides(readout.plan) == 1 else 1))
    message = (
        f"{shown(metric.id)}: {signed(seen.difference.estimate, unit)} "
        f"({confidence} interval {band(interval, unit)}, {p_shown(p_value)}); {'met' if met else 'not met'}: {asked}"
    )
    numbers = {
        "estimate": seen.difference.estimate,
        "standard_error": seen.difference.standard_error,
        "p_value": p_value,
        "control": seen.control.value,
        "treatment": seen.treatment.value,
        "units_control": float(seen.control_units),
        "units_treatment": float(seen.treatment_units),
    }
    if met:
        return Reading(
            "pass", message, observed=observed, required=asked, interval=interval, numbers=numbers,
            metric=metric.id or "", variant=treatment,
        )  # fmt: skip
    ending = readout.look is not None and not readout.is_last_look
    following = readout.looks[(readout.look or 0) + 1] if ending else None
    return Reading(
        "fail",
        message,
        observed=observed,
        required=asked,
        interval=interval,
        numbers=numbers,
        kind="wait" if following else "inconclusive",
        next=(
            f"call again at the next look, {shown_look(following)}, {to_go(elapsed(readout.as_of, following))} to go"
            if following
            else _rerun(readout, metric, path, seen)
        ),
        until=following,
        metric=metric.id or "",
        variant=treatment,
    )


def _p_value(readout: Readout, metric: Metric, path: Path, treatment: str, seen: Comparison) -> float:
    """Of the registered null hypothesis; the pooled test where two plain rates are compared."""
    plan = readout.plan
    if plan.type == "non_inferiority":
        harm = harm_direction(metric, path)
        margin = margin_of(metric, path)
        return stats.non_inferiority(
            seen.difference, margin, harm, comparison_alpha(plan), sides(plan)
        ).p_value
    is_adjusted = path == PRIMARY and cuped_variance_factor(plan) < 1
    if metric.kind == "proportion" and not is_adjusted:
        last = readout.last_judged_day(metric)
        arms = [readout.cumulative(metric, name, last) for name in (readout.control, treatment)]
        p_value = pooled_p_value(*arms)
    else:
        p_value = seen.difference.p_value()
    if sides(plan) == 2:
        return p_value
    is_good = (seen.difference.estimate > 0) == (direction_of(metric, path) == "increase")
    return p_value / 2 if is_good else 1 - p_value / 2


def _non_inferior(metric: Metric, path: Path, interval: tuple[float, float]) -> tuple[str, bool]:
    margin = margin_of(metric, path)
    worst = interval[1] if harm_direction(metric, path) == "increase" else -interval[0]
    return f"harm of less than {metric.non_inferiority_margin}", worst < margin


def _superior(
    readout: Readout, metric: Metric, path: Path, interval: tuple[float, float], p_value: float
) -> tuple[str, bool]:
    """What the decision rule asks, and whether it is met; all in the direction that is good."""
    rises = direction_of(metric, path) == "increase"
    low = interval[0] if rises else -interval[1]
    lift = sum(interval) / 2 * (1 if rises else -1)
    asked, met = [f"a significant {'rise' if rises else 'fall'}"], low > 0
    if statistics_of(readout.plan).method in (None, "fixed_horizon"):
        met = met and p_value <= comparison_alpha(readout.plan)
    rule = readout.plan.decision_rule
    if rule is None:
        raise NotChecked(("decision_rule",))
    baseline = baseline_of(metric, path).value
    if rule.min_ci_lower is not None and path == PRIMARY:
        asked.append(f"interval from {rule.min_ci_lower} up")
        met = met and low >= rule.min_ci_lower.absolute(baseline)
    if rule.min_lift is not None and path == PRIMARY:
        size = rule.min_lift.absolute(baseline)
        asked.append(f"lift of at least {rule.min_lift}")
        met = met and lift >= (size if rises else abs(size))
    return ", ".join(asked), met


def _rerun(readout: Readout, metric: Metric, path: Path, seen: Comparison) -> str:
    """Keep control; or how many units an effect of the size that was seen would take."""
    plan = readout.plan
    otherwise = plan.decision_rule.otherwise if plan.decision_rule else None
    keep = "keep control" if otherwise in (None, "keep_control") else f"as the plan says: {shown(otherwise)}"
    estimate = seen.difference.estimate * (1 if direction_of(metric, path) == "increase" else -1)
    if estimate <= 0 or plan.type == "non_inferiority":
        return f"{keep}; the experiment ends"
    resolvable = stats.mde_of_standard_error(
        seen.difference.standard_error, required_power(plan), comparison_alpha(plan), sides(plan)
    )
    units = seen.smaller_units * (resolvable / estimate) ** 2
    return (
        f"{keep}, or register a rerun: an effect of {absolute(estimate, unit_of(metric))} takes n ≥ {whole(units)} "
        "per variant"
    )
