"""The margin of every guardrail is no looser than the policy's.

A margin is the harm the company agrees to overlook, and a wide one makes every readout look safe. The policy caps it
in general with `default` and per metric with `margins`; a relative and an absolute change are compared at the plan's
baseline. A metric named in `margins` needs a margin of its own: a limit alone does not bound the harm done by this
change. Elsewhere a limit may stand for the margin if it lies no further from the baseline than `limit_times` the
default, on the side of harm; further off it would not be broken before the harm is done. In a non-inferiority plan the primary
metric's margin is held to the same caps.

Passes:

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 10%}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "looser than the policy's 10%":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 12%}}
```

31 bps of a rate of 3.1 % are 10 % of it.

Passes:

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 31bps}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "32bps for refund_rate, 10.3% of its baseline of 3.1%,":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 32bps}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin` with `margins: {refund_rate: 0.1pp}`, saying "8% for refund_rate, 0.248pp at its baseline of 3.1%,":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 8%}}
```

Passes with `margins: {refund_rate: 25%}`:

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 20%}}
```

Fails at `/guardrail_metrics/2/non_inferiority_margin` with `margins: {p95_page_load: 5%}`, saying "only a limit":

```yaml
guardrail_metrics: {2: {non_inferiority_margin: null}}
```

A limit alone is a looser promise, and may lie twice as far away.

Passes:

```yaml
guardrail_metrics: {2: {limit: {max: 2280ms}, non_inferiority_margin: null}}
```

Fails at `/guardrail_metrics/2/limit/max`, saying "a maximum of 999999ms for p95_page_load allows 52,532 % more than its baseline of 1900ms; without a margin the policy allows 20 %":

```yaml
guardrail_metrics: {2: {limit: {max: 999999ms}, non_inferiority_margin: null}}
```

Fails at `/guardrail_metrics/0/limit/max`, saying "a maximum of 100%":

```yaml
guardrail_metrics: {0: {limit: {max: 100%}, non_inferiority_margin: null}}
```

Fails at `/guardrail_metrics/0/limit/min`, saying "a minimum of 75% for refund_rate allows 25 % less":

```yaml
guardrail_metrics: {0: {direction: increase, baseline: 99.95%, limit: {min: 75%}, non_inferiority_margin: null}}
```

Fails at `/guardrail_metrics/0/limit/max`, saying "cannot be compared with a baseline of 0%":

```yaml
guardrail_metrics: {0: {baseline: 0%, limit: {max: 1%}, non_inferiority_margin: null}}
```

Not checked at `/guardrail_metrics/2/baseline`:

```yaml
guardrail_metrics: {2: {baseline: null, non_inferiority_margin: null}}
```

Does not apply without `/guardrail_metrics`.

Fails at `/guardrail_metrics/0/non_inferiority_margin` with `margins: {refund_rate: 40ms}`, saying "cannot be compared":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 8%}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "a baseline of 0%":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 5bps, baseline: 0%}}
```

Fails at `/primary_metric/non_inferiority_margin`:

```yaml
type: non_inferiority
primary_metric: {non_inferiority_margin: 20%, mde: null, target: null}
```

Not checked at `/guardrail_metrics/0/baseline`:

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 32bps, baseline: null}}
```

Not checked at `/primary_metric/non_inferiority_margin`:

```yaml
type: non_inferiority
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.registered import harm_direction, is_change_of, margin_of, size_of
from egp.plan.experiment import Experiment, Limit, Metric
from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.quantity import Measure, MetricChange
from egp.plan.remedy import addition, setting
from egp.plan.wording import absolute, called, like, percent, quantity_in_plan, told_apart, whole
from egp.rules import rule
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


_ROUNDING = 1 + 1e-9
_MARGIN = "non_inferiority_margin"
_STRICTER = " or a stricter one"


class Params(rule.Params):
    default: Annotated[
        MetricChange,
        "widest margin of a metric without a cap of its own",
        rule.Stricter("less"),
        rule.KnownAs("widest_margin"),
    ] = MetricChange(0.10, "relative", "10%")
    margins: Annotated[
        dict[str, MetricChange], "widest margin by metric id", rule.KnownAs("widest_margins")
    ] = {}  # noqa: RUF012
    limit_times: Annotated[
        float,
        "how many times the default a limit without a margin may lie from the baseline",
        rule.AtLeast(1),
        rule.Stricter("less"),
    ] = 2.0


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.guardrail_metrics and plan.type != "non_inferiority":
        raise DoesNotApply
    missing: NotChecked | None = None
    found = False
    for path, metric in _held(plan):
        try:
            finding = _judged(metric, path, params)
        except NotChecked as error:
            missing = missing or error
            continue
        if finding:
            found = True
            yield finding
    if missing and not found:
        raise missing


def _held(plan: Experiment) -> Iterator[tuple[Path, Metric]]:
    if plan.type == "non_inferiority":
        for path, metric in plan.primaries:
            need(metric.non_inferiority_margin, *path, "non_inferiority_margin")
            yield path, metric
    yield from plan.guardrails


def _judged(metric: Metric, path: Path, params: Params) -> Finding | None:
    own = params.margins.get(metric.name)
    cap = own or params.default
    margin = metric.non_inferiority_margin
    if margin is None:
        if metric.limit is None:
            return None  # guardrail-threshold requires one of the two
        return _only_limit(metric, path, cap) if own else _far_limit(metric, metric.limit, path, params)
    if margin.unit == cap.unit:
        return _too_loose(metric, path, cap) if abs(margin.value) > abs(cap.value) * _ROUNDING else None
    baseline = need(metric.baseline, *path, "baseline")
    if not is_change_of(cap, baseline) or (cap.relative and not baseline.value):
        return _incomparable(metric, path, cap)
    if not is_change_of(margin, baseline):
        return None
    allowed, harm = abs(cap.absolute(baseline.value)), abs(margin.absolute(baseline.value))
    return _too_loose(metric, path, cap) if harm > allowed * _ROUNDING else None


def _only_limit(metric: Metric, path: Path, cap: MetricChange) -> Finding:
    return Finding(
        (*path, "non_inferiority_margin"),
        f"{called(metric.id, 'this guardrail')} has only a limit; the policy caps the harm this change may do at {cap}",
        observed="no margin",
        required=f"at most {cap}",
        remedies=[addition((*path, _MARGIN), str(cap), _STRICTER)],
    )


def _far_limit(metric: Metric, limit: Limit, path: Path, params: Params) -> Finding | None:
    """A limit that stands for the margin, and allows more harm than a limit may."""
    harm = harm_direction(metric, path)
    key, bound = ("max", limit.max) if harm == "increase" else ("min", limit.min)
    if bound is None:
        return None  # guardrail-threshold requires the side on which harm lies
    baseline, cap = need(metric.baseline, *path, "baseline"), params.default
    side = "maximum" if key == "max" else "minimum"
    subject = f"a {side} of {bound} for {called(metric.id, 'this guardrail')}"
    if not is_change_of(cap, baseline) or (cap.relative and not baseline.value):
        return Finding(
            (*path, "limit", key),
            f"{subject} cannot be compared with a baseline of {baseline} by the policy's {cap}",
            observed=str(bound),
            required="a margin",
            help="add a `non_inferiority_margin` in the metric's unit, with a cap of its own in the policy's `margins`",
        )
    allowed = abs(cap.absolute(baseline.value)) * params.limit_times
    further = (bound.value - baseline.value) * (1 if key == "max" else -1)
    if bound.unit != baseline.unit or further <= allowed * _ROUNDING:
        return None
    furthest = baseline.value + allowed * (1 if key == "max" else -1)
    least_or_most = _inside(furthest, allowed, baseline, up=key == "min")
    more = "more" if key == "max" else "less"
    size, most = _sizes_apart(further, allowed, baseline, cap)
    return Finding(
        (*path, "limit", key),
        f"{subject} allows {size} {more} than its baseline of {baseline}; without a margin the policy allows {most}",
        observed=str(bound),
        required=f"within {most} of {baseline}",
        remedies=[
            setting((*path, "limit", key), quantity_in_plan(least_or_most), _STRICTER),
            addition((*path, _MARGIN), str(cap)),
        ],
    )


def _size(harm: float, baseline: Measure, cap: MetricChange) -> str:
    """A size of harm in the terms of the policy's cap."""
    return percent(harm / abs(baseline.value)) if cap.relative else absolute(harm, baseline.unit)


