"""What the plan computes of the very life that is rehearsed: its alarms, its levels, its power."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from egp import stats
from egp.advice.rehearsal.judging import Effect, Trigger
from egp.plan.analysis.days import whole_days
from egp.plan.analysis.false_alarms import (
    Limited,
    days_alarm,
    limit_alarm,
    limits,
    posterior_alarm,
    silence_alarm,
)
from egp.plan.analysis.registered import (
    guardrail_alpha,
    guardrail_test,
    has_primary_test,
    is_sequential,
    metric_units,
    power_at,
    primary_control_units,
    primary_effect,
    primary_test,
)
from egp.plan.analysis.stop_rules import BAD_WEEKS, share_of_a_run
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.results import CANARY
from egp.plan.typed_reader import changed

if TYPE_CHECKING:
    from egp.advice.rehearsal.timeline import LifeStage, Timeline
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.experiment import Experiment, Metric, StopRule
    from egp.plan.quantity import MetricChange
    from egp.yaml import Path

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Alarm:
    """What may withdraw a harmless treatment."""

    trigger: Trigger
    name: str
    chance: float | None
    """Over the part of the life that is rehearsed; None where the plan does not compute it."""
    is_most: bool = True
    can_sound: bool = True
    """Whether the rehearsed part of the life is long enough for it."""


@dataclass(frozen=True, slots=True)
class Computed:
    """The plan's arithmetic for a life, as a plan whose watch ends where the rehearsal does."""

    plan: Experiment
    life: Timeline
    levels: AlarmLevels

    @property
    def until(self) -> Experiment:
        """The plan, watched no longer than the life is rehearsed."""
        kept = [each for each in self.life.stages if each.treated is not None]
        ramp = self.plan.ramp[: sum(each.name != CANARY for each in kept)]
        holdout = self.plan.holdout and changed(self.plan.holdout, until=self.life.last)
        return changed(self.plan, ramp=ramp, holdout=holdout)

    def alarms(self) -> Iterator[Alarm]:
        """Everything that rolls back by itself, in the order of the plan."""
        until = self.until
        seen: set[tuple[str, int]] = set()
        for position, rule in enumerate(self.plan.stop_rules):
            if rule.action == "hold":
                continue
            trigger = Trigger("stop-rule", _name_of(self.plan, rule.metric), rule.id or "")
            name = f"stop rule {shown(rule.id)}"
            if rule.significant_harm_for is not None:
                weeks = rule.significant_harm_for // timedelta(weeks=1)
                seen.add((trigger.metric, weeks))
                yield self._of_weeks(trigger, name, weeks)
            else:
                yield Alarm(trigger, name, _or_none(partial(self._of_rule, until, position, rule)))
        for _, metric in self.plan.guardrails:
            if metric.kind != "quantile" and (metric.name, BAD_WEEKS) not in seen:
                trigger = Trigger("stop-rule", metric.name)
                yield self._of_weeks(trigger, f"{BAD_WEEKS} bad weeks of {shown(metric.id)}", BAD_WEEKS)
        for limited in limits(self.plan):
            if limited.rolls_back:
                chance = _or_none(partial(self._of_limit, until, limited))
                yield Alarm(
                    Trigger("limit", limited.metric.name), f"limit of {shown(limited.metric.id)}", chance
                )
        yield Alarm(
            Trigger("complete-data"), "silence of the treatment", _or_none(lambda: silence_alarm(until))
        )
        if has_primary_test(self.plan):
            for _, metric in self.plan.guardrails:
                if metric.action == "rollback" and metric.non_inferiority_margin is not None:
                    name = f"harm of {shown(metric.id)} beyond its margin at the readout"
                    alpha = _or_none(lambda: guardrail_alpha(self.plan))
                    yield Alarm(Trigger("guardrail", metric.name), name, alpha)

    def _of_limit(self, until: Experiment, limited: Limited) -> float:
        return limit_alarm(until, limited, "exact", self.levels).chance

    def _of_rule(self, until: Experiment, position: int, rule: StopRule) -> float:
        if rule.probability is not None:
            return posterior_alarm(until, position, rule.probability, "exact").chance
        if rule.for_ is not None:
            return days_alarm(until, position, whole_days(rule.for_), "exact", self.levels).chance
        raise NotChecked(("stop_rules", position, "probability"))

    def _of_weeks(self, trigger: Trigger, name: str, weeks: int) -> Alarm:
        runs = sum(max(0, length - weeks + 1) for length in weeks_in_a_row(self.life.stages))
        share = share_of_a_run(self.plan, weeks, self.levels)
        return Alarm(trigger, name, None if share is None else runs * share, can_sound=runs > 0)

    def test_level(self) -> float | None:
        """How often the primary's test finds something where there is nothing; None where several looks share the level."""
        if is_sequential(self.plan) or not has_primary_test(self.plan) or self.plan.type == "non_inferiority":
            return None
        return _or_none(lambda: primary_test(self.plan).alpha)

    def shipped_by_chance(self) -> float | None:
        """At most, of a treatment without an effect: what the test finds on the good side."""
        if self.plan.type == "non_inferiority":
            return None
        return _or_none(lambda: primary_test(self.plan).alpha / primary_test(self.plan).sides)

    @property
    def has_test(self) -> bool:
        return has_primary_test(self.plan)

    def level_of_margin(self, path: Path) -> float | None:
        """How often a metric that is harmed by its margin is passed, at most."""
        if path[0] == "guardrail_metrics":
            return _or_none(lambda: guardrail_alpha(self.plan))
        return _or_none(lambda: primary_test(self.plan).alpha / primary_test(self.plan).sides)

    def power_of_primary(self, units: float) -> float | None:
        return _or_none(lambda: power_at(self.plan, primary_effect(self.plan), units))

    def power_of_guardrail(self, path: Path, metric: Metric, units: float) -> float | None:
        """To rule out its margin, where it is not harmed."""

        def power() -> float:
            test = guardrail_test(self.plan, metric, path)
            return stats.achieved_power(test, 0.0, metric_units(self.plan, metric, units))

        return _or_none(power)

    def power_of_decision(self, units: float) -> float | None:
        """To ship the MDE where no guardrail is harmed."""

        def power() -> float:
            guardrails = [
                (path, metric)
                for path, metric in self.plan.guardrails
                if metric.non_inferiority_margin is not None
            ]
            return stats.decision_power(
                primary_test(self.plan), primary_effect(self.plan), primary_control_units(self.plan, units),
                [guardrail_test(self.plan, metric, path) for path, metric in guardrails],
                guardrail_units=[metric_units(self.plan, metric, units) for _, metric in guardrails],
            ).power  # fmt: skip

        return _or_none(power)


