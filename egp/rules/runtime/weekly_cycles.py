"""Every weekday is covered at least twice.

People shop and read differently on a Saturday than on a Tuesday, and one of each cannot be distinguished from a
holiday, an outage or a campaign. egp counts the whole days at full exposure by weekday, in the plan's time
zone and without the pauses; a first or last day that is exposed only in part does not count.

Passes:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-05}
```

Fails at `/schedule/end`, saying "Saturday and Sunday are covered only once":

```yaml
schedule: {start: 2023-01-23, end: 2023-02-03}
```

A pause on a Saturday and a Sunday takes these weekdays away once.

Fails at `/schedule/pauses`, saying "Saturday and Sunday are covered only once":

```yaml
schedule: {pauses: [2023-01-28/2023-01-29]}
```

Fails at `/schedule/end`, saying "Sunday is not covered, and the other weekdays only once":

```yaml
schedule: {end: 2023-01-28}
```

Fails at `/schedule/end` with `times: 3`, saying "are covered only twice":

```yaml
schedule: {start: 2023-01-23, end: 2023-02-05}
```

Not checked without `/schedule/end`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.days import (
    day_after,
    first_day,
    first_full_day,
    full_days,
    schedule_of,
    unpaused,
    weekday_counts,
)
from egp.plan.analysis.rescheduling import settings_of_run
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.remedy import Remedy
from egp.plan.wording import WEEKDAYS, listing, times_over
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


yields_to = frozenset({"minimum-runtime"})


HORIZON = 1000
"""Days after the start within which an end is looked for."""


class Params(rule.Params):
    times: Annotated[
        int,
        "how often each weekday must be covered",
        rule.Stricter("more"),
        rule.KnownAs("times_each_weekday"),
    ] = 2


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    counts = weekday_counts(full_days(plan))
    if min(counts) >= params.times:
        return
    paused = bool(schedule_of(plan).pauses)
    end = _sufficient_end(plan, params.times)
    yield Finding(
        ("schedule", "pauses" if paused else "end"),
        f"{_shortfall(counts, params.times)}; the policy requires {times_over(params.times)} each",
        observed=times_over(min(counts)),
        required=times_over(params.times),
        remedies=[Remedy(tuple(settings_of_run(plan, first_day(plan), end)))] if end else (),
        help="" if end else "shorten the pauses, or run on after them",
    )


def _shortfall(counts: list[int], times: int) -> str:
    """Which weekdays are covered too little; those with the fewest days first."""
    fewest = min(counts)
    worst = [day for day, count in zip(WEEKDAYS, counts, strict=True) if count == fewest]
    is_are = "is" if len(worst) == 1 else "are"
    covered = f"covered only {times_over(fewest)}" if fewest else "not covered"
    if len(worst) == 7:
        return f"all weekdays are {covered}"
    text = f"{listing(worst)} {is_are} {covered}"
    others = {count for count in counts if fewest < count < times}
    if not others:
        return text
    everyone_else = all(count < times for count in counts)
    which = "the other weekdays" if everyone_else else "others"
    return f"{text}, and {which} only {times_over(min(others))}"


def _sufficient_end(plan: Experiment, times: int) -> date | None:
    """The earliest last day by which every weekday is covered; pauses after the present end count as well."""
    first = first_full_day(plan)
    left = [times] * 7
    for run in unpaused(first, day_after(first, HORIZON), schedule_of(plan).pauses):
        for offset in range(run.days):
            day = day_after(run.first, offset)
            left[day.weekday()] -= 1
            if max(left) <= 0:
                return day
    return None


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import short_run

    return short_run(broken)


def picture(broken: Broken) -> Picture | None:
    """The weekdays that the run sees."""
    from egp.rules.pictures import weekdays

    return weekdays(broken.plan, broken.params.times, broken.asked("shortest_run") or 0)


def plain(params: Params, _: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return f"Every weekday is in it at least {times_over(params.times)}."
