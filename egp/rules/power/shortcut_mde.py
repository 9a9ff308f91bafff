"""The MDE is not the shortcut 1.96·√(2p(1−p)/n), which is found only half of the time.

The shortcut leaves power out of the formula, so an effect of exactly that size is as likely to be missed as found.
It is half the width of a confidence interval, not an effect the experiment can detect. At 95 % power and a two-sided 5 %
the MDE is (1.96 + 1.645) / 1.96 = 1.84 times as large, at 80 % power 1.43 times; for the shortcut's MDE at 95 % power
the sample must be 3.38 times as large. Means and ratios have the same shortcut, 1.96·σ·√(2/n).

The rule speaks when the declared MDE is the shortcut for the declared sample (with or without CUPED, to the given
tolerance) and the power at that MDE falls short of the declared power. Without a declared sample it takes the units
that will come. sample-size then has nothing to add.

Passes:

```yaml
primary_metric: {mde: 45bps}
```

Fails at `/primary_metric/mde`, saying "a true effect of 24.3bps would be missed 50 % of the time":

```yaml
primary_metric: {mde: 24.3bps}
sample_size_per_variant: 137_716
statistics: {variance_reduction: null}
```

Fails at `/primary_metric/mde`, saying "1.96·√(2p(1−p)/n), which leaves power out; 147,000 units per variant find 3.63% with 95 % power":

```yaml
primary_metric: {mde: 2%}
statistics: {variance_reduction: null}
```

CUPED does not make the shortcut an MDE.

Fails at `/primary_metric/mde`:

```yaml
primary_metric: {mde: 21bps}
```

Fails at `/primary_metric/mde`, saying "153,000 units per variant":

```yaml
primary_metric: {mde: 23bps}
sample_size_per_variant: null
statistics: {variance_reduction: null}
```

Fails at `/primary_metric/mde`, saying "1.96·σ·√(2/n)":

```yaml
primary_metric: {kind: mean, baseline: 3.20 USD, std_dev: 14 USD, mde: 0.1037 USD, target: null}
statistics: {variance_reduction: null}
```

A strong enough covariate can make the same number a true MDE.

Passes:

```yaml
primary_metric: {mde: 24.1bps}
statistics: {variance_reduction: {correlation: 0.85}}
```

Does not apply:

```yaml
type: rollout
primary_metric: {mde: 24.1bps}
```

Not checked without `/primary_metric/mde`.

Not checked at `/statistics/power`:

```yaml
primary_metric: {mde: 21bps}
statistics: {power: null}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp import stats
from egp.plan.analysis.days import schedule_of
from egp.plan.analysis.larger_sample import SAMPLE
from egp.plan.analysis.registered import (
    PRIMARY,
    cuped_variance_factor,
    detectable_at,
    has_primary_test,
    power_at,
    primary_at,
    primary_effect,
    primary_test,
    required_power,
    weights,
)
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related, need
from egp.plan.quantity import Share
from egp.plan.remedy import Remedy
from egp.plan.wording import at_least_like, count_in_plan, percent, significant, unit_count
from egp.rules import rule
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


SHORTCUT_ALPHA = 0.05


class Params(rule.Params):
    tolerance: Annotated[
        Share, "how far from the shortcut an MDE still counts as the shortcut", rule.AtLeast(0)
    ] = Share(0.05)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not has_primary_test(plan) or plan.type == "non_inferiority":
        raise DoesNotApply
    metric = primary_at(plan, PRIMARY)
    declared = need(metric.mde, *PRIMARY, "mde")
    units = _units(plan)
    size = abs(primary_effect(plan))
    if not units or not any(abs(size / width - 1) <= params.tolerance for width in _shortcuts(plan, units)):
        return
    wanted, power = required_power(plan), power_at(plan, primary_effect(plan), units)
    if power >= wanted:
        return
    detectable = detectable_at(plan, wanted, units)
    mde = at_least_like(detectable, declared, metric.baseline)
    sample = () if plan.sample_size_per_variant else (Setting(SAMPLE, count_in_plan(units)),)
    formula = "√(2p(1−p)/n)" if metric.kind == "proportion" else "σ·√(2/n)"
    yield Finding(
        (*PRIMARY, "mde"),
        f"a true effect of {declared} would be missed {percent(1 - power, 0)} of the time: the MDE is the shortcut "
        f"1.96·{formula}, which leaves power out; {unit_count(units)} per variant find {mde} with {percent(wanted)} power, "
        f"{significant(detectable / size, 3)} times as large",
        observed=f"{declared} ({percent(power, 0)} power)",
        required=f"{mde} ({percent(wanted)} power)",
        remedies=[Remedy((Setting((*PRIMARY, "mde"), mde), *sample))],
        related=(Related(("sample_size_per_variant",), "the sample"),)
        if plan.sample_size_per_variant
        else (),
    )


def _units(plan: Experiment) -> float:
    """The declared units of the smallest variant, or those that will come."""
    if plan.sample_size_per_variant:
        return float(plan.sample_size_per_variant)
    distinct = plan.eligible_units.distinct_over_run if plan.eligible_units else None
    exposure = schedule_of(plan).exposure
    return (distinct or 0) * (exposure or 0) * min(weights(plan))


def _shortcuts(plan: Experiment, units: float) -> Iterator[float]:
    """The shortcut for the plain variance, and for the variance that CUPED leaves."""
    metric = primary_at(plan, PRIMARY)
    if metric.kind == "proportion":
        plain = stats.shortcut_mde(need(metric.baseline, *PRIMARY, "baseline").value, units, SHORTCUT_ALPHA)
    else:
        std_dev = need(primary_test(plan).std_dev, *PRIMARY, "std_dev")
        plain = stats.z_upper(SHORTCUT_ALPHA / 2) * std_dev * math.sqrt(2 / units)
    yield plain
    yield plain * math.sqrt(cuped_variance_factor(plan))


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
