"""The planned sample can rule out each guardrail's margin, and all of them together.

With too few units the readout cannot rule out the margin, so harmless launches are held, and silence is no evidence of safety.
For each guardrail with a margin egp computes the power of its one-sided non-inferiority test at `guardrail_alpha`, when
the treatment is in truth harmless, at the units it is judged on: the declared sample, the matured part of it for a metric
judged on its matured cohort, the segment's share of it for a metric restricted to a segment. Rates take the
variance of their score test (Farrington-Manning), others the standard deviation that the plan declares; a margin in per
cent is of the control observed, which adds (1 ± m)² of its variance. Over several looks the test is the one that
`guardrail_spending` leaves for the last. Jointly, the
powers multiply, as for independent guardrails; whatever they have to do with each other, all margins are ruled out at
least as often as 1 less the sum of what each misses (Bonferroni), which is said beside. Guardrails with only a limit are not tested this way. A larger sample is proposed only where the declared traffic
brings it.

Passes:

```yaml
sample_size_per_variant: 147_000
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "too few units to clear refund_rate: about 1 in 3 harmless launches would be held (73,500 units per variant rule out its margin of 6% with 63.7 % power)":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: 6%}}
```

Each may be sure enough while all of them are not.

Fails at `/guardrail_metrics` with `floor: 82%`, saying "81.1 % power":

```yaml
id: sound-plan
```

Fails at `/guardrail_metrics/0/outcome_window`, saying "no unit":

```yaml
guardrail_metrics: {0: {outcome_window: 15d}}
```

A metric of a segment has that segment's units only.

Fails at `/guardrail_metrics/1/non_inferiority_margin`, saying "22,050 units":

```yaml
guardrail_metrics: {1: {segment: new_users, segment_share: 15%}}
```

Not checked at `/guardrail_metrics/1/segment_share`:

```yaml
guardrail_metrics: {1: {segment: new_users}}
```

Fails at `/guardrail_metrics/0`, saying "could not be computed":

```yaml
guardrail_metrics: {0: {baseline: 97%}}
```

Plans that are not sized for a test are exempt.

Does not apply:

```yaml
type: rollout
sample_size_per_variant: null
```

Not checked without `/sample_size_per_variant`.

Not checked without `/statistics/guardrail_alpha`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from egp import stats
from egp.plan.analysis.days import day_after, last_exposure, whole_days
from egp.plan.analysis.larger_sample import larger_sample
from egp.plan.analysis.registered import (
    control_units,
    guardrail_test,
    has_primary_test,
    matured_share,
    metric_units,
    planned_units,
    segment_share,
)
from egp.plan.analysis.rescheduling import settings_of_readout
from egp.plan.experiment import Experiment, Metric
from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.quantity import QuantityError, Share
from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import (
    at_least_like,
    called,
    one_in,
    percent,
    power_below,
    power_text,
    share_text,
    unit_count,
)
from egp.rules import rule
from egp.stats import StatisticsInputError
from egp.stats.values import NamedTuple
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


_MOST_UNITS = 10**12
_QUIET = "a quiet guardrail here is not evidence of safety"


class Params(rule.Params):
    floor: Annotated[
        Share,
        "least power to rule out the margins, each and all together",
        rule.Stricter("more"),
        rule.KnownAs("guardrail_power"),
    ] = Share(0.80)


class _Guard(NamedTuple):
    """A guardrail's test, and the part of the declared sample that it is judged on."""

    path: Path
    metric: Metric
    test: stats.PlannedTest
    judged: float
    """Units judged for each declared unit of the smallest variant."""
    control: float
    """Units judged in control for each declared unit of the smallest variant."""

    def power(self, sample: float) -> float:
        return stats.achieved_power(self.test, 0.0, sample * self.control)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    margined = [
        (path, metric) for path, metric in plan.guardrails if metric.non_inferiority_margin is not None
    ]
    if (plan.type is not None and not has_primary_test(plan)) or not margined:
        raise DoesNotApply
    sample, in_control = planned_units(plan), control_units(plan, 1.0)
    guards: list[_Guard] = []
    powers: list[float] = []
    findings: list[Finding] = []
    missing: NotChecked | None = None
    for path, metric in margined:
        try:
            judged = matured_share(plan, metric) * segment_share(plan, metric)
            if judged <= 0:
                findings.append(_nothing_judged(metric, path))
                continue
            guard = _Guard(path, metric, guardrail_test(plan, metric, path), judged, judged * in_control)
            power = guard.power(sample)
        except NotChecked as error:
            missing = missing or error
        except StatisticsInputError as error:
            findings.append(_impossible(metric, path, error))
        else:
            guards.append(guard)
            powers.append(power)
            if power < params.floor:
                findings.append(_weak(plan, guard, sample, power, params.floor))
    if missing and not findings:
        raise missing
    yield from findings
    joint = stats.all_pass_probability(powers)[1]
    if joint < params.floor and not findings:
        at_least = stats.all_pass_probability(powers)[0]
        yield _jointly(plan, guards, sample, joint, at_least, params.floor)


