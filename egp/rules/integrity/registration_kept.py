"""An entry of the lock stays as it was written; amendments are added to it.

Whoever can rewrite the lock can move every goalpost without a trace. In a review against a base the plan's entry still
has its date, its digest, its policy, its analysis, its amendments, the decisions on it and the positions of people, in this order, and new ones follow them. A plan
that has not started may be registered anew, with the date of that day.

Passes with `under_base: true, lock: {digest: before, amended: [{digest: plan, on: 2023-01-17}]}, base_lock: {digest: before}`:

```yaml
schedule: {end: 2023-02-12}
---
{}
```

Fails at `/id` with `under_base: true, base_lock: {digest: plan}`, saying "is missing from the lock":

```yaml
{}
```

Fails at `/id` with `as_of: 2023-01-29, under_base: true, lock: {digest: plan}, base_lock: {digest: another}`, saying "another digest under the same date":

```yaml
{}
---
{}
```

Fails at `/id` with `under_base: true, lock: {digest: plan, policy: {name: "lax.yaml", version: "1", digest: "sha256:2"}}, base_lock: {digest: plan}`, saying "another policy":

Fails at `/id` with `under_base: true, lock: {digest: plan}, base_lock: {digest: plan, amended: [{digest: plan, on: 2023-01-17}]}`, saying "amendments that are missing or changed":

Fails at `/id` with `under_base: true, lock: {digest: plan}, base_lock: {digest: plan, archived: 2023-06-01}`, saying "no longer archived":

Fails at `/id` with `under_base: true, lock: {digest: plan, analysis: 2}, base_lock: {digest: plan}`, saying "another analysis":

```yaml
{}
```

Passes with `as_of: 2023-01-17, under_base: true, lock: {digest: plan, registered: 2023-01-17}, base_lock: {digest: before, registered: 2023-01-16}`:

```yaml
schedule: {end: 2023-02-12}
---
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egp.plan.finding import LOCK, DoesNotApply, Finding, Related
from egp.record.lock import Amended, PinnedPolicy, Registration, said
from egp.rules.rule_inputs import Change

needs = ("base_lock",)


def check(change: Change) -> Iterator[Finding]:
    base, lock = change.base_lock, change.lock
    if not change.under_base or base is None:
        raise DoesNotApply
    what = "is missing from the lock" if lock is None else _rewritten(base, lock)
    if what:
        yield Finding(
            ("id",),
            f"the registration of {base.registered} {what}",
            observed="rewritten",
            required="the entry as it was, with amendments, decisions and positions added",
            help="restore the entry in the lock from the base, and declare what changed with `egp amend`",
            related=(Related((), "the entry as it is now", plan=LOCK),) if lock else (),
        )


def _rewritten(base: Registration, lock: Registration) -> str:
    if lock.registered != base.registered:
        return ""
    if lock.digest != base.digest:
        return "has another digest under the same date"
    if _policy(lock.policy) != _policy(base.policy):
        return "has another policy under the same date"
    if (lock.analysis or 1) != (base.analysis or 1):
        return "has another analysis under the same date"
    if not _keeps([_amendment(each) for each in base.amended], [_amendment(each) for each in lock.amended]):
        return "has amendments that are missing or changed"
    if base.archived not in (None, lock.archived):
        return "is no longer archived as it was"
    if not _keeps(list(map(said, base.decisions)), list(map(said, lock.decisions))):
        return "has decisions that are missing or changed"
    if not _keeps(list(map(said, base.positions)), list(map(said, lock.positions))):
        return "has positions that are missing or changed"
    return ""


def _keeps(before: Sequence[object], now: Sequence[object]) -> bool:
    """Whether what was there is still there, in its place, whatever follows it."""
    return list(now[: len(before)]) == list(before)


def _policy(policy: PinnedPolicy | None) -> tuple[object, ...]:
    return (policy.name, policy.version, policy.digest) if policy else ()


def _amendment(amended: Amended) -> tuple[object, ...]:
    return amended.digest, amended.on, amended.data_access, amended.analysis


ACTOR = "registrar"
"""Who has to act on it."""
