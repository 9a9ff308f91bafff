"""Lives of a plan in a simulated history, in buckets, and what becomes of their runs: what the tests of rehearsals begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from egp.advice.rehearsal.computed import Computed, effects_of
from egp.advice.rehearsal.evidence import stages_of_runs
from egp.advice.rehearsal.halves import Split, split_of
from egp.advice.rehearsal.judging import Judge, RunResult
from egp.advice.rehearsal.starts import salted, starts
from egp.advice.rehearsal.tally import RunTally, Spread
from egp.advice.rehearsal.timeline import DAY, RehearsedLife, timeline
from egp.gate.clock import zone_of
from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.catalogue import MetricCatalogue
from egp.plan.experiment import Experiment
from egp.plan.results import TEST
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.buckets import Hashing
from egp.record.sources.warehouse.history import measured
from egp.record.sources.warehouse.lives import LifeAsked, Lives, QuantileCompared, StageInBuckets, StageOfLife
from egp.record.sources.warehouse.measures import ComputedMetric
from egp.rules.rule_inputs import Organisation

from . import history


@dataclass(frozen=True)
class PastLives:
    """What the warehouse has of some lives."""

    plan: Experiment
    life: RehearsedLife
    split: Split
    asked: list[LifeAsked]
    stages: list[dict[str, StageInBuckets]]
    compared: list[QuantileCompared]


def lives_of(
    history_db: Path,
    plan: Experiment,
    catalogue: MetricCatalogue,
    computed: Callable[[ComputedMetric], ComputedMetric] = lambda each: each,
    *,
    of_test_alone: bool = False,
) -> PastLives:
    """Three lives: all their metrics in the test, and guardrails in the stages of the ramp. ``computed`` changes what the warehouse
    is asked to compute."""
    life = timeline(plan, 1)
    split = split_of(plan, life)
    source = Lives(Queried(f"duckdb:///{history_db}", str(history_db.parent)), catalogue, "everyone")
    found, left_out = measured(plan, catalogue)
    assert not left_out
    first = history.FIRST + (1 + max(each.history_days for each in found)) * DAY
    days = salted(starts(first, history.AS_OF - life.days * DAY, 3), 1, 3)
    asked = [LifeAsked(start, Hashing(salt, split.buckets)) for start, salt in days]
    guardrails = {metric.name for metric in plan.guardrail_metrics}
    stages = [
        StageOfLife(
            each.name, each.first, each.days, each.until,
            tuple(computed(one) for one in found if each.name == TEST or one.id in guardrails),
        )
        for each in (life.stages[:1] if of_test_alone else life.stages)
    ]  # fmt: skip
    return PastLives(plan, life, split, asked, list(source.of(plan, stages, asked)), source.compared)


Faulty = Callable[[StageInBuckets], StageInBuckets]


def as_it_was(stage: StageInBuckets) -> StageInBuckets:
    return stage


def rehearsed(
    lives: PastLives,
    runs: int,
    every_day: bool = False,
    fault: Faulty = as_it_was,
    effects: bool | str = False,
) -> RunTally:
    calls = (
        lives.life.calls if every_day else [each for each in lives.life.calls if each.move.kind != "monitor"]
    )
    ours = lives.life.stages if every_day else lives.life.stages[:1]
    life = replace(
        lives.life, calls=tuple(each for each in calls if each.stage in {stage.name for stage in ours})
    )
    told = [each for each in effects_of(lives.plan) if effects in (True, each.metric.name)]
    judge = Judge(lives.plan, life, zone_of(lives.plan), {}, Organisation(), {}, told, 1)
    results: list[RunResult] = []
    for number, stages in enumerate(lives.stages):
        numbers = list(range(number, runs, len(lives.stages)))
        orders = [lives.split.order(1, run) for run in numbers]
        by_stage = {
            each.name: stages_of_runs(
                fault(stages[each.name]),
                each.name,
                life.date(each.first),
                lives.split.stages[each.name],
                orders,
            )
            for each in ours
        }
        for at, run in enumerate(numbers):
            results.append(judge.run(run, number, {name: found[at] for name, found in by_stage.items()}))
    return RunTally(Computed(lives.plan, life, LEVELS), told, results, len(lives.stages))


def spreads(tally: RunTally) -> dict[str, Spread]:
    return {each.metric: each for each in tally.spreads()}
