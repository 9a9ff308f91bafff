"""A holdout of at least 5 % is reserved before the start and watched after the ramp.

Once everybody has the treatment nobody can tell what it does any more. A persistent control that is never treated
shows whether the effect of the test lasts, and what a slow harm costs. The holdout is reserved by its own hash before
the start, so the test's exposure and the holdout together cannot exceed 100 %, and it lasts for some time after the
earliest end of the ramp (the readout plus every stage's dwell): a holdout that ends with the ramp has watched nothing.
`holdout: {none: reason}` opts out where the policy allows it; a `holdback` is a holdout itself.

Passes:

```yaml
holdout: {share: 10%, until: 2023-05-10}
```

Passes:

Fails at `/holdout/none` with `allow_none: false`:

```yaml
holdout: {none: the old page is switched off, share: null, until: null}
```

Fails at `/holdout/none`, saying "no reason":

```yaml
holdout: {none: " ", share: null, until: null}
```

Fails at `/holdout/none`, saying "no reason":

```yaml
holdout: {none: "n/a", share: null, until: null}
```

Fails at `/holdout`:

```yaml
holdout: null
```

Fails at `/holdout/share`, saying "the holdout keeps 2 % of the units; the policy requires 5 %":

```yaml
holdout: {share: 2%}
```

Fails at `/holdout/share`, saying "does not say which share":

```yaml
holdout: {share: null}
```

Fails at `/holdout/until`, saying "does not say how long":

```yaml
holdout: {until: null}
```

The readout on 6 February and two stages of 48 hours end on 10 February at the earliest.

Fails at `/holdout/until`, saying "the ramp ends on 2023-02-10 at the earliest":

```yaml
holdout: {until: 2023-02-16}
```

Fails at `/schedule/exposure`, saying "leave no room":

```yaml
schedule: {exposure: 95%}
```

A shared holdout says share and last day for the plan.

Passes with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Fails at `/holdout/until` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-02-14, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Not checked at `/holdout/of`:

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Does not apply:

```yaml
type: holdback
holdout: null
```

Not checked without `/ramp/0/min_dwell`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.days import day_after, whole_days
from egp.plan.analysis.rescheduling import working_day
from egp.plan.analysis.statements import stated
from egp.plan.analysis.traffic import daily_eligible_units, ramp_begin, ramp_length
from egp.plan.experiment import Experiment, Holdout
from egp.plan.finding import DoesNotApply, Finding, NotChecked, Related
from egp.plan.quantity import Share
from egp.plan.remedy import Remedy, addition, setting
from egp.plan.wording import length, percent, share_in_plan, told_apart, whole
from egp.rules import rule
from egp.yaml.edits import Addition, Removal, Setting

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


ROUNDING = 1e-9

_ELSEWHERE = "name a shared holdout that keeps enough for long enough, or keep one of the plan's own"


class Params(rule.Params):
    min: Annotated[
        Share,
        "least share of the eligible units in the holdout",
        rule.Stricter("more"),
        rule.KnownAs("smallest_holdout"),
    ] = Share(0.05)
    after_ramp: Annotated[
        timedelta,
        "least time the holdout lasts after the earliest end of the ramp",
        rule.AtLeast(0),
        rule.Stricter("more"),
        rule.KnownAs("holdout_after_ramp"),
    ] = timedelta(days=7)
    allow_none: Annotated[
        bool, "whether a plan may give a reason for having no holdout", rule.Stricter("less")
    ] = True


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if plan.type == "holdback":
        raise DoesNotApply
    holdout = plan.holdout
    if holdout is None:
        yield _undeclared(plan, params)
    elif holdout.share is None and holdout.none is not None:
        yield from _opted_out(plan, holdout.none, params)
    elif holdout.share is None and holdout.of is not None:
        raise NotChecked(("holdout", "of"))
    else:
        yield from _share(plan, holdout, params)
        if holdout.until is None:
            yield _unlimited(plan, params)
        else:
            yield from _until(plan, holdout.until, params)


def _asked(params: Params) -> str:
    return f"at least {percent(params.min)}, {length(params.after_ramp)} beyond the ramp"


def _undeclared(plan: Experiment, params: Params) -> Finding:
    return Finding(
        ("holdout",),
        "the plan declares no holdout",
        observed="missing",
        required=_asked(params),
        remedies=[_reserved(plan, params)],
        help="say in `holdout.none` why there is none" if params.allow_none else "",
    )


def _reserved(plan: Experiment, params: Params) -> Remedy:
    """A holdout of what the last stage leaves, or the least that the policy requires, with what must make room."""
    share, room = _share_with_room(plan, params)
    until = _earliest_end(plan, params)
    holdout = {"share": share, **({"until": until.isoformat()} if until else {})}
    after = "" if until else f", with `until:` {length(params.after_ramp)} after the ramp"
    if plan.holdout is None:
        return Remedy((Addition(("holdout",), holdout), *room), after=after)
    instead = Removal(("holdout", "none"))
    return Remedy((Setting(("holdout",), holdout), *room, instead), after=after)


def _share_with_room(plan: Experiment, params: Params) -> tuple[str, list[Setting]]:
    """The share of a holdout, and settings of the last stage and the exposure that leave room for it."""
    last = plan.ramp[-1].treated if plan.ramp else None
    left = 1 - last if last is not None and 1 - last >= params.min - ROUNDING else params.min
    room: list[Setting] = []
    if last is not None and last + left > 1 + ROUNDING:
        room.append(Setting(("ramp", len(plan.ramp) - 1, "treated"), share_in_plan(1 - left)))
    exposure = plan.schedule.exposure if plan.schedule else None
    if plan.type != "rollout" and exposure is not None and exposure + left > 1 + ROUNDING:
        room.append(Setting(("schedule", "exposure"), share_in_plan(1 - left)))
    return share_in_plan(left), room


def _earliest_end(plan: Experiment, params: Params) -> date | None:
    """The first working day on which the holdout may end; None where the plan does not say enough."""
    try:
        begin, ramp = ramp_begin(plan), ramp_length(plan)
    except NotChecked:
        return None
    return working_day(day_after(begin, whole_days(ramp + params.after_ramp)))


MOST_HELD_OUT = 0.5
"""A share from which on the holdout is the slip, and not the exposure: nobody launches to reserve most units."""


def _opted_out(plan: Experiment, reason: str, params: Params) -> Iterator[Finding]:
    if not params.allow_none:
        message = "the plan has no holdout; the policy requires one in every plan"
    elif not stated(reason):
        message = "the plan has no holdout and gives no reason"
    else:
        return
    yield Finding(
        ("holdout", "none"),
        message,
        observed="none",
        required=f"at least {percent(params.min)}",
        remedies=[_reserved(plan, params)],
        help="say why there is none" if params.allow_none else "",
    )


def _share(plan: Experiment, holdout: Holdout, params: Params) -> Iterator[Finding]:
    share = holdout.share
    if share is None or share < params.min:
        enough, room = _share_with_room(plan, params)
        said = "does not say which share of the units it keeps" if share is None else ""
        kept, asked = told_apart(share or 0.0, params.min)
        yield Finding(
            ("holdout", "share"),
            f"the holdout {said or f'keeps {kept} of the units; the policy requires {asked}'}",
            observed="missing" if share is None else kept,
            required=f"at least {asked}",
            remedies=[Remedy((Setting(("holdout", "share"), enough), *room))] if not holdout.of else (),
            help=_ELSEWHERE if holdout.of else "",
        )
        return
    exposure = plan.schedule.exposure if plan.schedule else None
    if share >= 1:
        return  # valid-plan speaks
    if plan.type != "rollout" and exposure is not None and exposure + share > 1 + ROUNDING:
        yield Finding(
            ("schedule", "exposure"),
            f"an exposure of {percent(exposure)} and a holdout of {percent(share)} leave no room for each other",
            observed=told_apart(exposure + share, 1)[0],
            required="at most 100 %",
            remedies=[
                setting(("schedule", "exposure"), share_in_plan(1 - share))
                if share < MOST_HELD_OUT or holdout.of
                else setting(
                    ("holdout", "share"),
                    share_in_plan(params.min),
                    " or more, as far as the exposure leaves room",
                )
            ],
            related=(Related(("holdout", "share"), "reserved before the start"),),
        )


def _unlimited(plan: Experiment, params: Params) -> Finding:
    until = _earliest_end(plan, params)
    asked = f"{length(params.after_ramp)} beyond the ramp"
    return Finding(
        ("holdout", "until"),
        "the holdout does not say how long it lasts",
        observed="missing",
        required=asked,
        remedies=[addition(("holdout", "until"), until, ", or a later day")] if until else (),
        help="" if until else f"add `until:` with a day {asked}",
    )


def _until(plan: Experiment, until: date, params: Params) -> Iterator[Finding]:
    begin, ramp = ramp_begin(plan), ramp_length(plan)
    if until - begin >= ramp + params.after_ramp:
        return
    end, enough = day_after(begin, whole_days(ramp)), day_after(begin, whole_days(ramp + params.after_ramp))
    yield Finding(
        ("holdout", "until"),
        f"the holdout ends on {until}; the ramp ends on {end} at the earliest, "
        f"and the policy requires {length(params.after_ramp)} beyond it",
        observed=str(until),
        required=f"{enough} or later",
        remedies=[setting(("holdout", "until"), working_day(enough), " or later")]
        if not plan.shared_holdout
        else (),
        help=_ELSEWHERE if plan.shared_holdout else "",
    )


def costs(broken: Broken) -> Iterator[str]:
    """What a holdout would keep to compare with."""
    least, holdout = broken.params.min, broken.plan.holdout
    if holdout and holdout.share and holdout.share >= least:
        return
    yield (
        f"Without one nobody can say after the ramp what the change earns: {percent(least)} would keep "
        f"{whole(daily_eligible_units(broken.plan) * least)} units a day to compare with."
    )


def picture(broken: Broken) -> Picture | None:
    """The units that are left to compare with after the ramp."""
    from egp.rules.pictures import units_a_day

    least, holdout = broken.params.min, broken.plan.holdout
    share = (holdout.share if holdout else None) or 0.0
    if share >= least:
        return None
    has, asked = ("the plan keeps", share), (f"the policy, {percent(least)}", least)
    says = "With nobody left on today's version, what the change earns cannot be seen any more."
    return units_a_day("Left to compare with after the ramp", says, broken.plan, has, asked)
