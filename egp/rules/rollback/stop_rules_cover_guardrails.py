"""Every guardrail metric has a stop rule.

A guardrail that nobody acts on until the readout lets two weeks of harm happen first. For each guardrail metric one of
the stop rules says at which harm the treatment is withdrawn or held while the experiment runs.

Passes:

```yaml
risk: [revenue]
```

Fails at `/guardrail_metrics/1/id`, saying "no stop rule watches cs_contacts":

```yaml
stop_rules:
  - {id: refunds, metric: refund_rate, harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, min_units_per_variant: 20_000, action: rollback}
  - {id: slow, metric: p95_page_load, harm_exceeds: 12%, for: 2d, min_units_per_variant: 5_000, action: rollback}
```

Does not apply:

```yaml
{guardrail_metrics: [], stop_rules: []}
```

Not checked at `/stop_rules`:

```yaml
stop_rules: []
```

Not checked without `/stop_rules/1/metric`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.guardrail_lines import stop_rule_line
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.quantity import shown
from egp.plan.remedy import PROPOSAL, Remedy

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


def check(plan: Experiment) -> Iterator[Finding]:
    if not any(plan.guardrails):
        raise DoesNotApply
    if not plan.stop_rules:
        raise NotChecked(("stop_rules",))
    watched = {
        need(stop_rule.metric, "stop_rules", position, "metric")
        for position, stop_rule in enumerate(plan.stop_rules)
    }
    for path, metric in plan.guardrails:
        if metric.id is not None and metric.id not in watched:
            yield Finding(
                (*path, "id"),
                f"no stop rule watches {shown(metric.id)}",
                observed="no stop rule",
                required="a stop rule",
                remedies=[Remedy((stop_rule_line(plan, metric.id),), PROPOSAL)],
            )


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)


def plain(_: object, __: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return "When to stop was agreed before the start, for each guardrail; nobody is consulted when a stop rule fires."
