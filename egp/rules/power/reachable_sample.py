"""The units that will come fill every variant's declared sample.

A sample that never arrives leaves two bad choices: read an experiment without power, or extend it after seeing it.
The smallest variant gets distinct units over the run × exposure × its weight. Distinct units do not add up over
days: whoever comes on Monday and on Tuesday is one user, so daily users times fourteen days is a number of visits.
Only units that are new every time, such as sessions, may be counted that way (`per_day_units`), and only where they
are what is randomised: an experiment that randomises users cannot fill its sample with sessions.

Passes:

```yaml
eligible_units: {distinct_over_run: 326_667}
```

Fails at `/sample_size_per_variant`, saying "326,000 users × 90 % exposure × 50 % weight are 146,700 units in the smallest variant":

```yaml
eligible_units: {distinct_over_run: 326_000}
```

Fails at `/eligible_units/distinct_over_run`, saying "574,000 is 41,000 users a day × 14, which counts a user who comes back again and again":

```yaml
eligible_units: {distinct_over_run: 574_000}
```

Fails at `/eligible_units/distinct_over_run`, saying "41,000 users a day × 14 days counts a user who comes back again and again":

```yaml
eligible_units: {distinct_over_run: null}
```

Fails at `/eligible_units/distinct_over_run`, saying "fewer distinct users over the run than on one day":

```yaml
eligible_units: {distinct_over_run: 34_000}
```

Fails at `/eligible_units`, saying "does not say how many units can enter":

```yaml
eligible_units: null
```

Fails at `/sample_size_per_variant`, saying "1,200,000 are declared":

```yaml
unit: user
analysis_unit: session
sample_size_per_variant: 1.2M
```

Sessions are new units every day, if sessions are randomised.

Passes:

```yaml
unit: session
eligible_units: {distinct_over_run: null}
```

Does not apply:

```yaml
type: rollout
eligible_units: null
```

Not checked without `/sample_size_per_variant`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.days import planned_days, schedule_of
from egp.plan.analysis.larger_sample import SAMPLE, run_that_brings
from egp.plan.analysis.registered import (
    PRIMARY,
    detectable_at,
    planned_units,
    power_at,
    primary_effect,
    require_primary_test,
    required_power,
    required_smallest,
    weights,
)
from egp.plan.experiment import EligibleUnits, Experiment
from egp.plan.finding import Finding, NotChecked, Related, need
from egp.plan.quantity import Count, QuantityError
from egp.plan.remedy import Candidate, Remedy, TradeOff, advise, setting
from egp.plan.wording import (
    at_least_like,
    called,
    count_in_plan,
    counted,
    percent,
    power_text,
    share_in_plan,
    unit_count,
    whole,
)
from egp.rules import rule
from egp.stats import StatisticsInputError
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.plan.remedy import Candidate
    from egp.rules.exports import Broken


DISTINCT = ("eligible_units", "distinct_over_run")
SAME_WITHIN = 0.01


class Params(rule.Params):
    per_day_units: Annotated[
        tuple[str, ...], "randomisation units that are new every time, so that days add up"
    ] = (
        "session",
        "pageview",
        "request",
        "impression",
    )


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    require_primary_test(plan)
    eligible = plan.eligible_units
    if eligible is None or (eligible.distinct_over_run is None and eligible.per_day is None):
        yield _nothing_counted(plan, eligible)
        return
    miscounted = _miscounted(plan, eligible, params)
    if miscounted:
        yield miscounted
    else:
        yield from _short(plan, eligible, min(weights(plan)))


def _nothing_counted(plan: Experiment, eligible: EligibleUnits | None) -> Finding:
    needed, unit = _least_distinct(plan), called(plan.unit, "unit")
    key = "eligible_units: {distinct_over_run: %s}" if eligible is None else "distinct_over_run: %s"
    known = f"; the declared sample takes {needed:,}" if needed else ""
    return Finding(
        ("eligible_units",) if eligible is None else DISTINCT,
        "the plan does not say how many units can enter, so nobody knows whether its sample will come",
        observed="missing",
        required="distinct units over the run",
        help=f"count the distinct {unit}s of as many days and add them, as in `{key % f'{needed or 340_000:_}'}`{known}",
    )


def _miscounted(plan: Experiment, eligible: EligibleUnits, params: Params) -> Finding | None:
    """Daily counts that were added up, or that contradict the count over the run."""
    daily, distinct = eligible.per_day, eligible.distinct_over_run
    if daily is None or plan.unit in params.per_day_units:
        return None
    days = planned_days(plan)
    unit = called(plan.unit, "unit")
    if distinct is not None and distinct < daily:
        return Finding(
            DISTINCT,
            f"{whole(distinct)} are fewer distinct {unit}s over the run than on one day, {whole(daily)}",
            observed=whole(distinct),
            required=f"at least {whole(daily)}",
            help=f"count the distinct {unit}s of {counted(days, 'day')}",
            related=(Related(("eligible_units", "per_day"), "the count of one day"),),
        )
    if days < 2 or (distinct is not None and distinct < (1 - SAME_WITHIN) * daily * days):
        return None
    needed = _least_distinct(plan)
    return Finding(
        DISTINCT,
        _added_days(distinct, daily, days, unit),
        observed="missing" if distinct is None else whole(distinct),
        required=f"distinct {unit}s of {counted(days, 'day')}",
        help=f"set `distinct_over_run:` to the distinct {unit}s of {counted(days, 'day')}, counted in one query"
        + (f"; the declared sample needs {needed:,}" if needed else ""),
        related=() if distinct is None else (Related(("eligible_units", "per_day"), "the count of one day"),),
    )


def _added_days(distinct: int | None, daily: int, days: int, unit: str) -> str:
    if distinct is None:
        return f"{whole(daily)} {unit}s a day × {counted(days, 'day')} counts a {unit} who comes back again and again"
    total = daily * days
    is_sum = "is" if distinct == total else f"is {'more than' if distinct > total else 'nearly'}"
    return (
        f"{whole(distinct)} {is_sum} {whole(daily)} {unit}s a day × {days}, which counts a {unit} who comes back "
        "again and again"
    )


def _least_distinct(plan: Experiment) -> int:
    """Distinct units over the run that fill the declared sample; 0 where the plan says too little."""
    exposure = plan.schedule.exposure if plan.schedule else None
    smallest = min((variant.weight or 0 for variant in plan.variants or ()), default=0)
    if not plan.sample_size_per_variant or not exposure or not smallest:
        return 0
    return math.ceil(plan.sample_size_per_variant / exposure / smallest - 1e-9)


def _short(plan: Experiment, eligible: EligibleUnits, smallest: float) -> Iterator[Finding]:
    exposure = need(schedule_of(plan).exposure, "schedule", "exposure")
    distinct = eligible.distinct_over_run
    if distinct is None:
        distinct = Count(_added_up(plan, eligible))
    declared = planned_units(plan)
    reached = math.floor(distinct * exposure * smallest + 1e-6)
    if reached >= declared:
        return
    yield Finding(
        ("sample_size_per_variant",),
        f"{whole(distinct)} {called(plan.unit, 'unit')}s × {percent(exposure)} exposure × {percent(smallest)} weight are "
        f"{unit_count(reached)} in the smallest variant; {whole(declared)} are declared",
        observed=f"{whole(reached)} will come",
        required=whole(declared),
        remedies=_remedies(plan, distinct * smallest, declared, reached),
        related=(
            Related(DISTINCT if eligible.distinct_over_run else DISTINCT[:1], "the units that can enter"),
        ),
    )


def _added_up(plan: Experiment, eligible: EligibleUnits) -> int:
    """Units over the run where each day brings new ones."""
    daily = need(eligible.per_day, "eligible_units", "per_day")
    return daily * planned_days(plan)


def _remedies(plan: Experiment, at_full_exposure: float, declared: float, reached: int) -> list[Remedy]:
    """The exposure that is enough if the holdout leaves that much, else the sample that will come."""
    longer = f"{run_that_brings(plan, declared)} and count the distinct units of those days"
    held_out = plan.holdout.share if plan.holdout and plan.holdout.share else 0.0
    exposure = math.ceil(declared / at_full_exposure * 1000) / 1000 if at_full_exposure else math.inf
    if exposure <= 1 - held_out:
        return [setting(("schedule", "exposure"), share_in_plan(exposure)), advise(longer)]
    other_unit = plan.analysis_unit not in (None, plan.unit)
    counts = (
        f"count {called(plan.unit, 'unit')}s and not {called(plan.analysis_unit, 'unit')}s, "
        if other_unit
        else ""
    )
    return [advise(f"{counts}{longer}"), *_smaller_sample(plan, reached)]


def _smaller_sample(plan: Experiment, reached: int) -> Iterator[Remedy]:
    """The sample that will come with the MDE it resolves, where that is a plan that can be made."""
    metric = plan.primary_metric
    if not reached or metric is None or metric.mde is None or plan.type == "non_inferiority":
        return
    try:
        if reached >= required_smallest(plan):
            yield setting(SAMPLE, count_in_plan(reached))
            return
        resolved = detectable_at(plan, required_power(plan), reached)
        mde = at_least_like(resolved, metric.mde, metric.baseline)
    except (NotChecked, StatisticsInputError, QuantityError):
        return
    edits = Setting(SAMPLE, count_in_plan(reached)), Setting((*PRIMARY, "mde"), mde)
    yield Remedy(edits, after=", which it resolves")


def _missing_units(broken: Broken) -> Iterator[str]:
    from egp.rules.costs import power_missing

    if broken.at == SAMPLE:  # of units that are miscounted nobody knows how many are missing
        yield from power_missing(broken)


def _double_counting(broken: Broken) -> Iterator[str]:
    from egp.plan.analysis.traffic import arriving_units

    plan = broken.plan
    half = arriving_units(plan) / 2
    if 2 * half < planned_units(plan):
        return
    power = power_at(plan, primary_effect(plan), half)
    yield (
        f"If half of these are visits of people who were counted before, {whole(math.floor(half))} units come per variant instead "
        f"of {whole(planned_units(plan))}, and the power is {power_text(power)}."
    )


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import of_each

    return of_each(broken, _missing_units, _double_counting)


def picture(broken: Broken) -> Picture | None:
    """Units that come beside those declared, or what they miss; of counts that cannot be right, what they leave open."""
    from egp.plan.analysis.traffic import units_that_come
    from egp.rules.pictures import missed_at_aim, side_by_side

    plan, eligible = broken.plan, broken.plan.eligible_units
    if broken.at != SAMPLE:
        return _what_counts_say(plan, eligible) if eligible and eligible.per_day else None
    come, declared = units_that_come(plan) or 0, planned_units(plan)
    least = broken.asked("least_power")
    if least and power_at(plan, primary_effect(plan), come) < least:
        return missed_at_aim(broken)
    says = f"{unit_count(math.ceil(declared - come))} per variant are declared that never come."
    has, asked = ("will come", come, whole(come)), ("declared", declared, whole(declared))
    return side_by_side("Units per variant", says, has, asked)


def _what_counts_say(plan: Experiment, eligible: EligibleUnits) -> Picture:
    """Fewer units than on one of the days, or what lies between nobody who comes twice and the same units every day."""
    from egp.plan.analysis.traffic import smallest_share
    from egp.plan.picture import Length, Lengths, Picture
    from egp.rules.pictures import side_by_side

    daily, distinct = need(eligible.per_day, "eligible_units", "per_day"), eligible.distinct_over_run
    unit = called(plan.unit, "unit")
    if distinct is not None and distinct < daily:
        says = f"Whoever comes on one day comes in the run. One of the two is no count of distinct {unit}s."
        has, asked = ("over the run", distinct, whole(distinct)), ("on one day", daily, whole(daily))
        return side_by_side(f"Distinct {unit}s", says, has, asked)
    declared = planned_units(plan)
    least, most = (
        math.floor(each * smallest_share(plan) + 1e-6) for each in (daily, _added_up(plan, eligible))
    )
    rows = [
        Length(f"if the same {unit}s come every day", least, whole(least)),
        Length("declared", declared, whole(declared), "marked"),
        Length("if nobody comes twice", most, whole(most)),
    ]
    says = (
        f"By the count of one day {whole(least)} to {whole(most)} units come per variant. How many, only a count of distinct {unit}s "
        "over the run can say."
    )
    return Picture("Units per variant that may come", says, Lengths(rows))


LEVERS = "sample"
"""What frees a plan from it."""


def ways(broken: Broken) -> Iterator[Candidate]:
    """The distinct units that the declared sample takes, for counts that added days up."""
    from egp.plan.analysis.traffic import smallest_share

    plan, declared = broken.plan, broken.plan.sample_size_per_variant
    eligible = plan.eligible_units
    if not declared or not eligible or not eligible.per_day:
        return
    least = -(-declared // smallest_share(plan))
    days = planned_days(plan)
    if not eligible.per_day <= least <= eligible.per_day * days:
        return
    if eligible.per_day <= (eligible.distinct_over_run or 0) < least:
        return  # a count that may be right is not counted again until it is large enough
    count = f"{int(-(-least // 1000) * 1000):_}"
    unit = called(plan.unit, "unit")
    price = f"open only if one query over {counted(days, 'day')} counts at least {count.replace('_', ',')} distinct {unit}s"
    words = f"count distinct {unit}s over {counted(days, 'day')} in one query; the declared sample takes {count.replace('_', ',')}"
    settings = (Setting(("eligible_units", "distinct_over_run"), count),)
    yield Candidate(settings, words, TradeOff.EVIDENCE, price, lever="count")
