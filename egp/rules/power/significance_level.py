"""The significance level is at most 5 %, two-sided unless the plan gives a reason.

The level is the share of harmless, useless changes that the test would still call a win or a loss. A one-sided test
at the same level needs a sixth fewer units because it doubles the chance of a false win and cannot see a loss, so
choosing it needs a reason given before the start (`sides_reason`), and may have a cap of its own. A non-inferiority
experiment asks a one-sided question and needs no reason. `guardrail_alpha` is the one-sided level at which each
guardrail's margin must be ruled out; it is declared as soon as a guardrail has a margin, in a rollout as well.

A level of 0 % is no level: no result would ever reach it.

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

Fails at `/statistics/sides`, saying "without a reason":

```yaml
statistics: {sides: one}
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

Without margins there is nothing to test at that level, and a rollout tests nothing else.

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
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp import rule
from egp.analysis.registered import has_primary_test
from egp.experiment import Experiment
from egp.finding import Finding
from egp.quantity import Share
from egp.wording import odds, percent


class Params(rule.Params):
    alpha: Annotated[Share, "largest significance level of the primary metric's test"] = Share(0.05)
    one_sided_alpha: Annotated[Share, "largest significance level of a one-sided test of the primary"] = (
        Share(0.05)
    )
    guardrail_alpha: Annotated[Share, "largest one-sided level of a guardrail's non-inferiority test"] = (
        Share(0.05)
    )


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    statistics = plan.statistics
    if has_primary_test(plan):
        one_sided = statistics is not None and statistics.sides == "one"
        cap = min(params.alpha, params.one_sided_alpha) if one_sided else params.alpha
        yield from _alpha(statistics.alpha if statistics else None, cap, one_sided)
        yield from _sides(plan)
    yield from _guardrail_alpha(plan, params.guardrail_alpha)


def _alpha(alpha: Share | None, cap: Share, one_sided: bool) -> Iterator[Finding]:
    asked = f"the policy allows {percent(cap)}{' one-sided' if one_sided else ''}"
    if alpha is None:
        message = f"the plan declares no significance level; {asked}"
    elif not alpha:
        message = f"no result reaches a level of {percent(alpha)}; {asked}"
    elif alpha > cap:
        verdict = "a win" if one_sided else "a win or a loss"
        message = (
            f"at {percent(alpha)} the test calls {odds(alpha)} changes without effect {verdict}; {asked}"
        )
    else:
        return
    yield _level_finding("alpha", alpha, cap, message)


def _level_finding(key: str, level: Share | None, cap: Share, message: str) -> Finding:
    return Finding(
        ("statistics", key),
        message,
        observed="not declared" if level is None else percent(level),
        required=f"at most {percent(cap)}",
        help=f"set `{key}: {cap * 100:.10g}%`",
    )


def _sides(plan: Experiment) -> Iterator[Finding]:
    statistics = plan.statistics
    if statistics is None or statistics.sides is None:
        yield Finding(
            ("statistics", "sides"),
            "the plan does not say whether the test of the primary is one-sided or two-sided; "
            "a one-sided test needs a sixth fewer units and cannot see a loss",
            observed="not declared",
            required="two, or one with a reason",
            help="set `sides: two`",
        )
    elif (
        statistics.sides == "one"
        and plan.type != "non_inferiority"
        and not (statistics.sides_reason or "").strip()
    ):
        yield Finding(
            ("statistics", "sides"),
            "the test of the primary is one-sided without a reason; it cannot see a loss",
            observed="one-sided",
            required="two-sided, or a reason",
            help="set `sides: two`, or add `sides_reason:` saying why a loss and no effect are the same to you",
        )


def _guardrail_alpha(plan: Experiment, cap: Share) -> Iterator[Finding]:
    tested = sum(metric.non_inferiority_margin is not None for metric in plan.guardrail_metrics)
    level = plan.statistics.guardrail_alpha if plan.statistics else None
    if not tested or (level is not None and 0 < level <= cap):
        return
    if level is None:
        have = "guardrail has a margin" if tested == 1 else "guardrails have margins"
        message = f"{tested} {have}, and the plan declares no level at which to rule {'it' if tested == 1 else 'them'} out"
    elif not level:
        message = f"no guardrail can pass a test at a level of {percent(level)}"
    else:
        message = (
            f"at {percent(level)} a guardrail that is worse by exactly its margin passes {odds(level)} times; "
            f"the policy allows {percent(cap)}"
        )
    yield _level_finding("guardrail_alpha", level, cap, message)
