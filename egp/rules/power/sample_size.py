"""The declared sample per variant reaches the power the plan promises.

A sample that is too small makes a true effect look like nothing, and the effects it does find look larger than
they are. egp recomputes the number from the metric's kind, its baseline, the MDE, the significance level after
correction, the power, the weights of the variants, CUPED, clustering and the registered looks, and compares it
with the declared one. For rates it takes the larger of the pooled and the unpooled formula, which differ only
when weights are unequal. The number counts the units of the smallest variant.

Passes:

```yaml
sample_size_per_variant: 103_287
```

Fails at `/sample_size_per_variant`, saying "103,287":

```yaml
sample_size_per_variant: 103_286
```

Without CUPED the same plan needs a third more.

Fails at `/sample_size_per_variant`, saying "137,716":

```yaml
sample_size_per_variant: 137_715
statistics: {variance_reduction: null}
```

Fails at `/sample_size_per_variant`:

```yaml
sample_size_per_variant: null
```

Not checked at `/primary_metric/baseline`:

```yaml
primary_metric: {baseline: null}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from egp.analysis import detectable_at, power_at, primary_effect, required_power, required_smallest
from egp.experiment import Experiment
from egp.finding import Finding, need
from egp.wording import like, percent, whole


def check(plan: Experiment) -> Iterator[Finding]:
    required = math.ceil(required_smallest(plan) - 1e-6)
    declared = plan.sample_size_per_variant
    if declared is None:
        yield Finding(
            ("sample_size_per_variant",),
            f"the plan declares no sample size; its MDE and power need {whole(required)} units per variant",
            observed="not declared",
            required=whole(required),
            help=f"add `sample_size_per_variant: {required:_}`",
        )
        return
    if declared >= required:
        return
    yield Finding(
        ("sample_size_per_variant",),
        f"{whole(declared)} units per variant are declared; the MDE at {percent(required_power(plan))} power "
        f"needs {whole(required)}",
        observed=whole(declared),
        required=whole(required),
        help=f"set `sample_size_per_variant: {required:_}`{_larger_mde(plan, declared)}",
    )


def _larger_mde(plan: Experiment, declared: int) -> str:
    metric = need(plan.primary_metric, "primary_metric")
    if metric.mde is None or declared < 2:
        return ""
    power = percent(power_at(plan, primary_effect(plan), declared))
    mde = like(detectable_at(plan, required_power(plan), declared), metric.mde, metric.baseline)
    return f", or plan for an MDE of {mde} (the declared sample has {power} power at {metric.mde})"
