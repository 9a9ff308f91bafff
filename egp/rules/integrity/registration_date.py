"""The plan states the registration date that the lock has.

The date decides which policy judges the plan, and whoever reads the plan should see the true one. The lock's date is what
counts, whatever the plan says. It is not in the future.

Passes with `as_of: 2023-02-01, lock: {digest: plan, registered: 2023-01-17}`:

Fails at `/registered` with `as_of: 2023-02-01, lock: {digest: plan, registered: 2023-01-20}`, saying "says 2023-01-17, and the lock has 2023-01-20":

```yaml
registered: 2023-01-17
```

Fails at `/registered` with `as_of: 2023-02-01, lock: {digest: plan, registered: 2023-01-17}`, saying "does not state its registration date":

```yaml
registered: null
```

Fails at `/registered` with `as_of: 2023-01-10, lock: {digest: plan, registered: 2023-01-17}`, saying "after the day as of which it is judged":

```yaml
registered: 2023-01-17
```

Passes:

```yaml
registered: 2023-01-10
```

Where there is a lock, a registered plan has an entry in it from the day on that it states.

Fails at `/registered` with `as_of: 2023-02-01, is_attested: true`, saying "registered on 2023-01-17, and the lock has no entry of it":

Passes with `as_of: 2023-01-17, is_attested: true`:

```yaml
registered: 2023-01-17
```

Without a lock the plan's own date counts, and it is no later than today either.

Fails at `/registered` with `as_of: 2023-01-16`, saying "registered on 2023-01-17, after the day as of which it is judged (2023-01-16)":

```yaml
registered: 2023-01-17
```

Does not apply without `/registered`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.plan.finding import LOCK, DoesNotApply, Finding, Related
from egp.plan.remedy import Remedy, TradeOff, open_if, setting
from egp.record.entry_files import register_command
from egp.rules.rule_inputs import Change
from egp.yaml.edits import Setting

ON_THAT_DAY = open_if("it is registered on that very day: no date is made up", TradeOff.FACT)


def check(change: Change) -> Iterator[Finding]:
    claimed = change.plan.registered
    attested = change.lock.registered if change.lock else None
    if attested is None and claimed is None:
        raise DoesNotApply
    if attested is None or claimed == attested:
        if claimed is not None and claimed > change.as_of:
            yield _yet_to_come(claimed, change)
        elif claimed is not None and attested is None and change.is_attested and claimed < change.as_of:
            yield _without_entry(claimed)
        return
    what = (
        f"the plan does not state its registration date, which is {attested} in the lock"
        if claimed is None
        else f"the plan says {claimed}, and the lock has {attested}"
    )
    yield Finding(
        ("registered",),
        what,
        observed=str(claimed or "missing"),
        required=str(attested),
        remedies=[setting(("registered",), attested, price=ON_THAT_DAY)],
        related=(Related(("registered",), "what the lock has", plan=LOCK),),
    )


def _without_entry(claimed: date) -> Finding:
    return Finding(
        ("registered",),
        f"the plan says that it was registered on {claimed}, and the lock has no entry of it",
        observed="no entry",
        required=f"the entry of {claimed}",
        help="restore the entry from git; a plan that was never registered: "
        f"`{register_command('PLAN')}` on the day on which it is agreed",
    )


def _yet_to_come(claimed: date, change: Change) -> Finding:
    return Finding(
        ("registered",),
        f"the plan is registered on {claimed}, after the day as of which it is judged ({change.as_of})",
        observed=str(claimed),
        required=f"{change.as_of} or earlier",
        remedies=[
            Remedy(
                (Setting(("registered",), change.as_of.isoformat()),),
                ON_THAT_DAY,
                before=f"judge it as of {claimed} or later (`--as-of`), or register it on the day on which it is agreed; if that is today, ",
            )
        ],
    )


ACTOR = "registrar"
"""Who has to act on it."""