def _weak(plan: Experiment, guard: _Guard, sample: float, power: float, floor: float) -> Finding:
    metric = guard.metric

    def remedies() -> list[Remedy]:
        cheaper = [*_wider_margin(guard, sample, floor), *_later_readout(plan, guard, sample, floor)]
        return _ordered(cheaper, _more_units(plan, [guard], sample, floor))

    return Finding(
        (*guard.path, "non_inferiority_margin"),
        f"too few units to clear {called(metric.id, 'this guardrail')}: {one_in(1 - power)} harmless launches would be held "
        f"({unit_count(sample * guard.judged)} per variant rule out its margin of {metric.non_inferiority_margin} with "
        f"{power_below(power, floor)} power)",
        observed=power_below(power, floor),
        required=share_text(floor),
        remedies=remedies,
    )


def _jointly(
    plan: Experiment, guards: Sequence[_Guard], sample: float, joint: float, at_least: float, floor: float
) -> Finding:
    weakest = min(guards, key=lambda guard: guard.power(sample))
    alone = floor * weakest.power(sample) / joint
    of_weakest = f" for {called(weakest.metric.id, 'the weakest')}"

    def remedies() -> list[Remedy]:
        cheaper = _wider_margin(weakest, sample, alone, of_weakest) if alone < 1 else ()
        return _ordered([*cheaper], _more_units(plan, guards, sample, floor))

    return Finding(
        ("guardrail_metrics",),
        f"too few units to clear all {len(guards)} guardrails: {one_in(1 - joint)} harmless launches would be held "
        f"({power_below(joint, floor)} power to rule out their margins together, if they are independent; {power_text(at_least)} at least if they are not)",
        observed=power_below(joint, floor),
        required=share_text(floor),
        remedies=remedies,
    )


def _joint_power(guards: Sequence[_Guard], sample: float) -> float:
    return stats.all_pass_probability([guard.power(sample) for guard in guards])[1]


def _ordered(cheaper: list[Remedy], more_units: Remedy | None) -> list[Remedy]:
    """The ways out, one that takes a longer run last."""
    if more_units is None:
        return cheaper or [advise("plan more units, or accept wider margins")]
    return [more_units, *cheaper] if more_units.edits else [*cheaper, more_units]


def _more_units(plan: Experiment, guards: Sequence[_Guard], sample: float, floor: float) -> Remedy | None:
    """The sample that is enough, or the longer run it takes; None where no finite one is."""
    each = floor ** (1 / len(guards))
    try:
        enough = max(stats.required_units(guard.test, 0.0, each).control / guard.control for guard in guards)
    except StatisticsInputError:
        return None
    if enough >= _MOST_UNITS:
        return None
    sizes = range(int(sample), max(int(sample), math.ceil(enough)) + 2)
    units = sizes[bisect_left(sizes[:-1], floor, key=lambda size: _joint_power(guards, size))]
    return larger_sample(plan, units)


