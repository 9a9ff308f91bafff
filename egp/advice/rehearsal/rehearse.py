"""Rehearsing: lives of the plan's experiment on its population's past, each split at random many times, through the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.advice.past import PastError, plan_with_past
from egp.advice.rehearsal.computed import Computed, effects_of
from egp.advice.rehearsal.evidence import StageOfRun, stages_of_runs
from egp.advice.rehearsal.halves import split_of
from egp.advice.rehearsal.judging import Judge, RunResult
from egp.advice.rehearsal.starts import FEWEST, salted, starts
from egp.advice.rehearsal.tally import Rate, RunTally, Spread
from egp.advice.rehearsal.timeline import DAY, RehearsedLife, TimelineError, shortened, timeline
from egp.check.processes import in_parts
from egp.gate.clock import zone_of
from egp.plan.analysis.alarm_levels import LEVELS, levels_set_by
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.wording import counted, listing
from egp.policy.model import adopting, asked
from egp.policy.plan_history import judged_as, timing_of
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.buckets import Hashing
from egp.record.sources.warehouse.history import measured
from egp.record.sources.warehouse.lives import LifeAsked, Lives, QuantileCompared, StageOfLife
from egp.rules.gate_check import load

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.policy.model import Adopted, Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.sources.warehouse.measures import ComputedMetric

RUNS = 500
_PART = 2
"""Runs that a process takes to the gate at once: each takes as long as many plans do to be checked."""
_WEEK = 7


@dataclass(frozen=True, slots=True)
class RehearsalRequest:
    """What is requested, as on the command line."""

    warehouse: Queried
    as_of: date
    runs: int
    lives: int
    watched: int
    """Days for which the last stage is watched."""
    seed: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What became of the lives."""

    plan: Experiment
    source: PlanSource
    call: RehearsalRequest
    life: RehearsedLife
    """As it was rehearsed, in the plan's calendar."""
    history: tuple[date, date]
    starts: tuple[date, ...]
    """Of the lives, each with a salt of its own."""
    buckets: int
    tally: RunTally
    rates: tuple[Rate, ...]
    spreads: tuple[Spread, ...]
    quantiles: tuple[QuantileCompared, ...]
    not_rehearsed: tuple[str, ...] = field(default=())

    @property
    def is_off(self) -> bool:
        """Whether the past errs more, or finds less, than the plan computes."""
        return any(each.is_bad for each in self.rates) or any(each.is_bad for each in self.spreads)


def rehearse(source: PlanSource, finder: PlanFinder, policy: Policy, call: RehearsalRequest) -> Rehearsal:
    """Raises PastError, LockError, and ResultsError where the past cannot be read."""
    source, _, plan, catalogue, population = plan_with_past(source, finder, policy, call.as_of)
    traits = policy.traits_of(plan)
    timing = timing_of(plan, finder, policy, call.as_of)
    adopted = policy.adopted(judged_as(source, plan, finder, policy).in_policy, traits, timing).alone
    rules = {each.rule.id: each for each in adopted}
    found, left_out = measured(plan, catalogue)
    lives = Lives(call.warehouse, catalogue, population)
    first = lives.begin(plan, call.as_of)
    if first is None:
        raise PastError(
            f"history has nobody of {shown(population)} before {call.as_of}", "rehearse another time: --as-of"
        )
    earliest = first + max((each.history_days for each in found), default=0) * DAY
    whole = _timeline(plan, call, rules)
    life, days = _fitting(plan, whole, earliest, call)
    split = split_of(plan, life)
    asked_for = [
        LifeAsked(start, Hashing(salt, split.buckets))
        for start, salt in salted(days, call.seed, min(FEWEST, call.lives))
    ]
    stages = [
        StageOfLife(each.name, each.first, each.days, each.until, _measures(plan, each.name, found))
        for each in life.stages
    ]
    levels = adopting(rules, "most_false_alarms")
    computed = Computed(plan, life, levels_set_by(levels.params) if levels else LEVELS)
    effects = effects_of(plan)
    judge = Judge(
        plan, life, zone_of(plan), rules, policy.organisation(traits.tier),
        {
            check: load(check).params(**{name: value.value for name, value in options.items()})
            for check, options in policy.gate.items()
        },
        effects, call.seed,
    )  # fmt: skip
    runs: list[tuple[int, int, dict[str, StageOfRun]]] = []
    for number, buckets in enumerate(lives.of(plan, stages, asked_for)):
        ours = list(range(number, call.runs, len(asked_for)))
        orders = [split.order(call.seed, run) for run in ours]
        by_stage = {
            each.name: stages_of_runs(
                buckets[each.name], each.name, life.date(each.first), split.stages[each.name], orders
            )
            for each in life.stages
        }
        runs += [
            (run, number, {name: each[at] for name, each in by_stage.items()}) for at, run in enumerate(ours)
        ]
    results = _judged(judge, sorted(runs, key=lambda run: run[0]), call.warehouse.step)
    tally = RunTally(computed, effects, results, len(asked_for))
    return Rehearsal(
        plan, source, call, life, (first, call.as_of - DAY), tuple(each.start for each in asked_for), split.buckets, tally,
        tuple(tally.rates()), tuple(tally.spreads()), tuple(lives.compared),
        (*_not_rehearsed(plan, life), *(f"{shown(each.metric)}: {each.why}" for each in left_out)),
    )  # fmt: skip


