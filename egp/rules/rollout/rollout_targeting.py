"""Nobody gets the treatment beside the split.

Units that a rule treats whatever their hash were chosen by somebody, and are counted as if chance had chosen them. They are taken
out of the holdout, too. A rule that serves them the control is
harmless to them, and who is divided by chance may be as narrow as the plan's population.

Passes:

```yaml
id: sound-plan
```

Passes:

```yaml
id: sound-plan
---
flags: {pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {if: [{"==": [{var: device}, mobile]}, {fractional: [[control, 55], [buy_now, 45]]}, control]}}}
```

Fails at `text`, saying "serves the treatment to whoever meets":

```yaml
id: sound-plan
---
flags: {pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {if: [{"==": [{var: country}, US]}, buy_now, {fractional: [[control, 55], [buy_now, 45]]}]}}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import known, of_units, treated


def check(served: ServedFlag) -> Iterator[Finding]:
    of_units(served)
    for audience in served.rollout.audiences:
        share = treated(served, known(audience).shares)
        if audience.condition and share > 0 and not audience.is_split:
            yield Finding(
                audience.at,
                f"{shown(served.rollout.flag.value)} serves the treatment to whoever meets {shown(audience.condition)}, "
                "whatever chance says",
                observed="treated by a rule",
                required="treated by chance",
                help="take the rule out, or divide these units as well",
                related=served.beside("the plan's variants", "variants"),
            )
