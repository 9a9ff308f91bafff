"""Which registered tests the gate can decide, and the nearest design that it can where not.

``egp check`` refuses what stands here, and the gate leaves it unchecked for the same reason. What is missing from a
plan altogether has rules of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.days import day_after, last_exposure, local, readout_day, whole_days
from egp.plan.analysis.registered import (
    PRIMARY,
    comparisons,
    control_units,
    has_primary_test,
    is_sequential,
    look_days,
    treatments,
)
from egp.plan.analysis.rescheduling import settings_of_readout
from egp.plan.finding import NotChecked
from egp.plan.quantity import as_day, shown
from egp.plan.remedy import Remedy, addition, advise, help_line, removal, setting
from egp.stats.values import NamedTuple
from egp.yaml.edits import Removal, Setting

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import MetricChange
    from egp.plan.remedy import Remedies
    from egp.yaml import Path

SPENDING_PARAMETER: Path = ("statistics", "spending_parameter")
_METHOD: Path = ("statistics", "method")
CLEARLY = 4.0
"""Standard errors that a control has to be above zero, by the plan, for a change to be relative to it."""


class Undecidable(NamedTuple):
    """A design that no test of the gate decides, or a key that no test applies."""

    at: Path
    """The key that the nearest decidable design changes."""
    metric: Path
    """The metric that cannot be decided; empty for a key without an effect, which harms nothing but its reader."""
    problem: str
    nearest: Remedies


def undecidable(plan: Experiment) -> Iterator[Undecidable]:
    """Everything in the plan that the gate could not decide by the registered test, or would not apply."""
    if not has_primary_test(plan):
        return
    for path, metric in plan.primaries:
        yield from _covariate(plan, metric, path)
        yield from _looks_of(plan, metric, path)
        yield from _correction(plan, path)
        yield from _relative(plan, metric, path)
    for path, metric in plan.guardrails:
        if metric.non_inferiority_margin is not None:
            yield from _cohort_of_quantile(plan, metric, path)
            yield from _looks_of_guardrail(plan, metric, path)
            yield from _relative_margin(plan, metric, path)
    yield from _unapplied(plan)


def require_decidable(plan: Experiment, path: Path) -> None:
    """Raises NotChecked, with the reason that ``egp check`` gives, for a metric whose test cannot be decided."""
    for each in undecidable(plan):
        if each.metric == path:
            raise NotChecked(each.at, each.problem, _rerun(each))


def _rerun(found: Undecidable) -> str:
    return f"register a rerun with another design: {help_line(found.nearest, ())}"


def one_look(plan: Experiment, after: str = "") -> Remedy:
    """What makes a test with several looks one with a fixed horizon."""
    statistics = plan.statistics
    looks = (statistics.looks if statistics else None) or ()
    settings = [Setting(_METHOD, "fixed_horizon")]
    if len(looks) > 1:
        last = max(as_day(local(plan, look)) for look in looks)
        settings.append(Setting(("statistics", "looks"), [last.isoformat()]))
    spending = ("spending", "spending_parameter", "guardrail_spending")
    leftover = [key for key in spending if getattr(statistics, key, None) is not None]
    return Remedy((*settings, *(Removal(("statistics", key)) for key in leftover)), after=after)


def usual_parameter() -> Remedy:
    return addition(SPENDING_PARAMETER, -4, ", which spends late, or 1, which spends about evenly")


def _name(metric: Metric) -> str:
    return shown(metric.id) if metric.id else "the metric"


def _covariate(plan: Experiment, metric: Metric, path: Path) -> Iterator[Undecidable]:
    """No covariate adjusts a quantile."""
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if path != PRIMARY or reduction is None or reduction.method in (None, "none"):
        return
    if metric.kind == "quantile":
        at: Path = ("statistics", "variance_reduction", "method")
        without = [setting(at, "none", " and plan the sample without it")]
        yield Undecidable(at, path, f"{_name(metric)} is a quantile, which no covariate adjusts", without)


def _looks_of(plan: Experiment, metric: Metric, path: Path) -> Iterator[Undecidable]:
    """What an earlier look saw has to follow from the rows of its days, for a crossed boundary to stay crossed."""
    yield from _cohort_of_quantile(plan, metric, path)
    if not is_sequential(plan):
        return
    if metric.kind == "quantile":
        problem = (
            f"{_name(metric)} is a quantile, which does not add up over days, so that no row tells what an earlier "
            "look saw"
        )
        share = advise("take a share such as of loads above 2 s")
        yield Undecidable(_METHOD, path, problem, [one_look(plan), share])
    else:
        yield from _early_outcomes(metric, path)


def _early_outcomes(metric: Metric, path: Path) -> Iterator[Undecidable]:
    if metric.outcome_window and whole_days(metric.outcome_window) and metric.judged_on != "matured_cohort":
        problem = f"{_name(metric)} is judged on all units, and at an early look the outcomes of the latest have not matured"
        at: Path = (*path, "judged_on")
        nearest = setting(at, "matured_cohort", ", and plan the sample for the units that have matured")
        yield Undecidable(at, path, problem, [nearest])


def _cohort_of_quantile(plan: Experiment, metric: Metric, path: Path) -> Iterator[Undecidable]:
    window = metric.outcome_window and whole_days(metric.outcome_window)
    if metric.kind == "quantile" and metric.judged_on == "matured_cohort" and window:
        problem = f"{_name(metric)} is a quantile, whose one row does not tell matured units from others"
        yield Undecidable((*path, "judged_on"), path, problem, [_when_all_have_matured(plan, path, window)])


def _when_all_have_matured(plan: Experiment, path: Path, window: int) -> Remedy:
    """All units judged, at a readout that waits for the last of them."""
    judged = Setting((*path, "judged_on"), "all_units")
    try:
        earliest = day_after(last_exposure(plan), 1 + window)
        later = settings_of_readout(plan, earliest) if readout_day(plan) < earliest else ()
        return Remedy((judged, *later))
    except NotChecked:
        return Remedy((judged,), after=" and read out when the last outcome has matured")


def _correction(plan: Experiment, path: Path) -> Iterator[Undecidable]:
    statistics = plan.statistics
    if path != PRIMARY or statistics is None or statistics.correction != "dunnett":
        return
    if is_sequential(plan) and plan.variants and treatments(plan) > 1 and comparisons(plan) > 1:
        problem = "dunnett's level counts on how treatments correlate at one look, and does not hold the error of several"
        at: Path = ("statistics", "correction")
        yield Undecidable(at, path, problem, [setting(at, "holm"), one_look(plan)])


def _looks_of_guardrail(plan: Experiment, metric: Metric, path: Path) -> Iterator[Undecidable]:
    """At several looks each guardrail has several chances to seem harmless."""
    statistics = plan.statistics
    if statistics is None or not is_sequential(plan) or not _has_several_looks(plan):
        return
    if metric.kind != "quantile":
        yield from _early_outcomes(metric, path)
    if statistics.guardrail_spending is None:
        problem = (
            f"the margin of {_name(metric)} is tested at each of several looks, and nothing says how these share "
            "guardrail_alpha"
        )
        at: Path = ("statistics", "guardrail_spending")
        after = ", which spends about evenly, or `obrien_fleming`, which spends late"
        yield Undecidable(at, path, problem, [addition(at, "pocock", after)])
    elif statistics.guardrail_spending == "hwang_shih_decani" and statistics.spending_parameter is None:
        problem = "guardrail_spending is hwang_shih_decani and no γ is declared, so its boundaries are open"
        yield Undecidable(SPENDING_PARAMETER, path, problem, [usual_parameter()])


def _has_several_looks(plan: Experiment) -> bool:
    """Whether the plan says so; one that does not say when it runs may have any number."""
    try:
        return len(look_days(plan)) > 1
    except NotChecked:
        return False


def _relative(plan: Experiment, metric: Metric, path: Path) -> Iterator[Undecidable]:
    if plan.type == "non_inferiority":
        yield from _relative_margin(plan, metric, path)
    elif path == PRIMARY and plan.decision_rule is not None:
        for key in ("min_ci_lower", "min_lift"):
            bound: MetricChange | None = getattr(plan.decision_rule, key)
            yield from _of_nothing(plan, metric, path, ("decision_rule", key), bound)


def _relative_margin(plan: Experiment, metric: Metric, path: Path) -> Iterator[Undecidable]:
    at: Path = (*path, "non_inferiority_margin")
    margin = metric.non_inferiority_margin
    yield from _of_nothing(plan, metric, path, at, margin)
    falls = metric.direction == "increase"
    if margin is not None and margin.relative and falls and abs(margin.value) >= 1:
        problem = f"{_name(metric)} cannot fall by {margin} of itself"
        yield Undecidable(at, path, problem, [advise("declare a margin below 100%")])


def _of_nothing(
    plan: Experiment, metric: Metric, path: Path, at: Path, change: MetricChange | None
) -> Iterator[Undecidable]:
    """A relative change of a control that may be zero, or below it."""
    baseline = metric.baseline
    if change is None or not change.relative or change.value == 0 or baseline is None:
        return
    if baseline.value > CLEARLY * _error_of_control(plan, metric):
        return
    problem = (
        f"{at[-1]} is {change} of the control of {_name(metric)}, whose baseline of {baseline} is not clearly above "
        "zero"
    )
    unit = {"share": "pp", "s": "ms", "": " abs"}.get(baseline.unit, f" {baseline.unit}")
    yield Undecidable(at, path, problem, [advise(f"declare it in the metric's own unit, as in 2{unit}")])


def _error_of_control(plan: Experiment, metric: Metric) -> float:
    """Standard error of control's own value at the declared sample; 0 where the plan does not say enough."""
    spread = metric.influence_std_dev if metric.kind == "quantile" else metric.std_dev
    if spread is None or not plan.sample_size_per_variant:
        return 0.0
    try:
        units = control_units(plan, plan.sample_size_per_variant)
    except NotChecked:
        return 0.0
    return abs(spread.value) / math.sqrt(units)


def _unapplied(plan: Experiment) -> Iterator[Undecidable]:
    """Keys that no test of this plan would apply."""
    rule, statistics = plan.decision_rule, plan.statistics
    for key in ("min_ci_lower", "min_lift"):
        if rule is not None and plan.type == "non_inferiority" and getattr(rule, key) is not None:
            problem = f"{key} {getattr(rule, key)} is not applied: a non-inferiority plan ships by its margin"
            at: Path = ("decision_rule", key)
            yield Undecidable(at, (), problem, [removal(at)])
    if statistics is None or statistics.guardrail_spending is None:
        return
    if not is_sequential(plan) or not any(metric.non_inferiority_margin for _, metric in plan.guardrails):
        what = "no guardrail has a margin" if is_sequential(plan) else "the plan has one look"
        problem = f"guardrail_spending {statistics.guardrail_spending} is not applied: {what}"
        at = ("statistics", "guardrail_spending")
        yield Undecidable(at, (), problem, [removal(at)])
