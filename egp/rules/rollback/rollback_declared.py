"""The plan says how the treatment is withdrawn, and what is served then.

A rollback that has to be invented while customers are harmed takes hours. `rollback.method` says how the treatment is
withdrawn (a feature flag, a redeploy) and `rollback.to` what everybody gets afterwards: control, or a safer variant,
and not the treatment that is being withdrawn.

Passes:

```yaml
rollback: {method: feature_flag, to: control}
```

Fails at `/rollback`, saying "does not say how the treatment is withdrawn":

```yaml
rollback: null
```

Fails at `/rollback/method`:

```yaml
rollback: {method: null}
```

Fails at `/rollback/to`, saying "what is served afterwards":

```yaml
rollback: {to: null}
```

Fails at `/rollback/to`, saying "buy_now, the treatment":

```yaml
rollback: {to: buy_now}
```

What is served is one of the plan's variants, by its id; "control" is understood.

Fails at `/rollback/to`, saying "nowhere, which is no variant of the plan":

```yaml
rollback: {to: nowhere}
```

Passes:

```yaml
variants: {0: {id: old_page}}
rollback: {to: control}
```

A placeholder says nothing.

Fails at `/rollback/method`:

```yaml
rollback: {method: "..."}
```

With two treatments the other one may be the safer variant.

Passes:

```yaml
variants: [{id: control, weight: 34%, control: true}, {id: small, weight: 33%}, {id: large, weight: 33%}]
rollback: {to: small}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.people import oncall
from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.remedy import PROPOSAL, Remedy, addition, setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


ABSENT = {
    "method": ("the rollback does not say how the treatment is withdrawn", "feature_flag"),
    "to": ("the rollback does not say what is served afterwards", "control"),
}


def check(plan: Experiment) -> Iterator[Finding]:
    if plan.rollback is None:
        yield Finding(
            ("rollback",),
            "the plan does not say how the treatment is withdrawn",
            observed="missing",
            required="a method and a target",
            remedies=[_complete(plan)],
        )
        return
    for key, (message, usual) in ABSENT.items():
        if not stated(getattr(plan.rollback, key)):
            required = key if key == "method" else "target"
            at = ("rollback", key)
            yield Finding(at, message, "missing", f"a {required}", remedies=[setting(at, usual)])
    to = stated(plan.rollback.to)
    known = [variant.id for variant in plan.variants or () if variant.id]
    if to and known and to not in (*known, "control"):
        yield Finding(
            ("rollback", "to"),
            f"the rollback goes to {shown(to)}, which is no variant of the plan",
            observed=shown(to),
            required="control or a safer variant",
            remedies=[setting(("rollback", "to"), _control(plan))],
        )
    if to and [variant.id for variant in plan.variants or () if not variant.control] == [to]:
        yield Finding(
            ("rollback", "to"),
            f"the rollback goes to {shown(to)}, the treatment that is withdrawn",
            observed=shown(to),
            required="control or a safer variant",
            remedies=[setting(("rollback", "to"), _control(plan))],
        )


def _control(plan: Experiment) -> str:
    at = plan.control_position
    variant = (plan.variants or ())[at] if at is not None else None
    return variant.id if variant and variant.id else "control"


def _complete(plan: Experiment) -> Remedy:
    """A whole rollback with what the plan knows: its flag, its control and its team."""
    method = "feature_flag" if stated(plan.feature_flag) else "redeploy"
    whole = {
        "method": method,
        "to": _control(plan),
        "owner": oncall(plan),
        "max_minutes": 15,
        "comms": "comms/rollback.md",
    }
    return addition(("rollback",), whole, ", with the names that are yours", PROPOSAL)


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)
