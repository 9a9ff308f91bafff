"""What the plan rests on was counted, measured and signed before today.

A count of next year is a slip of the pen or a guess, and whoever reads the plan takes it for a measurement. The days on which
eligible units were counted, baselines and correlations measured, sign-offs given and amendments made are no later than today;
and what was counted or measured is no later than the day of the registration, which rests on it.

Passes with `as_of: 2023-01-18`:

```yaml
eligible_units: {as_of: 2023-01-10}
```

Fails at `/eligible_units/as_of` with `as_of: 2023-01-18`, saying "the eligible units were counted on 2024-01-10, which is yet to come on 2023-01-18":

```yaml
eligible_units: {as_of: 2024-01-10}
```

Fails at `/eligible_units/as_of` with `as_of: 2023-03-18`, saying "counted on 2023-01-25, after the plan was registered on 2023-01-17":

```yaml
eligible_units: {as_of: 2023-01-25}
```

Fails at `/guardrail_metrics/0/baseline_source/as_of` with `as_of: 2023-01-18`, saying "the baseline of refund_rate was measured":

```yaml
guardrail_metrics: {0: {baseline_source: {from: refunds of 2024, as_of: 2024-01-10}}}
```

Fails at `/statistics/variance_reduction/as_of` with `as_of: 2023-01-18`:

```yaml
statistics: {variance_reduction: {as_of: 2024-01-10}}
```

Fails at `/sign_offs/0/on` with `as_of: 2023-01-18`, saying "experimentation_lead signed on 2023-01-20":

```yaml
sign_offs: {0: {on: 2023-01-20}}
```

Fails at `/amendments/0/on` with `as_of: 2023-01-18`, saying "yet to come":

```yaml
amendments: [{on: 2023-02-18, reason: longer run, approver: "@xp-lead", data_access: nothing_run}]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.wording import called
from egp.rules.rule_inputs import Change
from egp.yaml import Path


def check(change: Change) -> Iterator[Finding]:
    today, stated = change.as_of, change.plan.registered
    for at, what, day, is_basis in _days(change.plan):
        if day > today:
            is_judged_too_early = stated is not None and today < stated and day <= stated
            yield Finding(
                at,
                f"{what} on {day}, which is yet to come on {today}",
                observed=str(day),
                required=f"{today} or earlier",
                help="write the day on which it was done",
                yields_in_place=True,
                yields_to=frozenset({"registration-date"} if is_judged_too_early else ()),
            )
        elif is_basis and change.registered is not None and day > change.registered:
            yield Finding(
                at,
                f"{what} on {day}, after the plan was registered on {change.registered}",
                observed=str(day),
                required=f"{change.registered} or earlier",
                help="write the day on which it was done; a plan that is registered does not rest on what came later",
            )


def _days(plan: Experiment) -> Iterator[tuple[Path, str, date, bool]]:
    """(place, what happened, its day, whether the plan rests on it)."""
    eligible = plan.eligible_units
    if eligible and eligible.as_of:
        yield ("eligible_units", "as_of"), "the eligible units were counted", eligible.as_of, True
    for path, metric in plan.metrics:
        source = metric.baseline_source
        if source and source.as_of:
            name = called(metric.id, "a metric without an id")
            at: Path = (*path, "baseline_source", "as_of")
            yield at, f"the baseline of {name} was measured", source.as_of, True
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if reduction and reduction.as_of:
        at = ("statistics", "variance_reduction", "as_of")
        yield at, "the correlation was measured", reduction.as_of, True
    for position, sign_off in enumerate(plan.sign_offs):
        if sign_off.on:
            yield (
                ("sign_offs", position, "on"),
                f"{shown(sign_off.role or 'somebody')} signed",
                sign_off.on,
                False,
            )
    for position, amendment in enumerate(plan.amendments):
        if amendment.on:
            yield ("amendments", position, "on"), "the plan was amended", amendment.on, False
