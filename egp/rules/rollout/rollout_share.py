"""A flag treats the share of a stage of its plan, and of the one that is due.

A share that no stage has was agreed by nobody, and no criterion says when it may be left. During the run the flag treats what
exposure and weights say; before the first day nobody; after the readout the stages of the ramp, one after the other, the next
one due where the ledger says which was entered last. A share of 0 treats nobody, and is always allowed.

Passes with `as_of: 2023-01-25`:

```yaml
id: sound-plan
```

Passes with `as_of: 2023-02-07`:

```yaml
id: sound-plan
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 30], [buy_now, 70]]}}
```

Fails at `text` with `as_of: 2023-02-07`, saying "treats 60 % of the units, which is no stage of the plan":

```yaml
id: sound-plan
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 40], [buy_now, 60]]}}
```

Fails at `text` with `as_of: 2023-01-10`, saying "the plan treats nobody before 2023-01-18":

```yaml
id: sound-plan
```

Where there is a ledger, the first stage comes first, and whoever serves fewer than were entered is not held up.

Fails at `text` with `as_of: 2023-02-07, entered: []`, saying "the stage 90 % is not due yet":

```yaml
id: sound-plan
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 10], [buy_now, 90]]}}
```

Passes with `as_of: 2023-02-07, entered: [70%]`:

```yaml
id: sound-plan
```

After a rollback the treatment begins anew at the canary, whatever the calendar says.

Fails at `text` with `as_of: 2023-02-07, ledger: [{kind: rollback, treated: 0%}]`, saying "and the treatment was rolled back":

```yaml
id: sound-plan
```

Passes with `as_of: 2023-02-07, ledger: [{kind: rollback, treated: 0%}]`:

```yaml
id: sound-plan
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 95], [buy_now, 5]]}}
```

Not checked at `/schedule/exposure` with `as_of: 2023-01-25`:

```yaml
schedule: {exposure: null}
```

Shares of requests are not compared.

Does not apply with `as_of: 2023-02-07, format: argo-rollouts`:

```yaml
id: sound-plan
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: pdp_buy_now}
spec: {strategy: {canary: {steps: [{setWeight: 60}, {pause: {}}]}}}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp.plan.finding import Finding, need
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.wording import listing, share_text
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import (
    PlanStage,
    decisive,
    due,
    known,
    not_before,
    of_units,
    place_of,
    same,
    stages_of,
    test_share,
    treated,
)

if TYPE_CHECKING:
    from egp.yaml import Span

yields_to = {"rollout-split"}


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = of_units(served)
    if plan.type != "rollout" and test_share(plan) is None:
        need(plan.schedule.exposure if plan.schedule else None, "schedule", "exposure")
        need(None, "variants")
    stages = stages_of(plan)
    allowed = due(served, stages)
    for audience in decisive(served.rollout):
        share = treated(served, known(audience).shares)
        if share > _entered(served) and not any(same(share, each.treated) for each in allowed):
            at = place_of(served, audience.shares, audience.at)
            yield _finding(served, share, at, stages, allowed)


def _entered(served: ServedFlag) -> float:
    """The share of the stage that was entered last, below which nobody is treated who was not: 0 where none was."""
    return max((each.treated or 0.0 for each in (served.entered or ())[-1:]), default=0.0)


def _finding(
    served: ServedFlag, share: float, at: Span, stages: Sequence[PlanStage], allowed: Sequence[PlanStage]
) -> Finding:
    flag = shown(served.rollout.flag.value)
    stage = next((each for each in stages if same(share, each.treated)), None)
    if served.ledger is not None and served.ledger.was_rolled_back:
        why = "and the treatment was rolled back"
        now = f"0 %{''.join(f' or {_named(each)}' for each in allowed)}"
    elif not allowed:
        why, now = f"and the plan treats nobody before {not_before(served)}", "0 %"
    elif stage is None:
        why = "which is no stage of the plan"
        now = listing(map(_named, allowed), "or")
    else:
        is_over = stages.index(stage) < stages.index(allowed[0])
        why = f"and the stage {_named(stage)} is {'over' if is_over else 'not due yet'}"
        now = listing(map(_named, allowed), "or")
    beside = stage or next(iter((*allowed, *stages)), None)
    return Finding(
        at,
        f"{flag} treats {share_text(share)} of the units, {why}",
        observed=share_text(share),
        required=now,
        help=f"serve {now}, or amend the plan before anybody is treated so",
        related=served.beside(f"the plan says {_named(beside)}", *beside.at) if beside else (),
    )


def _named(stage: PlanStage) -> str:
    return (
        f"{share_text(stage.treated)} ({stage.name})"
        if stage.name in (TEST, "canary")
        else share_text(stage.treated)
    )
