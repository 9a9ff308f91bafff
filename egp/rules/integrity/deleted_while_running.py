"""A plan is not deleted, renamed or restarted while its experiment runs.

An experiment that disappears when its result displeases, and comes back under another name, never loses. The plan stays,
with its id, from the day on which the first unit is treated to the last of its run, its readout and its holdout. What
is over, and what never started, may go. A plan goes on in another one if that one is new and takes over its file, its
flag or its surface.

Passes with `as_of: 2023-01-10`:

Passes with `as_of: 2023-05-11`:

Fails at `` with `as_of: 2023-01-29`, saying "is missing on 2023-01-29, and it runs from 2023-01-18 to 2023-05-10":

```yaml
{}
```

Fails at `` with `as_of: 2023-01-29`, saying "other-plan-1 goes on with the flag pdp_buy_now":

```yaml
{}
---
schedule: {start: 2023-01-30, end: 2023-02-12}
```

Fails at `` with `as_of: 2023-01-29`, saying "goes on in its place":

```yaml
{}
---
feature_flag: buy_now_again
```

Not checked at `/schedule/start` with `as_of: 2023-01-29`:

```yaml
schedule: {start: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.days import first_exposure, last_watched
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import shown
from egp.rules.rule_inputs import PortfolioEntry, Removal


def check(removal: Removal) -> Iterator[Finding]:
    plan = removal.before
    if plan is None and removal.lock is not None and removal.lock.archived is not None:
        raise DoesNotApply
    if plan is None:
        raise NotChecked(
            (),
            f"{shown(removal.id)} is registered, its plan is missing, and history does not have it",
            f"restore {shown(removal.path)}, or fetch the whole history",
        )
    first, last = first_exposure(plan)[0], last_watched(plan)
    if not first <= removal.as_of <= last:
        return
    yield Finding(
        (),
        f"the plan of {shown(removal.id)} is missing on {removal.as_of}, and it runs from {first} to {last}"
        f"{_heir(removal.successor, plan)}",
        observed="no plan",
        required=f"the plan, until {last}",
        help=f"restore {shown(removal.path)}; to stop the experiment, roll it back and record the decision",
    )


def _heir(successor: PortfolioEntry | None, plan: Experiment) -> str:
    if successor is None:
        return ""
    if plan.feature_flag and successor.feature_flag == plan.feature_flag:
        return f"; {shown(successor.id)} goes on with the flag {shown(plan.feature_flag)}"
    return f"; {shown(successor.id)} goes on in its place"


ACTOR = "registrar"
"""Who has to act on it."""
