"""Every stage of the ramp lasts at least 48 hours.

Harm takes time to show: a page that loads more slowly is felt within minutes, a refund arrives the day after tomorrow.
Two full days in each stage see every hour of the day twice before more units receive the treatment. `min_dwell`
is the least time in a stage; the gate does not open the next one earlier, whatever the calendar says.

Passes:

```yaml
ramp: {0: {min_dwell: 2d}}
```

Fails at `/ramp/0/min_dwell`, saying "stage 1 (70 %) lasts at least 24 h":

```yaml
ramp: {0: {min_dwell: 24h}}
```

Fails at `/ramp/1/min_dwell`, saying "does not say how long":

```yaml
ramp: {1: {min_dwell: null}}
```

Fails at `/ramp/0/min_dwell` with `hours: 72`, saying "the policy requires 72 h":

```yaml
ramp: {0: {min_dwell: 48h}}
```

Does not apply without `/ramp`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from egp.plan.experiment import Experiment, Stage
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.remedy import setting
from egp.plan.wording import duration_in_plan, length, numbers_apart, ordinal_stage, percent, whole
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    hours: Annotated[
        int, "least hours in every stage of the ramp", rule.Stricter("more"), rule.KnownAs("hours_of_a_stage")
    ] = 48


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.ramp:
        raise DoesNotApply
    least = timedelta(hours=params.hours)
    for position, stage in enumerate(plan.ramp):
        if stage.min_dwell is None or stage.min_dwell < least:
            yield Finding(
                ("ramp", position, "min_dwell"),
                f"{_named(position, stage)} {_says(stage, params)}; the policy requires {params.hours} h",
                observed="missing" if stage.min_dwell is None else _hours(stage.min_dwell, params),
                required=f"{params.hours} h",
                remedies=[setting(("ramp", position, "min_dwell"), duration_in_plan(least))],
            )


def _named(position: int, stage: Stage) -> str:
    share = "" if stage.treated is None else f" ({percent(stage.treated)})"
    return ordinal_stage(position) + share


def _says(stage: Stage, params: Params) -> str:
    if stage.min_dwell is None:
        return "does not say how long it lasts"
    return f"lasts at least {_hours(stage.min_dwell, params)}"


def _hours(duration: timedelta, params: Params) -> str:
    return f"{numbers_apart(duration / timedelta(hours=1), params.hours, 3)[0]} h"


def costs(broken: Broken) -> Iterator[str]:
    """How many units the stage sees before the next."""
    from egp.plan.analysis.traffic import daily_eligible_units

    stage = broken.plan.ramp[int(broken.at[1])]
    if stage.treated is None or stage.min_dwell is None:
        return
    daily = daily_eligible_units(broken.plan) * stage.treated
    seen = daily * (stage.min_dwell / timedelta(days=1))
    asked = broken.params.hours
    yield (
        f"In {length(stage.min_dwell)} at {percent(stage.treated)} about {whole(seen)} units are treated before the next step; "
        f"{asked} h would show what happens to {whole(daily * asked / 24)}, and every hour of the day at least twice."
    )


def picture(broken: Broken) -> Picture | None:
    """The stage beside the least that the policy requires, in hours."""
    from egp.rules.pictures import side_by_side

    dwell, asked = broken.plan.ramp[int(broken.at[1])].min_dwell, timedelta(hours=broken.params.hours)
    if dwell is None:
        return None
    says = "A stage is over before every hour of the day was seen twice."
    hours = [each / timedelta(hours=1) for each in (dwell, asked)]
    return side_by_side(
        "Time in the stage",
        says,
        ("the plan", hours[0], length(dwell)),
        ("the policy", hours[1], length(asked)),
    )


def plain(params: Params, _: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return f"Traffic is raised in stages, each of at least {length(timedelta(hours=params.hours))}."
