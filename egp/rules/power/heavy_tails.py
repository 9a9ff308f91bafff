"""Means are not so skewed that their tests err more often than they say.

Revenue, durations and counts have long tails. Where arms are even, the tails of both cancel in the difference. In a
canary of 5 % they do not: a few large values come, or do not come, into the small arm, and a test at 2.5 % alarms in 9 %
of harmless cases.

For each mean egp computes the real error of the test at the arms it has, by the skewness that the plan declares
(`skewness:`, of the values as they are summed) or that a `cap:` leaves possible, which is (cap − baseline) / std_dev at
most: at the readout the chance of a win without an effect, or of ruling out a margin that is there; in the canary and in
each stage the chance that harm is shown where there is none. Edgeworth's expansion (Hall 1992) has it from the skewness
of the difference. With even arms and several thousand units no skewness matters, and none has to be declared.

Passes:

```yaml
guardrail_metrics: {1: {skewness: 5}}
```

Fails at `/guardrail_metrics/1/skewness`, saying "of harmless cases, nominally in 5 %":

```yaml
guardrail_metrics: {1: {direction: increase, skewness: 40}}
```

A cap that is applied before the rows are summed mends it.

Passes:

```yaml
guardrail_metrics: {1: {direction: increase, skewness: 40, cap: 1}}
```

Fails at `/guardrail_metrics/1/cap`, saying "a cap of 20 leaves a skewness of up to 95":

```yaml
guardrail_metrics: {1: {direction: increase, skewness: null, cap: 20}}
```

Passes with `excess: 100%`:

```yaml
guardrail_metrics: {1: {direction: increase, skewness: 25}}
```

Not checked without `/guardrail_metrics/1/skewness`.

Does not apply without `/guardrail_metrics/1`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from egp import stats
from egp.plan.analysis.registered import (
    allocation_ratio,
    baseline_of,
    comparison_alpha,
    direction_of,
    guardrail_alpha,
    harm_direction,
    has_primary_test,
    is_relative,
    margin_of,
    metric_units,
    planned_units,
    segment_share,
    sides,
    std_dev_of,
)
from egp.plan.analysis.watch import WatchedPart, units_of, watch, watched_test
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import Share, shown
from egp.plan.remedy import Remedy
from egp.plan.wording import level, percent, quantity_in_plan, significant, told_apart, whole
from egp.rules import rule
from egp.stats.values import NamedTuple
from egp.yaml import Path
from egp.yaml.edits import Setting

_ANY_SKEWNESS = 100.0
"""Where this much would do no harm, none has to be declared."""


class Params(rule.Params):
    excess: Annotated[
        Share, "how far a test's error may exceed its level, as a share of it", rule.Stricter("less")
    ] = Share(0.2)


class _Test(NamedTuple):
    """One test of a mean: where, at which one-sided level, and in which tail its error is."""

    where: str
    error: str
    level: float
    tail: Literal["upper", "lower"]
    control: float
    treatment: float
    multiple: float = 1.0

    def skewness(self, of_values: float) -> float:
        return stats.difference_skewness(of_values, self.control, self.treatment, self.multiple)

    def real_error(self, of_values: float) -> float:
        return stats.skewed_tail(self.level, self.skewness(of_values), self.tail)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    means = [(path, metric) for path, metric in plan.metrics if metric.kind == "mean"]
    if not means:
        raise DoesNotApply
    missing: Path | None = None
    for path, metric in means:
        tests = list(_tests(plan, metric, path))
        declared = _skewness(metric, path)
        of_values = _ANY_SKEWNESS if declared is None else declared
        worst = max(tests, key=lambda test: test.real_error(of_values) / test.level, default=None)
        if worst is None or worst.real_error(of_values) <= (1 + params.excess) * worst.level:
            continue
        if declared is None:
            missing = missing or (*path, "skewness")
            continue
        yield _finding(metric, path, worst, declared, params.excess)
    if missing is not None:
        raise NotChecked(missing)


def _skewness(metric: Metric, path: Path) -> float | None:
    """What the values are skewed by at most; None where the plan does not say."""
    found = [] if metric.skewness is None else [metric.skewness]
    if metric.cap is not None:
        spread, baseline = std_dev_of(metric, path), baseline_of(metric, path)
        if metric.cap.unit != baseline.unit or metric.cap.value <= baseline.value:
            raise NotChecked((*path, "cap"))
        assert spread is not None
        found.append(stats.skewness_of_capped(baseline.value, spread, metric.cap.value))
    return min(found, default=None)


def _tests(plan: Experiment, metric: Metric, path: Path) -> Iterator[_Test]:
    is_primary = path[0] in ("primary_metric", "co_primary_metrics")
    if has_primary_test(plan) and (is_primary or metric.non_inferiority_margin is not None):
        yield _at_readout(plan, metric, path, is_primary)
    if path[0] == "guardrail_metrics":
        test = watched_test(plan) if plan.type != "rollout" else None
        for part in watch(plan):
            if part != test:
                yield _alarm(plan, metric, path, part)


def _at_readout(plan: Experiment, metric: Metric, path: Path, is_primary: bool) -> _Test:
    control = metric_units(plan, metric, planned_units(plan))
    arms = control, control * allocation_ratio(plan)
    if is_primary and plan.type != "non_inferiority":
        tail: Literal["upper", "lower"] = "upper" if direction_of(metric, path) == "increase" else "lower"
        return _Test(
            "at the readout", "wins without an effect", comparison_alpha(plan) / sides(plan), tail, *arms
        )
    harm = harm_direction(metric, path)
    level = comparison_alpha(plan) / sides(plan) if is_primary else guardrail_alpha(plan)
    multiple = 1.0
    if is_relative(metric.non_inferiority_margin, metric):
        multiple = stats.null_ratio(margin_of(metric, path) / baseline_of(metric, path).value, harm)
    passing: Literal["upper", "lower"] = "lower" if harm == "increase" else "upper"
    return _Test("at the readout", "rules out harm that is there", level, passing, *arms, multiple)


def _alarm(plan: Experiment, metric: Metric, path: Path, part: WatchedPart) -> _Test:
    units = units_of(plan, part) * segment_share(plan, metric)
    tail: Literal["upper", "lower"] = "upper" if harm_direction(metric, path) == "increase" else "lower"
    where = "in the canary" if part.first < watched_test(plan).first else f"in the stage from {part.first}"
    return _Test(
        where, "shows harm", guardrail_alpha(plan), tail, units * part.control, units * part.treatment
    )


def _finding(metric: Metric, path: Path, test: _Test, skewness: float, excess: float) -> Finding:
    tolerated = stats.most_skewness(test.level, excess)
    asked = skewness * tolerated / abs(test.skewness(skewness))
    by_cap = metric.skewness is None or skewness < metric.skewness
    cause = (
        f"a cap of {metric.cap} leaves a skewness of up to {significant(skewness, 3)}"
        if by_cap
        else f"values have a skewness of {significant(skewness, 3)}"
    )
    error, most = test.real_error(skewness), (1 + excess) * test.level
    real, allowed = percent(error, 1), percent(most, 1)
    if real == allowed:
        real, allowed = told_apart(error, most)
    nominal = percent(test.level)
    arms = f"{whole(test.control)} : {whole(test.treatment)} units"
    more = math.ceil(10 * (abs(test.skewness(skewness)) / tolerated) ** 2) / 10
    cases = "cases where it is" if "there" in test.error else "harmless cases"
    return Finding(
        (*path, "cap" if by_cap else "skewness"),
        f"{shown(metric.id)}: {cause}, with which its test {test.where} ({arms}) {test.error} in {real} of {cases}, "
        f"nominally in {nominal}",
        observed=real,
        required=f"at most {allowed}",
        remedies=[_cap(metric, path, asked)],
        help=f"take {significant(more, 3)} times the units {test.where}",
    )


def _cap(metric: Metric, path: Path, skewness: float) -> Remedy:
    """The cap under which no values are more skewed than this, in the metric's unit, rounded down."""
    baseline, spread = baseline_of(metric, path), std_dev_of(metric, path)
    assert spread is not None
    cap = level((baseline.value + skewness * spread) * 0.99, baseline.unit)
    summed = f"set larger values to {cap} before they are summed, and "
    return Remedy((Setting((*path, "cap"), quantity_in_plan(cap)),), before=summed)
