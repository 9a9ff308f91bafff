"""Guardrails cover quality, safety, performance and cost, and every segment at risk has its own.

A launch guarded on one side only is harmed on another: the model gets slower while the rates hold. Each guardrail
names with `covers` the kind of harm it watches, and every kind of the policy's list has at least one. A segment that the
economics single out as a scenario of its own, such as new users without a history, can be harmed while the average looks
well; it needs a guardrail restricted to it, with `segment`, and a threshold of its own.

Passes:

```yaml
guardrail_metrics:
  - {id: precision_at_10, covers: quality}
  - {id: complaint_rate, covers: safety}
  - {id: p95_latency, covers: performance}
  - {id: cost_per_1k, covers: cost}
```

Fails at `/guardrail_metrics`, saying "no guardrail covers cost":

```yaml
id: sound-plan
```

Passes with `kinds: [quality, safety]`:

```yaml
guardrail_metrics:
  - {id: precision_at_10, covers: quality}
  - {id: complaint_rate, covers: safety}
```

Fails at `/economics/scenarios/1/segment` with `kinds: []`, saying "no guardrail watches new_users alone":

```yaml
economics: {scenarios: {1: {segment: new_users}}}
```

Passes with `kinds: []`:

```yaml
economics: {scenarios: {1: {segment: new_users}}}
guardrail_metrics: {0: {segment: new_users, segment_share: 15%}}
```

Fails at `/guardrail_metrics`:

```yaml
guardrail_metrics: []
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from egp.plan.analysis.guardrail_lines import segment_line, stop_rule_line
from egp.plan.experiment import Experiment, Scenario
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.remedy import PROPOSAL, Remedy, advise
from egp.plan.wording import listing, share_in_plan
from egp.rules import rule

if TYPE_CHECKING:
    from egp.rules.exports import Broken


Kind = Literal["quality", "safety", "performance", "cost"]


class Params(rule.Params):
    kinds: Annotated[tuple[Kind, ...], "kinds of harm that guardrails must cover", rule.Stricter("more"), rule.KnownAs("kinds_of_harm")] = (
        "quality", "safety", "performance", "cost",
    )  # fmt: skip


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    covered = {metric.covers for _, metric in plan.guardrails}
    absent = [kind for kind in params.kinds if kind not in covered]
    if absent:
        yield Finding(
            ("guardrail_metrics",),
            f"no guardrail covers {listing(absent, 'or')}",
            observed=listing(kind for kind in params.kinds if kind in covered) or "none covered",
            required=listing(params.kinds),
            help=f"add a guardrail with {listing(f'`covers: {kind}`' for kind in absent)}, "
            "or say so on the one that does",
        )
    yield from _segments(plan)


def _segments(plan: Experiment) -> Iterator[Finding]:
    guarded = {metric.segment for _, metric in plan.guardrails}
    scenarios = plan.economics.scenarios if plan.economics else ()
    for position, scenario in enumerate(scenarios):
        if scenario.segment and scenario.segment not in guarded:
            name = shown(scenario.segment)
            yield Finding(
                ("economics", "scenarios", position, "segment"),
                f"the economics single out {name}, but no guardrail watches {name} alone",
                observed="no guardrail",
                required=f"a guardrail of {name}",
                remedies=[_segment_guarded(plan, scenario, scenario.segment)],
            )


def _segment_guarded(plan: Experiment, scenario: Scenario, segment: str) -> Remedy:
    """A guardrail of the plan once more, for the segment alone; in words where the plan has none to start from."""
    models = [metric for _, metric in plan.guardrails if metric.id and metric.baseline and not metric.segment]
    if not models:
        name = shown(segment)
        return advise(
            f"add a guardrail with `segment: {name}`, its share of the units and a margin or limit of its own"
        )
    share = share_in_plan(scenario.probability or 0.2)
    name = f"{models[0].id}_{segment}"
    lines = segment_line(models[0], segment, share), stop_rule_line(plan, name)
    return Remedy(lines, PROPOSAL, after=", with the segment's own share and numbers")


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)
