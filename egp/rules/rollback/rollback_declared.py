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

With two treatments the other one may be the safer variant.

Passes:

```yaml
variants: [{id: control, weight: 34%, control: true}, {id: small, weight: 33%}, {id: large, weight: 33%}]
rollback: {to: small}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.experiment import Experiment
from egp.finding import Finding
from egp.quantity import shown

ABSENT = {
    "method": ("the rollback does not say how the treatment is withdrawn", "add `method: feature_flag`"),
    "to": ("the rollback does not say what is served afterwards", "add `to: control`"),
}


def check(plan: Experiment) -> Iterator[Finding]:
    if plan.rollback is None:
        yield Finding(
            ("rollback",),
            "the plan does not say how the treatment is withdrawn",
            observed="not declared",
            required="a method and a target",
            help='add `rollback: {method: feature_flag, to: control, owner: "@...", max_minutes: 15}`',
        )
        return
    for key, (message, advice) in ABSENT.items():
        if not (getattr(plan.rollback, key) or "").strip():
            required = key if key == "method" else "target"
            yield Finding(("rollback", key), message, "not declared", f"a {required}", advice)
    to = (plan.rollback.to or "").strip()
    if to and [variant.id for variant in plan.variants or () if not variant.control] == [to]:
        yield Finding(
            ("rollback", "to"),
            f"the rollback goes to {shown(to)}, the treatment that is withdrawn",
            observed=shown(to),
            required="control or a safer variant",
            help="set `to:` to the control variant",
        )
