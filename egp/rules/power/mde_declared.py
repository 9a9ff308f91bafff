"""The primary metric declares the smallest effect the experiment must be able to detect.

Without a minimum detectable effect (MDE) no sample is too small, and any result can be called a success afterwards.
The MDE belongs to the metric: it has the metric's unit, points in the good direction, and leads to a value the
metric can have. A non-inferiority experiment declares its margin instead, the largest harm of the primary metric
that it would accept. A rollout and a holdback test no primary metric and need neither.

To choose one, ask below which effect nobody would ship. `egp power` says what a sample resolves.

Passes:

```yaml
primary_metric: {mde: 45bps}
```

Passes:

```yaml
primary_metric: {mde: 3.75%}
```

Fails at `/primary_metric/mde`, saying "147,000 units per variant find 37.7bps (12.00 % → 12.38 %) with 95 % power":

```yaml
primary_metric: {mde: null}
```

Fails at `/primary_metric/mde`, saying "has no MDE, the smallest effect worth finding":

```yaml
primary_metric: {mde: null}
statistics: {power: null}
```

Fails at `/primary_metric/mde`, saying "no effect at all":

```yaml
primary_metric: {mde: 0%}
```

Fails at `/primary_metric/mde`, saying "against the metric's good direction":

```yaml
primary_metric: {mde: -45bps}
```

Fails at `/primary_metric/mde`, saying "12% cannot move by 90pp":

```yaml
primary_metric: {mde: 90pp}
```

Every primary metric needs its own.

Fails at `/co_primary_metrics/0/mde`:

```yaml
co_primary_metrics: [{id: revenue_per_user, kind: mean, direction: increase, baseline: 3.20 USD, std_dev: 14 USD}]
```

Fails at `/primary_metric/non_inferiority_margin`, saying "largest harm":

```yaml
type: non_inferiority
```

Passes:

```yaml
type: non_inferiority
primary_metric: {mde: null, non_inferiority_margin: 50bps}
```

Does not apply:

```yaml
type: rollout
primary_metric: {mde: null}
```

Not checked without `/primary_metric/baseline`.

An MDE in another unit than the metric's is valid-plan's finding.

Not checked at `/primary_metric/mde`:

```yaml
primary_metric: {mde: 40ms}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.registered import (
    PRIMARY,
    baseline_of,
    detectable_at,
    harm_direction,
    planned_units,
    power_at,
    require_primary_test,
    required_power,
    size_of,
)
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import Finding, NotChecked, need
from egp.plan.quantity import MetricChange
from egp.plan.quantity import change as parse_change
from egp.plan.remedy import Remedies, addition, setting
from egp.plan.wording import at_least_like, called, level, percent, power_text, unit_count
from egp.stats import StatisticsInputError
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.rules.exports import Broken


PRIMARY_METRIC = "the primary metric"
WRITTEN_AS = MetricChange(0.0, "relative", "%")


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    need(plan.primary_metric, *PRIMARY)
    margin_counts = plan.type == "non_inferiority"
    for path, metric in plan.primaries:
        key = "non_inferiority_margin" if margin_counts else "mde"
        change = metric.non_inferiority_margin if margin_counts else metric.mde
        if change is None:
            yield _missing(plan, metric, (*path, key))
        else:
            yield from _unusable(metric, path, (*path, key), change)


def _missing(plan: Experiment, metric: Metric, at: Path) -> Finding:
    if plan.type == "non_inferiority":
        return Finding(
            at,
            f"{called(metric.id, PRIMARY_METRIC)} has no non-inferiority margin, the largest harm that is still acceptable",
            observed="missing",
            required="a margin",
            help="add `non_inferiority_margin:` with its unit, such as 2% or 25bps",
        )
    resolved = _resolved(plan, metric) if at[:-1] == PRIMARY else ""
    known = (
        f"; {unit_count(planned_units(plan))} per variant find {resolved}{_levels(metric, at, resolved)} with "
        if resolved
        else ""
    )
    return Finding(
        at,
        f"{called(metric.id, PRIMARY_METRIC)} has no MDE, the smallest effect worth finding"
        + (f"{known}{percent(required_power(plan))} power" if known else ""),
        observed="missing",
        required="an MDE",
        remedies=[addition(at, resolved, ", or a larger one")] if resolved else (),
        help="" if resolved else "add `mde:` with its unit, such as 2% or 40bps",
    )


def _resolved(plan: Experiment, metric: Metric) -> str:
    """What the declared sample resolves, written as the target is; empty where the plan does not say enough."""
    try:
        size = detectable_at(plan, required_power(plan), planned_units(plan))
    except (NotChecked, StatisticsInputError):
        return ""
    if metric.baseline is None or not metric.baseline.value:
        return ""
    return at_least_like(size, metric.target or WRITTEN_AS, metric.baseline)


def _levels(metric: Metric, at: Path, resolved: str) -> str:
    """What a change means, as levels of the metric."""
    baseline = baseline_of(metric, at[:-1])
    moved = _moved(metric, at[:-1], at, parse_change(resolved))
    return f" ({level(baseline.value, baseline.unit)} → {level(moved, baseline.unit)})"


def _unusable(metric: Metric, path: Path, at: Path, change: MetricChange) -> Iterator[Finding]:
    baseline = baseline_of(metric, path)
    remedies: Remedies = ()
    help_text = ""
    if change.value == 0:
        problem = f"{change} of {baseline} is no effect at all; no sample detects it"
        help_text = "declare an effect above 0"
    elif change.value < 0 and metric.direction == "increase":
        problem = f"{change} is a change against the metric's good direction, which is increase"
        remedies = [setting(at, change.text.removeprefix("-"), ", the size of the effect")]
    elif metric.kind == "proportion" and not 0 < _moved(metric, path, at, change) < 1:
        problem = f"{baseline} cannot move by {change} and stay between 0 % and 100 %"
        help_text = "declare a smaller change"
    else:
        return
    possible = "an effect the metric can have"
    yield Finding(at, problem, str(change), possible, help_text, remedies=remedies)


def _moved(metric: Metric, path: Path, at: Path, change: MetricChange) -> float:
    """Where the change leads: the MDE in the good direction, a margin in the direction of harm."""
    size = size_of(change, metric, path, str(at[-1]))
    towards_harm = change is metric.non_inferiority_margin
    rises = (harm_direction(metric, path) == "increase") == towards_harm
    return baseline_of(metric, path).value + (size if rises else -size)


def costs(broken: Broken) -> Iterator[str]:
    """What the sample finds of effects of some sizes."""
    plan, metric = broken.plan, broken.plan.primary_metric
    is_about_it = broken.at[:1] == PRIMARY
    baseline = baseline_of(metric, PRIMARY) if metric and is_about_it else None
    if baseline is None:
        return
    for lift in (0.01, 0.02, 0.05):
        power = power_at(plan, lift * abs(baseline.value), planned_units(plan))
        yield f"A true relative lift of {percent(lift)} is found with {power_text(power)} power."
