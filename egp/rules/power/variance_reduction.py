"""CUPED's correlation is measured, recent, taken over all units, and plausible.

Whatever the plan claims for CUPED it takes off its sample, so a correlation from nowhere makes the test too small.
CUPED leaves 1 − ρ² of the variance (Deng, Xu, Kohavi and Walker 2013), where ρ is the correlation of the metric with
its pre-period value over *all* units of the experiment. New units have no pre-period, so a correlation measured over
returning units alone promises too much. A correlation above 90 % is rarer than a covariate that saw the treatment.
Each finding says how much of the sample rests on the claim.

Passes:

```yaml
statistics: {variance_reduction: {covers: all_units}}
```

Does not apply without `/statistics/variance_reduction`.

Fails at `/statistics/variance_reduction/source`, saying "without source and as_of; on it rests that 103,287 units per variant are enough instead of 137,716":

```yaml
statistics: {variance_reduction: {source: null, as_of: null}}
```

Fails at `/statistics/variance_reduction/source`, saying "without source":

```yaml
statistics: {variance_reduction: {source: " "}}
```

Fails at `/statistics/variance_reduction/pre_period`, saying "without pre_period":

```yaml
statistics: {variance_reduction: {pre_period: 0d}}
```

Fails at `/statistics/variance_reduction/covers`, saying "returning units only":

```yaml
statistics: {variance_reduction: {covers: returning_units}}
```

Fails at `/statistics/variance_reduction/covers`, saying "does not say over which units":

```yaml
statistics: {variance_reduction: {covers: null}}
```

Fails at `/statistics/variance_reduction/correlation`, saying "0.95 is stronger than a pre-period usually is":

```yaml
statistics: {variance_reduction: {correlation: 0.95}}
```

Fails at `/statistics/variance_reduction/correlation`, saying "no correlation is declared":

```yaml
statistics: {variance_reduction: {correlation: null}}
```

Fails at `/statistics/variance_reduction/as_of`, saying "138 days before the registration":

```yaml
statistics: {variance_reduction: {as_of: 2022-09-01}}
```

Fails at `/statistics/variance_reduction/as_of`, saying "after the start":

```yaml
statistics: {variance_reduction: {as_of: 2023-01-30}}
```

Does not apply:

```yaml
type: rollout
statistics: {variance_reduction: {source: null}}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

from egp.plan.analysis.days import first_day
from egp.plan.analysis.registered import has_primary_test, required_smallest
from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment, VarianceReduction
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.remedy import Remedy, TradeOff, open_if, setting
from egp.plan.wording import counted, length, listing, whole
from egp.rules import rule
from egp.stats import StatisticsInputError
from egp.stats.values import replace
from egp.yaml import Path
from egp.yaml.edits import Setting

AT: Path = ("statistics", "variance_reduction")

_WITHOUT = setting((*AT, "method"), "none")
_MEASURED_OVER_ALL = Remedy(
    (Setting((*AT, "covers"), "all_units"),),
    open_if("it is measured over all units", TradeOff.FACT),
    before="measure it over all units, new ones with a pre-period of 0, and ",
)


class Params(rule.Params):
    max_correlation: Annotated[
        float, "strongest correlation that is taken without doubt", rule.Stricter("less")
    ] = 0.9
    max_age: Annotated[
        timedelta, "how old the measured correlation may be at registration", rule.Stricter("less")
    ] = timedelta(days=90)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    reduction = plan.statistics.variance_reduction if plan.statistics else None
    if not has_primary_test(plan) or reduction is None or reduction.method in (None, "none"):
        raise DoesNotApply
    findings = [
        *_correlation(reduction, params),
        *_provenance(reduction),
        *_covers(reduction),
        *_age(plan, reduction, params),
    ]
    stake = _stake(plan) if findings else ""
    for finding in findings:
        yield replace(finding, message=finding.message + stake)


def _correlation(reduction: VarianceReduction, params: Params) -> Iterator[Finding]:
    at, correlation = (*AT, "correlation"), reduction.correlation
    measure = "set `correlation:` to the one measured over all units of an earlier period"
    most = f"at most {params.max_correlation:g}"
    if correlation is None:
        yield Finding(
            at,
            "CUPED is planned and no correlation is declared",
            "missing",
            most,
            measure,
            remedies=[_WITHOUT],
        )
    elif abs(correlation) > params.max_correlation:
        message = (
            f"a correlation of {correlation:g} is stronger than a pre-period usually is; above "
            f"{params.max_correlation:g} the covariate often saw the treatment"
        )
        yield Finding(at, message, f"{correlation:g}", most, measure, remedies=[_WITHOUT])


def _provenance(reduction: VarianceReduction) -> Iterator[Finding]:
    declared = {
        "source": stated(reduction.source),
        "as_of": reduction.as_of,
        "pre_period": reduction.pre_period,
    }
    missing = [key for key, value in declared.items() if not value]
    if missing:
        yield Finding(
            (*AT, missing[0]),
            f"CUPED's correlation is declared without {listing(missing)}",
            observed="missing",
            required=listing(missing),
            remedies=[_WITHOUT],
            help=f"add {listing(f'`{key}:`' for key in missing)}",
        )


def _covers(reduction: VarianceReduction) -> Iterator[Finding]:
    if reduction.covers == "all_units":
        return
    if reduction.covers is None:
        message = "the plan does not say over which units CUPED's correlation was measured"
    else:
        message = (
            "CUPED's correlation was measured over returning units only, and new units have no pre-period"
        )
    yield Finding(
        (*AT, "covers"),
        message,
        observed=reduction.covers or "missing",
        required="all_units",
        remedies=[_MEASURED_OVER_ALL],
    )


def _age(plan: Experiment, reduction: VarianceReduction, params: Params) -> Iterator[Finding]:
    at, measured = (*AT, "as_of"), reduction.as_of
    if measured is None:
        return
    start = first_day(plan) if plan.schedule and plan.schedule.start else None
    if start is not None and measured > start:
        message = f"CUPED's correlation was measured on {measured}, after the start on {start}"
        yield Finding(at, message, str(measured), f"before {start}", "measure it before the start")
        return
    planned, event = (plan.registered, "registration") if plan.registered else (start, "start")
    if planned is not None and planned - measured > params.max_age:
        age = counted((planned - measured).days, "day")
        yield Finding(
            at,
            f"CUPED's correlation was measured on {measured}, {age} before the {event}; "
            f"the policy allows {length(params.max_age)}",
            observed=age,
            required=f"at most {length(params.max_age)}",
            help="measure it again, and update `correlation:`, `as_of:` and `source:`",
        )


def _stake(plan: Experiment) -> str:
    """How much of the sample rests on CUPED, where the plan says enough."""
    try:
        without, with_it = required_smallest(plan, with_cuped=False), required_smallest(plan)
    except (NotChecked, StatisticsInputError):
        return ""
    enough, instead = whole(math.ceil(with_it - 1e-6)), whole(math.ceil(without - 1e-6))
    return f"; on it rests that {enough} units per variant are enough instead of {instead}"
