"""The effect lasts beyond the first week.

Something new is tried because it is new. The units that were first exposed in the first week are compared with
themselves: their effect in their second week against the first, from the weekly rows of the segment `first_week`. A
fall that noise does not explain (p < 0.1 %) says that the average over both weeks promises more than will stay. Units
that come back make the two weeks alike, so that the test, which takes the weeks as independent, requires no less.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import hypot
from typing import Annotated

from egp import stats
from egp.gate.amounts import p_shown, signed, unit_of
from egp.gate.comparisons import compare_rows
from egp.gate.estimates import Lacking
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.rows import first_week_rows
from egp.gate.withholding import require_open
from egp.plan.analysis.days import day_after, first_full_day
from egp.plan.analysis.registered import PRIMARY, direction_of
from egp.plan.experiment import Metric
from egp.plan.quantity import Share, shown
from egp.plan.results import FIRST_WEEK
from egp.rules.rule import Params as RuleParams


class Params(RuleParams):
    alpha: Annotated[Share, "level at which a fading effect holds the launch"] = Share(0.001)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    metric = readout.plan.primary_metric
    if (
        not readout.is_decision
        or readout.plan.type == "holdback"
        or metric is None
        or metric.kind == "quantile"
    ):
        return
    yield from one_by_one(
        GuardedPart(
            partial(_weeks_compared, readout, metric, treatment, params.alpha), metric.name, treatment
        )
        for treatment in readout.ramped
    )


def _weeks_compared(readout: Readout, metric: Metric, treatment: str, alpha: float) -> Iterator[Reading]:
    yield _novelty(readout, metric, treatment, alpha)


def _novelty(readout: Readout, metric: Metric, treatment: str, alpha: float) -> Reading:
    require_open(readout)
    first = first_full_day(readout.plan)
    weeks = [_effect(readout, metric, treatment, day_after(first, offset)) for offset in (0, 7)]
    change = stats.Difference(
        weeks[1].estimate - weeks[0].estimate, hypot(weeks[0].standard_error, weeks[1].standard_error)
    )
    rises = direction_of(metric, PRIMARY) == "increase"
    p_value = change.lower_tail() if rises else change.upper_tail()
    unit, fades = unit_of(metric), p_value < alpha
    shown_weeks = f"{signed(weeks[0].estimate, unit)} in week 1, {signed(weeks[1].estimate, unit)} in week 2"
    return Reading(
        "fail" if fades else "pass",
        f"{shown(metric.id)}, units of the first week: {shown_weeks} ({p_shown(p_value)} for a fall)",
        observed=shown_weeks,
        required="no significant fall",
        numbers={"week_1": weeks[0].estimate, "week_2": weeks[1].estimate, "p_value": p_value},
        kind="inconclusive" if fades else "",
        next="keep control, and register a rerun that runs until the effect is steady" if fades else "",
        metric=metric.name,
        variant=treatment,
    )


def _effect(readout: Readout, metric: Metric, treatment: str, week: object) -> stats.Contrast:
    arms = [
        [row for row in first_week_rows(readout, metric, name) if row.date == week]
        for name in (readout.control, treatment)
    ]
    if not all(arms):
        raise Lacking(
            f"there are no weekly rows of {metric.id} with segment {FIRST_WEEK} for the week of {week}",
            "add them: window week, of the units first exposed in the first week",
        )
    return compare_rows(readout, metric, *arms).difference


PLAIN = "the effect may wear off"
"""What it means that the check is open, for people who read no statistics."""
