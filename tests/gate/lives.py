"""Harmless experiments from their first day to the end of their holdout, through the checks that can withdraw them.

Units are persons: they come, return after a while and go, each with a propensity that stays, and a hash that puts them
into an arm, the same in every stage. Of rates at 0.1 % only persons with an event are drawn one by one, which leaves the
law as it is: events of persons that come by a Poisson process are a Poisson process themselves. Rows are made of them as
a warehouse would, and judged by the checks of the gate. Stop rules that count days or weeks are asked on the last
morning of each stage, which sees every run in it; what sums up is asked on every morning, and in every hour of a plan
that is called hourly, on which a quick look finds it near its bound. ``test_lives.py`` asks on all of them, and finds
no more.

``python -m tests.gate.simulations --lives`` runs ten thousand lives and writes the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import numpy
from numpy.typing import NDArray
from scipy.stats import beta

from egp.gate.clock import zone_of
from egp.gate.move import MONITOR
from egp.gate.readout import Readout
from egp.gate.verdict import decide
from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.analysis.days import whole_days
from egp.plan.analysis.false_alarms import (
    days_alarm,
    harm_alarm,
    limit_alarm,
    limits,
    posterior_alarm,
    silence_alarm,
    weekly_alarm,
)
from egp.plan.analysis.stop_rules import control_stretch, stop_rule_metric
from egp.plan.experiment import Experiment
from egp.plan.results import Evidence, Results, Row
from egp.record.lock import made
from egp.rules.gate_check import Check, checks
from egp.stats import z_upper

from .worlds import CONTROL, DAY, TREATMENT, entry, plan_of

Floats = NDArray[numpy.float64]
Ints = NDArray[numpy.int64]

NEAR = 0.4
"""Standard errors before its bound from which on an alarm is asked."""

ARMS = (CONTROL, TREATMENT)
START = date(2023, 1, 23)


@dataclass(frozen=True)
class Stage:
    """A stretch of days, counted from the first day of the test. Persons with hashes in an arm's range are in it."""

    name: str
    first: int
    days: int
    control: tuple[float, float]
    treatment: tuple[float, float]

    @property
    def last(self) -> int:
        return self.first + self.days - 1

    def share(self, variant: str) -> float:
        low, high = self.control if variant == CONTROL else self.treatment
        return high - low


STAGES = (
    Stage("test", 0, 14, (0.45, 0.9), (0.0, 0.45)),
    Stage("70%", 15, 2, (0.7, 1.0), (0.0, 0.7)),
    Stage("90%", 17, 91, (0.9, 1.0), (0.0, 0.9)),
)
LAST = STAGES[-1].last
LEDGER = (entry(0.7, "2023-02-07T00:00:00-08:00"), entry(0.9, "2023-02-09T00:00:00-08:00"))


@dataclass(frozen=True)
class Habit:
    """How persons return, and what they do."""

    new_per_day: float
    active: Mapping[str, float]
    """Persons that come on a day and in a week."""
    visits: float
    """Mean visits of a person, geometric: with an event, of rates."""
    gap: float
    """Mean days between two of them, geometric."""
    stays: float = 0.0
    """Share of a visit's variance that stays with the person."""


@dataclass(frozen=True)
class Scenario:
    """A plan, and the persons that its metrics are measured on."""

    name: str
    changes: Mapping[str, Any]
    habit: Habit
    windows: Mapping[str, tuple[str, ...]]
    """Metric → the windows that it has rows of."""
    share: float = 0.3
    """Of all lives. Where every visit is drawn, and not events alone, a life takes ten times as long."""

    @cached_property
    def plan(self) -> Experiment:
        return plan_of(**self.changes)


def rate(name: str, baseline: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "kind": "proportion", "direction": "decrease", "baseline": baseline,
        "non_inferiority_margin": "10%", "action": "rollback", "covers": "safety", **more,
    }  # fmt: skip


def mean(name: str, baseline: float, std_dev: float, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "kind": "mean", "direction": "decrease", "baseline": baseline, "std_dev": std_dev,
        "non_inferiority_margin": "10%", "action": "rollback", "covers": "quality", **more,
    }  # fmt: skip


