"""When to ship, what happens otherwise and which options there are is agreed before any result.

A decision rule written after the results is a description of what somebody wanted. The plan says from which interval
or lift on the treatment ships, what happens otherwise, and at least three options, so that the meeting after the
readout chooses and does not invent. `min_ci_lower` is the least lower end of the interval, `min_lift` the least point
estimate; a non-inferiority plan has its margin for that. In a superiority plan a lower end below 0 % would ship what
the test could not tell from harm. `otherwise` is what happens when the rule is not met, so it does not ship the
treatment: an option whose name begins with ship, launch, release or roll out does, and so does a treatment's id. A
`rollout` is decided by its margins and stop rules, and a `holdback` decides nothing unless it tests its primary on the
days of its `looks`, so neither has a decision rule.

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

Fails at `/decision_rule/min_ci_lower`, saying "missing `decision_rule.min_ci_lower`":

```yaml
decision_rule: {min_ci_lower: null}
```

Fails at `/decision_rule/min_ci_lower`, saying "whose interval reaches into harm":

```yaml
decision_rule: {min_ci_lower: -1%}
```

Fails at `/decision_rule/min_ci_lower`, saying "is written without the minus":

```yaml
primary_metric: {direction: decrease}
decision_rule: {min_ci_lower: -15bps}
```

Fails at `/decision_rule/otherwise`, saying "missing `decision_rule.otherwise`":

```yaml
decision_rule: {otherwise: null}
```

Fails at `/decision_rule/otherwise`, saying "rerun is none of the options":

```yaml
decision_rule: {otherwise: rerun}
```

Fails at `/decision_rule/otherwise`, saying "otherwise means ship, so the treatment ships whatever the readout says":

```yaml
decision_rule: {otherwise: ship}
```

Fails at `/decision_rule/otherwise`, saying "buy_now":

```yaml
decision_rule: {otherwise: buy_now, options: [buy_now, keep_control, narrower_rerun]}
```

Fails at `/decision_rule/otherwise`, saying "missing `decision_rule.otherwise`":

```yaml
decision_rule: {otherwise: TBD}
```

Fails at `/decision_rule/options`, saying "2 options":

```yaml
decision_rule: {options: [ship, keep_control, "..."]}
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

Does not apply:

```yaml
type: rollout
decision_rule: null
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.registered import has_primary_test
from egp.plan.analysis.statements import ships, stated
from egp.plan.experiment import DecisionRule, Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.plan.remedy import Remedy, addition, advise, setting
from egp.plan.wording import counted
from egp.rules import rule
from egp.yaml.edits import APPEND, Addition, Setting

EXAMPLES = ("ship", "keep_control", "narrower_rerun", "longer_rerun")
_LOWER = ("decision_rule", "min_ci_lower")


class Params(rule.Params):
    options: Annotated[int, "least number of options to choose from", rule.Stricter("more")] = 3


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if plan.type in ("rollout", "holdback") and not has_primary_test(plan):
        raise DoesNotApply
    decision = plan.decision_rule
    if decision is None:
        criterion = {} if _decides_by_margin(plan) else {"min_ci_lower": "0%"}
        options = list(EXAMPLES[: max(3, params.options)])
        whole = {**criterion, "otherwise": EXAMPLES[1], "options": options}
        yield _open(
            "",
            "missing `decision_rule`: which result ships the change, and what happens otherwise?",
            addition(("decision_rule",), whole),
        )
        return
    yield from _criterion(plan, decision)
    yield from _otherwise(plan, decision)
    present = counted(len(_names(decision)), "option")
    if len(_names(decision)) < params.options:
        yield Finding(
            ("decision_rule", "options"),
            f"the decision rule has {present}; the policy requires {params.options}",
            observed=present,
            required=counted(params.options, "option"),
            remedies=[_more_options(decision, params.options)],
        )


def _criterion(plan: Experiment, decision: DecisionRule) -> Iterator[Finding]:
    lower = decision.min_ci_lower
    if lower is None and decision.min_lift is None and not _decides_by_margin(plan):
        missing = (
            "missing `decision_rule.min_ci_lower` (or `min_lift`): from which result on does the change ship?"
        )
        yield _open("min_ci_lower", missing, addition(_LOWER, "0%"))
    if lower is not None and lower.value < 0 and plan.type == "superiority":
        falls = plan.primary_metric is not None and plan.primary_metric.direction == "decrease"
        benefit = "; a fall of a metric that should fall is written without the minus" if falls else ""
        yield Finding(
            _LOWER,
            f"`min_ci_lower: {lower}` would ship a treatment whose interval reaches into harm{benefit}",
            observed=str(lower),
            required="0 % or more",
            remedies=[
                setting(_LOWER, "0%"),
                *([setting(_LOWER, str(lower).lstrip("-"), " for a fall by that")] if falls else []),
            ],
            help="register a non-inferiority plan with a margin",
        )


def _decides_by_margin(plan: Experiment) -> bool:
    """Whether no bound of the rule would be applied; that the plan lacks its margin is a finding of mde-declared."""
    return plan.type == "non_inferiority"


def _names(decision: DecisionRule) -> set[str]:
    return {option.strip().casefold() for option in decision.options if stated(option)}


def _otherwise(plan: Experiment, decision: DecisionRule) -> Iterator[Finding]:
    otherwise, options = stated(decision.otherwise), _names(decision)
    if otherwise and not ships(plan, otherwise) and (not options or otherwise.casefold() in options):
        return
    harmless = _harmless(plan, decision)
    if not otherwise:
        missing = "missing `decision_rule.otherwise`: what happens if the change does not ship?"
        yield _open("otherwise", missing, harmless)
    elif ships(plan, otherwise):
        yield Finding(
            ("decision_rule", "otherwise"),
            f"otherwise means {shown(otherwise)}, so the treatment ships whatever the readout says",
            observed=shown(otherwise),
            required="a decision that does not ship",
            remedies=[harmless],
        )
    else:
        agreed = Remedy((Addition(("decision_rule", "options", APPEND), otherwise),))
        yield Finding(
            ("decision_rule", "otherwise"),
            f"{shown(otherwise)} is none of the options",
            observed=shown(otherwise),
            required="one of the options",
            remedies=[agreed] if agreed.edits[0] in harmless.edits else [harmless, agreed],
        )


def _harmless(plan: Experiment, decision: DecisionRule) -> Remedy:
    """What to do otherwise: an option that does not ship, or the usual one."""
    options = [option for option in map(stated, decision.options) if option]
    harmless = [option for option in options if not ships(plan, option)]
    chosen = Setting(("decision_rule", "otherwise"), harmless[0] if harmless else EXAMPLES[1])
    if harmless or not options:
        return Remedy((chosen,))
    return Remedy((chosen, Addition(("decision_rule", "options", APPEND), EXAMPLES[1])))


def _more_options(decision: DecisionRule, least: int) -> Remedy:
    """The options as they are, and enough of the usual ones beside them."""
    kept = {option.strip().casefold(): option for option in decision.options if stated(option)}
    new = [option for option in EXAMPLES if option not in kept][: least - len(kept)]
    if len(kept) + len(new) < least:
        return advise(f"add {counted(least - len(kept), 'option')} that comply with the policy")
    others = ", or add others that comply with the policy"
    return setting(("decision_rule", "options"), [*kept.values(), *new], others)


def _open(key: str, message: str, remedy: Remedy) -> Finding:
    at = ("decision_rule", key) if key else ("decision_rule",)
    return Finding(at, message, "missing", "a decision rule agreed before any result", remedies=[remedy])
