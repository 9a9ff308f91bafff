"""The split between control and treatment does not waste units.

The smaller of two variants decides how much an experiment sees, so an uneven split pays for the same power with more
users or more days. The efficiency of a comparison is its precision over that of an even split with as many units in
all: 2(k + 1) / (1/w_control + 1/w_treatment) for k treatments, which is 4w(1 − w) for one. At 80/20 it is 64 %, so
the same power takes 56 % more units. A control that is larger than its treatments can be more efficient than an even
split when there are several. To protect users from an untried change lower `exposure` instead, or run a canary.

Passes:

```yaml
variants: {0: {weight: 60%}, 1: {weight: 40%}}
```

Fails at `/variants/1/weight`, saying "64 % efficient: the same power takes 325,830 units in all, 206,573 in an even split":

```yaml
variants: {0: {weight: 80%}, 1: {weight: 20%}}
```

Fails at `/variants/0/weight`, saying "36 % efficient":

```yaml
variants: {0: {weight: 10%}, 1: {weight: 90%}}
```

Fails at `/variants/1/weight` with `efficiency: 98%`:

```yaml
variants: {0: {weight: 60%}, 1: {weight: 40%}}
```

Fails at `/variants/2/weight`, saying "50 % efficient: the same power takes 100 % more units in all than an even split":

```yaml
variants: [{id: control, weight: 50%, control: true}, {id: button, weight: 40%}, {id: banner, weight: 10%}]
primary_metric: {baseline: null}
```

Several treatments are served best by a control somewhat larger than each.

Passes:

```yaml
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 30%}, {id: banner, weight: 30%}]
```

Does not apply:

```yaml
type: holdback
variants: {0: {weight: 10%}, 1: {weight: 90%}}
```

Not checked without `/variants/1/weight`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.registered import require_primary_test, required_smallest, treatments, weights
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import Share
from egp.plan.remedy import Remedy
from egp.plan.typed_reader import changed
from egp.plan.wording import percent, told_apart, unit_count, whole
from egp.rules import rule
from egp.stats import StatisticsInputError
from egp.yaml.edits import Setting


class Params(rule.Params):
    efficiency: Annotated[
        Share, "least efficiency of the weakest comparison against an even split", rule.Stricter("more")
    ] = Share(0.9)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    require_primary_test(plan)
    if plan.type == "holdback":
        raise DoesNotApply  # few are kept from what everybody has
    control, treatment = weights(plan)
    shares = [variant.weight or 0.0 for variant in plan.variants or ()]
    variants = treatments(plan) + 1
    efficiency = 2 * variants / math.fsum(shares) / (1 / control + 1 / treatment)
    if efficiency >= params.efficiency - 1e-9:
        return
    at, (phrase, asked) = shares.index(min(control, treatment)), told_apart(efficiency, params.efficiency)
    smallest = "treatment" if variants == 2 else "the smallest treatment"
    yield Finding(
        ("variants", at, "weight"),
        f"a split of {percent(control)} in control and {percent(treatment)} in {smallest} is {phrase} "
        f"efficient: the same power takes {_price(plan, efficiency)}",
        observed=phrase,
        required=f"at least {asked}",
        remedies=[Remedy(_even(plan, variants), after="; to treat fewer users lower `exposure`")],
    )


def _even(plan: Experiment, variants: int) -> tuple[Setting, ...]:
    """Weights to set that add up to 100 %, what cannot be split going to control."""
    tenths = 1000 // variants
    of_control = tenths + 1000 - tenths * variants
    shares = [of_control if variant.control else tenths for variant in plan.variants or ()]
    return tuple(Setting(("variants", at, "weight"), f"{share / 10:g}%") for at, share in enumerate(shares))


def _price(plan: Experiment, efficiency: float) -> str:
    """Units of all variants together for this split and an even one, or their ratio where the plan says too little."""
    try:
        return f"{unit_count(_units_in_all(plan))} in all, {whole(_units_in_all(_evenly_split(plan)))} in an even split"
    except (NotChecked, StatisticsInputError):
        return f"{percent(1 / efficiency - 1)} more units in all than an even split"


def _units_in_all(plan: Experiment) -> float:
    shares = [variant.weight or 0.0 for variant in plan.variants or ()]
    return required_smallest(plan) * math.fsum(shares) / min(shares)


def _evenly_split(plan: Experiment) -> Experiment:
    variants = plan.variants or ()
    evenly = Share(1 / len(variants))
    return changed(plan, variants=tuple(changed(each, weight=evenly) for each in variants))