def _sizes_apart(harm: float, allowed: float, baseline: Measure, cap: MetricChange) -> tuple[str, str]:
    """A harm and the most that is allowed, which do not read alike."""
    if cap.relative:
        return told_apart(harm / abs(baseline.value), allowed / abs(baseline.value))
    size, most = _size(harm, baseline, cap), _size(allowed, baseline, cap)
    return (size if size != most else f"over {most}"), most


def _inside(value: float, allowed: float, baseline: Measure, *, up: bool) -> str:
    """The furthest value of a limit in a plan's words, rounded towards the baseline."""
    scale, unit = {"share": (100, "%"), "s": (1000, "ms")}.get(
        baseline.unit, (1, f" {baseline.unit}".rstrip())
    )
    digits = min(12, max(0, 2 - math.floor(math.log10(allowed * scale))))
    shift = 10.0**digits
    steps = value * scale * shift
    whole_steps = math.ceil(steps - 1e-6) if up else math.floor(steps + 1e-6)
    return f"{whole_steps / shift:.{digits}f}{unit}"


def _too_loose(metric: Metric, path: Path, cap: MetricChange) -> Finding:
    margin = metric.non_inferiority_margin
    return Finding(
        (*path, "non_inferiority_margin"),
        f"the margin of {margin} for {called(metric.id, 'this metric')}{_at_baseline(metric, cap)} "
        f"is looser than the policy's {cap}",
        observed=str(margin),
        required=f"at most {cap}",
        remedies=[setting((*path, _MARGIN), str(cap), _STRICTER)],
    )


