"""The plan is of a type that the policy allows here.

A type decides what is required, and the author chooses it: a `rollout` and a `holdback` need neither an MDE nor a sample.
Both are honest for what they are for: a rollout ships what is decided anyway and watches that it harms nobody, and a
holdback keeps a shipped treatment from a few. Where a change must show its worth, a policy leaves only the types that
test it, by path or by tier, which authors do not choose:

`overrides: [{when: {tier: high_impact}, rules: {allowed-types: {types: [superiority, non_inferiority]}}}]`

Passes:

```yaml
type: superiority
```

Passes:

Fails at `/type` with `types: [superiority, non_inferiority]`, saying "a rollout tests no MDE and needs no sample":

```yaml
type: rollout
```

Fails at `/type` with `types: [superiority]`, saying "type is non_inferiority; the policy allows superiority here":

```yaml
type: non_inferiority
```

Not checked without `/type`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.remedy import setting
from egp.plan.wording import listing
from egp.rules import rule
from egp.stats.hints import Literal

Type = Literal["superiority", "non_inferiority", "rollout", "holdback"]


class Params(rule.Params):
    types: Annotated[tuple[Type, ...], "types that plans may have", rule.Stricter("less")] = (
        "superiority", "non_inferiority", "rollout", "holdback",
    )  # fmt: skip


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    declared = need(plan.type, "type")
    if declared in params.types:
        return
    untested = declared in ("rollout", "holdback")
    why = f": a {declared} tests no MDE and needs no sample" if untested else ""
    allowed = listing(params.types, "or")
    yield Finding(
        ("type",),
        f"the plan's type is {declared}; the policy allows {allowed or 'none'} here{why}",
        observed=declared,
        required=allowed,
        remedies=[setting(("type",), params.types[0], ", and declare what such a plan must show")]
        if params.types
        else (),
        help="" if params.types else "ask the owners of the policy for a type that is allowed here",
    )
