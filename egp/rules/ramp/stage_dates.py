"""The dates of the stages come in their order, and each can be reached.

Whoever reads the plan takes its dates for the timetable, and the gate holds a stage until its date has come. A stage that
is dated before the one it follows, or while that one still has to be watched, will not begin then; and one that is dated so
late that the readout is too old by then never begins. A readout is good for `readout_days`, as many as in the gate's check
`stage-order`; the dwell of the stages before counts.

Passes:

```yaml
ramp: {0: {start: 2023-02-07}, 1: {start: 2023-02-09}}
```

Fails at `/ramp/1/start`, saying "stage 2 starts on 2023-03-17, before stage 1 on 2023-04-20":

```yaml
ramp: {0: {start: 2023-04-20}, 1: {start: 2023-03-17}}
holdout: {until: 2023-12-05}
```

Fails at `/ramp/2/start`, saying "stage 3 starts on 2023-02-08, before stage 1 on 2023-02-09":

```yaml
ramp: [{treated: 60%, min_dwell: 48h, start: 2023-02-09}, {treated: 75%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h, start: 2023-02-08}]
```

Fails at `/ramp/1/start`, saying "stage 2 starts on 2023-02-08; stage 1 lasts until 2023-02-09":

```yaml
ramp: {0: {start: 2023-02-07}, 1: {start: 2023-02-08}}
```

Fails at `/ramp/1/start`, saying "the readout of 2023-02-06 is 40 days old":

```yaml
ramp: {1: {start: 2023-03-18}}
holdout: {until: 2023-12-05}
```

Fails at `/ramp/1/min_dwell`, saying "is good for 30":

```yaml
ramp: [{treated: 70%, min_dwell: 18d}, {treated: 80%, min_dwell: 14d}, {treated: 90%, min_dwell: 48h}]
holdout: {until: 2023-12-05}
```

Passes with `readout_days: 60`:

```yaml
ramp: {1: {start: 2023-03-18}}
holdout: {until: 2023-12-05}
```

A rollout has no readout that could age.

Passes:

```yaml
type: rollout
ramp: [{treated: 25%, min_dwell: 48h, start: 2023-02-07}, {treated: 90%, min_dwell: 48h, start: 2023-06-18}]
holdout: {until: 2023-12-05}
```

Fails at `/ramp/0/start`, saying "before the canary":

```yaml
type: rollout
ramp: [{treated: 25%, min_dwell: 48h, start: 2023-01-10}, {treated: 90%, min_dwell: 48h}]
```

Does not apply without `/ramp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from egp.plan.analysis.days import as_local_day, day_after, readout_day, whole_days
from egp.plan.analysis.registered import has_primary_test
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked, Related
from egp.plan.remedy import setting
from egp.plan.wording import counted, ordinal_stage
from egp.rules import rule
from egp.stats.values import NamedTuple
from egp.yaml import Path

_LATER = " or later, or leave it to the gate"


class Params(rule.Params):
    readout_days: Annotated[
        int, "days after its last look for which a readout is good", rule.Stricter("less")
    ] = 30


class _Begun(NamedTuple):
    """A stage and the day it begins: the one it declares, or the earliest that the ones before leave."""

    at: Path
    name: str
    declared: date | None
    begins: date
    over: date
    """The first day on which its least time has passed."""


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.ramp:
        raise DoesNotApply
    stages = list(_stages(plan))
    yield from _out_of_order(stages)
    yield from _too_old(plan, stages, params.readout_days)


def _stages(plan: Experiment) -> Iterator[_Begun]:
    earliest = _ramp_can_begin(plan)
    for position, stage in enumerate(plan.ramp):
        declared = as_local_day(plan, stage.start) if stage.start is not None else None
        begins = max(declared, earliest) if declared else earliest
        earliest = day_after(begins, whole_days(stage.min_dwell or timedelta()))
        at: Path = ("ramp", position, "start")
        yield _Begun(at, ordinal_stage(position), declared, begins, earliest)


def _ramp_can_begin(plan: Experiment) -> date:
    """The day after the canary of a rollout; else that of the readout, once outcomes have matured."""
    if has_primary_test(plan):
        return _readout(plan)
    canary = plan.canary
    if canary and canary.end is not None:
        return day_after(as_local_day(plan, canary.end), 1)
    return date.min


def _readout(plan: Experiment) -> date:
    try:
        return readout_day(plan)
    except NotChecked:
        return date.min


def _out_of_order(stages: list[_Begun]) -> Iterator[Finding]:
    """Each dated stage against all dated ones before it, and against the time that the one before takes."""
    for position, stage in enumerate(stages):
        if stage.declared is None:
            continue
        dated = [each for each in stages[:position] if each.declared is not None]
        latest = max(dated, key=lambda each: each.declared or date.min, default=None)
        if latest is not None and latest.declared is not None and stage.declared < latest.declared:
            yield _misplaced(
                stage, f"before {latest.name} on {latest.declared}", stages[position - 1].over, latest.at
            )
        elif position and stage.declared < stages[position - 1].over:
            before = stages[position - 1]
            yield Finding(
                stage.at,
                f"{stage.name} starts on {stage.declared}; {before.name} lasts until {before.over}",
                observed=str(stage.declared),
                required=f"{before.over} or later",
                remedies=[setting(stage.at, before.over, _LATER)],
                related=(Related(before.at, before.name),),
            )
        elif not position and stage.begins > stage.declared:
            yield _misplaced(
                stage,
                f"before the canary or the test before it is over, on {stage.begins}",
                stage.begins,
                None,
            )


def _misplaced(stage: _Begun, what: str, earliest: date, at: Path | None) -> Finding:
    return Finding(
        stage.at,
        f"{stage.name} starts on {stage.declared}, {what}",
        observed=str(stage.declared),
        required=f"{earliest} or later",
        remedies=[setting(stage.at, earliest, _LATER)],
        related=(Related(at, "the stage before"),) if at else (),
        yields_in_place=True,
    )


def _too_old(plan: Experiment, stages: list[_Begun], longest: int) -> Iterator[Finding]:
    if not has_primary_test(plan) or _readout(plan) == date.min:
        return
    read = readout_day(plan)
    for position, stage in enumerate(stages):
        age = (stage.begins - read).days
        if age <= longest:
            continue
        dated = stage.declared is not None and stage.declared >= stage.begins
        at: Path = stage.at if dated else ("ramp", max(position - 1, 0), "min_dwell")
        yield Finding(
            at,
            f"{stage.name} can begin on {stage.begins}, when the readout of {read} is {counted(age, 'day')} old; "
            f"it is good for {longest}",
            observed=counted(age, "day"),
            required=f"at most {longest} days",
            remedies=[setting(at, day_after(read, longest), " or earlier")] if dated else (),
            help="" if dated else f"let the stages before last {counted(age - longest, 'day')} less",
            related=(Related(("statistics", "looks"), "the readout"),),
        )
        return
