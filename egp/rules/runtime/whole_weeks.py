"""The run covers whole weeks, so that no weekday weighs more than another.

In a run of 15 days one weekday counts three times and the others twice, and the result leans towards that
day. egp counts the whole days at full exposure by weekday, in the plan's time zone and without the pauses.
Where that makes a difference of one in many weeks it does not matter: from `weeks` whole weeks on nothing
is said.

Passes:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-12}
```

Fails at `/schedule/end`, saying "15 days weigh one weekday more: Monday counts 3 times, the others twice":

```yaml
schedule: {start: 2023-01-23, end: 2023-02-06}
```

Fails at `/schedule/end`, saying "22 days weigh one weekday more: Monday counts 4 times, the others 3 times":

```yaml
schedule: {start: 2023-01-23, end: 2023-02-13}
```

Fails at `/schedule/end`, saying "20 days weigh one weekday less: Sunday counts twice, the others 3 times":

```yaml
schedule: {start: 2023-01-23, end: 2023-02-11}
```

Fails at `/schedule/pauses`, saying "Wednesday counts twice":

```yaml
schedule: {start: 2023-01-23, end: 2023-02-12, pauses: [2023-01-25]}
```

Passes:

```yaml
schedule: {start: 2023-01-23, end: 2023-03-20}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.days import day_after, first_day, full_days, schedule_of, weekday_counts
from egp.plan.analysis.rescheduling import settings_of_run
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.remedy import Remedy, setting
from egp.plan.wording import WEEKDAYS, counted, listing, times_over
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


yields_to = frozenset({"minimum-runtime", "weekly-cycles"})

_PAUSES_OF_WHOLE_WEEKS = "make each pause a whole number of weeks, or move `end` until the weekdays are even"


class Params(rule.Params):
    weeks: Annotated[
        int, "whole weeks from which one day more or less does not matter", rule.Stricter("more")
    ] = 8


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if schedule_of(plan).enrolment_end is not None:
        raise DoesNotApply  # whoever enters is observed for a time of their own
    runs = full_days(plan)
    days = sum(run.days for run in runs)
    counts = weekday_counts(runs)
    if min(counts) == max(counts) or min(counts) >= params.weeks:
        return
    paused = bool(schedule_of(plan).pauses)
    yield Finding(
        ("schedule", "pauses" if paused else "end"),
        f"{counted(days, 'day')} weigh {_imbalance(counts)}",
        observed=counted(days, "day"),
        required="whole weeks",
        remedies=() if paused else _ends(plan, runs[-1].last, days),
        help=_PAUSES_OF_WHOLE_WEEKS if paused else "",
    )


def _imbalance(counts: list[int]) -> str:
    usual = max(set(counts), key=lambda count: (counts.count(count), -count))
    odd = sorted(set(counts) - {usual})
    groups = [[day for day, own in zip(WEEKDAYS, counts, strict=True) if own == count] for count in odd]
    named = ", ".join(
        f"{listing(group)} {'counts' if len(group) == 1 else 'count'} {times_over(count)}"
        for group, count in zip(groups, odd, strict=True)
    )
    others = f"the others {times_over(usual)}"
    if len(odd) > 1:
        return f"the weekdays unevenly: {named}, {others}"
    number = {1: "one weekday", 2: "two weekdays", 3: "three weekdays"}[len(groups[0])]
    return f"{number} {'more' if odd[0] > usual else 'less'}: {named}, {others}"


def _ends(plan: Experiment, last: date, days: int) -> list[Remedy]:
    """The whole weeks just below and just above, as ends of the run."""
    more = -days % 7
    settings = settings_of_run(plan, first_day(plan), day_after(last, more))
    longer = Remedy(tuple(settings), after=f" ({counted(days + more, 'day')})")
    if days < 14:
        return [longer]
    shorter = f" ({counted(days + more - 7, 'day')})"
    return [setting(("schedule", "end"), day_after(last, more - 7), shorter), longer]


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import short_run

    return short_run(broken)


def picture(broken: Broken) -> Picture | None:
    """The weekdays that the run sees, one of them once more than the others."""
    from egp.rules.pictures import weekdays

    return weekdays(broken.plan, broken.asked("times_each_weekday") or 2, 0)
