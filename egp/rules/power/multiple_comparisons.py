"""Several treatments or primary metrics share one significance level by a declared correction.

Every further treatment or primary metric is another chance to win by luck, and somebody will report the luckiest.
Without a correction the chance that at least one of k tests shows an effect that is not there is

- for k treatments of equal weight against one control: 1 − P(|Zᵢ| ≤ z for all i), normal variables whose common
  correlation is n_t / (n_t + n_c), computed exactly (Dunnett 1955);
- else at most 1 − (1 − α)ᵏ for treatments, the bound of Šidák (1967), and just that for independent metrics.

`dunnett` is the least costly correction for treatments, `holm` suits everything. sample-size plans with the corrected
level: α/k for `bonferroni` and for the first step of `holm`.

Passes:

```yaml
statistics: {correction: none}
```

Fails at `/statistics/correction`, saying "2 treatments tested at 5 % each show an effect that is not there 9.26 % of the time":

```yaml
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 30%}, {id: banner, weight: 30%}]
```

Fails at `/statistics/correction`, saying "up to 14.3 % of the time":

```yaml
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 20%}, {id: banner, weight: 25%}, {id: both, weight: 15%}]
```

Fails at `/statistics/correction`, saying "2 primary metrics tested at 5 % each show an effect that is not there up to 9.75 % of the time":

```yaml
co_primary_metrics: [{id: revenue_per_user, kind: mean, direction: increase, baseline: 3.20 USD, std_dev: 14 USD, mde: 6%}]
statistics: {correction: null}
```

Passes:

```yaml
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 30%}, {id: banner, weight: 30%}]
statistics: {correction: dunnett}
```

Does not apply:

```yaml
type: rollout
variants: [{id: control, weight: 40%, control: true}, {id: button, weight: 30%}, {id: banner, weight: 30%}]
```

Not checked at `/statistics/alpha`:

```yaml
co_primary_metrics: [{id: revenue_per_user, kind: mean, direction: increase, baseline: 3.20 USD, std_dev: 14 USD, mde: 6%}]
statistics: {alpha: null}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.by_day import uncorrected_error
from egp.plan.analysis.larger_sample import with_larger_sample
from egp.plan.analysis.registered import (
    assuming,
    comparisons,
    require_primary_test,
    required_smallest,
    statistics_of,
    treatments,
)
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked, need
from egp.plan.remedy import Remedy
from egp.plan.wording import percent
from egp.stats import StatisticsInputError
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    count = comparisons(plan)
    if count == 1 or (plan.statistics and plan.statistics.correction not in (None, "none")):
        return
    alpha = need(statistics_of(plan).alpha, "statistics", "alpha")
    several_metrics = bool(plan.co_primary_metrics)
    correction = "holm" if several_metrics else "dunnett"
    yield Finding(
        ("statistics", "correction"),
        f"{_tests(plan)} tested at {percent(alpha)} each show an effect that is not there {_false_wins(plan, alpha)}",
        observed="no correction",
        required=f"{percent(alpha)} for all {count} tests together",
        remedies=[_corrected(plan, correction)],
    )


def _tests(plan: Experiment) -> str:
    of_treatments, of_metrics = treatments(plan), 1 + len(plan.co_primary_metrics)
    if of_metrics == 1:
        return f"{of_treatments} treatments"
    if of_treatments == 1:
        return f"{of_metrics} primary metrics"
    return f"{of_treatments} treatments on {of_metrics} primary metrics"


def _false_wins(plan: Experiment, alpha: float) -> str:
    """How often at least one test errs."""
    error, is_exact = uncorrected_error(plan, alpha)
    return f"{'' if is_exact else 'up to '}{percent(error)} of the time"


def _corrected(plan: Experiment, correction: str) -> Remedy:
    """The correction, and the sample at the corrected level, where the plan says enough and declares less."""
    edit = Setting(("statistics", "correction"), correction)
    try:
        need(plan.primary_metric, "primary_metric")
        corrected = assuming(plan, correction=correction)
        needed = max(math.ceil(required_smallest(corrected, at=at) - 1e-6) for at, _ in plan.primaries)
    except (NotChecked, StatisticsInputError):
        return Remedy((edit,))
    return with_larger_sample(plan, edit, needed)


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import several_tests

    return several_tests(broken)


def picture(broken: Broken) -> Picture | None:
    """Plans in which nothing works, and how many of them have a win to show."""
    from egp.rules.pictures import wins_of_several

    return wins_of_several(broken.plan)


LEVERS = "variants"
"""What frees a plan from it."""
