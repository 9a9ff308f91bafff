"""The portfolio is expected to declare few false wins in a year.

One experiment at 5 % is cautious; a hundred of them ship changes that do nothing, and somebody counts their lifts.
If no change had an effect, each test would still declare a win with probability alpha, half of it when it is two-sided,
since the other half are losses. A plan makes one for every treatment and primary metric, or one for all where a `correction`
shares alpha among them. egp adds these up over the plans that start within any `days` consecutive days and compares the
largest sum with `false_wins`. A non-inferiority plan does not count: without an effect its win is true, and it comes with its
power. Rollouts and holdbacks test nothing. The finding is about the portfolio as a whole and is reported once under a
policy, on the first plan that is judged.

Passes:

```yaml
statistics: {alpha: 5%}
```

Fails at `/statistics/alpha` with `false_wins: 0.06`, saying "3 experiments that start between 2023-01-23 and 2023-03-01 are expected to declare 0.075 false wins":

Passes with `false_wins: 0.06, days: 30`:

```yaml
statistics: {alpha: 5%}
---
schedule: {start: 2023-02-01}
---
schedule: {start: 2023-03-01, end: 2023-03-14}
```

Fails at `/statistics/alpha` with `false_wins: 0.06`:

```yaml
statistics: {sides: one}
---
statistics: {alpha: 2.5%}
```

Passes with `false_wins: 0.06`:

```yaml
statistics: {sides: one}
---
type: rollout
```

Three treatments are three chances, unless they share alpha.

Fails at `/statistics/alpha` with `false_wins: 0.06`, saying "expected to declare 0.075 false wins":

```yaml
variants: [{id: control, weight: 25%, control: true}, {id: a, weight: 25%}, {id: b, weight: 25%}, {id: c, weight: 25%}]
```

Passes with `false_wins: 0.06`:

```yaml
variants: [{id: control, weight: 25%, control: true}, {id: a, weight: 25%}, {id: b, weight: 25%}, {id: c, weight: 25%}]
statistics: {correction: dunnett}
```

Passes with `false_wins: 0.06`:

```yaml
statistics: {sides: one}
---
type: non_inferiority
statistics: {sides: one}
```

Does not apply:

```yaml
type: rollout
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Annotated

from egp.plan.analysis.expected_false_wins import expected_false_wins, worst_period
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.wording import counted, percent, significant
from egp.rules import rule
from egp.rules.rule_inputs import Portfolio, PortfolioEntry

_OWN_ID = "alpha-budget"


class Params(rule.Params):
    false_wins: Annotated[
        float,
        "false wins that the portfolio may be expected to declare",
        rule.Stricter("less"),
        rule.KnownAs("most_false_wins"),
    ] = 5.0
    days: Annotated[
        int, "length of the period over which they add up", rule.KnownAs("period_of_false_wins")
    ] = 365


def check(portfolio: Portfolio, params: Params) -> Iterator[Finding]:
    if _OWN_ID in portfolio.reported_elsewhere:
        raise DoesNotApply
    tests = sorted(_tests(portfolio.index.entries), key=lambda test: test[0])
    if not tests:
        raise DoesNotApply
    expected, first, last = worst_period(tests, params.days)
    if expected <= params.false_wins * (1 + 1e-9):
        return
    share = math.floor(params.false_wins / expected * 1000) / 1000
    worded, number = significant(expected, 3), last - first + 1
    reduced = f"at {percent(share)} of its alpha"
    yield Finding(
        ("statistics", "alpha"),
        f"{_period(tests[first][0], tests[last][0], number)} "
        f"expected to declare {worded} false wins even if no change has an effect",
        observed=f"{worded} false wins",
        required=f"at most {significant(params.false_wins, 3)} in {counted(params.days, 'day')}",
        help=f"run fewer of them, or test each {reduced}" if number > 1 else f"test it {reduced}",
    )


def _period(first: date, last: date, number: int) -> str:
    if number == 1:
        return f"the experiment that starts on {first} is"
    days = f"on {first}" if first == last else f"between {first} and {last}"
    return f"{number} experiments that start {days} are"


def _tests(entries: tuple[PortfolioEntry, ...]) -> Iterator[tuple[date, float]]:
    """First day and expected false wins of every plan that may declare one."""
    for entry in entries:
        chance = expected_false_wins(entry.type, entry.alpha, entry.sides, entry.tests)
        if entry.first is not None and chance is not None:
            yield entry.first, chance


ACTOR = "owners"
"""Who has to act on it."""
