"""The gate can decide what the plan registers, by the test that it registers.

Some designs make sense on paper and cannot be decided from aggregates: such a plan would run to its end and then
wait for ever. It is given the nearest design that works, before it starts.

No covariate adjusts a quantile; quantiles do not add up over days, so that no row tells what an earlier look saw;
Dunnett's level holds at one look.

A plan with several looks tests its guardrails' margins at each of them, so that it says with
`statistics.guardrail_spending` how the looks share `guardrail_alpha`; each guardrail spends it by the units that it is
judged on. A margin, `min_lift` or `min_ci_lower` in per cent is relative to the control that is observed, which has to be
clearly above zero, by four standard errors at the planned sample. And a key that the gate would not apply is refused,
because whoever wrote it counts on it.

Passes:

```yaml
statistics: {method: fixed_horizon}
```

Passes:

```yaml
primary_metric: {kind: ratio, baseline: 0.38, std_dev: 1.9, mde: 7%, target: 8%}
```

Fails at `/statistics/variance_reduction/method`, saying "is a quantile, which no covariate adjusts":

```yaml
primary_metric: {kind: quantile, quantile: 95%, direction: decrease, baseline: 1900ms, influence_std_dev: 5200ms, mde: 60ms}
```

Passes:

```yaml
analysis_unit: session
statistics: {clustering: {method: delta_method, mean_size: 4, icc: 0.1}}
```

Fails at `/statistics/method`, saying "which does not add up over days":

```yaml
primary_metric: {kind: quantile, quantile: 95%, direction: decrease, baseline: 1900ms, influence_std_dev: 5200ms, mde: 60ms}
statistics: {method: group_sequential, spending: obrien_fleming, guardrail_spending: pocock, looks: [2023-01-30, 2023-02-06], variance_reduction: null}
```

Fails at `/statistics/correction`, saying "does not hold the error of several":

```yaml
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 30%}, {id: banner, weight: 30%}]
statistics: {correction: dunnett, method: group_sequential, spending: obrien_fleming, guardrail_spending: pocock, looks: [2023-01-30, 2023-02-06]}
```

Passes:

```yaml
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 30%}, {id: banner, weight: 30%}]
statistics: {correction: holm, method: group_sequential, spending: obrien_fleming, guardrail_spending: pocock, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/statistics/guardrail_spending`, saying "nothing says how these share guardrail_alpha":

```yaml
statistics: {method: group_sequential, spending: obrien_fleming, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/statistics/spending_parameter`, saying "no γ is declared":

```yaml
statistics: {method: group_sequential, spending: obrien_fleming, guardrail_spending: hwang_shih_decani, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/primary_metric/judged_on`, saying "at an early look the outcomes of the latest have not matured":

```yaml
primary_metric: {outcome_window: 3d}
statistics: {method: group_sequential, spending: obrien_fleming, guardrail_spending: pocock, looks: [2023-01-30, 2023-02-09]}
```

Fails at `/guardrail_metrics/2/judged_on`, saying "does not tell matured units from others":

```yaml
guardrail_metrics: {2: {outcome_window: 1d, judged_on: matured_cohort}}
```

Fails at `/guardrail_metrics/1/non_inferiority_margin`, saying "is not clearly above zero":

```yaml
guardrail_metrics: {1: {baseline: -0.2, std_dev: 4}}
```

Fails at `/decision_rule/min_ci_lower`, saying "a non-inferiority plan ships by its margin":

```yaml
type: non_inferiority
primary_metric: {mde: null, target: null, non_inferiority_margin: 40bps}
statistics: {sides: one}
```

Fails at `/statistics/guardrail_spending`, saying "is not applied: the plan has one look":

```yaml
statistics: {guardrail_spending: pocock}
```

Does not apply:

```yaml
type: rollout
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.decidable import undecidable
from egp.plan.analysis.registered import require_primary_test
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    seen: set[tuple[object, ...]] = set()
    for each in undecidable(plan):
        if each.at not in seen:
            seen.add(each.at)
            yield Finding(
                each.at,
                each.problem,
                observed="no test of the gate" if each.metric else "a key without an effect",
                required="a test that the gate decides" if each.metric else "a key that is applied",
                remedies=each.nearest,
                # Whoever has yet to say how units resemble each other learns that first.
                yields_to=frozenset({"unit-mismatch"}),
            )
