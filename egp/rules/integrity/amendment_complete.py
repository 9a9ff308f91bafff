"""Every amendment says when, why, who approved it and what was known, and stays as it was.

An amendment is honest only if a reader can tell whether the results were known when it was written. So it has `on`,
`reason`, `approver` and `data_access`: `nothing_run`, `no_results_seen` or `results_seen`. After the first unit is
treated, `nothing_run` is not true. An amendment is never edited or taken out; it agrees with what the lock attests.
`effect: tightens` says of ramp, canary, stop rules and the other safeguards that they became stricter, which is
compared with what changed.

Passes with `as_of: 2023-01-20`:

```yaml
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen, changes: [/schedule/end]}]
```

Fails at `/amendments/0/data_access` with `as_of: 2023-01-20`, saying "does not say what was known of the results":

```yaml
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", changes: [/schedule/end]}]
```

Fails at `/amendments/0/reason` with `as_of: 2023-01-20`, saying "does not say why and who approved it":

```yaml
amendments: [{on: 2023-01-20, reason: " ", data_access: no_results_seen}]
```

Fails at `/amendments/0/on` with `as_of: 2023-01-20`, saying "on 2023-01-21, which is yet to come on 2023-01-20":

```yaml
amendments: [{on: 2023-01-21, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen}]
```

Fails at `/amendments/0/on` with `as_of: 2023-01-20`, saying "before the plan was registered on 2023-01-17":

```yaml
amendments: [{on: 2023-01-16, reason: slow traffic, approver: "@xp-lead", data_access: nothing_run}]
```

Fails at `/amendments/0/data_access` with `as_of: 2023-01-20`, saying "the first unit was treated on 2023-01-18":

```yaml
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: nothing_run}]
```

Fails at `/amendments/0/effect` with `as_of: 2023-01-20, under_base: true`, saying "`/ramp/0/min_dwell` loosens":

```yaml
ramp: {0: {min_dwell: 24h}}
amendments: [{on: 2023-01-20, reason: hurry, approver: "@xp-lead", data_access: no_results_seen, changes: [/ramp], effect: tightens}]
---
{}
```

Fails at `/amendments` with `as_of: 2023-02-01, under_base: true`, saying "the amendment of 2023-01-20 is missing or changed":

```yaml
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen}]
---
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: results_seen}]
```

Fails at `/amendments` with `as_of: 2023-02-01, lock: {digest: another, amended: [{digest: plan, on: 2023-01-20, data_access: results_seen}]}`, saying "the lock attests an amendment of 2023-01-20 with `results_seen`":

```yaml
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen}]
```

Passes with `as_of: 2023-02-01, lock: {digest: another, amended: [{digest: plan, on: 2023-01-20, data_access: results_seen}]}`:

```yaml
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: results_seen}]
```

Not checked at `/schedule/start` with `as_of: 2023-01-20`:

```yaml
schedule: {start: null}
amendments: [{on: 2023-01-20, reason: slow traffic, approver: "@xp-lead", data_access: nothing_run}]
```

Does not apply without `/amendments`.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.days import first_exposure
from egp.plan.analysis.statements import somebody, stated
from egp.plan.experiment import Amendment, Experiment
from egp.plan.finding import EARLIER, Finding, Related
from egp.plan.remedy import open_if, setting
from egp.plan.wording import listing
from egp.rules.rule_inputs import Change

_ASKED = {
    "on": "when it was made",
    "reason": "why",
    "approver": "who approved it",
    "data_access": "what was known of the results",
}

needs = ("plan.amendments", "before", "lock")


_UNSEEN = "nobody had looked"


def check(change: Change) -> Iterator[Finding]:
    for position, amendment in enumerate(change.plan.amendments):
        yield from _incomplete(position, amendment)
        yield from _misdated(position, amendment, change)
    yield from _vanished(change)
    yield from _unlike_the_lock(change)
    yield from _misjudged(change)
    for position, amendment in enumerate(change.plan.amendments):
        yield from _untrue(position, amendment, change.before or change.plan)


def _incomplete(position: int, amendment: Amendment) -> Iterator[Finding]:
    declared = {
        "on": amendment.on,
        "reason": stated(amendment.reason),
        "approver": somebody(amendment.approver),
        "data_access": amendment.data_access,
    }
    lacking = [key for key in _ASKED if not declared[key]]
    if lacking:
        yield Finding(
            ("amendments", position, lacking[0]),
            f"the amendment does not say {listing(_ASKED[key] for key in lacking)}",
            observed="missing",
            required=listing(f"`{key}`" for key in _ASKED),
            help=f"add {listing(f'`{key}:`' for key in lacking)}",
            speaks_for=tuple(("amendments", position, key) for key in lacking[1:]),
        )


def _misdated(position: int, amendment: Amendment, change: Change) -> Iterator[Finding]:
    on, registered = amendment.on, change.registered
    if on is None:
        return
    if on > change.as_of:
        what, required = f"on {on}, which is yet to come on {change.as_of}", f"{change.as_of} or earlier"
    elif registered is not None and on < registered:
        what, required = f"on {on}, before the plan was registered on {registered}", f"{registered} or later"
    else:
        return
    yield Finding(
        ("amendments", position, "on"),
        f"the amendment says that it was made {what}",
        observed=str(on),
        required=required,
        help="write the day on which it was made",
    )


def _vanished(change: Change) -> Iterator[Finding]:
    before = change.before
    if before is None or not change.under_base:
        return
    from egp.record.changes import vanished_amendments

    for amendment in vanished_amendments(before, change.plan):
        yield Finding(
            ("amendments",),
            f"the amendment of {amendment.on or 'an unknown day'} is missing or changed, and what was declared once stays",
            observed="not as it was",
            required="every amendment as it was",
            help="restore the amendment as it was, and add another one for what is new",
            related=(Related(("amendments", before.amendments.index(amendment)), "as it was", plan=EARLIER),),
        )


def _unlike_the_lock(change: Change) -> Iterator[Finding]:
    declared = {(amendment.on, amendment.data_access) for amendment in change.plan.amendments}
    for attested in change.lock.amended if change.lock else ():
        if (attested.on, attested.data_access or None) not in declared and attested.data_access:
            yield Finding(
                ("amendments",),
                f"the lock attests an amendment of {attested.on} with `{attested.data_access}`, and the plan has none",
                observed="no such amendment",
                required=f"an amendment of {attested.on} with `data_access: {attested.data_access}`",
                help="restore the amendment as `egp amend` wrote it",
            )


def _misjudged(change: Change) -> Iterator[Finding]:
    """Amendments of this change that call stricter what is laxer."""
    if change.before is None or not change.plan.amendments:
        return
    from egp.record.changes import added_amendments, changes, covers

    plan = change.plan
    claiming = [
        at for at in added_amendments(change.before, plan) if plan.amendments[at].effect == "tightens"
    ]
    loosened = (
        [each for each in changes(change.before, plan) if each.is_loosened_safeguard] if claiming else []
    )
    for position in claiming:
        named = plan.amendments[position].changes
        names = [f"`{each.name}`" for each in loosened if any(covers(name, each) for name in named)]
        if names:
            at = ("amendments", position, "effect")
            yield Finding(
                at,
                f"the amendment says that it tightens, and {listing(names)} loosens",
                observed="tightens",
                required="loosens",
                remedies=[setting(at, "loosens")],
                help="change the field the other way",
            )


def _untrue(position: int, amendment: Amendment, agreed: Experiment) -> Iterator[Finding]:
    if amendment.on is None or amendment.data_access != "nothing_run":
        return
    start, path = first_exposure(agreed)
    if amendment.on >= start:
        at = ("amendments", position, "data_access")
        yield Finding(
            at,
            f"the amendment of {amendment.on} says `nothing_run`, and the first unit was treated on {start}",
            observed="nothing_run",
            required="no_results_seen or results_seen",
            remedies=[
                setting(at, "no_results_seen", f" if {_UNSEEN}", open_if(_UNSEEN)),
                setting(at, "results_seen"),
            ],
            related=(Related(path, "the first unit is treated"),),
        )


ACTOR = "registrar"
"""Who has to act on it."""
