"""Sign-offs are dated when they are given, and those of a registered plan are attested by the lock.

Anybody who can edit a plan can write somebody else's name under it. The lock is guarded by its owners, so a sign-off
counts that `egp register` or `egp amend` took over into it: with the same role, the same person and the same date.
Before registration sign-offs are collected in the plan and nothing is compared; but none is dated in the future,
because nobody has signed tomorrow.

Passes with `lock: {digest: plan, signed: [{role: experimentation_lead, by: "@xp-lead", on: 2023-01-17}, {role: privacy, by: "@privacy", on: 2023-01-16}]}`:

Passes:

Fails at `/sign_offs/0/on` with `as_of: 2023-01-16`, saying "experimentation_lead signs on 2023-01-17, which is yet to come":

```yaml
{}
```

Does not apply without `/sign_offs`.

Fails at `/sign_offs/0/by` with `lock: {digest: plan, signed: [{role: experimentation_lead, by: "@xp-deputy", on: 2023-01-17}]}`, saying "the lock attests @xp-deputy":

```yaml
sign_offs: [{role: experimentation_lead, by: "@xp-lead", on: 2023-01-17}]
```

Not checked at `/sign_offs/1` with `lock: {digest: plan, signed: [{role: experimentation_lead, by: "@xp-lead", on: 2023-01-17}]}`:

```yaml
{}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.plan.experiment import SignOff
from egp.plan.finding import LOCK, Finding, NotChecked, Related
from egp.plan.quantity import shown
from egp.plan.wording import called, listing
from egp.rules.rule_inputs import Change

needs = ("plan.sign_offs",)


def check(change: Change) -> Iterator[Finding]:
    lock, sign_offs = change.lock, change.plan.sign_offs
    for position, sign_off in enumerate(sign_offs):
        if sign_off.on is not None and sign_off.on > change.as_of:
            yield _yet_to_come(position, sign_off, sign_off.on, change.as_of)
    if lock is None:
        return
    for position, sign_off in enumerate(sign_offs):
        if lock.attests(sign_off.role, sign_off.by, sign_off.on):
            continue
        others = [shown(each.by) for each in lock.signed if each.role == sign_off.role]
        if sign_off.role is None or not others:
            raise _unattested(position, sign_off)
        yield _another(position, sign_off, others)


def _yet_to_come(position: int, sign_off: SignOff, on: date, as_of: date) -> Finding:
    return Finding(
        ("sign_offs", position, "on"),
        f"{called(sign_off.role, 'somebody')} signs on {on}, which is yet to come on {as_of}",
        observed=str(on),
        required=f"{as_of} or earlier",
        help=f"set `on:` to the day of the sign-off, {as_of} if it is given today",
        yields_to=frozenset({"registration-date"}),
    )


def _unattested(position: int, sign_off: SignOff) -> NotChecked:
    role, by = called(sign_off.role, "a role without a name"), called(sign_off.by, "nobody")
    return NotChecked(
        ("sign_offs", position),
        f"the sign-off of {role} by {by} is not attested by the lock, so it is only a claim",
        "run `egp register` on the plan once more, and have the lock's owners review it",
    )


def _another(position: int, sign_off: SignOff, others: list[str]) -> Finding:
    claim = f"{called(sign_off.by, 'nobody')} on {sign_off.on or 'an unknown day'}"
    return Finding(
        ("sign_offs", position, "by"),
        f"the plan says that {claim} signed for {shown(sign_off.role)}; the lock attests {listing(others)}",
        observed=claim,
        required=listing(others),
        help="write the sign-off as the lock has it, or have `egp register` attest the new one",
        related=(Related(("signed",), "what the lock attests", plan=LOCK),),
    )


ACTOR = "approvers"
"""Who has to act on it."""
