"""Run, canary and ramp stay clear of peak sales and freezes, and nothing ends at a weekend.

In a sale people buy differently than in the weeks the result is meant for, and in a freeze nobody may raise
traffic or repair what it breaks. The policy's `calendars:` name these periods. A run that overlaps one is
warned about; a pause over the period keeps it clear. A canary in such a period, or a stage of the ramp that
can start in one, puts more customers at risk at the worst time and is an error. Stages without a `start`
are taken to start as early as the readout and the dwell of the stages before allow. A readout or a holdout
that ends on a Saturday or Sunday is warned about, because nobody is there to act on it. While the run itself is
too short, nothing is said of the readout and the stages, whose dates move with its end.

Passes with `calendars: {peak_sale: [2023-11-20/2023-12-01]}`:

```yaml
schedule: {start: 2023-01-23, end: 2023-02-05}
```

Fails at `/schedule/end` with `calendars: {big_game: [2023-02-04/2023-02-12]}`, saying "on 2 days, 2023-02-04 to 2023-02-05":

```yaml
ramp: [{treated: 90%, min_dwell: 48h, start: 2023-02-13}]
```

Fails at `/schedule/start` with `calendars: {freeze: [2023-01-20/2023-01-23]}`, saying "on 1 day, 2023-01-23":

```yaml
canary: null
```

Passes with `calendars: {freeze: [2023-01-28/2023-01-29]}`:

```yaml
schedule: {pauses: [2023-01-28/2023-01-29]}
```

Fails at `/canary/start` with `calendars: {freeze: [2023-01-18]}`, saying "the canary":

```yaml
canary: {start: 2023-01-18, end: 2023-01-22}
```

Fails at `/ramp/1/start` with `calendars: {freeze: [2023-02-08/2023-02-09]}`, saying "can start on 2023-02-08":

```yaml
ramp: [{treated: 70%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

Fails at `/ramp/0/start` with `calendars: {freeze: [2023-02-08]}`, saying "starts on 2023-02-08":

```yaml
ramp: [{treated: 90%, min_dwell: 48h, start: 2023-02-08}]
```

Fails at `/statistics/looks/0`, saying "2023-02-11, a Saturday":

```yaml
statistics: {looks: [2023-02-11]}
```

Fails at `/holdout/until`, saying "2023-05-14, a Sunday":

Passes with `weekends: true`:

```yaml
holdout: {until: 2023-05-14}
```

Not checked without `/schedule/start`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated

from egp.plan.analysis.days import (
    as_local_day,
    day_after,
    day_before_end,
    first_day,
    last_day,
    treated_days,
    whole_days,
)
from egp.plan.analysis.rescheduling import (
    SATURDAY,
    TWO_WEEKS,
    settings_of_readout,
    settings_of_run,
    settings_of_start,
    working_day,
)
from egp.plan.analysis.traffic import ramp_begin
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import Interval
from egp.plan.remedy import Remedy, addition, setting
from egp.plan.wording import WEEKDAYS, counted, percent
from egp.rules import rule
from egp.rules.rule_inputs import Organisation
from egp.stats.values import NamedTuple
from egp.yaml import Path

MOVING_THE_READOUT = frozenset(
    ("minimum-runtime", "weekly-cycles", "registered-before-start", "outcome-matured")
)
"""Rules whose advice moves the readout, and with it the stages: what is said of their days may no longer hold."""


class Params(rule.Params):
    weekends: Annotated[
        bool, "whether a readout or a holdout may end on a Saturday or Sunday", rule.Stricter("less")
    ] = False


class CalendarPeriod(NamedTuple):
    calendar: str
    days: Interval

    def __str__(self) -> str:
        return f"{self.calendar} ({self.days})"


def check(plan: Experiment, params: Params, organisation: Organisation) -> Iterator[Finding]:
    periods = [CalendarPeriod(name, days) for name, found in organisation.calendars.items() for days in found]
    runs = treated_days(plan)
    for period in periods:
        yield from _run(plan, runs, period, periods)
        yield from _canary(plan, period)
    if periods:
        yield from _ramp(plan, periods)
    if not params.weekends:
        yield from _weekends(plan)


def _run(
    plan: Experiment, runs: Sequence[Interval], period: CalendarPeriod, periods: list[CalendarPeriod]
) -> Iterator[Finding]:
    parts = [part for run in runs if (part := _overlap(run, period.days))]
    if not parts:
        return
    begins_inside = first_day(plan) in period.days
    further_days = max((last_day(plan) - first_day(plan)).days, TWO_WEEKS - 1)
    moved = settings_of_run(plan, _clear_start(first_day(plan), further_days, periods))
    eve = day_after(period.days.first, -1)
    is_long_enough = (eve - first_day(plan)).days + 1 >= TWO_WEEKS
    shared = Interval(parts[0].first, parts[-1].last)
    yield Finding(
        ("schedule", "start" if begins_inside else "end"),
        f"the run overlaps {period} on {counted(sum(part.days for part in parts), 'day')}, {shared}",
        observed=str(shared),
        required=f"days clear of {period}",
        remedies=[Remedy(tuple(moved))],
        help=f"end the run by {eve}" if is_long_enough and not begins_inside else "",
    )


def _overlap(run: Interval, other: Interval) -> Interval | None:
    first, last = max(run.first, other.first), min(run.last, other.last)
    return Interval(first, last) if first <= last else None


def _clear_start(start: date, further_days: int, periods: list[CalendarPeriod]) -> date:
    """The earliest day from which a run of the same length overlaps no period."""
    for period in sorted(periods, key=lambda period: period.days.first):
        if _overlap(Interval(start, day_after(start, further_days)), period.days):
            start = day_after(period.days.last, 1)
    return start


def _canary(plan: Experiment, period: CalendarPeriod) -> Iterator[Finding]:
    canary = plan.canary
    if canary is None or canary.start is None:
        return
    first = as_local_day(plan, canary.start)
    last = day_before_end(plan, canary.end) if canary.end else first
    shared = _overlap(Interval(first, last), period.days)
    if shared:
        yield Finding(
            ("canary", "start" if first in period.days else "end"),
            f"the canary overlaps {period} on {counted(shared.days, 'day')}, {shared}",
            observed=str(shared),
            required=f"days clear of {period}",
            remedies=[Remedy(tuple(settings_of_start(plan, day_after(period.days.last, 1))))],
            impossible=True,
        )


def _ramp(plan: Experiment, periods: list[CalendarPeriod]) -> Iterator[Finding]:
    earliest = ramp_begin(plan)
    for at, stage in enumerate(plan.ramp):
        declared = as_local_day(plan, stage.start) if stage.start else None
        start = max(declared, earliest) if declared else earliest
        period = next((period for period in periods if start in period.days), None)
        if period:
            free = working_day(_clear_start(start, 0, periods))
            yield _stage_in(period, ("ramp", at, "start"), stage.treated, (start, declared == start, free))
            start = free  # the stages after it move with it
        earliest = day_after(start, whole_days(stage.min_dwell or timedelta(0)))


def _stage_in(
    period: CalendarPeriod, path: Path, treated: float | None, when: tuple[date, bool, date]
) -> Finding:
    stage = f"the stage at {percent(treated)}" if treated is not None else "the stage"
    start, is_declared, free = when
    return Finding(
        path,
        f"{stage} {'starts' if is_declared else 'can start'} on {start}, within {period}",
        observed=str(start),
        required=f"days clear of {period}",
        remedies=[setting(path, free) if is_declared else addition(path, free, " to the stage")],
        impossible=True,
        yields_to=MOVING_THE_READOUT,
    )


def _weekends(plan: Experiment) -> Iterator[Finding]:
    looks = plan.statistics.looks if plan.statistics else None
    if looks:
        days = [as_local_day(plan, look) for look in looks]
        last = max(range(len(days)), key=days.__getitem__)
        if days[last].weekday() >= SATURDAY:
            moved = Remedy(tuple(settings_of_readout(plan, days[last])))
            at = ("statistics", "looks", last)
            yield _weekend(at, "the readout is", days[last], moved, MOVING_THE_READOUT)
    until = plan.holdout.until if plan.holdout else None
    if until and until.weekday() >= SATURDAY:
        at_until = ("holdout", "until")
        moved = setting(at_until, working_day(until), ", the Monday after")
        yield _weekend(at_until, "the holdout ends", until, moved)


def _weekend(
    path: Path, what: str, day: date, moved: Remedy, yields_to: frozenset[str] = frozenset()
) -> Finding:
    weekday = WEEKDAYS[day.weekday()]
    return Finding(
        path,
        f"{what} on {day}, a {weekday}, when nobody is there to act on it",
        observed=weekday,
        required="a working day",
        remedies=[moved],
        yields_to=yields_to,
    )