def by_posterior(metric: str, harm: str, probability: str, evaluated: str, least: int) -> dict[str, Any]:
    return {
        "id": f"{metric}_at_once", "metric": metric, "harm_exceeds": harm, "probability": probability, "prior": "flat",
        "evaluated": evaluated, "min_units_per_variant": least, "action": "rollback",
    }  # fmt: skip


def by_days(metric: str, harm: str, days: str, least: int) -> dict[str, Any]:
    return {
        "id": f"{metric}_for_days", "metric": metric, "harm_exceeds": harm, "for": days,
        "min_units_per_variant": least, "action": "rollback",
    }  # fmt: skip


def by_weeks(metric: str, weeks: str, least: int) -> dict[str, Any]:
    return {
        "id": f"{metric}_for_weeks", "metric": metric, "significant_harm_for": weeks,
        "min_units_per_variant": least, "action": "rollback",
    }  # fmt: skip


LARGE = Habit(340_000 / 14, {"day": 41_000.0, "week": 150_000.0}, visits=1.5, gap=6.0)
SMALL = Habit(10_000 / 14, {"day": 2_000.0, "week": 6_500.0}, visits=2.8, gap=3.0, stays=0.3)
MIDDLE = Habit(85_000 / 14, {"day": 10_000.0, "week": 38_000.0}, visits=1.3, gap=6.0)


def units(distinct: int, per_day: int) -> dict[str, Any]:
    return {
        "distinct_over_run": distinct,
        "per_day": per_day,
        "source": "uniques, 28 days",
        "as_of": "2023-01-10",
    }


SCENARIOS = (
    Scenario(
        "events at 0.1 %, every day",
        {
            "guardrail_metrics": [
                rate("refund_rate", "0.1%", limit={"max": "0.127%"}),
                rate("dispute_rate", "0.1%", covers="quality"),
            ],
            "stop_rules": [
                by_posterior("refund_rate", "25%", "97%", "daily", 20_000),
                by_posterior("dispute_rate", "40%", "97%", "daily", 5_000),
                by_weeks("dispute_rate", "3w", 5_000),
            ],
        },
        LARGE,
        {"refund_rate": ("cohort", "week"), "dispute_rate": ("cohort", "week")},
    ),
    Scenario(
        "persons that return, days and weeks in a row",
        {
            "eligible_units": units(10_000, 2_000),
            "primary_metric": {"mde": "3pp"},
            "sample_size_per_variant": 4_400,
            "guardrail_metrics": [
                mean("load_time", 1.9, 1.3, limit={"max": 2.2}),
                mean("contacts", 0.4, 0.7, covers="safety"),
            ],
            "stop_rules": [
                by_days("load_time", "21%", "2d", 400),
                by_days("contacts", "25%", "3d", 400),
                by_weeks("contacts", "2w", 1_000),
            ],
        },
        SMALL,
        {"load_time": ("cohort", "day", "week"), "contacts": ("cohort", "day", "week")},
        share=0.1,
    ),
    Scenario(
        "events at 0.4 %, every hour",
        {
            "eligible_units": units(85_000, 10_000),
            "primary_metric": {"mde": "1pp"},
            "sample_size_per_variant": 35_000,
            "guardrail_metrics": [
                rate("refund_rate", "0.4%"),
                rate("dispute_rate", "0.4%", covers="quality"),
            ],
            "stop_rules": [
                by_posterior("refund_rate", "10%", "99.3%", "hourly", 5_000),
                by_weeks("dispute_rate", "2w", 5_000),
            ],
        },
        MIDDLE,
        {"refund_rate": ("cohort", "week"), "dispute_rate": ("cohort", "week")},
    ),
    Scenario(
        "a limit within noise, every day and every week",
        {
            "eligible_units": units(85_000, 10_000),
            "primary_metric": {"mde": "1pp"},
            "sample_size_per_variant": 35_000,
            "guardrail_metrics": [
                rate("refund_rate", "1%", limit={"max": "1.25%"}),
                rate("dispute_rate", "0.5%", covers="quality"),
            ],
            "stop_rules": [
                by_posterior("refund_rate", "10%", "96%", "weekly", 5_000),
                by_weeks("dispute_rate", "2w", 5_000),
            ],
        },
        MIDDLE,
        {"refund_rate": ("cohort", "week"), "dispute_rate": ("cohort", "week")},
    ),
)


