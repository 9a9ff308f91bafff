"""A waiver that nothing needs is taken out.

A waiver that waives nothing today waits for something to waive tomorrow, and nobody remembers why. It is one for a rule that
finds nothing, or that is not in force for the plan, or it is kept beside the policy for an experiment that no plan has
(reported where all plans are checked). Of a waiver that is refused `waiver-valid` speaks.

Passes with `found: [stage-dwell], approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`:

Fails at `/waivers/0` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`, saying "stage-dwell finds nothing":

Fails at `/waivers/0` with `is_known: false`, saying "no plan has the id sound-plan":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Does not apply without `/waivers`.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.rules.rule_inputs import Judgement

needs = ("grants",)


def check(judgement: Judgement) -> Iterator[Finding]:
    for grant in judgement.grants:
        rule = shown(grant.waiver.rule)
        if not judgement.is_known:
            yield Finding(
                grant.at,
                f"the waiver of {rule} is for an experiment that is not there: no plan has the id "
                f"{shown(judgement.experiment)}",
                observed="no such plan",
                help="take it out, or correct `experiment:`",
            )
        elif grant.holds and not grant.used:
            yield Finding(
                grant.at,
                f"nothing needs the waiver of {rule}: {rule} finds nothing in this plan, or is not in force for it",
                observed="unused",
                help="take it out",
            )
