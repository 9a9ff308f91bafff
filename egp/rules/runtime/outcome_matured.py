"""The readout comes after the last outcome it judges can be known.

A refund arrives days after the purchase, so a readout that comes too early counts too few of them and calls
the treatment safe. The last look must come after the last day of exposure and the longest `outcome_window`
of the primary metric and the guardrails: with an end on 02-05 and a window of 7 days, on 02-13. A metric
may instead be judged on its matured cohort, the units whose window has passed (`judged_on:
matured_cohort`); then there must be such units, and their number is the n of its power. A plan that declares no
looks is read once, on the day after its run. Outcomes are counted by days, so that a window of 12 hours takes up a day.

A guardrail that declares neither an `outcome_window` nor `judged_on` is taken to be known at once, as page loads are.
One that says on which units it is judged says with `outcome_window` how long these take, and be it `0d`.

Passes:

```yaml
guardrail_metrics: {0: {outcome_window: 7d, judged_on: matured_cohort}}
```

Passes:

```yaml
guardrail_metrics: {0: {outcome_window: 7d, judged_on: all_units}}
statistics: {looks: [2023-02-13]}
```

Fails at `/statistics/looks/0`, saying "refund_rate needs 7 days after the last exposure on 2023-02-05":

```yaml
guardrail_metrics: {0: {judged_on: all_units}}
```

Fails at `/statistics/looks/0`, saying "refund_rate needs 7 days":

```yaml
guardrail_metrics: {0: {judged_on: all_units}}
statistics: {looks: [2023-02-12]}
```

Fails at `/statistics/looks`, saying "the readout on 2023-02-06, the day after the run,":

```yaml
primary_metric: {outcome_window: 36h}
statistics: {looks: null}
```

Fails at `/statistics/looks/0`, saying "add_to_cart_rate needs 12 h, counted as 1 day,":

```yaml
primary_metric: {outcome_window: 12h}
statistics: {looks: ["2023-02-06T13:00:00-08:00"]}
```

Fails at `/statistics/looks/0`, saying "refund_rate needs 36 h, counted as 2 days,":

```yaml
guardrail_metrics: {0: {outcome_window: 36h, judged_on: all_units}}
statistics: {looks: ["2023-02-07T13:00:00-08:00"]}
```

Passes:

```yaml
primary_metric: {outcome_window: 12h}
statistics: {looks: ["2023-02-07T00:00:00-08:00"]}
```

Fails at `/statistics/looks/0`, saying "the readout on 2023-02-05 comes before the run's last day, 2023-02-05, is over":

```yaml
statistics: {looks: [2023-02-05]}
```

Fails at `/guardrail_metrics/0/outcome_window`, saying "no unit has a matured refund_rate":

```yaml
guardrail_metrics: {0: {outcome_window: 14d}}
```

Fails at `/guardrail_metrics/0/outcome_window`, saying "refund_rate is judged on its matured cohort and does not say":

```yaml
guardrail_metrics: {0: {outcome_window: null}}
```

Fails at `/guardrail_metrics/1/outcome_window`, saying "judged on all units and does not say":

```yaml
guardrail_metrics: {1: {judged_on: all_units}}
```

Passes:

```yaml
guardrail_metrics: {0: {outcome_window: null, judged_on: null}}
```

Fails at `/primary_metric/outcome_window`, saying "no outcome window":

```yaml
primary_metric: {outcome_window: null}
```

Where an enrolment ends before the run, the last exposure is that of its last day.

Passes:

```yaml
schedule: {enrolment_end: 2023-01-29}
guardrail_metrics: {0: {outcome_window: 7d, judged_on: all_units}}
```

A holdback that reads its primary goes on after the look, which judges the units that have matured.

Passes:

```yaml
type: holdback
schedule: {end: 2023-03-05}
primary_metric: {outcome_window: 7d, judged_on: matured_cohort}
```

Fails at `/primary_metric/judged_on`, saying "units enter until the look on 2023-02-06":

```yaml
type: holdback
schedule: {end: 2023-03-05}
primary_metric: {outcome_window: 7d}
```

A rollout has no test of its own; its stages are watched as they run.

Does not apply:

```yaml
type: rollout
statistics: null
```

Not checked without `/schedule/end`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from egp.plan.analysis.days import (
    day_after,
    first_day,
    last_day,
    last_exposure,
    last_matured_day,
    local,
    readout_day,
    schedule_of,
    whole_days,
)
from egp.plan.analysis.registered import has_primary_test
from egp.plan.analysis.rescheduling import known_at_once, settings_of_readout
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import Moment
from egp.plan.remedy import Remedy, open_if, setting
from egp.plan.wording import called, counted, length, listing
from egp.yaml import Path
from egp.yaml.edits import Setting

NO_WINDOW = timedelta(0)
_PLANNED = "the sample is planned for the units that have matured"
LISTED = 3
"""Metrics that are named; of more, the number says enough."""
MIDNIGHT = time(0)


def check(plan: Experiment) -> Iterator[Finding]:
    looks = plan.statistics.looks if plan.statistics else None
    has_test = plan.type is None or has_primary_test(plan)
    if not has_test and not looks:
        raise DoesNotApply
    if has_test:
        yield from _undeclared(plan)
    yield from _unknown_cohorts(plan)
    readout, ended, exposed_until = _readout(plan), _run_until(plan), _exposed_until(plan)
    judged = [*plan.primaries, *plan.guardrails]
    if plan.type == "holdback" and readout < ended:
        yield from _before_the_end(plan, judged)
        return
    waiting = [(path, metric) for path, metric in judged if metric.judged_on != "matured_cohort"]
    if readout < ended:
        yield _during_the_run(plan, _first_day_after(ended))
        return
    late = [found for found in waiting if readout < _later(exposed_until, _counted(found[1].outcome_window))]
    if late:
        yield _too_early(plan, late, exposed_until)
    for path, metric in judged:
        if metric.judged_on == "matured_cohort" and metric.outcome_window:
            yield from _empty_cohort(plan, path, metric, metric.outcome_window)


def _undeclared(plan: Experiment) -> Iterator[Finding]:
    for path, metric in plan.primaries:
        if metric.outcome_window is None:
            yield Finding(
                (*path, "outcome_window"),
                f"the primary metric {called(metric.id, 'without an id')} has no outcome window, so nobody can say when its outcomes are complete",
                observed="none",
                required="an outcome window",
                remedies=[known_at_once(path)],
            )


def _unknown_cohorts(plan: Experiment) -> Iterator[Finding]:
    for path, metric in plan.guardrails:
        if metric.judged_on is not None and metric.outcome_window is None:
            units = "its matured cohort" if metric.judged_on == "matured_cohort" else "all units"
            yield Finding(
                (*path, "outcome_window"),
                f"{called(metric.id, 'a guardrail')} is judged on {units} and does not say how long an outcome needs",
                observed="none",
                required="an outcome window",
                remedies=[known_at_once(path)],
                related=(Related((*path, "judged_on"), "the units that are judged"),),
            )


def _readout(plan: Experiment) -> datetime:
    """The last look on the clocks of the plan; a date stands for its beginning."""
    looks = plan.statistics.looks if plan.statistics else None
    return max(_on_the_clock(plan, look) for look in looks) if looks else _beginning(readout_day(plan))


def _run_until(plan: Experiment) -> datetime:
    end = schedule_of(plan).end
    return _on_the_clock(plan, end) if isinstance(end, datetime) else _beginning(day_after(last_day(plan), 1))


def _exposed_until(plan: Experiment) -> datetime:
    """When the last unit has entered: with the enrolment, or with the run."""
    ended = schedule_of(plan).enrolment_end
    if ended is None:
        return _run_until(plan)
    return (
        _on_the_clock(plan, ended)
        if isinstance(ended, datetime)
        else _beginning(day_after(last_exposure(plan), 1))
    )


def _on_the_clock(plan: Experiment, moment: Moment) -> datetime:
    here = local(plan, moment)
    return here.replace(tzinfo=None) if isinstance(here, datetime) else _beginning(here)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, MIDNIGHT)


def _later(moment: datetime, window: timedelta) -> datetime:
    try:
        return moment + window
    except OverflowError:
        return datetime.max


def _counted(window: timedelta | None) -> timedelta:
    """The days by which outcomes of the window are counted: a part of a day waits for its end."""
    return timedelta(days=whole_days(window or NO_WINDOW))


def _needed(window: timedelta) -> str:
    days = whole_days(window)
    return (
        length(window)
        if window == _counted(window)
        else f"{length(window)}, counted as {counted(days, 'day')},"
    )


def _first_day_after(moment: datetime) -> date:
    return day_after(moment.date(), 1) if moment.time() != MIDNIGHT else moment.date()


def _place(plan: Experiment) -> Path:
    """The last look, or the key where looks should stand."""
    looks = plan.statistics.looks if plan.statistics else None
    if not looks:
        return ("statistics", "looks")
    return ("statistics", "looks", max(range(len(looks)), key=lambda at: _on_the_clock(plan, looks[at])))


def _during_the_run(plan: Experiment, earliest: date) -> Finding:
    return Finding(
        _place(plan),
        f"the readout on {readout_day(plan)} comes before the run's last day, {last_day(plan)}, is over",
        observed=str(readout_day(plan)),
        required=f"{earliest} or later",
        remedies=[Remedy(tuple(settings_of_readout(plan, earliest)))],
        related=(Related(("schedule", "end"), "the run ends here"),),
    )


def _before_the_end(plan: Experiment, judged: list[tuple[Path, Metric]]) -> Iterator[Finding]:
    """A holdback goes on after its look, which therefore judges the units whose outcomes have matured by then."""
    for path, metric in judged:
        window = metric.outcome_window
        if window and metric.judged_on != "matured_cohort":
            at = (*path, "judged_on")
            yield Finding(
                at,
                f"{called(metric.id, 'a metric')} needs {_needed(window)} and units enter until the look on "
                f"{readout_day(plan)}, so that the outcomes of the last have not matured",
                observed=metric.judged_on or "missing",
                required="matured_cohort",
                remedies=[setting(at, "matured_cohort", f" if {_PLANNED}", open_if(_PLANNED))],
            )
        elif window:
            yield from _empty_cohort(plan, path, metric, window)


def _too_early(plan: Experiment, late: list[tuple[Path, Metric]], exposed_until: datetime) -> Finding:
    windows = [metric.outcome_window or NO_WINDOW for _, metric in late]
    earliest = _first_day_after(_later(exposed_until, max(map(_counted, windows))))
    needs = [
        f"{called(metric.id, 'a metric')} needs {_needed(window)}"
        for (_, metric), window in zip(late[:LISTED], windows, strict=False)
    ]
    if len(late) > LISTED:
        more = len(late) - LISTED
        needs.append("1 more needs its own" if more == 1 else f"{more} more need theirs")
    looks = plan.statistics.looks if plan.statistics else None
    implied = "" if looks else ", the day after the run,"
    later = Remedy(tuple(settings_of_readout(plan, earliest)))
    return Finding(
        _place(plan),
        f"the readout on {readout_day(plan)}{implied} comes too early: "
        f"{listing(needs)} after the last exposure on {last_exposure(plan)}",
        observed=str(readout_day(plan)),
        required=f"{earliest} or later",
        remedies=[later, _on_matured_cohorts(late)],
        related=tuple(Related((*path, "outcome_window"), "outcome window") for path, _ in late[:LISTED]),
    )


def _on_matured_cohorts(late: list[tuple[Path, Metric]]) -> Remedy:
    return Remedy(tuple(Setting((*path, "judged_on"), "matured_cohort") for path, _ in late))


def _empty_cohort(plan: Experiment, path: Path, metric: Metric, window: timedelta) -> Iterator[Finding]:
    if last_matured_day(plan, window) >= first_day(plan):
        return
    needed = 1 + whole_days(window)
    matured = f", when all units have matured; the first have on {day_after(first_day(plan), needed)}"
    yield Finding(
        (*path, "outcome_window"),
        f"no unit has a matured {called(metric.id, 'without an id')} at the readout on {readout_day(plan)}: "
        f"the first exposure is on {first_day(plan)}, and an outcome needs {length(window)}",
        observed="no matured unit",
        required="a matured cohort",
        remedies=[
            Remedy(tuple(settings_of_readout(plan, day_after(last_exposure(plan), needed))), after=matured)
        ],
        related=(Related(_place(plan), "the readout"),),
    )
