"""The solver's levers: each moves one free input of a plan as far as it takes, and no further.

A lever computes where the input has to be and yields candidates; several of them when only a judgement can tell
which is enough, the least first. Consequential settings come along: the declared sample, the looks, the ramp.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from egp.plan.analysis.by_day import units_after
from egp.plan.analysis.days import day_after, first_day, last_day, last_exposure, schedule_of, unpaused
from egp.plan.analysis.registered import (
    PRIMARY,
    detectable_at,
    has_primary_test,
    primary_effect,
    required_power,
    required_smallest,
)
from egp.plan.analysis.rescheduling import ENROLMENT_END, settings_of_run
from egp.plan.analysis.ruled_out import ruled_out
from egp.plan.analysis.traffic import arriving_units, holdout_share, smallest_share, treated_share
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import QuantityError
from egp.plan.remedy import Candidate, TradeOff
from egp.plan.typed_reader import label
from egp.plan.wording import at_least_like, called, count_in_plan, counted, share_in_plan
from egp.stats import StatisticsInputError
from egp.stats.values import NamedTuple
from egp.yaml import Path
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.plan.experiment import Experiment, Metric

_MOST_WEEKS = 4
"""Longer runs are not offered: what their days would bring is anybody's guess."""
_STRONGEST_CORRELATION = 0.9
"""Of a metric with its own past; beyond it nobody would believe the plan."""
_SAMPLE: Path = ("sample_size_per_variant",)
_EXPOSURE: Path = ("schedule", "exposure")
_DISTINCT: Path = ("eligible_units", "distinct_over_run")
_CUPED: Path = ("statistics", "variance_reduction")

Lever = Callable[["Case", Path], Iterator[Candidate]]
"""What frees a case from a finding at a path."""


@dataclass(frozen=True, slots=True)
class _Need:
    """What the primary's test takes at the power the policy requires, with what the plan brings."""

    required: int
    declared: int
    come: int
    plan: Experiment
    """The plan at that power."""


def policy_power(case: Case) -> float:
    """The power that the plan has to have: what the policy requires, or more if the plan promises more."""
    floor = case.asked("least_power")
    try:
        declared = required_power(case.plan)
    except NotChecked:
        declared = 0.0
    power = max(declared, floor or 0.0)
    if not power:
        raise NotChecked(("statistics", "power"))
    return power


def _need(case: Case) -> _Need:
    if not has_primary_test(case.plan):
        raise NotChecked(("primary_metric",))
    plan = _with_power(case.plan, policy_power(case))
    required = math.ceil(required_smallest(plan) - 1e-6)
    come = math.floor(arriving_units(plan) + 1e-6)
    return _Need(required, plan.sample_size_per_variant or 0, come, plan)


def _with_power(plan: Experiment, power: float) -> Experiment:
    other = copy.copy(plan)
    other.statistics = copy.copy(need(plan.statistics, "statistics"))
    other.statistics.power = power  # type: ignore[assignment]
    return other


def _power_settings(case: Case) -> Iterator[Setting]:
    """The power that the policy requires, where the plan declares less."""
    statistics = case.plan.statistics
    power = policy_power(case)
    if statistics and (statistics.power or 0) < power:
        yield Setting(("statistics", "power"), share_in_plan(power))


def _sample_settings(needed: int, declared: int) -> Iterator[Setting]:
    if needed > declared:
        yield Setting(_SAMPLE, count_in_plan(needed))


def more_units(case: Case, _: Path) -> Iterator[Candidate]:
    """Declares the sample that is needed, where it comes anyway."""
    found = _need(case)
    if found.declared < found.required <= found.come:
        settings = (*_power_settings(case), Setting(_SAMPLE, count_in_plan(found.required)))
        words = f"declare {found.required:,} units per variant; {found.come:,} come in this run"
        yield Candidate(settings, words, lever="sample")


