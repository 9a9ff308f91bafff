"""The registered analysis of a plan as numbers: the way from a plan's words to ``egp.stats``.

Every function takes what it needs from the plan and raises ``NotChecked`` at the key that is missing, or that has
a value no test can have and a rule of its own to say so; a rule then states its arithmetic and nothing else.
What several rules need of the same plan is remembered by the plan's identity, so a plan is never changed in place:
``assuming`` makes another one.

Conventions: ``sample_size_per_variant`` counts the units of the smallest variant, and units are always those of
randomisation; the smallest treatment decides; CUPED serves the primary metric alone, since the declared correlation
is the primary's; units come evenly over the days of exposure; a metric judged on its matured cohort has that
cohort's units.
"""

from __future__ import annotations

import math
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.days import day_after, exposed_days, first_day, local, readout_day, whole_days
from egp.plan.analysis.design import Design, Sequence
from egp.plan.finding import DoesNotApply, NotChecked, need
from egp.plan.quantity import as_day
from egp.plan.typed_reader import changed
from egp.stats.hints import Literal

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment, Metric, Statistics
    from egp.plan.quantity import Measure, MetricChange
    from egp.yaml import Path

PRIMARY: Path = ("primary_metric",)

MOST_LOOKS = 60
"""Looks of a sequential design that egp computes; more are continuous monitoring, and take long to compute."""

OF_METRICS = 128
"""Answers about single metrics that are remembered: those of the plans that a rule looks at before the next rule does."""


def statistics_of(plan: Experiment) -> Statistics:
    return need(plan.statistics, "statistics")


@lru_cache(32)
def weights(plan: Experiment) -> tuple[float, float]:
    """Weights of control and of the smallest treatment."""
    variants = need(plan.variants, "variants")
    control = need(plan.control_position, "variants")
    shares = [need(variant.weight or None, "variants", at, "weight") for at, variant in enumerate(variants)]
    if len(shares) < 2 or abs(math.fsum(shares) - 1) > 1e-9:
        raise NotChecked(("variants",))
    return shares[control], min(share for at, share in enumerate(shares) if at != control)


def comparisons(plan: Experiment) -> int:
    """Tests that can each declare a win: treatments times primary metrics."""
    return treatments(plan) * (1 + len(plan.co_primary_metrics))


def treatments(plan: Experiment) -> int:
    """Variants that are compared with control."""
    return max(1, len(need(plan.variants, "variants")) - 1)


def allocation_ratio(plan: Experiment) -> float:
    """Units of the smallest treatment per unit of control."""
    control, treatment = weights(plan)
    return treatment / control


def control_units(plan: Experiment, units_in_smallest: float) -> float:
    """Units in control when the smallest variant has so many."""
    control, treatment = weights(plan)
    return units_in_smallest * control / min(control, treatment)


def planned_units(plan: Experiment) -> float:
    """Declared units of the smallest variant; a sample of nothing is none."""
    return float(need(plan.sample_size_per_variant or None, "sample_size_per_variant"))


def sides(plan: Experiment) -> Literal[1, 2]:
    return 1 if need(statistics_of(plan).sides, "statistics", "sides") == "one" else 2


def comparison_alpha(plan: Experiment) -> float:
    """Significance level of one comparison of the primary, after the declared correction.

    Dunnett's correction knows the correlation of treatments that share a control, not that of several primary
    metrics: among those its level is divided, as Bonferroni does. The smallest treatment's correlation is the
    least of all, which errs on the safe side.
    """
    statistics = statistics_of(plan)
    alpha = _level(statistics.alpha, "alpha")
    count = comparisons(plan)
    if count == 1 or statistics.correction in (None, "none"):
        return alpha
    if statistics.correction != "dunnett":
        return stats.corrected_alpha(alpha, count, statistics.correction, sides(plan))
    ratio = allocation_ratio(plan)
    share = alpha / (1 + len(plan.co_primary_metrics))
    return stats.corrected_alpha(share, treatments(plan), "dunnett", sides(plan), rho=ratio / (1 + ratio))


def _level(level: float | None, key: str) -> float:
    declared = need(level, "statistics", key)
    if not 0 < declared < 1:
        raise NotChecked(("statistics", key))
    return declared


