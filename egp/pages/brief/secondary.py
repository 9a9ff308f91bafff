"""Secondary metrics: withheld until the look, and beside its result afterwards. They decide nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.amounts import band, signed, unit_of
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Lacking
from egp.pages.brief.result import at_its_look
from egp.plan.analysis.money import called_by_people
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import percent

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.pages.brief.result import PrimaryResult
    from egp.pages.brief.scene import Scene


def secondary_results(scene: Scene, readout: Readout, result: PrimaryResult) -> Iterator[str]:
    """ "conversion_rate +0.09 pp, 95 % range -0.04 to +0.22 pp, which decides nothing.", by the range of the result."""
    at_look = at_its_look(readout)
    for metric in at_look.plan.secondary_metrics:
        try:
            difference = comparison_so_far(at_look, metric, at_look.foremost).difference
            ends = difference.interval(1 - result.confidence)
        except (Lacking, NotChecked, ArithmeticError, stats.StatisticsInputError) as lack:
            yield f"{shown(metric.name)}, which decides nothing, is not to be had: {lack}."
            continue
        name, unit = shown(called_by_people(metric, scene.policy.metrics)), unit_of(metric)
        seen = f"{signed(difference.estimate, unit)}, {percent(result.confidence)} range {band(ends, unit)}"
        yield f"{name} {seen}: it decides nothing, and is not corrected for several metrics."
