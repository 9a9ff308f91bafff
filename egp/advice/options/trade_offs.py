"""What a change of a plan gives up, read from the plan before and after: days, power, reach, evidence.

A change may come from anywhere, the advice of a rule included. What it costs is computed from the plans, so that no option
passes for free because nobody thought of its price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.days import as_local_day, first_day, planned_days, readout_day
from egp.plan.analysis.registered import (
    PRIMARY,
    assuming,
    guardrail_test,
    margin_of,
    metric_units,
    planned_units,
    power_at,
    primary_effect,
    size_of,
)
from egp.plan.analysis.traffic import units_that_come
from egp.plan.finding import NotChecked
from egp.plan.quantity import QuantityError
from egp.plan.remedy import PROPOSAL, Concession, TradeOff
from egp.plan.wording import called, counted, length, one_in, percent, power_text, times_over
from egp.stats import StatisticsInputError
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import MetricChange
    from egp.yaml import Path

_FELT = 0.001
"""Loss of power below which an option does not mention it."""

_LOST = (NotChecked, ArithmeticError, StatisticsInputError, QuantityError)


class LaterDays(NamedTuple):
    """How much later things come to pass. Negative where they come sooner."""

    readout: int = 0
    run: int = 0
    """Days of exposure more."""
    ramp: int = 0
    """Days by which the ramp starts later, beyond what the readout does."""
    stages: timedelta = timedelta(0)
    """Time in the stages of the ramp more."""

    @property
    def days(self) -> float:
        """Days until everybody may have the treatment, what comes sooner not counted against what comes later."""
        to_decision = max(self.readout, self.run, 0)
        return to_decision + max(self.ramp, 0) + max(self.stages / timedelta(days=1), 0.0)

    def words(self) -> Iterator[str]:
        """The delay in words, each that there is."""
        if self.run > max(self.readout, 0):
            stays = "" if self.readout else ", the readout stays where it is"
            yield f"{counted(self.run, 'more day')} of exposure{stays}"
        if self.readout:
            yield f"the readout is {_moved(self.readout)}"
        if self.ramp > 0:
            yield f"the ramp starts {_moved(self.ramp)}"
        if self.stages > timedelta(0):
            yield f"the ramp takes {length(self.stages)} longer"


def _moved(days: int) -> str:
    return f"{counted(abs(days), 'day')} {'later' if days > 0 else 'sooner'}"


def delay_between(before: Experiment, after: Experiment) -> LaterDays:
    """How much later one plan comes to its end than the other."""
    readout = _difference(readout_day, before, after)
    ramp = _difference(_ramp_start, before, after)
    run = _difference(planned_days, before, after)
    stages = _dwell(after) - _dwell(before) if len(after.ramp) == len(before.ramp) else timedelta(0)
    return LaterDays(readout, run, ramp - max(readout, 0), stages)


def _difference(of: Callable[[Experiment], object], before: Experiment, after: Experiment) -> int:
    """The difference of days or numbers of days; 0 where a plan does not say."""
    try:
        difference = of(after) - of(before)  # type: ignore[operator]
    except NotChecked:
        return 0
    return difference.days if isinstance(difference, timedelta) else int(difference)


def _ramp_start(plan: Experiment) -> object:
    start = plan.ramp[0].start if plan.ramp else None
    if start is None:
        raise NotChecked(("ramp", 0, "start"))
    return as_local_day(plan, start)


def _dwell(plan: Experiment) -> timedelta:
    return sum((stage.min_dwell or timedelta(0) for stage in plan.ramp), timedelta(0))


def prices_between(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """Everything that the plan after a change gives up."""
    for price in _PRICES:
        try:
            yield from price(before, after)
        except _LOST:
            continue


def _fewer_looks(before: Experiment, after: Experiment) -> Iterator[Concession]:
    looks = [len(plan.statistics.looks or ()) if plan.statistics else 0 for plan in (before, after)]
    if 0 < looks[1] < looks[0]:
        phrase = f"the primary metric is read {times_over(looks[1])} instead of {looks[0]} times"
        yield Concession(TradeOff.INSIGHT, phrase)


def _less_power(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """The power that a stricter test or a smaller sample costs, at the same effect."""
    if _mde(before) == _mde(after):
        powers = _power(before), _power(after)
        if powers[0] - powers[1] >= _FELT:
            phrase = f"the declared sample finds the MDE with {power_text(powers[1])} power instead of {power_text(powers[0])}"
            yield Concession(TradeOff.INSIGHT, phrase)


def _stricter_segments(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """What a correction costs the segments, the first of which has to pass at the strictest level."""
    corrections = [plan.statistics.correction if plan.statistics else None for plan in (before, after)]
    count, alpha = len(set(after.segments)), after.statistics.alpha if after.statistics else None
    if count < 2 or alpha is None or corrections[0] not in (None, "none") or corrections[1] in (None, "none"):
        return
    effect, units = primary_effect(after), planned_units(after) / count
    powers = [
        power_at(assuming(after, correction="none", alpha=level), effect, units)
        for level in (alpha, alpha / count)
    ]
    phrase = (
        f"tested at {percent(alpha / count)}, a segment with {one_in(1 / count)} of the units finds the MDE"
    )
    yield Concession(
        TradeOff.INSIGHT, f"{phrase} with {power_text(powers[1])} power instead of {power_text(powers[0])}"
    )


def _power(plan: Experiment) -> float:
    return power_at(plan, primary_effect(plan), planned_units(plan))


def _mde(plan: Experiment) -> MetricChange | None:
    return plan.primary_metric.mde if plan.primary_metric else None


def _larger_effect(before: Experiment, after: Experiment) -> Iterator[Concession]:
    new = _mde(after)
    if new is None or before.primary_metric is None:
        return
    old = _mde(before)
    if old is None:
        missed = f"true effects below {new} are missed more often than the policy accepts"
        yield Concession(TradeOff.SENSITIVITY, f"{missed}: the business has to agree that they do not matter")
    elif _size(after, new) > _size(before, old):
        phrase = f"true effects between {old} and {new} are missed more often than the policy accepts"
        yield Concession(TradeOff.SENSITIVITY, phrase)


def _size(plan: Experiment, size: MetricChange) -> float:
    assert plan.primary_metric is not None
    return size_of(size, plan.primary_metric, PRIMARY, "mde")


def _promised(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """Numbers that were too low to begin with: what stands behind the higher ones."""
    powers = [plan.statistics.power if plan.statistics else None for plan in (before, after)]
    samples = [plan.sample_size_per_variant for plan in (before, after)]
    if samples[0] == samples[1] and powers[0] != powers[1] and _mde(before) == _mde(after):
        yield Concession(
            TradeOff.NOTHING, f"the declared sample has {power_text(_power(before))} power already"
        )
    come = units_that_come(before)
    if samples[0] and samples[1] and samples[0] < samples[1] and come is not None and come >= samples[1]:
        yield Concession(TradeOff.NOTHING, "the units come anyway in this run")


def _other_unit(before: Experiment, after: Experiment) -> Iterator[Concession]:
    units = [plan.analysis_unit or plan.unit for plan in (before, after)]
    if units[0] != units[1]:
        phrase = f"baseline, spread and MDE are then those of a {called(units[1], 'unit')}, and have to be measured as such"
        yield Concession(TradeOff.EVIDENCE, phrase)


def _later_start(before: Experiment, after: Experiment) -> Iterator[Concession]:
    old, new = first_day(before), first_day(after)
    if old < new:
        yield Concession(TradeOff.NOTHING, f"what was exposed before {new} does not count")


def _less_reach(before: Experiment, after: Experiment) -> Iterator[Concession]:
    reaches = [plan.ramp[-1].treated if plan.ramp else None for plan in (before, after)]
    if reaches[0] and reaches[1] and reaches[1] < reaches[0]:
        until = after.holdout.until if after.holdout else None
        when = f"until {until}" if until else "after the ramp"
        phrase = f"{percent(reaches[0] - reaches[1])} of the eligible units do without the treatment {when}"
        yield Concession(TradeOff.NOTHING, phrase)


def _margins(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """Harm that is accepted, or launches that are held, because a margin moves."""
    for path, metric in after.guardrails:
        old = next((each for _, each in before.guardrails if each.id == metric.id), None)
        if old is None or old.non_inferiority_margin == metric.non_inferiority_margin:
            continue
        name, new = called(metric.id, "the guardrail"), metric.non_inferiority_margin
        if new is None:
            yield Concession(TradeOff.SENSITIVITY, f"no margin limits the harm to {name}")
        elif old.non_inferiority_margin is None or margin_of(metric, path) > margin_of(old, path):
            yield Concession(TradeOff.SENSITIVITY, f"up to {new} of harm to {name} is accepted as harmless")
        else:
            powers = _passing(before, old, path), _passing(after, metric, path)
            phrase = f"a harmless launch passes {name} with {power_text(powers[1])} power instead of {power_text(powers[0])}"
            yield Concession(TradeOff.NOTHING, phrase)


def _passing(plan: Experiment, metric: Metric, path: Path) -> float:
    test = guardrail_test(plan, metric, path)
    return stats.achieved_power(test, 0.0, metric_units(plan, metric, planned_units(plan)))


def _lower_bar(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """Less that is required of a result before it ships."""
    rules = before.decision_rule, after.decision_rule
    if rules[0] is None or rules[1] is None or after.primary_metric is None:
        return
    for key, phrase in (("min_lift", "its estimate"), ("min_ci_lower", "the lower end of its interval")):
        old, new = getattr(rules[0], key), getattr(rules[1], key)
        if old is None or (new is not None and _signed(after, new) >= _signed(before, old)):
            continue
        asked = f"{new} instead of {old}" if new is not None else f"nothing instead of {old}"
        yield Concession(TradeOff.SENSITIVITY, f"of {phrase} a launch has to show {asked}")


def _signed(plan: Experiment, size: MetricChange) -> float:
    baseline = plan.primary_metric.baseline if plan.primary_metric else None
    return size.absolute(baseline.value if baseline else 0.0)


def _slower_alarm(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """Stop rules that take more before they fire."""
    for rule in after.stop_rules:
        old = next((each for each in before.stop_rules if each.id == rule.id), None)
        if old is None or not old.probability or not rule.probability:
            continue
        if old.probability < rule.probability:
            name = called(rule.id, "the rule")
            phrase = f"{name} waits for {percent(rule.probability)} certainty of harm instead of {percent(old.probability)}, so real harm lasts longer"
            yield Concession(TradeOff.SENSITIVITY, phrase)


def _proposals(before: Experiment, after: Experiment) -> Iterator[Concession]:
    """Agreements that the plan did not have, and that no rule can make for people."""
    is_new = (
        (before.decision_rule is None) != (after.decision_rule is None)
        or (before.rollback is None) != (after.rollback is None)
        or any(old != new and _is_filled(old, new) for old, new in zip(before.stop_rules, after.stop_rules, strict=False))
    )  # fmt: skip
    if is_new:
        yield PROPOSAL


def _is_filled(old: object, new: object) -> bool:
    """Whether something is said where nothing was."""
    values = vars(old), vars(new)
    return any(values[0].get(key) is None and value is not None for key, value in values[1].items())


_PRICES = (
    _fewer_looks, _less_power, _stricter_segments, _larger_effect, _promised, _other_unit, _later_start, _less_reach, _margins, _lower_bar,
    _slower_alarm, _proposals,
)  # fmt: skip
