"""A negative control notices what distorts the primary, and hardly ever holds a sound experiment.

A metric that the treatment cannot move tells of splits, logging and joins that went wrong, but only if it has the
units for it: a quiet one that sees nothing reassures for no reason. The plan says with `mde` how large a shift
has to be noticed, as a rule one of the size of the primary's MDE, and egp computes the chance at the gate's own level, which
all negative controls and treatments share (`statistics.negative_control_alpha`, or 0.1 %). A looser level notices more, and
is the chance that a sound experiment is held for repair, so a policy bounds it (`false_hold`). A policy can also require
some (`at_least`).

Passes:

```yaml
negative_controls: [{id: visits_before, kind: mean, baseline: 3.2, std_dev: 4, mde: 3%}]
```

Fails at `/negative_controls/0/mde`, saying "a shift of 0.5% in visits_before would be noticed":

```yaml
negative_controls: [{id: visits_before, kind: mean, baseline: 3.2, std_dev: 4, mde: 0.5%}]
```

Fails at `/negative_controls/0/mde`, saying "does not say which shift of visits_before has to be noticed":

```yaml
negative_controls: [{id: visits_before, kind: mean, baseline: 3.2, std_dev: 4}]
```

Fails at `/statistics/negative_control_alpha`, saying "holds 5 % of sound experiments":

```yaml
negative_controls: [{id: visits_before, kind: mean, baseline: 3.2, std_dev: 4, mde: 3%}]
statistics: {negative_control_alpha: 5%}
```

Fails at `/negative_controls` with `at_least: 1`, saying "the plan has no negative control":

```yaml
negative_controls: []
```

Fails at `/negative_controls/0/limit`, saying "nothing of the treatment is judged by visits_before":

```yaml
negative_controls: [{id: visits_before, kind: mean, baseline: 3.2, std_dev: 4, mde: 3%, limit: {max: 4}}]
```

Fails at `/stop_rules/0/metric`, saying "which the treatment cannot move":

```yaml
negative_controls: [{id: visits_before, kind: mean, direction: increase, baseline: 3.2, std_dev: 4, mde: 3%}]
stop_rules: {0: {metric: visits_before}}
```

Not checked at `/negative_controls/0/std_dev`:

```yaml
negative_controls: [{id: visits_before, kind: mean, baseline: 3.2, mde: 3%}]
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.negative_controls import control_design, family_alpha
from egp.plan.analysis.registered import has_primary_test, noticed_size, planned_units
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import MetricChange, Share
from egp.plan.remedy import addition, advise, removal, setting
from egp.plan.wording import at_least_like, called, counted, power_text, share_text, told_apart
from egp.rules import rule
from egp.yaml import Path

AT: Path = ("negative_controls",)
PER_CENT = MetricChange(0.01, "relative", "1%")
_ALPHA: Path = ("statistics", "negative_control_alpha")


class Params(rule.Params):
    floor: Annotated[
        Share,
        "least chance to notice the shift that each names",
        rule.Stricter("more"),
        rule.KnownAs("noticed_shift"),
    ] = Share(0.80)
    false_hold: Annotated[Share, "largest level at which any of them has moved", rule.Stricter("less")] = (
        Share(0.01)
    )
    at_least: Annotated[
        int, "negative controls that every plan with a test must have", rule.AtLeast(0), rule.Stricter("more")
    ] = 0


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if plan.type is not None and not has_primary_test(plan):
        raise DoesNotApply
    number = len(plan.negative_controls)
    if number < params.at_least:
        has = counted(number, "negative control") if number else "no negative control"
        yield Finding(
            AT, f"the plan has {has}; the policy requires {params.at_least}", str(number), f"at least {params.at_least}",
            help="name a metric that the treatment cannot move, as what units did before they entered",
        )  # fmt: skip
    if not number:
        if params.at_least:
            return
        raise DoesNotApply
    yield from _alpha(plan, params)
    yield from _watched(plan)
    for path, metric in plan.unmoved:
        yield from _bounded(metric, path)
        yield from _power(plan, metric, path, params.floor)


def _alpha(plan: Experiment, params: Params) -> Iterator[Finding]:
    alpha = family_alpha(plan)
    if alpha > params.false_hold:
        level, allowed = told_apart(alpha, params.false_hold)
        yield Finding(
            _ALPHA,
            f"a level of {level} holds {level} of sound experiments for repair; the policy allows {allowed}",
            observed=level,
            required=f"at most {allowed}",
            remedies=[
                setting(_ALPHA, f"{params.false_hold * 100:g}%", ", or remove it: the default is 0.1 %")
            ],
        )


def _watched(plan: Experiment) -> Iterator[Finding]:
    names = {metric.id for _, metric in plan.unmoved if metric.id}
    for at, stop_rule in enumerate(plan.stop_rules):
        if stop_rule.metric in names:
            yield Finding(
                ("stop_rules", at, "metric"),
                f"{called(stop_rule.id, 'a stop rule')} would withdraw the treatment over "
                f"{stop_rule.metric}, a negative control, which the treatment cannot move",
                observed=stop_rule.metric or "",
                required="a metric that the treatment can harm",
                help="let the rule watch a guardrail, or take it out",
                related=(Related(AT, "metrics that must not move"),),
                impossible=True,
            )


def _bounded(metric: Metric, path: Path) -> Iterator[Finding]:
    for key in ("limit", "non_inferiority_margin", "action", "target"):
        if getattr(metric, key) is not None:
            yield Finding(
                (*path, key),
                f"`{key}` changes nothing: nothing of the treatment is judged by {called(metric.id, 'a negative control')}",
                observed="not applied",
                required="a key that is applied",
                remedies=[removal((*path, key))],
            )


def _power(plan: Experiment, metric: Metric, path: Path, floor: float) -> Iterator[Finding]:
    design, units = control_design(plan, metric, path), planned_units(plan)
    least = at_least_like(design.detectable(floor, units), metric.mde or PER_CENT, metric.baseline)
    name = called(metric.id, "a negative control")
    if metric.mde is None:
        yield Finding(
            (*path, "mde"),
            f"the plan does not say which shift of {name} has to be noticed; this sample detects {least} with "
            f"{share_text(floor)} power",
            observed="missing",
            required="an MDE",
            remedies=[addition((*path, "mde"), least, ", or what would distort the primary")],
        )
        return
    power = design.power(noticed_size(metric, path), units)
    if power < floor:
        yield Finding(
            (*path, "mde"),
            f"a shift of {metric.mde} in {name} would be noticed {power_text(power)} of the time, so that its silence says "
            "little",
            observed=power_text(power),
            required=share_text(floor),
            remedies=[
                setting((*path, "mde"), least, ", which this sample detects"),
                advise("take a metric that varies less"),
            ],
        )
