"""The sample can detect the effect the business hopes for, not only a larger one.

A target below the MDE means that full success would often go unseen and be called a failure. The MDE answers what
the experiment can see, the target what it is run for. The rule computes the power that the declared sample, with its
CUPED and its looks, really has at the target, and speaks when that is below the declared power. An interval of
±0.235 pp, for example, has a standard error of 0.12 pp: a target of 30 bps has 71 % power, three true successes
in ten would be missed.

Passes:

```yaml
primary_metric: {target: 45bps}
```

Fails at `/primary_metric/target`, saying "71.2 % power":

```yaml
primary_metric: {target: 30bps}
sample_size_per_variant: 113_000
```

Fails at `/primary_metric/target`, saying "is below the MDE of 45bps":

```yaml
primary_metric: {target: 2.5%}
```

A sample that is larger than the MDE needs can be enough for a target slightly below it.

Passes:

```yaml
primary_metric: {target: 39bps}
```

Fails at `/primary_metric/target`, saying "no change at all":

```yaml
primary_metric: {target: 0%}
```

A target is optional.

Does not apply without `/primary_metric/target`.

Does not apply:

```yaml
type: non_inferiority
primary_metric: {target: 30bps}
```

Not checked at `/primary_metric/target`:

```yaml
primary_metric: {target: 40ms}
```

Not checked at `/statistics/power`:

```yaml
primary_metric: {target: 30bps}
statistics: {power: null}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.larger_sample import with_larger_sample
from egp.plan.analysis.registered import (
    PRIMARY,
    has_primary_test,
    planned_units,
    power_at,
    primary_at,
    primary_effect,
    primary_test,
    required_power,
    required_smallest,
    signed_size,
    size_of,
)
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.remedy import Remedy, TradeOff, open_if, removal
from egp.plan.wording import one_in, power_below, power_text, share_text, unit_count
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


AT = (*PRIMARY, "target")


def check(plan: Experiment) -> Iterator[Finding]:
    if not has_primary_test(plan) or plan.type == "non_inferiority":
        raise DoesNotApply
    metric = primary_at(plan, PRIMARY)
    if metric.target is None:
        raise DoesNotApply
    target = signed_size(metric.target, metric, PRIMARY, "target")
    if target == 0:
        yield Finding(
            AT,
            f"the target of {metric.target} is no change at all",
            observed=str(metric.target),
            required="an effect",
            remedies=[removal(AT, price=open_if("the business hopes for nothing in particular"))],
            help="declare the effect the business hopes for, such as 2%",
        )
        return
    if abs(target) >= abs(primary_effect(plan)):
        return
    wanted, power = required_power(plan), power_at(plan, target, planned_units(plan))
    if power >= wanted:
        return
    needed = math.ceil(required_smallest(plan, effect=target) - 1e-6)
    yield Finding(
        AT,
        f"the target of {metric.target} is below the MDE of {metric.mde}: with {unit_count(planned_units(plan))} per "
        f"variant an effect of that size has {power_below(power, wanted)} power, {one_in(1 - power)} would be missed",
        observed=f"{power_below(power, wanted)} power",
        required=f"{share_text(wanted)} power",
        remedies=[
            with_larger_sample(plan, Setting((*PRIMARY, "mde"), str(metric.target)), needed),
            Remedy(
                (Setting(AT, str(metric.mde)),),
                open_if("the business hopes for as much", TradeOff.FACT),
                before=f"accept that {metric.mde} is what the experiment is run for and ",
            ),
        ],
        related=(Related((*PRIMARY, "mde"), "the MDE"),),
    )


def costs(broken: Broken) -> Iterator[str]:
    """What the plan makes of the effect that the business hopes for."""
    from egp import stats
    from egp.plan.analysis.by_day import effect_error, exaggerated

    plan, metric = broken.plan, broken.plan.primary_metric
    if metric is None or metric.target is None:
        return
    units = planned_units(plan)
    hoped, test = size_of(metric.target, metric, PRIMARY, "target"), primary_test(plan)
    power = power_at(plan, hoped, units)
    worth = stats.type_m(hoped, effect_error(plan, units), test.alpha, test.sides)
    yield (
        f"If the launch does all that the business hopes for, {metric.target}, the test finds it with {power_text(power)} power "
        f"and misses it in {one_in(1 - power)} experiments{exaggerated(worth.exaggeration)}."
    )


def picture(broken: Broken) -> Picture | None:
    """Changes that do all that the business hopes for, and how many of them the test misses."""
    from egp.rules.pictures import missed

    plan, metric = broken.plan, broken.plan.primary_metric
    if metric is None or metric.target is None:
        return None
    hoped = size_of(metric.target, metric, PRIMARY, "target")
    return missed(plan, metric.target, power_at(plan, hoped, planned_units(plan)))


LEVERS = "target"
"""What frees a plan from it."""
