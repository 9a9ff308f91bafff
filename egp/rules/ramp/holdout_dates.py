"""A plan treats nobody before its shared holdout begins, and ramps before it ends.

Whoever was treated before the holdout began cannot be held out of it any more. And a launch that is still being ramped when the
units are freed has nobody left to compare with. The canary counts, for it treats people; the ramp ends at the earliest when the
readout is done and the dwell of every stage is over.

Passes with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Fails at `/canary/start` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-20, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "begins on 2023-01-20":

```yaml
canary: {treated: 5%, start: 2023-01-18, end: 2023-01-22, none: null}
holdout: {of: shop-2023h1, share: null, until: null}
```

Fails at `/schedule/start` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-02-01, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "the plan treats units from 2023-01-23, and the shared holdout shop-2023h1 begins on 2023-02-01":

```yaml
canary: {treated: null, start: null, end: null, none: "a text"}
holdout: {of: shop-2023h1, share: null, until: null}
```

Fails at `/holdout/of` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-02-08, unit: user, flag: holdout_2023h1}}`, saying "the ramp ends on 2023-02-10 at the earliest":

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Does not apply to the sound plan.

Not checked at `/schedule/start` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
schedule: {start: null}
holdout: {of: shop-2023h1, share: null, until: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from egp.plan.analysis.days import as_local_day, day_after, first_day, whole_days
from egp.plan.analysis.traffic import ramp_begin, ramp_length
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import shown
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.holdouts import SharedHoldout

needs = ("shared_holdout",)


def check(plan: Experiment) -> Iterator[Finding]:
    shared: SharedHoldout | None = plan.supplied.holdouts.get(plan.shared_holdout) if plan.supplied else None
    if shared is None:
        raise DoesNotApply  # known-holdout speaks
    first, at = _first_treated(plan)
    begins, until = shared.terms.start, plan.holdout.until if plan.holdout else None
    if begins is not None and first < begins:
        yield Finding(
            at,
            f"the plan treats units from {first}, and the shared holdout {shown(shared.name)} begins on {begins}",
            observed=str(first),
            required=f"{begins} or later",
            help=f"start on {begins} or later, or keep a holdout of the plan's own",
        )
    end = day_after(ramp_begin(plan), whole_days(ramp_length(plan)))
    if until is not None and end > until:
        yield Finding(
            ("holdout", "of"),
            f"the ramp ends on {end} at the earliest, and the shared holdout {shown(shared.name)} on {until}",
            observed=str(end),
            required=f"{until} or earlier",
            help="name the holdout that comes after it, or keep a holdout of the plan's own",
            related=(Related(("ramp",), "the ramp"),),
            yields_to=frozenset(("holdout-size",)),
        )


def _first_treated(plan: Experiment) -> tuple[date, Path]:
    first = first_day(plan)
    canary = plan.canary.start if plan.canary else None
    if canary is not None and (day := as_local_day(plan, canary)) < first:
        return day, ("canary", "start")
    return first, ("schedule", "start")
