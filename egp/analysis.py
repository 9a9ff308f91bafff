"""The registered analysis of a plan as numbers: the way from a plan's words to ``egp.stats``.

Every function takes what it needs from the plan and raises ``NotChecked`` at the key that is missing, or that has
a value no test can have and a rule of its own to say so; a rule then states its arithmetic and nothing else.
What several rules ask of the same plan is remembered by the plan's identity, so a plan is never changed in place:
``assuming`` makes another one.

Conventions: ``sample_size_per_variant`` counts the units of the smallest variant, and units are always those of
randomisation; the smallest treatment decides; CUPED serves the primary metric alone, since the declared correlation
is the primary's; units come evenly over the days of exposure; a metric judged on its matured cohort has that
cohort's units.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from egp import stats
from egp.finding import NotChecked, need
from egp.quantity import Interval, as_day

if TYPE_CHECKING:
    from egp.document import Path
    from egp.experiment import Experiment, Metric, Schedule, Statistics
    from egp.quantity import Change, Measure, Moment

PRIMARY: Path = ("primary_metric",)

MOST_LOOKS = 60
"""Looks of a sequential design that egp computes; more are continuous monitoring, and take long to compute."""


def schedule_of(plan: Experiment) -> Schedule:
    return need(plan.schedule, "schedule")


def statistics_of(plan: Experiment) -> Statistics:
    return need(plan.statistics, "statistics")


def first_day(plan: Experiment) -> date:
    return as_day(local(plan, need(schedule_of(plan).start, "schedule", "start")))


def last_day(plan: Experiment) -> date:
    """The last day of exposure."""
    return day_before_end(plan, need(schedule_of(plan).end, "schedule", "end"))


def full_days(plan: Experiment) -> list[Interval]:
    """Runs of consecutive whole calendar days at full exposure, in the plan's time zone, pauses taken out."""
    first = first_full_day(plan)
    end = local(plan, need(schedule_of(plan).end, "schedule", "end"))
    last = day_after(end.date(), -1) if isinstance(end, datetime) else end
    return unpaused(first, last, schedule_of(plan).pauses)


def first_full_day(plan: Experiment) -> date:
    """The first day that is exposed from its beginning."""
    start = local(plan, need(schedule_of(plan).start, "schedule", "start"))
    return day_after(as_day(start), 1) if _after_midnight(start) else as_day(start)


def exposed_days(plan: Experiment) -> list[Interval]:
    """Runs of consecutive days with any exposure, in the plan's time zone, pauses taken out."""
    return unpaused(first_day(plan), last_day(plan), schedule_of(plan).pauses)


def _after_midnight(moment: Moment) -> bool:
    """Whether an instant lies after the first instant of its day, which clock changes may put at one o'clock."""
    if not isinstance(moment, datetime):
        return False
    midnight = datetime.combine(moment.date(), time(0), moment.tzinfo)
    return moment > midnight if moment.tzinfo is None else moment.timestamp() > midnight.timestamp()


def unpaused(first: date, last: date, pauses: tuple[Interval, ...]) -> list[Interval]:
    """The days from first to last without the pauses, as runs of consecutive days."""
    runs = []
    for pause in sorted(pauses, key=lambda pause: pause.first):
        if first < pause.first and first <= last:
            runs.append(Interval(first, min(last, day_after(pause.first, -1))))
        if pause.last >= last:
            return runs
        first = max(first, day_after(pause.last, 1))
    return [*runs, Interval(first, last)] if first <= last else runs


def readout_day(plan: Experiment) -> date:
    """The day of the last look; without declared looks the day after the last day of exposure."""
    looks = plan.statistics.looks if plan.statistics else None
    return max(as_day(local(plan, look)) for look in looks) if looks else day_after(last_day(plan), 1)


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


def size_of(change: Change, metric: Metric, path: Path, key: str) -> float:
    """The change in the metric's own unit, positive. One of another unit is a fault of the plan, and no input."""
    baseline = baseline_of(metric, path)
    if not is_change_of(change, baseline) or (change.relative and baseline.value == 0):
        raise NotChecked((*path, key))
    return abs(change.absolute(baseline.value))


def direction_of(metric: Metric, path: Path) -> Literal["increase", "decrease"]:
    return need(metric.direction, *path, "direction")


def _std_dev(metric: Metric, path: Path) -> float | None:
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


