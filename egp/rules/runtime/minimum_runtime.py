"""At least 14 consecutive days at full exposure.

Early results swing with the days they happen to contain, and the first significant one is usually too
large. Two whole weeks let every weekday count twice and let the first excitement about something new fade.
A pause breaks the run: the days before and after it are two shorter runs. Days are calendar days in the
plan's time zone, so the night on which clocks change does not make fourteen days thirteen and a fraction.

Passes:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-05}
```

An instant as `end` is exclusive: midnight after the last day.

Passes:

```yaml
schedule: {start: "2023-03-06T00:00:00-08:00", end: "2023-03-20T00:00:00-07:00"}
```

Fails at `/schedule/end`, saying "5 days":

```yaml
schedule: {start: 2023-01-23, end: 2023-01-27}
```

A later end moves the readout, and the stages after it, with it; egp names the dates that then change together.

Fails at `/schedule/pauses`, saying "longest run without a pause is 8 days":

```yaml
schedule: {pauses: [2023-01-28]}
statistics: {looks: [2023-02-07]}
```

A first or last day that is exposed only in part is no full day.

Fails at `/schedule/end`, saying "13 days":

```yaml
schedule: {start: "2023-01-23T08:00:00-08:00", end: 2023-02-05}
```

Fails at `/schedule/end` with `days: 21`:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-05}
```

Not checked without `/schedule/start`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.days import day_after, first_day, first_full_day, full_days, schedule_of
from egp.plan.analysis.rescheduling import PAUSES, even_end, settings_of_run
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import Interval
from egp.plan.remedy import Remedy, open_if
from egp.plan.wording import counted
from egp.rules import rule
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    days: Annotated[
        int,
        "consecutive days at full exposure that a plan must have",
        rule.Stricter("more"),
        rule.KnownAs("shortest_run"),
    ] = 14


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    runs = full_days(plan)
    longest = max((run.days for run in runs), default=0)
    if longest >= params.days:
        return
    if schedule_of(plan).pauses:
        yield Finding(
            ("schedule", "pauses"),
            f"the longest run without a pause is {counted(longest, 'day')}; "
            f"the policy requires {counted(params.days, 'consecutive day')} at full exposure",
            observed=counted(longest, "day"),
            required=counted(params.days, "day"),
            remedies=_around_pauses(plan, runs, params.days),
        )
        return
    yield Finding(
        ("schedule", "end"),
        f"the plan runs {counted(longest, 'day')} at full exposure; the policy requires {params.days}",
        observed=counted(longest, "day"),
        required=counted(params.days, "day"),
        remedies=[Remedy(_longer(plan, params.days))],
    )


def _around_pauses(plan: Experiment, runs: list[Interval], days: int) -> list[Remedy]:
    """The run without pauses, and a run long enough after the last one, in which every weekday counts alike."""
    pauses, first = schedule_of(plan).pauses, first_full_day(plan)
    which, are = ("the pause", "is") if len(pauses) == 1 else ("the pauses", "are")
    longer = () if runs and (runs[-1].last - first).days + 1 >= days else _longer(plan, days)
    still = f"{which} {are} still to come"
    without = Remedy((Setting(PAUSES, []), *longer), open_if(still), after=f" if {still}")
    resumed = max(first, day_after(max(pause.last for pause in pauses), 1))
    end = day_after(resumed, days - 1)
    even = even_end(first, end, pauses)
    if even:
        return [without, Remedy(tuple(settings_of_run(plan, first_day(plan), even)))]
    leave_out = f" and leave out the units exposed before {which}"
    return [without, Remedy(tuple(settings_of_run(plan, resumed, end)), after=leave_out)]


def _longer(plan: Experiment, days: int) -> tuple[Setting, ...]:
    """Settings for so many days from the first full one on, whatever the pauses."""
    settings = settings_of_run(plan, first_day(plan), day_after(first_full_day(plan), days - 1))
    return tuple(each for each in settings if each.path != PAUSES)


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import short_run

    return short_run(broken)


def picture(broken: Broken) -> Picture | None:
    """The weekdays that the run sees."""
    from egp.rules.pictures import weekdays

    return weekdays(broken.plan, broken.asked("times_each_weekday") or 2, broken.params.days)


CONTESTED = True
"""People argue about it first."""


def plain(params: Params, _: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return f"A test runs for at least {counted(params.days, 'consecutive day')} at full exposure."