def baseline_of(metric: Metric, path: Path) -> Measure:
    baseline = need(metric.baseline, *path, "baseline")
    if metric.kind == "proportion" and not 0 < baseline.value < 1:
        raise NotChecked((*path, "baseline"))
    return baseline


def size_of(change: MetricChange, metric: Metric, path: Path, key: str) -> float:
    """The change in the metric's own unit, positive. One of another unit is a fault of the plan, and no input."""
    baseline = baseline_of(metric, path)
    if not is_change_of(change, baseline) or (change.relative and baseline.value == 0):
        raise NotChecked((*path, key))
    return abs(change.absolute(baseline.value))


def direction_of(metric: Metric, path: Path) -> Literal["increase", "decrease"]:
    return need(metric.direction, *path, "direction")


def std_dev_of(metric: Metric, path: Path) -> float | None:
    kind = need(metric.kind, *path, "kind")
    if kind == "proportion":
        return None
    key = "influence_std_dev" if kind == "quantile" else "std_dev"
    declared = metric.influence_std_dev if kind == "quantile" else metric.std_dev
    spread = need(declared, *path, key).value
    if spread <= 0:
        raise NotChecked((*path, key))
    return spread


def cuped_variance_factor(plan: Experiment) -> float:
    """What CUPED leaves of the primary's variance; 1 without it."""
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if reduction is None or reduction.method in (None, "none"):
        return 1.0
    path = ("statistics", "variance_reduction", "correlation")
    correlation = need(reduction.correlation, *path)
    if abs(correlation) >= 1:
        raise NotChecked(path)
    return stats.cuped_factor(correlation)


def uses_covariate(plan: Experiment, metric: Metric, path: Path) -> bool:
    """Whether a primary is adjusted by the covariate of CUPED, whose declared correlation is the first primary's."""
    return path == PRIMARY and metric.kind != "quantile" and cuped_variance_factor(plan) < 1


def is_relative(change: MetricChange | None, metric: Metric) -> bool:
    """Whether a bound is one of the control observed: declared in per cent, of a metric above zero."""
    return (
        change is not None and change.relative and metric.baseline is not None and metric.baseline.value > 0
    )


def is_clustered(plan: Experiment, metric: Metric) -> bool:
    """Whether a metric is a share of units that are finer than the randomised ones, as of sessions in users.

    Such a share is a ratio of two sums over randomised units: successes, and analysis units.
    """
    return metric.kind == "proportion" and plan.analysis_unit not in (None, plan.unit)


def clustering_variance_factor(plan: Experiment, metric: Metric) -> float:
    """What analysing several units per randomised one does to the variance per randomised unit.

    A standard deviation is declared per randomised unit and has the clustering in it. A proportion of m analysis
    units per randomised one has p (1 - p) DEFF / m instead of p (1 - p).
    """
    clustering = plan.statistics.clustering if plan.statistics else None
    if not is_clustered(plan, metric) or clustering is None or clustering.method is None:
        return 1.0
    path = ("statistics", "clustering")
    size, icc = need(clustering.mean_size, *path, "mean_size"), need(clustering.icc, *path, "icc")
    if size < 1 or not 0 <= icc <= 1 or (clustering.cv or 0) < 0:
        raise NotChecked(path)
    return stats.design_effect(size, icc, clustering.cv or 0.0) / size


def primary_at(plan: Experiment, path: Path) -> Metric:
    """The primary metric, or the co-primary at this path."""
    if path == PRIMARY:
        return need(plan.primary_metric, *path)
    return plan.co_primary_metrics[int(path[1])]


@lru_cache(32)
def primary_test(plan: Experiment, *, with_cuped: bool = True, at: Path = PRIMARY) -> stats.PlannedTest:
    """The registered test of the primary metric: of superiority, or of non-inferiority by the plan's type."""
    metric = primary_at(plan, at)
    cuped = with_cuped and uses_covariate(plan, metric, at)
    non_inferiority = plan.type == "non_inferiority"
    return stats.PlannedTest(
        kind=need(metric.kind, *at, "kind"),
        baseline=baseline_of(metric, at).value,
        std_dev=std_dev_of(metric, at),
        alpha=comparison_alpha(plan),
        sides=sides(plan),
        margin=margin_of(metric, at) if non_inferiority else None,
        harm=harm_direction(metric, at) if non_inferiority else "decrease",
        ratio=allocation_ratio(plan),
        variance_factor=(cuped_variance_factor(plan) if cuped else 1.0)
        * clustering_variance_factor(plan, metric),
        relative=non_inferiority and is_relative(metric.non_inferiority_margin, metric),
        variance="unpooled" if cuped or is_clustered(plan, metric) else "score",
    )


