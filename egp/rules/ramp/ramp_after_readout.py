"""No stage of the ramp starts before the last look at the primary metric.

Raising traffic before the readout ships an outcome that nobody has seen yet, and changes the very groups the test
compares. A stage may leave its start to the gate, which opens it after the readout; a start that is declared lies on
the day of the last look or later. Without declared looks the readout is on the day after the run. A `rollout` or
`holdback` without looks has no readout to wait for.

Passes:

```yaml
ramp: {0: {start: 2023-02-07}}
```

Passes:

```yaml
ramp: {0: {start: 2023-02-06}}
```

Fails at `/ramp/0/start`, saying "starts on 2023-01-28; the readout is on 2023-02-06":

```yaml
ramp: {0: {start: 2023-01-28}}
```

Two instants are compared as instants.

Fails at `/ramp/0/start`, saying "starts at 2023-02-06 09:00:00-08:00":

```yaml
statistics: {looks: ["2023-02-06T15:00:00-08:00"]}
ramp: {0: {start: "2023-02-06T09:00:00-08:00"}}
```

Fails at `/ramp/0/start`, saying "2023-02-06":

```yaml
statistics: {looks: null}
ramp: {0: {start: 2023-02-05}}
```

Does not apply:

```yaml
type: rollout
statistics: null
ramp: {0: {start: 2023-01-24}}
```

Not checked at `/schedule/end`:

```yaml
schedule: {end: null}
statistics: {looks: null}
ramp: {0: {start: 2023-01-28}}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.days import as_local_day, local, precedes, readout_day
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import Moment, as_day
from egp.plan.remedy import setting
from egp.plan.wording import counted, ordinal_stage, percent, whole

LATER = " or later, or leave it to the gate"

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


def check(plan: Experiment) -> Iterator[Finding]:
    started = [(position, stage.start) for position, stage in enumerate(plan.ramp) if stage.start is not None]
    if not plan.ramp:
        raise DoesNotApply
    if not started:
        return
    looks: tuple[Moment, ...] = (plan.statistics.looks if plan.statistics else None) or ()
    if not looks:
        if plan.type in ("rollout", "holdback"):
            raise DoesNotApply
        looks = (readout_day(plan),)
    for position, start in started:
        later = [look for look in looks if precedes(plan, start, look)]
        if later:
            yield _early(plan, position, start, max(later, key=as_day))


def _early(plan: Experiment, position: int, start: Moment, look: Moment) -> Finding:
    day, readout = as_day(local(plan, start)), as_day(local(plan, look))
    begins, read = (f"on {day}", f"on {readout}") if day != readout else (f"at {start}", f"at {look}")
    return Finding(
        ("ramp", position, "start"),
        f"{ordinal_stage(position)} starts {begins}; the readout is {read}",
        observed=str(start),
        required=f"{look} or later",
        remedies=[setting(("ramp", position, "start"), look.isoformat(), LATER)],
    )


def costs(broken: Broken) -> Iterator[str]:
    """How many units get the change before anybody knows whether it works."""
    from egp.plan.analysis.traffic import daily_eligible_units, treated_share

    plan = broken.plan
    stage = plan.ramp[int(broken.at[1])]
    if stage.start is None or stage.treated is None:
        return
    days = (readout_day(plan) - as_local_day(plan, stage.start)).days
    more = max(0.0, stage.treated - treated_share(plan)) * daily_eligible_units(plan)
    if days > 0:
        yield f"For {counted(days, 'day')} {whole(more)} more units a day get a change of which nobody knows whether it works."


def picture(broken: Broken) -> Picture | None:
    """The units treated before the readout, by the stage that does not wait for it and by the test alone."""
    from egp.plan.analysis.traffic import treated_share
    from egp.rules.pictures import units_a_day

    stage = broken.plan.ramp[int(broken.at[1])]
    if stage.treated is None:
        return None
    has = (f"by the stage, {percent(stage.treated)}", stage.treated)
    says = (
        "Before the readout nobody knows whether the change works; the test shows it to as few as it takes."
    )
    return units_a_day(
        "Treated before the result is read",
        says,
        broken.plan,
        has,
        ("by the test alone", treated_share(broken.plan)),
    )
