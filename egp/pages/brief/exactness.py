"""How exact the result was planned to be, how exact it came out, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.amounts import plus_minus, unit_of
from egp.gate.comparisons import comparison_at, correlation_at
from egp.plan.analysis.registered import (
    allocation_ratio,
    control_units,
    cuped_variance_factor,
    planned_units,
    primary_effect,
    statistics_of,
)
from egp.plan.analysis.registered_test import primary_test_of
from egp.plan.analysis.stop_rules import spread_of
from egp.plan.finding import NotChecked
from egp.plan.wording import listing, power_text, significant

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.pages.brief.result import PrimaryResult
    from egp.plan.analysis.registered_test import RegisteredTest

_NOTABLE = 1.05
"""How many times what was planned a range, or the variance that one cause explains, is before it is named."""


def wider_than_planned(readout: Readout, result: PrimaryResult) -> str:
    """ "The plan expected ±0.2 pp; it came out ±0.23 pp, because …"; empty where the range is as narrow as planned, or the plan
    does not say. ``readout`` is the one of the look."""
    try:
        wider = result.standard_error / _planned_error(readout, result)
        return _said(readout, result, wider) if wider >= _NOTABLE else ""
    except (NotChecked, stats.StatisticsInputError):
        return ""


def _said(readout: Readout, result: PrimaryResult, wider: float) -> str:
    unit, half = unit_of(result.metric), (result.high - result.low) / 2
    test = primary_test_of(readout.plan, result.metric, result.path)
    causes = listing(_causes(readout, test, wider * wider))
    because = f", because {causes}" if causes else ""
    widths = (
        f"The plan expected {plus_minus(half / wider, unit)}; it came out {plus_minus(half, unit)}{because}."
    )
    return " ".join(filter(None, (widths, _still_finds(readout, result, test))))


def _planned_error(readout: Readout, result: PrimaryResult) -> float:
    plan = readout.plan
    test = primary_test_of(plan, result.metric, result.path)
    left = cuped_variance_factor(plan) if test.columns in ("covariate", "ratio_covariate") else 1.0
    return spread_of(plan, result.metric, result.path) * math.sqrt(left * _planned_per_unit(readout))


def _planned_per_unit(readout: Readout) -> float:
    control = control_units(readout.plan, planned_units(readout.plan))
    return 1 / control + 1 / (control * allocation_ratio(readout.plan))


def _causes(readout: Readout, test: RegisteredTest, times: float) -> Iterator[str]:
    """What made the variance so many times the planned one: a weak covariate, too few units, and what is left."""
    reduction = statistics_of(readout.plan).variance_reduction
    correlation = correlation_at(readout, test, readout.foremost)
    if correlation is not None and reduction is not None and reduction.correlation is not None:
        by_covariate = stats.cuped_factor(correlation) / cuped_variance_factor(readout.plan)
        times /= by_covariate
        if by_covariate >= _NOTABLE:
            assumed = significant(abs(reduction.correlation), 2)
            yield f"the covariate explains less than assumed (correlation {significant(abs(correlation), 2)}, not {assumed})"
    seen = comparison_at(readout, test, readout.foremost)
    by_units = 1 / (seen.information * _planned_per_unit(readout))
    if by_units >= _NOTABLE:
        yield "fewer units came than planned"
    if times / by_units >= _NOTABLE:
        yield "people differ by more than assumed"


def _still_finds(readout: Readout, result: PrimaryResult, test: RegisteredTest) -> str:
    """What a test so exact finds of what it is sized for, and of what is hoped for; of a test that is read once."""
    plan = readout.plan
    if (
        test.margin is not None
        or test.spending
        or test.is_always_valid
        or len(statistics_of(plan).looks or ()) > 1
    ):
        return ""
    sized, hoped = abs(primary_effect(plan, result.path)), result.metric.target
    effects = [("which it is sized for", sized)]
    if hoped is not None and result.metric.baseline is not None:
        effects.append(("which is hoped for", abs(hoped.absolute(result.metric.baseline.value))))
    found = [
        f"{result.worded(size)}, {which}, in "
        f"{power_text(stats.power_of_standard_error(size, result.standard_error, test.alpha, test.sides))}"
        for which, size in effects
    ]
    return f"So exact it finds a true {' and '.join(found)} of cases."
