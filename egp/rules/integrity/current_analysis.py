"""The plan is registered for the analysis that this release judges by.

Updating egp must not move a plan's goalposts. The lock says for which analysis a plan was registered (without a number
for the first), and the gate holds for a plan that this release would judge by another test. Before the look an amendment
that says so is not exploratory, because nobody has seen what it could be made to fit; a plan whose last look and
holdout are over is judged no more, and is left alone.

Passes with `lock: {digest: plan, analysis: 2}`:

```yaml
{}
```

Passes with `lock: {digest: before, amended: [{digest: plan, on: 2023-01-20, analysis: 2}]}`:

```yaml
schedule: {end: 2023-02-12}
---
{}
```

Fails at `/id` with `lock: {digest: plan}`, saying "registered for analysis 1, and the gate of this release judges by analysis 2":

Passes with `as_of: 2023-06-01, lock: {digest: plan}`:

```yaml
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.registered import look_days
from egp.plan.analysis.registered_test import ANALYSIS, amending_analysis
from egp.plan.finding import LOCK, Finding, Related
from egp.rules.rule_inputs import Change

needs = ("lock",)


def check(change: Change) -> Iterator[Finding]:
    assert change.lock is not None  # the rule needs it
    number = change.lock.current_analysis
    if number == ANALYSIS or _is_over(change):
        return
    yield Finding(
        ("id",),
        f"the plan is registered for analysis {number}, and the gate of this release judges by analysis {ANALYSIS}",
        observed=f"analysis {number}",
        required=f"analysis {ANALYSIS}",
        help=amending_analysis(change.lock.path),
        related=(Related((), "the registration", plan=LOCK),),
    )


def _is_over(change: Change) -> bool:
    holdout = change.plan.holdout.until if change.plan.holdout else None
    last = look_days(change.plan)[-1]
    return change.as_of > max(last, holdout or last)
