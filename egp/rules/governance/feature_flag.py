"""The treatment is switched by a feature flag that the plan names.

Without a flag there is no dial to turn for a ramp, and withdrawing the treatment takes a release instead of a minute.
The flag also ties the plan to what really ships. Plans of a type that ships need one, and so does every plan whose
rollback is done by flag. Flags are keys, without spaces.

Passes:

```yaml
feature_flag: pdp_buy_now
```

Fails at `/feature_flag`, saying "names no feature flag to switch":

```yaml
feature_flag: null
rollback: {method: redeploy}
```

Fails at `/feature_flag`, saying "is no key of a flag":

```yaml
feature_flag: to be created
```

Fails at `/feature_flag`, saying "names no feature flag":

```yaml
feature_flag: "..."
rollback: {method: redeploy}
```

Does not apply:

```yaml
type: holdback
feature_flag: null
rollback: {method: redeploy}
```

Fails at `/feature_flag`, saying "rolls back by flag":

```yaml
type: holdback
feature_flag: null
rollback: {method: feature_flag}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.rules import rule


class Params(rule.Params):
    types: Annotated[tuple[str, ...], "types of plans that need a feature flag", rule.Stricter("more")] = (
        "superiority", "non_inferiority", "rollout",
    )  # fmt: skip


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    flag = stated(plan.feature_flag)
    if flag:
        if len(flag.split()) > 1 or not flag.isprintable():
            yield _finding(f"`{shown(flag)}` is no key of a flag: it has spaces in it", shown(flag))
        return
    by_flag = plan.rollback is not None and plan.rollback.method == "feature_flag"
    if by_flag:
        yield _finding("the plan rolls back by flag and names no feature flag", "missing")
    elif plan.type is None or plan.type in params.types:
        yield _finding("the plan names no feature flag to switch the treatment", "missing")
    else:
        raise DoesNotApply


def _finding(message: str, observed: str) -> Finding:
    return Finding(
        ("feature_flag",),
        message,
        observed=observed,
        required="the key of a flag",
        help="set `feature_flag:` to the key of the flag, as in `feature_flag: pdp_buy_now`",
    )
