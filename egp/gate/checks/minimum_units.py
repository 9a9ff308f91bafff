"""Enough units were seen: the plan's sample at the readout, each stop rule's minimum in a stage.

A test that is read with fewer units than planned finds less than it promised. And a stop rule stays silent below its
`min_units_per_variant`: a stage that ends before its rules could speak was not watched. Rules with a duration
wait for their weeks wherever these fall, so that their minimum is not required of a stage.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.clock import instant
from egp.gate.exposure import has_stage_begun
from egp.gate.looks import is_last_look_open, last_judged_day
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.rows import cumulative_rows
from egp.plan.analysis.registered import planned_units
from egp.plan.finding import need
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.wording import percent, unit_count, whole
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if readout.is_decision:
        if is_last_look_open(readout):
            yield _sample(readout)
    elif readout.move.kind != "monitor" and readout.stage.name != TEST and has_stage_begun(readout):
        yield from _stop_rules(readout)


def _sample(readout: Readout) -> Reading:
    metric = need(readout.plan.primary_metric, "primary_metric")
    last = last_judged_day(readout, metric)
    names = (readout.control, *readout.treatments)
    units = {name: sum(row.units for row in cumulative_rows(readout, metric, name, last)) for name in names}
    smallest, planned = min(units, key=units.__getitem__), planned_units(readout.plan)
    numbers = {f"units_{name}": float(count) for name, count in units.items()}
    observed, required = _per_variant(units[smallest]), _per_variant(planned)
    if units[smallest] >= planned:
        message = f"at least {observed}, {whole(planned)} planned"
        return Reading("pass", message, observed=observed, required=required, numbers=numbers)
    end = readout.stage.end or instant(last, readout.zone)
    over = readout.as_of >= end
    message = (
        f"{shown(smallest)} has {unit_count(units[smallest])}, {percent(units[smallest] / planned)} of the planned "
        f"{whole(planned)} per variant"
    )
    return Reading(
        "fail",
        message,
        observed=observed,
        required=required,
        numbers=numbers,
        kind="inconclusive" if over else "wait",
        next="keep control, or register a rerun that runs for longer"
        if over
        else "wait for the end of the test",
        metric=metric.name,
    )


def _stop_rules(readout: Readout) -> Iterator[Reading]:
    for rule in readout.plan.stop_rules:
        metric = next((metric for _, metric in readout.plan.metrics if metric.id == rule.metric), None)
        if rule.probability is None or metric is None or rule.min_units_per_variant is None:
            continue
        names = (readout.control, *readout.treatments)
        fewest = min(sum(row.units for row in cumulative_rows(readout, metric, name)) for name in names)
        observed, required = _per_variant(fewest), _per_variant(rule.min_units_per_variant)
        if fewest >= rule.min_units_per_variant:
            message = f"stop rule {shown(rule.id)} can speak: at least {observed}"
            yield Reading("pass", message, observed=observed, required=required)
        else:
            yield Reading(
                "cannot_rule_out",
                f"stop rule {shown(rule.id)} is silent below {required}, and {readout.stage.name} has {whole(fewest)}",
                observed=observed,
                required=required,
                kind="wait",
                next="stay in this stage until the stop rule can speak",
                until=None,
            )


def _per_variant(units: float) -> str:
    return f"{unit_count(units)} per variant"


PLAIN = "too few people have been seen"
"""What it means that the check is open, for people who read no statistics."""
