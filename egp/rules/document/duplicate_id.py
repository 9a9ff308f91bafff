"""The experiment's id is its own: no other plan of the repository has it.

Registrations, results and decisions are filed under the id, so two plans with one id would share them. egp
compares the ids of all plans that the policy's `plans:` match, the further documents of a file included. A file that git does
not track, and that has the id of a plan that git tracks, is a copy: this is found at the copy, and neither here nor by any other
comparison of plans is it said against the tracked one.

Passes:

```yaml
id: sound-plan
---
id: another-plan
```

Fails at `/id`, saying "the id sound-plan is also used in plan-1.yaml":

```yaml
id: sound-plan
---
id: sound-plan
```

Fails at `/id`, saying "plan-1.yaml, plan-2.yaml, plan-3.yaml and 1 more":

```yaml
id: sound-plan
---
id: sound-plan
---
id: sound-plan
---
id: sound-plan
---
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from egp.plan.finding import Finding, Related
from egp.plan.quantity import shown
from egp.plan.remedy import setting
from egp.plan.wording import listing
from egp.rules.rule_inputs import Portfolio, PortfolioEntry

LISTED = 3
"""Plans that are named; of more, the number says enough."""


def check(portfolio: Portfolio) -> Iterator[Finding]:
    plan = portfolio.plan
    others = portfolio.others("id", plan.id)
    if not others:
        return
    named = [_place(other, plan) for other in others[:LISTED]]
    if len(others) > LISTED:
        named.append(f"{len(others) - LISTED} more")
    yield Finding(
        ("id",),
        f"the id {plan.id} is also used in {listing(named)}",
        observed=plan.id,
        required="an id of its own",
        remedies=[setting(("id",), _free_id(portfolio), " in the plan that is not registered yet")],
        related=tuple(
            Related(("id",), "the same id", other.path, other.document) for other in others[:LISTED]
        ),
    )


def _place(other: PortfolioEntry, plan: PortfolioEntry) -> str:
    if other.path == plan.path:
        return f"document {other.document + 1} of this file"
    return shown(other.path)


def _free_id(portfolio: Portfolio) -> str:
    stem = portfolio.plan.id[:95]
    return next(name for at in count(2) if not portfolio.index.sharing("id", name := f"{stem}-{at}"))
