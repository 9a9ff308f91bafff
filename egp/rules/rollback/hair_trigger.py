"""Alarms withdraw at most 5 % of harmless treatments, over all their evaluations and the whole life.

An alarm that is evaluated every day gets a new chance every day to be wrong. A stop rule that fires at P(harm) ≥ 90 %
with a flat prior sounds careful; looked at on fourteen days it withdraws a third of the harmless treatments, and people
learn to overrule it. egp computes how often each alarm sounds if there is no effect at all, from the first day of the
canary or the test through every stage of the ramp until the holdout ends:

- a posterior probability is a test repeated at every evaluation from `min_units_per_variant` on: with standard error
  SE it fires at an estimate above harm_exceeds + z · SE (a normal prior moves that bound). The chance to cross it at
  any evaluation is computed by the recursion of Armitage, McPherson & Rowe (1969); each stage begins anew, with units
  of its own. Where a stage has more than 120 evaluations, as with hourly ones, all of them are bounded by a watch without
  a pause (Wang & Pötzelberger 1997), which is a tenth above them at 95 %, and a quarter at
  99.9 %;
- with `for` every day's estimate exceeds harm_exceeds by chance with probability Φ(−harm_exceeds / SE of a day), and so
  many such days in a row are needed. A small control group, as in the last stage of a ramp, makes days noisy. Units that
  return make days alike, so that two in a row come more often than independent ones would: the differences of two days
  correlate by `day_correlation`;
- with `significant_harm_for` a week's harm is significant at a level that the gate derives from the number of weeks and
  `week_correlation`: all such rules, the one that holds for every plan included, fire in at most `weekly_false_alarm`
  together. There is nothing to tune;
- a `limit` is broken by chance as a repeated test of the treatment's value, at `limit_alpha`, every day and in a stage
  that treats everyone, too: one that is 1 % above a baseline of 3 % by 5 % of harmless two-week tests with a million
  units, by 9 % of those with a third of that, and by as many again in each later stage. A limit that the baseline breaks
  as it is withdraws every treatment;
- a treatment whose units happen to stay away for 48 h is silent, beside a control that is not: about never.

A harm that is declared relative is relative to the control observed, whose noise counts with it. No alarm may sound more
often than the policy allows, and neither may all that roll back together: their chances are added. A stage is taken to
last its `min_dwell`, the last one until `holdout.until`, and units to come evenly.

The levels are the policy's, and a plan cannot set them. The correlations say how alike the windows are because units come
back: the share of a window's variance that lies between units, times the share of its units that the other window has
seen, too. Measure both on a metric's own history: split control at random a few hundred times, and correlate the
differences of the halves between two days, and between two weeks. A policy dates a new value with `from:`.

The alarm that holds a stage, at `harm_alpha` over all guardrails together, is not limited. It costs days, and no
treatment: where the gate is called every day it holds about half of all harmless experiments at some time
(`docs/statistics.md` has it computed and simulated).

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 5%, probability: 95%, prior: flat, evaluated: daily, min_units_per_variant: 20_000}}
```

Fails at `/stop_rules/0/probability`, saying "of harmless experiments (the policy allows 5 %): 113 daily evaluations require 90 % certainty of any harm":

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 90%, min_units_per_variant: 1_000}}
```

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 2%, probability: 99%, min_units_per_variant: 20_000}}
```

A normal prior around no harm requires more of the first evaluations.

Fails at `/stop_rules/0/probability`, saying "with a normal prior":

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 95%, prior: {mean: 0%, std_dev: 10%}, min_units_per_variant: 1_000}}
```

Evaluated weekly.

Fails at `/stop_rules/0/probability`, saying "14 weekly evaluations":

```yaml
stop_rules: {0: {harm_exceeds: 0%, evaluated: weekly}}
```

Fails at `/stop_rules/0/probability`, saying "up to":

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

Fails at `/stop_rules/2/for`, saying "what rolls back by itself would roll back up to":

```yaml
stop_rules: {0: {harm_exceeds: 4%}, 2: {harm_exceeds: 11%}}
```

Passes:

```yaml
stop_rules: {0: {harm_exceeds: 4%, action: hold}, 2: {harm_exceeds: 11%}}
```

Fails at `/guardrail_metrics/0/limit/max`, saying "breaks its limit of 3% already":

```yaml
guardrail_metrics: {0: {limit: {max: 3%}}}
```

Fails at `/guardrail_metrics/0/limit/max`, saying "is beyond its limit of 3.13% by chance in":

```yaml
guardrail_metrics: {0: {limit: {max: 3.13%}}}
```

Passes:

```yaml
guardrail_metrics: {0: {limit: {max: 3.13%}, action: hold}}
```

Fails at `/stop_rules/2/for` with `day_correlation: 30%`, saying "in a row":

```yaml
stop_rules: {2: {harm_exceeds: 9%}}
```

Passes with `false_alarm: 80%`:

```yaml
stop_rules: {0: {harm_exceeds: 0%, probability: 90%, min_units_per_variant: 1_000}}
```

Does not apply:

```yaml
guardrail_metrics: []
stop_rules: []
```

Not checked without `/guardrail_metrics/0/baseline`.

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
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import count
from math import floor, log10
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.alarm_levels import LEVELS, AlarmLevels, levels_set_by
from egp.plan.analysis.days import whole_days
from egp.plan.analysis.false_alarms import (
    BOUNDS,
    HOW,
    FalseAlarm,
    How,
    Limited,
    days_alarm,
    keeps_within,
    limit_alarm,
    limits,
    posterior_alarm,
    silence_alarm,
    usual_evaluation,
    weekly_alarm,
)
from egp.plan.analysis.registered import baseline_of
from egp.plan.experiment import Experiment, StopRule
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import Share
from egp.plan.remedy import Remedies, Remedy, advise, setting
from egp.plan.wording import called, counted, level, listing, one_in, percent, quantity_in_plan, share_in_plan
from egp.rules import rule
from egp.rules.rule import AtLeast
from egp.stats.values import NamedTuple
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


MOST_DAYS = 60
"""Days in a row up to which more of them are advised."""

MOST_WEIGHED = 8
"""Alarms of a plan whose exact chance is computed; of further ones a bound is, or the work would grow with what an author writes."""

MOST_EVALUATED = 300
"""Evaluations of these alarms after which a bound does for the others, too: the exact chance takes the square of their number."""

MOST_ADVISED = 3
"""Alarms that sound too often for which it is computed what would calm them."""

_MOST_LED = 6
"""Steps after which a search is halved instead."""

TOLD = 0.0005
"""Chances from here on are named in a sum."""


class Params(rule.Params):
    false_alarm: Annotated[
        Share,
        "largest chance that an alarm rolls back without harm, and that any of them does",
        AtLeast(LEVELS.weekly_false_alarm),
        rule.Stricter("less"),
        rule.KnownAs("most_false_alarms"),
    ] = Share(0.05)
    weekly_false_alarm: Annotated[
        Share, "chance without harm that bad weeks in a row roll back; the level of a week follows from it"
    ] = Share(LEVELS.weekly_false_alarm)
    limit_alpha: Annotated[Share, "one-sided level at which a limit is broken"] = Share(LEVELS.limit_alpha)
    harm_alpha: Annotated[
        Share,
        "one-sided level of the alarm that holds a stage, over all guardrails together",
        rule.AppliedByGate(),
    ] = Share(LEVELS.harm_alpha)
    day_correlation: Annotated[
        Share, "correlation of the arms' differences between two days, because units return", AtLeast(0)
    ] = Share(LEVELS.day_correlation)
    week_correlation: Annotated[
        Share, "correlation of the arms' differences between two weeks", AtLeast(0), rule.AppliedByGate()
    ] = Share(LEVELS.week_correlation)


class Trigger(NamedTuple):
    """Something that withdraws the treatment, or holds it, when it sounds."""

    at: Path
    name: str
    sounds: str
    """The verb that goes with its name."""
    alarm: Callable[[How], FalseAlarm]
    rolls_back: bool
    cause: Callable[[FalseAlarm], str]
    """How it comes about."""
    remedies: Callable[[float], Remedies]
    """What to write so that it sounds no more often than this."""
    already: str = ""
    """What to say where it sounds from the first day."""


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not plan.stop_rules and not plan.guardrail_metrics and not any(limits(plan)):
        raise DoesNotApply
    limit, levels = params.false_alarm, levels_set_by(params)
    unchecked: NotChecked | None = None
    loud = 0
    quiet: list[tuple[Trigger, float]] = []
    for each in _alarms(plan, levels, limit):
        if isinstance(each, NotChecked):
            unchecked = unchecked or each
            continue
        trigger, alarm = each
        if alarm.chance > limit:
            loud += 1
            calmed = trigger if loud <= MOST_ADVISED else trigger._replace(remedies=_later)
            yield _alone(calmed, alarm, limit, partial(_room, plan, levels, trigger, limit))
        elif trigger.rolls_back:
            quiet.append((trigger, alarm.chance))
    if unchecked:
        raise unchecked
    if not loud:
        yield from _together(plan, levels, quiet, limit)


def _makers(plan: Experiment, levels: AlarmLevels) -> Iterator[Callable[[], Trigger]]:
    """Each makes a trigger, or says what it lacks."""
    for limited in limits(plan):
        yield partial(_limit, plan, levels, limited)
    for position, stop_rule in enumerate(plan.stop_rules):
        if stop_rule.probability is not None:
            yield partial(_posterior, plan, position, stop_rule.probability)
        elif stop_rule.for_ is not None:
            yield partial(_days, plan, levels, position, whole_days(stop_rule.for_))
        elif stop_rule.significant_harm_for is None:
            yield partial(_lacking, ("stop_rules", position, "probability"))


def _alarms(
    plan: Experiment, levels: AlarmLevels, limit: float
) -> Iterator[tuple[Trigger, FalseAlarm] | NotChecked]:
    """Each trigger and how often it sounds, or what it lacks."""
    weighed = evaluated = 0
    for make in _makers(plan, levels):
        try:
            trigger = make()
            alarm, is_exact = _weighed(trigger, limit, weighed < MOST_WEIGHED and evaluated < MOST_EVALUATED)
        except NotChecked as missing:
            yield missing
            continue
        weighed += is_exact
        evaluated += is_exact * alarm.number
        yield trigger, alarm


def _lacking(path: Path) -> Trigger:
    raise NotChecked(path)


def _weighed(trigger: Trigger, limit: float, may_be_exact: bool) -> tuple[FalseAlarm, bool]:
    """A bound of the chance where that is within the limit, else the chance itself; and whether that is the exact one."""
    for how in BOUNDS:
        alarm = trigger.alarm(how)
        if alarm.chance <= limit:
            return alarm, False
    return (trigger.alarm("exact"), True) if may_be_exact else (alarm._replace(is_most=True), False)


def _later(_: float) -> list[Remedy]:
    return [advise("make the alarms before it sound less often first: what this one needs is computed then")]


def _always(plan: Experiment, levels: AlarmLevels) -> dict[str, float]:
    """What withdraws a treatment under every plan: its name, and its chance."""
    return {"harm in several weeks": weekly_alarm(plan, levels), "silence": silence_alarm(plan)}


def _together(
    plan: Experiment, levels: AlarmLevels, found: list[tuple[Trigger, float]], limit: float
) -> Iterator[Finding]:
    """``found`` are those that roll back, with their chances or bounds of them."""
    always = _always(plan, levels)
    for how in HOW if len(found) <= MOST_WEIGHED else BOUNDS:
        if sum((chance for _, chance in found), sum(always.values())) <= limit:
            return
        found = [(trigger, trigger.alarm(how).chance) for trigger, _ in found]
    sum_of_all = min(1.0, sum((chance for _, chance in found), sum(always.values())))
    if sum_of_all <= limit or not found:
        return
    total = f"up to {percent(sum_of_all, 1)}"
    most = max(found, key=lambda each: each[1])[0]
    chances = [(trigger.name, chance) for trigger, chance in found] + list(always.items())
    parts = [f"{name} in {percent(chance, 1)}" for name, chance in chances if chance >= TOLD]
    yield Finding(
        most.at,
        f"what rolls back by itself would roll back {total} of harmless experiments (the policy allows {percent(limit)}): "
        f"{listing(parts)}",
        observed=total,
        required=f"at most {percent(limit)}",
        remedies=lambda: most.remedies(_room(plan, levels, most, limit)),
    )


def _alone(trigger: Trigger, alarm: FalseAlarm, limit: float, room: Callable[[], float]) -> Finding:
    if trigger.already:
        return Finding(
            trigger.at,
            trigger.already,
            "rolled back at once",
            "room for noise",
            remedies=lambda: trigger.remedies(room()),
        )
    observed = f"{'up to ' if alarm.is_most else ''}{percent(alarm.chance, 1)}"
    return Finding(
        trigger.at,
        f"{trigger.name} {trigger.sounds} {observed} of harmless experiments (the policy allows {percent(limit)}): "
        f"{trigger.cause(alarm)}",
        observed=observed,
        required=f"at most {percent(limit)}",
        remedies=lambda: trigger.remedies(room()),
    )


def _room(plan: Experiment, levels: AlarmLevels, trigger: Trigger, limit: float) -> float:
    """What the others leave of the limit; all of it, where they need more than there is."""
    if not trigger.rolls_back:
        return limit
    taken = sum(_always(plan, levels).values())
    for number, make in enumerate(_makers(plan, levels)):
        if taken >= limit:
            break
        try:
            other = make()
            if other.at != trigger.at and other.rolls_back:
                taken += other.alarm("exact" if number < MOST_WEIGHED else "pairs").chance
        except NotChecked:
            continue
    return limit - taken if taken < limit else limit


# Stop rules.


def _named(plan: Experiment, position: int) -> str:
    return called(plan.stop_rules[position].id, f"stop rule {position + 1}")


def _verb(stop_rule: StopRule) -> str:
    return "would hold" if stop_rule.action == "hold" else "would roll back"


def _posterior(plan: Experiment, position: int, probability: float) -> Trigger:
    stop_rule = plan.stop_rules[position]

    def cause(alarm: FalseAlarm) -> str:
        prior = "a flat" if stop_rule.prior == "flat" else "a normal"
        exceeds = stop_rule.harm_exceeds
        harm = f"harm beyond {exceeds}" if exceeds and exceeds.value else "any harm"
        return (
            f"{counted(alarm.number, f'{stop_rule.evaluated} evaluation')} require {percent(probability)} certainty of "
            f"{harm}, with {prior} prior"
        )

    return Trigger(
        ("stop_rules", position, "probability"), _named(plan, position), _verb(stop_rule),
        partial(posterior_alarm, plan, position, probability), stop_rule.action != "hold", cause,
        partial(_calmer, plan, position, probability),
    )  # fmt: skip


def _calmer(plan: Experiment, position: int, probability: float, room: float) -> list[Remedy]:
    """The least probability, in tenths of a percent, that keeps within the room; the declared one does not."""

    def chance(tenth: int, how: How) -> float:
        return posterior_alarm(plan, position, tenth / 1000, how).chance

    tenths = _least_calm(chance, int(probability * 1000), room)
    if tenths < 1000:
        calm = share_in_plan(tenths / 1000)
        return [setting(("stop_rules", position, "probability"), calm, ", or evaluate it less often")]
    return [
        advise(
            "raise `harm_exceeds` or `min_units_per_variant`, evaluate it less often, or choose a prior around no harm"
        )
    ]


def _least_calm(chance: Callable[[int, How], float], loud: int, room: float) -> int:
    """The least of the numbers up to 999 whose exact chance keeps within the room; 1000 where none does.

    The exact chance is a bound that takes next to no time, times a factor that hardly changes: so it is computed where
    the bound times the factor seen last leads, and halfway once that has led nowhere.
    """
    calm, factor = 1000, 1.0
    for step in count():
        if calm - loud <= 1:
            return calm
        led = bisect_left(
            range(1000), True, lo=loud, hi=calm, key=lambda each: chance(each, "pairs") * factor <= room
        )
        at = min(max(led, loud + 1), calm - 1) if step < _MOST_LED else (loud + calm) // 2
        exact = chance(at, "exact")
        factor = exact / max(chance(at, "pairs"), exact, 1e-300)
        loud, calm = (loud, at) if exact <= room else (at, calm)
    raise AssertionError


def _days(plan: Experiment, levels: AlarmLevels, position: int, days: int) -> Trigger:
    stop_rule = plan.stop_rules[position]

    def alarm(how: How, days: int = days) -> FalseAlarm:
        return days_alarm(plan, position, days, how, levels)

    def cause(alarm: FalseAlarm) -> str:
        row = "one" if days == 1 else f"{days} in a row"
        return (
            f"a day's estimate exceeds {stop_rule.harm_exceeds} by chance with up to {percent(alarm.of_a_day, 1)}, and "
            f"{row} out of {counted(alarm.number, 'day')} will do"
            + (f", which correlate by {levels.day_correlation:g}" if days > 1 else "")
        )

    def remedies(room: float) -> list[Remedy]:
        more_harm = advise("raise `harm_exceeds`")
        for longer in range(days + 1, MOST_DAYS):
            if alarm("exact", longer).chance <= room:
                return [setting(("stop_rules", position, "for"), f"{longer}d"), more_harm]
        return [more_harm]

    return Trigger(
        ("stop_rules", position, "for"), _named(plan, position), _verb(stop_rule), alarm,
        stop_rule.action != "hold", cause, remedies,
    )  # fmt: skip


# Limits.


def _limit(plan: Experiment, levels: AlarmLevels, limited: Limited) -> Trigger:
    metric = limited.metric
    name, baseline = called(metric.id, "a metric"), baseline_of(metric, limited.path)
    at_baseline = level(baseline.value, baseline.unit)
    is_broken = limited.room <= 0

    def alarm(how: How) -> FalseAlarm:
        # One that only holds is no reason to withdraw.
        if not limited.rolls_back or is_broken:
            return FalseAlarm(1.0 if limited.rolls_back else 0.0)
        return limit_alarm(plan, limited, how, levels)

    def cause(alarm: FalseAlarm) -> str:
        every = _EVERY[usual_evaluation(plan)]
        return f"its baseline is {at_baseline}, and the gate reads it {counted(alarm.number, 'time')} if called {every}"

    return Trigger(
        limited.at, name, f"is beyond its limit of {limited.bound} by chance in", alarm, limited.rolls_back, cause,
        partial(_farther, plan, levels, limited),
        f"{name} breaks its limit of {limited.bound} already, at a baseline of {at_baseline}: the gate rolls back every "
        "treatment, harmless ones too" if is_broken else "",
    )  # fmt: skip


_EVERY = {"hourly": "every hour", "daily": "every day"}


def _farther(plan: Experiment, levels: AlarmLevels, limited: Limited, room: float) -> list[Remedy]:
    """The nearest limit, rounded away from the baseline, that noise keeps within the room."""
    baseline = baseline_of(limited.metric, limited.path)
    try:
        distance = _calm_distance(plan, levels, limited, room)
    except NotChecked:
        distance = None
    key = "max" if limited.sign > 0 else "min"
    held = setting((*limited.path, "action"), "hold")
    if distance is None:
        return [advise(f"set `{key}:` beyond the baseline"), held]
    value = _rounded_away(baseline.value, limited.sign * distance)
    return [setting((*limited.path, "limit", key), quantity_in_plan(_as_in_plan(value, baseline.unit))), held]


def _calm_distance(plan: Experiment, levels: AlarmLevels, limited: Limited, room: float) -> float | None:
    """By halving, to a hundredth; None where none below the baseline's own size does."""

    def is_calm(distance: float) -> bool:
        return keeps_within(lambda how: limit_alarm(plan, limited, how, levels, distance), room)

    size = abs(baseline_of(limited.metric, limited.path).value)
    low, high = 0.0, size
    if not size or not is_calm(high):
        return None
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if is_calm(middle) else (middle, high)
    return high


