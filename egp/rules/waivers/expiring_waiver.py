"""A waiver that ends soon is reported before it ends.

On the day after it expires the plan is rejected again, in the middle of the run, unless the plan has been changed or
another waiver approved by then. Both take people who have other things to do.

Passes with `found: [stage-dwell], approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, as_of: 2023-02-08`:

Fails at `/waivers/0/expires` with `found: [stage-dwell], approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, as_of: 2023-02-09`, saying "ends in 7 days":

Fails at `/waivers/0/expires` with `found: [stage-dwell], approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, as_of: 2023-02-16`, saying "ends with this day":

Passes with `found: [stage-dwell], approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, as_of: 2023-02-09, soon: 3d`:

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Does not apply without `/waivers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.wording import length
from egp.rules import rule
from egp.rules.rule_inputs import Judgement


class Params(rule.Params):
    soon: Annotated[
        timedelta, "time before the last day from which on it is reported", rule.Stricter("more")
    ] = timedelta(days=7)


needs = ("grants",)


def check(judgement: Judgement, params: Params) -> Iterator[Finding]:
    for grant in judgement.grants:
        expires = grant.waiver.expires
        if grant.holds and grant.used and expires and expires - judgement.as_of <= params.soon:
            left = expires - judgement.as_of
            yield Finding(
                (*grant.at, "expires"),
                f"the waiver of {shown(grant.waiver.rule)} ends {f'in {length(left)}' if left else 'with this day'}",
                observed=str(expires),
                help=f"by {expires} do what {shown(grant.waiver.rule)} requires, or have another waiver approved",
            )
