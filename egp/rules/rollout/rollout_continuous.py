"""A rollout goes up in stages that can be held, and not by the minute.

A share that grows all the time is never the share that anybody agreed to, no row of results belongs to one stage, and a gate
that says hold has nothing to hold. Write the stages of the plan instead, each entered by a change that the gate has let
through.

Passes with `format: go-feature-flag`:

```yaml
id: sound-plan
---
pdp_buy_now: {variations: {control: 0, buy_now: 1}, defaultRule: {percentage: {control: 55, buy_now: 45}}}
```

Fails at `text` with `format: go-feature-flag`, saying "goes from 0% to 90% of buy_now":

```yaml
id: sound-plan
---
pdp_buy_now:
  variations: {control: 0, buy_now: 1}
  defaultRule:
    progressiveRollout:
      initial: {variation: control, percentage: 0, date: 2023-02-07T00:00:00Z}
      end: {variation: buy_now, percentage: 90, date: 2023-02-17T00:00:00Z}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.wording import listing, share_text
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import planned, stages_of


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = planned(served)
    continuous = served.rollout.continuous
    if continuous is None or not served.rollout.is_on:
        return
    stages = [share_text(each.treated) for each in stages_of(plan) if each.at[0] == "ramp"]
    yield Finding(
        continuous.at,
        f"{shown(served.rollout.flag.value)} goes {continuous.value}: no stage of it can be held",
        observed="by the minute",
        required="in stages",
        help=f"serve {listing(stages, 'or')} as a whole" if stages else "serve one share at a time",
        related=served.beside("the plan's stages", "ramp"),
    )
