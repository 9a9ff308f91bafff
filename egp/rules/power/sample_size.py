"""The declared sample per variant reaches the power the plan promises.

A sample that is too small makes a true effect look like nothing, and the effects it does find look larger than
they are.

The number is recomputed from each primary metric's kind, baseline and MDE (or non-inferiority margin), the
significance level after correction, the power, the weights of the variants, CUPED, clustering and the registered
looks. Rates: n = ((z_α·s₀ + z_β·s₁) / MDE)², where s₀ is the standard deviation that the gate's score test has under
the null hypothesis: the pooled one, or at a margin that of Farrington and Manning (1990). s₁ has no pooling; the two
differ by the square of the effect, and more when weights are unequal: from 30 % to 60 % at 50/50 and 95 % power takes
68.5 units with the one and 65.0 with the other. With CUPED or clusters the gate judges means, and s₀ is s₁. Other kinds:
n = (z_α + z_β)²·σ²·(1 + 1/r) / MDE². CUPED leaves 1 − ρ² of it. The number counts the units of the smallest variant.

Passes:

```yaml
sample_size_per_variant: 103_287
```

Fails at `/sample_size_per_variant`, saying "103,286 units per variant are declared; the MDE at 95 % power needs 103,287":

```yaml
sample_size_per_variant: 103_286
```

Without CUPED the same plan needs a third more.

Fails at `/sample_size_per_variant`, saying "137,716":

```yaml
sample_size_per_variant: 137_715
statistics: {variance_reduction: null}
```

Fails at `/sample_size_per_variant`, saying "declares no sample size":

```yaml
sample_size_per_variant: null
```

With uneven weights the smallest variant has fewer units than control.

Fails at `/sample_size_per_variant`, saying "needs 65,166":

```yaml
variants: {0: {weight: 80%}, 1: {weight: 20%}}
sample_size_per_variant: 64_000
```

A non-inferiority experiment must be able to rule out its margin.

Fails at `/sample_size_per_variant`, saying "the non-inferiority margin at 95 % power":

```yaml
type: non_inferiority
primary_metric: {mde: null, non_inferiority_margin: 30bps}
statistics: {sides: one}
```

Every primary metric needs its own sample; CUPED's correlation is that of the first.

Fails at `/sample_size_per_variant`, saying "the MDE of revenue at 95 % power":

```yaml
co_primary_metrics:
  - {id: revenue, kind: mean, direction: increase, baseline: 3.20 USD, std_dev: 14 USD, mde: 5%}
```

Does not apply:

```yaml
type: rollout
sample_size_per_variant: null
```

Not checked without `/primary_metric/baseline`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from egp.plan.analysis.larger_sample import SAMPLE, larger_sample, run_that_brings
from egp.plan.analysis.registered import (
    PRIMARY,
    detectable_at,
    power_at,
    primary_at,
    primary_effect,
    require_primary_test,
    required_power,
    required_smallest,
)
from egp.plan.analysis.traffic import units_that_come
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked
from egp.plan.remedy import Remedy
from egp.plan.wording import at_least_like, called, count_in_plan, percent, unit_count, whole
from egp.stats import StatisticsInputError
from egp.yaml import Path
from egp.yaml.edits import Addition, Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


yields_to = frozenset({"shortcut-mde"})


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    required, path = _required(plan)
    declared = plan.sample_size_per_variant
    if declared is not None and declared >= required:
        return
    demand = f"the {_aim(plan, path)} at {percent(required_power(plan))} power needs {whole(required)}"
    phrase = (
        "the plan declares no sample size"
        if declared is None
        else f"{unit_count(declared)} per variant {'is' if declared == 1 else 'are'} declared"
    )
    yield Finding(
        ("sample_size_per_variant",),
        f"{phrase}; {demand}",
        observed="missing" if declared is None else whole(declared),
        required=whole(required),
        remedies=partial(_remedies, plan, required, path),
    )


def _required(plan: Experiment) -> tuple[int, Path]:
    """Units of the smallest variant for the most demanding primary metric, and where that metric is."""
    paths: list[Path] = [PRIMARY, *(("co_primary_metrics", at) for at in range(len(plan.co_primary_metrics)))]
    return max((math.ceil(required_smallest(plan, at=path) - 1e-6), path) for path in paths)


def _remedies(plan: Experiment, required: int, path: Path) -> list[Remedy]:
    declared = plan.sample_size_per_variant
    larger = larger_sample(plan, required) if declared is not None else _declared(plan, required)
    return [larger, *(_larger_mde(plan, declared) if path == PRIMARY else ())]


def _declared(plan: Experiment, required: int) -> Remedy:
    """A sample where the plan has none, whether or not the run brings it."""
    come = units_that_come(plan)
    is_short = come is not None and required > come
    short = f" and {run_that_brings(plan, required)}, since this run brings {come:,}" if is_short else ""
    return Remedy((Addition(SAMPLE, count_in_plan(required)),), after=short, repair="unsafe")


def _aim(plan: Experiment, path: Path) -> str:
    aim = "non-inferiority margin" if plan.type == "non_inferiority" else "MDE"
    return aim if path == PRIMARY else f"{aim} of {called(primary_at(plan, path).id, 'a co-primary metric')}"


def _larger_mde(plan: Experiment, declared: int | None) -> Iterator[Remedy]:
    """The MDE that the declared sample resolves, or the one that will come where that is smaller."""
    metric = primary_at(plan, PRIMARY)
    units = min((units for units in (declared, units_that_come(plan)) if units is not None), default=0)
    if metric.mde is None or plan.type == "non_inferiority" or not units:
        return
    try:
        power = percent(power_at(plan, primary_effect(plan), units))
        mde = at_least_like(detectable_at(plan, required_power(plan), units), metric.mde, metric.baseline)
    except (NotChecked, StatisticsInputError):
        return
    larger = Setting((*PRIMARY, "mde"), mde)
    if units != declared:
        yield Remedy((larger, Setting(SAMPLE, count_in_plan(units))))
        return
    short = (
        f" (the declared sample has {power} power at {metric.mde})"
        if power != percent(required_power(plan))
        else ""
    )
    yield Remedy((larger,), after=short)


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import power_missing

    return power_missing(broken)


def picture(broken: Broken) -> Picture | None:
    """True improvements, and how many of them the sample misses."""
    from egp.rules.pictures import missed_at_aim

    return missed_at_aim(broken)


LEVERS = "sample"
"""What frees a plan from it."""
