"""Rates have the events that it takes to judge them.

A rate of 0.05 % has five events in 10,000 units. No normal distribution describes what five events say, so that the gate
judges no rate, neither of the primary nor of a guardrail with a margin, of which a variant expects fewer than ten events
(or, where nearly every unit has one, fewer than ten units without). Such a plan would run to its end and learn that it
takes more units. It is reported now how many.

What is expected is computed from the baseline, under the null hypothesis of the test, at the units that the readout
judges. Rates with CUPED, and rates of analysis units, are judged as means and ratios, and need no such minimum here.

Passes:

```yaml
guardrail_metrics: {0: {baseline: 0.05%, non_inferiority_margin: 60%}}
```

Fails at `/sample_size_per_variant`, saying "refund_rate expects 5.65 events in a variant":

```yaml
guardrail_metrics: {0: {baseline: 0.005%, non_inferiority_margin: 60%, judged_on: all_units}}
```

Fails at `/sample_size_per_variant`, saying "nothing is judged below 10":

```yaml
statistics: {variance_reduction: null}
primary_metric: {baseline: 0.004%, mde: 50%}
```

Fails at `/sample_size_per_variant`, saying "units without one":

```yaml
statistics: {variance_reduction: null}
primary_metric: {baseline: 99.999%, mde: 0.5bps, direction: decrease}
```

Does not apply:

```yaml
type: rollout
```

Not checked at `/guardrail_metrics/0/outcome_window`:

```yaml
guardrail_metrics: {0: {outcome_window: 20d}}
```

Not checked without `/guardrail_metrics/0/baseline`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from egp import stats
from egp.plan.analysis.larger_sample import SAMPLE
from egp.plan.analysis.registered import (
    baseline_of,
    guardrail_test,
    metric_units,
    planned_units,
    primary_test,
    require_primary_test,
)
from egp.plan.analysis.registered_test import columns_of
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import Finding, NotChecked
from egp.plan.quantity import shown
from egp.plan.remedy import open_if, setting
from egp.plan.wording import count_in_plan, numbers_apart, whole
from egp.yaml import Path


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    tests = [
        (path, metric, primary_test(plan, at=path))
        for path, metric in plan.primaries
        if _is_counted(plan, metric, path)
    ]
    tests += [
        (path, metric, guardrail_test(plan, metric, path))
        for path, metric in plan.guardrails
        if metric.non_inferiority_margin is not None and _is_counted(plan, metric, ())
    ]
    declared = planned_units(plan)
    for path, metric, test in tests:
        units = metric_units(plan, metric, declared)
        if units <= 0:
            raise NotChecked((*path, "outcome_window"))
        expected = _expected(test, units)
        if expected < stats.LEAST_EXPECTED_EVENTS:
            yield _finding(metric, path, expected, declared)


def _is_counted(plan: Experiment, metric: Metric, path: Path) -> bool:
    return metric.kind == "proportion" and columns_of(plan, metric, path) == "counts"


def _expected(test: stats.PlannedTest, control: float) -> float:
    """Events, or units without one, of the variant with the fewest, if the treatment changes nothing."""
    treatment = control * test.ratio
    ratio, null = 1.0, 0.0
    if test.margin is not None and test.relative:
        ratio = stats.null_ratio(test.margin / test.baseline, test.harm)
    elif test.margin is not None:
        null = test.margin if test.harm == "increase" else -test.margin
    seen = stats.RateContrast(test.baseline * control, control, test.baseline * treatment, treatment, ratio)
    return seen.expected_events(null)


def _finding(metric: Metric, path: Path, expected: float, declared: float) -> Finding:
    needed = math.ceil(declared * stats.LEAST_EXPECTED_EVENTS / expected)
    seen, least = numbers_apart(expected, stats.LEAST_EXPECTED_EVENTS, 3)
    what = "events" if baseline_of(metric, path).value <= 0.5 else "units without one"
    return Finding(
        ("sample_size_per_variant",),
        f"{shown(metric.id)} expects {seen} {what} in a variant of {whole(declared)} units; nothing "
        f"is judged below {least}",
        observed=seen,
        required=f"at least {least}",
        remedies=[setting(SAMPLE, count_in_plan(needed), " if so many come", open_if("so many come"))],
        help=f"take a metric with {'more' if what == 'events' else 'fewer'} events",
    )