def _rounded_away(baseline: float, distance: float) -> float:
    """The baseline and the distance, with as many digits as tell two of the distance's."""
    step = 10.0 ** (floor(log10(abs(distance))) - 1)
    steps = (baseline + distance) / step
    return (floor(steps) if distance < 0 else -floor(-steps)) * step


def _as_in_plan(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value * 100:.10g}%"
    if unit == "s":
        return f"{value * 1000:.10g}ms"
    return f"{value:.10g} {unit}".strip()


@lru_cache(2)
def _alarms_of_violations(
    plan: Experiment, levels: AlarmLevels, limit: float
) -> tuple[tuple[Trigger, FalseAlarm] | NotChecked, ...]:
    """All of a plan, of which each violation looks for its own."""
    return tuple(_alarms(plan, levels, limit))


def _broken(broken: Broken) -> Iterator[tuple[Trigger, FalseAlarm]]:
    """The alarm that a violation is about, where it can be weighed and sounds too often."""
    limit = broken.params.false_alarm
    for each in _alarms_of_violations(broken.plan, levels_set_by(broken.params), limit):
        if (
            isinstance(each, tuple)
            and each[0].at == broken.at
            and not each[0].already
            and each[1].chance > limit
        ):
            yield each


def costs(broken: Broken) -> Iterator[str]:
    """How many harmless launches the alarm rolls back or holds, where that is known and not only bounded."""
    for trigger, alarm in _broken(broken):
        if not alarm.is_most:
            phrase, ends = one_in(alarm.chance), "rolled back" if trigger.rolls_back else "held"
            yield f"{phrase[:1].upper()}{phrase[1:]} harmless launches would be {ends} by this alone."


def picture(broken: Broken) -> Picture | None:
    """Harmless launches, and how many of them the alarm withdraws or holds."""
    from egp.rules.pictures import stopped_without_harm

    limit = broken.params.false_alarm
    for trigger, alarm in _broken(broken):
        ends = "rolled back" if trigger.rolls_back else "held"
        most = "up to " if alarm.is_most else ""
        says = f"{trigger.name} alone would have {most}{one_in(alarm.chance)} {ends} without harm; the policy allows {one_in(limit)}."
        chances = [(f"by {trigger.name}, as it is", alarm.chance), ("at most, by the policy", limit)]
        return stopped_without_harm("Harmless launches", says, chances, ends)
    return None
