"""Every metric is in the policy's catalogue, when the policy has one.

A metric that two teams compute in two ways cannot settle a question between them. The catalogue names the metrics
whose definition is agreed; an id outside of it is usually a misspelling, sometimes a definition nobody has reviewed.
The catalogue is the files that the policy names under `metrics:`, and the ids of the option `metrics` besides. Without
either nothing is required.

Does not apply:

```yaml
primary_metric: {id: anything_at_all}
```

Passes with `metrics: [add_to_cart_rate, refund_rate, cs_contacts, p95_page_load]`:

```yaml
id: sound-plan
```

Fails at `/primary_metric/id` with `metrics: [add_to_cart_rate, refund_rate, cs_contacts, p95_page_load]`, saying "did you mean add_to_cart_rate?":

```yaml
primary_metric: {id: add_to_card_rate}
```

Fails at `/guardrail_metrics/1/id` with `metrics: [p95_page_load], catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}, refund_rate: {kind: proportion, direction: decrease, fact: events}}}`:

```yaml
id: sound-plan
```

Fails at `/guardrail_metrics/1/id` with `metrics: [add_to_cart_rate, refund_rate, p95_page_load]`:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.plan.remedy import setting
from egp.plan.typed_reader import nearest
from egp.rules import rule


class Params(rule.Params):
    metrics: Annotated[
        tuple[str, ...],
        "ids of metrics whose definition is agreed elsewhere; empty requires nothing, unless the policy has a catalogue",
        rule.KnownAs("known_metrics"),
    ] = ()


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    catalogue = plan.supplied.catalogue if plan.supplied else None
    known = dict.fromkeys((*params.metrics, *(catalogue.metrics if catalogue else ())))
    if not known:
        raise DoesNotApply
    for path, metric in plan.metrics:
        if metric.id is None or metric.id in known:
            continue
        meant = nearest(metric.id, known)
        hint = f", did you mean {shown(meant)}?" if meant else ""
        yield Finding(
            (*path, "id"),
            f"{shown(metric.id)} is not in the policy's catalogue of metrics{hint}",
            observed=shown(metric.id),
            required="a metric of the catalogue",
            remedies=[setting((*path, "id"), meant)] if meant else (),
            help="" if meant else "use a metric of the catalogue, or have this one added to it",
        )
