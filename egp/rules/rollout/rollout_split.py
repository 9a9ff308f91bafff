"""While the test runs, every variant gets its weight times the exposure.

The analysis divides by what the plan says that each variant got. A split that differs is found by the sample-ratio test when
the units have already been spent. Units outside of the exposure are served like the control, and count with it.

Passes with `as_of: 2023-01-25`:

```yaml
id: sound-plan
```

Fails at `text` with `as_of: 2023-01-25`, saying "serves buy_now to 50 % of the units":

```yaml
id: sound-plan
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {fractional: [[control, 50], [buy_now, 50]]}}
```

Not checked at `` with `as_of: 2023-01-25`:

```yaml
id: sound-plan
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {red: 0, blue: 1, green: 2}, defaultVariant: red, targeting: {fractional: [[red, 50], [blue, 25], [green, 25]]}}
```

Once nobody is to enter any more, a split of whoever comes goes on letting units in. Who has entered is a condition of the targeting.

Passes with `as_of: 2023-01-29`:

```yaml
schedule: {enrolment_end: 2023-01-29}
```

Fails at `text` with `as_of: 2023-01-30`, saying "divides whoever comes; the plan lets units in until 2023-01-29":

```yaml
schedule: {enrolment_end: 2023-01-29}
```

Passes with `as_of: 2023-01-30`:

```yaml
schedule: {enrolment_end: 2023-01-29}
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {control: 0, buy_now: 1}, defaultVariant: control, targeting: {if: [{var: has_entered}, {fractional: [[control, 55], [buy_now, 45]]}]}}
```

After the run the stages of the ramp count.

Does not apply with `as_of: 2023-02-07`:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.plan.analysis.days import first_day, last_day, last_exposure
from egp.plan.finding import DoesNotApply, Finding, need
from egp.plan.quantity import shown
from egp.plan.wording import share_text
from egp.record.rollouts.rollout import Audience
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import by_variant, control_of, decisive, known, of_units, place_of, same


def check(served: ServedFlag) -> Iterator[Finding]:
    plan = of_units(served)
    if plan.type == "rollout" or not first_day(plan) <= served.as_of <= last_day(plan):
        raise DoesNotApply
    exposure = need(plan.schedule.exposure if plan.schedule else None, "schedule", "exposure")
    control = control_of(served)
    entered = last_exposure(plan)
    for audience in decisive(served.rollout):
        shares = by_variant(served, known(audience).shares)
        if not audience.is_split:
            continue
        if served.as_of > entered and not audience.condition:
            yield _lets_in(served, audience, entered)
        for position, variant in enumerate(plan.variants or ()):
            weight = need(variant.weight, "variants", position, "weight")
            share, wanted = shares.get(variant.id or "", 0.0), weight * exposure
            if variant.id != control and not same(share, wanted):
                named = shown(variant.id)
                yield Finding(
                    place_of(served, audience.shares, audience.at),
                    f"{shown(served.rollout.flag.value)} serves {named} to {share_text(share)} of the units; a weight of "
                    f"{share_text(weight)} and an exposure of {share_text(exposure)} are {share_text(wanted)}",
                    observed=share_text(share),
                    required=share_text(wanted),
                    help=f"serve {named} to {share_text(wanted)}",
                    related=served.beside(
                        f"the plan says {share_text(weight)}", "variants", position, "weight"
                    ),
                )


def _lets_in(served: ServedFlag, audience: Audience, entered: date) -> Finding:
    return Finding(
        audience.at,
        f"{shown(served.rollout.flag.value)} divides whoever comes; the plan lets units in until {entered}",
        observed="everybody",
        required="units that have entered",
        help="target those who have entered, or amend `schedule.enrolment_end`",
        related=served.beside(f"the plan lets units in until {entered}", "schedule", "enrolment_end"),
    )
