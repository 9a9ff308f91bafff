"""The plan says who changes what, by how much and why.

Without a hypothesis any result confirms what somebody meant all along. One sentence, written before the data, names the
change, the people it is for, the metric it should move and the reason: "a persistent Buy Now button lifts the
add-to-cart rate of mobile shoppers, because the offer stays in reach". egp requires that `hypothesis` is there and is no
placeholder; whether it is a good one the reviewer judges. A rollout states what must not get worse, and a holdback what
should last.

Passes:

```yaml
hypothesis: A persistent Buy Now button lifts the add-to-cart rate of mobile shoppers.
```

Fails at `/hypothesis`, saying "states no hypothesis":

```yaml
hypothesis: null
```

Fails at `/hypothesis`, saying "states no hypothesis":

```yaml
hypothesis: " "
```

Fails at `/hypothesis`, saying "TBD stands where the hypothesis should":

```yaml
hypothesis: TBD
```

Fails at `/hypothesis`, saying "stands where the hypothesis should":

```yaml
type: rollout
hypothesis: "TODO: ask marketing"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.wording import called


def check(plan: Experiment) -> Iterator[Finding]:
    if stated(plan.hypothesis):
        return
    written = (plan.hypothesis or "").strip()
    primary = plan.primary_metric.id if plan.primary_metric else None
    yield Finding(
        ("hypothesis",),
        f"{shown(written)} stands where the hypothesis should"
        if written
        else "the plan states no hypothesis",
        observed=shown(written) if written else "missing",
        required="who changes what, by how much, and why",
        help="write `hypothesis:` as one sentence: what changes for whom, how far it moves "
        f"{called(primary, 'the primary metric')}, and why",
    )
