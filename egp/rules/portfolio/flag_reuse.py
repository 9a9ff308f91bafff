"""A feature flag serves one experiment at a time, and rests before the next one.

Whoever turns off one experiment turns off the other, and the units of the first one carry over into the second.
Assignments and caches outlive an experiment, so another plan with the same `feature_flag` must be more than `days` days
away. A rollout or a holdback may follow on the same flag without a rest, since it continues the same change.

Passes:

```yaml
feature_flag: pdp_buy_now
---
feature_flag: search_banner
```

Fails at `/feature_flag`, saying "at the same time":

```yaml
id: sound-plan
---
layer: search
```

Fails at `/feature_flag`, saying "10 days before this one starts":

```yaml
id: sound-plan
---
schedule: {start: 2023-01-01, end: 2023-01-13}
```

Fails at `/feature_flag`, saying "10 days after this one ends":

Passes with `days: 9`:

```yaml
id: sound-plan
---
schedule: {start: 2023-02-15, end: 2023-02-28}
```

Passes:

```yaml
id: sound-plan
---
type: rollout
schedule: {start: 2023-02-07, end: 2023-02-20}
```

Not checked without `/feature_flag`.

Not checked without `/schedule/end`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from typing import Annotated

from egp.plan.analysis.days import day_after
from egp.plan.finding import Finding, need
from egp.plan.quantity import Interval, shown
from egp.plan.remedy import PROPOSAL, setting
from egp.plan.wording import counted, listing
from egp.rules import rule
from egp.rules.rule_inputs import Portfolio, PortfolioEntry
from egp.stats.values import NamedTuple

_NAMED = 3
_COUNTED = 50
"""Conflicts that are counted; a flag with more of them is no flag of an experiment."""


class Params(rule.Params):
    days: Annotated[
        int, "days that a flag rests between two experiments", rule.AtLeast(0), rule.Stricter("more")
    ] = 30


def check(portfolio: Portfolio, params: Params) -> Iterator[Finding]:
    plan = portfolio.plan
    need(plan.feature_flag or None, "feature_flag")
    need(plan.first, "schedule", "start")
    need(plan.last, "schedule", "end")
    run = plan.running
    if run is None:
        return
    near = Interval(day_after(run.first, -params.days), day_after(run.last, params.days))
    timeline = portfolio.index.timeline("feature_flag", plan.feature_flag)
    users = (entry for entry in timeline.during(near) if entry is not plan)
    others = list(islice(filter(None, (_conflict(run, plan, entry) for entry in users)), _COUNTED))
    if others:
        more = "or more " if len(others) == _COUNTED else ""
        yield Finding(
            ("feature_flag",),
            f"the flag {shown(plan.feature_flag)} also switches {listing(_named(others))}{_besides(others, more)}",
            observed=f"{len(others)} {more}other {'experiment' if len(others) == 1 else 'experiments'}",
            required=f"none within {counted(params.days, 'day')}",
            remedies=[
                setting(("feature_flag",), _free_flag(portfolio), ", or another flag of its own", PROPOSAL)
            ],
        )


class _Conflict(NamedTuple):
    """What another plan does with the flag."""

    name: str
    verb: str
    when: str


def _conflict(run: Interval, plan: PortfolioEntry, other: PortfolioEntry) -> _Conflict | None:
    """None when one continues the other."""
    period = other.running or run
    name = shown(other.id) or other.path
    if period.first <= run.last and run.first <= period.last:
        return _Conflict(name, "run", f"at the same time ({period})")
    later = other if period.first > run.last else plan
    if later.type in ("rollout", "holdback"):
        return None
    if later is other:
        return _Conflict(
            name, "start", f"{counted((period.first - run.last).days, 'day')} after this one ends"
        )
    return _Conflict(name, "end", f"{counted((run.first - period.last).days, 'day')} before this one starts")


def _named(others: list[_Conflict]) -> list[str]:
    """Those that do the same together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for each in others[:_NAMED]:
        alike.setdefault((each.verb, each.when), []).append(each.name)
    return [
        f"{listing(names)}, which {verb}{'s' if len(names) == 1 else ''} {when}"
        for (verb, when), names in alike.items()
    ]


def _besides(others: list[_Conflict], more: str) -> str:
    """How many more there are."""
    rest = len(others) - _NAMED
    return f", and {rest} {more}{'other' if rest == 1 else 'others'}" if rest > 0 else ""


def _free_flag(portfolio: Portfolio) -> str:
    flag = portfolio.plan.feature_flag
    names = (f"{flag}_{number}" for number in count(2))
    return next(name for name in names if not portfolio.index.sharing("feature_flag", name))


ACTOR = "owners"
"""Who has to act on it."""
