"""Every outcome that is judged has had its time to happen.

A refund that comes a week after the purchase is not there yet when the test ends: judging then finds too few in both
variants, and harm among them too small. A metric with an `outcome_window` is judged on units whose window is over:
on the matured cohort where the plan says so, else on all units once the last of them is through. The rows say in
`through` up to which day outcomes are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.clock import elapsed, shown_look, to_go
from egp.gate.looks import immature_days, last_judged_day, maturity, open_look, outcome_window_days
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.rows import rows_of
from egp.plan.analysis.days import day_after
from egp.plan.experiment import Metric
from egp.plan.quantity import shown
from egp.plan.wording import counted
from egp.rules.rule import Params
from egp.yaml import Path


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.is_decision or open_look(readout) is None:
        return
    judged = [*readout.plan.primaries, *readout.plan.guardrails]
    for path, metric in judged:
        if metric.kind != "quantile" and outcome_window_days(metric):
            yield _matured(readout, path, metric)


def _matured(readout: Readout, path: Path, metric: Metric) -> Reading:  # noqa: ARG001
    window, last = outcome_window_days(metric), last_judged_day(readout, metric)
    needed = day_after(last, window)
    complete = maturity(readout, metric)
    name, length = shown(metric.id), counted(window, "day")
    units = "units of the matured cohort" if metric.judged_on == "matured_cohort" else "all units"
    if readout.as_of < complete:
        left = to_go(elapsed(readout.as_of, complete))
        return Reading(
            "fail",
            f"{name} takes {length} to mature and is judged on {units}, exposed by {last}: mature on "
            f"{shown_look(complete)}",
            observed=f"matured for units exposed by {day_after(readout.as_of.date(), -1 - window)}",
            required=f"matured for units exposed by {last}",
            kind="wait",
            next=f"call again on {shown_look(complete)}, {left} to go",
            until=complete,
            metric=metric.name,
        )
    counted_rows = [
        row for row in rows_of(readout, metric, "cohort") if row.date is not None and row.date <= last
    ]
    if not counted_rows:
        message = f"there are no cohorts of {name} to tell whether outcomes have matured"
        return Reading(
            "not_checked", message, kind="repair", next="add rows of window cohort", metric=metric.name
        )
    unripe = immature_days(readout, metric)
    if unripe:
        counted_to = max(row.through or last for row in rows_of(readout, metric, "cohort"))
        return Reading(
            "fail",
            f"{name} is not counted through the {length} of units exposed on {unripe[0]}",
            observed=f"counted through {counted_to}",
            required=f"counted through {needed}",
            kind="repair",
            next=f"count the outcomes of {name} through {needed}",
            metric=metric.name,
        )
    return Reading(
        "pass",
        f"{name}: {units}, exposed by {last}, have had their {length}",
        observed=f"exposed by {last}",
        required=f"{length} after exposure",
        metric=metric.name,
    )


PLAIN = "some outcomes are still to come in"
"""What it means that the check is open, for people who read no statistics."""
