"""Every key that promises something is one that is applied.

A key that looks like a safeguard and changes nothing is worse than none: whoever reads the plan relies on it. So what neither
the readout nor the gate will look at is not in the plan: an MDE of a guardrail, which is judged by its margin; a margin of the
primary metric of a superiority plan, which is judged by its effect; the test of a plan that makes none; a prior of a rule that
counts days; a share of a segment that is not named; and a decision rule that requires less than nothing.

Passes:

```yaml
guardrail_metrics: {0: {segment: new_users, segment_share: 15%}}
```

Fails at `/guardrail_metrics/0/mde`, saying "a guardrail is judged by its margin":

```yaml
guardrail_metrics: {0: {mde: 3%}}
```

Fails at `/primary_metric/non_inferiority_margin`, saying "a superiority plan is judged by its effect":

```yaml
primary_metric: {non_inferiority_margin: 2%}
```

Fails at `/primary_metric/quantile`, saying "add_to_cart_rate is a proportion":

```yaml
primary_metric: {quantile: 95%}
```

Fails at `/guardrail_metrics/1/influence_std_dev`, saying "cs_contacts is a mean":

```yaml
guardrail_metrics: {1: {influence_std_dev: 0.3}}
```

Fails at `/guardrail_metrics/0/segment_share`, saying "no `segment`":

```yaml
guardrail_metrics: {0: {segment_share: 15%}}
```

Fails at `/stop_rules/2/prior`, saying "counts days":

```yaml
stop_rules: {2: {prior: flat}}
```

Fails at `/stop_rules/1/evaluated`, saying "counts weeks":

```yaml
stop_rules: {1: {evaluated: hourly}}
```

Fails at `/decision_rule/min_lift`, saying "any significant effect is more":

```yaml
decision_rule: {min_lift: -5%}
```

Fails at `/decision_rule/min_ci_lower`, saying "a rollout makes no test":

```yaml
type: rollout
```

Fails at `/statistics/looks`, saying "a rollout makes no test":

```yaml
type: rollout
decision_rule: null
sample_size_per_variant: null
```

Passes:

```yaml
type: rollout
decision_rule: null
sample_size_per_variant: null
statistics: {looks: null, spending: null, method: null, correction: null, variance_reduction: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.registered import has_primary_test
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import Finding
from egp.plan.remedy import removal
from egp.plan.wording import called
from egp.yaml import Path

TEST_KEYS = ("method", "spending", "spending_parameter", "looks", "correction", "variance_reduction")
"""Keys of `statistics` that say how the primary metric is tested."""


def check(plan: Experiment) -> Iterator[Finding]:
    for path, metric in plan.metrics:
        yield from _metric(plan, path, metric)
    yield from _stop_rules(plan)
    if has_primary_test(plan):
        yield from _asks_nothing(plan)
    elif plan.type in ("rollout", "holdback"):
        yield from _no_test(plan)


def _metric(plan: Experiment, path: Path, metric: Metric) -> Iterator[Finding]:
    name = called(metric.id, "the metric")
    if path[0] == "guardrail_metrics":
        for key in ("target",) if metric.any_harm else ("mde", "target"):
            if getattr(metric, key) is not None:
                yield _idle((*path, key), "a guardrail is judged by its margin")
    if (
        path == ("primary_metric",)
        and plan.type == "superiority"
        and metric.non_inferiority_margin is not None
    ):
        yield _idle((*path, "non_inferiority_margin"), "a superiority plan is judged by its effect")
    if metric.kind is not None and metric.kind != "quantile":
        for key in ("quantile", "influence_std_dev"):
            if getattr(metric, key) is not None:
                yield _idle((*path, key), f"{name} is a {metric.kind}")
    if metric.segment_share is not None and metric.segment is None:
        yield _idle((*path, "segment_share"), f"{name} has no `segment`")


def _stop_rules(plan: Experiment) -> Iterator[Finding]:
    for position, rule in enumerate(plan.stop_rules):
        if rule.probability is not None:
            continue
        counts = "days" if rule.for_ is not None else "weeks" if rule.significant_harm_for is not None else ""
        for key in ("prior", "evaluated"):
            if counts and getattr(rule, key) is not None:
                name = called(rule.id, "the rule")
                yield _idle(("stop_rules", position, key), f"{name} counts {counts}, and has no probability")


def _asks_nothing(plan: Experiment) -> Iterator[Finding]:
    rule = plan.decision_rule
    if rule and rule.min_lift is not None and rule.min_lift.value < 0 and plan.type == "superiority":
        yield _idle(("decision_rule", "min_lift"), "any significant effect is more")


def _no_test(plan: Experiment) -> Iterator[Finding]:
    without = " without looks" if plan.type == "holdback" else ""
    why = f"a {plan.type}{without} makes no test"
    statistics, rule = plan.statistics, plan.decision_rule
    for key in TEST_KEYS:
        if statistics and getattr(statistics, key) not in (None, (), "none"):
            yield _idle(("statistics", key), why)
    for key in ("min_ci_lower", "min_lift", "withdraw"):
        if rule and getattr(rule, key) is not None:
            yield _idle(("decision_rule", key), why)
    if plan.negative_controls:
        yield _idle(("negative_controls",), why)
    if plan.sample_size_per_variant is not None:
        yield _idle(("sample_size_per_variant",), why)


def _idle(at: Path, why: str) -> Finding:
    return Finding(
        at,
        f"`{at[-1]}` changes nothing here: {why}",
        observed="not applied",
        required="a key that is applied",
        remedies=[removal(at)],
        yields_in_place=True,
    )
