"""What a plan says of its holdout agrees with the shared holdout that it is in.

A shared holdout keeps the same units from every launch that names it. A plan may repeat share and last day for its readers; one
that says otherwise would treat people whom the others count as untreated, or free them while the others still measure. And only
plans that randomise what the holdout keeps can leave it alone: a session of a user who is held out is treated all the same.

Passes with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
unit: user
holdout: {of: shop-2023h1, share: 10%, until: null}
```

Fails at `/holdout/share` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "the plan keeps 5 %, and the shared holdout shop-2023h1 keeps 10 %":

```yaml
unit: user
holdout: {of: shop-2023h1, share: 5%, until: null}
```

Fails at `/holdout/until` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "lasts until 2023-06-30":

```yaml
unit: user
holdout: {of: shop-2023h1, share: null, until: 2023-05-10}
```

Fails at `/unit` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "randomises session, and the shared holdout shop-2023h1 keeps user":

```yaml
unit: session
holdout: {of: shop-2023h1, share: null, until: null}
```

Does not apply to the sound plan.

Not checked at `/unit` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
unit: null
holdout: {of: shop-2023h1, share: null, until: null}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, need
from egp.plan.names import folded
from egp.plan.quantity import shown
from egp.plan.remedy import setting
from egp.plan.wording import share_in_plan, told_apart

if TYPE_CHECKING:
    from egp.plan.holdouts import SharedHoldout
    from egp.yaml import Path

needs = ("shared_holdout",)

_ROUNDING = 1e-9


def check(plan: Experiment) -> Iterator[Finding]:
    shared: SharedHoldout | None = plan.supplied.holdouts.get(plan.shared_holdout) if plan.supplied else None
    if shared is None:
        raise DoesNotApply  # known-holdout speaks
    yield from _share(plan, shared)
    yield from _until(plan, shared)
    unit = need(plan.unit, "unit")
    if folded(unit) != folded(shared.terms.unit or ""):
        kept = shown(shared.terms.unit)
        yield Finding(
            ("unit",),
            f"the plan randomises {shown(unit)}, and the shared holdout {shown(shared.name)} keeps {kept}",
            observed=shown(unit),
            required=kept,
            help=f"randomise {kept}, or keep a holdout of the plan's own",
        )


def _share(plan: Experiment, shared: SharedHoldout) -> Iterator[Finding]:
    said, kept = plan.holdout.share if plan.holdout else None, shared.terms.share or 0.0
    if said is not None and abs(said - kept) > _ROUNDING:
        share, of_all = told_apart(said, kept)
        yield _contradiction(
            ("holdout", "share"),
            f"the plan keeps {share}, and the shared holdout {shown(shared.name)} keeps {of_all}",
            share,
            of_all,
            share_in_plan(kept),
        )


def _until(plan: Experiment, shared: SharedHoldout) -> Iterator[Finding]:
    said, lasts = plan.holdout.until if plan.holdout else None, shared.until
    is_kept = plan.supplied is not None and str(said) == plan.supplied.holdout.get("until")
    if said is not None and lasts is not None and said != lasts and not is_kept:
        yield _contradiction(
            ("holdout", "until"),
            f"the plan keeps its holdout until {said}, and the shared holdout {shown(shared.name)} lasts until {lasts}",
            str(said),
            str(lasts),
            str(lasts),
        )


def _contradiction(at: Path, message: str, observed: str, required: str, value: str) -> Finding:
    return Finding(
        at,
        message,
        observed=observed,
        required=required,
        remedies=[setting(at, value)],
        help="leave it out, since the policy says it",
    )
