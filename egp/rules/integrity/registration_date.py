"""The plan states the registration date that the lock has.

The date decides which policy judges the plan, and whoever reads the plan should see the true one. The lock's date is what
counts, whatever the plan says. It is not in the future.

Passes with `as_of: 2023-02-01, lock: {digest: plan, registered: 2023-01-17}`:

```yaml
registered: 2023-01-17
```

Fails at `/registered` with `as_of: 2023-02-01, lock: {digest: plan, registered: 2023-01-20}`, saying "says 2023-01-17, and the lock has 2023-01-20":

```yaml
registered: 2023-01-17
```

Fails at `/registered` with `as_of: 2023-02-01, lock: {digest: plan, registered: 2023-01-17}`, saying "does not state its registration date":

```yaml
registered: null
```

Fails at `/registered` with `as_of: 2023-01-10, lock: {digest: plan, registered: 2023-01-17}`, saying "yet to come":

```yaml
registered: 2023-01-17
```

Passes:

```yaml
registered: 2023-01-10
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.finding import LOCK, Finding, Related
from egp.subject import Change


def check(change: Change) -> Iterator[Finding]:
    if change.lock is None or change.lock.registered is None:
        return
    attested, stated = change.lock.registered, change.plan.registered
    if stated is None:
        what = f"the plan does not state its registration date, which is {attested} in the lock"
    elif stated != attested:
        what = f"the plan says {stated}, and the lock has {attested}"
    elif attested > change.as_of:
        yield Finding(
            ("registered",),
            f"the plan is registered on {attested}, which is yet to come on {change.as_of}",
            observed=str(attested),
            required=f"{change.as_of} or earlier",
            help="register the plan on the day on which it is agreed",
        )
        return
    else:
        return
    yield Finding(
        ("registered",),
        what,
        observed=str(stated or "not declared"),
        required=str(attested),
        help=f"set `registered: {attested}`",
        related=(Related(("registered",), "what the lock has", plan=LOCK),),
    )
