"""The baseline of the primary metric has a source and is at most 90 days old at registration.

The sample size rests on the baseline, and a baseline from another season plans another experiment. A dated source
lets the reviewer repeat the query; age counts from `baseline_source.as_of` to the registration, or to the start of a
plan that is not yet registered. Guardrail metrics may leave their source out; a date that they do give is held to the
same age. A date after the registration is refused too: a baseline must be known when the plan is agreed. A baseline that
`egp measure` wrote has its source and its day in `measured`.

Passes:

```yaml
primary_metric: {baseline_source: {as_of: 2022-10-19}}
```

Fails at `/primary_metric/baseline_source/as_of`, saying "91 days before":

```yaml
primary_metric: {baseline_source: {as_of: 2022-10-18}}
```

Fails at `/primary_metric/baseline_source/as_of`, saying "after the registration":

```yaml
primary_metric: {baseline_source: {as_of: 2023-01-18}}
```

Fails at `/primary_metric/baseline_source`:

```yaml
primary_metric: {baseline_source: null}
```

Fails at `/primary_metric/baseline_source/from`:

```yaml
primary_metric: {baseline_source: {from: null}}
```

Fails at `/primary_metric/baseline_source/from`:

```yaml
primary_metric: {baseline_source: {from: " "}}
```

Fails at `/primary_metric/baseline_source/as_of`:

```yaml
primary_metric: {baseline_source: {as_of: null}}
```

Fails at `/guardrail_metrics/0/baseline_source/as_of` with `days: 30`, saying "before the start":

```yaml
registered: null
guardrail_metrics: {0: {baseline_source: {from: "refund ledger", as_of: 2022-12-23}}}
```

Passes:

```yaml
primary_metric: {baseline_source: null}
measured: {as_of: 2023-01-10, values: {add_to_cart_rate.baseline: 0123456789ab}}
```

Fails at `/measured/as_of`, saying "days before":

```yaml
primary_metric: {baseline_source: null}
measured: {as_of: 2022-10-01, values: {add_to_cart_rate.baseline: 0123456789ab}}
```

A rollout is not planned by size, and a date that it does not give has no age.

Does not apply:

```yaml
type: rollout
primary_metric: {baseline_source: null}
```

Not checked without `/primary_metric/baseline`.

Not checked at `/schedule/start`:

```yaml
registered: null
schedule: {start: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from egp.plan.analysis.days import day_after, first_day
from egp.plan.analysis.registered import has_primary_test
from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment, Metric, Source
from egp.plan.finding import DoesNotApply, Finding, need
from egp.plan.remedy import Remedy, addition
from egp.plan.wording import called, counted
from egp.rules import rule
from egp.yaml import Path
from egp.yaml.edits import Addition, Setting


class Params(rule.Params):
    days: Annotated[
        int, "age in days at registration from which a baseline is too old", rule.Stricter("less")
    ] = 90


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    dated = [
        ((*path, "baseline_source", "as_of"), metric.baseline_source.as_of)
        for path, metric in (*plan.primaries, *plan.guardrails)
        if metric.baseline_source and metric.baseline_source.as_of
    ]
    if plan.measured and plan.measured.as_of and any(_is_measured(plan, each) for _, each in plan.primaries):
        dated.append((("measured", "as_of"), plan.measured.as_of))
    if has_primary_test(plan):
        for path, metric in plan.primaries:
            need(metric.baseline, *path, "baseline")
            yield from _missing(plan, metric, path)
    elif not dated:
        raise DoesNotApply
    for path, as_of in dated:
        yield from _age(plan, as_of, path, params)


def _is_measured(plan: Experiment, metric: Metric) -> bool:
    values = plan.measured.values if plan.measured else None
    return f"{metric.name}.baseline" in (values or {}) and metric.baseline_source is None


def _missing(plan: Experiment, metric: Metric, path: Path) -> Iterator[Finding]:
    if _is_measured(plan, metric):
        return
    source = metric.baseline_source
    declared = {"from": stated(source.from_), "as_of": source.as_of} if source else {}
    absent = [key for key in ("from", "as_of") if not declared.get(key)]
    if not absent:
        return
    name = called(metric.id, "the primary metric")
    whole = (*path, "baseline_source")
    what = "where the baseline comes from" if "from" in absent else "when the baseline was taken"
    yield Finding(
        whole if source is None else (*whole, absent[0]),
        f"the plan does not say {what}; the sample size for {name} rests on it",
        observed="missing",
        required="a source and its date",
        remedies=[_example(plan, whole, absent, source)],
    )


def _example(plan: Experiment, whole: Path, absent: list[str], begun: Source | None) -> Remedy:
    """Keys to add, with a date that is neither too old nor too late."""
    day = day_after(plan.registered or first_day(plan), -7)
    parts = {"from": "28 days of the dashboard it was read from", "as_of": day.isoformat()}
    if begun is None:
        return addition(whole, parts)
    says_nothing = begun.from_ is not None  # as a TODO does
    return Remedy(
        tuple(
            (Setting if key == "from" and says_nothing else Addition)((*whole, key), parts[key])
            for key in absent
        )
    )


def _age(plan: Experiment, as_of: date, path: Path, params: Params) -> Iterator[Finding]:
    reference = plan.registered or first_day(plan)
    event = "registration" if plan.registered else "start"
    age = (reference - as_of).days
    if 0 <= age <= params.days:
        return
    distance, is_late = counted(abs(age), "day"), age < 0
    yield Finding(
        path,
        f"the baseline was taken {distance} {'after' if is_late else 'before'} the {event} on {reference}; "
        + ("it must be known by then" if is_late else f"the policy allows {params.days}"),
        observed=f"{distance} {'too late' if is_late else 'old'}",
        required=f"at most {counted(params.days, 'day')} old",
        help=f"take the baseline again on a day within the {counted(params.days, 'day')} before {reference}",
    )
