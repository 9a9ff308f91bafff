"""Every metric that decides says which direction is good.

Without a direction agreed beforehand, a metric that moved either way can be said as a success afterwards. The
direction also turns the MDE and the decision rule from sizes into claims. A signed `mde` or `target` must point the
way that `direction` calls good. Directions of guardrail metrics belong to `guardrail-threshold`.

Passes:

```yaml
primary_metric: {direction: increase}
```

Fails at `/primary_metric/direction`:

```yaml
primary_metric: {direction: null}
```

Fails at `/primary_metric/mde`, saying "an MDE of -45bps is a decrease":

```yaml
primary_metric: {mde: -45bps}
```

A minus sign is right where less is better.

Passes:

```yaml
primary_metric: {id: bounce_rate, direction: decrease, mde: -45bps, target: -50bps}
```

Fails at `/primary_metric/target`:

```yaml
primary_metric: {target: -50bps}
```

Not checked without `/primary_metric`.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import Finding, need
from egp.plan.quantity import MetricChange
from egp.plan.remedy import FREE, Remedy, TradeOff, addition, open_if, setting
from egp.plan.wording import called
from egp.yaml import Path

_LESS = "less is better"


def check(plan: Experiment) -> Iterator[Finding]:
    need(plan.primary_metric, "primary_metric")
    for path, metric in plan.primaries:
        if metric.direction is None:
            yield Finding(
                (*path, "direction"),
                f"the plan does not say whether an increase or a decrease of {called(metric.id, 'the metric')} is good",
                observed="missing",
                required="increase or decrease",
                remedies=[
                    addition((*path, "direction"), "increase"),
                    addition((*path, "direction"), "decrease", " where less is better"),
                ],
            )
        else:
            yield from _against_direction(metric, path)


def _against_direction(metric: Metric, path: Path) -> Iterator[Finding]:
    for key, name, change in (("mde", "an MDE", metric.mde), ("target", "a target", metric.target)):
        if change is None or not change.value:
            continue
        # Where less is better people write the size of the decrease, with or without its sign.
        if change.value < 0 and metric.direction == "increase":
            yield Finding(
                (*path, key),
                f"{name} of {change} is a decrease, while `direction` calls an increase good",
                observed=str(change),
                required="a change in the good direction",
                remedies=[
                    _positive((*path, key), change),
                    setting((*path, "direction"), "decrease", f" if {_LESS}", open_if(_LESS)),
                ],
            )


def _positive(at: Path, change: MetricChange) -> Remedy:
    hoped = open_if("the business hopes for as much", TradeOff.FACT)
    return setting(at, change.text.lstrip("-"), price=hoped if at[-1] == "target" else FREE)
