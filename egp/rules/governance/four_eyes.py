"""Nobody approves their own plan, and nobody signs it twice.

Whoever wants the launch is the last to see what speaks against it. So a second person looks: whoever signs off
or approves an amendment is someone else than `owner.dri`, whatever the spelling of the handle; `waiver-valid` requires the
same of waivers. And a policy that requires two roles wants two people, so one person signs for one role.

Passes:

```yaml
owner: {dri: "@pdp-pm"}
sign_offs: {0: {by: "@xp-lead"}}
```

Fails at `/sign_offs/0/by`, saying "approves the plan of their own experiment; someone else must":

```yaml
owner: {dri: "@XP-Lead"}
```

Fails at `/amendments/0/approver`:

```yaml
amendments: [{on: 2023-01-20, reason: longer run, approver: pdp-pm, data_access: nothing_run}]
```

Fails at `/sign_offs/1/by`, saying "experimentation_lead and for privacy":

Passes with `distinct_signers: false`:

```yaml
sign_offs: {1: {by: "@xp-lead"}}
```

Not checked without `/owner/dri`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.people import identity
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, Related, need
from egp.plan.quantity import shown
from egp.rules import rule
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.rules.exports import Broken


class Params(rule.Params):
    distinct_signers: Annotated[
        bool, "whether one person may sign for one role only", rule.Stricter("more")
    ] = True


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    dri = identity(need(need(plan.owner, "owner").dri, "owner", "dri"))
    for at, what, approver in _approvals(plan):
        if identity(approver) == dri:
            yield Finding(
                at,
                f"{shown(approver)} approves {what} of their own experiment; someone else must",
                observed=shown(approver),
                required="someone else than the owner",
                help=f"have {what} approved by someone else",
                related=(Related(("owner", "dri"), "the owner"),),
            )
    if params.distinct_signers:
        yield from _signs_twice(plan)


def _approvals(plan: Experiment) -> Iterator[tuple[Path, str, str]]:
    for position, sign_off in enumerate(plan.sign_offs):
        if sign_off.by:
            yield ("sign_offs", position, "by"), "the plan", sign_off.by
    for position, amendment in enumerate(plan.amendments):
        if amendment.approver:
            yield ("amendments", position, "approver"), "an amendment", amendment.approver


def _signs_twice(plan: Experiment) -> Iterator[Finding]:
    signed: dict[str, tuple[int, str]] = {}
    for position, sign_off in enumerate(plan.sign_offs):
        if not sign_off.by or not sign_off.role:
            continue
        first, role = signed.setdefault(identity(sign_off.by), (position, sign_off.role))
        if role != sign_off.role:
            yield Finding(
                ("sign_offs", position, "by"),
                f"{shown(sign_off.by)} signs for {shown(role)} and for {shown(sign_off.role)}",
                observed="one person",
                required="a person for each role",
                help=f"have {shown(sign_off.role)} signed by someone else",
                related=(Related(("sign_offs", first, "by"), f"signs for {shown(role)}"),),
            )


ACTOR = "approvers"
"""Who has to act on it."""


def by_hand(broken: Broken) -> str:
    """Who could sign instead of the owner."""
    from egp.plan.wording import listing

    if broken.at[0] != "sign_offs":
        return ""
    signed = broken.plan.sign_offs[int(broken.at[1])]
    role, owner = shown(signed.role or "the role"), broken.plan.owner.dri if broken.plan.owner else None
    holders = broken.roles.get(signed.role or "", ())
    others = {identity(each.by or "") for each in broken.plan.sign_offs if each.role != signed.role}
    free = [holder for holder in holders if identity(holder) not in {identity(owner or ""), *others}]
    if free:
        return f"{listing(map(shown, free), 'or')}, who holds {role}, signs instead."
    is_by_owner = identity(signed.by or "") == identity(owner or "")
    another = "name another person in `owner.dri`, or " if is_by_owner else ""
    return (
        f"The policy names nobody else who holds {role}: {another}have the owner of the policy name a second holder of {role}, "
        "who then signs."
    )