# Persons.


@dataclass(frozen=True)
class Visits:
    """Visits, or events, sorted by person and time; a person has one on a day at most."""

    person: Ints
    time: Floats
    """Days since the test began."""
    hash: Floats
    stays: Floats
    """The person's standard normal propensity, at each of its visits."""
    arrives: NDArray[numpy.bool_]
    """Whether it is the person's first visit ever."""


def visits_of(generator: numpy.random.Generator, habit: Habit, persons_per_day: float) -> Visits:
    """Persons that come at so many a day, long enough before that those of the first day are as mixed as later ones."""
    before = math.ceil(6 * habit.gap * habit.visits)
    persons = generator.poisson(persons_per_day * (LAST + 1 + before))
    number = generator.geometric(1 / habit.visits, persons)
    person = numpy.repeat(numpy.arange(persons), number)
    arrival = numpy.floor(generator.uniform(-before, LAST + 1, persons))
    gaps = generator.geometric(1 / habit.gap, person.size).astype(float)
    first = numpy.cumsum(number) - number
    gaps[first] = 0.0
    total = numpy.cumsum(gaps)
    day = arrival[person] + total - total[first][person]
    # Most come by day, and few at night.
    hour = 0.5 + 0.25 * (generator.uniform(-1, 1, day.size) + generator.uniform(-1, 1, day.size))
    seen = (day >= 0) & (day <= LAST)
    hashes, propensity = generator.uniform(0, 1, persons), generator.normal(0, 1, persons)
    kept = person[seen]
    arrives = numpy.zeros(person.size, dtype=bool)
    arrives[first] = True
    return Visits(kept, (day + hour)[seen], hashes[kept], propensity[kept], arrives[seen])


@dataclass(frozen=True)
class Sums:
    """Of one metric in one stage: units, sum and sum of squares of each arm, by day or week."""

    units: Floats
    """Arm, day."""
    sum: Floats
    squares: Floats


@dataclass(frozen=True)
class Life:
    """What was seen of one experiment: (metric, stage, window) → its sums."""

    scenario: Scenario
    sums: Mapping[tuple[str, str, str], Sums]
    moments: Mapping[tuple[str, str], tuple[Sums, Floats]] = field(default_factory=dict)
    """(metric, stage) → cohort sums by the hour, of a plan that is called hourly."""


def live(scenario: Scenario, generator: numpy.random.Generator) -> Life:
    sums: dict[tuple[str, str, str], Sums] = {}
    hourly: dict[tuple[str, str], tuple[Sums, Floats]] = {}
    habit = scenario.habit
    everyone = visits_of(generator, habit, habit.new_per_day) if habit.stays else None
    for _, metric in scenario.plan.guardrails:
        assert metric.id
        assert metric.baseline
        if everyone is None:
            share = metric.baseline.value
            seen = visits_of(generator, habit, habit.new_per_day * share)
            value = numpy.ones(seen.time.size)
        else:
            assert metric.std_dev
            seen, noise = everyone, generator.normal(0, 1, everyone.time.size)
            value = metric.baseline.value + metric.std_dev.value * (
                math.sqrt(habit.stays) * everyone.stays + math.sqrt(1 - habit.stays) * noise
            )
        for stage in STAGES:
            parts = _parts(seen, value, stage)
            # Of events the cohort has those of persons that are new, of which so many come on every day.
            new = _parts(seen, value, stage, seen.arrives) if everyone is None else parts
            for window in scenario.windows[metric.id]:
                sums[metric.id, stage.name, window] = _window(
                    new if window == "cohort" else parts, stage, window, everyone is None, habit, generator
                )
            if _is_hourly(scenario):
                hourly[metric.id, stage.name] = _by_the_hour(new, stage, sums, metric.id)
    return Life(scenario, sums, hourly)


