"""What the nearest mistakes would have said, and what the registered test really delivers then."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from egp import stats
from egp.plan.analysis.design import Design
from egp.plan.power.calculator import PowerAnswer, design_of
from egp.plan.power.question import power_of_test
from egp.plan.quantity import MetricChange
from egp.plan.wording import share_text
from egp.stats.values import replace

_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Mistake:
    """``says`` is in what was requested: units of the smallest variant, absolute effect or margin, or power.

    ``delivers`` is the power of the registered test at the size or effect the mistake says; where power was wanted
    for, the power it has.
    """

    id: str
    name: str
    says: float
    delivers: float


def mistakes(answer: PowerAnswer) -> list[Mistake]:
    """Those that apply to this question and change its answer."""
    found = []
    for id, name, solve in _candidates(answer):
        try:
            says = solve()
            delivers = _delivered(answer, says)
        except (ArithmeticError, stats.StatisticsInputError):
            # A mistake without a number is none that anybody makes.
            continue
        right = _right(answer)
        if abs(says - right) > _SAME * abs(right):
            found.append(Mistake(id, name, says, delivers))
    return found


def _right(answer: PowerAnswer) -> float:
    return {"units": answer.units, "power": answer.power}.get(answer.solved, answer.distance)


def _delivered(answer: PowerAnswer, says: float) -> float:
    if answer.solved == "power":
        return answer.power
    if answer.solved == "units":
        return answer.design.power(answer.distance, says)
    return answer.design.power(says, answer.units)


def _candidates(answer: PowerAnswer) -> Iterator[tuple[str, str, Callable[[], float]]]:
    question, design, test = answer.question, answer.design, answer.design.test
    if answer.solved != "power" and answer.power > 0.8:
        yield "power_80", "80 % power", lambda: _solved(answer, design, 0.8)
    if not question.non_inferiority and answer.solved != "power":
        z = f"{stats.z_upper(question.alpha / 2):.3g}"
        yield "shortcut", f"the {z} shortcut", lambda: _shortcut(answer)
    if question.sides == 2:
        one_sided = design_of(replace(question, sides=1))
        yield "one_sided", f"one-sided {share_text(question.alpha)}", lambda: _solved(answer, one_sided)
    if question.treatments > 1 and question.correction != "none":
        uncorrected = replace(design, test=replace(test, alpha=question.alpha))
        yield "no_correction", "no correction", lambda: _solved(answer, uncorrected)
    if design.sequence is not None:
        single = replace(design, sequence=None)
        yield "single_look", "looks for free", lambda: _solved(answer, single)
    if question.power_scope == "decision" and question.power is not None:
        overall = question.power
        yield "primary_only", "no guardrails", lambda: _solved(answer, design, overall)
    other = other_reading(answer)
    if other is not None:
        name, distance = other
        yield "other_reading", name, lambda: _solved(answer, design, distance=distance)


def _solved(
    answer: PowerAnswer, design: Design, power: float | None = None, distance: float | None = None
) -> float:
    power = answer.power if power is None else power
    distance = answer.distance if distance is None else distance
    if answer.solved == "units":
        return design.units(distance, power)
    if answer.solved == "power":
        return design.power(distance, answer.units)
    return design.detectable(power, answer.units)


def _shortcut(answer: PowerAnswer) -> float:
    """z·sd·√(2/n) solved for what is wanted: half the width of an interval, found half of the time."""
    test = answer.design.test
    variance = test.baseline * (1 - test.baseline) if test.std_dev is None else test.std_dev**2
    z = stats.z_upper(answer.question.alpha / 2)
    width_of_one = z * math.sqrt(2 * variance * test.variance_factor)
    if answer.solved == "units":
        return (width_of_one / answer.distance) ** 2
    return width_of_one / math.sqrt(answer.units)


def other_reading(answer: PowerAnswer) -> tuple[str, float] | None:
    """A relative change taken for an absolute one, or the other way round, where the number could be either."""
    change, baseline = answer.question.change, answer.question.baseline
    if change is None or baseline.unit not in ("share", "") or not baseline.value:
        return None
    if change.relative:
        points = baseline.unit == "share"
        name = f"{change.value * 100:.6g} pp" if points else f"{change.value:.6g}"
        return f"{name} absolute", change.value
    return _as_relative(change, abs(baseline.value))


def _as_relative(change: MetricChange, baseline: float) -> tuple[str, float]:
    """Points are read as per cent; a plain number as a share of the baseline."""
    return f"{change.value * 100:.6g} % relative", change.value * baseline


@dataclass(frozen=True, slots=True)
class Reach:
    """What it would take to have the usual power, where the power of a given test was requested."""

    power: float
    units: float | None
    distance: float | None


def reach(answer: PowerAnswer) -> Reach | None:
    """Size or effect for the usual power; None where power was not the question, or is enough."""
    wanted = answer.planned_power
    if answer.solved != "power" or answer.power >= wanted:
        return None
    return Reach(
        power_of_test(answer.question, 0.95),
        _or_none(lambda: answer.design.units(answer.distance, wanted)),
        _or_none(lambda: answer.design.detectable(wanted, answer.units)),
    )


def _or_none(solve: Callable[[], float]) -> float | None:
    try:
        return solve()
    except (ArithmeticError, stats.StatisticsInputError):
        # Not even the largest possible effect, or size, would do.
        return None
