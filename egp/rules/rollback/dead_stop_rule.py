"""Every stop rule can fire, and fires at a harm that the plan would not accept.

A stop rule that cannot fire looks like protection and is none. A rule is dead if it waits for more units per variant
than the run brings (`distinct_over_run` times exposure times the smallest weight), if its posterior probability is one
that no data reach, if it is not evaluated once between its minimum of units and the end of the run, if harm must last
longer than the treatment is being rolled out (from the start to the end of the run or of the ramp, whichever is last;
in the months of the holdout it comes too late), if its threshold lies beyond 0 % or 100 % of a rate, or if a rate is so
rare that the run, the day or the week which it judges brings a variant fewer than ten events: of so few nothing is
judged.

A plan with a dead rule promises what it cannot do, and that is an error also where the policy warns. A rule is toothless if it tolerates more than `times_margin` times the harm that its metric's own margin accepts at the
readout; without a margin the distance from the baseline to the limit counts. A page that may become 4 % slower, and is
withdrawn only when it is ten times slower, is not guarded in between.

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

From 23 January to the end of the ramp on 10 February there are 18 days.

Fails at `/stop_rules/1/significant_harm_for`, saying "21 days; run and ramp last 18":

```yaml
stop_rules: {1: {significant_harm_for: 3w}}
```

Where less than a week is watched, no number of weeks is short enough.

Fails at `/stop_rules/1/significant_harm_for`, saying "lasts 7 days; run and ramp last 5":

```yaml
schedule: {end: 2023-01-27}
ramp: []
stop_rules: {1: {significant_harm_for: 1w}}
```

Fails at `/stop_rules/2/for`, saying "100 days; run and ramp last 18":

```yaml
stop_rules: {2: {for: 100d}}
```

Passes:

```yaml
stop_rules: {2: {for: 18d}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "tolerates 1000%, 125 times the margin of 8%":

```yaml
stop_rules: {0: {harm_exceeds: 1000%}}
```

Fails at `/stop_rules/2/harm_exceeds`, saying "tolerates 20%, 5 times the margin of 4%; the policy allows 3 times":

Passes with `times_margin: 5`:

```yaml
stop_rules: {2: {harm_exceeds: 20%}}
```

Fails at `/stop_rules/2/harm_exceeds`, saying "tolerates 40%, 3.8 times the distance of 200 ms from the baseline to the limit":

```yaml
guardrail_metrics: {2: {non_inferiority_margin: null}}
stop_rules: {2: {harm_exceeds: 40%}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "from 3.10 % by 4000%":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: null}}
stop_rules: {0: {harm_exceeds: 4000%}}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "cannot fall":

```yaml
stop_rules: {0: {metric: add_to_cart_rate, harm_exceeds: 13pp}}
```

Fails at `/stop_rules/0/metric`, saying "cannot be judged below 1,000,000 units per variant, ten events at 0.001 %; the run brings 153,000":

```yaml
guardrail_metrics: {0: {baseline: 0.001%}}
```

Fails at `/stop_rules/0/metric`, saying "ten events at 0.03 %; a day brings 18,450":

```yaml
guardrail_metrics: {0: {baseline: 0.03%}}
stop_rules: {0: {probability: null, prior: null, evaluated: null, for: 2d}}
```

Does not apply without `/stop_rules`.

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
from typing import Annotated

from egp.plan.analysis.days import first_day, run_days
from egp.plan.analysis.registered import harm_direction, segment_share, size_of
from egp.plan.analysis.stop_rules import (
    evaluations,
    is_plain_rate,
    least_units,
    stop_rule_harm,
    stop_rule_metric,
)
from egp.plan.analysis.traffic import (
    arriving_units,
    daily_eligible_units,
    ramp_begin,
    ramp_length,
    smallest_share,
)
from egp.plan.analysis.watch import watched_test
from egp.plan.experiment import Experiment, Metric, StopRule
from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import (
    called,
    count_in_plan,
    duration_in_plan,
    length,
    length_beside,
    level,
    numbers_apart,
    percent,
    significant,
    unit_count,
    whole,
)
from egp.rules import rule
from egp.yaml import Path

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


ROUNDING = 1 + 1e-9
LASTING = ("for", "significant_harm_for", "evaluated")
TOO_SHORT = frozenset(("minimum-runtime", "weekly-cycles"))
"""Rules whose advice makes the run longer, after which a stop rule may have the time it requires."""


class Params(rule.Params):
    times_margin: Annotated[
        float,
        "most times the margin of its metric, or the way to its limit, that a stop rule tolerates",
        rule.Stricter("less"),
    ] = 3.0


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.stop_rules:
        raise DoesNotApply
    unchecked = None
    for position in range(len(plan.stop_rules)):
        try:
            yield from _deaths(plan, position, params.times_margin)
        except NotChecked as missing:
            unchecked = missing
    if unchecked:
        raise unchecked


def _deaths(plan: Experiment, position: int, times_margin: float) -> Iterator[Finding]:
    stop_rule = plan.stop_rules[position]
    if stop_rule.probability is not None and stop_rule.probability >= 1:
        yield _dead(
            plan, position, "probability", f"fires at a probability of {percent(1)}, which no data reach",
            "100 %", "below 100 %", [_setting(position, "probability", "99%")],
        )  # fmt: skip
    too_rare = list(_by_events(plan, position, stop_rule))
    yield from too_rare or _by_units(plan, position, stop_rule)
    yield from _by_time(plan, position, stop_rule)
    if stop_rule.harm_exceeds is not None:
        out_of_range = list(_by_range(plan, position))
        yield from out_of_range or _toothless(plan, position, times_margin)


def _by_units(plan: Experiment, position: int, stop_rule: StopRule) -> Iterator[Finding]:
    least = need(stop_rule.min_units_per_variant, "stop_rules", position, "min_units_per_variant")
    brought = arriving_units(plan)
    if least > brought:
        enough = math.floor(brought)
        yield _dead(
            plan, position, "min_units_per_variant",
            f"waits for {unit_count(least)} per variant; the run brings {enough:,}",
            whole(least), f"at most {enough:,}",
            [_setting(position, "min_units_per_variant", count_in_plan(enough), " or less")] if enough else [],
        )  # fmt: skip
    elif (
        stop_rule.evaluated is not None
        and not evaluations(plan, position, stop_rule.evaluated, watched_test(plan)).number
    ):
        yield _dead(
            plan, position, "evaluated",
            f"is not evaluated once between {unit_count(least)} per variant and the end of the run",
            stop_rule.evaluated, "at least one evaluation", [_setting(position, "evaluated", "daily", ", or wait for fewer units")],
        )  # fmt: skip


def _by_events(plan: Experiment, position: int, stop_rule: StopRule) -> Iterator[Finding]:
    """Of a rate: what it judges at once has to bring each variant events enough."""
    path, metric = stop_rule_metric(plan, position)
    if not is_plain_rate(plan, metric):
        return
    least = math.ceil(least_units(plan, metric, path) - 1e-6)
    if stop_rule.probability is not None:
        brought, what = arriving_units(plan), "the run"
    else:
        days, what = (1, "a day") if stop_rule.for_ is not None else (7, "a week")
        brought = days * daily_eligible_units(plan) * smallest_share(plan)
    if least > brought * segment_share(plan, metric):
        rate = need(metric.baseline, *path, "baseline").value
        yield _dead(
            plan, position, "metric",
            f"watches {called(metric.id, 'a rate')}, which cannot be judged below {unit_count(least)} per variant, ten "
            f"events at {significant(rate * 100, 3)} %; {what} brings {math.floor(brought):,}",
            unit_count(math.floor(brought)), f"at least {unit_count(least)}",
            [advise("watch a rate with more events, over a longer time, or on more units")],
        )  # fmt: skip


def _by_time(plan: Experiment, position: int, stop_rule: StopRule) -> Iterator[Finding]:
    for key, lasting in (("for", stop_rule.for_), ("significant_harm_for", stop_rule.significant_harm_for)):
        if lasting is None or lasting <= run_days(plan) * DAY:
            continue
        watched = _watched(plan)
        if lasting > watched:
            weeks = watched // (7 * DAY)
            enough = (
                f"{weeks}w" if key == "significant_harm_for" else duration_in_plan(watched // HOUR * HOUR)
            )
            shorter = _setting(position, key, enough, " or less")
            if key == "significant_harm_for" and not weeks:
                shorter = advise(
                    "run for a week at least, or have it fire on a probability or on days in a row (`for:`)"
                )
            yield _dead(
                plan, position, key,
                f"waits for harm that lasts {length_beside(lasting, watched)}; run and ramp last {length(watched)}",
                length_beside(lasting, watched), f"at most {length(watched)}", [shorter],
            )  # fmt: skip


def _watched(plan: Experiment) -> timedelta:
    """From the start to the end of the run or of the ramp, whichever is last."""
    start = first_day(plan)
    ends = [run_days(plan) * DAY]
    if plan.ramp:
        ends.append(ramp_begin(plan) - start + ramp_length(plan))
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
        str(declared), "harm that can happen", [_setting(position, "harm_exceeds", "5%", ", or another harm that can happen")],
    )  # fmt: skip


def _toothless(plan: Experiment, position: int, times_margin: float) -> Iterator[Finding]:
    path, metric = stop_rule_metric(plan, position)
    accepted = _accepted_harm(metric, path)
    if accepted is None:
        return
    amount, what = accepted
    times = stop_rule_harm(plan, position) / amount
    if times <= times_margin * ROUNDING:
        return
    declared = plan.stop_rules[position].harm_exceeds
    margin = metric.non_inferiority_margin
    many, allowed = numbers_apart(times, times_margin, 2)
    enough = str(margin) if margin else level(amount, need(metric.baseline, *path, "baseline").unit)
    less = advise(f"set `harm_exceeds:` to {enough} or less")
    yield _dead(
        plan, position, "harm_exceeds",
        f"tolerates {declared}, {many} times {what}; the policy allows {allowed} times",
        str(declared), f"at most {allowed} times {enough}", [less], impossible=False,
    )  # fmt: skip


def _accepted_harm(metric: Metric, path: Path) -> tuple[float, str] | None:
    """The harm that the metric's margin accepts, else the one that its limit leaves room for."""
    if metric.baseline is None:
        return None
    baseline = metric.baseline
    if metric.non_inferiority_margin is not None:
        margin = metric.non_inferiority_margin
        amount = size_of(margin, metric, path, "non_inferiority_margin")
        return (amount, f"the margin of {margin}") if amount > 0 else None
    rises = metric.direction == "decrease"
    bound = (metric.limit.max if rises else metric.limit.min) if metric.limit else None
    if bound is None or metric.direction is None or bound.unit != baseline.unit:
        return None
    room = bound.value - baseline.value if rises else baseline.value - bound.value
    what = f"the distance of {level(room, baseline.unit)} from the baseline to the limit"
    return (room, what) if room > 0 else None


def _dead(
    plan: Experiment,
    position: int,
    key: str,
    why: str,
    observed: str,
    required: str,
    remedies: list[Remedy],
    impossible: bool = True,
) -> Finding:
    """A stop rule that can never fire is one that the plan does not have, whatever it promises."""
    name = called(plan.stop_rules[position].id, f"stop rule {position + 1}")
    return Finding(
        ("stop_rules", position, key), f"{name} {why}", observed, required, impossible=impossible, remedies=remedies,
        yields_to=TOO_SHORT if key in LASTING else frozenset(),
    )  # fmt: skip


def _setting(position: int, key: str, value: object, after: str = "") -> Remedy:
    return setting(("stop_rules", position, key), value, after)
