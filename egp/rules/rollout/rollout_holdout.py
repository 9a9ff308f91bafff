"""No stage of a rollout treats the units that the plan keeps as a holdout.

A holdout is what long-term effects are measured against. It is lost the moment that the last stage serves everybody, and no
later rollback brings its units back as they were. So the shares of a flag, and of the stages that it goes through by itself,
leave at least the holdout's share.

Passes:

```yaml
holdout: {share: 10%}
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 10], [buy_now, 90]]}}
```

Fails at `text`, saying "treats 95 % of the units, and the plan keeps 10 % as a holdout":

```yaml
holdout: {share: 10%}
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 5], [buy_now, 95]]}}
```

Fails at `text` with `format: go-feature-flag`, saying "treats 100 % of the units":

```yaml
holdout: {share: 10%}
---
pdp_buy_now:
  variations: {control: 0, buy_now: 1}
  defaultRule: {percentage: {control: 30, buy_now: 70}}
  scheduledRollout: [{date: 2023-02-09T00:00:00Z, defaultRule: {percentage: {control: 0, buy_now: 100}}}]
```

Does not apply:

```yaml
holdout: {share: null, none: "a fix of a bug"}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.plan.wording import share_text
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import CLOSE, decisive, known, of_units, place_of, treated

if TYPE_CHECKING:
    from egp.record.rollouts.rollout import VariantShare
    from egp.yaml import Span


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = of_units(served)
    kept = plan.holdout.share if plan.holdout else None
    if not kept:
        raise DoesNotApply
    for shares, at in _served(served):
        share = treated(served, shares)
        if share > 1 - kept + CLOSE:
            left = share_text(1 - kept)
            yield Finding(
                place_of(served, shares, at),
                f"{shown(served.rollout.flag.value)} treats {share_text(share)} of the units, and the plan keeps "
                f"{share_text(kept)} as a holdout",
                observed=share_text(share),
                required=f"at most {left}",
                help=f"serve the treatment to at most {left}",
                related=served.beside(f"the plan keeps {share_text(kept)}", "holdout", "share"),
            )


def _served(served: ServedFlag) -> Iterator[tuple[tuple[VariantShare, ...], Span]]:
    for audience in decisive(served.rollout):
        yield known(audience).shares, audience.at
    for stage in served.rollout.stages:
        yield stage.shares, stage.at
