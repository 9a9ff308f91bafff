"""The declared sample is not several times what the MDE needs.

When a sample is far larger than its MDE needs, one of the two numbers is wrong, or the run longer than it must be.
A sample of 1.2 million sessions for an MDE of 0.8 pp is such a case: it resolves a tenth of that, so either the MDE
was meant to be 0.08 pp, or sessions were counted where users are randomised. The need is recomputed as sample-size
does; guardrails count as well, since ruling out a small margin may be what takes the units.

Passes:

```yaml
sample_size_per_variant: 300_000
guardrail_metrics: []
```

Fails at `/sample_size_per_variant`, saying "1,200,000 units per variant are 90 times the 13,335":

```yaml
primary_metric: {baseline: 3%, mde: 0.8pp, target: 1pp}
guardrail_metrics: []
sample_size_per_variant: 1_200_000
statistics: {variance_reduction: null}
```

Fails at `/sample_size_per_variant` with `times: 2`:

```yaml
sample_size_per_variant: 300_000
guardrail_metrics: []
```

A margin that takes these units to rule out is a reason for them.

Passes:

```yaml
primary_metric: {mde: 200bps, target: 200bps}
```

An MDE that a hundredth of the sample would find is not the smallest effect that matters, whatever takes the units.

Fails at `/sample_size_per_variant`, saying "728 times the 202":

```yaml
primary_metric: {mde: 99%, target: 99%}
```

Does not apply:

```yaml
type: rollout
```

Not checked without `/sample_size_per_variant`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp import stats
from egp.plan.analysis.larger_sample import SAMPLE
from egp.plan.analysis.registered import (
    PRIMARY,
    detectable_at,
    guardrail_test,
    has_primary_test,
    matured_share,
    planned_units,
    primary_at,
    required_power,
    required_smallest,
    segment_share,
)
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.remedy import open_if, setting
from egp.plan.wording import at_least_like, count_in_plan, percent, significant, whole
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    times: Annotated[float, "how many times the units it needs a sample may be", rule.Stricter("less")] = 3.0


_BEYOND_REASON = 100
"""Times the units that the MDE needs, beyond which it is no smallest effect that matters, whatever guardrails need."""


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not has_primary_test(plan) or plan.type == "non_inferiority":
        raise DoesNotApply
    declared = planned_units(plan)
    needed = _needed(plan)
    if declared < params.times * needed:
        return
    is_for_guardrails = declared < params.times * _needed_by_guardrails(plan)
    if is_for_guardrails and declared < _BEYOND_REASON * needed:
        return
    metric = primary_at(plan, PRIMARY)
    assert metric.mde is not None
    power = required_power(plan)
    resolved = at_least_like(detectable_at(plan, power, declared), metric.mde, metric.baseline)
    meant = "that is what is meant"
    yield Finding(
        ("sample_size_per_variant",),
        f"{whole(declared)} units per variant are {significant(declared / needed, 3)} times the {whole(needed)} that an "
        f"MDE of {metric.mde} needs at {percent(power)} power; they resolve {resolved}",
        observed=whole(declared),
        required=f"less than {significant(params.times, 3)} times {whole(needed)}",
        remedies=[
            setting(
                (*PRIMARY, "mde"),
                resolved,
                ", or the smallest effect that matters: the guardrails need the sample",
            )
        ]
        if is_for_guardrails
        else [
            setting(SAMPLE, count_in_plan(needed), " and run no longer than that takes"),
            setting((*PRIMARY, "mde"), resolved, f" if {meant}", open_if(meant)),
        ],
        related=(Related((*PRIMARY, "mde"), "the MDE"),),
    )


def _needed(plan: Experiment) -> int:
    """Units of the smallest variant that the MDE takes."""
    return math.ceil(required_smallest(plan) - 1e-6)


def _needed_by_guardrails(plan: Experiment) -> float:
    """Units of the smallest variant with which every guardrail's margin is ruled out at the plan's power."""
    needed = 0.0
    for path, metric in plan.guardrails:
        judged = matured_share(plan, metric) * segment_share(plan, metric)
        if metric.non_inferiority_margin is not None and judged > 0:
            test = guardrail_test(plan, metric, path)
            needed = max(needed, stats.required_units(test, 0.0, required_power(plan)).smallest / judged)
    return needed


def costs(broken: Broken) -> Iterator[str]:
    """How much of the sample is for nothing."""
    declared, needed = planned_units(broken.plan), _needed(broken.plan)
    yield f"The declared sample is {significant(declared / needed, 2)} times what the MDE takes."


def picture(broken: Broken) -> Picture:
    """The sample beside what the MDE takes."""
    from egp.rules.pictures import side_by_side

    declared, needed = planned_units(broken.plan), _needed(broken.plan)
    says = "One of the two numbers is wrong, or the run is longer than it has to be."
    has, asked = (
        ("declared", declared, f"{whole(declared)} units"),
        ("what the MDE takes", needed, f"{whole(needed)} units"),
    )
    return side_by_side("Units per variant", says, has, asked)