def _wider_margin(guard: _Guard, sample: float, floor: float, of: str = "") -> Iterator[Remedy]:
    metric = guard.metric
    declared = need(metric.non_inferiority_margin, *guard.path, "non_inferiority_margin")
    try:
        margin = stats.detectable_margin(guard.test, floor, sample * guard.control)
        written = at_least_like(margin, declared, metric.baseline)
    except (StatisticsInputError, QuantityError):
        # So few units rule out no margin, or none that a plan can write.
        return
    after = f"{of} (if the policy's cap allows it)"
    yield setting((*guard.path, "non_inferiority_margin"), written, after)


def _later_readout(plan: Experiment, guard: _Guard, sample: float, floor: float) -> Iterator[Remedy]:
    window, matured = guard.metric.outcome_window, matured_share(plan, guard.metric)
    if matured < 1 and window and guard.power(sample / matured) >= floor:
        earliest = day_after(last_exposure(plan), 1 + whole_days(window))
        yield Remedy(tuple(settings_of_readout(plan, earliest)), after=", when every outcome has matured")


def _nothing_judged(metric: Metric, path: Path) -> Finding:
    name = called(metric.id, "this guardrail")
    if metric.segment and not metric.segment_share:
        at, problem, advice = (
            "segment_share",
            f"no unit is in the segment of {name}",
            "declare the segment's share",
        )
    else:
        at, problem = "outcome_window", f"no unit has a matured outcome of {name} at the readout"
        advice = "move the readout later by the outcome window, or shorten the window"
    return Finding((*path, at), f"{problem}; {_QUIET}", "no unit", "units at the readout", advice)


def _impossible(metric: Metric, path: Path, error: StatisticsInputError) -> Finding:
    return Finding(
        path,
        f"the power of {called(metric.id, 'this guardrail')} could not be computed: {error.problem}",
        help=error.advice,
    )


def costs(broken: Broken) -> Iterator[str]:
    """How many harmless launches end on hold."""
    from egp.rules.costs import guardrail_of

    found, plan = guardrail_of(broken), broken.plan
    for path, metric in [found] if found else list(plan.guardrails):
        if metric.non_inferiority_margin is None:
            continue
        test = guardrail_test(plan, metric, path)
        power = stats.achieved_power(test, 0.0, metric_units(plan, metric, planned_units(plan)))
        yield (
            f"{called(metric.id, 'A guardrail')}: of a harmless launch the readout rules out {metric.non_inferiority_margin} of harm "
            f"with {power_text(power)} power; {one_in(1 - power)} harmless launches end on hold.{_outcomes_counted(plan, metric)}"
        )


def _outcomes_counted(plan: Experiment, metric: Metric) -> str:
    """Whose outcomes that power counts, where it is not those of everybody, waited for until they are in."""
    if (matured := matured_share(plan, metric)) < 1:
        return f" That counts the {percent(matured)} of units whose outcomes are in by the readout."
    if not metric.outcome_window and metric.kind != "quantile":  # a page has loaded when it was seen
        return " That takes outcomes to be in at once, as the plan does; late ones would leave less."
    return ""


def picture(broken: Broken) -> Picture | None:
    """Harmless launches, and how many of them the readout holds."""
    from egp.plan.picture import Picture, Tally
    from egp.rules.costs import guardrail_of
    from egp.rules.pictures import HARMLESS, share_of

    found, plan = guardrail_of(broken), broken.plan
    shares = []
    for path, metric in [found] if found else list(plan.guardrails):
        if metric.non_inferiority_margin is None:
            continue
        test = guardrail_test(plan, metric, path)
        held = 1 - stats.achieved_power(test, 0.0, metric_units(plan, metric, planned_units(plan)))
        shares.append(
            (held, metric, share_of(f"{called(metric.id, 'the guardrail')} by itself", held, HARMLESS))
        )
    if not shares:
        return None
    worst, by, _ = max(shares, key=lambda share: share[0])
    says = (
        f"Harmless is an effect of zero. For want of units {one_in(worst)} of them would be held by "
        f"{called(by.id, 'the guardrail')} alone."
    )
    return Picture(
        f"{HARMLESS} harmless launches", says, Tally([each for *_, each in shares], "held", "goes on")
    )


LEVERS = "guardrails"
"""What frees a plan from it."""
