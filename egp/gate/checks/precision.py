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
from egp.gate.amounts import unit_of
from egp.gate.deciding import deciding
from egp.gate.estimates import Comparison
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.looks import is_last_look_open, open_look
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.withholding import primary_comparison
from egp.plan.analysis.registered import planned_units, primary_design, primary_effect, required_power
from egp.plan.analysis.registered_test import RegisteredTest, primary_test_of
from egp.plan.experiment import Metric
from egp.plan.quantity import Share, shown
from egp.plan.wording import absolute, percent, whole
from egp.rules.rule import AtLeast
from egp.rules.rule import Params as RuleParams
from egp.yaml import Path


class Params(RuleParams):
    tolerance: Annotated[
        Share, "share by which the standard error may exceed the planned one", AtLeast(0)
    ] = Share(0.10)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    if not readout.is_decision or (open_look(readout) is not None and not is_last_look_open(readout)):
        return
    yield from one_by_one(
        GuardedPart(
            partial(_reached, readout, metric, path, treatment, params.tolerance), metric.name, treatment
        )
        for path, metric in readout.plan.primaries
        for treatment in readout.ramped
    )


def _reached(
    readout: Readout, metric: Metric, path: Path, treatment: str, tolerance: float
) -> Iterator[Reading]:
    test = primary_test_of(readout.plan, metric, path)
    if deciding(readout, test, treatment).look.position == open_look(readout):
        yield _precision(readout, metric, path, treatment, tolerance)


def _standard_error(seen: Comparison, test: RegisteredTest) -> float:
    """Of what is tested: the difference, or what a relative margin leaves of control."""
    return seen.at(test.null_ratio).standard_error if test.is_relative else seen.difference.standard_error


def _precision(readout: Readout, metric: Metric, path: Path, treatment: str, tolerance: float) -> Reading:
    plan, test = readout.plan, primary_test_of(readout.plan, metric, path)
    reached = _standard_error(primary_comparison(readout, test, treatment), test)
    power, design = required_power(plan), primary_design(plan, path)
    distance = abs(primary_effect(plan, path)) if test.margin is None else test.margin
    resolvable = stats.mde_of_standard_error(reached, power, test.alpha, test.sides) * sqrt(
        design.inflation(power)
    )
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
        metric=metric.name,
        variant=treatment,
    )


PLAIN = "the result is less exact than planned"
"""What it means that the check is open, for people who read no statistics."""
