"""The expected value of an event is recomputed, and no scenario falls below the plan's floor.

Numbers copied from a memo keep the memo's mistakes, and a launch is decided on them. For each scenario egp computes
p_success · gain_per_success − (1 − p_success) · cost_per_error − cost_per_unit, and weighs the scenarios by their
probability. Both the weighted value and the worst scenario must reach `floor`, and the floor itself must be no lower than
the policy's. A declared `expected_value` must equal the recomputed one, with or without `cost_per_unit`, to the digits it
is written with: 0.166 stands for anything from 0.1655 to 0.1665.

Passes:

```yaml
economics:
  scenarios:
    - {name: base, probability: 60%, p_success: 0.40, expected_value: 0.166 USD}
    - {name: new users, probability: 40%, p_success: 0.34, expected_value: 0.131 USD}
  expected_value: 0.15 USD
```

Fails at `/economics/scenarios/1/expected_value`, saying "0.34 × 0.52 − 0.66 × 0.07 is 0.131 USD, not 0.121 USD":

```yaml
economics: {scenarios: {1: {expected_value: 0.121 USD}}}
```

Fails at `/economics/expected_value`, saying "is 0.152 USD, not 0.166 USD":

```yaml
economics: {expected_value: 0.166 USD}
```

Fails at `/economics/scenarios/1/p_success`, saying "0.07747 USD per impression, below the floor of 0.08 USD":

```yaml
economics: {scenarios: {1: {p_success: 0.25}}}
```

A value that rests on that rate changes with it, so the help names both.

Fails at `/economics/scenarios/1/p_success`:

```yaml
economics: {scenarios: {1: {p_success: 0.25, expected_value: 0.0775 USD}}, expected_value: 0.13 USD}
```

Fails at `/economics/scenarios`, saying "weighted by probability":

```yaml
economics: {scenarios: {0: {p_success: 0.26}, 1: {p_success: 0.20}}}
```

Fails at `/economics/gain_per_success`, saying "no success rate":

```yaml
economics: {gain_per_success: 0.05 USD}
```

Fails at `/economics/floor` with `floor: 0.10 USD`:

```yaml
economics: {floor: 0.08 USD}
```

Fails at `/economics/floor`, saying "-1 USD":

```yaml
economics: {floor: -1 USD}
```

Fails at `/economics`:

```yaml
economics: null
```

Fails at `/economics/floor`, saying "without `floor`":

```yaml
economics: {floor: null}
```

Fails at `/economics/scenarios/1/probability`, saying "without `probability`":

```yaml
economics: {scenarios: {1: {probability: null}}}
```

Fails at `/economics/scenarios`, saying "add up to 90 %":

```yaml
economics: {scenarios: {0: {probability: 50%}}}
```

Fails at `/economics/cost_per_error`, saying "EUR":

```yaml
economics: {cost_per_error: 0.07 EUR}
```

Fails at `/economics/cost_per_error`, saying "-0.07 USD":

```yaml
economics: {cost_per_error: -0.07 USD}
```

Not checked without `/economics/cost_per_unit`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.economics import Worth, add_up, weighted
from egp.plan.experiment import Economics, Experiment
from egp.plan.finding import Finding, need
from egp.plan.quantity import Measure, shown
from egp.plan.remedy import GAP, PROPOSAL, Remedies, Remedy, TradeOff, addition, advise, open_if, setting
from egp.plan.typed_reader import Money
from egp.plan.wording import called, listing, percent, share_in_plan, significant
from egp.rules import rule
from egp.yaml import Path
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.rules.exports import Broken


class Params(rule.Params):
    floor: Annotated[
        Money,
        "lowest floor that a plan may declare",
        rule.AtLeast(0),
        rule.Stricter("more"),
        rule.KnownAs("least_value"),
    ] = Money(Measure(0.0, "USD", "0 USD"))


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    economics = plan.economics
    if economics is None:
        yield Finding(
            ("economics",),
            "the plan does not say what a success gains and an error costs, so its expected value cannot be computed",
            observed="missing",
            required="scenarios, gain, costs and a floor",
            remedies=[
                addition(("economics",), _proposed(params), ", with what is known for each TODO", PROPOSAL)
            ],
        )
        return
    faults = [*_absent(economics), *_inputs(economics, params)]
    yield from faults
    if not faults:
        yield from _values(economics)


def _proposed(params: Params) -> dict[str, object]:
    """What a plan says of its economics: the policy's floor, and gaps, since amounts that egp thought up would pass."""
    scenarios = [{"name": name, "probability": GAP, "p_success": GAP} for name in ("base", "worst")]
    amounts = dict.fromkeys(("gain_per_success", "cost_per_error", "cost_per_unit"), GAP)
    return {"scenarios": scenarios, **amounts, "floor": params.floor.text if params.floor.value else GAP}


