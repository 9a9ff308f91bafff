"""A plan's stop rules as numbers: how often they are evaluated, where they fire, and what a week has to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from egp import stats
from egp.finding import NotChecked, need

if TYPE_CHECKING:
    from egp.analysis.watch import Watched
    from egp.document import Path
    from egp.experiment import Experiment, Metric

from egp.analysis.registered import (
    baseline_of,
    clustering_variance_factor,
    segment_share,
    statistics_of,
    std_dev_of,
    treatments,
)
from egp.analysis.watch import units_of, watched_weeks


def standard_error(plan: Experiment, metric: Metric, path: Path, part: Watched, eligible: float) -> float:
    """Standard error of a metric's difference after so many eligible units, if there is no effect; without CUPED."""
    baseline, spread = baseline_of(metric, path).value, std_dev_of(metric, path)
    if spread is None:
        spread = math.sqrt(baseline * (1 - baseline))
    units = eligible * segment_share(plan, metric)
    if units <= 0:
        raise NotChecked(("eligible_units",))
    per_unit = clustering_variance_factor(plan, metric) * (1 / part.control + 1 / part.treatment)
    return spread * math.sqrt(per_unit / units)


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


WEEK = timedelta(weeks=1)


class Evaluations(NamedTuple):
    """When a stop rule is evaluated in a part of the watch, with its minimum of units at hand."""

    first: int
    last: int
    """Numbers of the evaluations, counted from the begin of the part."""
    all: float
    """Evaluations that the part has room for, a part of one included."""

    @property
    def number(self) -> int:
        return max(0, self.last - self.first + 1)

    def information(self, most: int) -> tuple[float, ...]:
        """Share of the part's units at each evaluation; of more than ``most`` so many are selected, evenly spaced in
        the logarithm of information, which decides how often noise crosses a bound.
        """
        chosen: Sequence[int] = range(self.first, self.last + 1)
        if len(chosen) > most:
            growth = (self.last / self.first) ** (1 / (most - 1))
            steps = {min(self.last, round(self.first * growth**step)) for step in range(most - 1)}
            chosen = sorted(steps | {self.last})
        return tuple(number / self.all for number in chosen)


_EVALUATIONS_PER_WEEK = {"hourly": 168, "daily": 7, "weekly": 1}


def evaluations(plan: Experiment, position: int, evaluated: str, part: Watched) -> Evaluations:
    """The "hourly", "daily" or "weekly" evaluations of a stop rule; units are taken to come evenly."""
    path = ("stop_rules", position, "min_units_per_variant")
    least = need(plan.stop_rules[position].min_units_per_variant, *path)
    room = part.days * _EVALUATIONS_PER_WEEK[evaluated] / 7
    units = units_of(plan, part) * part.smallest
    if least > units or units <= 0:
        return Evaluations(1, 0, room)
    return Evaluations(max(1, math.ceil(least * room / units - 1e-9)), math.floor(room + 1e-9), room)


def posterior_bounds(
    plan: Experiment, position: int, probability: float, part: Watched, information: Sequence[float]
) -> list[float]:
    """How many standard errors of estimated harm make a posterior stop rule fire, at each share of the part's units.

    With the squared standard error V of an estimate x and a normal prior of mean m and variance t²,
    P(harm > h) >= p  is  x >= h (1 + V/t²) - m V/t² + z_p sqrt(V (1 + V/t²)); a flat prior has V/t² = 0.
    """
    z, harm = -stats.z_upper(probability), stop_rule_harm(plan, position)
    prior = need(plan.stop_rules[position].prior, "stop_rules", position, "prior")
    if prior == "flat" and harm == 0:
        return [z] * len(information)
    path, metric = stop_rule_metric(plan, position)
    final_error = standard_error(plan, metric, path, part, units_of(plan, part))
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


BAD_WEEKS = 2
"""Weeks in a row with significant harm of a guardrail that roll back, whatever the plan says."""

WEEKLY_FALSE_ALARM = 0.01
"""Chance without harm that weeks in a row fire, over all weeks of the watch and every metric that is watched by weeks."""


def weekly_level(plan: Experiment, weeks: int) -> float:
    """Level at which a week's harm is significant to a stop rule that asks for so many weeks in a row.

    Runs of k bad weeks begin in N - k + 1 places, each by chance with level^k; their sum over the metrics is kept
    within ``WEEKLY_FALSE_ALARM``. Never above the plan's ``guardrail_alpha``.
    """
    alpha = need(statistics_of(plan).guardrail_alpha, "statistics", "guardrail_alpha")
    runs = watched_weeks(plan) - weeks + 1
    if runs < 1:
        return alpha
    watched: set[tuple[str | None, int]] = {(guardrail.id, BAD_WEEKS) for guardrail in plan.guardrail_metrics}
    for rule in plan.stop_rules:
        if rule.significant_harm_for is not None:
            watched.add((rule.metric, rule.significant_harm_for // WEEK))
    share: float = WEEKLY_FALSE_ALARM / (runs * treatments(plan) * max(1, len(watched)))
    return min(alpha, math.pow(share, 1 / weeks))
