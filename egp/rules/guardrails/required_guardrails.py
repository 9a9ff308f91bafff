"""Every guardrail metric that the policy lists is in the plan.

A launch that wins on its own metric can lose more elsewhere, and nobody looks where nothing is measured. The policy
lists the metrics that must not be harmed, whatever the experiment is about; a plan may guard more, never fewer.

Passes with `metrics: [refund_rate]`:

```yaml
risk: [revenue]
```

Fails at `/guardrail_metrics` with `metrics: [refund_rate, availability]`, saying "availability":

```yaml
risk: [revenue]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp import rule
from egp.experiment import Experiment
from egp.finding import Finding
from egp.wording import counted, listing


class Params(rule.Params):
    metrics: Annotated[tuple[str, ...], "ids of the guardrail metrics every plan must have"] = ()


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    declared = {metric.id for metric in plan.guardrail_metrics}
    absent = [metric for metric in params.metrics if metric not in declared]
    if absent:
        yield Finding(
            ("guardrail_metrics",),
            f"the plan does not guard {listing(absent)}, which the policy asks of every plan",
            observed=counted(len(declared), "guardrail metric"),
            required=listing(params.metrics),
            help=f"add {listing(f'`{metric}`' for metric in absent)} with a baseline, a margin and an action",
        )