def _absent(economics: Economics) -> Iterator[Finding]:
    for key in ("scenarios", "gain_per_success", "cost_per_error", "floor"):
        if not getattr(economics, key):
            yield _without(("economics", key), key)
    for position, scenario in enumerate(economics.scenarios):
        for key in ("probability", "p_success"):
            if getattr(scenario, key) is None:
                yield _without(("economics", "scenarios", position, key), key)


def _without(at: Path, key: str) -> Finding:
    message = f"without `{key}` the expected value cannot be computed"
    return Finding(at, message, "missing", f"`{key}`", f"add `{key}:`")


def _amounts(economics: Economics) -> Iterator[tuple[Path, Measure]]:
    for key in ("gain_per_success", "cost_per_error", "cost_per_unit", "floor", "expected_value"):
        amount = getattr(economics, key)
        if amount is not None:
            yield ("economics", key), amount
    for position, scenario in enumerate(economics.scenarios):
        if scenario.expected_value is not None:
            yield ("economics", "scenarios", position, "expected_value"), scenario.expected_value


def _inputs(economics: Economics, params: Params) -> Iterator[Finding]:
    amounts = list(_amounts(economics))
    for at, amount in amounts[1:]:
        if amount.unit != amounts[0][1].unit:
            problem = f"{shown(amount.text)} is not in {amounts[0][1].unit}, as `{amounts[0][0][-1]}` is"
            yield Finding(at, problem, amount.unit, amounts[0][1].unit, f"convert it to {amounts[0][1].unit}")
    cost = economics.cost_per_error
    if cost is not None and cost.value < 0:
        problem = f"a cost of {shown(cost.text)} is a gain, and errors would raise the expected value"
        yield Finding(("economics", "cost_per_error"), problem, help="write the cost as a positive amount")
    floor = economics.floor
    comparable = floor is not None and (floor.unit == params.floor.unit or not params.floor.value)
    if floor is not None and (not comparable or floor.value < params.floor.value):
        yield Finding(
            ("economics", "floor"),
            f"the floor of {shown(floor.text)} is not at least the policy's {params.floor}",
            observed=shown(floor.text),
            required=f"at least {params.floor}",
            remedies=[setting(("economics", "floor"), str(params.floor), " or a higher one")],
        )
    probabilities = [scenario.probability or 0.0 for scenario in economics.scenarios]
    total = math.fsum(probabilities)
    if (
        economics.scenarios
        and None not in {s.probability for s in economics.scenarios}
        and not add_up(probabilities)
    ):
        problem = f"the probabilities of the scenarios add up to {percent(total)}"
        yield Finding(
            ("economics", "scenarios"),
            problem,
            percent(total),
            "100 %",
            "make the probabilities add up to 100 %",
        )


class _Terms(Worth):
    """What an event is worth, in words."""

    def __init__(self, economics: Economics) -> None:
        super().__init__(economics)
        self.per = called(economics.per, "event")

    def worded(self, p_success: float) -> str:
        """The gross value as a sum that anyone can repeat."""
        p, error = significant(p_success, 4), significant(1 - p_success, 4)
        return f"{p} × {significant(self.success, 4)} − {error} × {significant(self.error, 4)}"

    def amount(self, value: float) -> str:
        return f"{significant(value, 4)} {self.currency}"

    def exact(self, value: float, declared: Measure) -> str:
        """A recomputed value to declare, with the decimals of the declared one or three digits."""
        three_digits = 2 - math.floor(math.log10(abs(value))) if value else 0
        return f"{value:.{max(_decimals(declared), three_digits, 0)}f} {self.currency}"


def _values(economics: Economics) -> Iterator[Finding]:
    terms = _Terms(economics)
    nets = terms.nets()
    too_low = [position for position, net in enumerate(nets) if not terms.reaches_floor(net)]
    # What rests on a success rate that must change is not also held to the one it has.
    yield from _declared(economics, terms, too_low)
    if not too_low:
        return
    needed = terms.least_p_success()
    if needed is None:
        yield _out_of_reach(terms)
        return
    needed = math.ceil(needed * 1e4 - 1e-9) / 1e4
    below = f"per {terms.per}, below the floor of {shown(terms.floor.text)}"
    expected = terms.expected()
    remedies = [
        advise(
            f"launch where `p_success` is at least {share_in_plan(needed)} in {_names(economics, too_low)}, and keep the "
            "others on what they have today"
        ),
        _values_then(economics, terms, too_low, needed),
    ]
    if not terms.reaches_floor(expected):
        message = f"weighted by probability, the scenarios are worth {terms.amount(expected)} {below}"
        yield _too_low(("economics", "scenarios"), message, expected, terms, remedies)
        return
    for position in too_low:
        message = f"the scenario {_name(economics, position)} is worth {terms.amount(nets[position])} {below}"
        at = ("economics", "scenarios", position, "p_success")
        yield _too_low(at, message, nets[position], terms, remedies)