def fewer_units(case: Case, _: Path) -> Iterator[Candidate]:
    """Declares the sample that comes, where it is enough."""
    found = _need(case)
    if found.required <= found.come < found.declared:
        words = f"declare the {found.come:,} units per variant that come; {found.required:,} are needed"
        yield Candidate((Setting(_SAMPLE, count_in_plan(found.come)),), words, lever="sample")


def larger_effect(case: Case, _: Path) -> Iterator[Candidate]:
    """The MDE that the sample resolves."""
    found, metric = _need(case), case.plan.primary_metric
    if metric is None or metric.mde is None or case.plan.type == "non_inferiority":
        return
    units = min(found.come, found.declared or found.come)
    resolved = detectable_at(found.plan, policy_power(case), units)
    text = at_least_like(resolved, metric.mde, metric.baseline)
    settings = [*_power_settings(case), Setting((*PRIMARY, "mde"), text)]
    if units < found.declared:
        settings.append(Setting(_SAMPLE, count_in_plan(units)))
    if resolved > abs(primary_effect(found.plan)):
        words = f"plan for an MDE of {text} instead of {metric.mde}"
        yield Candidate(tuple(settings), words, lever="mde")


def more_exposure(case: Case, _: Path) -> Iterator[Candidate]:
    """Puts more of the eligible units in the test, as far as the holdout and the ramp leave room."""
    found, plan = _need(case), case.plan
    wanted = max(found.required, found.declared if found.declared > found.come else 0)
    per_unit_of_exposure = found.come / need(schedule_of(plan).exposure, *_EXPOSURE)
    exact = wanted / per_unit_of_exposure
    most = 1 - holdout_share(plan)
    for exposure in sorted({math.ceil(exact * 1000) / 1000, most}):
        if found.come / per_unit_of_exposure < exposure <= most + 1e-9:
            settings = [*_power_settings(case), Setting(_EXPOSURE, share_in_plan(round(exposure, 6)))]
            enough = max(wanted, 0) if exposure >= exact - 1e-9 else 0
            settings += _sample_settings(enough, found.declared)
            settings += _ramp_settings(plan, exposure)
            words = f"expose {share_in_plan(round(exposure, 6))} of the eligible units instead of {share_in_plan(found.come / per_unit_of_exposure)}"
            yield Candidate(tuple(settings), words, lever="exposure")


def _ramp_settings(plan: Experiment, exposure: float) -> Iterator[Setting]:
    """Stages that would treat less than the test does."""
    before = need(schedule_of(plan).exposure, *_EXPOSURE)
    treated = treated_share(plan) * exposure / before
    for at, stage in enumerate(plan.ramp):
        if stage.treated is not None and stage.treated < treated:
            yield Setting(("ramp", at, "treated"), share_in_plan(treated))


def longer_run(case: Case, _: Path) -> Iterator[Candidate]:
    """Runs whole weeks, as many as bring the units, if the distinct units of those days are counted and are enough."""
    found, plan = _need(case), case.plan
    wanted = max(found.required, found.declared)
    if wanted <= found.come:
        return
    for run in longer_runs(case):
        if run.come >= wanted:
            settings = [*_power_settings(case), *run.settings, *_sample_settings(wanted, found.declared)]
            yield Candidate(tuple(settings), run.words, *_count_price(plan, run), lever="days")
            return


class LongerRun(NamedTuple):
    """A run of whole weeks that is longer than the plan's."""

    end: date
    days: int
    """Days of exposure."""
    distinct: int
    come: int
    """Units of the smallest variant."""
    settings: tuple[Setting, ...]
    words: str


