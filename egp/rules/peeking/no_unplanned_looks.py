"""A fixed-horizon test of the primary metric is read once.

Every look at a running test is another chance to mistake noise for a win, and the first lucky one ends the test. The
chance that a change without effect is significant at one of K looks at least is computed exactly, by integrating the
path of the test statistic from look to look (Armitage, McPherson and Rowe 1969). The headline takes equally spaced
looks, as the published tables do: at a two-sided 5 % three looks make it 10.7 %, five 14.2 %, fourteen daily looks
22.0 %. The number for the declared days stands beside it; uneven spacing changes it a little.

Whoever needs to stop early registers a group-sequential or an always-valid test instead, if the policy allows one.
Guardrails may be watched at any time: that is what stop rules are for. Without declared looks the test is read once,
after its end.

Passes:

```yaml
statistics: {looks: [2023-02-06]}
```

Passes:

```yaml
statistics: {looks: null}
```

Fails at `/statistics/looks`, saying "3 looks under fixed_horizon call a change without effect significant 10.7 % of the time instead of 5 %":

```yaml
statistics: {looks: [2023-01-28, 2023-02-01, 2023-02-06]}
```

Fails at `/statistics/looks`, saying "22 % of the time":

```yaml
statistics:
  looks: [2023-01-24, 2023-01-25, 2023-01-26, 2023-01-27, 2023-01-28, 2023-01-29, 2023-01-30,
          2023-01-31, 2023-02-01, 2023-02-02, 2023-02-03, 2023-02-04, 2023-02-05, 2023-02-06]
```

A method that is not declared is taken for a fixed horizon.

Fails at `/statistics/looks`, saying "2 looks under fixed_horizon call a change without effect significant 8.31 % of the time":

```yaml
schedule: {start: null}
statistics: {method: null, looks: [2023-01-30, 2023-02-06]}
```

The same look twice is one look.

Passes:

```yaml
statistics: {looks: [2023-02-06, 2023-02-06]}
```

A sequential test is spending-allowed's.

Does not apply:

```yaml
statistics: {method: group_sequential, spending: obrien_fleming, looks: [2023-01-30, 2023-02-06]}
```

Does not apply:

```yaml
type: rollout
statistics: {looks: [2023-01-30, 2023-02-06]}
```

Not checked at `/statistics/alpha`:

```yaml
statistics: {alpha: null, looks: [2023-01-30, 2023-02-06]}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp import stats
from egp.plan.analysis.days import local
from egp.plan.analysis.registered import information_fractions, require_primary_test, sides, statistics_of
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.quantity import as_day
from egp.plan.wording import counted, percent


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    statistics = statistics_of(plan)
    if statistics.method not in (None, "fixed_horizon"):
        raise DoesNotApply
    looks = set(statistics.looks or ())
    count = len(looks)
    if count <= 1:
        return
    alpha = need(statistics.alpha, "statistics", "alpha")
    last = max(as_day(local(plan, look)) for look in looks)
    yield Finding(
        ("statistics", "looks"),
        f"{counted(count, 'look')} under fixed_horizon call a change without effect significant "
        f"{_type_one_error(plan, alpha, count)}",
        observed=counted(count, "look"),
        required="1 look",
        help=f"set `looks: [{last}]`, or register a sequential test if the policy allows one",
    )


def _type_one_error(plan: Experiment, alpha: float, count: int) -> str:
    if not 0 < alpha < 1:
        return f"more often than {percent(alpha)} of the time"
    both = sides(plan)
    equal = stats.repeated_looks_type1(alpha, count, both)
    return f"{percent(equal)} of the time instead of {percent(alpha)}{_as_declared(plan, alpha, both, equal)}"


def _as_declared(plan: Experiment, alpha: float, both: int, equal: float) -> str:
    """The exact number for the declared days, where the plan says when it starts and it differs."""
    try:
        fractions = information_fractions(plan)
    except NotChecked:
        return ""
    exact = stats.repeated_looks_type1(alpha, fractions, both)
    if percent(exact) == percent(equal):
        return ""
    return f" (equally spaced looks; {percent(exact)} on the declared days)"