def primary_effect(plan: Experiment, at: Path = PRIMARY) -> float:
    """The effect the plan must detect, signed and in the metric's own unit; 0 in a non-inferiority test."""
    metric = primary_at(plan, at)
    if plan.type == "non_inferiority":
        return 0.0
    effect = signed_size(need(metric.mde, *at, "mde"), metric, at, "mde")
    leaves_the_scale = metric.kind == "proportion" and not 0 < baseline_of(metric, at).value + effect < 1
    if effect == 0 or leaves_the_scale:
        raise NotChecked((*at, "mde"))
    return effect


def aim_of(plan: Experiment) -> MetricChange | None:
    """The change that the sample is planned for, as the plan writes it: the MDE, or the margin of non-inferiority."""
    metric = plan.primary_metric
    if metric is None:
        return None
    return metric.non_inferiority_margin if plan.type == "non_inferiority" else metric.mde


def signed_size(change: MetricChange, metric: Metric, path: Path, key: str) -> float:
    """A wanted change in the metric's own unit, with the sign of the direction that is good."""
    size = size_of(change, metric, path, key)
    return size if direction_of(metric, path) == "increase" else -size


def required_power(plan: Experiment) -> float:
    """The declared power, which lies between the significance level and 1."""
    power = _level(statistics_of(plan).power, "power")
    if power <= (statistics_of(plan).alpha or 0):
        raise NotChecked(("statistics", "power"))
    return power


def harm_direction(metric: Metric, path: Path) -> Literal["increase", "decrease"]:
    """The direction that is harm: the opposite of the metric's good one."""
    return "decrease" if direction_of(metric, path) == "increase" else "increase"


def margin_of(metric: Metric, path: Path) -> float:
    """The non-inferiority margin in the metric's own unit, positive."""
    margin = need(metric.non_inferiority_margin, *path, "non_inferiority_margin")
    size = size_of(margin, metric, path, "non_inferiority_margin")
    if size == 0:
        raise NotChecked((*path, "non_inferiority_margin"))
    return size


def noticed_size(metric: Metric, path: Path) -> float:
    """What has to be noticed in a metric that decides nothing, in its own unit: its `mde`."""
    size = size_of(need(metric.mde, *path, "mde"), metric, path, "mde")
    if not size:
        raise NotChecked((*path, "mde"))
    return size


def guardrail_alpha(plan: Experiment) -> float:
    """The level of a guardrail's test over all looks."""
    return _level(statistics_of(plan).guardrail_alpha, "guardrail_alpha")


def guardrail_level(plan: Experiment, metric: Metric) -> float:
    """The level of a guardrail's test at the last look."""
    alpha, looks = guardrail_alpha(plan), _fractions(plan, metric)
    if not is_sequential(plan) or len(looks) < 2:
        return alpha
    statistics = statistics_of(plan)
    function = need(statistics.guardrail_spending, "statistics", "guardrail_spending")
    bounds = Sequence(function, looks, statistics.spending_parameter).boundaries(alpha, 1)
    return stats.normal_sf(bounds[-1])


@lru_cache(OF_METRICS)
def guardrail_test(plan: Experiment, metric: Metric, path: Path) -> stats.PlannedTest:
    """The non-inferiority test of a guardrail at the last look: one-sided, without CUPED, at what its spending
    function leaves for that look."""
    return stats.PlannedTest(
        kind=need(metric.kind, *path, "kind"),
        baseline=baseline_of(metric, path).value,
        std_dev=std_dev_of(metric, path),
        alpha=guardrail_level(plan, metric),
        sides=1,
        margin=margin_of(metric, path),
        harm=harm_direction(metric, path),
        ratio=allocation_ratio(plan),
        variance_factor=clustering_variance_factor(plan, metric),
        relative=is_relative(metric.non_inferiority_margin, metric),
        variance="unpooled" if is_clustered(plan, metric) else "score",
    )


