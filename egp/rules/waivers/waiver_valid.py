"""A waiver waives one rule of one plan, approved by somebody else, for a reason and for a time.

A waiver that anybody can write, for anything and for ever, is a way around the policy. So each names one rule, the
reason, the ticket where it was discussed, who approved it in which role, and the last day it holds; and it carries the
digest of the plan that was approved, so that a material edit ends it. One that anything speaks against waives nothing: what
its rule finds is reported as ever, and this rule says all that is wrong with the waiver.

The policy names the roles that may approve, and the longest time, under `waivers:`; without roles every waiver is refused,
and without a time it is 30 days. Dates are days in the policy's time zone, and a waiver holds until the end of the
day on which it expires. It is not dated before the plan was registered, or first committed. `digest: plan` stands
for the plan's own digest in the examples; `egp waive` writes it.

Passes with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`:

Passes with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, as_of: 2023-02-16`:

Fails at `/waivers/0/expires` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, as_of: 2023-02-17`, saying "it expired at the end of 2023-02-16":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/rule` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, not_waivable: [sample-size]`, saying "sample-size is not waivable":

```yaml
waivers: [{rule: sample-size, reason: the traffic is what it is, ticket: XP-18, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/rule` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`, saying "`*` is a pattern":

```yaml
waivers: [{rule: "*", reason: we are in a hurry, ticket: XP-19, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/rule` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`, saying "did you mean `stage-dwell`?":

```yaml
waivers: [{rule: stage-dwel, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/approver` with `approvers: [product], roles: {product: ["@pdp-pm"]}`, saying "is responsible for the experiment":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@PDP-PM",
  role: product, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/approver` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`, saying "@marketing does not hold the role experimentation_lead":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@marketing",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/role`, saying "the policy lets nobody approve waivers":

Fails at `/waivers/0/expires` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}, longest: 14d`, saying "it holds for 30 days, and the policy allows 14 days":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: plan}]
```

Fails at `/waivers/0/granted` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`, saying "it is dated 2023-01-10":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-10, expires: 2023-01-31, digest: plan}]
```

Fails at `/waivers/0/digest` with `approvers: [experimentation_lead], roles: {experimentation_lead: ["@xp-lead"]}`, saying "it was granted for v1:sha256:000000000000…":

```yaml
waivers: [{rule: stage-dwell, reason: the flag can only switch once a day, ticket: XP-17, approver: "@xp-lead",
  role: experimentation_lead, granted: 2023-01-17, expires: 2023-02-16, digest: another}]
```

Does not apply without `/waivers`.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.remedy import Remedy, advise
from egp.plan.wording import called
from egp.record.waivers.grant import Grant
from egp.rules.rule_inputs import Judgement
from egp.yaml.edits import Setting

needs = ("grants",)


def check(judgement: Judgement) -> Iterator[Finding]:
    if not judgement.is_known:
        raise DoesNotApply
    for grant in judgement.grants:
        if grant.objections:
            first = grant.objections[0]
            rule = called(grant.waiver.rule, "no rule")
            yield Finding(
                (*grant.at, first.key),
                f"the waiver of {rule} waives nothing: {'; '.join(each.message for each in grant.objections)}",
                observed=first.observed,
                required=first.required,
                remedies=[_remedy(grant)],
            )


def _remedy(grant: Grant) -> Remedy:
    """Everything that the waiver lacks: one edit where that is known of all of it."""
    if all(each.value for each in grant.objections):
        return Remedy(tuple(Setting((*grant.at, each.key), each.value) for each in grant.objections))
    return advise("; ".join(dict.fromkeys(each.phrase for each in grant.objections)))


ALWAYS_REJECTS = True
"""An error under every policy, and not waivable."""
