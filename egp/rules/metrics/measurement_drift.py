"""What the plan declares is what history says, as near as the policy requires.

A baseline or a spread that is off by a tenth is off by a tenth and more in the sample, and a test that was planned with
it has another power than its readers believe. `egp measure` compares each declared number with what the plan's
population did before, and says what a difference costs: days of run, or power. `egp check` has no warehouse, and does not judge this;
`egp measure --check` in CI does, and ends with 1 where a finding is an error.

Passes with `history: {primary_metric.baseline: 0.121}`:

```yaml
primary_metric: {baseline: 12%}
```

Fails at `/primary_metric/baseline` with `history: {primary_metric.baseline: 0.14}`, saying "history says 14 %":

```yaml
primary_metric: {baseline: 12%}
```

Fails at `/eligible_units/distinct_over_run` with `history: {eligible_units.distinct_over_run: 200000}`, saying "days":

```yaml
eligible_units: {distinct_over_run: 340_000}
```

Passes with `most: 50%, history: {primary_metric.baseline: 0.14}`:

```yaml
primary_metric: {baseline: 12%}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.drift import cost_of, in_plan, in_words
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import Share, shown
from egp.plan.remedy import setting
from egp.plan.wording import percent
from egp.rules.rule import AtLeast, Stricter
from egp.rules.rule import Params as RuleParams
from egp.rules.rule_inputs import Measuring


class Params(RuleParams):
    most: Annotated[
        Share,
        "how far a declared number may be from the measured one, as a share of that",
        AtLeast(0),
        Stricter("less"),
    ] = Share(0.1)


def check(measuring: Measuring, params: Params) -> Iterator[Finding]:
    compared = [each for each in measuring.numbers if each.path and each.declared is not None]
    if not compared:
        raise DoesNotApply
    for each in compared:
        assert each.declared is not None
        apart = abs(each.declared - each.value) / abs(each.value) if each.value else abs(each.declared)
        if apart <= params.most:
            continue
        of = f"{each.name} of {shown(each.metric)}" if each.metric else each.name
        cost = cost_of(measuring.plan, each)
        yield Finding(
            each.path,
            f"{of}: the plan says {in_words(each.declared, each.unit)}, and history says {in_words(each.value, each.unit)}"
            + (f"; {cost}" if cost else ""),
            observed=f"{percent(apart, 0)} apart",
            required=f"at most {percent(params.most)}",
            remedies=[setting(each.path, in_plan(each.value, each.unit))],
        )
