"""Every guardrail has a threshold, a good direction and an action.

A guardrail without a number agreed beforehand turns into an opinion on the day it moves. The threshold is a
`non_inferiority_margin`, the largest harm that is still acceptable, or a `limit`, an absolute bound. The direction says
which side is harm; the action says what a breach leads to. A margin of 0 is no threshold, since no sample rules out
every harm, and neither is a relative margin of a baseline of 0. A margin or a limit is in a unit that the metric has, and a
limit bounds the side on which harm lies. A limit that stands alone lies beyond the baseline on that side: one that
control itself breaks says nothing of the treatment. Beside a margin, and with `action: hold`, it may require more than the
baseline, as a launch criterion does; with a roll back `hair-trigger` refuses it.

A guardrail of which no harm is tolerated and that decides nothing says `any_harm: inform`: the gate reports significant harm,
and neither holds nor rolls back for it ([any-harm](any-harm.md) says what it would notice).

Passes:

```yaml
guardrail_metrics:
  - {id: availability, direction: increase, baseline: 99.95%, limit: {min: 99.9%}, action: rollback}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "no harm to refund_rate, however large, would stop this launch":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: null}}
```

Fails at `/guardrail_metrics/2/limit`:

```yaml
guardrail_metrics: {2: {limit: {max: null}}}
```

Fails at `/guardrail_metrics/1/direction`:

```yaml
guardrail_metrics: {1: {direction: null}}
```

Fails at `/guardrail_metrics/1/action`:

```yaml
guardrail_metrics: {1: {action: null}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "a margin of 0%":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 0%}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "8% of a baseline of 0%":

```yaml
guardrail_metrics: {0: {baseline: 0%}}
```

Fails at `/guardrail_metrics/2/non_inferiority_margin`, saying "0.5pp cannot be a change of a baseline of 1900ms":

```yaml
guardrail_metrics: {2: {non_inferiority_margin: 0.5pp}}
```

Fails at `/guardrail_metrics/2/limit/max`, saying "2100 cannot be a value of a metric with a baseline of 1900ms":

```yaml
guardrail_metrics: {2: {limit: {max: 2100}}}
```

Fails at `/guardrail_metrics/2/limit`, saying "where an increase is harm":

```yaml
guardrail_metrics: {2: {limit: {min: 1500ms, max: null}}}
```

Fails at `/guardrail_metrics/2/limit/max`, saying "a maximum of 0ms is broken by control, at a baseline of 1900ms":

```yaml
guardrail_metrics: {2: {limit: {max: 0ms}, non_inferiority_margin: null}}
```

Passes:

```yaml
guardrail_metrics: {2: {limit: {max: 1800ms}}}
```

Does not apply without `/guardrail_metrics`.

Fails at `/guardrail_metrics/2/limit`, saying "no value":

```yaml
guardrail_metrics: {2: {limit: {min: 2200ms}}}
```

Fails at `/guardrail_metrics/2/limit`, saying "no value lies between":

```yaml
guardrail_metrics: {2: {limit: {min: 2200ms}, direction: null}}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.registered import is_change_of, planned_units
from egp.plan.experiment import Experiment, Limit, Metric
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import Measure, MetricChange
from egp.plan.remedy import Remedy, addition, advise
from egp.plan.wording import called, percent
from egp.stats import StatisticsInputError
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


def check(plan: Experiment) -> Iterator[Finding]:
    if not plan.guardrail_metrics:
        raise DoesNotApply
    for path, metric in plan.informing:
        if metric.direction is None:
            yield _no_direction(metric, path)
    for path, metric in plan.guardrails:
        margin, limit = metric.non_inferiority_margin, metric.limit
        if margin is not None:
            yield from _margin_faults(margin, metric, path)
        if limit is not None:
            yield from _limit_faults(limit, metric, path)
        if margin is None and limit is None:
            yield _no_threshold(plan, metric, path)
        if metric.direction is None:
            yield _no_direction(metric, path)
        if metric.action is None:
            yield _no_action(metric, path)


def _name(metric: Metric) -> str:
    return called(metric.id, "this guardrail")


def _no_threshold(plan: Experiment, metric: Metric, path: Path) -> Finding:
    return Finding(
        (*path, "non_inferiority_margin"),
        f"no harm to {_name(metric)}, however large, would stop this launch: it has neither a margin nor a limit",
        observed="no threshold",
        required="a margin or a limit",
        remedies=lambda: [_threshold_of_ones_own(plan, metric, path)],
    )


def _threshold_of_ones_own(plan: Experiment, metric: Metric, path: Path) -> Remedy:
    """In words, since what harm is acceptable no rule knows; beside them what this sample could find."""
    words = "add `non_inferiority_margin:` with the largest harm that is still acceptable, or a `limit` with `min` or `max`"
    try:
        margin = _least_ruled_out(plan, metric, path, _USUAL_POWER)
    except (NotChecked, ArithmeticError, StatisticsInputError):
        return advise(words)
    return advise(f"{words}; the declared sample can rule out {margin} with {percent(_USUAL_POWER)} power")


def _least_ruled_out(plan: Experiment, metric: Metric, path: Path, power: float) -> MetricChange:
    from egp.plan.analysis.ruled_out import ruled_out

    return ruled_out(plan, path, metric, planned_units(plan), power)


def _no_direction(metric: Metric, path: Path) -> Finding:
    return Finding(
        (*path, "direction"),
        f"the plan does not say whether an increase or a decrease of {_name(metric)} is good",
        observed="missing",
        required="increase or decrease",
        remedies=[
            addition((*path, "direction"), "decrease", " where less is better, as for refunds"),
            addition((*path, "direction"), "increase"),
        ],
    )


def _no_action(metric: Metric, path: Path) -> Finding:
    return Finding(
        (*path, "action"),
        f"the plan does not say what follows when {_name(metric)} is breached",
        observed="missing",
        required="rollback, hold or monitor",
        remedies=[
            addition((*path, "action"), "rollback"),
            addition((*path, "action"), "hold", " where the harm can wait for a decision"),
        ],
    )


def _margin_faults(margin: MetricChange, metric: Metric, path: Path) -> Iterator[Finding]:
    baseline = metric.baseline
    if not margin.value:
        problem = f"a margin of {margin} requires the readout to rule out every harm, which no sample can do"
        advice = "set a margin above 0, the largest harm that is still acceptable, or replace it by a `limit`; where nothing may rise and nothing is decided by it, by `any_harm: inform`"
    elif baseline is not None and margin.relative and not baseline.value:
        problem = f"{margin} of a baseline of {baseline} is a margin of 0, and no sample rules out every harm"
        advice = f"state the margin as an absolute change, in {_unit_of_changes(baseline)}"
    elif baseline is not None and not is_change_of(margin, baseline):
        problem = f"{margin} cannot be a change of a baseline of {baseline}"
        advice = f"state the margin in {_unit_of_changes(baseline)}, or relative to the baseline, in %"
    else:
        return
    yield Finding(
        (*path, "non_inferiority_margin"), f"{_name(metric)}: {problem}", str(margin), "above 0", advice
    )


def _unit_of_changes(baseline: Measure) -> str:
    units = {"share": "pp or bps", "s": "ms or s", "": "the metric's own unit"}
    return units.get(baseline.unit, baseline.unit)


def _limit_faults(limit: Limit, metric: Metric, path: Path) -> Iterator[Finding]:
    at = (*path, "limit")
    harm = {"decrease": "max", "increase": "min"}.get(metric.direction or "", "")
    bounds = {key: bound for key, bound in (("min", limit.min), ("max", limit.max)) if bound is not None}
    for key, bound in bounds.items():
        if metric.baseline is not None and not _comparable(bound, metric.baseline):
            problem = f"{bound} cannot be a value of a metric with a baseline of {metric.baseline}"
            yield _limit_fault((*at, key), metric, problem, f"write `{key}` in the baseline's unit")
    if harm and harm not in bounds:
        side = "an increase" if harm == "max" else "a decrease"
        problem = f"the limit sets no `{harm}`, where {side} is harm"
        yield _limit_fault(
            at, metric, problem, f"add `{harm}:` to the limit, with the worst value that is acceptable"
        )
    elif len(bounds) == 2 and _comparable(*bounds.values()) and bounds["min"].value > bounds["max"].value:
        problem = f"no value lies between a minimum of {limit.min} and a maximum of {limit.max}"
        kept = f"`{harm}` alone" if harm else "the bound that harm would cross, and add `direction`"
        yield _limit_fault(at, metric, problem, f"keep {kept}")
    elif harm and metric.non_inferiority_margin is None:
        yield from _broken_by_control(bounds[harm], harm, metric, at)


def _broken_by_control(bound: Measure, key: str, metric: Metric, at: Path) -> Iterator[Finding]:
    baseline = metric.baseline
    if baseline is None or not _comparable(bound, baseline):
        return
    if bound.value > baseline.value if key == "max" else bound.value < baseline.value:
        return
    side, called_side = ("above", "a maximum") if key == "max" else ("below", "a minimum")
    problem = f"{called_side} of {bound} is broken by control, at a baseline of {baseline}"
    advice = (
        f"set `{key}` {side} {baseline}, or add the `non_inferiority_margin` that the readout must rule out"
    )
    yield _limit_fault((*at, key), metric, problem, advice)


def _limit_fault(at: Path, metric: Metric, problem: str, advice: str) -> Finding:
    return Finding(at, f"{_name(metric)}: {problem}", help=advice)


def _comparable(bound: Measure, other: Measure) -> bool:
    return bound.unit == other.unit or {bound.unit, other.unit} == {"share", ""}


_USUAL_POWER = 0.8
"""Of guardrails, where the policy requires none."""


def _could_be_ruled_out(broken: Broken) -> Iterator[str]:
    from egp.rules.costs import guardrail_of

    found, power = guardrail_of(broken), broken.asked("guardrail_power") or _USUAL_POWER
    if found:
        path, metric = found
        margin = _least_ruled_out(broken.plan, metric, path, power)
        yield (
            f"The declared sample could rule out harm of {margin} with {percent(power)} power, "
            "if the plan said that this is what matters."
        )


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import of_each, treated_unwatched

    return of_each(broken, _could_be_ruled_out, treated_unwatched)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)


LEVERS = "guardrails"
"""What frees a plan from it."""