@lru_cache(OF_METRICS)
def matured_share(plan: Experiment, metric: Metric) -> float:
    """Share of the run's units whose outcome has matured at the readout, for a metric that is judged on those;
    1 when it is judged on all units."""
    if metric.judged_on != "matured_cohort" or not metric.outcome_window:
        return 1.0
    total = _days_before(plan, readout_day(plan))
    return days_judged(plan, metric, readout_day(plan)) / total if total else 0.0


def days_judged(plan: Experiment, metric: Metric, look: date) -> int:
    """Days of exposure whose units a look on this day judges."""
    waits = metric.judged_on == "matured_cohort" and metric.outcome_window
    return _days_before(
        plan, day_after(look, -whole_days(metric.outcome_window) if waits and metric.outcome_window else 0)
    )


def _days_before(plan: Experiment, day: date) -> int:
    """Days of exposure before a day; a holdback goes on after its looks."""
    last = day_after(day, -1)
    return sum((min(run.last, last) - run.first).days + 1 for run in exposed_days(plan) if run.first <= last)


def metric_units(plan: Experiment, metric: Metric, units_in_smallest: float) -> float:
    """Units of control that a metric is judged on when the smallest variant has so many."""
    return control_units(plan, units_in_smallest) * matured_share(plan, metric) * segment_share(plan, metric)


def is_sequential(plan: Experiment) -> bool:
    """Whether the primary may be read at several looks."""
    return plan.statistics is not None and plan.statistics.method in ("group_sequential", "always_valid")


@lru_cache(32)
def look_days(plan: Experiment) -> tuple[date, ...]:
    """The days on which the primary may be read: the declared ones; of an always-valid test that declares none every
    day, of any other the day after the run. A fixed horizon is read at the last."""
    statistics = plan.statistics
    declared = sorted(
        {as_day(local(plan, look)) for look in (statistics.looks if statistics else None) or ()}
    )
    if not declared:
        last = readout_day(plan)
        daily = statistics is not None and statistics.method == "always_valid"
        first = day_after(first_day(plan), 1) if daily else last
        declared = [day_after(first, at) for at in range(max(1, (last - first).days + 1))]
    return tuple(declared) if is_sequential(plan) else (declared[-1],)


def information_fractions(plan: Experiment, metric: Metric | None = None) -> tuple[float, ...]:
    """Units that each declared look of the primary judges, as shares of the last look's. Looks that judge the same
    units are one."""
    looks = need(statistics_of(plan).looks, "statistics", "looks")
    judged = metric or primary_at(plan, PRIMARY)
    days = sorted({days_judged(plan, judged, as_day(local(plan, look))) for look in looks})
    if not days or days[0] <= 0:
        raise NotChecked(("statistics", "looks"))
    return tuple(count / days[-1] for count in days)


def _fractions(plan: Experiment, metric: Metric) -> tuple[float, ...]:
    """As ``information_fractions``, for looks by day, those before the first matured outcome left out, and of very
    many an even choice."""
    days = sorted({days_judged(plan, metric, look) for look in look_days(plan)} - {0})
    if not days or days[0] <= 0:
        return (1.0,)
    if len(days) > MOST_LOOKS:
        step = len(days) / MOST_LOOKS
        days = [days[min(len(days) - 1, math.ceil(step * (at + 1)) - 1)] for at in range(MOST_LOOKS)]
    return tuple(count / days[-1] for count in days)


def sequence_of(plan: Experiment, metric: Metric) -> Sequence | None:
    """The looks of a primary's test with their boundaries; None for a fixed horizon."""
    statistics = statistics_of(plan)
    if statistics.method == "always_valid":
        return Sequence(None, _fractions(plan, metric))
    if statistics.method != "group_sequential":
        return None
    function = need(statistics.spending, "statistics", "spending")
    looks = information_fractions(plan, metric)
    if len(looks) > MOST_LOOKS:
        raise NotChecked(("statistics", "looks"))
    return Sequence(function, looks, statistics.spending_parameter)


