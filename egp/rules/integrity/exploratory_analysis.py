"""An analysis that was changed with results seen is exploratory, and says so.

A choice made after looking can be made to fit, so its result is a hypothesis for the next experiment and no evidence.
Amendments with `data_access: results_seen` make the analysis exploratory when they touch what decides the result:
hypothesis, metrics, MDE, statistics, schedule, variants, segments, population, units, decision rule. Ramp, canary, stop
rules, holdout and the other safeguards may tighten without that; such an amendment says `effect: tightens`. The gate
does not ship on an exploratory analysis.

Passes:

```yaml
amendments: [{on: 2023-01-30, reason: slow traffic, approver: "@xp-lead", data_access: no_results_seen, changes: [/schedule/end]}]
```

Passes:

```yaml
amendments: [{on: 2023-01-30, reason: refunds rise, approver: "@xp-lead", data_access: results_seen, changes: [/ramp/0/min_dwell], effect: tightens}]
```

Fails at `/amendments/0`, saying "`/primary_metric` was amended on 2023-01-30 with results seen: the analysis is exploratory":

```yaml
amendments: [{on: 2023-01-30, reason: clicks are better, approver: "@xp-lead", data_access: results_seen, changes: [/primary_metric]}]
```

Fails at `/amendments/0`, saying "`/ramp/0/min_dwell`":

```yaml
amendments: [{on: 2023-01-30, reason: hurry, approver: "@xp-lead", data_access: results_seen, changes: [/ramp/0/min_dwell]}]
```

Fails at `/amendments/0`, saying "fields that it does not name":

```yaml
amendments: [{on: 2023-01-30, reason: clicks are better, approver: "@xp-lead", data_access: results_seen}]
```

Before the first exposure there are no results of the build that an amendment names.

Passes:

```yaml
amendments: [{on: 2023-01-17, reason: the build was not made yet, approver: "@xp-lead", data_access: results_seen, changes: [/revision]}]
```

Fails at `/amendments/0`:

```yaml
amendments: [{on: 2023-01-24, reason: another build, approver: "@xp-lead", data_access: results_seen, changes: [/revision]}]
```

Does not apply without `/amendments`.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.record.changes import exploratory_amendments

needs = ("amendments",)


def check(plan: Experiment) -> Iterator[Finding]:
    for position, names in exploratory_amendments(plan):
        amendment = plan.amendments[position]
        what = (
            listing(f"`{shown(name)}`" for name in names)
            if names
            else "an amendment of fields that it does not name"
        )
        verb = "was amended" if len(names) == 1 else "were amended" if names else "was made"
        when = f" on {amendment.on}" if amendment.on else ""
        yield Finding(
            ("amendments", position),
            f"{what} {verb}{when} with results seen: the analysis is exploratory",
            observed="results seen",
            required="changes before results are seen",
            help="register the amended plan as a new experiment, and run it on units that were not seen before",
        )
