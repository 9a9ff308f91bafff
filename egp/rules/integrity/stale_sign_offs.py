"""A sign-off was given for the plan as it is, not for an earlier one.

Whoever signed has read other numbers than those that will be run. In a review against a base, a material change of a
plan that is not yet registered makes every sign-off stale that was there before the change: it is given again, with
its new date. After registration an amendment declares the change and has an approver of its own.

Passes with `as_of: 2023-01-17, under_base: true`:

```yaml
title: Buy Now, always in reach
---
{}
```

Passes with `as_of: 2023-01-17, under_base: true`:

```yaml
primary_metric: {mde: 60bps}
---
sign_offs: []
```

Fails at `/sign_offs/1/on` with `as_of: 2023-01-17, under_base: true`, saying "privacy signed on 2023-01-16, before `/primary_metric/mde` changed from 45bps to 60bps":

```yaml
primary_metric: {mde: 60bps}
---
{}
```

Passes with `as_of: 2023-01-17, under_base: true, base_lock: {digest: before}, lock: {digest: before, amended: [{digest: plan, on: 2023-01-17}]}`:

```yaml
primary_metric: {mde: 60bps}
amendments: [{on: 2023-01-17, reason: less traffic, approver: "@xp-lead", data_access: nothing_run, changes: [/primary_metric/mde]}]
---
{}
```

Passes with `as_of: 2023-01-31, under_base: true`:

```yaml
schedule: {end: 2023-02-12}
---
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.experiment import Experiment, SignOff
from egp.plan.finding import EARLIER, DoesNotApply, Finding, Related
from egp.plan.quantity import shown
from egp.plan.wording import called
from egp.record.changes import FieldChange, undeclared
from egp.rules.rule_inputs import Change

needs = ("under_base",)


def check(change: Change) -> Iterator[Finding]:
    before = change.before
    if before is None:
        raise DoesNotApply
    if before is change.plan or _is_kept(change):
        return
    moved = [each for each in undeclared(before, change.plan) if each.path != ("registered",)]
    if not moved or change.as_of >= change.agreed_start:
        return  # after the start `locked-plan` speaks
    for position, sign_off in enumerate(change.plan.sign_offs):
        if sign_off.on is not None and sign_off.on < change.as_of and _was_there(sign_off, before):
            yield _stale(position, sign_off, moved[0], len(moved) - 1, change)


def _is_kept(change: Change) -> bool:
    """Whether the registration goes on, so that a change is an amendment with an approver."""
    lock, base = change.lock, change.base_lock
    return lock is not None and base is not None and lock.registered == base.registered


def _was_there(sign_off: SignOff, before: Experiment) -> bool:
    return any(
        (each.role, each.by, each.on) == (sign_off.role, sign_off.by, sign_off.on)
        for each in before.sign_offs
    )


def _stale(position: int, sign_off: SignOff, moved: FieldChange, others: int, change: Change) -> Finding:
    more = f" and {others} more" if others else ""
    changed = f"`{moved.name}` changed from {moved.before or 'missing'} to {moved.after or 'missing'}"
    return Finding(
        ("sign_offs", position, "on"),
        f"{called(sign_off.role, 'somebody')} signed on {sign_off.on}, before {changed}{more}",
        observed=str(sign_off.on),
        required=f"{change.as_of} or later",
        help=f"have {shown(sign_off.by or 'them')} sign the plan as it is, and set `on:` to that day",
        related=(Related(moved.earlier_path, "what was signed", plan=EARLIER),),
    )


ACTOR = "approvers"
"""Who has to act on it."""
