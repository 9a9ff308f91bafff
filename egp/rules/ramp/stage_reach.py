"""Each stage lasts long enough to collect the units its stop rules wait for.

A stop rule that waits for more units than a stage brings is silent in that stage, and silence looks like safety. In
the dwell of a stage `per_day` times the treated share arrive in the treatment, and `per_day` times what is left, the
holdout included, in control; the smaller of the two is compared with the largest `min_units_per_variant` of the stop
rules. Units that return are counted once for every day, so the stage brings at most that many. The last stage is left
out: it is watched until the holdout ends. A canary must reach the minimum of one stop rule at least, or nothing can
stop it. How long harm must last before a rule fires is not compared with a stage: that time runs on into the next.

Passes:

```yaml
ramp: [{treated: 70%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

In two days 41,000 units a day leave 16,400 for the 20 % that are still in control.

Fails at `/ramp/0/min_dwell`, saying "at most 16,400 units per variant":

```yaml
ramp: {0: {treated: 80%}}
```

Fails at `/canary/treated`, saying "at most 4,100":

```yaml
canary: {start: 2023-01-21}
```

Fails at `/ramp/0/min_dwell`, saying "at most 0":

```yaml
ramp: {0: {treated: 100%}}
```

Does not apply:

```yaml
ramp: []
canary: null
```

Does not apply without `/stop_rules`.

Not checked without `/stop_rules/0/min_units_per_variant`.

Not checked without `/eligible_units/per_day`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from egp.plan.analysis.days import day_before_end, local
from egp.plan.analysis.traffic import daily_eligible_units
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related, need
from egp.plan.quantity import as_day
from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import duration_in_plan, ordinal_stage, percent, unit_count, whole

DAY = timedelta(days=1)
LONGEST_ADVICE = timedelta(days=90)
ROUNDING = 1 + 1e-12


def check(plan: Experiment) -> Iterator[Finding]:
    demands = [
        need(stop_rule.min_units_per_variant, "stop_rules", position, "min_units_per_variant")
        for position, stop_rule in enumerate(plan.stop_rules)
    ]
    if not demands or not (plan.ramp[:-1] or plan.canary):
        raise DoesNotApply
    yield from _canary(plan, min(demands))
    most = max(demands)
    for position, stage in enumerate(plan.ramp[:-1]):
        treated = need(stage.treated, "ramp", position, "treated")
        dwell = need(stage.min_dwell, "ramp", position, "min_dwell")
        brought = _units(plan, treated, dwell)
        if brought < most:
            yield Finding(
                ("ramp", position, "min_dwell"),
                f"{ordinal_stage(position)} ({percent(treated)}) brings at most {unit_count(math.floor(brought))} per variant; "
                f"a stop rule waits for {whole(most)}",
                observed=_floor(brought),
                required=whole(most),
                remedies=[_longer(plan, position, treated, most)],
                related=(_demand(demands.index(most), most),),
                yields_to=frozenset(("stage-dwell",)),
            )


def _units(plan: Experiment, treated: float, dwell: timedelta) -> float:
    """Units that the smaller side of a stage receives, at most."""
    return daily_eligible_units(plan) * (dwell / DAY) * min(treated, 1 - treated) * ROUNDING


def _longer(plan: Experiment, position: int, treated: float, most: int) -> Remedy:
    per_day = _units(plan, treated, DAY)
    if per_day * LONGEST_ADVICE / DAY > most:
        return setting(("ramp", position, "min_dwell"), duration_in_plan(DAY * (most / per_day)))
    return advise("treat fewer units in this stage, or lower `min_units_per_variant`")


def _canary(plan: Experiment, least: int) -> Iterator[Finding]:
    canary = plan.canary
    if canary is None or (canary.none is not None and canary.treated is None):
        return
    treated = need(canary.treated, "canary", "treated")
    first = as_day(local(plan, need(canary.start, "canary", "start")))
    last = day_before_end(plan, need(canary.end, "canary", "end"))
    brought = _units(plan, treated, max(timedelta(), last - first + DAY))
    if brought < least:
        yield Finding(
            ("canary", "treated"),
            f"the canary brings at most {unit_count(math.floor(brought))} per variant; no stop rule speaks before {whole(least)}",
            observed=_floor(brought),
            required=whole(least),
            help="let the canary treat more units or last longer, "
            f"or let a stop rule speak from {unit_count(math.floor(brought))} on",
        )


def _floor(units: float) -> str:
    return f"{math.floor(units):,}"


def _demand(position: int, units: int) -> Related:
    return Related(("stop_rules", position, "min_units_per_variant"), f"waits for {unit_count(units)}")
