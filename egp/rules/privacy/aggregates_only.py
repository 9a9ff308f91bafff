"""Analysts of the experiment work with aggregates, not with user-level exports.

An export of raw logs leaves the platform's access rules and deletion dates behind, and a readout never needs one.
The policy lists in `allowed` the kinds of data access that a plan may declare under `data_access`. Sums, counts and
squares per variant and day carry everything that the registered analysis uses.

Passes:

```yaml
data_access: aggregates
```

Fails at `/data_access`, saying "user_level_export":

```yaml
data_access: user_level_export
```

Passes with `allowed: [aggregates, clean_room]`:

```yaml
data_access: clean_room
```

Fails at `/data_access`, saying "does not say":

```yaml
data_access: null
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.remedy import setting
from egp.plan.wording import listing
from egp.rules import rule


class Params(rule.Params):
    allowed: Annotated[
        tuple[str, ...],
        "kinds of data access that a plan may declare",
        rule.Stricter("less"),
        rule.KnownAs("data_access"),
    ] = ("aggregates",)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    declared = plan.data_access
    if declared in params.allowed:
        return
    allowed = listing(map(shown, params.allowed), "or")
    if declared is None:
        problem = "the plan does not say which data its analysis works with"
        observed = "missing"
    else:
        observed = shown(declared)
        problem = f"the plan requires {observed}; the policy allows {allowed}"
    remedies = [setting(("data_access",), params.allowed[0])] if params.allowed else ()
    advice = "" if params.allowed else "leave the analysis to the platform"
    yield Finding(("data_access",), problem, observed, allowed, advice, remedies=remedies)
