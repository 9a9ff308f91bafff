"""The stop rules fire without harm in at most 5 % of experiments, over all their evaluations.

A stop rule that is looked at every day gets a new chance every day to be wrong. A rule that fires at P(harm) ≥ 90 %
with a flat prior sounds careful; looked at on fourteen days it withdraws a third of the harmless treatments, and people
learn to overrule it. egp computes how often a rule fires if there is no effect at all, from the first day of the canary
or the test through every stage of the ramp until the holdout ends:

- a posterior probability is a test repeated at every evaluation from `min_units_per_variant` on: with standard error
  SE it fires at an estimate above harm_exceeds + z · SE (a normal prior moves that bound). The chance to cross it at
  any evaluation is computed by the recursion of Armitage, McPherson & Rowe (1969); each stage begins anew, with data of
  its own. Units are taken to come evenly. Of more than 60 evaluations in a stage 60 are computed: the rule fires at
  least so often;
- with `for` every day's estimate exceeds harm_exceeds by chance with probability Φ(−harm_exceeds / SE of a day), and so
  many such days in a row are needed. A small control group, as in the last stage of a ramp, makes days noisy. Days are
  taken as independent; units that return make runs a little longer;
- with `significant_harm_for` a week's harm is significant at a level that the gate derives from the number of weeks: all
  such rules, the one that holds for every plan included, fire in at most 1 % together. There is nothing to tune.

No stop rule may fire more often than the policy allows, and neither may all that roll back together: their chances are
added, with the 1 % of the weeks. A stage is taken to last its `min_dwell`, the last one until `holdout.until`.

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, min_units_per_variant: 20_000}}
```

Fails at `/stop_rules/0/probability`, saying "% of harmless experiments: 113 daily evaluations of P(harm > 0%) ≥ 90 %":

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 90%, min_units_per_variant: 1_000}}
```

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 2%, probability: 99%, min_units_per_variant: 20_000}}
```

A normal prior around no harm asks more of the first evaluations.

Fails at `/stop_rules/0/probability`, saying "with a normal prior":

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 95%, prior: {mean: 0%, std_dev: 10%}, min_units_per_variant: 1_000}}
```

Evaluated weekly.

Fails at `/stop_rules/0/probability`, saying "14 weekly evaluations":

```yaml
stop_rules: {0: {harm_exceeds: 0%, evaluated: weekly}}
```

Fails at `/stop_rules/0/probability`, saying "at least":

```yaml
stop_rules: {0: {harm_exceeds: 0%, evaluated: hourly}}
```

Passes:

```yaml
stop_rules: {1: {significant_harm_for: 1w}}
```

Fails at `/stop_rules/2/for`, saying "in a row":

```yaml
stop_rules: {2: {harm_exceeds: 3%, for: 2d}}
```

Each of the two would do alone.

Fails at `/stop_rules/2/for`, saying "the stop rules that roll back fire in up to":

```yaml
stop_rules: {0: {harm_exceeds: 3.5%}, 2: {harm_exceeds: 9.5%}}
```

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 3.5%, action: hold}, 2: {harm_exceeds: 9.5%}}
```

Passes with `false_alarm: 80%`:

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 90%, min_units_per_variant: 1_000}}
```

Does not apply:

```yaml
stop_rules: []
```

Not checked at `/guardrail_metrics/0/baseline`:

```yaml
guardrail_metrics: {0: {baseline: null}}
```

Not checked at `/schedule/exposure`:

```yaml
schedule: {exposure: 0%}
```

Not checked at `/stop_rules/0/probability`:

```yaml
stop_rules: {0: {probability: null, prior: null, evaluated: null}}
```
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Annotated

from egp import rule
from egp.analysis.days import whole_days
from egp.analysis.false_alarms import HOW, FalseAlarm, How, days_alarm, posterior_alarm, weekly_alarm
from egp.analysis.stop_rules import WEEKLY_FALSE_ALARM
from egp.experiment import Experiment
from egp.finding import DoesNotApply, Finding, NotChecked
from egp.quantity import Share
from egp.rule import AtLeast
from egp.wording import called, counted, listing, percent, share_in_plan

MOST_DAYS = 60
"""Days in a row up to which more of them are advised."""


class Params(rule.Params):
    false_alarm: Annotated[
        Share,
        "largest chance that a stop rule fires without harm, and that any of those that roll back does",
        AtLeast(WEEKLY_FALSE_ALARM),
        rule.Stricter("less"),
    ] = Share(0.05)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.stop_rules:
        raise DoesNotApply
    limit, unchecked, is_loud = params.false_alarm, None, False
    quiet: dict[int, float] = {}
    for position, stop_rule in enumerate(plan.stop_rules):
        if stop_rule.significant_harm_for is not None and stop_rule.probability is None:
            continue
        try:
            alarm = _weighed(plan, position, limit)
            if alarm.chance > limit:
                is_loud = True
                yield _alone(plan, position, alarm, limit)
            elif stop_rule.action != "hold":
                quiet[position] = alarm.chance
        except NotChecked as missing:
            unchecked = missing
    if unchecked:
        raise unchecked
    if not is_loud:
        yield from _together(plan, quiet, limit)


def _alarm(plan: Experiment, position: int, how: How) -> FalseAlarm:
    stop_rule = plan.stop_rules[position]
    if stop_rule.probability is not None:
        return posterior_alarm(plan, position, stop_rule.probability, how)
    if stop_rule.for_ is not None:
        return days_alarm(plan, position, whole_days(stop_rule.for_), how)
    raise NotChecked(("stop_rules", position, "probability"))


def _weighed(plan: Experiment, position: int, limit: float) -> FalseAlarm:
    """A bound of the chance where that is within the limit, else the chance itself."""
    for how in HOW:
        alarm = _alarm(plan, position, how)
        if alarm.chance <= limit:
            break
    return alarm


def _together(plan: Experiment, chances: dict[int, float], limit: float) -> Iterator[Finding]:
    """``chances`` are those of the rules that roll back, or bounds of them."""
    weekly = weekly_alarm(plan)
    for how in HOW:
        if sum(chances.values(), weekly) <= limit:
            return
        chances = {position: _alarm(plan, position, how).chance for position in chances}
    if sum(chances.values(), weekly) <= limit:
        return
    total = f"up to {percent(min(1.0, sum(chances.values(), weekly)), 1)}"
    most = max(chances, key=chances.__getitem__)
    parts = [f"{_name(plan, position)} in {percent(chance, 1)}" for position, chance in chances.items()]
    parts += [f"harm in several weeks in {percent(weekly, 1)}"] if weekly else []
    yield Finding(
        ("stop_rules", most, _key(plan, most)),
        f"the stop rules that roll back fire in {total} of harmless experiments, {listing(parts)}; "
        f"the policy allows {percent(limit)}",
        observed=total,
        required=f"at most {percent(limit)}",
        help=_advice(plan, most, _room(plan, most, limit)),
    )


def _alone(plan: Experiment, position: int, alarm: FalseAlarm, limit: float) -> Finding:
    observed = f"{'at least ' if alarm.is_least else ''}{percent(alarm.chance, 1)}"
    return Finding(
        ("stop_rules", position, _key(plan, position)),
        f"{_name(plan, position)} fires in {observed} of harmless experiments: {_how(plan, position, alarm)}; "
        f"the policy allows {percent(limit)}",
        observed=observed,
        required=f"at most {percent(limit)}",
        help=_advice(plan, position, _room(plan, position, limit)),
    )


def _name(plan: Experiment, position: int) -> str:
    return called(plan.stop_rules[position].id, f"stop rule {position + 1}")


def _key(plan: Experiment, position: int) -> str:
    return "probability" if plan.stop_rules[position].probability is not None else "for"


def _how(plan: Experiment, position: int, alarm: FalseAlarm) -> str:
    stop_rule = plan.stop_rules[position]
    if stop_rule.probability is not None:
        prior = "a flat" if stop_rule.prior == "flat" else "a normal"
        return (
            f"{counted(alarm.number, f'{stop_rule.evaluated} evaluation')} of P(harm > {stop_rule.harm_exceeds}) ≥ "
            f"{percent(stop_rule.probability)} with {prior} prior"
        )
    assert stop_rule.for_ is not None
    days = whole_days(stop_rule.for_)
    return (
        f"a day's estimate exceeds {stop_rule.harm_exceeds} by chance with up to {percent(alarm.of_a_day, 1)}, and "
        f"{'one' if days == 1 else f'{days} in a row'} out of {counted(alarm.number, 'day')} will do"
    )


def _room(plan: Experiment, position: int, limit: float) -> float:
    """What the other stop rules leave of the limit; all of it, where they need more than there is."""
    if plan.stop_rules[position].action == "hold":
        return limit
    taken = weekly_alarm(plan)
    for other, stop_rule in enumerate(plan.stop_rules):
        if other != position and stop_rule.action != "hold":
            taken += _taken(plan, other)
    return limit - taken if taken < limit else limit


def _taken(plan: Experiment, position: int) -> float:
    try:
        return _alarm(plan, position, "exact").chance
    except NotChecked:
        return 0.0


def _advice(plan: Experiment, position: int, room: float) -> str:
    stop_rule = plan.stop_rules[position]
    if stop_rule.probability is not None:
        return _calmer(plan, position, stop_rule.probability, room)
    assert stop_rule.for_ is not None
    for days in range(whole_days(stop_rule.for_) + 1, MOST_DAYS):
        if days_alarm(plan, position, days, "exact").chance <= room:
            return f"set `for: {days}d`, or raise `harm_exceeds`"
    return "raise `harm_exceeds`"


def _calmer(plan: Experiment, position: int, probability: float, room: float) -> str:
    """The least probability, in tenths of a percent, that keeps within the room; the declared one does not."""

    def is_calm(tenth: int) -> bool:
        return any(posterior_alarm(plan, position, tenth / 1000, how).chance <= room for how in HOW)

    tenths = bisect_left(range(1000), True, lo=int(probability * 1000), key=is_calm)
    if tenths < 1000:
        return f"set `probability: {share_in_plan(tenths / 1000)}`, or evaluate it less often"
    return "raise `harm_exceeds` or `min_units_per_variant`, evaluate it less often, or choose a prior around no harm"
