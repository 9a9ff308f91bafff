"""Every stop rule can fire.

A stop rule that cannot fire looks like protection and is none. A rule is dead if it waits for more units per variant
than the run brings (`distinct_over_run` times exposure times the smallest weight), if its posterior probability is one
that no data reach, if it is not evaluated once between its minimum of units and the end of the run, if harm must last
longer than anybody watches (from the start to the end of the run, the ramp or the holdout, whichever is last), or if
its threshold lies beyond 0 % or 100 % of a rate.

Passes:

```yaml
stop_rules: {0: {min_units_per_variant: 20_000}}
```

Fails at `/stop_rules/0/min_units_per_variant`, saying "200,000 units per variant; the run brings 153,000":

```yaml
stop_rules: {0: {min_units_per_variant: 200_000}}
```

Fails at `/stop_rules/0/probability`, saying "100 %":

```yaml
stop_rules: {0: {probability: 100%}}
```

Six days have no weekly evaluation.

Fails at `/stop_rules/0/evaluated`, saying "is not evaluated":

```yaml
schedule: {end: 2023-01-28}
stop_rules: {0: {evaluated: weekly}}
```

From 23 January to the end of the holdout there are 108 days.

Fails at `/stop_rules/1/significant_harm_for`, saying "112 days; the plan is watched for 108":

```yaml
stop_rules: {1: {significant_harm_for: 16w}}
```

Passes:

```yaml
stop_rules: {1: {significant_harm_for: 15w}}
```

Fails at `/stop_rules/2/for`, saying "20 days; the plan is watched for 18":

```yaml
holdout: {share: null, until: null, none: the old page is switched off}
ramp: [{treated: 70%, min_dwell: 48h}, {treated: 100%, min_dwell: 48h}]
stop_rules: {2: {for: 20d}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "from 3.10 % by 4000%":

```yaml
stop_rules: {0: {harm_exceeds: 4000%}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "cannot fall":

```yaml
stop_rules: {0: {metric: add_to_cart_rate, harm_exceeds: 13pp}}
```

Passes:

```yaml
stop_rules: []
```

Not checked at `/eligible_units/distinct_over_run`:

```yaml
eligible_units: {distinct_over_run: null, per_day: null}
```

Not checked at `/stop_rules/0/metric`:

```yaml
stop_rules: {0: {metric: unknown_rate}}
```
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from egp.analysis.days import first_day, run_days
from egp.analysis.registered import harm_direction
from egp.analysis.stop_rules import evaluations, stop_rule_harm, stop_rule_metric
from egp.analysis.traffic import arriving_units, ramp_begin, ramp_length
from egp.experiment import Experiment, StopRule
from egp.finding import Finding, NotChecked, need
from egp.wording import called, duration_in_plan, length, level, percent, whole

DAY = timedelta(days=1)


def check(plan: Experiment) -> Iterator[Finding]:
    unchecked = None
    for position in range(len(plan.stop_rules)):
        try:
            yield from _deaths(plan, position)
        except NotChecked as missing:
            unchecked = missing
    if unchecked:
        raise unchecked


def _deaths(plan: Experiment, position: int) -> Iterator[Finding]:
    stop_rule = plan.stop_rules[position]
    if stop_rule.probability is not None and stop_rule.probability >= 1:
        yield _dead(
            plan, position, "probability", f"fires at a probability of {percent(1)}, which no data reach",
            "100 %", "below 100 %", "set `probability: 99%`",
        )  # fmt: skip
    yield from _by_units(plan, position, stop_rule)
    yield from _by_time(plan, position, stop_rule)
    if stop_rule.harm_exceeds is not None:
        yield from _by_range(plan, position)


def _by_units(plan: Experiment, position: int, stop_rule: StopRule) -> Iterator[Finding]:
    least = need(stop_rule.min_units_per_variant, "stop_rules", position, "min_units_per_variant")
    brought = arriving_units(plan)
    if least > brought:
        enough = math.floor(brought)
        yield _dead(
            plan, position, "min_units_per_variant",
            f"waits for {whole(least)} units per variant; the run brings {enough:,}",
            whole(least), f"at most {enough:,}", f"set `min_units_per_variant: {enough:_}` or less",
        )  # fmt: skip
    elif stop_rule.evaluated is not None and not evaluations(plan, position, stop_rule.evaluated).number:
        yield _dead(
            plan, position, "evaluated",
            f"is not evaluated once between {whole(least)} units per variant and the end of the run",
            stop_rule.evaluated, "at least one evaluation", "set `evaluated: daily`, or wait for fewer units",
        )  # fmt: skip


def _by_time(plan: Experiment, position: int, stop_rule: StopRule) -> Iterator[Finding]:
    for key, lasting in (("for", stop_rule.for_), ("significant_harm_for", stop_rule.significant_harm_for)):
        if lasting is None or lasting <= run_days(plan) * DAY:
            continue
        watched = _watched(plan)
        if lasting > watched:
            weeks = key == "significant_harm_for"
            enough = f"{max(1, watched // (7 * DAY))}w" if weeks else duration_in_plan(watched)
            yield _dead(
                plan, position, key,
                f"waits for harm that lasts {length(lasting)}; the plan is watched for {watched.days}",
                length(lasting), f"at most {length(watched)}", f"set `{key}: {enough}` or less",
            )  # fmt: skip


def _watched(plan: Experiment) -> timedelta:
    """From the start to the end of the run, of the ramp or of the holdout, whichever is last."""
    start = first_day(plan)
    ends = [run_days(plan) * DAY]
    if plan.ramp:
        ends.append(ramp_begin(plan) - start + ramp_length(plan))
    if plan.holdout is not None and plan.holdout.until is not None:
        ends.append(plan.holdout.until - start + DAY)
    return max(ends)


def _by_range(plan: Experiment, position: int) -> Iterator[Finding]:
    """A rate lies between 0 and 1, so harm beyond that cannot happen."""
    path, metric = stop_rule_metric(plan, position)
    if metric.kind != "proportion":
        return
    harm, baseline = stop_rule_harm(plan, position), need(metric.baseline, *path, "baseline")
    falls = harm_direction(metric, path) == "decrease"
    room = baseline.value if falls else 1 - baseline.value
    if harm < room:
        return
    declared = plan.stop_rules[position].harm_exceeds
    verb = "fall" if falls else "rise"
    yield _dead(
        plan, position, "harm_exceeds",
        f"waits for {called(metric.id, 'the metric')} to {verb} from {level(baseline.value, baseline.unit)} "
        f"by {declared}, and a rate cannot {verb} so far",
        str(declared), "harm that can happen", "set `harm_exceeds: 5%`, or another harm that can happen",
    )  # fmt: skip


def _dead(
    plan: Experiment, position: int, key: str, why: str, observed: str, required: str, advice: str
) -> Finding:
    name = called(plan.stop_rules[position].id, f"stop rule {position + 1}")
    return Finding(("stop_rules", position, key), f"{name} {why}", observed, required, advice)
