"""A triggered analysis logs its trigger in every variant.

Comparing treated users who saw the change with all of control compares two kinds of people, not two experiences. A
trigger that only the treatment logs selects units in one variant and not in the other; the difference is then as
much who they are as what they saw. The control logs the same event at the moment when it would have shown the
change (a counterfactual trigger), and the plan names the event and the variants that log it.

A plan that analyses all assigned units has no trigger.

Does not apply:

```yaml
population: assigned
```

Passes:

```yaml
population: {triggered: opened_product_page, logged_in: [control, buy_now]}
```

Fails at `/population/logged_in`, saying "not logged in control":

```yaml
population: {triggered: saw_buy_now, logged_in: [buy_now]}
```

Fails at `/population/logged_in`, saying "not logged in control and buy_now":

```yaml
population: {triggered: saw_buy_now}
```

Fails at `/population/logged_in/2`, saying "the plan has no variant treatment":

```yaml
population: {triggered: saw_buy_now, logged_in: [control, buy_now, treatment]}
```

Fails at `/population/triggered`, saying "does not name the event":

```yaml
population: {triggered: "...", logged_in: [control, buy_now]}
```

Fails at `/population/triggered`, saying "does not name the event":

```yaml
population: {logged_in: [control, buy_now]}
```

Fails at `/population/of`, saying "the policy names no catalogue":

```yaml
population: {of: pdp_mobile}
```

Not checked at `/variants`:

```yaml
variants: null
population: {triggered: saw_buy_now, logged_in: [control, buy_now]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment, Population
from egp.plan.finding import DoesNotApply, Finding, need
from egp.plan.quantity import shown
from egp.plan.remedy import Remedy, setting
from egp.plan.wording import called, listing
from egp.yaml.edits import Setting

_ASSIGNED = setting(("population",), "assigned")


def _undefined(population: str) -> Finding:
    return Finding(
        ("population", "of"),
        f"the population {shown(population)} is one of a catalogue, and the policy names no catalogue",
        observed=shown(population),
        required="a population of the catalogue",
        remedies=[_ASSIGNED],
        help="have the policy name a catalogue under `metrics:` that defines it",
    )


def check(plan: Experiment) -> Iterator[Finding]:
    trigger = plan.population
    if not isinstance(trigger, Population):
        raise DoesNotApply
    if trigger.of is not None and (plan.supplied is None or plan.supplied.catalogue is None):
        yield _undefined(trigger.of)
    if (trigger.of is not None or trigger.where) and trigger.triggered is None and not trigger.logged_in:
        return
    names = [called(variant.id, "a variant without an id") for variant in need(plan.variants, "variants")]
    if not stated(trigger.triggered):
        yield Finding(
            ("population", "triggered"),
            "the plan analyses triggered units and does not name the event that triggers",
            observed="no event",
            required="the event",
            remedies=[_ASSIGNED],
            help="add `triggered:` with the event's name",
        )
    for at, name in enumerate(trigger.logged_in):
        if name not in names:
            yield Finding(
                ("population", "logged_in", at),
                f"the trigger is logged in {shown(name)}, and the plan has no variant {shown(name)}",
                observed=shown(name),
                required=listing(names, "or"),
                help="name variants of this plan",
            )
    missing = [name for name in names if name not in trigger.logged_in]
    if missing:
        logged = Setting(("population", "logged_in"), names)
        yield Finding(
            ("population", "logged_in"),
            f"the trigger is not logged in {listing(missing)}, so the variants' units are selected differently",
            observed=listing(map(shown, trigger.logged_in)) or "missing",
            required=listing(names),
            remedies=[Remedy((logged,), before="log the event in every variant and "), _ASSIGNED],
        )
