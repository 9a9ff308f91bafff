"""Every metric is in the policy's catalogue, when the policy has one.

A metric that two teams compute in two ways cannot settle a question between them. The catalogue names the metrics
whose definition is agreed; an id outside of it is usually a misspelling, sometimes a definition nobody has reviewed.
Without a catalogue, the option `metrics` being empty, nothing is required.

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
        "ids of the metrics whose definition is agreed; empty requires nothing",
        rule.KnownAs("known_metrics"),
    ] = ()


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not params.metrics:
        raise DoesNotApply
    for path, metric in plan.metrics:
        if metric.id is None or metric.id in params.metrics:
            continue
        meant = nearest(metric.id, params.metrics)
        hint = f", did you mean {shown(meant)}?" if meant else ""
        yield Finding(
            (*path, "id"),
            f"{shown(metric.id)} is not in the policy's catalogue of metrics{hint}",
            observed=shown(metric.id),
            required="a metric of the catalogue",
            remedies=[setting((*path, "id"), meant)] if meant else (),
            help="" if meant else "use a metric of the catalogue, or have this one added to it",
        )