@lru_cache(32)
def primary_design(plan: Experiment, at: Path = PRIMARY, *, with_cuped: bool = True) -> Design:
    """The test of a primary metric with its split, its matured share and its looks."""
    metric = primary_at(plan, at)
    units = metric_units(plan, metric, 1.0)
    if units <= 0:
        raise NotChecked((*at, "outcome_window"))
    test = primary_test(plan, with_cuped=with_cuped, at=at)
    return Design(test, units, direction_of(metric, at), sequence_of(plan, metric))


@lru_cache(OF_METRICS)
def guardrail_design(plan: Experiment, metric: Metric, path: Path) -> Design:
    """The test of a guardrail at the last look, with the part of the sample that it is judged on."""
    test, units = guardrail_test(plan, metric, path), metric_units(plan, metric, 1.0)
    if units <= 0:
        raise NotChecked((*path, "outcome_window"))
    return Design(test, units, direction_of(metric, path))


def sequential_inflation(plan: Experiment) -> float:
    """Factor by which the registered method needs more units than a single look for the declared power; 1 for a
    fixed horizon."""
    sequence = sequence_of(plan, primary_at(plan, PRIMARY))
    return (
        1.0
        if sequence is None
        else sequence.inflation(comparison_alpha(plan), required_power(plan), sides(plan))
    )


@lru_cache(32)
def required_smallest(
    plan: Experiment, *, with_cuped: bool = True, at: Path = PRIMARY, effect: float | None = None
) -> float:
    """Units the smallest variant needs for the declared power and registered test of the primary, at the declared
    MDE unless another signed effect is given."""
    design = primary_design(plan, at, with_cuped=with_cuped)
    wanted = primary_effect(plan, at) if effect is None else effect
    return design.units(_distance(design.test, wanted), required_power(plan))


def _distance(test: stats.PlannedTest, effect: float) -> float:
    """From the null hypothesis to a signed effect, in the direction that is good."""
    return abs(effect) if test.margin is None else test.margin + effect


def primary_control_units(plan: Experiment, units_in_smallest: float) -> float:
    """Units of control behind the primary's test when the smallest variant has so many: matured ones, and of a
    sequential design those of the single look that has the same power at the declared effect."""
    design = primary_design(plan)
    return design.one_look_units(_distance(design.test, primary_effect(plan)), units_in_smallest)


def power_at(plan: Experiment, effect: float, units_in_smallest: float) -> float:
    """Power of the registered test of the primary at a signed effect, all its looks together."""
    design = primary_design(plan)
    return design.power(_distance(design.test, effect), units_in_smallest)


def detectable_at(plan: Experiment, power: float, units_in_smallest: float) -> float:
    """Smallest effect, positive and in the metric's own unit, that the primary's test finds with this power."""
    return primary_design(plan).detectable(power, units_in_smallest)


def has_primary_test(plan: Experiment) -> bool:
    """Whether the plan tests a primary metric: a rollout only watches for harm, and so does a holdback that says no
    days on which its primary is read."""
    if plan.type == "holdback":
        return bool(plan.statistics and plan.statistics.looks)
    return plan.type != "rollout"


def require_primary_test(plan: Experiment) -> None:
    """Raises DoesNotApply for a plan that only watches for harm."""
    if not has_primary_test(plan):
        raise DoesNotApply


def assuming(plan: Experiment, **statistics: object) -> Experiment:
    """The plan with other values under ``statistics``, to ask what they would need."""
    return changed(plan, statistics=changed(statistics_of(plan), **statistics))


def is_change_of(change: MetricChange, measure: Measure) -> bool:
    """Whether a change in this unit can happen to a metric measured in that one: points to a rate, ms to a time."""
    if change.unit in ("points", "abs"):
        return measure.unit in ("share", "")
    return change.relative or change.unit == measure.unit


def segment_share(plan: Experiment, metric: Metric) -> float:
    """Share of the units that a metric restricted to a segment is judged on; 1 without a segment."""
    if not metric.segment:
        return 1.0
    if metric.segment_share is None:
        path = next((path for path, other in plan.metrics if other is metric), ())
        raise NotChecked((*path, "segment_share"))
    return metric.segment_share
