"""Chance decides by the unit of the plan, the same way every time, and differently from flag to flag.

Units that are hashed by another attribute than the analysis counts are not independent of each other. A unit that gets
another variant at every visit has had both. And flags that hash the same attribute with the same salt treat the same people:
whoever is in one test is in the other, and neither effect can be distinguished.

Passes:

```yaml
unit: user
```

Fails at `text`, saying "divides units by email; the plan randomises user":

```yaml
unit: user
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [{cat: [{var: $flagd.flagKey}, {var: email}]}, [control, 55], [buy_now, 45]]}}
```

Fails at `text` with `format: unleash`, saying "gives a unit another variant every time":

```yaml
unit: user
---
features: [{name: pdp_buy_now, enabled: true, strategies: [{name: flexibleRollout, parameters: {rollout: "45", stickiness: random, groupId: a}}]}]
```

Fails at `text`, saying "hashes nothing of its own":

```yaml
unit: user
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [{var: user_id}, [control, 55], [buy_now, 45]]}}
```

Not checked at `/unit`:

```yaml
unit: null
```

Does not apply:

```yaml
unit: user
---
flags: {pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control}}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding, need
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.record.rollouts.rollout import Audience
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import is_unit, known_part, of_units


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = of_units(served)
    known_part(served)
    splits = list(served.rollout.splits)
    if not splits:
        raise DoesNotApply
    unit = need(plan.unit, "unit")
    for audience in splits:
        yield from _of(served, audience, unit)


def _of(served: ServedFlag, audience: Audience, unit: str) -> Iterator[Finding]:
    flag = shown(served.rollout.flag.value)
    if audience.sticky is not None and not audience.sticky.value:
        yield Finding(
            audience.sticky.at,
            f"{flag} gives a unit another variant every time",
            observed="by chance, every time",
            required="the same variant every time",
            help=f"let it stick to {shown(unit)}",
            related=served.beside(f"the plan randomises {shown(unit)}", "unit"),
        )
        return
    if audience.unit is not None and not is_unit(audience.unit.value, unit):
        named = shown(audience.unit.value)
        yield Finding(
            audience.unit.at,
            f"{flag} divides units by {named}; the plan randomises {shown(unit)}",
            observed=named,
            required=shown(unit),
            help=f"hash the id of {shown(unit)}, or say in the plan that the unit is {named}",
            related=served.beside(f"the plan says {shown(unit)}", "unit"),
        )
    if audience.salt is not None and not audience.salt.value:
        yield Finding(
            audience.salt.at,
            f"{flag} hashes nothing of its own: every flag that hashes {shown(audience.unit.value if audience.unit else unit)} "
            "alone treats the same units",
            observed="no salt",
            required="a salt of its own",
            help="add the flag's key to what is hashed",
        )
    elif audience.salt is not None and served.salted_alike:
        others = listing(map(shown, served.salted_alike[:3]))
        yield Finding(
            audience.salt.at,
            f"{flag} is salted by {shown(audience.salt.value)} like {others}: they treat the same units",
            observed=shown(audience.salt.value),
            required="a salt of its own",
            help="salt it by its own key",
        )
