"""What is divided by chance in production has a plan.

A flag that gives some people one thing and others another is an experiment, whoever calls it a rollout. Without a plan nobody
has said what it must show, what must not happen, and when it ends. Deployments that divide requests or replicas are none, nor
are flags that `not_an_experiment` of the policy names with a reason, those of its shared holdouts, and those that by their own dates serve nobody any more.
Names of environments are compared without case.

Passes:

```yaml
id: sound-plan
```

Fails at `text` with `is_planned: false`, saying "no plan names pdp_buy_now":

```yaml
id: sound-plan
```

Does not apply with `is_planned: false, no_experiment: "it only logs"`:

```yaml
id: sound-plan
```

Does not apply with `is_planned: false, format: go-feature-flag, as_of: 2023-02-07`:

```yaml
id: sound-plan
---
pdp_buy_now:
  variations: {control: false, buy_now: true}
  defaultRule: {percentage: {control: 55, buy_now: 45}}
  experimentation: {start: 2023-01-23T00:00:00Z, end: 2023-02-05T23:59:59Z}
```

Does not apply with `is_planned: false, environment: staging`:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.names import folded
from egp.plan.quantity import shown
from egp.plan.wording import listing, share_text
from egp.rules import rule
from egp.rules.rule_inputs import ServedFlag


class Params(rule.Params):
    environments: Annotated[
        tuple[str, ...], "environments in which people are served", rule.Stricter("more")
    ] = ("production", "prod", "live")


def check(served: ServedFlag, params: Params) -> Iterator[Finding]:
    rollout = served.rollout
    is_production = folded(rollout.environment) in {folded(each) for each in params.environments}
    is_divided = rollout.share_of == "units" and rollout.is_rolled_out and not rollout.is_over(served.as_of)
    if served.no_experiment or not is_production or not is_divided:
        raise DoesNotApply
    if served.plan is not None or served.keeps is not None:
        return
    split = next(rollout.splits, None)
    shares = split.shares if split else rollout.stages[0].shares if rollout.stages else ()
    named = listing(
        f"{share_text(each.share)} {shown(each.variant) or 'the default'}" for each in shares if each.share
    )
    yield Finding(
        rollout.flag.at,
        f"no plan names {shown(rollout.flag.value)}, which serves {named or 'units differently'} by chance",
        observed="no plan",
        required="a plan",
        help=f"write one with `feature_flag: {shown(rollout.flag.value)}`, or give the reason under `not_an_experiment`",
    )


ACTOR = "owners"
"""Who has to act on it."""
