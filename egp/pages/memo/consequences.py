"""What breaking a rule costs this experiment, in numbers of its own.

A function a rule, or one for several; a rule without one says its reason and no number. Statements that lack an
input are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import copy
from typing import TYPE_CHECKING

from egp import stats
from egp.advice.options.advised import advised
from egp.pages.memo.day import (
    day_at,
    effect_error,
    exaggerated,
    least_days,
    planned_days,
    times_its_size,
    type_one_error,
    weekdays_seen,
)
from egp.pages.memo.figures import looks_figure, planned_looks_error, power_figure
from egp.plan.analysis.days import full_days, readout_day, weekday_counts
from egp.plan.analysis.economics import Worth
from egp.plan.analysis.registered import (
    PRIMARY,
    allocation_ratio,
    assuming,
    baseline_of,
    guardrail_test,
    information_fractions,
    margin_of,
    metric_units,
    planned_units,
    power_at,
    primary_effect,
    primary_test,
    required_smallest,
    sequential_inflation,
    size_of,
    treatments,
)
from egp.plan.analysis.traffic import arriving_units, daily_eligible_units, treated_share, units_that_come
from egp.plan.finding import NotChecked, need
from egp.plan.quantity import QuantityError, change, share
from egp.plan.wording import (
    absolute,
    called,
    counted,
    length,
    one_in,
    percent,
    power_text,
    significant,
    whole,
)
from egp.stats import StatisticsInputError
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.output.page.model import Figure
    from egp.plan.experiment import Metric
    from egp.plan.finding import Diagnostic

Stake = Callable[["Case", "Diagnostic"], Iterator[str]]
_LOST = (NotChecked, ArithmeticError, StatisticsInputError, QuantityError)
_PER = 100_000
_EVENTS = 1_000_000


def consequences_of(case: Case, diagnostic: Diagnostic) -> list[str]:
    """What breaking the rule costs, in sentences; empty where no number of the plan says it."""
    told: list[str] = []
    for stake in _STAKES.get(diagnostic.rule, ()):
        try:
            told.extend(stake(case, diagnostic))
        except _LOST:
            continue
    return list(dict.fromkeys(told))


def figure(case: Case, diagnostic: Diagnostic) -> Figure | None:
    """The chart that shows it, for rules whose cost is a curve."""
    try:
        if diagnostic.rule in _OF_LOOKS:
            looks = len(case.plan.statistics.looks or ()) if case.plan.statistics else 0
            last = max(looks, least_days(case))
            return looks_figure(case, sorted({looks, last}), last) if looks > 1 else None
        return power_figure(case) if diagnostic.rule in _OF_POWER else None
    except _LOST:
        return None


def _short_run(case: Case, _: Diagnostic) -> Iterator[str]:
    counts = weekday_counts(full_days(case.plan))
    if min(counts) < 2:
        seen = weekdays_seen(counts)
        yield f"{seen[:1].upper()}{seen[1:]}; what these days do to the result nobody can tell."
    days = max((run.days for run in full_days(case.plan)), default=0)
    day = day_at(case, days)
    mde = case.plan.primary_metric and case.plan.primary_metric.mde
    yield (
        f"{counted(days, 'day')} bring {whole(math.floor(day.units))} units per variant: a true effect of {mde} is found with "
        f"{power_text(day.power)} power{exaggerated(day.exaggeration)}."
    )


def _stopped_early(case: Case, _: Diagnostic) -> Iterator[str]:
    days = planned_days(case.plan)
    least = case.option_of("minimum-runtime", "days") or days
    if 1 < days < least and len(full_days(case.plan)) == 1:
        errors = type_one_error(case.plan, days), type_one_error(case.plan, least)
        yield (
            f"Had somebody looked every day before asking to end here, a change without any effect would have looked "
            f"significant {percent(errors[0], 1)} of the time ({one_in(errors[0])}); over {least} days {percent(errors[1], 1)}."
        )


def _looks(case: Case, _: Diagnostic) -> Iterator[str]:
    test, error = primary_test(case.plan), planned_looks_error(case)
    either = ", half of them as wins" if test.sides == 2 else ""
    yield (
        f"Without any effect one of these looks is significant {percent(error, 1)} of the time ({one_in(error)}) instead of "
        f"{percent(test.alpha)} ({one_in(test.alpha)}): of 20 such changes {significant(20 * error, 2)} would look like a result "
        f"and not {significant(20 * test.alpha, 2)}{either}."
    )
    first = day_at(case, max(1, round(information_fractions(case.plan)[0] * planned_days(case.plan))))
    yield (
        f"At the first look, after {counted(first.number, 'day')}, a significant effect of the MDE looks "
        f"{times_its_size(first.exaggeration)} on average{_wrong_way(first.wrong_sign)}."
    )


def _wrong_way(share: float) -> str:
    return f", and points the wrong way {percent(share, 1)} of the time" if share >= 0.0005 else ""


def _spending(case: Case, _: Diagnostic) -> Iterator[str]:
    inflation = sequential_inflation(case.plan)
    yield (
        f"The design keeps its error rate, and takes {percent(inflation - 1, 1)} more units than one look with the same power. "
        "It is sound; the policy has to allow it before the plan is registered."
    )


def _power_missing(case: Case, _: Diagnostic) -> Iterator[str]:
    plan = case.plan
    declared = planned_units(plan)
    come = units_that_come(plan)
    units = declared if come is None else min(declared, come)
    effect = primary_effect(plan)
    power = power_at(plan, effect, units)
    mde = plan.primary_metric and plan.primary_metric.mde
    which = "units that come" if units < declared else "units declared"
    worth = stats.type_m(
        effect, effect_error(plan, units), primary_test(plan).alpha, primary_test(plan).sides
    )
    yield (
        f"With the {whole(math.floor(units))} {which} per variant a true effect of {mde} is found with {power_text(power)} power "
        f"and missed in {one_in(1 - power)} experiments{exaggerated(worth.exaggeration)}."
    )


def _missing_units(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    if arriving_units(case.plan) < planned_units(case.plan):
        yield from _power_missing(case, diagnostic)


def _declared_power(case: Case, _: Diagnostic) -> Iterator[str]:
    declared = case.plan.statistics.power if case.plan.statistics else None
    if declared:
        yield (
            f"A sample that has {percent(declared)} power and no more misses a true effect of the MDE in {one_in(1 - declared)} "
            "experiments, and the feature is dropped for nothing."
        )


def _hoped_for(case: Case, _: Diagnostic) -> Iterator[str]:
    """What the plan makes of the effect that the business hopes for."""
    plan, metric = case.plan, case.plan.primary_metric
    if metric is None or metric.target is None:
        return
    units = planned_units(plan)
    hoped, test = size_of(metric.target, metric, PRIMARY, "target"), primary_test(plan)
    power = power_at(plan, hoped, units)
    worth = stats.type_m(hoped, effect_error(plan, units), test.alpha, test.sides)
    yield (
        f"If the launch does all that the business hopes for, {metric.target}, the test finds it with {power_text(power)} power "
        f"and misses it in {one_in(1 - power)} experiments{exaggerated(worth.exaggeration)}."
    )


def _double_counting(case: Case, _: Diagnostic) -> Iterator[str]:
    plan = case.plan
    half = arriving_units(plan) / 2
    if 2 * half < planned_units(plan):
        return
    power = power_at(plan, primary_effect(plan), half)
    yield (
        f"If half of these are visits of people who were counted before, {whole(math.floor(half))} units come per variant instead "
        f"of {whole(planned_units(plan))}, and the power is {power_text(power)}."
    )


def _no_mde(case: Case, _: Diagnostic) -> Iterator[str]:
    plan, metric = case.plan, case.plan.primary_metric
    baseline = baseline_of(metric, ("primary_metric",)) if metric else None
    if metric is None or baseline is None:
        return
    for lift in (0.01, 0.02, 0.05):
        power = power_at(plan, lift * abs(baseline.value), planned_units(plan))
        yield f"A true relative lift of {percent(lift)} is found with {power_text(power)} power."


def _readings(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    """The units that each reading of a bare MDE would take."""
    path = case.path_of(diagnostic)
    if path != (*PRIMARY, "mde") or case.plan.primary_metric is None:
        return
    for candidate in advised(diagnostic.help, path):
        for setting in candidate.changes:
            if isinstance(setting, Setting) and setting.path == path:
                plan, metric = copy(case.plan), copy(case.plan.primary_metric)
                metric.mde, plan.primary_metric = change(setting.value), metric
                yield f"Read as {setting.value} the test takes {whole(required_smallest(plan))} units per variant."


def _segments(case: Case, _: Diagnostic) -> Iterator[str]:
    count, test = len(set(case.plan.segments)), primary_test(case.plan)
    alone = family_error(count, test.alpha, test.sides)
    yield (
        f"If nothing works anywhere, at least one of {counted(count, 'segment')} still shows a significant effect "
        f"{percent(alone, 1)} of the time ({one_in(alone)})."
    )
    power = power_at(case.plan, primary_effect(case.plan), planned_units(case.plan) / count)
    yield f"A segment with {one_in(1 / count)} of the units finds a true effect of the MDE with {percent(power, 1)} power."


def family_error(count: int, alpha: float, sides: int) -> float:
    """P(at least one of ``count`` independent tests of true null hypotheses is significant)."""
    return stats.equicorrelated_exceedance(stats.z_upper(alpha / sides), count, sides, 0.0)


def _several_tests(case: Case, _: Diagnostic) -> Iterator[str]:
    plan, treated, primaries = case.plan, treatments(case.plan), 1 + len(case.plan.co_primary_metrics)
    alpha = plan.statistics.alpha if plan.statistics else None
    if alpha is None or treated * primaries == 1:
        return
    if plan.statistics and plan.statistics.correction not in (None, "none"):
        yield _price_of_correction(case)
        return
    if primaries == 1:
        ratio = allocation_ratio(plan)
        error = stats.equicorrelated_exceedance(stats.z_upper(alpha / 2), treated, 2, ratio / (1 + ratio))
    else:
        error = family_error(treated * primaries, alpha, 2)
    up_to = "" if primaries == 1 else "up to "
    yield (
        f"If nothing works, {up_to}{percent(error, 1)} of such plans ({one_in(error)}) still have something significant to "
        f"show: {treated * primaries} tests, each at {percent(alpha)}, and no correction."
    )


def _price_of_correction(case: Case) -> str:
    corrected, alone = required_smallest(case.plan), required_smallest(assuming(case.plan, correction="none"))
    return (
        f"Correcting for several tests takes {whole(corrected)} units per variant where one test takes {whole(alone)}, "
        "and still nobody has said which result decides when they disagree."
    )


def _guardrail_of(case: Case, diagnostic: Diagnostic) -> tuple[tuple[str | int, ...], Metric] | None:
    path = case.path_of(diagnostic)
    return next(((at, metric) for at, metric in case.plan.guardrails if at == path[:2]), None)


def _weak_guardrails(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    found, plan = _guardrail_of(case, diagnostic), case.plan
    for path, metric in [found] if found else list(plan.guardrails):
        if metric.non_inferiority_margin is None:
            continue
        test = guardrail_test(plan, metric, path)
        power = stats.achieved_power(test, 0.0, metric_units(plan, metric, planned_units(plan)))
        yield (
            f"{called(metric.id, 'A guardrail')}: of a harmless launch the readout rules out {metric.non_inferiority_margin} of harm "
            f"with {power_text(power)} power; {one_in(1 - power)} harmless launches end on hold."
        )


def _wide_margin(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    found = _guardrail_of(case, diagnostic)
    if not found or found[1].non_inferiority_margin is None:
        return
    path, metric = found
    yield from _accepted_harm(case, metric, margin_of(metric, path), str(metric.non_inferiority_margin))
    asked = diagnostic.required.removeprefix("at most ")
    allowed = size_of(change(asked), metric, path, "non_inferiority_margin")
    yield from _accepted_harm(case, metric, allowed, f"{asked}, the policy's cap,")


def _accepted_harm(case: Case, metric: Metric, margin: float, told: str) -> Iterator[str]:
    name = called(metric.id, "the guardrail")
    if metric.kind == "proportion":
        unit = called(case.plan.unit, "unit")
        yield f"A margin of {told} accepts {whole(margin * _PER)} more {name} events per {_PER:,} {unit}s as harmless."
    else:
        shift = absolute(margin, metric.baseline.unit if metric.baseline else "")
        yield f"A margin of {told} accepts a change of {name} by {shift} as harmless."


def _no_threshold(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    found, floor = _guardrail_of(case, diagnostic), case.option_of("guardrail-power", "floor")
    if found:
        from egp.advice.options.levers import ruled_out

        path, metric = found
        margin = ruled_out(case.plan, path, metric, planned_units(case.plan), floor or 0.8)
        if margin:
            yield (
                f"The declared sample could rule out harm of {margin} with {percent(floor or 0.8)} power, "
                "if the plan said that this is what matters."
            )
    yield from _treated_unwatched(case, diagnostic)


def _treated_unwatched(case: Case, _: Diagnostic) -> Iterator[str]:
    daily, share = daily_eligible_units(case.plan), treated_share(case.plan)
    unit = called(case.plan.unit, "unit")
    yield f"The test treats {whole(daily * share)} {unit}s a day without this safeguard, and a full ramp up to {whole(daily)}."


def _dwell(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    path = case.path_of(diagnostic)
    stage = case.plan.ramp[int(path[1])]
    if stage.treated is None or stage.min_dwell is None:
        return
    daily = daily_eligible_units(case.plan) * stage.treated
    seen = daily * stage.min_dwell.total_seconds() / 86400
    asked = case.option_of("stage-dwell", "hours") or 0
    yield (
        f"{length(stage.min_dwell)} at {percent(stage.treated)} treat about {whole(seen)} units before the next step; "
        f"{asked} h would show what {whole(daily * asked / 24)} do, and every hour of the day at least twice."
    )


def _early_ramp(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    plan, path = case.plan, case.path_of(diagnostic)
    stage = plan.ramp[int(path[1])]
    if stage.start is None or stage.treated is None:
        return
    from egp.plan.analysis.days import as_local_day

    days = (readout_day(plan) - as_local_day(plan, stage.start)).days
    more = max(0.0, stage.treated - treated_share(plan)) * daily_eligible_units(plan)
    yield f"For {counted(days, 'day')} {whole(more)} more units a day get a change of which nobody knows whether it works."


def _no_holdout(case: Case, _: Diagnostic) -> Iterator[str]:
    least = case.option_of("holdout-size", "min")
    if least:
        daily = daily_eligible_units(case.plan)
        yield (
            f"Without one nobody can say after the ramp what the change earns: {percent(least)} would keep "
            f"{whole(daily * least)} units a day to compare with."
        )


def _wide_canary(case: Case, _: Diagnostic) -> Iterator[str]:
    canary, most = case.plan.canary, case.option_of("canary-size", "max")
    if canary and canary.treated and most:
        daily = daily_eligible_units(case.plan)
        yield (
            f"If it breaks, it breaks for {whole(daily * canary.treated)} units a day; a canary of {percent(most)} risks "
            f"{whole(daily * most)}."
        )


def _false_alarm(_: Case, diagnostic: Diagnostic) -> Iterator[str]:
    told = one_in(_observed_share(diagnostic))
    yield f"{told[:1].upper()}{told[1:]} harmless launches would be rolled back by this rule alone."


def _shipped(_: Case, diagnostic: Diagnostic) -> Iterator[str]:
    told = one_in(1 - _observed_share(diagnostic))
    yield f"{told[:1].upper()}{told[1:]} launches that are worth it at the MDE would be turned down by the plan's own rule."


def _observed_share(diagnostic: Diagnostic) -> float:
    """The share that a rule observed, from its words."""
    return share(diagnostic.observed.replace(" ", ""))


def _worth(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    economics, path = case.plan.economics, case.path_of(diagnostic)
    if economics is None or len(path) < 3:
        return
    scenario, worth = economics.scenarios[int(path[2])], Worth(economics)
    value = worth.net(need(scenario.p_success, *path[:3], "p_success"))
    event = called(economics.per, "event")
    if not worth.reaches_floor(value):
        gap = (worth.floor.value - value) * _EVENTS
        yield (
            f"In this scenario a million {event}s are worth {significant(value * _EVENTS, 4)} {worth.currency}, "
            f"{significant(gap, 3)} {worth.currency} below the floor."
        )
    elif scenario.expected_value:
        gap = abs(value - scenario.expected_value.value) * _EVENTS
        yield f"Over a million {event}s the slip is {significant(gap, 3)} {worth.currency}."


def _dear(case: Case, diagnostic: Diagnostic) -> Iterator[str]:
    economics = case.plan.economics
    if economics is None or economics.cost_per_unit is None or economics.delay is None:
        return
    weekly = economics.delay.units_per_week
    asked = diagnostic.required.removeprefix("at most ").split(" ")[0]
    if weekly:
        gap = (economics.cost_per_unit.value - float(asked)) * weekly
        yield f"At {weekly:,} events a week that is {whole(gap)} {economics.cost_per_unit.unit} a week above the cap."


def _dependent_units(case: Case, _: Diagnostic) -> Iterator[str]:
    """What ignoring the correlation does to the error rate, for a usual strength of it."""
    test = primary_test(case.plan)
    for size, icc in ((4.0, 0.05), (4.0, 0.2)):
        inflated = math.sqrt(stats.design_effect(size, icc))
        error = test.sides * stats.normal_sf(stats.z_upper(test.alpha / test.sides) / inflated)
        yield (
            f"With {size:g} {called(case.plan.analysis_unit, 'analysis unit')}s per {called(case.plan.unit, 'unit')} and a "
            f"correlation of {icc:g} among them the {percent(test.alpha)} test is a {percent(error, 1)} test."
        )


def _unfit_sample(case: Case, _: Diagnostic) -> Iterator[str]:
    declared, needed = planned_units(case.plan), required_smallest(case.plan)
    yield f"The declared sample is {significant(declared / needed, 2)} times what the MDE takes."


_STAKES: dict[str, tuple[Stake, ...]] = {
    "minimum-runtime": (_short_run, _stopped_early),
    "weekly-cycles": (_short_run,),
    "whole-weeks": (_short_run,),
    "no-unplanned-looks": (_looks,),
    "spending-allowed": (_spending,),
    "sample-size": (_power_missing,),
    "power-floor": (_declared_power, _power_missing),
    "shortcut-mde": (_power_missing,),
    "target-below-mde": (_hoped_for,),
    "reachable-sample": (_missing_units, _double_counting),
    "mde-declared": (_no_mde,),
    "ambiguous-quantity": (_readings,),
    "oversized-sample": (_unfit_sample,),
    "segments-declared": (_segments,),
    "multiple-comparisons": (_several_tests,),
    "single-primary": (_several_tests,),
    "unit-mismatch": (_dependent_units,),
    "guardrail-power": (_weak_guardrails,),
    "guardrail-margin": (_wide_margin,),
    "guardrail-threshold": (_no_threshold,),
    "required-guardrails": (_treated_unwatched,),
    "guardrail-coverage": (_treated_unwatched,),
    "stop-rules-cover-guardrails": (_treated_unwatched,),
    "stop-rule-complete": (_treated_unwatched,),
    "rollback-declared": (_treated_unwatched,),
    "rollback-owner": (_treated_unwatched,),
    "ramp-declared": (_treated_unwatched,),
    "stage-dwell": (_dwell,),
    "ramp-after-readout": (_early_ramp,),
    "holdout-size": (_no_holdout,),
    "canary-size": (_wide_canary,),
    "hair-trigger": (_false_alarm,),
    "decision-power": (_shipped,),
    "expected-value": (_worth,),
    "cost-cap": (_dear,),
}
_OF_LOOKS = frozenset(("no-unplanned-looks",))
_OF_POWER = frozenset(("minimum-runtime", "power-floor", "shortcut-mde", "weekly-cycles"))
