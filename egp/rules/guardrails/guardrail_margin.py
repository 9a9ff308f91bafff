"""The margin of every guardrail is no looser than the policy's.

A margin is the harm the company agrees to overlook, and a wide one makes every readout look safe. The policy caps it
in general with `default` and per metric with `margins`; a relative and an absolute change are compared at the plan's
baseline. A metric named in `margins` needs a margin of its own: a limit alone does not bound the harm done by this
change. In a non-inferiority plan the primary metric's margin is held to the same caps.

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

from collections.abc import Iterator
from typing import Annotated

from egp import rule
from egp.analysis.registered import is_change_of
from egp.document import Path
from egp.experiment import Experiment, Metric
from egp.finding import Finding, NotChecked, need
from egp.quantity import Change
from egp.wording import called, like

_ROUNDING = 1 + 1e-9


class Params(rule.Params):
    default: Annotated[Change, "widest margin of a metric without a cap of its own"] = Change(
        0.10, "relative", "10%"
    )
    margins: Annotated[dict[str, Change], "widest margin by metric id"] = {}  # noqa: RUF012


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
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
    own = params.margins.get(metric.id or "")
    cap = own or params.default
    margin = metric.non_inferiority_margin
    if margin is None:
        # Without a limit either, guardrail-threshold asks for one of the two.
        return _only_limit(metric, path, cap) if own and metric.limit else None
    if margin.unit == cap.unit:
        return _too_loose(metric, path, cap) if abs(margin.value) > abs(cap.value) * _ROUNDING else None
    baseline = need(metric.baseline, *path, "baseline")
    if not is_change_of(cap, baseline) or (cap.relative and not baseline.value):
        return _incomparable(metric, path, cap)
    if not is_change_of(margin, baseline):
        return None
    allowed, harm = abs(cap.absolute(baseline.value)), abs(margin.absolute(baseline.value))
    return _too_loose(metric, path, cap) if harm > allowed * _ROUNDING else None


def _only_limit(metric: Metric, path: Path, cap: Change) -> Finding:
    return Finding(
        (*path, "non_inferiority_margin"),
        f"{called(metric.id, 'this guardrail')} has only a limit; the policy caps the harm this change may do at {cap}",
        observed="no margin",
        required=f"at most {cap}",
        help=f"add `non_inferiority_margin: {cap}` or a stricter one",
    )


def _too_loose(metric: Metric, path: Path, cap: Change) -> Finding:
    margin = metric.non_inferiority_margin
    return Finding(
        (*path, "non_inferiority_margin"),
        f"the margin of {margin} for {called(metric.id, 'this metric')}{_at_baseline(metric, cap)} "
        f"is looser than the policy's {cap}",
        observed=str(margin),
        required=f"at most {cap}",
        help=f"set `non_inferiority_margin: {cap}` or a stricter one",
    )


def _at_baseline(metric: Metric, cap: Change) -> str:
    """The margin in the cap's terms, where the two are written differently."""
    margin, baseline = metric.non_inferiority_margin, metric.baseline
    if margin is None or baseline is None or margin.unit == cap.unit or not baseline.value:
        return ""
    same = like(abs(margin.absolute(baseline.value)), cap, baseline)
    return f", {same} {'of' if cap.relative else 'at'} its baseline of {baseline},"


def _incomparable(metric: Metric, path: Path, cap: Change) -> Finding:
    return Finding(
        (*path, "non_inferiority_margin"),
        f"the policy caps the margin of {called(metric.id, 'this metric')} at {cap}, which cannot be compared with a "
        f"baseline of {metric.baseline}",
        observed=str(metric.non_inferiority_margin),
        required=f"at most {cap}",
        help="correct the baseline, or have the policy state the cap as an absolute change in the metric's unit",
    )
