"""The significance level is at most 5 %, two-sided unless the plan gives a reason.

The level is the share of harmless, useless changes that the test would still call a win or a loss. A one-sided test
at the same level needs a sixth fewer units because it doubles the chance of a false win and cannot see a loss, so
choosing it needs a reason given before the start (`sides_reason`), and may have a cap of its own. A non-inferiority
experiment asks a one-sided question and needs no reason. `guardrail_alpha` is the one-sided level at which each
guardrail's margin must be ruled out; it is declared as soon as a guardrail has a margin, in a rollout as well.
It has a floor, too: a level that nothing reaches is no test. The alarms of the gate do not depend on it: their levels are
the policy's. `srm_alpha` is the level of the test that the variants got the units they should; the gate takes 0.1 % where a plan
declares none.

A level of 0 % is no level: no result would ever reach it. A sample-ratio test at 100 % would stop every readout.

Passes:

```yaml
statistics: {alpha: 5%, sides: two, guardrail_alpha: 5%}
```

Fails at `/statistics/alpha`, saying "1 in 10":

```yaml
statistics: {alpha: 10%}
```

Fails at `/statistics/alpha`, saying "declares no significance level":

```yaml
statistics: {alpha: null}
```

Fails at `/statistics/alpha`, saying "no result reaches a level of 0 %":

```yaml
statistics: {alpha: 0%}
```

Fails at `/statistics/sides`, saying "one-sided or two-sided":

```yaml
statistics: {sides: null}
```

Fails at `/statistics/sides`, saying "whether it is worse by the margin is a one-sided question":

```yaml
type: non_inferiority
statistics: {sides: null}
```

Fails at `/statistics/sides`, saying "without a reason":

```yaml
statistics: {sides: one}
```

Fails at `/statistics/sides`, saying "without a reason":

```yaml
statistics: {sides: one, sides_reason: TBD}
```

Passes:

```yaml
statistics: {sides: one, sides_reason: "the change is shipped for legal reasons unless it gains"}
```

Fails at `/statistics/alpha` with `one_sided_alpha: 2.5%`, saying "one-sided":

```yaml
statistics: {sides: one, sides_reason: "a loss and no effect lead to the same decision"}
```

Passes:

```yaml
type: non_inferiority
statistics: {sides: one}
```

Fails at `/statistics/guardrail_alpha`, saying "3 guardrails have margins":

```yaml
statistics: {guardrail_alpha: null}
```

Fails at `/statistics/guardrail_alpha`, saying "20 %":

```yaml
statistics: {guardrail_alpha: 20%}
```

Fails at `/statistics/guardrail_alpha`, saying "at 0.0000001 % a guardrail needs":

```yaml
statistics: {guardrail_alpha: 0.0000001%}
```

Passes:

```yaml
statistics: {guardrail_alpha: 0.1%}
```

Without margins there is nothing to test at that level.

Passes:

```yaml
guardrail_metrics: []
statistics: {guardrail_alpha: null}
```

Passes:

```yaml
type: rollout
statistics: {alpha: null, sides: null}
```

Fails at `/statistics/srm_alpha`, saying "at 0 % the sample-ratio test never speaks":

```yaml
statistics: {srm_alpha: 0%}
```

Fails at `/statistics/srm_alpha`, saying "at 5 % the sample-ratio test stops 1 in 20 sound experiments":

```yaml
statistics: {srm_alpha: 5%}
```

Passes:

```yaml
statistics: {srm_alpha: null}
```

A rollout without margins tests nothing.

Does not apply:

```yaml
type: rollout
guardrail_metrics: []
statistics: {alpha: null, sides: null, guardrail_alpha: null, srm_alpha: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.registered import has_primary_test
from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import Share
from egp.plan.remedy import removal, setting
from egp.plan.wording import one_in, percent, share_in_plan, share_text, told_apart
from egp.rules import rule


class Params(rule.Params):
    alpha: Annotated[
        Share,
        "largest significance level of the primary metric's test",
        rule.Stricter("less"),
        rule.KnownAs("largest_alpha"),
    ] = Share(0.05)
    one_sided_alpha: Annotated[
        Share,
        "largest significance level of a one-sided test of the primary",
        rule.Stricter("less"),
        rule.KnownAs("largest_one_sided_alpha"),
    ] = Share(0.05)
    guardrail_alpha: Annotated[
        Share,
        "largest one-sided level of a guardrail's non-inferiority test",
        rule.Stricter("less"),
        rule.KnownAs("largest_guardrail_alpha"),
    ] = Share(0.05)
    least_guardrail_alpha: Annotated[
        Share, "smallest one-sided level of a guardrail's non-inferiority test", rule.Stricter("more")
    ] = Share(0.001)
    srm_alpha: Annotated[Share, "largest level of the sample-ratio test", rule.Stricter("less")] = Share(0.01)
    least_srm_alpha: Annotated[Share, "smallest level of the sample-ratio test", rule.Stricter("more")] = (
        Share(0.0001)
    )


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    statistics = plan.statistics
    srm_alpha = statistics.srm_alpha if statistics else None
    if not has_primary_test(plan) and srm_alpha is None and not _margins(plan):
        raise DoesNotApply
    if has_primary_test(plan):
        one_sided = statistics is not None and statistics.sides == "one"
        cap = min(params.alpha, params.one_sided_alpha) if one_sided else params.alpha
        yield from _alpha(statistics.alpha if statistics else None, cap, one_sided)
        yield from _sides(plan)
    yield from _guardrail_alpha(plan, params.guardrail_alpha, params.least_guardrail_alpha)
    if srm_alpha is not None and not params.least_srm_alpha <= srm_alpha <= params.srm_alpha:
        yield _srm_alpha(srm_alpha, params)


def _alpha(alpha: Share | None, cap: Share, one_sided: bool) -> Iterator[Finding]:
    if alpha is not None and 0 < alpha <= cap:
        return
    asked = f"the policy allows {percent(cap)}{' one-sided' if one_sided else ''}"
    if alpha is None:
        message = f"the plan declares no significance level; {asked}"
    elif not alpha:
        message = f"no result reaches a level of {percent(alpha)}; {asked}"
    else:
        verdict = "a win" if one_sided else "a win or a loss"
        message = f"at {told_apart(alpha, cap)[0]} the test calls {one_in(alpha)} changes without effect {verdict}; {asked}"
    yield _level_finding("alpha", alpha, cap, message)


def _level_finding(key: str, level: Share | None, cap: Share, message: str) -> Finding:
    observed, allowed = (share_text(cap),) * 2 if level is None else told_apart(level, cap)
    return Finding(
        ("statistics", key),
        message,
        observed="missing" if level is None else observed,
        required=f"at most {allowed}",
        remedies=[setting(("statistics", key), share_in_plan(cap))],
    )


def _sides(plan: Experiment) -> Iterator[Finding]:
    statistics, of_loss_alone = plan.statistics, plan.type == "non_inferiority"
    if statistics is None or statistics.sides is None:
        yield Finding(
            ("statistics", "sides"),
            "the plan does not say whether the test of the primary is one-sided or two-sided; "
            + (
                "whether it is worse by the margin is a one-sided question"
                if of_loss_alone
                else "a one-sided test needs a sixth fewer units and cannot see a loss"
            ),
            observed="missing",
            required="one or two" if of_loss_alone else "two, or one with a reason",
            remedies=[setting(("statistics", "sides"), "one" if of_loss_alone else "two")],
        )
    elif statistics.sides == "one" and not of_loss_alone and not stated(statistics.sides_reason):
        yield Finding(
            ("statistics", "sides"),
            "the test of the primary is one-sided without a reason; it cannot see a loss",
            observed="one-sided",
            required="two-sided, or a reason",
            remedies=[setting(("statistics", "sides"), "two")],
            help="add `sides_reason:` saying why a loss and no effect are the same to you",
        )


def _margins(plan: Experiment) -> int:
    """How many guardrails have a margin to rule out."""
    return sum(metric.non_inferiority_margin is not None for metric in plan.guardrail_metrics)


def _guardrail_alpha(plan: Experiment, cap: Share, floor: Share) -> Iterator[Finding]:
    tested = _margins(plan)
    level = plan.statistics.guardrail_alpha if plan.statistics else None
    if level is not None and 0 < level < floor:
        least = f"the policy allows {percent(floor)} to {percent(cap)}"
        yield Finding(
            ("statistics", "guardrail_alpha"),
            f"at {told_apart(level, floor)[0]} a guardrail needs more evidence than the policy lets a plan require; {least}",
            observed=told_apart(level, floor)[0],
            required=f"{percent(floor)} to {percent(cap)}",
            remedies=[setting(("statistics", "guardrail_alpha"), share_in_plan(cap))],
        )
        return
    if not tested or (level is not None and 0 < level <= cap):
        return
    if level is None:
        have = "guardrail has a margin" if tested == 1 else "guardrails have margins"
        message = f"{tested} {have}, and the plan declares no level at which to rule {'it' if tested == 1 else 'them'} out"
    elif not level:
        message = f"no guardrail can pass a test at a level of {percent(level)}"
    else:
        message = (
            f"at {told_apart(level, cap)[0]} a guardrail that is worse by exactly its margin passes {one_in(level)} times; "
            f"the policy allows {share_text(cap)}"
        )
    yield _level_finding("guardrail_alpha", level, cap, message)


def _srm_alpha(level: Share, params: Params) -> Finding:
    least, most = percent(params.least_srm_alpha), percent(params.srm_alpha)
    nearest = params.srm_alpha if level > params.srm_alpha else params.least_srm_alpha
    said = told_apart(level, nearest)[0]
    if not level:
        problem = f"at {said} the sample-ratio test never speaks, however far the variants are apart"
    elif level > params.srm_alpha:
        problem = f"at {said} the sample-ratio test stops {_of_sound_experiments(level)}"
    else:
        problem = f"at {said} the sample-ratio test overlooks losses that spoil the comparison"
    at = ("statistics", "srm_alpha")
    return Finding(
        at,
        f"{problem}; the policy allows {least} to {most}",
        observed=said,
        required=f"{least} to {most}",
        remedies=[setting(at, share_in_plan(nearest)), removal(at, ": the gate takes 0.1 %")],
    )


def _of_sound_experiments(level: Share) -> str:
    return "every sound experiment" if level >= 1 else f"{one_in(level)} sound experiments"