def _at_baseline(metric: Metric, cap: MetricChange) -> str:
    """The margin in the cap's terms, where the two are written differently."""
    margin, baseline = metric.non_inferiority_margin, metric.baseline
    if margin is None or baseline is None or margin.unit == cap.unit or not baseline.value:
        return ""
    same = like(abs(margin.absolute(baseline.value)), cap, baseline)
    return f", {same} {'of' if cap.relative else 'at'} its baseline of {baseline},"


def _incomparable(metric: Metric, path: Path, cap: MetricChange) -> Finding:
    return Finding(
        (*path, "non_inferiority_margin"),
        f"the policy caps the margin of {called(metric.id, 'this metric')} at {cap}, which cannot be compared with a "
        f"baseline of {metric.baseline}",
        observed=str(metric.non_inferiority_margin),
        required=f"at most {cap}",
        help="correct the baseline, or have the policy state the cap as an absolute change in the metric's unit",
    )


_PER = 100_000


def costs(broken: Broken) -> Iterator[str]:
    """The harm that the margin accepts, and that the policy would."""
    from egp.rules.costs import guardrail_of

    found = guardrail_of(broken)
    if not found or found[1].non_inferiority_margin is None:
        return
    path, metric = found
    yield _accepted(broken.plan, metric, margin_of(metric, path), str(metric.non_inferiority_margin))
    cap = broken.params.margins.get(metric.name) or broken.params.default
    allowed = size_of(cap, metric, path, "non_inferiority_margin")
    yield _accepted(broken.plan, metric, allowed, f"{cap}, the policy's cap,")


def picture(broken: Broken) -> Picture | None:
    """The harm that the plan accepts beside what the policy would."""
    from egp.rules.costs import guardrail_of
    from egp.rules.pictures import side_by_side

    found = guardrail_of(broken)
    if not found or found[1].non_inferiority_margin is None:
        return None
    path, metric = found
    cap = broken.params.margins.get(metric.name) or broken.params.default
    has = ("the plan", margin_of(metric, path), str(metric.non_inferiority_margin))
    asked = ("the policy, at most", size_of(cap, metric, path, "non_inferiority_margin"), str(cap))
    says = f"Harm to {called(metric.id, 'the guardrail')} up to the margin passes for none."
    return side_by_side("Harm that is accepted", says, has, asked)


def _accepted(plan: Experiment, metric: Metric, margin: float, phrase: str) -> str:
    name = called(metric.id, "the guardrail")
    if metric.kind == "proportion":
        unit = called(plan.unit, "unit")
        return f"A margin of {phrase} accepts {whole(margin * _PER)} more {name} events per {_PER:,} {unit}s as harmless."
    shift = absolute(margin, metric.baseline.unit if metric.baseline else "")
    return f"A margin of {phrase} accepts a change of {name} by {shift} as harmless."


LEVERS = "guardrails"
"""What frees a plan from it."""