def _is_hourly(scenario: Scenario) -> bool:
    return any(rule.evaluated == "hourly" for rule in scenario.plan.stop_rules)


Part = tuple[Ints, Floats, Floats]
"""Person, time since the stage began and value, of one arm."""


def _parts(
    seen: Visits, value: Floats, stage: Stage, among: NDArray[numpy.bool_] | None = None
) -> list[Part]:
    here = (seen.time >= stage.first) & (seen.time < stage.last + 1)
    here = here if among is None else here & among
    person, time, place, value = (
        seen.person[here],
        seen.time[here] - stage.first,
        seen.hash[here],
        value[here],
    )
    arms = []
    for low, high in (stage.control, stage.treatment):
        mine = (place >= low) & (place < high)
        arms.append((person[mine], time[mine], value[mine]))
    return arms


def _window(
    parts: Sequence[Part], stage: Stage, window: str, are_events: bool, habit: Habit,
    generator: numpy.random.Generator,
) -> Sums:  # fmt: skip
    """Sums over the units of each window; of events, units are a Poisson number and the sum counts persons."""
    length = 7 if window == "week" else 1
    number = stage.days // length
    arms: list[tuple[Floats, Floats, Floats]] = []
    for variant, (person, time, value) in zip(ARMS, parts, strict=True):
        period = time.astype(int) // length
        key = person if window == "cohort" else person * 200 + period
        starts = numpy.flatnonzero(numpy.diff(key, prepend=-1))
        if window == "cohort" or not starts.size:
            at, of_unit = period[starts], value[starts]
        else:
            at = period[starts]
            counts = numpy.diff(numpy.append(starts, key.size))
            of_unit = numpy.add.reduceat(value, starts) / counts
        kept = at < number
        at, of_unit = at[kept], of_unit[kept]
        count = numpy.bincount(at, minlength=number).astype(float)
        total = numpy.bincount(at, of_unit, minlength=number)
        squares = numpy.bincount(at, of_unit * of_unit, minlength=number)
        if are_events:
            expected = habit.new_per_day if window == "cohort" else habit.active[window]
            total = squares = count
            count = generator.poisson(expected * stage.share(variant), number).astype(float)
        arms.append((count, total.astype(float), squares.astype(float)))
    return Sums(*(numpy.array([arm[column] for arm in arms]) for column in range(3)))


def _by_the_hour(
    parts: Sequence[Part], stage: Stage, sums: Mapping[tuple[str, str, str], Sums], metric: str
) -> tuple[Sums, Floats]:
    """Cumulative cohort sums at the end of every hour, and how much of a day's units had come by then."""
    hours = numpy.arange(24)
    profile = numpy.clip((hours + 1) / 24, 0, 1)
    x = numpy.clip((profile - 0.5) / 0.25, -2, 2)
    come = numpy.where(x < 0, (x + 2) ** 2 / 8, 1 - (2 - x) ** 2 / 8)
    of_days = sums[metric, stage.name, "cohort"]
    before = numpy.cumsum(of_days.units, axis=1) - of_days.units
    units = (before[:, :, None] + numpy.floor(of_days.units[:, :, None] * come)).reshape(2, -1)
    total = []
    for person, time, _ in parts:
        starts = numpy.flatnonzero(numpy.diff(person, prepend=-1))
        by_hour = numpy.bincount((time[starts] * 24).astype(int), minlength=stage.days * 24)
        total.append(numpy.cumsum(by_hour)[: stage.days * 24].astype(float))
    return Sums(units, numpy.array(total), numpy.array(total)), come


# What is near its bound.


