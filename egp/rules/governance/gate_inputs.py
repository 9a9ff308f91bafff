"""The plan says everything that the gate will need of it.

The gate decides from the plan as it was registered: what is missing then is not checked, and holds the launch when nothing can
be added any more. So it is required before: the build that is tested, as `revision` of the plan or of each treatment; of
every metric that is judged its `kind` and its good `direction`; of guardrails and of the primary metric their `baseline`,
how long an outcome needs, as `outcome_window`, and unless it is a proportion how much it varies between units, on which its
precision depends; the sample, the level of the guardrails and the rule for shipping; a second week, which the gate compares
with the first; the days of a canary; and of every stage how long it lasts.

Passes:

```yaml
revision: null
variants: {1: {revision: web-8841}}
```

Fails at `/revision`, saying "does not say which build is tested":

```yaml
revision: null
```

Fails at `/guardrail_metrics/1/kind`, saying "cs_contacts":

```yaml
guardrail_metrics: {1: {kind: null}}
```

Fails at `/guardrail_metrics/1/baseline`:

```yaml
guardrail_metrics: {1: {baseline: null}}
```

Fails at `/guardrail_metrics/0/outcome_window`, saying "how long an outcome of refund_rate needs":

```yaml
guardrail_metrics: {0: {outcome_window: null, judged_on: all_units}}
```

Fails at `/guardrail_metrics/1/std_dev`, saying "how much cs_contacts varies":

```yaml
guardrail_metrics: {1: {std_dev: null}}
```

A mean that adds up and a quantile are judged as they are found at the readout, if the plan names no window.

Passes:

```yaml
guardrail_metrics: {1: {outcome_window: null}, 2: {outcome_window: null}}
```

Fails at `/primary_metric/outcome_window`:

```yaml
primary_metric: {outcome_window: null}
```

Fails at `/secondary_metrics/0/kind`, saying "orders, which a limit or a stop rule watches":

```yaml
secondary_metrics: [{id: orders, direction: increase, limit: {min: 1%}}]
```

Passes:

```yaml
secondary_metrics: [{id: orders}]
```

Fails at `/canary/end`, saying "when the canary ends":

```yaml
canary: {end: null}
```

Fails at `/ramp/0/min_dwell`, saying "how long stage 1 lasts":

```yaml
ramp: {0: {min_dwell: null}}
```

Fails at `/statistics/guardrail_alpha`:

```yaml
statistics: {guardrail_alpha: null}
```

Fails at `/sample_size_per_variant`:

```yaml
sample_size_per_variant: null
```

Fails at `/decision_rule`, saying "when to ship":

```yaml
decision_rule: null
```

Fails at `/schedule/end`, saying "the readout comes 7 days after the start":

```yaml
schedule: {end: 2023-01-29}
statistics: {looks: [2023-01-30]}
```

A rollout has no test whose outcomes would be waited for.

Passes:

```yaml
type: rollout
primary_metric: {outcome_window: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.days import day_after, first_full_day, last_day, readout_day
from egp.plan.analysis.registered import has_primary_test
from egp.plan.analysis.rescheduling import known_at_once
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import Finding
from egp.plan.remedy import Remedies, addition
from egp.plan.wording import called, counted, ordinal_stage
from egp.yaml import Path

ASKED = {
    "kind": ("how {} is computed", "add `kind:` with proportion, mean, ratio or quantile"),
    "direction": ("which direction of {} is good", ""),
    "baseline": ("the baseline of {}, which its margin is a part of", "add `baseline:` with its value today, as in 12%, 1900ms or 0.042"),
    "outcome_window": (
        "how long an outcome of {} needs", "",
    ),
    "std_dev": ("how much {} varies between units", "add `std_dev:`, measured per unit in the unit of the baseline"),
    "influence_std_dev": (
        "how much {} varies between units", "add `influence_std_dev:`, the measured standard deviation of its influence function",
    ),
}  # fmt: skip
"""Key of a metric → what the plan does not say without it, and what to add where no value can be proposed."""

FORTNIGHT = 14
SPREADS = {"mean": ("std_dev",), "ratio": ("std_dev",), "quantile": ("influence_std_dev",)}


def check(plan: Experiment) -> Iterator[Finding]:
    treatments = [variant for variant in plan.variants or () if not variant.control]
    if plan.revision is None and not (treatments and all(each.revision for each in treatments)):
        yield _unsaid(
            ("revision",),
            "which build is tested",
            "add `revision:` with the name of the build, as in web-8841",
        )
    for path, metric in plan.metrics:
        for key in _needed(plan, path, metric):
            if getattr(metric, key) is None:
                what, advice = ASKED[key]
                yield _unsaid((*path, key), what.format(_named(path, metric)), advice, _proposed(path, key))
    yield from _readout(plan)
    yield from _stages(plan)


def _readout(plan: Experiment) -> Iterator[Finding]:
    """What the gate requires once the test has run."""
    statistics = plan.statistics
    if plan.guardrail_metrics and (statistics is None or statistics.guardrail_alpha is None):
        yield _unsaid(
            ("statistics", "guardrail_alpha"),
            "at which level guardrails are judged",
            remedies=[addition(("statistics", "guardrail_alpha"), "5%")],
        )
    if not has_primary_test(plan):
        return
    if plan.sample_size_per_variant is None:
        at: Path = ("sample_size_per_variant",)
        yield _unsaid(
            at, "how many units it takes", "add `sample_size_per_variant:`; egp power PLAN computes it"
        )
    if plan.type == "superiority" and plan.decision_rule is None:
        yield _unsaid(("decision_rule",), "when to ship", "add a `decision_rule`")
    yield from _second_week(plan)


def _second_week(plan: Experiment) -> Iterator[Finding]:
    """The gate compares the second week with the first, to tell an effect from a novelty."""
    metric, schedule = plan.primary_metric, plan.schedule
    if (
        plan.type == "holdback"
        or metric is None
        or metric.kind == "quantile"
        or not (schedule and schedule.start and schedule.end)
    ):
        return
    first, read = first_full_day(plan), readout_day(plan)
    if first <= last_day(plan) and (read - first).days < FORTNIGHT:
        yield Finding(
            ("schedule", "end"),
            f"the readout comes {counted((read - first).days, 'day')} after the start; the gate compares the effect of the "
            "second week with that of the first",
            observed=counted((read - first).days, "day"),
            required=f"{FORTNIGHT} days",
            help=f"run until {day_after(first, FORTNIGHT - 1)}, and read later",
            yields_in_place=True,
        )


def _needed(plan: Experiment, path: Path, metric: Metric) -> tuple[str, ...]:
    """Keys without which the gate cannot judge the metric."""
    is_guardrail = path[0] == "guardrail_metrics"
    if path[0] == "negative_controls":
        return ("kind",) if has_primary_test(plan) else ()
    if is_guardrail and metric.any_harm:
        return ("kind", "direction")
    if path[0] == "secondary_metrics":
        is_watched = metric.limit or any(rule.metric == metric.id for rule in plan.stop_rules)
        return ("kind", "direction") if is_watched else ()
    if not is_guardrail and not has_primary_test(plan):
        return ()
    if not has_primary_test(plan):
        return ("kind", "direction", "baseline")
    waits = ("outcome_window",) if not is_guardrail or metric.kind == "proportion" else ()
    spread = SPREADS.get(metric.kind or "", ())
    return ("kind", "direction", "baseline", *waits, *spread)


def _named(path: Path, metric: Metric) -> str:
    name = called(metric.id, "a metric without an id")
    return f"{name}, which a limit or a stop rule watches," if path[0] == "secondary_metrics" else name


def _stages(plan: Experiment) -> Iterator[Finding]:
    canary = plan.canary
    if canary and canary.treated:
        for key, word in (("start", "begins"), ("end", "ends")):
            if getattr(canary, key) is None:
                yield _unsaid(("canary", key), f"when the canary {word}", f"add `{key}:` with the day")
    for position, stage in enumerate(plan.ramp):
        if stage.min_dwell is None:
            name = ordinal_stage(position)
            at: Path = ("ramp", position, "min_dwell")
            yield _unsaid(at, f"how long {name} lasts", remedies=[addition(at, "48h", ", or more")])


def _proposed(path: Path, key: str) -> Remedies:
    if key == "direction":
        at = (*path, key)
        return [addition(at, "decrease", " where less is better"), addition(at, "increase")]
    return [known_at_once(path)] if key == "outcome_window" else ()


def _unsaid(at: Path, what: str, advice: str = "", remedies: Remedies = ()) -> Finding:
    return Finding(
        at, f"the plan does not say {what}, and the gate needs it", "missing", "a value before registration", advice,
        yields_in_place=True, remedies=remedies,
    )  # fmt: skip
