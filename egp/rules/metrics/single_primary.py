"""One metric decides.

With two metrics that can each declare a win, a change without any effect gets two chances to look like a success.
It also leaves open what happens when one wins and the other loses, which is when people start to argue. Metrics
that must not be harmed belong under `guardrail_metrics`, those that merely inform under `secondary_metrics`. A
policy that accepts more than one sets `max`; `multiple-comparisons` then requires a correction.

Passes:

```yaml
co_primary_metrics: []
```

Fails at `/co_primary_metrics/0`, saying "2 metrics decide":

Passes with `max: 2`:

```yaml
co_primary_metrics:
  - {id: conversion_rate, kind: proportion, direction: increase, baseline: 3%, mde: 5%}
```

Not checked without `/primary_metric`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.wording import called, counted
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.plan.remedy import Candidate
    from egp.rules.exports import Broken


class Params(rule.Params):
    max: Annotated[int, "metrics that may decide", rule.Stricter("less")] = 1


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    need(plan.primary_metric, "primary_metric")
    primaries = list(plan.primaries)
    for path, metric in primaries[params.max :]:
        name = called(metric.id, "this metric")
        yield Finding(
            path,
            f"{counted(len(primaries), 'metric')} decide where the policy allows {params.max}; {name} is one too many",
            observed=counted(len(primaries), "primary metric"),
            required=f"at most {params.max}",
            help=f"move {name} to `guardrail_metrics` if it must not be harmed, else to `secondary_metrics`",
        )


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import several_tests

    return several_tests(broken)


def picture(broken: Broken) -> Picture | None:
    """Plans in which nothing works, and how many of them have a win to show."""
    from egp.rules.pictures import wins_of_several

    return wins_of_several(broken.plan)


def ways(broken: Broken) -> Iterator[Candidate]:
    """The metric that is one too many informs instead of deciding."""
    from egp.plan.remedy import Candidate, TradeOff
    from egp.yaml.edits import APPEND, Addition, Setting

    value: Any = broken.document.value
    key, number = broken.at
    metrics = value[key]
    item, left = metrics[number], [each for at, each in enumerate(metrics) if at != number]
    name = called(broken.plan.co_primary_metrics[int(number)].id, "the metric")
    moved = (
        Addition(("secondary_metrics", APPEND), item)
        if value.get("secondary_metrics")
        else Setting(("secondary_metrics",), [item])
    )
    settings = (moved, Setting((key,), left))
    primary = broken.plan.primary_metric
    first = called(primary.id if primary else None, "the first")
    words = f"let {name} inform, as a secondary metric, and {first} decide"
    yield Candidate(settings, words, TradeOff.INSIGHT, f"{name} cannot decide", lever="single primary")