def near(life: Life, stage: Stage) -> tuple[set[int], set[int]]:
    """Moments of a stage on which something that sums up may sound: what withdraws, and the alarm that holds.

    Moments are days, from 0, or hours of a plan that is called hourly.
    """
    plan, withdraws, holds = life.scenario.plan, set[int](), set[int]()
    for position, rule in enumerate(plan.stop_rules):
        if rule.probability is not None:
            _, metric = stop_rule_metric(plan, position)
            z = _z(
                _so_far(life, metric.id or "", stage),
                metric.kind == "proportion",
                control_stretch(plan, position),
            )
            withdraws |= _moments(z > z_upper(1 - rule.probability) - NEAR)
    for limited in limits(plan):
        seen = _so_far(life, limited.metric.id or "", stage)
        value, count = seen.sum[1] / seen.units[1], seen.units[1]
        bound = limited.bound.value
        spread = (
            bound * (1 - bound) if limited.metric.kind == "proportion" else seen.squares[1] / count - value**2
        )
        z = limited.sign * (value - bound) / numpy.sqrt(spread / count)
        withdraws |= _moments(z > z_upper(LEVELS.limit_alpha) - NEAR - 0.2)
    bound = z_upper(LEVELS.harm_alpha / len(plan.guardrail_metrics))
    for _, metric in plan.guardrails:
        z = _z(_so_far(life, metric.id or "", stage), metric.kind == "proportion", 1.0)
        holds |= _moments(z > bound - NEAR)
    return withdraws, holds


def _moments(found: NDArray[numpy.bool_]) -> set[int]:
    return set(map(int, numpy.flatnonzero(found)))


def _so_far(life: Life, metric: str, stage: Stage) -> Sums:
    if life.moments:
        return life.moments[metric, stage.name][0]
    seen = life.sums[metric, stage.name, "cohort"]
    return Sums(*(numpy.cumsum(each, axis=1) for each in (seen.units, seen.sum, seen.squares)))


def _z(seen: Sums, is_rate: bool, ratio: float) -> Floats:
    """Roughly: standard errors by which the treatment exceeds so many times control."""
    count = numpy.maximum(seen.units, 2.0)
    value = seen.sum / count
    if is_rate:
        pooled = (seen.sum.sum(axis=0) + 0.5) / (count[0] + ratio * count[1])
        variance = pooled * ratio / count[1] + ratio**2 * pooled / count[0]
    else:
        spread = numpy.maximum(seen.squares / count - value**2, 1e-12) / count
        variance = spread[1] + ratio**2 * spread[0]
    z: Floats = (value[1] - ratio * value[0]) / numpy.sqrt(variance)
    return z


# Evidence.


@cache
def safety() -> tuple[Check, ...]:
    """What can withdraw a treatment."""
    return tuple(check for check in checks() if check.id in ("complete-data", "limit", "stop-rule"))


@cache
def named(check_id: str) -> tuple[Check, ...]:
    return tuple(check for check in checks() if check.id == check_id)


