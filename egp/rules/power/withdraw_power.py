"""A change that does as much harm as the MDE is good is likely to be withdrawn.

A branch that hardly ever comes about is a promise for show: the plan says what harm withdraws the treatment, and at this
sample the result would nearly always be called inconclusive. egp computes how often a true harm of the size of the MDE is
withdrawn by the rule's own bounds. Of a non-inferiority plan that harm is twice its margin. The rule is about plans with
`decision_rule.withdraw`.

Passes:

```yaml
decision_rule: {withdraw: {max_ci_upper: 0%, then: keep_control}}
```

Fails at `/decision_rule/withdraw/max_ci_upper`, saying "a true harm of 45bps would be withdrawn":

```yaml
decision_rule: {withdraw: {max_ci_upper: -2%, then: keep_control}}
```

Passes with `floor: 1%`:

```yaml
decision_rule: {withdraw: {max_ci_upper: -2%, then: keep_control}}
```

Not checked at `/sample_size_per_variant`:

```yaml
sample_size_per_variant: null
decision_rule: {withdraw: {max_ci_upper: 0%, then: keep_control}}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.branches import WITHDRAW, bounds_of, chances, ships_above, withdraws_below
from egp.plan.analysis.registered import PRIMARY, has_primary_test, primary_at, primary_effect, primary_test
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related, need
from egp.plan.quantity import Share
from egp.plan.remedy import advise
from egp.plan.wording import power_text, share_text
from egp.rules import rule

needs = ("decision_rule",)
yields_to = frozenset({"decision-branches"})


class Params(rule.Params):
    floor: Annotated[
        Share, "least chance to withdraw a harm of the size of the MDE", rule.Stricter("more")
    ] = Share(0.80)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not has_primary_test(plan):
        raise DoesNotApply
    if need(plan.decision_rule, "decision_rule").withdraw is None:
        raise DoesNotApply
    bounds = bounds_of(plan)
    if not bounds.is_able_to_withdraw or withdraws_below(bounds) > ships_above(plan, bounds) + 1e-12:
        raise DoesNotApply  # decision-branches speaks
    metric, margin = primary_at(plan, PRIMARY), primary_test(plan).margin
    harm = 2 * margin if margin is not None else abs(primary_effect(plan))
    said = f"twice its margin of {metric.non_inferiority_margin}" if margin is not None else str(metric.mde)
    seen = chances(plan, -harm)
    if seen.withdraw >= params.floor:
        return
    key = "max_ci_upper" if bounds.max_ci_upper is not None else "max_lift"
    yield Finding(
        (*WITHDRAW, key),
        f"a true harm of {said} would be withdrawn {power_text(seen.withdraw)} of the time, and called inconclusive "
        f"{power_text(seen.inconclusive)}",
        observed=power_text(seen.withdraw),
        required=share_text(params.floor),
        remedies=[advise("raise the bound towards what it takes to ship, or plan a larger sample")],
        related=(Related((*PRIMARY, "mde" if margin is None else "non_inferiority_margin"), "the size"),),
    )
