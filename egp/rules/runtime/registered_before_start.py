"""The plan is registered before anybody sees the treatment.

A plan that is agreed after the first results are in can promise whatever they show. The registration date
is the one in the lock, not the one the plan claims for itself. It must be earlier than the day on which
exposure starts: the first day of the test, or of the canary when that comes first, because margins and stop
rules decide there. A draft that has not started may be unregistered.

Passes with `registered: 2023-01-17, as_of: 2023-02-01`:

```yaml
schedule: {start: 2023-01-23}
```

Fails at `/schedule/start` with `registered: 2023-01-25, as_of: 2023-02-01`, saying "2 days after its start on 2023-01-23":

Fails at `/schedule/start` with `registered: 2023-01-23, as_of: 2023-02-01`, saying "on the day of its start, 2023-01-23":

```yaml
canary: null
```

Fails at `/canary/start` with `registered: 2023-01-19, as_of: 2023-02-01`, saying "1 day after the start of its canary on 2023-01-18":

```yaml
canary: {start: 2023-01-18, end: 2023-01-22}
```

A date that the plan claims for itself counts only as long as git does not say otherwise.

Fails at `/schedule/start` with `registered: 2023-01-17, first_commit: 2023-01-29, as_of: 2023-02-01`, saying "first committed on 2023-01-29":

Passes with `registered: 2023-01-17, first_commit: 2023-01-29, as_of: 2023-02-01, lock: {digest: plan}`:

```yaml
canary: null
```

A draft is in order until the day it starts.

Passes with `as_of: 2023-01-17`:

Fails at `/canary/start` with `as_of: 2023-01-18`, saying "is not registered":

```yaml
registered: null
```

Fails at `/schedule/start` with `as_of: 2023-01-23`, saying "started on 2023-01-23 and is not registered":

```yaml
registered: null
canary: null
```

Not checked without `/schedule/start`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.plan.analysis.days import day_after, first_exposure
from egp.plan.analysis.rescheduling import settings_of_start
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.remedy import Remedy
from egp.plan.wording import counted
from egp.rules.rule_inputs import Change
from egp.yaml import Path
from egp.yaml.edits import Setting

_LEAVE_OUT = ", and leave out the units exposed before"


def check(change: Change) -> Iterator[Finding]:
    start, path = first_exposure(change.plan)
    registered = change.registered
    if registered is None:
        if change.as_of >= start:
            yield _unregistered(change.plan, start, path, change.as_of)
    elif registered >= start:
        yield _too_late(change.plan, start, path, registered)
    elif change.lock is None and change.first_commit and change.first_commit >= start:
        yield _committed_late(change.plan, start, path, registered, change.first_commit)


def _unregistered(plan: Experiment, start: date, path: Path, as_of: date) -> Finding:
    what = "the plan" if path[0] == "schedule" else "the canary"
    return Finding(
        path,
        f"{what} started on {start} and is not registered on {as_of}",
        observed="not registered",
        required=f"registered before {start}",
        remedies=[Remedy(_start_anew(plan, as_of), before="stop the exposure, register the plan, and ")],
    )


def _committed_late(plan: Experiment, start: date, path: Path, registered: date, committed: date) -> Finding:
    what = "its start" if path[0] == "schedule" else "the start of its canary"
    return Finding(
        path,
        f"the plan says that it was registered on {registered}, and no lock attests it; it was first committed on"
        f" {committed}, not before {what} on {start}",
        observed=f"committed {committed}",
        required=f"before {start}",
        remedies=[Remedy(_start_anew(plan, committed), after=_LEAVE_OUT)],
    )


def _too_late(plan: Experiment, start: date, path: Path, registered: date) -> Finding:
    late = (registered - start).days
    what = "its start" if path[0] == "schedule" else "the start of its canary"
    when = f"{counted(late, 'day')} after {what} on {start}" if late else f"on the day of {what}, {start}"
    return Finding(
        path,
        f"the plan was registered on {registered}, {when}",
        observed=str(registered),
        required=f"before {start}",
        remedies=[Remedy(_start_anew(plan, registered), after=_LEAVE_OUT)],
    )


def _start_anew(plan: Experiment, agreed: date) -> tuple[Setting, ...]:
    """The earliest start after the plan is agreed, and the dates that move with it."""
    return tuple(settings_of_start(plan, day_after(agreed, 1)))


ACTOR = "registrar"
"""Who has to act on it."""