def evidence_rows(life: Life, stage: Stage, moment: int) -> list[Row]:
    """The rows there are after a day of a stage, from 0, or in an hour of it."""
    is_hourly = bool(life.moments)
    over = (moment + 1) // 24 if is_hourly else moment + 1
    rows: list[Row] = []
    for (metric, name, window), seen in life.sums.items():
        of = next(each for each in STAGES if each.name == name)
        if of.first > stage.first:
            continue
        days_over = over if of is stage else of.days
        if window == "cohort" and of is not stage:
            continue
        length = 7 if window == "week" else 1
        for at in range(days_over // length):
            day = START + (of.first + at * length) * DAY
            through = START + (stage.first + over - 1) * DAY if window == "cohort" else None
            rows += _rows(life, metric, of, window, day, seen, at, through)
    if is_hourly and (moment + 1) % 24:
        rows += _today(life, stage, moment, over)
    return rows


def _today(life: Life, stage: Stage, moment: int, over: int) -> Iterator[Row]:
    """What has come since midnight."""
    day = START + (stage.first + over) * DAY
    for (metric, name), (so_far, _) in life.moments.items():
        if name == stage.name:
            before = over * 24 - 1
            units, total = (
                each[:, moment] - (each[:, before] if before >= 0 else 0.0)
                for each in (so_far.units, so_far.sum)
            )
            for arm, variant in enumerate(ARMS):
                yield Row(
                    stage.name, "cohort", day, variant, metric, "", round(units[arm]), sum=float(total[arm]),
                    through=day,
                )  # fmt: skip


def _rows(
    life: Life, metric: str, stage: Stage, window: Any, day: date, seen: Sums, at: int, through: date | None
) -> Iterator[Row]:
    is_rate = not life.scenario.habit.stays
    for arm, variant in enumerate(ARMS):
        yield Row(
            stage.name, window, day, variant, metric, "", round(seen.units[arm, at]), sum=float(seen.sum[arm, at]),
            sum_squares=None if is_rate else float(seen.squares[arm, at]), through=through,
        )  # fmt: skip


def readout_at(life: Life, stage: Stage, moment: int) -> Readout:
    """On the morning after a day, or at the end of an hour."""
    plan = life.scenario.plan
    begin = datetime.combine(START + stage.first * DAY, datetime.min.time(), zone_of(plan))
    if life.moments:
        as_of = begin + timedelta(hours=moment + 1)
    else:
        as_of = begin + timedelta(days=moment + 1, hours=8)
    entered = tuple(each for each in LEDGER if each.entered is not None and each.entered <= as_of)
    results = made(Results, experiment=plan.id, as_of=as_of, revision=plan.revision, stages=entered)
    rows = tuple(sorted(evidence_rows(life, stage, moment), key=lambda row: row.key))
    return Readout(plan, Evidence(results, as_of, rows, (), ""), MONITOR, as_of)


# Lives.


@dataclass
class Tally:
    """Of so many lives."""

    lives: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    """Check that withdrew the treatment → how many lives."""
    held: int = 0
    """Lives that the alarm held at some time."""
    watched: int = 0
    """Lives of which every morning was asked whether metrics are alive."""
    not_alive: int = 0

    def add(self, other: Tally) -> None:
        self.lives += other.lives
        self.held += other.held
        self.watched += other.watched
        self.not_alive += other.not_alive
        for check, number in other.ended.items():
            self.ended[check] = self.ended.get(check, 0) + number

    @property
    def withdrawn(self) -> int:
        return sum(self.ended.values())


def judge(life: Life, *, everywhere: bool = False) -> tuple[str, bool]:
    """The check that withdraws it first, if any, and whether the alarm holds it at some time before that."""
    is_held = False
    for stage in STAGES:
        last = stage.days * (24 if life.moments else 1) - 1
        withdraws, holds = near(life, stage)
        moments = (
            range(last + 1) if everywhere else sorted({*withdraws, last} | (set() if is_held else holds))
        )
        for moment in moments:
            readout = None
            if everywhere or moment in withdraws or moment == last:
                readout = readout_at(life, stage, moment)
                decision = decide(readout, among=safety())
                if decision.verdict == "roll_back":
                    return decision.reasons[0].check, is_held
            if not is_held and (everywhere or moment in holds):
                readout = readout or readout_at(life, stage, moment)
                found = decide(readout, among=named("guardrail"))
                is_held = any(reading.state == "fail" for reading in found.readings)
    return "", is_held


def is_ever_not_alive(life: Life) -> bool:
    """Whether metric-alive holds it on any morning. False while there is no such check."""
    alive = named("metric-alive")
    return bool(alive) and any(
        any(
            reading.state == "fail"
            for reading in decide(readout_at(life, stage, moment), among=alive).readings
        )
        for stage in STAGES
        for moment in range(0, stage.days * (24 if life.moments else 1), 24 if life.moments else 1)
    )


def tally(at: int, lives: int, seed: Sequence[int], watched: int = 0) -> Tally:
    """So many lives of a scenario."""
    generator = numpy.random.default_rng(seed)
    found = Tally(lives=lives, watched=watched)
    for number in range(lives):
        life = live(SCENARIOS[at], generator)
        check, is_held = judge(life)
        if check:
            found.ended[check] = found.ended.get(check, 0) + 1
        found.held += is_held
        found.not_alive += number < watched and is_ever_not_alive(life)
    return found


BATCH = 25


WATCHED = 3
"""So many lives of every batch are asked on every morning whether their metrics are alive, which takes long."""


def run(lives: int, seed: int) -> list[Tally]:
    """Lives of every scenario, in batches on all cores; the same seed gives the same table however many there are."""
    batches = [
        (at, number, [seed, at, batch], min(WATCHED, number))
        for at in range(len(SCENARIOS))
        for batch, number in enumerate(_batches(round(lives * SCENARIOS[at].share)))
    ]
    found = [Tally() for _ in SCENARIOS]
    with ProcessPoolExecutor() as pool:
        for (at, *_), each in zip(batches, pool.map(tally, *zip(*batches, strict=True)), strict=True):
            found[at].add(each)
    return found


def _batches(lives: int) -> Iterator[int]:
    for begin in range(0, lives, BATCH):
        yield min(BATCH, lives - begin)


def predicted(plan: Experiment) -> dict[str, float]:
    """What hair-trigger adds up: check → the chance of its alarms, or a bound."""
    chance = weekly_alarm(plan, LEVELS)
    for position, rule in enumerate(plan.stop_rules):
        if rule.probability is not None:
            chance += posterior_alarm(plan, position, rule.probability, "exact").chance
        elif rule.for_ is not None:
            chance += days_alarm(plan, position, whole_days(rule.for_), "exact", LEVELS).chance
    return {
        "stop-rule": chance,
        "limit": sum(limit_alarm(plan, each, "exact", LEVELS).chance for each in limits(plan)),
        "complete-data": silence_alarm(plan),
    }


def table(tallies: Sequence[Tally]) -> str:
    """One row a scenario, and one of all."""
    lines = [
        "| plan | rolled back, at most | rolled back | by a limit, at most | by a limit | held by the alarm, computed | held by the alarm | held by metric-alive | lives |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    total = Tally()
    for scenario, each in zip(SCENARIOS, tallies, strict=True):
        total.add(each)
        expected = predicted(scenario.plan)
        lines.append(
            _line(
                scenario.name, each, _percent(sum(expected.values())), _percent(expected["limit"]),
                _percent(harm_alarm(scenario.plan, LEVELS).chance),
            )
        )  # fmt: skip
    lines.append(_line("all", total, "5.00 %", "", ""))
    return "\n".join(lines) + "\n"


def _line(name: str, each: Tally, most: str, of_limits: str, held: str) -> str:
    by_limit = each.ended.get("limit", 0)
    return (
        f"| {name} | {most} | {_share(each.withdrawn, each.lives)} | {of_limits} | {_share(by_limit, each.lives)} | {held} "
        f"| {_share(each.held, each.lives)} | {_counted(each.not_alive, each.watched)} | {each.lives:,} |"
    )


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _share(number: int, lives: int) -> str:
    if not lives:
        return ""
    share = number / lives
    error = math.sqrt(max(share * (1 - share), 1 / lives) / lives)
    return f"{share * 100:.2f} % ± {error * 100:.2f}"


def _counted(number: int, lives: int) -> str:
    """A count of rare cases, with its upper 95 % bound (Clopper & Pearson 1934)."""
    if not lives:
        return ""
    return f"{number} of {lives:,}, so at most {_percent(float(beta.ppf(0.95, number + 1, lives - number)))}"


def is_within(number: int, lives: int, most: float) -> bool:
    """Within three standard errors."""
    return number / lives <= most + 3 * math.sqrt(most * (1 - most) / lives)


def broken_promises(tallies: Sequence[Tally]) -> Iterator[str]:
    for scenario, each in zip(SCENARIOS, tallies, strict=True):
        most = min(0.05, sum(predicted(scenario.plan).values()))
        if each.lives and not is_within(each.withdrawn, each.lives, most):
            yield f"{scenario.name}: {each.withdrawn} of {each.lives} rolled back, at most {_percent(most)} promised"
        if each.watched and not is_within(each.not_alive, each.watched, 0.01):
            yield f"{scenario.name}: {each.not_alive} of {each.watched} held by metric-alive"
