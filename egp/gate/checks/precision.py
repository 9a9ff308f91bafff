"""The readout is as precise as the plan promised.

Sample size is a means; what a test can find follows from the standard error that it reached. A sample that is complete
but noisier than planned (a weaker covariate, a heavier tail) cannot find the MDE with the power that was registered, and
what it does find is exaggerated. The standard error may exceed the planned one, MDE / (z of alpha + z of power), by 10 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import sqrt
from typing import Annotated

from egp import stats
from egp.analysis.registered import (
    comparison_alpha,
    margin_of,
    planned_units,
    primary_effect,
    required_power,
    sequential_inflation,
    sides,
)
from egp.document import Path
from egp.experiment import Metric
from egp.gate.amounts import unit_of
from egp.gate.guarding import Part, one_by_one
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.quantity import Share, shown
from egp.rule import AtLeast
from egp.rule import Params as RuleParams
from egp.wording import absolute, percent, whole


class Params(RuleParams):
    tolerance: Annotated[
        Share, "share by which the standard error may exceed the planned one", AtLeast(0)
    ] = Share(0.10)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    if not readout.is_decision or (readout.look is not None and not readout.is_last_look):
        return
    yield from one_by_one(
        Part(
            partial(_reached, readout, metric, path, treatment, params.tolerance), metric.id or "", treatment
        )
        for path, metric in readout.plan.primaries
        for treatment in readout.ramped
    )


def _reached(
    readout: Readout, metric: Metric, path: Path, treatment: str, tolerance: float
) -> Iterator[Reading]:
    yield _precision(readout, metric, path, treatment, tolerance)


def _precision(readout: Readout, metric: Metric, path: Path, treatment: str, tolerance: float) -> Reading:
    reached = readout.primary(metric, path, treatment).difference.standard_error
    plan = readout.plan
    power, alpha, tails = required_power(plan), comparison_alpha(plan), sides(plan)
    distance = margin_of(metric, path) if plan.type == "non_inferiority" else abs(primary_effect(plan, path))
    resolvable = stats.mde_of_standard_error(reached, power, alpha, tails) * sqrt(sequential_inflation(plan))
    unit = unit_of(metric)
    is_precise = resolvable <= distance * (1 + tolerance)
    units = planned_units(plan) * (resolvable / distance) ** 2
    return Reading(
        "pass" if is_precise else "fail",
        f"{shown(metric.id)}: a standard error of {absolute(reached, unit)} finds {absolute(resolvable, unit)} with "
        f"{percent(power)} power; the plan promised {absolute(distance, unit)}",
        observed=absolute(resolvable, unit),
        required=absolute(distance, unit),
        numbers={"standard_error": reached, "resolvable": resolvable, "promised": distance},
        kind="" if is_precise else "inconclusive",
        next="" if is_precise else f"keep control, or register a rerun with n ≥ {whole(units)} per variant",
        metric=metric.id or "",
        variant=treatment,
    )
