"""The whole decision rule ships a true effect of the size of the MDE often enough.

Power counts only significance, but a change ships when every clause holds: lift, interval and each guardrail.
A clause "ship only if the lift is at least 1.5 %" with an MDE of 1.5 % ships half of the changes that are exactly
that good, whatever the sample, because the estimate lands below the truth as often as above.

For a true effect of the size of the MDE and harmless guardrails the chance to ship is

    min(power, Φ((MDE − min_lift)/SE), Φ((MDE − min_ci_lower)/SE − z)) × Π power of each guardrail's margin

taking the clauses as independent; whatever their dependence it is at least 1 − Σ failures (Bonferroni). With
`power_scope: decision` the plan promises its power for the whole decision: this lower bound must reach it, which
each test having power 1 − β/(G + 1) does, with G guardrails (Schultzberg, Ankargren and Frånberg 2024). With
`power_scope: primary` the chance must reach the policy's floor; where the guardrails alone fall below it,
guardrail-power says so, and where the sample is too small for the primary, sample-size does. A rule that ships at
most half of them is an error under any policy that has this rule, whatever else the plan leaves open: a `min_lift` of
the MDE or more takes no sample size and no guardrail to see.

Passes:

```yaml
decision_rule: {min_ci_lower: 0%, min_lift: 0.5%}
```

Fails at `/decision_rule/min_lift`, saying "at most half":

```yaml
decision_rule: {min_lift: 45bps}
```

Fails at `/decision_rule/min_lift`, saying "at most half":

```yaml
decision_rule: {min_lift: 45bps}
guardrail_metrics: {0: {baseline: null}, 1: {std_dev: null}, 2: {kind: null}}
```

Fails at `/decision_rule/min_lift`, saying "a true effect of 45bps would ship at most half of the time, whatever the sample":

```yaml
decision_rule: {min_lift: 50bps}
sample_size_per_variant: null
```

Fails at `/decision_rule/min_lift`, saying "would ship 68.3 % of the time, 55.4 % with every guardrail passing, because of `min_lift: 40bps`":

```yaml
decision_rule: {min_lift: 40bps}
```

Fails at `/decision_rule/min_ci_lower`, saying "at most half":

```yaml
decision_rule: {min_ci_lower: 25bps}
```

Fails at `/decision_rule/min_ci_lower`, saying "a true effect of 45bps would ship 81.7 % of the time":

```yaml
decision_rule: {min_ci_lower: 15bps}
```

A power of 95 % promised for the whole decision requires more of every test.

Fails at `/sample_size_per_variant`, saying "the whole decision 79.5 %":

```yaml
statistics: {power_scope: decision}
```

Passes:

```yaml
statistics: {power_scope: decision}
sample_size_per_variant: 330_000
```

Fails at `/sample_size_per_variant` with `floor: 84%`, saying "every clause":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 12%}}
sample_size_per_variant: 107_000
```

Guardrails that are too weak by themselves are guardrail-power's finding, and a small sample is sample-size's.

Passes:

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 6%}}
```

Passes:

```yaml
sample_size_per_variant: 60_000
```

Not checked at `/decision_rule/min_lift`:

```yaml
decision_rule: {min_lift: 40ms}
```

Does not apply:

```yaml
type: rollout
```

Not checked without `/decision_rule`.

Not checked without `/guardrail_metrics/1/std_dev`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from egp import stats
from egp.plan.analysis.design import Design
from egp.plan.analysis.larger_sample import larger_sample
from egp.plan.analysis.registered import (
    PRIMARY,
    baseline_of,
    guardrail_design,
    is_change_of,
    planned_units,
    primary_at,
    primary_control_units,
    primary_effect,
    primary_test,
    require_primary_test,
    required_power,
)
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import Finding, NotChecked, Related, need
from egp.plan.quantity import MetricChange, Share
from egp.plan.remedy import Remedy, advise, removal, setting
from egp.plan.wording import like, one_in, percent, power_below, power_text, share_text, unit_count
from egp.rules import rule
from egp.stats.values import NamedTuple, replace
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


_MOST_UNITS = 10**12
_DROPPED: dict[str, Remedy] = {
    "min_lift": removal(("decision_rule", "min_lift"), ", significance is required anyway"),
    "min_ci_lower": setting(("decision_rule", "min_ci_lower"), "0%"),
}
"""How a clause is taken out of the decision rule."""


class Params(rule.Params):
    floor: Annotated[
        Share, "least chance to ship a true effect of the size of the MDE", rule.Stricter("more")
    ] = Share(0.80)


class _Decision(NamedTuple):
    """The decision rule as tests: chances for any sample and any thresholds on the primary."""

    plan: Experiment
    primary: stats.PlannedTest
    effect: float
    guardrails: tuple[Design, ...]

    def chances(self, sample: float, min_lift: float, min_ci_lower: float) -> stats.DecisionPower:
        units = [guard.control_per_smallest * sample for guard in self.guardrails]
        return stats.decision_power(
            self.primary,
            self.effect,
            primary_control_units(self.plan, sample),
            [guard.test for guard in self.guardrails],
            min_lift,
            min_ci_lower,
            units,
        )


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    require_primary_test(plan)
    need(plan.decision_rule, "decision_rule")
    # What no guardrail can mend is said first: without a guardrail's numbers it is as true.
    try:
        min_lift, min_ci_lower = _threshold(plan, "min_lift"), _threshold(plan, "min_ci_lower")
        impossible = _at_most_half(plan, min_lift, min_ci_lower, params.floor)
    except NotChecked as missing:
        raise missing.escalated() from None
    if impossible:
        yield impossible
        return
    decision, sample = _decision(plan, _tested_guardrails(plan)), planned_units(plan)
    chances = decision.chances(sample, min_lift, min_ci_lower)
    plain = decision.chances(sample, 0.0, 0.0) if min_lift or min_ci_lower else chances
    if chances.primary < plain.primary - 1e-9 and chances.power < params.floor <= plain.power:
        yield _strict_clause(plan, decision, sample, chances, params.floor)
    elif plain.primary < required_power(plan) - 1e-9:
        return
    elif plan.statistics and plan.statistics.power_scope == "decision":
        if chances.lower_bound < required_power(plan):
            yield _broken_promise(plan, decision, sample, chances)
    elif chances.power < params.floor <= math.prod(chances.guardrails):
        yield _weak_decision(decision, sample, chances, params.floor)


def _tested_guardrails(plan: Experiment) -> list[tuple[Path, Metric]]:
    return [(path, metric) for path, metric in plan.guardrails if metric.non_inferiority_margin is not None]


def _decision(plan: Experiment, tested: Sequence[tuple[Path, Metric]]) -> _Decision:
    return _Decision(
        plan,
        primary_test(plan),
        primary_effect(plan),
        tuple(guardrail_design(plan, metric, path) for path, metric in tested),
    )


def _threshold(plan: Experiment, key: str) -> float:
    """A clause's bound in the metric's unit, towards the good; a bound below 0 requires no more than significance."""
    bound: MetricChange | None = getattr(plan.decision_rule, key)
    if bound is None or plan.type == "non_inferiority":
        return 0.0
    metric = primary_at(plan, PRIMARY)
    baseline = baseline_of(metric, PRIMARY)
    if not is_change_of(bound, baseline):
        raise NotChecked(("decision_rule", key))
    return max(0.0, bound.absolute(baseline.value))


def _at_most_half(plan: Experiment, min_lift: float, min_ci_lower: float, floor: float) -> Finding | None:
    """A clause of the primary that ships at most half of true effects of the size of the MDE."""
    if not min_lift and not min_ci_lower:
        return None
    try:
        alone, sample = _decision(plan, ()), planned_units(plan)
        chances = alone.chances(sample, min_lift, min_ci_lower)
        if chances.primary > 0.5 or chances.primary >= alone.chances(sample, 0.0, 0.0).primary - 1e-9:
            return None
    except NotChecked:
        if not min_lift or min_lift < abs(primary_effect(plan)):
            raise
        return _lift_of_the_mde(plan, floor)
    try:
        decision = _decision(plan, _tested_guardrails(plan))
        chances = decision.chances(sample, min_lift, min_ci_lower)
    except (NotChecked, stats.StatisticsInputError):
        decision = alone
    return _strict_clause(plan, decision, sample, chances, floor)


def _lift_of_the_mde(plan: Experiment, floor: float) -> Finding:
    """As ``_strict_clause`` for a plan that says too little to compute its numbers."""
    assert plan.decision_rule is not None
    bound, mde = plan.decision_rule.min_lift, primary_at(plan, PRIMARY).mde
    return Finding(
        ("decision_rule", "min_lift"),
        f"a true effect of {mde} would ship at most half of the time, whatever the sample, because of `min_lift: {bound}`",
        observed="at most 50 %",
        required=percent(floor),
        remedies=[_DROPPED["min_lift"]],
        related=(Related((*PRIMARY, "mde"), "the MDE"),),
        impossible=True,
    )


def _strict_clause(
    plan: Experiment, decision: _Decision, sample: float, chances: stats.DecisionPower, floor: float
) -> Finding:
    """The finding at the clause that stands in the way: the one whose removal helps more."""
    bounds = {key: _threshold(plan, key) for key in ("min_lift", "min_ci_lower")}
    without_lift = decision.chances(sample, 0.0, bounds["min_ci_lower"]).primary
    key = "min_lift" if without_lift > chances.primary else "min_ci_lower"
    bound: MetricChange = getattr(plan.decision_rule, key)
    mde = need(primary_at(plan, PRIMARY).mde, *PRIMARY, "mde")
    impossible = chances.primary <= 0.5
    return Finding(
        ("decision_rule", key),
        f"a true effect of {mde} would ship {'at most half' if impossible else power_text(chances.primary)} of the time"
        f"{f' ({power_text(chances.primary)})' if impossible else ''}{_guardrails_too(chances)}, because of "
        f"`{key}: {bound}`",
        observed=power_below(chances.power, floor),
        required=share_text(floor),
        remedies=partial(_looser, plan, decision, sample, key, floor),
        related=(Related((*PRIMARY, "mde"), "the MDE"),),
        impossible=impossible,
    )


def _guardrails_too(chances: stats.DecisionPower) -> str:
    return f", {power_text(chances.power)} with every guardrail passing" if chances.guardrails else ""


def _looser(plan: Experiment, decision: _Decision, sample: float, key: str, floor: float) -> list[Remedy]:
    """The largest bound of the clause with which the rule reaches the floor; without one, what else it takes."""
    bounds = {name: _threshold(plan, name) for name in _DROPPED}
    enough = _largest_bound(decision, sample, bounds, key, floor)
    if enough:
        return [enough]
    bounds[key] = 0.0
    other = next(name for name in bounds if name != key)
    too = _largest_bound(decision, sample, bounds, other, floor) if bounds[other] else None
    dropped = _DROPPED[key]
    if too is None:
        return [replace(dropped, after=f"{dropped.after}, and plan a larger MDE or wider margins")]
    return [Remedy((*dropped.edits, *too.edits), after=too.after)]


def _largest_bound(
    decision: _Decision, sample: float, bounds: Mapping[str, float], key: str, floor: float
) -> Remedy | None:
    """The clause, as loose as it must be for the floor; None where even without it the rule falls short."""

    def reaches(value: float) -> bool:
        chances = decision.chances(sample, **{**bounds, key: value})
        return chances.power >= floor and chances.primary > 0.5

    if not reaches(0.0):
        return None
    low, high = 0.0, bounds[key]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if reaches(middle) else (low, middle)
    if low <= 0.02 * bounds[key]:
        return _DROPPED[key]
    # Rounding to three digits moves a number by at most 0.5 %.
    plan = decision.plan
    written = like(low * 0.995, getattr(plan.decision_rule, key), primary_at(plan, PRIMARY).baseline)
    return setting(("decision_rule", key), written, " or less")


def _broken_promise(
    plan: Experiment, decision: _Decision, sample: float, chances: stats.DecisionPower
) -> Finding:
    wanted, tests = required_power(plan), len(chances.guardrails) + 1
    each = stats.guardrail_power_target(wanted, tests - 1)
    bounds = (_threshold(plan, "min_lift"), _threshold(plan, "min_ci_lower"))
    one_test = setting(("statistics", "power_scope"), "primary")

    def enough() -> int | None:
        return _least_sample(sample, lambda units: decision.chances(units, *bounds).lower_bound >= wanted)

    return Finding(
        ("sample_size_per_variant",),
        f"the plan promises {percent(wanted)} power for the whole decision; {unit_count(sample)} per variant give the "
        f"primary {power_text(chances.primary)} and the whole decision {power_below(chances.lower_bound, wanted)} at least",
        observed=power_below(chances.lower_bound, wanted),
        required=f"{share_text(wanted)} ({share_text(each)} for each of {tests} tests)",
        remedies=lambda: [_enough_units(plan, enough()), one_test],
        related=(Related(("statistics", "power_scope"), "the promise"),),
    )


def _weak_decision(decision: _Decision, sample: float, chances: stats.DecisionPower, floor: float) -> Finding:
    plan = decision.plan
    bounds = (_threshold(plan, "min_lift"), _threshold(plan, "min_ci_lower"))

    def enough() -> int | None:
        return _least_sample(sample, lambda units: decision.chances(units, *bounds).power >= floor)

    return Finding(
        ("sample_size_per_variant",),
        f"with {unit_count(sample)} per variant every clause of the decision holds {power_below(chances.power, floor)} of the "
        f"time for a true effect of the size of the MDE: {power_text(chances.primary)} for the primary"
        f"{_each_guardrail(chances)}",
        observed=power_below(chances.power, floor),
        required=share_text(floor),
        remedies=lambda: [_enough_units(plan, enough())],
        help="plan for a larger MDE or wider margins",
    )


def _each_guardrail(chances: stats.DecisionPower) -> str:
    return f", {power_text(math.prod(chances.guardrails))} for all guardrails" if chances.guardrails else ""


def _enough_units(plan: Experiment, enough: int | None) -> Remedy:
    return larger_sample(plan, enough) if enough else advise("plan a looser decision rule")


def _least_sample(declared: float, reaches: Callable[[float], bool]) -> int | None:
    """The smallest sample above the declared one that reaches the goal; None if none of a possible size does."""
    low, high = int(declared), 2 * int(declared)
    while not reaches(high):
        low, high = high, 2 * high
        if high > _MOST_UNITS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def costs(broken: Broken) -> Iterator[str]:
    """How many launches that are worth it the plan's own rule turns down."""
    plan = broken.plan
    bounds = (_threshold(plan, "min_lift"), _threshold(plan, "min_ci_lower"))
    chances = _decision(plan, _tested_guardrails(plan)).chances(planned_units(plan), *bounds)
    is_promise = plan.statistics is not None and plan.statistics.power_scope == "decision"
    phrase = one_in(
        1 - (chances.lower_bound if is_promise and broken.at[0] != "decision_rule" else chances.power)
    )
    worth = "do no harm" if plan.type == "non_inferiority" else "are worth it at the MDE"
    yield f"{phrase[:1].upper()}{phrase[1:]} launches that {worth} would be turned down by the plan's own rule."


def picture(broken: Broken) -> Picture:
    """Changes that truly lift by the MDE, and how many the plan's own rule turns down."""
    from egp.plan.picture import Picture, Tally
    from egp.rules.pictures import IMPROVEMENTS, moves_well, share_of

    plan = broken.plan
    bounds = (_threshold(plan, "min_lift"), _threshold(plan, "min_ci_lower"))
    chances = _decision(plan, _tested_guardrails(plan)).chances(planned_units(plan), *bounds)
    is_promise = plan.statistics is not None and plan.statistics.power_scope == "decision"
    lost = 1 - (chances.lower_bound if is_promise and broken.at[0] != "decision_rule" else chances.power)
    title, named = "true improvements", f"changes that truly {moves_well(plan)} by the MDE"
    if plan.type == "non_inferiority":
        title = named = "changes that do no harm"
    share = share_of(named, lost, IMPROVEMENTS)
    says = f"The plan's own rule turns {one_in(lost)} of them down ({percent(lost, 1)})."
    return Picture(f"{IMPROVEMENTS} {title}", says, Tally([share], "turned down", "launched"))


LEVERS = "sample"
"""What frees a plan from it."""
