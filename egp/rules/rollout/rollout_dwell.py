"""A rollout that goes on by itself stays in each stage as long as the plan says.

A stage that ends by a clock ends whether or not anybody has looked. Its pause is therefore at least the plan's `min_dwell`: of
the stage that treats the same share, else the shortest of the ramp. A step that waits for a person may be any length, since
the person asks the gate; one that asks `egp gate` itself has the answer. A metric that opens it does not replace the time: harm that comes late is in no metric yet.

Passes with `format: argo-rollouts`:

```yaml
ramp: {0: {min_dwell: 48h}, 1: {min_dwell: 48h}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: pdp_buy_now}, spec: {strategy: {canary: {steps: [{setWeight: 70}, {pause: {duration: 48h}}, {setWeight: 90}, {pause: {}}]}}}}
```

Fails at `text` with `format: argo-rollouts`, saying "stays 1 h at 70 %":

```yaml
ramp: {0: {min_dwell: 48h}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: pdp_buy_now}, spec: {strategy: {canary: {steps: [{setWeight: 70}, {pause: {duration: 1h}}, {setWeight: 90}, {pause: {}}]}}}}
```

Fails at `text` with `format: argo-rollouts`, saying "does not stay at 70 %":

```yaml
ramp: {0: {min_dwell: 48h}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: pdp_buy_now}, spec: {strategy: {canary: {steps: [{setWeight: 70}]}}}}
```

Not checked at `/ramp/0/min_dwell` with `format: argo-rollouts`:

```yaml
ramp: {0: {min_dwell: null}, 1: {min_dwell: null}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: pdp_buy_now}, spec: {strategy: {canary: {steps: [{setWeight: 70}, {pause: {duration: 48h}}]}}}}
```

A flag does not go on by itself.

Does not apply:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, need
from egp.plan.quantity import shown
from egp.plan.wording import length, share_text
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import PlanStage, known_part, planned, same, stages_of

_NEW = 0
"""Position of the new version among the shares of a stage of a deployment."""


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = planned(served)
    stages = served.rollout.stages
    known_part(served)
    if len(stages) < 2 or not plan.ramp:
        raise DoesNotApply
    least = _least(plan)
    for stage in stages[:-1]:
        if stage.gate in ("person", "egp"):
            continue
        share = stage.shares[_NEW].share
        like = next((each for each in stages_of(plan) if same(each.treated, share) and each.dwell), least)
        required, dwell = like.dwell or timedelta(), stage.dwell or timedelta()
        if dwell < required:
            flag, long = shown(served.rollout.flag.value), length(required)
            stays = f"stays {length(dwell)} at" if dwell else "does not stay at"
            yield Finding(
                stage.at,
                f"{flag} {stays} {share_text(share)} before it goes on; the plan says at least {long}",
                observed=length(dwell) if dwell else "no time",
                required=long,
                help=f"pause for {long}, or until a person agrees",
                related=served.beside(f"the plan says {long}", *like.at[:-1], "min_dwell"),
            )


def _least(plan: Experiment) -> PlanStage:
    """The stage of the ramp that may be left soonest."""
    dwelling = [each for each in stages_of(plan) if each.at[0] == "ramp" and each.dwell is not None]
    if not dwelling:
        need(None, "ramp", 0, "min_dwell")
    return min(dwelling, key=lambda each: each.dwell or timedelta())
