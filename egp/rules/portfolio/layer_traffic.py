"""The experiments of a layer together take at most all of its traffic, on every day.

Experiments of one layer exclude each other, so their exposures come out of one hundred percent. Past it somebody
gets fewer units than planned and finds out at the readout. For each day of the run egp adds up `schedule.exposure` over the
plans of the same `layer` that run on that day, first and last day included. Canary, ramp and holdout are not added.
A plan without a `layer` cannot be added up with the others that run on its days; if there is none it shares with nobody.

Passes:

```yaml
schedule: {exposure: 60%}
---
schedule: {exposure: 40%}
```

Fails at `/schedule/exposure`, saying "110 % of it from 2023-01-30":

```yaml
schedule: {exposure: 60%}
---
id: second
schedule: {start: 2023-01-30, end: 2023-02-12, exposure: 50%}
```

The day after the last day is free again.

Passes:

```yaml
schedule: {exposure: 60%}
---
schedule: {start: 2023-02-06, end: 2023-02-19, exposure: 50%}
```

The help looks for the first days on which there is room. Another layer is no way out for a plan whose surface is taken on those days.

Fails at `/schedule/exposure`, saying "from 2023-01-23":

```yaml
schedule: {exposure: 60%}
---
id: second
schedule: {exposure: 90%}
```

Another layer has traffic of its own.

Passes:

```yaml
layer: pdp
---
layer: search
```

Without a layer nobody knows whose traffic it takes.

Not checked at `/layer`:

```yaml
layer: null
schedule: {exposure: 90%}
---
layer: null
schedule: {exposure: 90%}
```

Does not apply:

```yaml
layer: null
---
schedule: {start: 2023-02-06, end: 2023-02-19}
```

Not checked without `/schedule/exposure`.

Not checked without `/schedule/end`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import islice

from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.quantity import Interval, shown
from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import counted, listing, percent, told_apart
from egp.rules.rule_inputs import FULL, Portfolio

_NAMED = 3


def check(portfolio: Portfolio) -> Iterator[Finding]:
    plan, index = portfolio.plan, portfolio.index
    if not plan.layer:
        _shares_with_nobody(portfolio)
        raise DoesNotApply
    own = need(plan.exposure, "schedule", "exposure")
    need(plan.first, "schedule", "start")
    need(plan.last, "schedule", "end")
    run = plan.running
    if run is None or not own:
        return
    days = list(index.traffic(plan.layer).during(run))
    first_over = next(((day, total) for day, total in days if total > FULL), None)
    if first_over is None:
        return
    day, total = first_over
    exposing = index.exposing_on(plan.layer, day)
    named = list(islice((entry for entry in exposing if entry is not plan), _NAMED))
    others = [f"{percent(entry.exposure or 0)} in {shown(entry.id) or entry.path}" for entry in named]
    if len(exposing) > 1 + _NAMED:
        rest = total - own - math.fsum(entry.exposure or 0 for entry in named)
        others.append(f"{percent(rest)} in {counted(len(exposing) - 1 - _NAMED, 'other')}")
    yield Finding(
        ("schedule", "exposure"),
        f"the experiments of layer {shown(plan.layer)} take {told_apart(total, 1)[0]} of it from {day}: "
        f"{percent(own)} here and {listing(others)}",
        observed=told_apart(total, 1)[0],
        required="at most 100 %",
        remedies=partial(_ways_out, portfolio, run),
    )


def _shares_with_nobody(portfolio: Portfolio) -> None:
    """Raises NotChecked at the layer if another plan runs on a day of this one."""
    plan, index = portfolio.plan, portfolio.index
    if len(index.entries) == 1:
        return
    need(plan.first, "schedule", "start")
    need(plan.last, "schedule", "end")
    if plan.running is not None and index.running(plan.running) > 1:
        raise NotChecked(("layer",))


def _ways_out(portfolio: Portfolio, run: Interval) -> list[Remedy]:
    """Other days before less exposure, which the sample may not be able to afford."""
    from egp.rules.free_days import most_taken, moved_behind_others, on_its_surfaces

    ways = [moved_behind_others(portfolio, run)]
    free = math.floor((1 - most_taken(portfolio, portfolio.plan.layer, run)) * 1e4 + 1e-6) / 1e2
    if free > 0:
        less = f"{free:g}%"
        ways.append(setting(("schedule", "exposure"), less, ", if the sample can still be reached"))
    if not on_its_surfaces(portfolio, "").count(run):
        ways.append(advise("use another layer"))
    return ways


ACTOR = "owners"
"""Who has to act on it."""