def weeks_in_a_row(stages: Sequence[LifeStage]) -> list[int]:
    """Whole weeks of each stage; those of a stage that begins where a whole week ended go on with them."""
    found: list[int] = []
    end = None
    for stage in stages:
        weeks = stage.days // _WEEK
        if not weeks:
            continue
        if end == stage.first:
            found[-1] += weeks
        else:
            found.append(weeks)
        end = stage.first + weeks * _WEEK
    return found


def _name_of(plan: Experiment, metric: str | None) -> str:
    return next((each.name for _, each in plan.metrics if each.id == metric), metric or "")


def _or_none(compute: Callable[[], float]) -> float | None:
    """What cannot be computed is not compared."""
    try:
        return compute()
    except (NotChecked, stats.StatisticsInputError, ArithmeticError):
        return None


def effects_of(plan: Experiment) -> list[Effect]:
    """The effect worth finding, of the primary, and harm of its margin, of each guardrail."""
    found: list[Effect] = []
    if not has_primary_test(plan):
        return found
    for path, metric in plan.primaries:
        if plan.type != "non_inferiority" and metric.mde is not None:
            sign = 1 if metric.direction == "increase" else -1
            found.append(Effect(f"MDE of {metric.name}", path, metric, _change(metric.mde, sign)))
    margins = [*(plan.primaries if plan.type == "non_inferiority" else ()), *plan.guardrails]
    for path, metric in margins:
        if metric.non_inferiority_margin is not None:
            sign = -1 if metric.direction == "increase" else 1
            found.append(
                Effect(f"margin of {metric.name}", path, metric, _change(metric.non_inferiority_margin, sign))
            )
    return found


def _change(change: MetricChange, sign: int) -> Callable[[float], float]:
    return lambda control: sign * change.absolute(control) / control if control else 0.0
