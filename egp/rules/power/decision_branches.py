"""A rule that can withdraw leaves its branches room, and does not withdraw a harmless change.

A result that ships and withdraws at once leaves the meeting to choose, which is what a rule agreed beforehand is to
prevent. So every result that withdraws lies below every one that ships: `max_ci_upper` is no higher than `min_ci_lower` (or
0 %, where that is not said; of a non-inferiority plan, minus its margin). A bound on the point estimate alone is noisy:
`max_lift: 0%` without `max_ci_upper` withdraws half of the changes that do nothing, and egp computes how many at this sample
(`wrongly`). `then` says what withdrawing means, and does not ship. What lies between the branches is inconclusive, and
`otherwise` says what follows from that. The rule is about plans with `decision_rule.withdraw`.

Passes:

```yaml
decision_rule: {withdraw: {max_ci_upper: 0%, then: keep_control}, otherwise: narrower_rerun}
```

Passes:

```yaml
decision_rule: {withdraw: {max_ci_upper: 0%, max_lift: -0.5%, then: keep_control}}
```

Fails at `/decision_rule/withdraw/max_ci_upper`, saying "results between 0% and 1% would both ship and withdraw":

```yaml
decision_rule: {min_ci_lower: 0%, withdraw: {max_ci_upper: 1%, then: keep_control}}
```

Fails at `/decision_rule/withdraw`, saying "does not say from which result":

```yaml
decision_rule: {withdraw: {then: keep_control}}
```

Fails at `/decision_rule/withdraw/then`, saying "does not say what withdrawing means":

```yaml
decision_rule: {withdraw: {max_ci_upper: 0%}}
```

Fails at `/decision_rule/withdraw/then`, saying "would ship the treatment":

```yaml
decision_rule: {withdraw: {max_ci_upper: 0%, then: ship}}
```

Fails at `/decision_rule/withdraw/max_lift`, saying "a change that does nothing would be withdrawn 50 % of the time":

```yaml
decision_rule: {withdraw: {max_lift: 0%, then: keep_control}}
```

Passes with `wrongly: 60%`:

```yaml
decision_rule: {withdraw: {max_lift: 0%, then: keep_control}}
```

A non-inferiority plan ships above minus its margin, and withdraws below it.

Fails at `/decision_rule/withdraw/max_ci_upper`, saying "would both ship and withdraw":

```yaml
type: non_inferiority
primary_metric: {non_inferiority_margin: 2%, mde: null, target: null}
decision_rule: {min_ci_lower: null, withdraw: {max_ci_upper: 0%, then: keep_control}}
```

Not checked at `/decision_rule/withdraw/max_lift`:

```yaml
decision_rule: {withdraw: {max_lift: -40ms, then: keep_control}}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.branches import WITHDRAW, bounds_of, chances, ships_above, withdraws_below
from egp.plan.analysis.registered import PRIMARY, has_primary_test, primary_at, primary_test
from egp.plan.analysis.statements import ships, stated
from egp.plan.experiment import Experiment, Withdrawal
from egp.plan.finding import DoesNotApply, Finding, Related, need
from egp.plan.quantity import Share, shown
from egp.plan.remedy import addition, advise, setting
from egp.plan.wording import percent, power_text
from egp.rules import rule

needs = ("decision_rule",)


class Params(rule.Params):
    wrongly: Annotated[
        Share, "largest chance to withdraw a change that does nothing", rule.Stricter("less")
    ] = Share(0.05)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not has_primary_test(plan):
        raise DoesNotApply  # idle-key speaks
    branch = need(plan.decision_rule, "decision_rule").withdraw
    if branch is None:
        raise DoesNotApply
    yield from _meaning(plan, branch)
    if branch.max_ci_upper is None and branch.max_lift is None:
        yield Finding(
            WITHDRAW,
            "the rule does not say from which result on the treatment is withdrawn",
            observed="no bound",
            required="max_ci_upper or max_lift",
            remedies=[addition((*WITHDRAW, "max_ci_upper"), "0%", ": the interval lies below no effect")],
        )
        return
    bounds = bounds_of(plan)
    key = "max_ci_upper" if branch.max_ci_upper is not None else "max_lift"
    lowest, highest = ships_above(plan, bounds), withdraws_below(bounds)
    if highest > lowest + 1e-12:
        yield _overlap(plan, branch, key)
        return
    # Withdrawn is what is worst among what harms nobody: no effect at all, or of a margin harm of all of it.
    wrongly = chances(plan, 0.0).withdraw
    if wrongly > params.wrongly:
        yield Finding(
            (*WITHDRAW, key),
            f"a change that does nothing would be withdrawn {power_text(wrongly)} of the time; the policy allows "
            f"{percent(params.wrongly)}",
            observed=power_text(wrongly),
            required=f"at most {percent(params.wrongly)}",
            remedies=[addition((*WITHDRAW, "max_ci_upper"), "0%")] if branch.max_ci_upper is None else (),
            help="" if branch.max_ci_upper is None else "lower the bound",
        )


def _meaning(plan: Experiment, branch: Withdrawal) -> Iterator[Finding]:
    at = (*WITHDRAW, "then")
    then = stated(branch.then)
    if not then:
        yield Finding(
            at, "the rule does not say what withdrawing means", "missing", "a decision",
            remedies=[addition(at, "keep_control")],
        )  # fmt: skip
    elif ships(plan, then):
        yield Finding(
            at, f"`then: {shown(then)}` would ship the treatment that the rule withdraws", shown(then), "a decision that does not ship",
            remedies=[setting(at, "keep_control")],
        )  # fmt: skip


def _overlap(plan: Experiment, branch: Withdrawal, key: str) -> Finding:
    rule_ = need(plan.decision_rule, "decision_rule")
    margin = primary_at(plan, PRIMARY).non_inferiority_margin
    if primary_test(plan).margin is not None:
        ships, least, where = f"-{margin}", f"-{margin}", (*PRIMARY, "non_inferiority_margin")
    else:
        least = str(rule_.min_ci_lower or "0%")
        ships, where = least, ("decision_rule", "min_ci_lower")
    bound = str(getattr(branch, key))
    return Finding(
        (*WITHDRAW, key),
        f"results between {ships} and {bound} would both ship and withdraw",
        observed=bound,
        required=f"at most {least}",
        remedies=[setting((*WITHDRAW, key), least), advise("raise what it takes to ship")],
        related=(Related(where, "what it takes to ship"),),
    )
