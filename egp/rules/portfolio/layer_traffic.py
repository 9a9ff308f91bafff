"""The experiments of a layer together take at most all of its traffic, on every day.

Experiments of one layer exclude each other, so their exposures come out of one hundred percent. Past it somebody
gets fewer units than planned and finds out at the readout. For each day of the run egp adds up `schedule.exposure` over the
plans of the same `layer` that run on that day, first and last day included. Canary, ramp and holdout are not added.

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

Another layer has traffic of its own.

Passes:

```yaml
layer: pdp
---
layer: search
```

Not checked at `/schedule/exposure`:

```yaml
schedule: {exposure: null}
```

Not checked at `/schedule/end`:

```yaml
schedule: {end: null}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from egp.finding import Finding, need
from egp.quantity import shown
from egp.subject import Portfolio
from egp.wording import counted, listing, percent

_FULL = 1 + 1e-9
_NAMED = 3


def check(portfolio: Portfolio) -> Iterator[Finding]:
    plan, index = portfolio.plan, portfolio.index
    if not plan.layer:
        return
    own = need(plan.exposure, "schedule", "exposure")
    need(plan.first, "schedule", "start")
    need(plan.last, "schedule", "end")
    run = plan.running
    if run is None or not own:
        return
    days = list(index.traffic(plan.layer).during(run))
    first_over = next(((day, total) for day, total in days if total > _FULL), None)
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
        f"the experiments of layer {shown(plan.layer)} take {percent(total)} of it from {day}: "
        f"{percent(own)} here and {listing(others)}",
        observed=percent(total),
        required="at most 100 %",
        help=_way_out(portfolio, max(total for _, total in days) - own),
    )


def _way_out(portfolio: Portfolio, taken: float) -> str:
    free = math.floor((1 - taken) * 1e4 + 1e-6) / 1e2
    if free > 0:
        return f"set `exposure: {free:g}%`, or move one of them to other days or another layer"
    last = portfolio.index.timeline("layer", portfolio.plan.layer).last
    return f"the others leave no traffic on some days of this run: use another layer, or start after {last}"