def longer_runs(case: Case) -> Iterator[LongerRun]:
    """Runs of whole weeks beyond the plan's, none below the policy's least."""
    plan = case.plan
    first, last = first_day(plan), last_day(plan)
    pauses = schedule_of(plan).pauses
    least = case.asked("shortest_run") or 0
    weeks = -(-max(least, (last - first).days + 2) // 7)
    for length in range(7 * weeks, 7 * (weeks + _MOST_WEEKS), 7):
        end = day_after(first, length - 1)
        entered = day_after(last_exposure(plan), (end - last).days)
        days = sum(run.days for run in unpaused(first, entered, pauses))
        distinct = math.floor(units_after(plan, days) / 1000) * 1000
        come = math.floor(distinct * smallest_share(plan) + 1e-6)
        settings = (*rescheduled(plan, end), *counted_units(plan, distinct))
        if entered != end:
            settings = (Setting(ENROLMENT_END, entered.isoformat()), *settings)
        words = f"run {counted((end - last).days, 'day')} longer, to {end}"
        yield LongerRun(end, days, distinct, come, settings, words)


def counted_units(plan: Experiment, distinct: int) -> Iterator[Setting]:
    """The count of distinct units over the run, where the plan declares one."""
    if plan.eligible_units and plan.eligible_units.distinct_over_run is not None:
        yield Setting(_DISTINCT, count_in_plan(distinct))


def _count_price(plan: Experiment, run: LongerRun) -> tuple[TradeOff, str]:
    if not plan.eligible_units or plan.eligible_units.distinct_over_run is None:
        return TradeOff.NOTHING, ""
    unit = called(plan.unit, "unit")
    return TradeOff.EVIDENCE, (
        f"open only if a count of {counted(run.days, 'day')} confirms {run.distinct:,} distinct {unit}s, "
        "expected from the counts of the plan"
    )


def rescheduled(plan: Experiment, end: date) -> Iterator[Setting]:
    """The end of the run with every date that must follow, as settings."""
    yield from settings_of_run(plan, first_day(plan), end)


def stronger_cuped(case: Case, _: Path) -> Iterator[Candidate]:
    """The correlation with the past at which the sample is enough."""
    found, plan = _need(case), case.plan
    metric = plan.primary_metric
    if metric is None or metric.kind == "quantile":
        return
    units = min(found.come, found.declared or found.come)
    without = required_smallest(found.plan, with_cuped=False)
    if not 0 < units < without:
        return
    correlation = math.ceil(math.sqrt(1 - units / without) * 1000) / 1000
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if correlation > _STRONGEST_CORRELATION or correlation <= abs((reduction and reduction.correlation) or 0):
        return
    settings = [*_power_settings(case), *_cuped_settings(plan, correlation)]
    if units < found.declared:
        settings.append(Setting(_SAMPLE, count_in_plan(units)))
    stated = f", and the plan states {reduction.correlation:g}" if reduction and reduction.correlation else ""
    price = f"open only if the metric's correlation with its own past is measured to be at least {correlation:g}{stated}"
    words = f"CUPED with a correlation of at least {correlation:g}"
    yield Candidate(tuple(settings), words, TradeOff.FACT, price, lever="cuped")


def _cuped_settings(plan: Experiment, correlation: float) -> Iterator[Setting]:
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if reduction is None:
        yield Setting(
            _CUPED,
            {"method": "cuped", "correlation": correlation, "pre_period": "28d", "covers": "all_units"},
        )
        return
    if reduction.method != "cuped":
        yield Setting((*_CUPED, "method"), "cuped")
    yield Setting((*_CUPED, "correlation"), correlation)


def fewer_variants(case: Case, _: Path) -> Iterator[Candidate]:
    """One treatment less, its units spread over the others; the smallest first, which answers worst."""
    plan = case.plan
    variants, control = plan.variants or (), plan.control_position
    if len(variants) < 3 or control is None:
        return
    for dropped in range(len(variants) - 1, -1, -1):
        if dropped == control:
            continue
        kept = [at for at in range(len(variants)) if at != dropped]
        items = [dict(case.value["variants"][at]) for at in kept]
        share = 1 / len(kept)
        weights_before = [items[at].get("weight") for at in range(len(items))]
        settings: list[Setting] = [Setting(("variants",), items)]
        for at, before in enumerate(weights_before):
            text = share_in_plan(round(share if at else 1 - round(share, 4) * (len(kept) - 1), 4))
            if before != text:
                settings.append(Setting(("variants", at, "weight"), text))
        name = called(variants[dropped].id, "a variant")
        price = f"{name} is not tested; it can be an experiment of its own"
        yield Candidate(
            tuple(settings), f"leave out {name}", TradeOff.INSIGHT, price, lever=f"without {name}"
        )


def target_as_effect(case: Case, at: Path) -> Iterator[Candidate]:
    """The business target as the MDE, with whatever the sample takes then."""
    metric = case.plan.primary_metric
    if metric is None or metric.target is None:
        return
    setting = Setting((*PRIMARY, "mde"), str(metric.target))
    smaller = case.on_trial((setting,))
    if smaller is None:
        return
    for lever in (more_units, more_exposure, longer_run, stronger_cuped):
        for each in lever(smaller, at):
            words = f"plan for an MDE of {metric.target}, the target, and {each.words}"
            yield Candidate((setting, *each.changes), words, each.trade_off, each.price, each.lever)


def wider_margin(case: Case, at: Path) -> Iterator[Candidate]:
    """For each guardrail the margin that its sample rules out at the power the policy requires of guardrails."""
    plan, floor = case.plan, case.asked("guardrail_power")
    declared = plan.sample_size_per_variant
    if floor is None or not declared:
        return
    for path, metric in plan.guardrails:
        if path != at[: len(path)] and len(at) > 1:
            continue
        for power in (floor, math.pow(floor, 1 / max(1, len(list(plan.guardrails)))), 0.95, 0.99):
            candidate = _margin(plan, path, metric, declared, power)
            if candidate:
                yield candidate


def _margin(plan: Experiment, path: Path, metric: Metric, declared: int, power: float) -> Candidate | None:
    try:
        margin = ruled_out(plan, path, metric, declared, power)
    except (NotChecked, ArithmeticError, StatisticsInputError, QuantityError):
        return None
    before, name = metric.non_inferiority_margin, called(metric.id, "the guardrail")
    words = f"accept a margin of {margin} for {name}{f' instead of {before}' if before else ''}"
    settings = (Setting((*path, "non_inferiority_margin"), str(margin)),)
    return Candidate(settings, words, lever=f"margin of {label(path)}")


def longer_run_for_guardrails(case: Case, _: Path) -> Iterator[Candidate]:
    """Whole weeks more, and a sample as large as they bring: how many it takes is found by judging."""
    for run in longer_runs(case):
        sample = math.floor(run.come / 1000) * 1000
        if sample > (case.plan.sample_size_per_variant or 0):
            settings = (*run.settings, Setting(_SAMPLE, count_in_plan(sample)))
            yield Candidate(settings, run.words, *_count_price(case.plan, run), lever="days")


def all_that_come(case: Case, _: Path) -> Iterator[Candidate]:
    """Declares every unit that comes."""
    plan = case.plan
    come = math.floor(arriving_units(plan) + 1e-6)
    if come > (plan.sample_size_per_variant or 0):
        words = f"declare all {come:,} units per variant that come"
        yield Candidate((Setting(_SAMPLE, count_in_plan(come)),), words, lever="sample")


LEVERS: dict[str, tuple[Lever, ...]] = {
    "sample": (
        more_units, fewer_units, larger_effect, more_exposure, longer_run, stronger_cuped, fewer_variants,
    ),
    "guardrails": (all_that_come, wider_margin, longer_run_for_guardrails),
    "target": (target_as_effect,),
    "variants": (fewer_variants,),
}  # fmt: skip
"""Name of some levers, as rules export it → the levers."""


def solved(case: Case, rule: str, at: Path) -> Iterator[Candidate]:
    """What every lever of a rule has to offer; one that lacks an input offers nothing."""
    for lever in LEVERS.get(case.exported(rule, "LEVERS") or "", ()):
        try:
            yield from lever(case, at)
        except (NotChecked, ArithmeticError, StatisticsInputError, QuantityError):
            continue
