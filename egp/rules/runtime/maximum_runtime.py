"""The run is not longer than the assignment of units lasts.

Over months people change devices and delete cookies: they come back as new units and see the other variant,
which waters down every effect. What was new has become habit, seasons and other launches have moved in, and
nobody decides. Eight weeks are a usual limit. A holdback, which is meant to last, is exempt.

Passes:

```yaml
schedule: {start: 2023-01-23, end: 2023-03-19}
```

Fails at `/schedule/end`, saying "the plan runs 57 days; the policy allows at most 56":

```yaml
schedule: {start: 2023-01-23, end: 2023-03-20}
```

Fails at `/schedule/end` with `days: 28`:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-20}
```

Does not apply:

```yaml
type: holdback
schedule: {start: 2023-01-23, end: 2023-06-30}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.days import day_after, first_day, last_day
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.remedy import setting
from egp.plan.wording import counted
from egp.rules import rule


class Params(rule.Params):
    days: Annotated[
        int,
        "days from the first to the last that a plan may run, pauses included",
        rule.Stricter("less"),
        rule.KnownAs("longest_run"),
    ] = 56


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if plan.type == "holdback":
        raise DoesNotApply
    first = first_day(plan)
    days = (last_day(plan) - first).days + 1
    if days > params.days:
        yield Finding(
            ("schedule", "end"),
            f"the plan runs {counted(days, 'day')}; the policy allows at most {params.days:,}",
            observed=counted(days, "day"),
            required=f"at most {counted(params.days, 'day')}",
            remedies=[setting(("schedule", "end"), day_after(first, _whole_weeks(params.days) - 1))],
        )


def _whole_weeks(days: int) -> int:
    """The days of the most whole weeks that are allowed, so that no weekday weighs more than another."""
    return days // 7 * 7 or days
