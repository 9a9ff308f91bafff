"""What is written today is not dated yesterday.

A date from before the change claims that something was agreed when it was not. In a review against a base, `as_of` is
the day of the change. A registration that is new in the lock, or in a plan without a lock, has that date. A new
amendment has it, too. And the days on which a draft starts, ends, is read, or is held out do not move into the past;
of a plan that is registered or runs, `locked-plan` requires an amendment whatever the new day is.

Passes with `as_of: 2023-01-17, under_base: true, lock: {digest: plan, registered: 2023-01-17}`:

Fails at `/registered` with `as_of: 2023-02-03, under_base: true, lock: {digest: plan, registered: 2023-01-17}`, saying "new in the lock, and dated 2023-01-17":

```yaml
{}
---
registered: null
```

Fails at `/registered` with `as_of: 2023-02-03, under_base: true, lock: {digest: plan, registered: 2023-01-10}, base_lock: {digest: plan, registered: 2023-01-17}`, saying "dated 2023-01-10":

```yaml
registered: 2023-01-10
---
{}
```

Fails at `/registered` with `as_of: 2023-01-20, under_base: true`, saying "new in the plan":

```yaml
{}
---
registered: null
```

Fails at `/amendments/0/on` with `as_of: 2023-02-03, under_base: true`, saying "new, and dated 2023-01-17":

```yaml
amendments: [{on: 2023-01-17, reason: slow traffic, approver: "@xp-lead", data_access: nothing_run}]
---
{}
```

Fails at `/canary/start` with `as_of: 2023-01-16, under_base: true`, saying "moves from 2023-01-18 to 2023-01-12":

```yaml
canary: {start: 2023-01-12}
---
{}
```

Fails at `/statistics/looks/0` with `as_of: 2023-01-16, under_base: true`, saying "gains 2023-01-15":

```yaml
statistics: {looks: [2023-01-15, 2023-02-06]}
---
{}
```

Passes with `as_of: 2023-01-16, under_base: true`:

```yaml
schedule: {end: 2023-02-12}
statistics: {looks: [2023-02-13]}
---
{}
```

Passes with `as_of: 2023-01-26, under_base: true`:

```yaml
schedule: {start: 2023-01-25}
amendments: [{on: 2023-01-26, reason: the flag was switched late, approver: "@xp-lead", data_access: no_results_seen, changes: [/schedule/start]}]
---
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.plan.experiment import Experiment
from egp.plan.finding import EARLIER, Finding, Related
from egp.plan.remedy import Remedy, TradeOff, open_if, setting
from egp.record.changes import FieldChange, added_amendments, moved_day, unnamed
from egp.rules.rule_inputs import Change
from egp.yaml.edits import Setting

needs = ("under_base",)


def check(change: Change) -> Iterator[Finding]:
    yield from _registration(change)
    if change.before is not change.plan:
        yield from _amendments(change)
        if change.before is not None:
            yield from _schedule(change, change.before)


def _registration(change: Change) -> Iterator[Finding]:
    lock, base, before = change.lock, change.base_lock, change.before
    if lock is not None:
        if base is None or base.registered != lock.registered:
            yield from _entry("lock", lock.registered, base.registered if base else None, change.as_of)
    elif change.plan.registered != (before.registered if before else None):
        yield from _entry("plan", change.plan.registered, before.registered if before else None, change.as_of)


def _entry(where: str, stated: date | None, earlier: date | None, as_of: date) -> Iterator[Finding]:
    if stated is None or stated == as_of:
        return
    was = f" (it was {earlier})" if earlier else ""
    yield Finding(
        ("registered",),
        f"the registration is new in the {where}, and dated {stated}{was}; today is {as_of}",
        observed=str(stated),
        required=str(as_of),
        remedies=[
            Remedy(
                (Setting(("registered",), as_of.isoformat()),),
                open_if("it is registered on that very day: no date is made up", TradeOff.FACT),
                before="register the plan today: ",
                after=" and run `egp register`",
            )
        ],
    )


def _amendments(change: Change) -> Iterator[Finding]:
    for position in added_amendments(change.before, change.plan):
        on = change.plan.amendments[position].on
        if on is not None and on < change.as_of:
            yield Finding(
                ("amendments", position, "on"),
                f"the amendment is new, and dated {on}; today is {change.as_of}",
                observed=str(on),
                required=str(change.as_of),
                remedies=[setting(("amendments", position, "on"), change.as_of)],
            )


def _schedule(change: Change, before: Experiment) -> Iterator[Finding]:
    # What needs an amendment in a plan that is registered or runs, locked-plan finds whatever the new day is.
    is_agreed = change.lock is not None or change.as_of >= change.agreed_start
    for moved in unnamed(before, change.plan):
        day = moved_day(moved, change.plan)
        if day is not None and day < change.as_of and not (is_agreed and moved.needs_amendment):
            yield _in_the_past(moved, day, change.as_of)


def _in_the_past(moved: FieldChange, day: date, as_of: date) -> Finding:
    phrase = f"gains {moved.after}" if moved.before is None else f"moves from {moved.before} to {moved.after}"
    return Finding(
        moved.path,
        f"`{moved.name}` {phrase}, which is in the past on {as_of}",
        observed=str(moved.after),
        required=f"{as_of} or later",
        help=f"write a day from {as_of} on, or set it back and leave what happened on {day} to an amendment",
        related=(Related(moved.earlier_path, "as it was agreed", plan=EARLIER),),
    )


ACTOR = "registrar"
"""Who has to act on it."""
