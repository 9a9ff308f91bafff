"""A plan's stop rules as numbers: how often they are evaluated, and where they fire."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from egp import stats
from egp.finding import NotChecked, need

if TYPE_CHECKING:
    from egp.document import Path
    from egp.experiment import Experiment, Metric

from egp.analysis.days import run_days
from egp.analysis.registered import (
    baseline_of,
    clustering_variance_factor,
    segment_share,
    std_dev_of,
    weights,
)
from egp.analysis.traffic import arriving_units


def standard_error(plan: Experiment, metric: Metric, path: Path, units_in_smallest: float) -> float:
    """Standard error of a metric's difference between treatment and control if there is no effect, without CUPED."""
    control_weight, treatment_weight = weights(plan)
    test = stats.PlannedTest(
        kind=need(metric.kind, *path, "kind"),
        baseline=baseline_of(metric, path).value,
        std_dev=std_dev_of(metric, path),
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
