"""A canary treats 5 % to 10 % of the units and ends before the test starts.

A canary is there to find what breaks, on few enough units that a break does little harm. Below 5 % it sees too little
to find anything, above 10 % it is a launch. It watches safety alone: its days are never pooled with the test, whose
shares differ, and five days of canary are not the fourteen days of a test. So it says when it starts and when it ends,
and ends before the test begins. Where the policy does not require a canary, `canary: {none: reason}` or no canary
will do.

Passes:

```yaml
canary: {treated: 10%, start: 2023-01-18, end: 2023-01-22}
```

An instant as `end` is exclusive.

Passes:

```yaml
canary: {treated: 5%, start: 2023-01-18, end: "2023-01-23T00:00:00-08:00"}
```

Fails at `/canary/treated`, saying "treats 25 % of the units; the policy requires 5 % to 10 %":

```yaml
canary: {treated: 25%}
```

Fails at `/canary/treated`, saying "treats 1 %":

```yaml
canary: {treated: 1%}
```

Fails at `/canary/end`, saying "ends on 2023-01-25, when the test has started (2023-01-23)":

```yaml
canary: {end: 2023-01-25}
```

Fails at `/canary/end`, saying "ends before it starts":

```yaml
canary: {end: 2023-01-17}
```

Fails at `/canary/end`, saying "does not say when it ends":

```yaml
canary: {end: null}
```

Does not apply without `/canary`.

Does not apply:

```yaml
canary: {none: text only, treated: null, start: null, end: null}
```

Fails at `/canary/none`, saying "no reason":

```yaml
canary: {none: ".", treated: null, start: null, end: null}
```

Fails at `/canary` with `required_for: [superiority]`, saying "superiority":

```yaml
canary: null
```

A rollout has no test before it, so it needs a canary.

Fails at `/canary/none`:

```yaml
type: rollout
canary: {none: text only, treated: null, start: null, end: null}
```

Not checked without `/schedule/start`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.days import day_after, day_before_end, first_day, local, precedes, schedule_of
from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import Moment, Share, as_day
from egp.plan.remedy import Remedy, addition, advise, removal, setting
from egp.plan.wording import percent, share_in_plan, told_apart, whole
from egp.rules import rule
from egp.yaml.edits import Removal, Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    min: Annotated[
        Share,
        "least share of the eligible units that a canary treats",
        rule.Stricter("more"),
        rule.KnownAs("smallest_canary"),
    ] = Share(0.05)
    max: Annotated[
        Share, "largest share of the eligible units that a canary treats", rule.Stricter("less")
    ] = Share(0.10)
    required_for: Annotated[
        tuple[str, ...],
        "types of plans that must have a canary",
        rule.Stricter("more"),
        rule.KnownAs("types_with_canary"),
    ] = ("rollout",)


ABSENT = {
    "treated": "which share of the units it treats",
    "start": "when it starts",
    "end": "when it ends",
}


DAYS = 5


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    canary = plan.canary
    if canary is None or (canary.none is not None and canary.treated is None):
        if plan.type in params.required_for:
            yield _no_canary(plan, params)
        elif canary is not None and not stated(canary.none):
            yield _without_reason()
        else:
            raise DoesNotApply
        return
    for key, what in ABSENT.items():
        if getattr(canary, key) is None:
            yield Finding(
                ("canary", key),
                f"the canary does not say {what}",
                observed="missing",
                required=what,
                help=f"add `{key}:` to the canary",
            )
    if canary.treated is not None and not params.min <= canary.treated <= params.max:
        yield _wrong_size(canary.treated, params)
    if canary.start is not None and canary.end is not None:
        yield from _wrong_time(plan, canary.start, canary.end)


def _without_reason() -> Finding:
    return Finding(
        ("canary", "none"),
        "the plan has no canary and gives no reason",
        observed="no reason",
        required="a reason, or no `canary:`",
        remedies=[removal(("canary",))],
        help="say in `none:` why there is none",
    )


def _no_canary(plan: Experiment, params: Params) -> Finding:
    opted_out = plan.canary is not None
    return Finding(
        ("canary", "none") if opted_out else ("canary",),
        f"the plan has no canary; the policy requires one in every {plan.type} plan",
        observed="none",
        required=f"{percent(params.min)} to {percent(params.max)}",
        remedies=[_example(plan, params)],
    )


def _example(plan: Experiment, params: Params) -> Remedy:
    """A canary of five days, or as many as lie between registration and test."""
    treated = share_in_plan(params.min)
    if plan.schedule and plan.schedule.start:
        test = first_day(plan)
        first, last = day_after(test, -DAYS), day_after(test, -1)
        if plan.registered:
            first = max(first, day_after(plan.registered, 1))
        if first <= last:
            canary = {"treated": treated, "start": first.isoformat(), "end": last.isoformat()}
            if plan.canary is None:
                return addition(("canary",), canary)
            return Remedy((Setting(("canary",), canary), Removal(("canary", "none"))))
    return advise(
        f"add a canary with `treated: {treated}`, begun after the registration and ended before the test"
    )


def _wrong_size(treated: float, params: Params) -> Finding:
    nearest = params.min if treated < params.min else params.max
    phrase, bound = told_apart(treated, nearest)
    asked = (
        f"{bound} to {percent(params.max)}" if nearest == params.min else f"{percent(params.min)} to {bound}"
    )
    return Finding(
        ("canary", "treated"),
        f"the canary treats {phrase} of the units; the policy requires {asked}",
        observed=phrase,
        required=asked,
        remedies=[setting(("canary", "treated"), share_in_plan(nearest))],
    )


def _wrong_time(plan: Experiment, start: Moment, end: Moment) -> Iterator[Finding]:
    first, last = as_day(local(plan, start)), day_before_end(plan, end)
    if last < first:
        yield Finding(
            ("canary", "end"),
            f"the canary ends before it starts ({last}, {first})",
            observed=str(last),
            required=f"{first} or later",
            help="set `end:` to the last day of the canary",
        )
    elif last >= first_day(plan) and not _ends_as_test_starts(plan, end):
        yield _into_test(first, last, first_day(plan))


def _ends_as_test_starts(plan: Experiment, end: Moment) -> bool:
    """On the day itself only two instants can tell that the canary is over."""
    start = schedule_of(plan).start
    return isinstance(start, datetime) and isinstance(end, datetime) and not precedes(plan, start, end)


def _into_test(first: date, last: date, test: date) -> Finding:
    eve = day_after(test, -1)
    return Finding(
        ("canary", "end"),
        f"the canary ends on {last}, when the test has started ({test}); it is never pooled with the test",
        observed=str(last),
        required=f"{eve} or earlier",
        remedies=[setting(("canary", "end"), eve)] if first <= eve else (),
        help="" if first <= eve else f"move the canary: it ends by {eve}",
        related=(Related(("schedule", "start"), "the test starts here"),),
    )


def costs(broken: Broken) -> Iterator[str]:
    """For how many units it breaks, if it breaks."""
    from egp.plan.analysis.traffic import daily_eligible_units

    canary, most = broken.plan.canary, broken.params.max
    if canary and canary.treated and canary.treated > most:
        daily = daily_eligible_units(broken.plan)
        yield (
            f"If it breaks, it breaks for {whole(daily * canary.treated)} units a day; a canary of {percent(most)} risks "
            f"{whole(daily * most)}."
        )


def picture(broken: Broken) -> Picture | None:
    """The units that a canary risks, beside the most that the policy lets it risk."""
    from egp.rules.pictures import units_a_day

    canary, most = broken.plan.canary, broken.params.max
    if not canary or not canary.treated or canary.treated <= most:
        return None
    has, asked = (
        (f"a canary of {percent(canary.treated)}", canary.treated),
        (f"at most {percent(most)}", most),
    )
    return units_a_day("Treated if it breaks", "A canary is there to break for few.", broken.plan, has, asked)
