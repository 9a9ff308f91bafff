"""Control is where the plan took it to be.

Margins and lifts in per cent are of the control that is observed, so that another level of control moves no goalpost. But a
plan that was sized for 3 % and finds control at 1 % is not the experiment that was agreed: the metric is counted
otherwise, events are lost in both variants, or these are other people. At the readout every metric with a baseline says where
its control is. One that is away from its baseline by more than half of it, and by more than noise explains (p < 0.1 %), holds
the launch until somebody has found out why.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from egp import stats
from egp.gate.amounts import unit_of
from egp.gate.estimates import arm_of
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.looks import last_judged_day, open_look
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.rows import cumulative_rows
from egp.gate.withholding import require_open
from egp.plan.analysis.registered_test import columns_of
from egp.plan.experiment import Metric
from egp.plan.quantity import Measure, Share, shown
from egp.plan.wording import level, percent
from egp.rules.rule import AtLeast
from egp.rules.rule import Params as RuleParams


class Params(RuleParams):
    tolerance: Annotated[Share, "share of its baseline by which control may be away from it", AtLeast(0)] = (
        Share(0.5)
    )


_NOISE = 0.001
"""P-value, two-sided, from which on a distance is no noise."""


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    if not readout.is_decision or open_look(readout) is None:
        return
    judged = (*readout.plan.primaries, *readout.plan.guardrails)
    yield from one_by_one(
        GuardedPart(partial(_control, readout, metric, metric.baseline, params.tolerance), metric.name)
        for _, metric in judged
        if metric.baseline is not None and metric.baseline.value
    )


def _control(readout: Readout, metric: Metric, baseline: Measure, tolerance: float) -> Iterator[Reading]:
    require_open(readout)
    rows = cumulative_rows(readout, metric, readout.control, last_judged_day(readout, metric))
    seen = arm_of(metric, columns_of(readout.plan, metric), rows)
    away = seen.value / baseline.value - 1
    p_value = 1.0
    if seen.standard_error > 0:
        p_value = stats.Difference(seen.value - baseline.value, seen.standard_error).p_value()
    elif away:
        p_value = 0.0
    has_left = abs(away) > tolerance and p_value < _NOISE
    unit = unit_of(metric)
    observed, required = level(seen.value, unit), level(baseline.value, unit)
    distance = f"{percent(abs(away))} {'above' if away > 0 else 'below'} the baseline of {required}"
    yield Reading(
        "fail" if has_left else "pass",
        f"{shown(metric.id)}: control at {observed}, {distance}",
        observed=observed,
        required=f"{required}, or up to {percent(tolerance)} away from it",
        numbers={"control": seen.value, "standard_error": seen.standard_error, "baseline": baseline.value},
        kind="repair" if has_left else "",
        next="find out why control has left its baseline: the counting, lost events, or other units"
        if has_left
        else "",
        metric=metric.name,
        variant=readout.control,
    )


PLAIN = "control is not where it was when the experiment was planned"
"""What it means that the check is open, for people who read no statistics."""
