"""Whoever enters is watched for long enough, and whoever comes in any part of a week can enter.

A short enrolment is no short run: units that entered in one week and are watched for four tell more of a habit than
four weeks of newcomers. It asks three things of the plan. Units enter on whole weeks, since who comes on a Monday is not
who comes on a Sunday. The last of them is treated for `observed`, since later outcomes would be those of units that have
lost the treatment. And an outcome window is no longer than that, so that every unit is judged on the same time under
treatment. A unit that is new every time, such as a session, cannot be watched at all. The rule is about plans with
`schedule.enrolment_end`.

Passes:

```yaml
schedule: {start: 2023-01-23, enrolment_end: 2023-01-29, end: 2023-02-26}
primary_metric: {outcome_window: 28d}
guardrail_metrics: {0: {judged_on: all_units}}
statistics: {looks: [2023-02-27]}
```

Fails at `/schedule/enrolment_end`, saying "units enter on 5 days: Saturday and Sunday never":

```yaml
schedule: {start: 2023-01-23, enrolment_end: 2023-01-27, end: 2023-02-26}
```

Fails at `/schedule/enrolment_end`, saying "units enter on 9 days: Monday and Tuesday twice, the others once":

```yaml
schedule: {start: 2023-01-23, enrolment_end: 2023-01-31, end: 2023-02-26}
```

Fails at `/schedule/end`, saying "whoever enters on 2023-01-29 is treated for 7 more days; the policy requires 14 days":

```yaml
schedule: {start: 2023-01-23, enrolment_end: 2023-01-29, end: 2023-02-05}
```

Fails at `/primary_metric/outcome_window`, saying "an outcome of add_to_cart_rate takes 35 days, and whoever enters on 2023-01-29 is treated for 28":

```yaml
schedule: {start: 2023-01-23, enrolment_end: 2023-01-29, end: 2023-02-26}
primary_metric: {outcome_window: 35d}
```

Fails at `/unit`, saying "a session happens once":

```yaml
unit: session
schedule: {start: 2023-01-23, enrolment_end: 2023-01-29, end: 2023-02-26}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from egp.plan.analysis.days import (
    day_after,
    exposed_days,
    first_day,
    last_day,
    last_exposure,
    schedule_of,
    weekday_counts,
    whole_days,
)
from egp.plan.analysis.rescheduling import ENROLMENT_END, settings_of_run
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import shown
from egp.plan.remedy import Remedy, removal, setting
from egp.plan.wording import (
    WEEKDAYS,
    called,
    counted,
    duration_in_plan,
    length,
    length_beside,
    listing,
    times_over,
)
from egp.rules import rule

needs = ("schedule",)
WEEK = 7


class Params(rule.Params):
    observed: Annotated[
        timedelta, "time that whoever enters last is treated and observed", rule.Stricter("more")
    ] = timedelta(days=14)
    new_units: Annotated[
        tuple[str, ...], "randomisation units that are new every time, and cannot be observed later"
    ] = ("session", "pageview", "request", "impression")


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if schedule_of(plan).enrolment_end is None:
        raise DoesNotApply
    entered, ended = last_exposure(plan), last_day(plan)
    if not first_day(plan) <= entered < ended:
        return  # valid-plan speaks
    if plan.unit in params.new_units:
        yield _never_seen_again(called(plan.unit, "unit"))
        return
    yield from _weekdays(plan)
    observed = (ended - entered).days
    if observed < whole_days(params.observed):
        yield _short(plan, entered, observed, params.observed)
    for path, metric in (*plan.primaries, *plan.guardrails):
        window = metric.outcome_window
        if window is None or whole_days(window) <= observed:
            continue
        at = (*path, "outcome_window")
        enough = settings_of_run(plan, first_day(plan), day_after(entered, whole_days(window)))
        takes = length_beside(window, timedelta(days=observed))
        yield Finding(
            at,
            f"an outcome of {called(metric.id, 'a metric')} takes {takes}, and whoever enters on {entered} is "
            f"treated for {observed}",
            observed=takes,
            required=f"at most {counted(observed, 'day')}",
            remedies=[Remedy(tuple(enough)), setting(at, duration_in_plan(timedelta(days=observed)))],
            related=(Related(("schedule", "end"), "the treatment ends here"),),
        )


def _never_seen_again(unit: str) -> Finding:
    return Finding(
        ("unit",),
        f"a {shown(unit)} happens once, so that none that is enrolled can be observed later",
        observed=shown(unit),
        required="a unit that comes back",
        remedies=[removal(ENROLMENT_END, ": units then enter on every day of the run")],
        help="randomise users, and observe those",
        related=(Related(ENROLMENT_END, "the enrolment"),),
    )


def _weekdays(plan: Experiment) -> Iterator[Finding]:
    """Days of entry by weekday, in whole weeks or not."""
    counts = weekday_counts(exposed_days(plan))
    if min(counts) == max(counts) > 0:
        return
    days, first = sum(counts), first_day(plan)
    whole = day_after(first, -(-max(days, 1) // WEEK) * WEEK - 1)
    yield Finding(
        ENROLMENT_END,
        f"units enter on {counted(days, 'day')}: {_unevenly(counts)}",
        observed=counted(days, "day"),
        required="whole weeks",
        remedies=_until(plan, whole),
        help="" if whole < last_day(plan) else "run longer, and let units enter in whole weeks",
    )


def _until(plan: Experiment, whole: date) -> list[Remedy]:
    return [setting(ENROLMENT_END, whole)] if whole < last_day(plan) else []


def _unevenly(counts: list[int]) -> str:
    usual = max(set(counts), key=lambda count: (counts.count(count), count))
    parts = []
    for odd in sorted(set(counts) - {usual}):
        named = [day for day, own in zip(WEEKDAYS, counts, strict=True) if own == odd]
        parts.append(f"{listing(named)} {times_over(odd) if odd else 'never'}")
    return ", ".join([*parts, f"the others {times_over(usual)}"] if min(counts) else parts)


def _short(plan: Experiment, entered: date, observed: int, asked: timedelta) -> Finding:
    longer = settings_of_run(plan, first_day(plan), day_after(entered, whole_days(asked)))
    return Finding(
        ("schedule", "end"),
        f"whoever enters on {entered} is treated for {counted(observed, 'more day')}; the policy requires {length(asked)}",
        observed=counted(observed, "day"),
        required=length(asked),
        remedies=[Remedy(tuple(longer))],
        related=(Related(ENROLMENT_END, "the last day of the enrolment"),),
    )


def plain(params: Params, plan: Experiment) -> str:
    """What the rule insists on, for people who read no statistics; empty where units enter on every day of the run."""
    if plan.schedule is None or plan.schedule.enrolment_end is None:
        return ""
    return f"Whoever enters last is watched for at least {length(params.observed)}."
