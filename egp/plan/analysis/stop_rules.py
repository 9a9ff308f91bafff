"""A plan's stop rules as numbers: how often they are evaluated, where they fire, and what a week has to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.finding import NotChecked, need
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.analysis.alarm_levels import AlarmLevels
    from egp.plan.analysis.watch import WatchedPart
    from egp.plan.experiment import Experiment, Metric
    from egp.yaml import Path

from egp.plan.analysis.registered import (
    baseline_of,
    clustering_variance_factor,
    harm_direction,
    is_clustered,
    segment_share,
    std_dev_of,
    treatments,
)
from egp.plan.analysis.watch import units_of, watched_weeks


def standard_error(
    plan: Experiment, metric: Metric, path: Path, part: WatchedPart, eligible: float, stretch: float = 1.0
) -> float:
    """Standard error of the treatment less ``stretch`` times control after so many eligible units, if there is no
    effect; without CUPED."""
    per_unit = stretch * stretch / part.control + 1 / part.treatment
    return spread_of(plan, metric, path) * math.sqrt(per_unit / _units(plan, metric, eligible))


def spread_of(plan: Experiment, metric: Metric, path: Path) -> float:
    """Standard deviation of a metric between randomised units, clustering included; without CUPED."""
    baseline, spread = baseline_of(metric, path).value, std_dev_of(metric, path)
    if spread is None:
        spread = math.sqrt(baseline * (1 - baseline))
    return spread * math.sqrt(clustering_variance_factor(plan, metric))


def _units(plan: Experiment, metric: Metric, eligible: float) -> float:
    units = eligible * segment_share(plan, metric)
    if units <= 0:
        raise NotChecked(("eligible_units",))
    return units


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


def control_stretch(plan: Experiment, position: int) -> float:
    """What control is multiplied by before a stop rule's harm is reported: 1.05 for a rise by more than 5 % of it, and 1
    where the harm is an amount of its own."""
    path, metric = stop_rule_metric(plan, position)
    harm = need(plan.stop_rules[position].harm_exceeds, "stop_rules", position, "harm_exceeds")
    if not harm.relative:
        return 1.0
    return 1 + harm.value if harm_direction(metric, path) == "increase" else 1 - harm.value


WEEK = timedelta(weeks=1)


def is_plain_rate(plan: Experiment, metric: Metric) -> bool:
    """Whether its units are the randomised ones and each has an event or none."""
    return metric.kind == "proportion" and not is_clustered(plan, metric)


def least_units(plan: Experiment, metric: Metric, path: Path) -> float:
    """Units per variant below which a rate has too few events for any alarm to judge it; 0 for what is no rate, and for
    a clustered one, which is judged as a mean."""
    if not is_plain_rate(plan, metric):
        return 0.0
    return stats.units_for_events(baseline_of(metric, path).value)


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

    @property
    def information(self) -> tuple[float, ...]:
        """Share of the part's units at each evaluation."""
        return tuple(number / self.all for number in range(self.first, self.last + 1))

    def milestones(self, growth: float, most: int) -> tuple[float, ...]:
        """Shares of the part's units from the first evaluation to the last one, each ``growth`` times the one before,
        or more where they would be more than ``most``."""
        ratio = self.last / self.first
        steps = max(1, min(most, math.ceil(math.log(ratio) / math.log(growth)))) if ratio > 1 else 0
        return tuple(self.first * ratio ** (step / max(1, steps)) / self.all for step in range(steps + 1))


_EVALUATIONS_PER_WEEK = {"hourly": 168, "daily": 7, "weekly": 1}


def evaluations(plan: Experiment, position: int, evaluated: str, part: WatchedPart) -> Evaluations:
    """The "hourly", "daily" or "weekly" evaluations of a stop rule; units are taken to come evenly."""
    path = ("stop_rules", position, "min_units_per_variant")
    least = need(plan.stop_rules[position].min_units_per_variant, *path)
    metric_path, metric = stop_rule_metric(plan, position)
    return evaluations_from(plan, max(least, least_units(plan, metric, metric_path)), evaluated, part)


def evaluations_from(plan: Experiment, least: float, evaluated: str, part: WatchedPart) -> Evaluations:
    """Evaluations from so many units in the smaller arm on; without a control there is the treatment alone."""
    room = part.days * _EVALUATIONS_PER_WEEK[evaluated] / 7
    units = units_of(plan, part) * (part.smallest or part.treatment)
    if least > units or units <= 0:
        return Evaluations(1, 0, room)
    return Evaluations(max(1, math.ceil(least * room / units - 1e-9)), math.floor(room + 1e-9), room)


def posterior_bounds(
    plan: Experiment, position: int, probability: float, part: WatchedPart, information: Sequence[float]
) -> list[float]:
    """How many standard errors of estimated harm make a posterior stop rule fire, at each share of the part's units.

    With the squared standard error V of an estimate x and a normal prior of mean m and variance t²,
    P(harm > h) >= p  is  x >= h (1 + V/t²) - m V/t² + z_p sqrt(V (1 + V/t²)); a flat prior has V/t² = 0. The
    score statistic of rates is corrected for its skewness, and meets these bounds as often as a normal one.
    """
    z, harm = -stats.z_upper(probability), stop_rule_harm(plan, position)
    prior = need(plan.stop_rules[position].prior, "stop_rules", position, "prior")
    path, metric = stop_rule_metric(plan, position)
    final_error = standard_error(
        plan, metric, path, part, units_of(plan, part), control_stretch(plan, position)
    )
    bounds = []
    mean, spread = (0.0, math.inf) if prior == "flat" else _prior_of(plan, position, metric, path)
    for share in information:
        error = final_error / math.sqrt(share)
        ratio = (error / spread) * (error / spread)
        bounds.append((harm * (1 + ratio) - mean * ratio) / error + z * math.sqrt(1 + ratio))
    return bounds


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


def weekly_level(plan: Experiment, weeks: int, levels: AlarmLevels) -> float:
    """Level at which a week's harm is significant to a stop rule that requires so many weeks in a row.

    Runs of k bad weeks begin in N - k + 1 places, each by chance as often as k windows that are alike are all bad; their
    sum over the metrics and treatments, which is at least the chance of any, is kept within what the policy allows.
    """
    share = share_of_a_run(plan, weeks, levels)
    return (
        levels.harm_alpha
        if share is None
        else min(levels.harm_alpha, _level_of(share, weeks, levels.week_correlation))
    )


def share_of_a_run(plan: Experiment, weeks: int, levels: AlarmLevels) -> float | None:
    """Chance, at most, that so many weeks from a given one on are all bad for a given metric and treatment; None where the
    watch is shorter."""
    runs = watched_weeks(plan) - weeks + 1
    if runs < 1:
        return None
    watched: set[tuple[str | None, int]] = {(guardrail.id, BAD_WEEKS) for _, guardrail in plan.guardrails}
    for rule in plan.stop_rules:
        if rule.significant_harm_for is not None:
            watched.add((rule.metric, rule.significant_harm_for // WEEK))
    return levels.weekly_false_alarm / (runs * treatments(plan) * max(1, len(watched)))


@lru_cache(256)
def _level_of(share: float, weeks: int, correlation: float) -> float:
    return stats.alike_windows_level(share, weeks, correlation)
