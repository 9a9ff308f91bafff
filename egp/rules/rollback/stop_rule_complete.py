"""Each stop rule says metric, threshold, evidence, minimum units and action.

A stop rule that leaves something open is argued about on the day it should fire. Each rule watches a metric of the
plan and takes one of three forms:

- `harm_exceeds` with `probability`, `prior` and `evaluated`: the posterior probability of more harm than that;
- `harm_exceeds` with `for`: the estimate of every day shows more harm than that for so long;
- `significant_harm_for`: harm is significant in so many whole weeks in a row, at a level the gate derives.

In every form `min_units_per_variant` keeps the first handful of units from deciding, and `action` says what happens.
`harm_exceeds` is an amount of harm, whichever direction the metric's harm has, so it is not negative.

Passes:

```yaml
stop_rules:
  - {id: refunds, metric: refund_rate, harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, min_units_per_variant: 20_000, action: rollback}
  - {id: contacts, metric: cs_contacts, significant_harm_for: 2w, min_units_per_variant: 20_000, action: rollback}
  - {id: slow, metric: p95_page_load, harm_exceeds: 12%, for: 2d, min_units_per_variant: 5_000, action: rollback}
```

Fails at `/stop_rules`, saying "no stop rule":

```yaml
stop_rules: []
```

Fails at `/stop_rules/0/metric`, saying "does not say which metric":

```yaml
stop_rules: {0: {metric: null}}
```

Fails at `/stop_rules/0/metric`, saying "did you mean refund_rate":

```yaml
stop_rules: {0: {metric: refunds_rate}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "at which harm":

```yaml
stop_rules: {0: {harm_exceeds: null}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "-5% of harm is a benefit":

```yaml
stop_rules: {0: {harm_exceeds: -5%}}
```

"Roll back if refunds look bad" says neither how bad nor how sure.

Fails at `/stop_rules/0/probability`, saying "on which evidence":

```yaml
stop_rules: {0: {probability: null, prior: null, evaluated: null}}
```

Fails at `/stop_rules/0/prior`, saying "prior":

```yaml
stop_rules: {0: {prior: null}}
```

Fails at `/stop_rules/0/prior/std_dev`, saying "how wide":

```yaml
stop_rules: {0: {prior: {mean: 0%}}}
```

Fails at `/stop_rules/0/evaluated`, saying "how often":

```yaml
stop_rules: {0: {evaluated: null}}
```

Fails at `/stop_rules/0/for`, saying "two kinds of evidence":

```yaml
stop_rules: {0: {for: 2d}}
```

Fails at `/stop_rules/1/harm_exceeds`, saying "significance is of any harm":

```yaml
stop_rules: {1: {harm_exceeds: 5%}}
```

Fails at `/stop_rules/1/significant_harm_for`, saying "10 days are no whole weeks":

```yaml
stop_rules: {1: {significant_harm_for: 10d}}
```

Fails at `/stop_rules/2/for`, saying "no length of time":

```yaml
stop_rules: {2: {for: 0d}}
```

Fails at `/stop_rules/0/min_units_per_variant`, saying "from how many units":

```yaml
stop_rules: {0: {min_units_per_variant: null}}
```

Fails at `/stop_rules/0/min_units_per_variant`:

```yaml
stop_rules: {0: {min_units_per_variant: 0}}
```

Fails at `/stop_rules/0/action`, saying "what happens":

```yaml
stop_rules: {0: {action: null}}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.guardrail_lines import stop_rule_line, usual_minimum
from egp.plan.experiment import Experiment, StopRule
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.remedy import PROPOSAL, Remedy, addition, advise, removal, setting
from egp.plan.typed_reader import nearest
from egp.plan.wording import called, count_in_plan, length, listing
from egp.stats.values import NamedTuple
from egp.yaml import Path
from egp.yaml.edits import Addition

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


WEEK = timedelta(weeks=1)

_HOLD_METRICS: tuple[Path, ...] = (
    ("primary_metric",),
    ("co_primary_metrics",),
    ("guardrail_metrics",),
    ("secondary_metrics",),
    ("negative_controls",),
)


def check(plan: Experiment) -> Iterator[Finding]:
    if not plan.stop_rules:
        yield Finding(
            ("stop_rules",),
            "the plan has no stop rule, so nothing is agreed that ends it early",
            observed="no stop rule",
            required="a stop rule for each guardrail metric",
            remedies=[_example(plan)],
        )
    metrics = [metric.id for _, metric in plan.metrics if metric.id]
    for position, stop_rule in enumerate(plan.stop_rules):
        for gap in _gaps(stop_rule, metrics, usual_minimum(plan)):
            name = called(stop_rule.id, f"stop rule {position + 1}")
            above: Path = ("stop_rules", position)
            yield Finding(
                (*above, *gap.at),
                f"{name} {gap.message}",
                observed=_declared(stop_rule, gap.at),
                required="a complete stop rule",
                help=gap.advice,
                remedies=[each.below(above) for each in gap.remedies],
                rests_on=gap.rests_on,
            )


def _example(plan: Experiment) -> Remedy:
    """A complete stop rule of the first guardrail. One on the primary would look at it every day before its look."""
    named = [metric.id for _, metric in plan.guardrails if metric.id]
    if not named:
        return advise("declare a guardrail metric, and add a stop rule that watches it")
    others = listing(map(shown, named[1 : len(plan.guardrail_metrics)]))
    after = f", and one for each other guardrail: {others}" if others else ""
    return Remedy((stop_rule_line(plan, named[0]),), PROPOSAL, after=after)


def _declared(stop_rule: StopRule, at: tuple[str, ...]) -> str:
    value = getattr(stop_rule, {"for": "for_"}.get(at[0], at[0]), None) if len(at) == 1 else None
    if value is None:
        return "missing"
    return length(value) if isinstance(value, timedelta) else shown(str(value))


class Gap(NamedTuple):
    """A key of a stop rule that lacks, what the rule does not say, and what to write."""

    at: tuple[str, ...]
    message: str
    remedies: Sequence[Remedy] = ()
    advice: str = ""
    rests_on: tuple[Path, ...] = ()


def _gaps(stop_rule: StopRule, metrics: Sequence[str], least: int) -> Iterator[Gap]:
    yield from _metric(stop_rule, metrics)
    yield from _threshold(stop_rule)
    yield from _evidence(stop_rule)
    if not stop_rule.min_units_per_variant:
        at = ("min_units_per_variant",)
        usual = setting(at, count_in_plan(least), ", below which noise decides, or another number")
        yield Gap(at, "does not say from how many units on it may fire", [usual])
    if stop_rule.action is None:
        at = ("action",)
        yield Gap(at, "does not say what happens when it fires", [addition(at, "rollback")])


def _metric(stop_rule: StopRule, metrics: Sequence[str]) -> Iterator[Gap]:
    at = ("metric",)
    if stop_rule.metric is None:
        advice = "add `metric:` with the id of a metric of the plan"
        yield Gap(at, "does not say which metric it watches", advice=advice)
    elif stop_rule.metric not in metrics:
        guess = nearest(stop_rule.metric, metrics)
        hint = f", did you mean {shown(guess)}?" if guess else ""
        message = f"watches {shown(stop_rule.metric)}, which is no metric of the plan{hint}"
        if guess:
            yield Gap(at, message, [setting(at, guess)], rests_on=_HOLD_METRICS)
        else:
            advice = "watch a metric that the plan declares"
            yield Gap(at, message, advice=advice, rests_on=_HOLD_METRICS)


def _threshold(stop_rule: StopRule) -> Iterator[Gap]:
    harm, at = stop_rule.harm_exceeds, ("harm_exceeds",)
    if harm is not None and harm.value < 0:
        amount = harm.text.lstrip("-")
        yield Gap(at, f"has the sign wrong: {harm} of harm is a benefit", [setting(at, amount)])
    if harm is not None and stop_rule.significant_harm_for is not None:
        message = f"requires more harm than {harm}, but its significance is of any harm"
        advice = "write `for:` or `probability:` instead of `significant_harm_for:`"
        yield Gap(at, message, [removal(at)], advice)
    if harm is None and stop_rule.significant_harm_for is None:
        by_weeks = (
            [] if stop_rule.probability or stop_rule.for_ else [addition(("significant_harm_for",), "2w")]
        )
        yield Gap(at, "does not say at which harm it fires", [addition(at, "5%"), *by_weeks])


def _evidence(stop_rule: StopRule) -> Iterator[Gap]:
    by_posterior = stop_rule.probability is not None
    kinds = [
        key
        for key, declared in (
            ("probability", by_posterior),
            ("for", stop_rule.for_ is not None),
            ("significant_harm_for", stop_rule.significant_harm_for is not None),
        )
        if declared
    ]
    if not kinds:
        if stop_rule.harm_exceeds is not None:
            posterior = (("probability", "95%"), ("prior", "flat"), ("evaluated", "daily"))
            by_probability = Remedy(tuple(Addition((key,), value) for key, value in posterior))
            message = "can fire on one noisy day, since it does not say on which evidence it fires"
            yield Gap(("probability",), message, [by_probability, addition(("for",), "2d")])
        return
    if len(kinds) > 1:
        advice = (
            f"keep one of {' and '.join(f'`{kind}`' for kind in kinds)}, and make two stop rules of the two"
        )
        message = f"has two kinds of evidence, `{kinds[0]}` and `{kinds[1]}`"
        yield Gap((kinds[1],), message, advice=advice)
    if by_posterior:
        yield from _posterior(stop_rule)
    yield from _durations(stop_rule)


def _posterior(stop_rule: StopRule) -> Iterator[Gap]:
    prior = stop_rule.prior
    if prior is None:
        flat = addition(("prior",), "flat", ", or a normal prior")
        yield Gap(("prior",), "does not say which prior its probability has", [flat])
    elif prior != "flat" and (prior.std_dev is None or prior.std_dev.value <= 0):
        message = "does not say how wide its prior is"
        yield Gap(("prior", "std_dev"), message, [setting(("prior",), "flat")], "add `std_dev:` above 0")
    if stop_rule.evaluated is None:
        at = ("evaluated",)
        yield Gap(at, "does not say how often it is evaluated", [addition(at, "daily")])


def _durations(stop_rule: StopRule) -> Iterator[Gap]:
    lasting, weeks = stop_rule.for_, stop_rule.significant_harm_for
    if lasting is not None and not lasting:
        message = f"fires after {length(lasting)}, which is no length of time"
        yield Gap(("for",), message, [setting(("for",), "2d")])
    if weeks is not None and (not weeks or weeks % WEEK):
        at = ("significant_harm_for",)
        whole = setting(at, f"{max(1, round(weeks / WEEK))}w")
        yield Gap(at, f"counts weeks, and {length(weeks)} are no whole weeks", [whole])


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)
