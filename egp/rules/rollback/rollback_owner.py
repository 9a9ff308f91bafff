"""Somebody is named who rolls back, within an hour.

Everybody sees the alarm and everybody thinks that somebody else turns the switch. `rollback.owner` names who does it,
usually a rota that is awake at night, and `rollback.max_minutes` how long it may take until the treatment is withdrawn.

Passes:

```yaml
rollback: {owner: "@pdp-oncall", max_minutes: 15}
```

Fails at `/rollback/owner`, saying "does not say who":

```yaml
rollback: {owner: null}
```

Fails at `/rollback/owner`, saying "does not say who":

```yaml
rollback: {owner: everybody}
```

Fails at `/rollback/max_minutes`, saying "takes up to 90 minutes; the policy requires 60":

```yaml
rollback: {max_minutes: 90}
```

Fails at `/rollback/max_minutes`, saying "does not say how long":

```yaml
rollback: {max_minutes: null}
```

Fails at `/rollback/max_minutes`, saying "0 minutes is no length of time":

```yaml
rollback: {max_minutes: 0}
```

Passes with `minutes: 120`:

```yaml
rollback: {max_minutes: 90}
```

Not checked without `/rollback`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.people import oncall
from egp.plan.analysis.statements import somebody
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.remedy import setting
from egp.plan.wording import counted
from egp.rules import rule

_OWNER = ("rollback", "owner")

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    minutes: Annotated[
        float,
        "most minutes until a rollback is complete",
        rule.Stricter("less"),
        rule.KnownAs("minutes_of_a_rollback"),
    ] = 60.0


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    rollback = need(plan.rollback, "rollback")
    if not somebody(rollback.owner):
        yield Finding(
            _OWNER,
            "the rollback does not say who executes it",
            observed="missing",
            required="a person, role or rota",
            remedies=[setting(_OWNER, oncall(plan), ", or who else turns the switch at any hour")],
        )
    minutes, most = rollback.max_minutes, counted(params.minutes, "minute")
    if minutes is not None and 0 < minutes <= params.minutes:
        return
    if minutes is None:
        said = f"the rollback does not say how long it takes; the policy requires {most}"
    elif minutes <= 0:
        said = f"{counted(minutes, 'minute')} is no length of time for a rollback"
    else:
        said = (
            f"the rollback takes up to {counted(minutes, 'minute')}; the policy requires {params.minutes:g}"
        )
    yield Finding(
        ("rollback", "max_minutes"),
        said,
        observed="missing" if minutes is None else counted(minutes, "minute"),
        required=f"at most {most}",
        remedies=[setting(("rollback", "max_minutes"), _whole(params.minutes), " or less, and rehearse it")],
    )


def _whole(minutes: float) -> float:
    return int(minutes) if minutes == int(minutes) else minutes


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)