def _judged(
    judge: Judge, runs: Sequence[tuple[int, int, dict[str, StageOfRun]]], step: Callable[[str], None]
) -> list[RunResult]:
    def judged(some: Sequence[tuple[int, int, dict[str, StageOfRun]]]) -> list[RunResult]:
        return [judge.run(*run) for run in some]

    def tick(done: int) -> None:
        step(f"{done:,} of {len(runs):,} runs through the gate")

    tick(0)
    return [result for part in in_parts(judged, runs, tick, part=_PART) for result in part]


def _timeline(plan: Experiment, call: RehearsalRequest, rules: dict[str, Adopted]) -> RehearsedLife:
    least = timedelta(hours=asked(rules, "hours_of_a_stage") or 0)
    try:
        return timeline(plan, call.watched, least)
    except NotChecked as error:
        raise PastError("the plan does not say when it runs", error.help or "add `schedule`") from None
    except TimelineError as error:
        raise PastError(str(error), "rehearse a plan with one run and a ramp") from None


def _fitting(
    plan: Experiment, whole: RehearsedLife, earliest: date, call: RehearsalRequest
) -> tuple[RehearsedLife, list[date]]:
    """As much of the life as fits into the history, with a week of starts where that leaves the test whole."""
    room = (call.as_of - earliest).days
    life = whole if whole.days <= room - _WEEK + 1 else shortened(plan, whole, room - _WEEK + 1)
    life = life or shortened(plan, whole, room)
    if life is None:
        message = f"history has {counted(max(room, 0), 'day')} before {call.as_of}, and the run with its readout takes more"
        raise PastError(message, "rehearse once there is more of it")
    return life, starts(earliest, call.as_of - life.days * DAY, call.lives)


def _measures(plan: Experiment, stage: str, found: Sequence[ComputedMetric]) -> tuple[ComputedMetric, ...]:
    """What the gate needs in a stage: all in the test; elsewhere guardrails, and what is watched."""
    if stage == TEST:
        return tuple(found)
    guardrails = {metric.name for metric in plan.guardrail_metrics}
    watched = guardrails | {rule.metric for rule in plan.stop_rules}
    limited = {metric.name for _, metric in plan.metrics if metric.limit is not None}
    return tuple(each for each in found if each.id in watched | limited)


def _not_rehearsed(plan: Experiment, life: RehearsedLife) -> list[str]:
    """What history is too short for, and what it does not have."""
    found = [f"{each}: history is too short" for each in life.left_out]
    last, until = life.stages[-1], plan.holdout.until if plan.holdout else None
    if not life.left_out and until is not None and last.treated is not None and until > life.last:
        more = (until - life.last).days
        found.append(
            f"the stage {last.name} after {counted(last.days, 'day')}: {counted(more, 'day')} more until the holdout ends"
        )
    treatments = [each.id for each in plan.variants or () if not each.control]
    if len(treatments) > 1:
        found.append(
            f"effects and ramp of {listing(map(shown, treatments[1:]))}: those of {shown(treatments[0])} are"
        )
    return [*found, "paperwork: registration, sign-offs, revision and change windows are taken as passed"]
