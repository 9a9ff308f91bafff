"""The weights of a split add up to what its format requires.

A sum that is not reached is not refused by the evaluators: one stretches the weights, one gives the rest to the last
variation, one replaces them all by equal ones. Whoever reviews the file reads other shares than are served.

Passes:

```yaml
id: sound-plan
```

Fails at `text` with `format: launchdarkly`, saying "add up to 90,000 and not to 100,000":

```yaml
id: sound-plan
---
key: pdp_buy_now
variations: [{name: control, value: false}, {name: buy_now, value: true}]
environments: {production: {"on": true, offVariation: 0, fallthrough: {rollout: {variations: [{variation: 0, weight: 45000}, {variation: 1, weight: 45000}]}}}}
```

Passes with `format: go-feature-flag`:

```yaml
id: sound-plan
---
pdp_buy_now: {variations: {control: 0, buy_now: 1}, defaultRule: {percentage: {control: 55, buy_now: 45}}}
```

Fails at `text` with `format: go-feature-flag`, saying "percentages are taken relative to their sum":

```yaml
id: sound-plan
---
pdp_buy_now: {variations: {control: 0, buy_now: 1}, defaultRule: {percentage: {control: 50, buy_now: 45}}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.wording import significant
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import of_units

_CLOSE = 1e-4
"""Of the required sum: thirds are written as 0.3333."""


def check(served: ServedFlag) -> Iterator[Finding]:
    of_units(served)
    seen = set()
    for audience in served.rollout.audiences:
        weights = audience.weights
        if weights is None or weights.required is None or weights.at in seen:
            continue
        seen.add(weights.at)
        if abs(weights.total - weights.required) > _CLOSE * weights.required:
            total, required = (significant(each, 6) for each in (weights.total, weights.required))
            yield Finding(
                weights.at,
                f"the weights of {shown(served.rollout.flag.value)} add up to {total} and not to {required}: {weights.so}",
                observed=total,
                required=required,
                help=f"write weights that add up to {required}",
            )
