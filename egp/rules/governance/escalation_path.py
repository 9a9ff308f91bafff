"""A tie is broken by somebody named, within 24 hours.

Two people who disagree in the middle of a ramp cost time while the treatment runs on. So the plan names who decides
when the owner and a stakeholder cannot agree, and how soon. The owner is a party to the disagreement and cannot be
the one who breaks the tie.

Passes:

```yaml
escalation: {to: vp_commerce, within: 24h}
```

Fails at `/escalation`:

```yaml
escalation: null
```

Fails at `/escalation/to`, saying "does not say to whom":

```yaml
escalation: {to: null}
```

Fails at `/escalation/to`, saying "does not say to whom":

```yaml
escalation: {to: "..."}
```

Fails at `/escalation/to`, saying "the owner":

```yaml
escalation: {to: "@PDP-PM"}
```

Fails at `/escalation/within`, saying "3 days; the policy requires 24 h":

```yaml
escalation: {within: 3d}
```

Fails at `/escalation/within`, saying "does not say how soon":

```yaml
escalation: {within: null}
```

Passes with `hours: 72`:

```yaml
escalation: {within: 3d}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from egp.plan.analysis.people import identity
from egp.plan.analysis.statements import somebody
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, Related
from egp.plan.quantity import shown
from egp.plan.remedy import addition, setting
from egp.plan.wording import length_beside
from egp.rules import rule

_SOMEBODY = "head_of_product"
_OR_ANOTHER = ", or another role above the owner"


class Params(rule.Params):
    hours: Annotated[
        int, "most hours until a tie is broken", rule.Stricter("less"), rule.KnownAs("hours_to_escalate")
    ] = 24


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    escalation, required = plan.escalation, f"a decision within {params.hours} h"
    if escalation is None:
        path = {"to": _SOMEBODY, "within": f"{params.hours}h"}
        message = "the plan does not say who breaks a tie"
        remedy = addition(("escalation",), path, _OR_ANOTHER)
        yield Finding(("escalation",), message, "missing", required, remedies=[remedy])
        return
    yield from _to(plan, somebody(escalation.to), required)
    longest = timedelta(hours=params.hours)
    if escalation.within is None or escalation.within > longest:
        takes = "missing" if escalation.within is None else length_beside(escalation.within, longest)
        said = "does not say how soon" if escalation.within is None else f"takes {takes}"
        yield Finding(
            ("escalation", "within"),
            f"the escalation {said}; the policy requires {params.hours} h",
            observed=takes,
            required=f"at most {params.hours} h",
            remedies=[setting(("escalation", "within"), f"{params.hours}h")],
        )


def _to(plan: Experiment, to: str, required: str) -> Iterator[Finding]:
    at = ("escalation", "to")
    remedies = [setting(at, _SOMEBODY, _OR_ANOTHER)]
    if not to:
        message = "the escalation does not say to whom"
        yield Finding(
            at,
            message,
            "missing",
            required,
            remedies=remedies,
        )
    elif plan.owner and plan.owner.dri and identity(to) == identity(plan.owner.dri):
        yield Finding(
            at,
            "the escalation goes to the owner, who is a party to the disagreement",
            observed=shown(to),
            required="someone else than the owner",
            remedies=remedies,
            related=(Related(("owner", "dri"), "the owner"),),
        )
