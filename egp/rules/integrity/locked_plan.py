"""What was registered stays as it was, or an amendment declares what changed.

Goalposts that move after the first results always move towards the ball, and nobody who reads the result can tell. The
plan is compared field by field: with the version that the lock pins by its digest, and in a review with the version
of the base. A field that differs must be named by an amendment of the same change. Titles, links, the owner's contact,
comments and spelling may change at any time, and ramp, canary, stop rules and the other safeguards may tighten: less
exposure, longer dwell, an earlier stop. Without a lock a plan is free until its first unit is treated.

Passes with `as_of: 2023-01-29, lock: {digest: before}`:

```yaml
title: Buy Now, always in reach
links: ["https://tracker.example/PDP-1"]
primary_metric: {mde: 0.45pp}
ramp: [{treated: 50%, min_dwell: 48h}, {treated: 70%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
---
{}
```

Fails at `/schedule/end` with `as_of: 2023-01-29, lock: {digest: before}`, saying "was 2023-02-05 when the plan was registered on 2023-01-17, and is 2023-01-30 now; the run has 8 days instead of 14":

Fails at `/schedule/end` with `as_of: 2023-01-17, lock: {digest: before}`:

```yaml
schedule: {end: 2023-01-30}
---
{}
```

Fails at `/co_primary_metrics/0` with `as_of: 2023-01-29, under_base: true`, saying "raises the chance of finding an effect where there is none from 5 % to as much as 9.75 %":

```yaml
co_primary_metrics: [{id: clicks, kind: proportion, direction: increase, baseline: 30%, mde: 1pp}]
---
{}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin` with `as_of: 2023-01-31, under_base: true`, saying "which loosens it":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 15%}}
---
{}
```

Fails at `/stop_rules` with `as_of: 2023-01-31, under_base: true`, saying "`/stop_rules/slow` is removed":

```yaml
stop_rules:
  - {id: refunds, metric: refund_rate, harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, min_units_per_variant: 20_000, action: rollback}
  - {id: contacts, metric: cs_contacts, significant_harm_for: 2w, min_units_per_variant: 20_000, action: rollback}
---
{}
```

An amendment that names the field declares it; one that names another field does not.

Passes with `as_of: 2023-01-29, lock: {digest: before, amended: [{digest: plan, on: 2023-01-29}]}, base_lock: {digest: before}, under_base: true`:

```yaml
schedule: {end: 2023-02-12}
statistics: {looks: [2023-02-13]}
amendments: [{on: 2023-01-29, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen, changes: [/schedule/end, /statistics/looks]}]
---
{}
```

Fails at `/statistics/looks/0` with `as_of: 2023-01-29, lock: {digest: before, amended: [{digest: plan, on: 2023-01-29}]}, base_lock: {digest: before}, under_base: true`:

```yaml
schedule: {end: 2023-02-12}
statistics: {looks: [2023-02-13]}
amendments: [{on: 2023-01-29, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen, changes: [/schedule/end]}]
---
{}
```

Fails at `/schedule/end` with `as_of: 2023-02-03, under_base: true`, saying "2023-01-29 16 days after the first unit was treated, which is in the past on 2023-02-03":

```yaml
schedule: {end: 2023-01-29}
---
{}
```

A lock that is written anew does not make the change good, and a draft is free until it starts.

Fails at `/schedule/end` with `as_of: 2023-01-29, lock: {digest: plan}, base_lock: {digest: before}, under_base: true`, saying "is changed from 2023-02-05 to 2023-01-30 11 days after the first unit was treated":

```yaml
schedule: {end: 2023-01-30}
---
{}
```

Passes with `as_of: 2023-01-17, under_base: true`:

```yaml
schedule: {end: 2023-02-12}
---
{}
```

Where history does not have the registered version, the digests still tell that the plan is another one.

Fails at `/id` with `as_of: 2023-01-29, lock: {digest: another}`, saying "is not the one that was registered on 2023-01-17":

```yaml
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.days import run_days
from egp.plan.analysis.registered import comparisons
from egp.plan.experiment import Experiment
from egp.plan.finding import EARLIER, PINNED, Finding, NotChecked, Related
from egp.plan.wording import counted, percent
from egp.rules.rule_inputs import Change

if TYPE_CHECKING:
    from egp.record.changes import FieldChange

needs = ("lock", "under_base")


def check(change: Change) -> Iterator[Finding]:
    lock = change.lock
    if lock is None or change.digest == lock.current_digest or change.is_moved_elsewhere:
        yield from _against_base(change)
        return
    pinned = change.pinned
    if pinned is None:
        yield _another_plan(change)
        return
    since = "amended" if lock.amended else "registered"
    when = (
        f"when the plan was {since} on {(lock.amended[-1].on if lock.amended else None) or lock.registered}"
    )
    for moved in _undeclared(pinned, change.plan):
        now = "is missing" if moved.after is None else f"is {moved.after}"
        what = f"`{moved.name}` was {moved.before or 'not there'} {when}, and {now} now"
        yield _finding(change, pinned, moved, what)


def _undeclared(before: Experiment, after: Experiment) -> list[FieldChange]:
    """The date of registration has rules of its own."""
    from egp.record.changes import undeclared  # a plan that is as it was registered need not wait for it

    return [moved for moved in undeclared(before, after) if moved.name != "/registered"]


def _against_base(change: Change) -> Iterator[Finding]:
    """Changes of a plan that no lock pins, and those that came with an edit of the lock."""
    before = change.before
    if before is None or before is change.plan:
        return
    moves = _undeclared(before, change.plan)
    if not moves:
        return
    start = change.agreed_start
    if change.as_of < start:
        return
    days = (change.as_of - start).days
    when = f"{counted(days, 'day')} after" if days else "on the day on which"
    for moved in moves:
        yield _finding(change, before, moved, f"{_phrase(moved)} {when} the first unit was treated")


def _phrase(moved: FieldChange) -> str:
    if moved.before is None:
        return f"`{moved.name}` gains {moved.after}"
    if moved.after is None:
        return f"`{moved.name}` is removed, which was {moved.before},"
    return f"`{moved.name}` is changed from {moved.before} to {moved.after}"


def _shown(value: str | None) -> str:
    return "nothing here" if value is None else value


def _finding(change: Change, before: Experiment, moved: FieldChange, what: str) -> Finding:
    loosens = ", which loosens it" if moved.effect == "loosens" else ""
    return Finding(
        moved.path,
        f"{what}{loosens}{_past(change, moved)}{_consequence(moved, before, change.plan)}; no amendment declares it",
        observed=_shown(moved.after),
        required=_shown(moved.before),
        help=_advice(change, before, moved),
        related=(
            Related(
                moved.earlier_path, "as it was agreed", plan=PINNED if before is change.pinned else EARLIER
            ),
        ),
    )


def _past(change: Change, moved: FieldChange) -> str:
    from egp.record.changes import moved_day

    day = moved_day(moved, change.plan)
    return f", which is in the past on {change.as_of}" if day is not None and day < change.as_of else ""


def _advice(change: Change, before: Experiment, moved: FieldChange) -> str:
    from egp.record.changes import added_amendments

    back = f"set it back to {moved.before}" if moved.before is not None else "take it out again"
    if added_amendments(before, change.plan):
        return f"{back}, or add `{moved.name}` to the `changes` of the amendment"
    return f"{back}, or declare it with `egp amend`, with reason, approver and what was known of the results"


def _consequence(moved: FieldChange, before: Experiment, after: Experiment) -> str:
    """What the change does to the result, where there is a number for it."""
    try:
        if moved.name.startswith(("/co_primary_metrics", "/variants", "/segments")):
            low, high = _false_alarm(before), _false_alarm(after)
            if high > low:
                return f"; it raises the chance of finding an effect where there is none from {percent(low)} to as much as {percent(high)}"
        if moved.name in ("/schedule/start", "/schedule/end") and run_days(before) != run_days(after):
            return f"; the run has {counted(run_days(after), 'day')} instead of {run_days(before)}"
    except NotChecked:  # a finding needs no consequence
        return ""
    return ""


def _false_alarm(plan: Experiment) -> float:
    """Chance that at least one of the comparisons of the primary finds an effect where there is none: 1 - (1 - α)^k
    for independent ones, with k also counting every segment that may conclude; no more than α with a correction."""
    statistics = plan.statistics
    if statistics is None or statistics.alpha is None or not 0 < statistics.alpha < 1:
        raise NotChecked(("statistics", "alpha"))
    if statistics.correction not in (None, "none"):
        return statistics.alpha
    tests = comparisons(plan) * (1 + len(plan.segments))
    return -math.expm1(tests * math.log1p(-statistics.alpha))


def _another_plan(change: Change) -> Finding:
    lock = change.lock
    assert lock is not None
    return Finding(
        ("id",),
        f"this plan is not the one that was registered on {lock.registered}: its digest is"
        f" {_short(change.digest)}, and the lock has {_short(lock.current_digest)}; history does not have that version",
        observed=_short(change.digest),
        required=_short(lock.current_digest),
        help="fetch the whole history to see what changed; declare it with `egp amend`, or restore the plan",
    )


def _short(digest: str) -> str:
    return digest[:22] + "…" if digest else "none, since the plan cannot be read as a whole"


def plain(_: object, __: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return "What was registered changes with a declared amendment, or not at all."


ACTOR = "registrar"
"""Who has to act on it."""
