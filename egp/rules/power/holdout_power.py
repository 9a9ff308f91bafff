"""A shared holdout is large enough to find what it is kept for.

A holdout costs what the launches would have brought to its units, for as long as it lasts. One that is too small pays that and
learns nothing: an effect that it does not show is no news. egp compares whoever is held out with everybody else, on the distinct
units of the whole time, by the metric, the MDE and the level that the policy states for the holdout. It is reported once, at the policy's
line. Not checked where the policy does not say what it is to find.

Passes with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1, eligible_units: {distinct_over_run: 2_000_000}, primary_metric: {id: buyers, kind: proportion, direction: increase, baseline: 12%, mde: 30bps}, statistics: {alpha: 5%, sides: two, power: 90%, method: fixed_horizon}}}`:

```yaml
holdout: {of: shop-2023h1}
```

Fails at `/holdout/of` with `holdouts: {shop-2023h1: {share: 2%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1, eligible_units: {distinct_over_run: 2_000_000}, primary_metric: {id: buyers, kind: proportion, direction: increase, baseline: 12%, mde: 30bps}, statistics: {alpha: 5%, sides: two, power: 90%, method: fixed_horizon}}}`, saying "the shared holdout shop-2023h1 keeps 40,000 of 2,000,000 units":

```yaml
holdout: {of: shop-2023h1}
```

Not checked at `/holdout/of` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1}
```

Does not apply:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.registered import power_at, primary_effect, required_power
from egp.plan.analysis.traffic import arriving_units
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import Share, shown
from egp.plan.wording import listing, one_in, percent, power_text, whole
from egp.rules import rule
from egp.rules.rule_inputs import Portfolio

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment
    from egp.plan.holdouts import SharedHoldout

needs = ("plan.holdout",)


class Params(rule.Params):
    floor: Annotated[
        Share,
        "least power of a shared holdout at its MDE, where it states less or none",
        rule.Stricter("more"),
    ] = Share(0.80)


def check(portfolio: Portfolio, params: Params) -> Iterator[Finding]:
    shared = portfolio.holdout
    if shared is None or portfolio.is_holdout_told:
        raise DoesNotApply
    plan = shared.analysis(portfolio.catalogue)
    try:
        power, units = _power(plan), arriving_units(plan)
        wanted = max(params.floor, _stated(plan))
    except NotChecked as missing:
        raise _unknown(shared, missing) from None
    if power >= wanted:
        return
    share = shared.terms.share or 1.0
    yield Finding(
        ("holdout", "of"),
        f"the shared holdout {shown(shared.name)} keeps {whole(units)} of {whole(units / share)} units, and finds its MDE with "
        f"{power_text(power)} power: it would miss {one_in(1 - power)} effects of that size",
        observed=power_text(power),
        required=power_text(wanted),
        help=_enough(shared, portfolio.catalogue, wanted),
        source=(shared.document, (*shared.at, "share")),
    )


def _power(plan: Experiment) -> float:
    """The chance that it finds its MDE."""
    return power_at(plan, primary_effect(plan), arriving_units(plan))


def _stated(plan: Experiment) -> float:
    return required_power(plan) if plan.statistics and plan.statistics.power is not None else 0.0


_MOST = 500
"""Thousandths that are held out at most: with more the others are the smaller group."""


def _enough(shared: SharedHoldout, catalogue: MetricCatalogue | None, wanted: float) -> str:
    """The least share that is enough, to a thousandth."""
    low, high = 0, _MOST
    if _power(shared.analysis(catalogue, high / 1000)) < wanted:
        return "keep it for longer, or state an MDE that it can find"
    while high - low > 1:
        middle = (low + high) // 2
        is_enough = _power(shared.analysis(catalogue, middle / 1000)) >= wanted
        low, high = (low, middle) if is_enough else (middle, high)
    return f"keep {percent(high / 1000)} or more, or state an MDE that it can find"


def _unknown(shared: SharedHoldout, missing: NotChecked) -> NotChecked:
    what = ".".join(map(str, missing.path))
    return NotChecked(
        ("holdout", "of"),
        f"the shared holdout {shown(shared.name)} does not say `{what}`",
        f"state {listing(['what it is to find', 'how'])} under `{shown(shared.name)}` in {shared.place}",
    )


ACTOR = "owners"
"""Who has to act on it."""
