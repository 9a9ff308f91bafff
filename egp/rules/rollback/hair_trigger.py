"""A stop rule fires without harm in at most 5 % of tests, over all its evaluations.

A stop rule that is looked at every day gets a new chance every day to be wrong. A rule that fires at P(harm) ≥ 90 %
with a flat prior sounds careful; looked at on fourteen days it withdraws a third of the harmless treatments, and people
learn to overrule it. egp computes how often a rule fires during the test if there is no effect at all:

- a posterior probability is a test repeated at every evaluation from `min_units_per_variant` on: with standard error
  SE it fires at an estimate above harm_exceeds + z · SE (a normal prior moves that bound). The chance to cross it at
  any evaluation is computed exactly, by the recursion of Armitage, McPherson & Rowe (1969). Units are taken to come
  evenly over the run. Of more than 60 evaluations 60 are computed: the rule fires at least so often;
- with `for` every day's estimate exceeds harm_exceeds by chance with probability Φ(−harm_exceeds / SE of a day), and so
  many such days in a row are needed. Days are taken as independent; units that return make runs a little longer;
- with `significant_harm_for` every week is significant by chance with probability `guardrail_alpha`.

The stages after the readout are evaluated on data of their own and add to that. A plan with several treatments has the
chance for each of them.

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, min_units_per_variant: 20_000}}
```

Fails at `/stop_rules/0/probability`, saying "32.5 % of harmless tests: 14 daily evaluations of P(harm > 0%) ≥ 90 %":

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 90%, min_units_per_variant: 1_000}}
```

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 99.1%, min_units_per_variant: 1_000}}
```

A normal prior around no harm asks more of the first evaluations.

Fails at `/stop_rules/0/probability`, saying "15.4 %":

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 95%, prior: {mean: 0%, std_dev: 10%}, min_units_per_variant: 1_000}}
```

Evaluated weekly.

Fails at `/stop_rules/0/probability`, saying "2 weekly evaluations":

```yaml
stop_rules: {0: {harm_exceeds: 0%, evaluated: weekly}}
```

Fails at `/stop_rules/0/probability`, saying "at least":

```yaml
stop_rules: {0: {harm_exceeds: 0%, evaluated: hourly}}
```

Fails at `/stop_rules/1/significant_harm_for`, saying "9.8 % of harmless tests":

```yaml
stop_rules: {1: {significant_harm_for: 1w}}
```

Fails at `/stop_rules/2/for`, saying "in a row":

```yaml
stop_rules: {2: {harm_exceeds: 3%, for: 2d}}
```

Passes with `false_alarm: 40%`:

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

Not checked at `/stop_rules/0/probability`:

```yaml
stop_rules: {0: {probability: null, prior: null, evaluated: null}}
```
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

from egp import rule, stats
from egp.analysis.days import run_days, whole_days
from egp.analysis.registered import statistics_of
from egp.analysis.stop_rules import (
    evaluations,
    posterior_bounds,
    standard_error,
    stop_rule_harm,
    stop_rule_metric,
)
from egp.analysis.traffic import daily_eligible_units, smallest_share
from egp.experiment import Experiment
from egp.finding import DoesNotApply, Finding, NotChecked, need
from egp.quantity import Share
from egp.wording import called, counted, percent, share_in_plan

WEEK = timedelta(weeks=1)
CERTAIN_Z = -8.0
"""A bound so far below 0 is crossed at once."""
MOST_WINDOWS = 400


class Params(rule.Params):
    false_alarm: Annotated[Share, "largest chance that a stop rule fires during the test without harm"] = (
        Share(0.05)
    )


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.stop_rules:
        raise DoesNotApply
    unchecked = None
    for position, stop_rule in enumerate(plan.stop_rules):
        try:
            if stop_rule.probability is not None:
                yield from _posterior(plan, position, stop_rule.probability, params.false_alarm)
            elif stop_rule.significant_harm_for is not None:
                yield from _weeks(plan, position, stop_rule.significant_harm_for // WEEK, params.false_alarm)
            elif stop_rule.for_ is not None:
                yield from _days(plan, position, whole_days(stop_rule.for_), params.false_alarm)
            else:
                raise NotChecked(("stop_rules", position, "probability"))
        except NotChecked as missing:
            unchecked = missing
    if unchecked:
        raise unchecked


def _posterior(plan: Experiment, position: int, probability: float, limit: float) -> Iterator[Finding]:
    stop_rule = plan.stop_rules[position]
    evaluated = need(stop_rule.evaluated, "stop_rules", position, "evaluated")
    looks = evaluations(plan, position, evaluated)
    if not looks.number or probability >= 1:
        return
    alarm = _false_alarm(plan, position, probability, looks.information, limit)
    if alarm <= limit:
        return
    lowest = "at least " if looks.number > len(looks.information) else ""
    prior = "a flat" if stop_rule.prior == "flat" else "a normal"
    yield _finding(
        plan, position, "probability", f"{lowest}{percent(alarm, 1)}", limit,
        f"{counted(looks.number, f'{evaluated} evaluation')} of P(harm > {stop_rule.harm_exceeds}) ≥ "
        f"{percent(probability)} with {prior} prior",
        _calmer(plan, position, probability, looks.information, limit),
    )  # fmt: skip


def _false_alarm(
    plan: Experiment, position: int, probability: float, information: Sequence[float], limit: float
) -> float:
    """Chance to fire without harm; where the sum over evaluations is within the limit, that sum."""
    if probability <= 0:
        return 1.0
    bounds = posterior_bounds(plan, position, probability, information)
    at_most = sum(map(stats.normal_sf, bounds))
    if at_most <= limit:
        return at_most
    if min(bounds) < CERTAIN_Z:
        return 1.0
    return stats.sequential_characteristics(bounds, tuple(information), 0.0, sides=1).power


def _calmer(
    plan: Experiment, position: int, probability: float, information: Sequence[float], limit: float
) -> str:
    """The least probability, in tenths of a percent, that keeps the limit; the declared one does not."""
    tenths = bisect_left(
        range(1000),
        True,
        lo=int(probability * 1000),
        key=lambda tenth: _false_alarm(plan, position, tenth / 1000, information, limit) <= limit,
    )
    if tenths < 1000:
        return f"set `probability: {share_in_plan(tenths / 1000)}`, or evaluate it less often"
    return "evaluate it less often, raise `harm_exceeds`, or choose a prior around no harm"


def _days(plan: Experiment, position: int, days: int, limit: float) -> Iterator[Finding]:
    path, metric = stop_rule_metric(plan, position)
    error = standard_error(plan, metric, path, daily_eligible_units(plan) * smallest_share(plan))
    by_chance = stats.normal_sf(stop_rule_harm(plan, position) / error)
    harm = f"a day's estimate exceeds {plan.stop_rules[position].harm_exceeds}"
    yield from _windows(plan, position, ("for", "daily", days), (by_chance, harm), limit)


def _weeks(plan: Experiment, position: int, weeks: int, limit: float) -> Iterator[Finding]:
    alpha = need(statistics_of(plan).guardrail_alpha, "statistics", "guardrail_alpha")
    kind = ("significant_harm_for", "weekly", weeks)
    yield from _windows(plan, position, kind, (alpha, "a week's harm is significant"), limit)


def _windows(
    plan: Experiment, position: int, kind: tuple[str, str, int], chance: tuple[float, str], limit: float
) -> Iterator[Finding]:
    """Judges a rule that asks for several windows in a row, each of which shows harm by chance alike."""
    (key, evaluated, consecutive), (by_chance, event) = kind, chance
    if consecutive < 1:
        raise NotChecked(("stop_rules", position, key))
    size = 1 if evaluated == "daily" else 7
    if by_chance**consecutive * (run_days(plan) // size) <= limit:
        return
    evaluated_in = evaluations(plan, position, evaluated).number + consecutive - 1
    windows = min(run_days(plan) // size, evaluated_in, MOST_WINDOWS)
    if consecutive > windows:
        return
    alarm = stats.consecutive_windows_probability(by_chance, windows, consecutive)
    if alarm <= limit:
        return
    unit, lowest = "day" if key == "for" else "week", "at least " if windows == MOST_WINDOWS else ""
    yield _finding(
        plan, position, key, f"{lowest}{percent(alarm, 1)}", limit,
        f"{event} by chance with {percent(by_chance, 1)}, and {'one' if consecutive == 1 else consecutive}"
        f"{'' if consecutive == 1 else ' in a row out'} of {counted(windows, unit)} will do",
        _longer(key, by_chance, windows, consecutive, limit),
    )  # fmt: skip


def _longer(key: str, by_chance: float, windows: int, consecutive: int, limit: float) -> str:
    for more in range(consecutive + 1, windows + 1):
        if stats.consecutive_windows_probability(by_chance, windows, more) <= limit:
            return f"set `{key}: {more}{'d' if key == 'for' else 'w'}`"
    return "raise `harm_exceeds`" if key == "for" else "run longer, or watch a posterior probability instead"


def _finding(
    plan: Experiment, position: int, key: str, alarm: str, limit: float, how: str, advice: str
) -> Finding:
    name = called(plan.stop_rules[position].id, f"stop rule {position + 1}")
    return Finding(
        ("stop_rules", position, key),
        f"{name} fires in {alarm} of harmless tests: {how}; the policy allows {percent(limit)}",
        observed=alarm,
        required=f"at most {percent(limit)}",
        help=advice,
        # A larger level than the policy allows is what makes a week's harm significant so often.
        yields_to=frozenset(("significance-level",) if key == "significant_harm_for" else ()),
    )
