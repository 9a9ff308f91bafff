"""A sequential test is one the policy allows, and its boundaries follow from the plan.

Looking early is honest only if every look has its share of the error written down before the first one. A
group-sequential test spends its significance level over the registered looks by a spending function (Lan and DeMets
1983): `obrien_fleming` spends little early, `pocock` about evenly, `hwang_shih_decani` as its parameter γ says. Each
side of a two-sided test spends α/2 by the function. The boundaries are solved exactly at the share of the units each
look will have judged. An always-valid test may be read at any time and pays for it with wider intervals.

The shipped policies allow none of them; a policy that does lists them in `allowed`.

Passes:

```yaml
statistics: {method: fixed_horizon}
```

A single look spends nothing, so a spending function beside it says that something else was meant.

Fails at `/statistics/spending`, saying "a fixed_horizon test has one look, and obrien_fleming spends nothing in it":

```yaml
statistics: {method: fixed_horizon, spending: obrien_fleming}
```

Fails at `/statistics/spending_parameter`, saying "spending_parameter -4":

```yaml
statistics: {method: null, spending_parameter: -4}
```

Fails at `/statistics/spending` with `allowed: [pocock, always_valid]`, saying "an always_valid test needs no spending":

```yaml
statistics: {method: always_valid, spending: pocock}
```

Fails at `/statistics/spending`, saying "the policy allows no early look, not even a corrected one (obrien_fleming): read once, on 2023-02-06":

Passes with `allowed: [obrien_fleming]`:

```yaml
statistics: {method: group_sequential, spending: obrien_fleming, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/statistics/spending` with `allowed: [obrien_fleming]`, saying "pocock is not a spending function the policy allows":

```yaml
statistics: {method: group_sequential, spending: pocock, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/statistics/method`, saying "always_valid is not a method the policy allows; at 95 % power it takes 1.69 times the units":

Passes with `allowed: [always_valid]`:

```yaml
statistics: {method: always_valid}
```

Fails at `/statistics/method`, saying "group_sequential is not a method the policy allows":

```yaml
statistics: {method: group_sequential, looks: [2023-01-30, 2023-02-06]}
```

A design that is allowed must be complete.

Fails at `/statistics/spending` with `allowed: [obrien_fleming]`, saying "names no spending function; with obrien_fleming":

```yaml
statistics: {method: group_sequential, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/statistics/looks` with `allowed: [pocock]`, saying "1 look":

```yaml
statistics: {method: group_sequential, spending: pocock}
```

Fails at `/statistics/looks` with `allowed: [pocock]`, saying "before the test has judged any unit":

```yaml
statistics: {method: group_sequential, spending: pocock, looks: [2023-01-20, 2023-02-06]}
```

Fails at `/statistics/spending_parameter` with `allowed: [hwang_shih_decani]`, saying "γ":

```yaml
statistics: {method: group_sequential, spending: hwang_shih_decani, looks: [2023-01-30, 2023-02-06]}
```

Fails at `/statistics/spending_parameter` with `allowed: [hwang_shih_decani]`, saying "cannot be computed":

```yaml
statistics: {method: group_sequential, spending: hwang_shih_decani, spending_parameter: 900, looks: [2023-01-30, 2023-02-06]}
```

Does not apply:

```yaml
type: rollout
statistics: {method: always_valid}
```

Not checked at `/schedule/start` with `allowed: [pocock]`:

```yaml
schedule: {start: null}
statistics: {method: group_sequential, spending: pocock, looks: [2023-01-30, 2023-02-06]}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from egp import stats
from egp.plan.analysis.days import day_after, last_day, local
from egp.plan.analysis.decidable import SPENDING_PARAMETER, one_look, usual_parameter
from egp.plan.analysis.registered import (
    MOST_LOOKS,
    comparison_alpha,
    information_fractions,
    require_primary_test,
    required_power,
    sequential_inflation,
    sides,
    statistics_of,
)
from egp.plan.experiment import Experiment, Statistics
from egp.plan.finding import Finding, NotChecked
from egp.plan.quantity import as_day
from egp.plan.remedy import Remedy, setting
from egp.plan.wording import counted, listing, percent
from egp.rules import rule
from egp.stats import StatisticsInputError
from egp.stats.hints import Literal
from egp.yaml.edits import Removal

if TYPE_CHECKING:
    from egp.rules.exports import Broken


Sequential = Literal["obrien_fleming", "pocock", "hwang_shih_decani", "always_valid"]


class Params(rule.Params):
    allowed: Annotated[
        tuple[Sequential, ...],
        "spending functions that plans may use, and always_valid",
        rule.Stricter("less"),
        rule.KnownAs("spending_functions"),
    ] = ()


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    require_primary_test(plan)
    statistics = statistics_of(plan)
    functions = [name for name in params.allowed if name != "always_valid"]
    if statistics.method == "always_valid" and "always_valid" not in params.allowed:
        yield _refused(
            plan,
            statistics,
            functions,
            "method",
            f"always_valid is not a method the policy allows{_price(plan)}",
        )
    elif statistics.method == "group_sequential":
        yield from _group_sequential(plan, statistics, functions)
    else:
        yield from _left_over(statistics, functions)


_NOTHING_SPENT = "no spending function"


def _left_over(statistics: Statistics, functions: Sequence[str]) -> Iterator[Finding]:
    """What belongs to another method than the one that is registered."""
    keys = _spending_keys(statistics)
    if not keys:
        return
    method = statistics.method or "fixed_horizon"
    spent = statistics.spending or f"spending_parameter {statistics.spending_parameter:g}"
    message = (
        f"an always_valid test needs no spending function, and the plan has {spent}"
        if method == "always_valid"
        else f"a {method} test has one look, and {spent} spends nothing in it"
    )
    removals = Remedy(tuple(Removal(("statistics", key)) for key in keys))
    sequential = [setting(("statistics", "method"), "group_sequential")] if functions else []
    yield Finding(
        ("statistics", keys[0]),
        message,
        observed=spent,
        required=_NOTHING_SPENT,
        remedies=[removals, *sequential],
    )


def _spending_keys(statistics: Statistics) -> list[str]:
    """What the plan says of spending."""
    return [key for key in ("spending", "spending_parameter") if getattr(statistics, key) is not None]


def _group_sequential(
    plan: Experiment, statistics: Statistics, functions: Sequence[str]
) -> Iterator[Finding]:
    spending = statistics.spending
    if spending is not None and spending in functions:
        yield from _incomplete(plan, statistics, spending)
    elif spending is not None:
        message = f"{spending} is not a spending function the policy allows"
        if not functions:
            once = (
                f": read once, on {max(as_day(local(plan, look)) for look in statistics.looks)}"
                if statistics.looks
                else ""
            )
            message = f"the policy allows no early look, not even a corrected one ({spending}){once}"
        yield _refused(plan, statistics, functions, "spending", message)
    elif functions:
        known = _boundaries(plan, functions[0])
        message = (
            f"group_sequential names no spending function{f'; with {functions[0]} ' if known else ''}{known}"
        )
        yield _refused(plan, statistics, functions, "spending", message)
    else:
        message = "group_sequential is not a method the policy allows, and no spending function is named"
        yield _refused(plan, statistics, functions, "method", message)


def _refused(
    plan: Experiment, statistics: Statistics, functions: Sequence[str], key: str, message: str
) -> Finding:
    at, fixed = ("statistics", key), one_look(plan)
    return Finding(
        at,
        message,
        observed=getattr(statistics, key) or "missing",
        required=listing(["fixed_horizon", *functions], "or"),
        remedies=[setting(at, functions[0]), fixed] if functions and key == "spending" else [fixed],
    )


def _incomplete(plan: Experiment, statistics: Statistics, spending: str) -> Iterator[Finding]:
    looks = set(statistics.looks or ())
    if not 2 <= len(looks) <= MOST_LOOKS:
        few = len(looks) < 2
        yield Finding(
            ("statistics", "looks"),
            f"a group-sequential test with {counted(len(looks), 'look')} "
            f"{'stops at no earlier one' if few else 'is watched all the time'}",
            observed=counted(len(looks), "look"),
            required=f"2 to {MOST_LOOKS} looks",
            help="list every look, the readout last"
            if few
            else "list fewer looks, or register an always_valid test",
        )
    elif spending == "hwang_shih_decani" and statistics.spending_parameter is None:
        yield Finding(
            SPENDING_PARAMETER,
            "hwang_shih_decani declares no γ, so its boundaries are open",
            observed="missing",
            required="γ",
            remedies=[usual_parameter()],
        )
    else:
        yield from _without_boundaries(plan, spending)


def _without_boundaries(plan: Experiment, spending: str) -> Iterator[Finding]:
    day_of_first_unit = plan.schedule and plan.schedule.start
    try:
        _solved(plan, spending)
    except NotChecked as missing:
        if missing.path != ("statistics", "looks") or not day_of_first_unit:
            raise
        yield Finding(
            ("statistics", "looks"),
            "the first look comes before the test has judged any unit",
            observed=f"start {day_of_first_unit}",
            required="looks after the start",
            help=f"list looks from the second day on, the last on {day_after(last_day(plan), 1)} or later",
        )
    except StatisticsInputError as error:
        key = "spending_parameter" if error.parameter == "gamma" else "looks"
        yield Finding(
            ("statistics", key),
            f"the boundaries of {spending} cannot be computed: {error.problem}",
            observed=error.problem,
            required="a design with boundaries",
            help=error.advice,
        )


def _solved(plan: Experiment, function: str) -> list[tuple[float, float]]:
    """Boundary and share of the units for each look."""
    fractions = information_fractions(plan)
    gamma = plan.statistics.spending_parameter if plan.statistics else None
    bounds = stats.spending_boundaries(function, comparison_alpha(plan), fractions, sides(plan), gamma)
    return list(zip(bounds, fractions, strict=True))


def _boundaries(plan: Experiment, function: str) -> str:
    """The boundaries of the declared design, where the plan says enough; empty where not."""
    looks = plan.statistics.looks if plan.statistics else None
    if not looks or len(looks) > MOST_LOOKS:
        return ""
    try:
        solved = _solved(plan, function)
    except (NotChecked, StatisticsInputError):
        return ""
    statistic = "|z|" if sides(plan) == 2 else "z"
    return f"{statistic} ≥ {', '.join(f'{bound:.2f} at {percent(share)}' for bound, share in solved)} of the units"


def _price(plan: Experiment) -> str:
    try:
        power = required_power(plan)
        times = sequential_inflation(plan)
    except (NotChecked, StatisticsInputError):
        return ""
    return f"; at {percent(power)} power it takes {times:.2f} times the units of a single look"


def costs(broken: Broken) -> Iterator[str]:
    """What looking several times costs in units."""
    inflation = sequential_inflation(broken.plan)
    if inflation <= 1 or broken.diagnostic.required == _NOTHING_SPENT:
        return
    yield (
        f"The design keeps its error rate, and takes {percent(inflation - 1, 1)} more units than one look with the same power. "
        "It is sound; the policy has to allow it before the plan is registered."
    )
