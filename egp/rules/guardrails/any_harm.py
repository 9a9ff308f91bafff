"""A guardrail that only informs would notice the harm that somebody would act on.

Some metrics may not get worse at all, and still nobody would withdraw a launch for them alone. No sample rules out every harm,
so such a guardrail has no margin: the gate tests it for any harm, one-sided, and reports. A report that stays quiet for
want of units is worse than none. The plan says with `mde` which harm somebody would act on, and egp computes how often that is
noticed at the declared sample, at `statistics.guardrail_alpha` of all such guardrails together. What has a margin, a limit or
an action that decides is no guardrail that only informs. The rule is about guardrails with `any_harm`.

Passes:

```yaml
stop_rules: {1: {metric: refund_rate}}
guardrail_metrics: {1: {any_harm: inform, non_inferiority_margin: null, action: null, mde: 8%}}
```

Fails at `/guardrail_metrics/1/mde`, saying "harm of 1% to cs_contacts would be noticed":

```yaml
stop_rules: {1: {metric: refund_rate}}
guardrail_metrics: {1: {any_harm: inform, non_inferiority_margin: null, action: monitor, mde: 1%}}
```

Fails at `/guardrail_metrics/1/mde`, saying "does not say which harm to cs_contacts would be acted on":

```yaml
stop_rules: {1: {metric: refund_rate}}
guardrail_metrics: {1: {any_harm: inform, non_inferiority_margin: null, action: null}}
```

Fails at `/guardrail_metrics/1/non_inferiority_margin`, saying "cs_contacts only informs, and its `non_inferiority_margin` would decide":

```yaml
stop_rules: {1: {metric: refund_rate}}
guardrail_metrics: {1: {any_harm: inform, action: null, mde: 8%}}
```

Fails at `/guardrail_metrics/1/action`, saying "its `action` would decide":

```yaml
guardrail_metrics: {1: {any_harm: inform, non_inferiority_margin: null, mde: 8%}}
```

Fails at `/stop_rules/1/metric`, saying "contacts would decide by cs_contacts, which only informs":

```yaml
guardrail_metrics: {1: {any_harm: inform, non_inferiority_margin: null, action: null, mde: 8%}}
stop_rules: {1: {metric: cs_contacts}}
```

Not checked at `/guardrail_metrics/1/std_dev`:

```yaml
stop_rules: {1: {metric: refund_rate}}
guardrail_metrics: {1: {any_harm: inform, non_inferiority_margin: null, action: null, mde: 8%, std_dev: null}}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.plan.analysis.beside_primary import any_harm_design
from egp.plan.analysis.registered import has_primary_test, noticed_size, planned_units
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import MetricChange, Share
from egp.plan.remedy import addition, advise, open_if, removal, setting
from egp.plan.wording import at_least_like, called, power_text, share_text
from egp.rules import rule
from egp.yaml import Path

PER_CENT = MetricChange(0.01, "relative", "1%")
DECIDING = ("non_inferiority_margin", "limit", "action")


class Params(rule.Params):
    floor: Annotated[
        Share,
        "least chance to notice the harm that each names",
        rule.Stricter("more"),
        rule.KnownAs("noticed_harm"),
    ] = Share(0.80)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    found = list(plan.informing)
    if not found:
        raise DoesNotApply
    for path, metric in found:
        yield from _decides(metric, path)
        yield from _stop_rules(plan, metric, path)
    if not has_primary_test(plan):
        return
    for path, metric in found:
        yield from _power(plan, metric, path, params.floor)


def _decides(metric: Metric, path: Path) -> Iterator[Finding]:
    name = called(metric.id, "the guardrail")
    for key in DECIDING:
        value = getattr(metric, key)
        if value is None or value == "monitor":
            continue
        yield Finding(
            (*path, key),
            f"{name} only informs, and its `{key}` would decide",
            observed=f"`{key}`",
            required="one of the two",
            remedies=[
                removal((*path, key)),
                removal((*path, "any_harm"), ", and let it decide", open_if("it is to decide")),
            ],
            related=(Related((*path, "any_harm"), "only informs"),),
            impossible=True,
        )


def _stop_rules(plan: Experiment, metric: Metric, path: Path) -> Iterator[Finding]:
    for at, stop_rule in enumerate(plan.stop_rules):
        if stop_rule.metric == metric.id and metric.id:
            yield Finding(
                ("stop_rules", at, "metric"),
                f"{called(stop_rule.id, 'a stop rule')} would decide by {called(metric.id, 'it')}, which only informs",
                observed=called(metric.id, "it"),
                required="a guardrail that decides",
                help="let the rule watch a guardrail that decides, or take it out",
                related=(Related((*path, "any_harm"), "only informs"),),
                impossible=True,
            )


def _power(plan: Experiment, metric: Metric, path: Path, floor: float) -> Iterator[Finding]:
    design, units = any_harm_design(plan, metric, path), planned_units(plan)
    least = at_least_like(design.detectable(floor, units), metric.mde or PER_CENT, metric.baseline)
    at, name = (*path, "mde"), called(metric.id, "the guardrail")
    if metric.mde is None:
        yield Finding(
            at,
            f"the plan does not say which harm to {name} would be acted on; this sample detects {least} with "
            f"{share_text(floor)} power",
            observed="missing",
            required="an MDE",
            remedies=[addition(at, least, ", or the harm that you would act on")],
        )
        return
    power = design.power(noticed_size(metric, path), units)
    if power < floor:
        yield Finding(
            at,
            f"harm of {metric.mde} to {name} would be noticed {power_text(power)} of the time: a quiet report is no evidence",
            observed=power_text(power),
            required=share_text(floor),
            remedies=[setting(at, least, ", which this sample detects"), advise("plan a larger sample")],
        )
