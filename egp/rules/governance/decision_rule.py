"""When to ship, what happens otherwise and which options there are is agreed before any result.

A decision rule written after the results is a description of what somebody wanted. The plan says from which interval
or lift on the treatment ships, what happens otherwise, and at least three options, so that the meeting after the
readout chooses and does not invent. `min_ci_lower` is the least lower end of the interval, `min_lift` the least point
estimate; a non-inferiority plan has its margin for that. In a superiority plan a lower end below 0 % would ship what
the test could not tell from harm. A `rollout` is decided by its margins and stop rules and a `holdback` decides
nothing, so neither has a decision rule.

Passes:

```yaml
decision_rule: {min_ci_lower: 0%, otherwise: keep_control, options: [ship, keep_control, narrower_rerun]}
```

Passes:

```yaml
decision_rule: {min_ci_lower: null, min_lift: 20bps}
```

Fails at `/decision_rule`:

```yaml
decision_rule: null
```

Fails at `/decision_rule/min_ci_lower`, saying "does not say when to ship":

```yaml
decision_rule: {min_ci_lower: null}
```

Fails at `/decision_rule/min_ci_lower`, saying "from an interval down to -1% on":

```yaml
decision_rule: {min_ci_lower: -1%}
```

Fails at `/decision_rule/otherwise`, saying "does not say what happens":

```yaml
decision_rule: {otherwise: null}
```

Fails at `/decision_rule/otherwise`, saying "rerun is none of the options":

```yaml
decision_rule: {otherwise: rerun}
```

Fails at `/decision_rule/options`, saying "2 options":

```yaml
decision_rule: {options: [ship, keep_control, Ship]}
```

Passes with `options: 2`:

```yaml
decision_rule: {options: [ship, keep_control]}
```

Passes:

```yaml
type: non_inferiority
decision_rule: {min_ci_lower: null}
primary_metric: {non_inferiority_margin: 2%}
```

Passes:

```yaml
type: rollout
decision_rule: null
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp import rule
from egp.experiment import DecisionRule, Experiment
from egp.finding import Finding
from egp.quantity import shown
from egp.wording import counted


class Params(rule.Params):
    options: Annotated[int, "least number of options to choose from"] = 3


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if plan.type in ("rollout", "holdback"):
        return
    decision = plan.decision_rule
    if decision is None:
        yield _open(
            "", "the plan does not say when to ship",
            "add `decision_rule: {min_ci_lower: 0%, otherwise: keep_control, options: [...]}`",
        )  # fmt: skip
        return
    yield from _criterion(plan, decision)
    yield from _otherwise(decision)
    options = {option.strip().casefold() for option in decision.options}
    if len(options) < params.options:
        yield Finding(
            ("decision_rule", "options"),
            f"the decision rule has {counted(len(options), 'option')}; the policy asks for {params.options}",
            observed=counted(len(options), "option"),
            required=counted(params.options, "option"),
            help="add options that comply with the policy, as in `[ship, keep_control, narrower_rerun]`",
        )


def _criterion(plan: Experiment, decision: DecisionRule) -> Iterator[Finding]:
    lower = decision.min_ci_lower
    if lower is None and decision.min_lift is None:
        by_margin = plan.primary_metric is not None and plan.primary_metric.non_inferiority_margin is not None
        if plan.type != "non_inferiority" or not by_margin:
            yield _open(
                "min_ci_lower", "the decision rule does not say when to ship", "add `min_ci_lower: 0%`"
            )
    increase = plan.primary_metric is not None and plan.primary_metric.direction == "increase"
    if lower is not None and lower.value < 0 and increase and plan.type == "superiority":
        yield Finding(
            ("decision_rule", "min_ci_lower"),
            f"the treatment ships from an interval down to {lower} on, which has harm in it",
            observed=str(lower),
            required="0 % or more",
            help="set `min_ci_lower: 0%`, or register `type: non_inferiority` with a margin",
        )


def _otherwise(decision: DecisionRule) -> Iterator[Finding]:
    otherwise = (decision.otherwise or "").strip()
    options = {option.strip().casefold() for option in decision.options}
    if not otherwise:
        yield _open("otherwise", "the decision rule does not say what happens otherwise",
                    "add `otherwise: keep_control`")  # fmt: skip
    elif options and otherwise.casefold() not in options:
        yield Finding(
            ("decision_rule", "otherwise"),
            f"{shown(otherwise)} is none of the options",
            observed=shown(otherwise),
            required="one of the options",
            help=f"add `{shown(otherwise)}` to the options, or choose one of them",
        )


def _open(key: str, message: str, advice: str) -> Finding:
    at = ("decision_rule", key) if key else ("decision_rule",)
    return Finding(at, message, observed="not declared", required="agreed before any result", help=advice)
