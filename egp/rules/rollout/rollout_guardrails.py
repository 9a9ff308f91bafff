"""A rollout that watches metrics watches the plan's guardrails, and acts on them as the plan says.

A deployment that rolls itself back by its own metrics is only as safe as those. A guardrail that the plan rolls back on, and that
nothing watches while the share grows, is found at the gate hours later. Formats that watch nothing themselves leave it to
the gate, and are not judged.

Passes with `format: flagger`:

```yaml
guardrail_metrics: {0: {action: rollback}, 1: {action: monitor}, 2: {action: monitor}}
---
{apiVersion: flagger.app/v1beta1, kind: Canary, metadata: {name: pdp_buy_now}, spec: {analysis: {interval: 2880m, threshold: 1, stepWeights: [70, 90], metrics: [{name: refund-rate}]}}}
```

Fails at `text` with `format: flagger`, saying "does not watch refund_rate":

```yaml
guardrail_metrics: {0: {action: rollback}, 1: {action: monitor}, 2: {action: monitor}}
---
{apiVersion: flagger.app/v1beta1, kind: Canary, metadata: {name: pdp_buy_now}, spec: {analysis: {interval: 2880m, threshold: 1, stepWeights: [70, 90], metrics: [{name: latency}]}}}
```

Does not apply:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.names import folded
from egp.plan.quantity import shown
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import known_part, planned

_ACTING = ("rollback", "hold")


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = planned(served)
    rollout = served.rollout
    if rollout.watched is None or not plan.guardrail_metrics:
        raise DoesNotApply
    known_part(served)
    actions = {_plain(each.metric.value): each for each in rollout.watched}
    for (_, position), metric in plan.guardrails:
        if metric.action not in _ACTING:
            continue
        named, watched = shown(metric.id), actions.get(_plain(metric.id or ""))
        beside = served.beside(f"the plan says {metric.action}", "guardrail_metrics", position)
        flag = shown(rollout.flag.value)
        if watched is None:
            yield Finding(
                rollout.flag.at,
                f"{flag} does not watch {named}, on which the plan says {metric.action}",
                observed="not watched",
                required=f"{named}: {metric.action}",
                help=f"add {named} to the metrics of its analysis",
                related=beside,
            )
        elif metric.action == "rollback" and watched.action != "rollback":
            yield Finding(
                watched.metric.at,
                f"{flag} only holds on {named}; the plan rolls back",
                observed=watched.action,
                required=metric.action,
                help=f"let a breach of {named} roll back",
                related=beside,
            )


def _plain(name: str) -> str:
    return folded(name).replace("-", "_")
