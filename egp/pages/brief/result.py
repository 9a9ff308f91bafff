"""The result of the primary metric as its look was read: the effect, its range, and what is left of it as a winner's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.amounts import band, least_written, signed, unit_of
from egp.gate.deciding import deciding, lift_beside_bounds
from egp.gate.estimates import Lacking
from egp.gate.looks import planned_looks
from egp.gate.move import MoveError, move_to
from egp.gate.withholding import Withheld
from egp.plan.analysis.money import called_by_people
from egp.plan.analysis.registered_test import primary_test_of
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import shown
from egp.plan.results import stage_name
from egp.plan.wording import percent

if TYPE_CHECKING:
    from datetime import date

    from egp.gate.deciding import TestVerdict
    from egp.gate.readout import Readout
    from egp.pages.brief.scene import Scene
    from egp.plan.analysis.registered_test import RegisteredTest
    from egp.plan.experiment import Metric
    from egp.yaml import Path


@dataclass(frozen=True, slots=True)
class PrimaryResult:
    """What the look shows of the primary metric; above zero is better, in the metric's own unit."""

    metric: Metric
    path: Path
    name: str
    """What people call it."""
    read_on: date
    estimate: float
    low: float
    high: float
    standard_error: float
    confidence: float
    met: bool
    asked: str
    cut: float
    """The estimate from which on it ships."""
    rises: bool
    of_control: tuple[float, float, float] | None
    """The change and its range as shares of the control observed, where what it is held against is one."""

    def worded(self, benefit: float) -> str:
        """ "+0.58 pp", in the direction in which the metric is counted."""
        return signed(benefit if self.rises else -benefit, unit_of(self.metric))

    @property
    def least_in_words(self) -> str:
        """The least estimate that ships, written as one that does: never rounded down."""
        return self.worded(least_written(self.cut, unit_of(self.metric)))

    @property
    def selected(self) -> stats.Selected | None:
        """The same at the level of the test; None for a result that does not ship."""
        return self.corrected(1 - self.confidence) if self.met else None

    def corrected(self, alpha: float) -> stats.Selected:
        """What is left of a result that is shown because it passed, with its 1 - alpha range."""
        # A score test and its normal approximation may differ about a result on the edge.
        cut = min(self.cut, self.estimate)
        return stats.corrected_for_selection(self.estimate, self.standard_error, cut, alpha)

    @property
    def range(self) -> str:
        ends = (self.low, self.high) if self.rises else (-self.high, -self.low)
        return band(ends, unit_of(self.metric))

    @property
    def in_words(self) -> str:
        """ "Add-to-cart rate +0.58 pp, 95 % range +0.35 to +0.82 pp"."""
        return (
            f"{shown(self.name)} {self.worded(self.estimate)}, {percent(self.confidence)} range {self.range}"
        )


def result_of(scene: Scene) -> PrimaryResult | str:
    """The result, or why it is not on the page: it is withheld, or cannot be computed."""
    judgement = scene.judgement
    assert judgement is not None
    readout = judgement.readout
    try:
        path, metric = next(iter(readout.plan.primaries))
        test = primary_test_of(readout.plan, metric, path)
        at_look = at_its_look(readout)
        verdict = deciding(at_look, test, at_look.foremost)
    except Withheld as reason:
        return str(reason)
    except StopIteration:
        return "the plan names no primary metric"
    except NotChecked as missing:
        return f"not to be had: the plan does not say {missing.path[-1]}"
    except (Lacking, MoveError, ArithmeticError, stats.StatisticsInputError) as error:
        return f"not to be had: {error}"
    return _result(scene, at_look, test, verdict)


def at_its_look(readout: Readout) -> Readout:
    """The readout as it was decided on: in the test, at the last look or at the latest one since."""
    if readout.stage.position < 0:
        return readout
    if not readout.plan.ramp:
        raise NotChecked(("ramp",))
    first = need(readout.plan.ramp[0].treated, "ramp", 0, "treated")
    move = move_to(readout.plan, stage_name(first))
    return replace(readout, as_of=planned_looks(readout)[-1], move=move)


def _result(scene: Scene, readout: Readout, test: RegisteredTest, verdict: TestVerdict) -> PrimaryResult:
    seen, metric = verdict.look.seen, test.metric
    rises = test.harm == "decrease"
    sign = 1 if rises else -1
    estimate, error = sign * seen.difference.estimate, seen.difference.standard_error
    low, high = sorted(sign * end for end in verdict.look.interval)
    cut = _cut(readout, test, verdict)
    return PrimaryResult(
        metric=metric,
        path=test.path,
        name=called_by_people(metric, scene.policy.metrics),
        read_on=planned_looks(readout)[verdict.look.position].date(),
        estimate=estimate,
        low=low,
        high=high,
        standard_error=error,
        confidence=1 - 2 * verdict.look.tail,
        met=verdict.met,
        asked=verdict.asked,
        cut=cut,
        rises=rises,
        of_control=lift_beside_bounds(readout, test, verdict.look),
    )


def _cut(readout: Readout, test: RegisteredTest, verdict: TestVerdict) -> float:
    """The estimate from which on the registered test and the decision rule ship; bounds in per cent are of control."""
    seen, tail = verdict.look.seen, verdict.look.tail
    sign, rule = 1 if test.harm == "decrease" else -1, readout.plan.decision_rule

    def beyond(ratio: float) -> float:
        """The least benefit whose interval lies on the good side of so many times control."""
        return sign * (ratio - 1) * seen.control.value + _reach(seen.at(ratio), tail)

    if test.margin is not None:
        return beyond(test.null_ratio) if test.is_relative else _reach(seen.difference, tail) - test.margin
    cuts = [_reach(seen.difference, tail)]
    if rule is not None and (bound := rule.min_ci_lower) is not None:
        cuts.append(beyond(1 + sign * bound.value) if bound.relative else bound.value + cuts[0])
    if rule is not None and rule.min_lift is not None:
        cuts.append(rule.min_lift.absolute(seen.control.value))
    return max(cuts)


def _reach(contrast: stats.Contrast, tail: float) -> float:
    return contrast.critical(tail) * contrast.standard_error