def _too_low(at: Path, message: str, value: float, terms: _Terms, remedies: Remedies) -> Finding:
    return Finding(
        at,
        message,
        observed=terms.amount(value),
        required=f"at least {shown(terms.floor.text)}",
        remedies=remedies,
    )


def _name(economics: Economics, position: int) -> str:
    return called(economics.scenarios[position].name, f"scenario {position + 1}")


def _names(economics: Economics, positions: Sequence[int]) -> str:
    return listing(_name(economics, position) for position in positions)


def _values_then(economics: Economics, terms: _Terms, too_low: Sequence[int], needed: float) -> Remedy:
    """The success rate that the scenarios need, and the expected values to declare with it the scenarios have the success rate they need."""
    rates = [
        needed if position in too_low else scenario.p_success or 0.0
        for position, scenario in enumerate(economics.scenarios)
    ]
    edits = []
    for position in too_low:
        at: Path = ("economics", "scenarios", position)
        edits.append(Setting((*at, "p_success"), share_in_plan(needed)))
        declared = economics.scenarios[position].expected_value
        if declared is not None:
            exact = terms.exact(terms.gross(needed), declared)
            edits.append(Setting((*at, "expected_value"), exact))
    if economics.expected_value is not None:
        declared_then = weighted(map(terms.gross, rates), terms.probabilities())
        exact = terms.exact(declared_then, economics.expected_value)
        edits.append(Setting(("economics", "expected_value"), exact))
    price = open_if("p_success is measured to be so", TradeOff.FACT)
    return Remedy(tuple(edits), price, after=", once that is measured")


def _out_of_reach(terms: _Terms) -> Finding:
    best = terms.amount(terms.success - terms.unit)
    return Finding(
        ("economics", "gain_per_success"),
        f"no success rate reaches the floor of {shown(terms.floor.text)}: an event that succeeds is worth {best}",
        observed=best,
        required=f"at least {shown(terms.floor.text)}",
        help="launch only with a gain per success above the floor and the cost per unit",
    )


def _declared(economics: Economics, terms: _Terms, too_low: Sequence[int]) -> Iterator[Finding]:
    grosses = [terms.gross(scenario.p_success or 0.0) for scenario in economics.scenarios]
    for position, scenario in enumerate(economics.scenarios):
        if scenario.expected_value is not None and position not in too_low:
            at = ("economics", "scenarios", position, "expected_value")
            calculation = terms.worded(scenario.p_success or 0.0)
            yield from _differs(scenario.expected_value, at, grosses[position], calculation, terms)
    if economics.expected_value is not None and not too_low:
        whole = ("economics", "expected_value")
        gross = weighted(grosses, terms.probabilities())
        yield from _differs(economics.expected_value, whole, gross, "the weighted value", terms)


def _differs(declared: Measure, at: Path, gross: float, calculation: str, terms: _Terms) -> Iterator[Finding]:
    half_digit = 0.5 * 10.0 ** -_decimals(declared) * (1 + 1e-9)
    if any(abs(declared.value - value) <= half_digit for value in (gross, gross - terms.unit)):
        return
    exact = terms.exact(gross, declared)
    yield Finding(
        at,
        f"{calculation} is {exact}, not {shown(declared.text)}",
        observed=shown(declared.text),
        required=exact,
        remedies=[setting(at, exact)],
    )


def _decimals(amount: Measure) -> int:
    """How many decimals an amount is written with."""
    number = amount.text.removesuffix(amount.unit).strip()
    return min(12, len(number.partition(".")[2].replace("_", "")))


_EVENTS = 1_000_000


def costs(broken: Broken) -> Iterator[str]:
    """What a scenario is worth over a million events, or what the slip in it is."""
    economics, path = broken.plan.economics, broken.at
    if economics is None or len(path) < 3:
        return
    scenario, worth = economics.scenarios[int(path[2])], Worth(economics)
    value = worth.net(need(scenario.p_success, *path[:3], "p_success"))
    event = called(economics.per, "event")
    if not worth.reaches_floor(value):
        gap = (worth.floor.value - value) * _EVENTS
        yield (
            f"In this scenario a million {event}s are worth {significant(value * _EVENTS, 4)} {worth.currency}, "
            f"{significant(gap, 3)} {worth.currency} below the floor."
        )
    elif scenario.expected_value:
        gap = abs(value - scenario.expected_value.value) * _EVENTS
        yield f"Over a million {event}s the slip is {significant(gap, 3)} {worth.currency}."
