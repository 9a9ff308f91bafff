"""What the plan computes of the very life that is rehearsed: its alarms, its levels, its power."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from egp import stats
from egp.advice.rehearsal.judging import Effect, FiredTrigger
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
from egp.plan.wording import listing

if TYPE_CHECKING:
    from egp.advice.rehearsal.timeline import LifeStage, RehearsedLife
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.experiment import Experiment, Metric, StopRule
    from egp.plan.quantity import MetricChange
    from egp.yaml import Path

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Alarm:
    """What may withdraw a harmless treatment."""

    triggers: tuple[FiredTrigger, ...]
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
    life: RehearsedLife
    levels: AlarmLevels

    @property
    def until(self) -> Experiment:
        """The plan, watched no longer than the life is rehearsed."""
        kept = [each for each in self.life.stages if each.treated is not None]
        ramp = self.plan.ramp[: sum(each.name != CANARY for each in kept)]
        holdout = self.plan.holdout and changed(self.plan.holdout, until=self.life.last)
        return changed(self.plan, ramp=ramp, holdout=holdout)

    def alarms(self, units: float | None) -> Iterator[Alarm]:
        """Everything that rolls back by itself, in the order of the plan; so many units are in the smaller variant at the readout."""
        until = self.until
        by_weeks: dict[tuple[str, int], list[str]] = {}
        for position, rule in enumerate(self.plan.stop_rules):
            if rule.action == "hold":
                continue
            of = _name_of(self.plan, rule.metric)
            if rule.significant_harm_for is not None:
                weeks = rule.significant_harm_for // timedelta(weeks=1)
                by_weeks.setdefault((of, weeks), []).append(rule.id or "")
            else:
                chance = _or_none(partial(self._of_rule, until, position, rule))
                yield Alarm(
                    (FiredTrigger("stop-rule", of, rule.id or ""),), f"stop rule {shown(rule.id)}", chance
                )
        for _, guardrail in self.plan.guardrails:
            # Whatever the plan says, and also below the minimum of units that a rule of its own has.
            if guardrail.kind != "quantile" or (guardrail.name, BAD_WEEKS) in by_weeks:
                by_weeks.setdefault((guardrail.name, BAD_WEEKS), []).append("")
        for (name, weeks), rules in by_weeks.items():
            yield self._of_weeks(name, weeks, rules)
        for limited in limits(self.plan):
            if limited.rolls_back:
                name = f"limit of {shown(limited.metric.id)}"
                chance = _or_none(partial(self._of_limit, until, limited))
                yield Alarm((FiredTrigger("limit", limited.metric.name),), name, chance)
        yield Alarm(
            (FiredTrigger("complete-data"),),
            "silence of the treatment",
            _or_none(lambda: silence_alarm(until)),
        )
        for path, metric in self.plan.guardrails if self.has_test and units else ():
            if metric.action == "rollback" and metric.non_inferiority_margin is not None:
                name = f"harm of {shown(metric.id)} beyond its margin at the readout"
                yield Alarm(
                    (FiredTrigger("guardrail", metric.name),),
                    name,
                    self._beyond_margin(path, metric, units or 0.0),
                )

    def _beyond_margin(self, path: Path, metric: Metric, units: float) -> float | None:
        """That a harmless guardrail looks significantly worse than its margin: as far from it as the power lets expect."""
        power = self.power_of_guardrail(path, metric, units)
        alpha = _or_none(lambda: guardrail_alpha(self.plan))
        if power is None or alpha is None or not 0 < power < 1:
            return None if power is None or alpha is None else 0.0
        return stats.normal_sf(2 * stats.z_upper(alpha) + stats.z_upper(1 - power))

    def held(self, check: str, *, is_readout: bool) -> float | None:
        """Chance, at most, that a check of the gate holds one raise without a reason."""
        statistics = self.plan.statistics
        if check == "sample-ratio":
            return (statistics.srm_alpha if statistics else None) or None
        if check == "guardrail" and not is_readout:
            return self.levels.harm_alpha
        return None

    def _of_limit(self, until: Experiment, limited: Limited) -> float:
        return limit_alarm(until, limited, "exact", self.levels).chance

    def _of_rule(self, until: Experiment, position: int, rule: StopRule) -> float:
        if rule.probability is not None:
            return posterior_alarm(until, position, rule.probability, "exact").chance
        if rule.for_ is not None:
            return days_alarm(until, position, whole_days(rule.for_), "exact", self.levels).chance
        raise NotChecked(("stop_rules", position, "probability"))

    def _of_weeks(self, metric: str, weeks: int, rules: Sequence[str]) -> Alarm:
        runs = sum(max(0, length - weeks + 1) for length in weeks_in_a_row(self.life.stages))
        share = share_of_a_run(self.plan, weeks, self.levels)
        named = [f"stop rule {shown(rule)}" for rule in rules if rule]
        name = listing(named or [f"{weeks} bad weeks of {shown(metric)}"])
        triggers = tuple(FiredTrigger("stop-rule", metric, rule) for rule in rules)
        return Alarm(triggers, name, None if share is None else runs * share, can_sound=runs > 0)

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
            found.append(Effect(f"MDE of {metric.name}", False, path, metric, _change(metric.mde, sign)))
    margins = [*(plan.primaries if plan.type == "non_inferiority" else ()), *plan.guardrails]
    for path, metric in margins:
        if metric.non_inferiority_margin is not None:
            sign = -1 if metric.direction == "increase" else 1
            found.append(
                Effect(
                    f"margin of {metric.name}",
                    True,
                    path,
                    metric,
                    _change(metric.non_inferiority_margin, sign),
                )
            )
    return found


def _change(change: MetricChange, sign: int) -> Callable[[float], float]:
    return lambda control: sign * change.absolute(control) / control if control else 0.0