def clustering_variance_factor(plan: Experiment, metric: Metric) -> float:
    """What analysing several units per randomised one does to the variance per randomised unit.

    A standard deviation is declared per randomised unit and has the clustering in it. A proportion of m analysis
    units per randomised one has p (1 - p) DEFF / m instead of p (1 - p).
    """
    clustering = plan.statistics.clustering if plan.statistics else None
    if plan.analysis_unit in (None, plan.unit) or metric.kind != "proportion":
        return 1.0
    if clustering is None or clustering.method is None:
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
    cuped = with_cuped and metric.kind != "quantile" and at == PRIMARY
    non_inferiority = plan.type == "non_inferiority"
    return stats.PlannedTest(
        kind=need(metric.kind, *at, "kind"),
        baseline=baseline_of(metric, at).value,
        std_dev=_std_dev(metric, at),
        alpha=comparison_alpha(plan),
        sides=sides(plan),
        margin=margin_of(metric, at) if non_inferiority else None,
        harm=harm_direction(metric, at) if non_inferiority else "decrease",
        ratio=allocation_ratio(plan),
        variance_factor=(cuped_variance_factor(plan) if cuped else 1.0)
        * clustering_variance_factor(plan, metric),
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


def signed_size(change: Change, metric: Metric, path: Path, key: str) -> float:
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


@lru_cache(32)
def guardrail_test(plan: Experiment, metric: Metric, path: Path) -> stats.PlannedTest:
    """The non-inferiority test of a guardrail at the readout: one-sided, without CUPED."""
    return stats.PlannedTest(
        kind=need(metric.kind, *path, "kind"),
        baseline=baseline_of(metric, path).value,
        std_dev=_std_dev(metric, path),
        alpha=_level(statistics_of(plan).guardrail_alpha, "guardrail_alpha"),
        sides=1,
        margin=margin_of(metric, path),
        harm=harm_direction(metric, path),
        ratio=allocation_ratio(plan),
        variance_factor=clustering_variance_factor(plan, metric),
    )


@lru_cache(32)
def matured_share(plan: Experiment, metric: Metric) -> float:
    """Share of the run's units whose outcome has matured at the readout, for a metric that is judged on those;
    1 when it is judged on all units."""
    if metric.judged_on != "matured_cohort" or not metric.outcome_window:
        return 1.0
    total = sum(run.days for run in exposed_days(plan))
    return days_judged(plan, metric, readout_day(plan)) / total if total else 0.0


def days_judged(plan: Experiment, metric: Metric, look: date) -> int:
    """Days of exposure whose units a look on this day judges."""
    waits = metric.judged_on == "matured_cohort" and metric.outcome_window
    last = day_after(look, -1 - (whole_days(metric.outcome_window) if waits and metric.outcome_window else 0))
    return sum((min(run.last, last) - run.first).days + 1 for run in exposed_days(plan) if run.first <= last)


def metric_units(plan: Experiment, metric: Metric, units_in_smallest: float) -> float:
    """Units of control that a metric is judged on when the smallest variant has so many."""
    return control_units(plan, units_in_smallest) * matured_share(plan, metric) * segment_share(plan, metric)


def information_fractions(plan: Experiment) -> tuple[float, ...]:
    """Units that each look of the primary judges, as shares of the last look's. Looks that judge the same units
    are one."""
    looks = need(statistics_of(plan).looks, "statistics", "looks")
    metric = primary_at(plan, PRIMARY)
    days = sorted({days_judged(plan, metric, as_day(local(plan, look))) for look in looks})
    if not days or days[0] <= 0:
        raise NotChecked(("statistics", "looks"))
    return tuple(count / days[-1] for count in days)


def sequential_inflation(plan: Experiment) -> float:
    """Factor by which the registered method needs more units than a single look; 1 for a fixed horizon."""
    statistics = statistics_of(plan)
    if statistics.method == "always_valid":
        return stats.always_valid_inflation(comparison_alpha(plan), required_power(plan), sides(plan))
    if statistics.method != "group_sequential":
        return 1.0
    function = need(statistics.spending, "statistics", "spending")
    looks = information_fractions(plan)
    if len(looks) > MOST_LOOKS:
        raise NotChecked(("statistics", "looks"))
    return stats.group_sequential_inflation(
        function,
        comparison_alpha(plan),
        looks,
        required_power(plan),
        sides(plan),
        statistics.spending_parameter,
    )


@lru_cache(32)
def required_smallest(
    plan: Experiment, *, with_cuped: bool = True, at: Path = PRIMARY, effect: float | None = None
) -> float:
    """Units the smallest variant needs for the declared power and registered test of the primary, at the declared
    MDE unless another signed effect is given."""
    test = primary_test(plan, with_cuped=with_cuped, at=at)
    wanted = primary_effect(plan, at) if effect is None else effect
    units = stats.required_units(test, wanted, required_power(plan))
    matured = matured_share(plan, primary_at(plan, at))
    if matured <= 0:
        raise NotChecked((*at, "outcome_window"))
    return units.smallest * sequential_inflation(plan) / matured


def primary_control_units(plan: Experiment, units_in_smallest: float) -> float:
    """Units of control behind the primary's test when the smallest variant has so many: matured ones, and of a
    sequential design those of the single look that has the same power."""
    units = metric_units(plan, primary_at(plan, PRIMARY), units_in_smallest)
    if units <= 0:
        raise NotChecked((*PRIMARY, "outcome_window"))
    return units / sequential_inflation(plan)


def power_at(plan: Experiment, effect: float, units_in_smallest: float) -> float:
    """Power of the registered test of the primary at a signed effect. A sequential design with inflation r is
    taken to have the power of a single look at n / r, which is exact at its declared power."""
    return stats.achieved_power(primary_test(plan), effect, primary_control_units(plan, units_in_smallest))


def detectable_at(plan: Experiment, power: float, units_in_smallest: float) -> float:
    """Smallest effect, positive and in the metric's own unit, that the primary's test finds with this power."""
    direction = direction_of(primary_at(plan, PRIMARY), PRIMARY)
    units = primary_control_units(plan, units_in_smallest)
    return stats.detectable_effect(primary_test(plan), power, units, direction)


def has_primary_test(plan: Experiment) -> bool:
    """Whether the plan tests a primary metric; a rollout and a holdback only watch for harm."""
    return plan.type not in ("rollout", "holdback")


def assuming(plan: Experiment, **statistics: object) -> Experiment:
    """The plan with other values under ``statistics``, to ask what they would need."""
    other = copy.copy(plan)
    other.statistics = copy.copy(statistics_of(plan))
    vars(other.statistics).update(statistics)
    return other


def day_after(day: date, days: int) -> date:
    """The day so many days later, or earlier; no further than the calendar goes."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


@lru_cache(64)
def time_zone(name: str) -> tzinfo | None:
    """The IANA time zone of this name, or None for a name that is none."""
    # Loaded for plans that name a zone; the pattern keeps out paths and the zones that mean the machine's own.
    if len(name) > 60 or not re.fullmatch(r"[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}", name):
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def local(plan: Experiment, moment: Moment) -> Moment:
    """An instant on the clocks of the plan's time zone; dates, and instants without an offset, are there already."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return moment
    zone = time_zone(plan.schedule.timezone) if plan.schedule and plan.schedule.timezone else None
    try:
        return moment.astimezone(zone) if zone else moment
    except OverflowError:
        return moment


def last_matured_day(plan: Experiment, outcome_window: timedelta) -> date:
    """The last day whose units all have a matured outcome on the day of the readout."""
    return day_after(readout_day(plan), -1 - whole_days(outcome_window))


def whole_days(duration: timedelta) -> int:
    """Days that a length of time takes up, a part of a day counted as a day."""
    return -(-duration // timedelta(days=1))


def segment_share(plan: Experiment, metric: Metric) -> float:
    """Share of the units that a metric restricted to a segment is judged on; 1 without a segment."""
    if not metric.segment:
        return 1.0
    if metric.segment_share is None:
        path = next((path for path, other in plan.metrics if other is metric), ())
        raise NotChecked((*path, "segment_share"))
    return metric.segment_share


def is_change_of(change: Change, measure: Measure) -> bool:
    """Whether a change in this unit can happen to a metric measured in that one: points to a rate, ms to a time."""
    if change.unit in ("points", "abs"):
        return measure.unit in ("share", "")
    return change.relative or change.unit == measure.unit


def day_before_end(plan: Experiment, end: Moment) -> date:
    """The last day that an end leaves in; an instant as end is exclusive, so midnight leaves the day before."""
    end = local(plan, end)
    if not isinstance(end, datetime):
        return end
    return end.date() if _after_midnight(end) else day_after(end.date(), -1)


def precedes(plan: Experiment, moment: Moment, other: Moment) -> bool:
    """Whether a moment lies before another: two instants as instants, otherwise by their days."""
    if _is_instant(moment) and _is_instant(other):
        return moment < other
    return as_day(local(plan, moment)) < as_day(local(plan, other))


def _is_instant(moment: Moment) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None


def run_days(plan: Experiment) -> int:
    """Days from the first to the last day of exposure, both included."""
    days = (last_day(plan) - first_day(plan)).days + 1
    if days <= 0:
        raise NotChecked(("schedule", "end"))
    return days


def treated_share(plan: Experiment) -> float:
    """Share of the eligible units that receive a treatment in the test."""
    exposure = need(schedule_of(plan).exposure, "schedule", "exposure")
    variants = need(plan.variants, "variants")
    control = need(plan.control_position, "variants")
    shares = [need(variant.weight, "variants", at, "weight") for at, variant in enumerate(variants)]
    return exposure * (sum(shares) - shares[control])


def arriving_units(plan: Experiment) -> float:
    """Units that the run brings to the smallest variant; daily units add up where no distinct ones are declared."""
    eligible = need(plan.eligible_units, "eligible_units")
    units = eligible.distinct_over_run
    if units is None and eligible.per_day is not None:
        return eligible.per_day * run_days(plan) * smallest_share(plan)
    return need(units, "eligible_units", "distinct_over_run") * smallest_share(plan)


def smallest_share(plan: Experiment) -> float:
    """Share of the eligible units that is in the smallest of control and treatments."""
    return need(schedule_of(plan).exposure, "schedule", "exposure") * min(weights(plan))


def daily_eligible_units(plan: Experiment) -> int:
    path = ("eligible_units", "per_day")
    return need(need(plan.eligible_units, path[0]).per_day, *path)


def ramp_begin(plan: Experiment) -> date:
    """The day on which the ramp can start: the readout's; a rollout, which has no test, starts with it."""
    return first_day(plan) if plan.type == "rollout" else readout_day(plan)


def ramp_length(plan: Experiment) -> timedelta:
    """Least time from the begin of the ramp until the dwell of its last stage is over."""
    begin, length = ramp_begin(plan), timedelta()
    for position, stage in enumerate(plan.ramp):
        if stage.start is not None:
            length = max(length, as_day(local(plan, stage.start)) - begin)
        length += need(stage.min_dwell, "ramp", position, "min_dwell")
    return length


def holdout_share(plan: Experiment) -> float:
    """Share of the eligible units that is never treated; 0 where the plan says that it has no holdout."""
    holdout = need(plan.holdout, "holdout")
    if holdout.share is None and holdout.none is not None:
        return 0.0
    return need(holdout.share, "holdout", "share")


def standard_error(plan: Experiment, metric: Metric, path: Path, units_in_smallest: float) -> float:
    """Standard error of a metric's difference between treatment and control if there is no effect, without CUPED."""
    control_weight, treatment_weight = weights(plan)
    test = stats.PlannedTest(
        kind=need(metric.kind, *path, "kind"),
        baseline=baseline_of(metric, path).value,
        std_dev=_std_dev(metric, path),
        ratio=treatment_weight / control_weight,
        variance_factor=clustering_variance_factor(plan, metric),
    )
    spread = test.std_dev if test.std_dev is not None else math.sqrt(test.baseline * (1 - test.baseline))
    units_per_weight = units_in_smallest / min(control_weight, treatment_weight)
    control = control_weight * units_per_weight * segment_share(plan, metric)
    if control <= 0:
        raise NotChecked(("eligible_units",))
    return spread * math.sqrt((1 + 1 / test.ratio) * test.variance_factor / control)


def stop_rule_metric(plan: Experiment, position: int) -> tuple[Path, Metric]:
    """The metric that a stop rule watches, with its path."""
    path = ("stop_rules", position, "metric")
    name = need(plan.stop_rules[position].metric, *path)
    for found in plan.metrics:
        if found[1].id == name:
            return found
    raise NotChecked(path)


def stop_rule_harm(plan: Experiment, position: int) -> float:
    """The harm beyond which a stop rule may fire, in its metric's own unit."""
    path = ("stop_rules", position, "harm_exceeds")
    harm = need(plan.stop_rules[position].harm_exceeds, *path)
    if harm.value < 0:
        raise NotChecked(path)
    if not harm.relative or harm.value == 0:
        return harm.value
    metric_path, metric = stop_rule_metric(plan, position)
    return harm.absolute(baseline_of(metric, metric_path).value)


class Evaluations(NamedTuple):
    """When a stop rule is evaluated during the test with its minimum of units at hand."""

    number: int
    information: tuple[float, ...]
    """Share of the run's units at each evaluation; of very many evaluations a selection."""


MOST_EVALUATIONS = 60
"""Evaluations of a stop rule that egp computes with. What sixty miss is small, and hundreds take seconds."""

_EVALUATIONS_PER_WEEK = {"hourly": 168, "daily": 7, "weekly": 1}


def evaluations(plan: Experiment, position: int, evaluated: str) -> Evaluations:
    """The "hourly", "daily" or "weekly" evaluations of a stop rule; units are taken to come evenly over the run.

    Of more than ``MOST_EVALUATIONS`` so many are selected, evenly spaced in the logarithm of information, which
    decides how often noise crosses a bound.
    """
    path = ("stop_rules", position, "min_units_per_variant")
    least = need(plan.stop_rules[position].min_units_per_variant, *path)
    per_week = _EVALUATIONS_PER_WEEK[evaluated]
    days, units = run_days(plan), arriving_units(plan)
    last = days * per_week // 7
    if least > units or units <= 0:
        return Evaluations(0, ())
    first = max(1, math.ceil(least * days * per_week / (7 * units) - 1e-9))
    step = 7 / (days * per_week)
    return Evaluations(max(0, last - first + 1), tuple(number * step for number in _selected(first, last)))


def _selected(first: int, last: int) -> Sequence[int]:
    if last - first < MOST_EVALUATIONS:
        return range(first, last + 1)
    growth = (last / first) ** (1 / (MOST_EVALUATIONS - 1))
    return sorted({min(last, round(first * growth**step)) for step in range(MOST_EVALUATIONS - 1)} | {last})


def posterior_bounds(
    plan: Experiment, position: int, probability: float, information: Sequence[float]
) -> list[float]:
    """How many standard errors of estimated harm make a posterior stop rule fire, at each share of the run's units.

    With the squared standard error V of an estimate x and a normal prior of mean m and variance t²,
    P(harm > h) >= p  is  x >= h (1 + V/t²) - m V/t² + z_p sqrt(V (1 + V/t²)); a flat prior has V/t² = 0.
    """
    z, harm = -stats.z_upper(probability), stop_rule_harm(plan, position)
    prior = need(plan.stop_rules[position].prior, "stop_rules", position, "prior")
    if prior == "flat" and harm == 0:
        return [z] * len(information)
    path, metric = stop_rule_metric(plan, position)
    final_error = standard_error(plan, metric, path, arriving_units(plan))
    errors = [final_error / math.sqrt(share) for share in information]
    if prior == "flat":
        return [harm / error + z for error in errors]
    mean, spread = _prior_of(plan, position, metric, path)
    ratios = [(error / spread) * (error / spread) for error in errors]
    return [
        (harm * (1 + ratio) - mean * ratio) / error + z * math.sqrt(1 + ratio)
        for error, ratio in zip(errors, ratios, strict=True)
    ]


def _prior_of(plan: Experiment, position: int, metric: Metric, metric_path: Path) -> tuple[float, float]:
    """Mean and standard deviation of a stop rule's normal prior on the harm, in the metric's own unit."""
    path = ("stop_rules", position, "prior", "std_dev")
    prior = plan.stop_rules[position].prior
    if prior is None or prior == "flat" or prior.std_dev is None:
        raise NotChecked(path)
    baseline = baseline_of(metric, metric_path).value
    spread = prior.std_dev.absolute(baseline)
    if spread <= 0:
        raise NotChecked(path)
    return prior.mean.absolute(baseline) if prior.mean else 0.0, spread


def identity(handle: str) -> str:
    """A person's or role's handle for comparison: "@PDP-PM " and "pdp-pm" are one."""
    return handle.strip().removeprefix("@").casefold()


def weekday_counts(runs: Iterable[Interval]) -> list[int]:
    """How many days fall on each weekday, from Monday."""
    counts = [0] * 7
    for run in runs:
        weeks, rest = divmod(run.days, 7)
        first = run.first.weekday()
        for offset in range(7):
            counts[(first + offset) % 7] += weeks + (offset < rest)
    return counts


def as_local_day(plan: Experiment, moment: Moment) -> date:
    """The calendar day of a moment in the plan's time zone."""
    return as_day(local(plan, moment))
