"""The registered test of the primary metric has at least 95 % power.

Power is the chance to see a true effect: at 80 % one real improvement in five is buried as a failure. Whoever sees
nothing then stops early, or looks again until something turns up. The power is that of the registered test at the
MDE; whether the sample reaches it is what sample-size recomputes. More power costs units: 95 % takes 1.66 times as
many as 80 % at a two-sided 5 %. 100 % power does not exist.

A rollout and a holdback test no primary metric and have no power.

Passes:

```yaml
statistics: {power: 95%}
```

Fails at `/statistics/power`, saying "about 1 in 5":

```yaml
statistics: {power: 81%}
```

Fails at `/statistics/power`, saying "80 % power is declared: of true effects as large as the MDE 1 in 5 would be missed":

```yaml
statistics: {power: 80%}
```

Fails at `/statistics/power`, saying "declares no power":

```yaml
statistics: {power: null}
```

Fails at `/statistics/power`, saying "no test finds every true effect":

```yaml
statistics: {power: 100%}
```

Passes with `floor: 80%`:

```yaml
statistics: {power: 80%}
```

Does not apply:

```yaml
type: rollout
statistics: {power: null}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.larger_sample import with_larger_sample
from egp.plan.analysis.registered import assuming, require_primary_test, required_smallest
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked
from egp.plan.quantity import Share
from egp.plan.remedy import Remedy
from egp.plan.wording import one_in, percent, share_in_plan, share_text, told_apart
from egp.rules import rule
from egp.stats import StatisticsInputError
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


AT = ("statistics", "power")


class Params(rule.Params):
    floor: Annotated[
        Share,
        "least power of the registered test of the primary metric",
        rule.Stricter("more"),
        rule.KnownAs("least_power"),
    ] = Share(0.95)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    require_primary_test(plan)
    power = plan.statistics.power if plan.statistics else None
    if power is not None and params.floor <= power < 1:
        return
    yield Finding(
        AT,
        _message(power, params.floor),
        observed="missing" if power is None else told_apart(power, params.floor)[0],
        required=share_text(params.floor),
        remedies=[_at_floor(plan, params.floor)],
    )


def _message(power: Share | None, floor: Share) -> str:
    asked = f"the policy requires {share_text(floor)}"
    if power is None:
        return f"the plan declares no power, so its sample follows from nothing; {asked}"
    if power >= 1:
        return f"{share_text(power)} power is declared; no test finds every true effect, however large the sample"
    return (
        f"{told_apart(power, floor)[0]} power is declared: of true effects as large as the MDE {one_in(1 - power)} would be missed; "
        f"{asked}, {one_in(1 - floor)}"
    )


def _at_floor(plan: Experiment, floor: Share) -> Remedy:
    """The floor as power, and what it asks of the sample, where the plan says enough to compute it and declares less."""
    edit = Setting(AT, share_in_plan(floor))
    if plan.statistics is None:
        return Remedy((edit,))
    try:
        needed = math.ceil(required_smallest(assuming(plan, power=floor)) - 1e-6)
    except (NotChecked, StatisticsInputError):
        return Remedy((edit,))
    return with_larger_sample(plan, edit, needed)


def _declared_power(broken: Broken) -> Iterator[str]:
    declared = broken.plan.statistics.power if broken.plan.statistics else None
    if declared and declared < 1:
        yield (
            f"A sample that has {percent(declared)} power and no more misses a true effect of the MDE in {one_in(1 - declared)} "
            "experiments, and the feature is dropped for nothing."
        )


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import of_each, power_missing

    return of_each(broken, _declared_power, power_missing)


def picture(broken: Broken) -> Picture | None:
    """True improvements, and how many of them the sample misses."""
    from egp.rules.pictures import missed_at_aim

    return missed_at_aim(broken)


def plain(params: Params, _: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return f"If the true effect is the one that it is sized for, it is found in {percent(params.floor)} of all cases."


LEVERS = "sample"
"""What frees a plan from it."""
