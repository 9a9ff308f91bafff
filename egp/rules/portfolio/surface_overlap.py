"""No other experiment changes the same surface for the same units at the same time.

Two changes to one page can work against each other, and each readout then measures the mixture. Experiments of one
layer exclude each other and never overlap. Others are randomised independently, so the share of the surface's units that
are in both is the product of their exposures; with a small share the effect on either readout is small as well. Surfaces
are compared by name. The largest three overlaps are named, the rest is counted. One layer is a way out where it has room for all.

Passes:

```yaml
schedule: {exposure: 50%}
---
schedule: {exposure: 50%}
```

Fails at `/surfaces/0`, saying "other-plan-1 (2023-01-23 to 2023-02-05, 45 % of its units in both)":

```yaml
layer: pdp
---
layer: search
schedule: {exposure: 50%}
```

Without a layer nothing keeps two experiments apart.

Fails at `/surfaces/0`, saying "first (2023-02-01 to 2023-02-05, 81 % of its units in both)":

```yaml
layer: null
---
id: first
layer: null
schedule: {start: 2023-02-01, end: 2023-02-14}
```

Fails at `/surfaces/0`, saying "and 1 other":

```yaml
layer: null
---
layer: search
---
layer: cart
---
layer: home
---
layer: ads
```

Passes:

```yaml
layer: null
---
layer: null
schedule: {start: 2023-02-06, end: 2023-02-19}
```

Passes:

```yaml
layer: null
---
{layer: null, surfaces: [search.results]}
```

Not checked without `/surfaces`.

Not checked without `/schedule/start`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from egp.plan.finding import Finding, need
from egp.plan.quantity import Interval, shown
from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import counted, listing, percent
from egp.rules.rule_inputs import FULL, Portfolio, PortfolioEntry
from egp.yaml.edits import Setting

_NAMED = 3
_WEIGHED = 50
"""Overlaps whose sizes are compared; a surface with more of them has a problem of another kind."""


def check(portfolio: Portfolio) -> Iterator[Finding]:
    plan = portfolio.plan
    need(plan.surfaces or None, "surfaces")
    need(plan.first, "schedule", "start")
    need(plan.last, "schedule", "end")
    run = plan.running
    if run is None:
        return
    for position, surface in enumerate(plan.surfaces):
        count = _count(portfolio, surface, run)
        if count:
            yield _overlap(portfolio, position, run, count)


def _count(portfolio: Portfolio, surface: str, run: Interval) -> int:
    """Other experiments on the surface during the run that this plan's layer does not exclude."""
    plan, index = portfolio.plan, portfolio.index
    everyone = index.timeline("surface", surface).count(run)
    return everyone - (index.timeline("surface", surface, plan.layer).count(run) if plan.layer else 1)


def _overlap(portfolio: Portfolio, position: int, run: Interval, count: int) -> Finding:
    plan = portfolio.plan
    surface = plan.surfaces[position]
    during = portfolio.index.timeline("surface", surface).during(run)
    others = (
        entry for entry in during if entry is not plan and not (plan.layer and entry.layer == plan.layer)
    )
    weighed = sorted(islice(others, _WEIGHED), key=lambda entry: (-_in_both(plan, entry), entry.id))
    largest = weighed[:_NAMED]
    names = [_worded(plan, run, entry) for entry in largest]
    if count > len(largest):
        names.append(counted(count - len(largest), "other"))
    return Finding(
        ("surfaces", position),
        f"{shown(surface)} is shared with {listing(names)}",
        observed=counted(count, "overlapping experiment"),
        required="none",
        remedies=partial(_ways_out, portfolio, run, weighed),
    )


def _in_both(plan: PortfolioEntry, other: PortfolioEntry) -> float:
    return (plan.exposure or 0.0) * (other.exposure or 0.0)


def _worded(plan: PortfolioEntry, run: Interval, other: PortfolioEntry) -> str:
    period = other.running or run
    together = Interval(max(run.first, period.first), min(run.last, period.last))
    known = plan.exposure is not None and other.exposure is not None
    share = f"{percent(_in_both(plan, other))} of its units in both" if known else "share unknown"
    return f"{shown(other.id) or other.path} ({together}, {share})"


def _ways_out(portfolio: Portfolio, run: Interval, others: Sequence[PortfolioEntry]) -> list[Remedy]:
    """One layer, where it has room for all, before other days."""
    from egp.rules.free_days import moved_behind_others

    plan = portfolio.plan
    if len(others) == 1:
        return [*_one_layer(portfolio, run, others[0]), moved_behind_others(portfolio, run)]
    has_room = (plan.exposure or 0.0) + math.fsum(other.exposure or 0.0 for other in others) <= FULL
    together = [advise("put them into one layer")] if has_room else []
    return [*together, moved_behind_others(portfolio, run)]


def _one_layer(portfolio: Portfolio, run: Interval, other: PortfolioEntry) -> Iterator[Remedy]:
    from egp.rules.free_days import most_taken, on_its_surfaces

    plan, apart = portfolio.plan, ", so that no unit is in both"
    own, its = plan.exposure or 0.0, other.exposure or 0.0
    if other.layer:
        if on_its_surfaces(portfolio, other.layer).count(run):
            return
        free = 1 - most_taken(portfolio, other.layer, run)
        if own <= free + (FULL - 1):
            yield setting(("layer",), other.layer, apart)
        elif (less := math.floor(free * 1e4 + 1e-6) / 1e2) > 0:
            edits = Setting(("layer",), other.layer), Setting(("schedule", "exposure"), f"{less:g}%")
            yield Remedy(edits, after=f"{apart}, if the sample can still be reached")
    elif not plan.layer and own + its <= FULL:
        yield advise(f"give both the same `layer`{apart}")
    elif plan.layer and own + its + most_taken(portfolio, plan.layer, other.running or run) <= FULL:
        name = shown(other.id) or other.path
        yield advise(f"give {name} the `layer: {shown(plan.layer)}`{apart}")


ACTOR = "owners"
"""Who has to act on it."""
