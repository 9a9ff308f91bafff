"""Running the treatment costs no more per thousand events than the policy's cap.

A cost too small to notice on one event is a budget on a billion, and it stays after the launch is celebrated. The
plan's `cost_per_unit`, the incremental cost of one event of `economics.per`, is compared with the cap's thousandth part.

Passes:

```yaml
economics: {cost_per_unit: 0.002 USD}
```

Fails at `/economics/cost_per_unit`, saying "is 2.5 USD per thousand; the policy allows 2.00 USD":

```yaml
economics: {cost_per_unit: 0.0025 USD}
```

Fails at `/economics/cost_per_unit` with `per_thousand: 0.02 USD`:

```yaml
economics: {cost_per_unit: 0.00003 USD}
```

Fails at `/economics/cost_per_unit`, saying "does not say":

```yaml
economics: {cost_per_unit: null}
```

Fails at `/economics/cost_per_unit`, saying "in EUR":

```yaml
economics: {cost_per_unit: 0.00003 EUR}
```

Fails at `/economics/cost_per_unit`, saying "is a gain":

```yaml
economics: {cost_per_unit: -0.1 USD}
```

The rule that owns `economics`, `expected-value`, reports its absence.

Not checked without `/economics`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.quantity import Measure, shown
from egp.plan.remedy import Remedies, TradeOff, addition, open_if, setting
from egp.plan.typed_reader import Money
from egp.plan.wording import called, numbers_apart, significant, whole
from egp.rules import rule

if TYPE_CHECKING:
    from egp.rules.exports import Broken


_AT = ("economics", "cost_per_unit")
_OR_LESS = " or less, once it costs no more"
_ROUNDING = 1 + 1e-9


class Params(rule.Params):
    per_thousand: Annotated[Money, "highest running cost of a thousand events", rule.Stricter("less")] = (
        Money(Measure(2.0, "USD", "2.00 USD"))
    )


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    economics = need(plan.economics, "economics")
    cost, cap = economics.cost_per_unit, params.per_thousand
    per = called(economics.per, "event")
    remedies: Remedies = ()
    highest = f"{significant(cap.value / 1000, 6).replace(',', '')} {cap.unit}"
    price = open_if(f"one {per} is measured to cost no more than {highest}", TradeOff.FACT)
    if cost is None:
        problem = f"the plan does not say what one {per} costs to run"
        remedies, advice = [addition(_AT, highest, _OR_LESS, price)], ""
    elif cost.unit != cap.unit:
        problem = f"the cost of one {per} is in {cost.unit}, the policy's cap in {cap.unit}"
        advice = f"convert `cost_per_unit` to {cap.unit}"
    elif cost.value < 0:
        problem = f"a cost of {shown(cost.text)} per {per} is a gain"
        advice = "write the cost as a positive amount"
    elif cost.value * 1000 > cap.value * _ROUNDING:
        thousand = f"{numbers_apart(cost.value * 1000, cap.value, 4)[0]} {cost.unit}"
        problem = f"{shown(cost.text)} per {per} is {thousand} per thousand; the policy allows {cap}"
        remedies, advice = [setting(_AT, highest, _OR_LESS, price)], ""
    else:
        return
    observed = shown(cost.text) if cost else "missing"
    yield Finding(
        _AT, problem, observed=observed, required=f"at most {highest}", help=advice, remedies=remedies
    )


def costs(broken: Broken) -> Iterator[str]:
    """What a week costs above the cap."""
    economics, cap = broken.plan.economics, broken.params.per_thousand
    if economics is None or economics.cost_per_unit is None or economics.delay is None:
        return
    cost, weekly = economics.cost_per_unit, economics.delay.units_per_week
    gap = cost.value - cap.value / 1000
    if weekly and cost.unit == cap.unit and gap > 0:
        yield f"At {weekly:,} events a week that is {whole(gap * weekly)} {cost.unit} a week above the cap."
