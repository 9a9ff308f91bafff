"""What is known is reported at least once a week, to people who are named.

People who hear nothing ask for a peek, and a peek at the primary metric before its look is what the policy forbids. A
fixed cadence of readouts, with the primary withheld until its look, shows that guardrails are watched. Weekly is
enough while nothing trips; daily and twice weekly are more.

Passes:

```yaml
readouts: {cadence: twice_weekly, audience: [pm, marketing]}
```

Fails at `/readouts`:

```yaml
readouts: null
```

Fails at `/readouts/cadence`, saying "biweekly; the policy requires weekly":

```yaml
readouts: {cadence: biweekly}
```

Fails at `/readouts/cadence`, saying "the plan does not say":

```yaml
readouts: {cadence: null}
```

Fails at `/readouts/audience`, saying "nobody":

```yaml
readouts: {audience: []}
```

Fails at `/readouts/audience`, saying "nobody":

```yaml
readouts: {audience: ["...", " "]}
```

Fails at `/readouts/cadence` with `at_least: daily`:

```yaml
readouts: {cadence: weekly}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.remedy import addition, setting
from egp.rules import rule

AUDIENCE = ["pm", "marketing", "exec"]
OTHERS = ", or who else reads them"
CADENCES = ("daily", "twice_weekly", "weekly", "biweekly")


class Params(rule.Params):
    at_least: Annotated[
        Literal["daily", "twice_weekly", "weekly", "biweekly"],
        "least frequent cadence that is allowed",
        rule.KnownAs("readout_cadence"),
    ] = "weekly"


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    readouts, asked = plan.readouts, params.at_least
    if readouts is None:
        yield Finding(
            ("readouts",),
            f"the plan declares no readouts; the policy requires {asked} ones",
            observed="missing",
            required=asked,
            remedies=[addition(("readouts",), {"cadence": asked, "audience": AUDIENCE}, OTHERS)],
        )
        return
    if readouts.cadence is None or CADENCES.index(readouts.cadence) > CADENCES.index(asked):
        said = f"are {readouts.cadence}" if readouts.cadence else "come at an interval the plan does not say"
        yield Finding(
            ("readouts", "cadence"),
            f"readouts {said}; the policy requires {asked}",
            observed=readouts.cadence or "missing",
            required=asked,
            remedies=[setting(("readouts", "cadence"), asked)],
        )
    if not any(map(stated, readouts.audience)):
        yield Finding(
            ("readouts", "audience"),
            "readouts go to nobody",
            observed="no audience",
            required="at least one reader",
            remedies=[setting(("readouts", "audience"), AUDIENCE, OTHERS)],
        )
