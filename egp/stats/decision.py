"""The power of a whole decision rule: ship only if every clause holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from egp.stats.values import NamedTuple

from .errors import reject, require_finite, require_non_negative, require_positive
from .multiplicity import all_pass_probability, guardrail_power_target
from .normal import normal_cdf, z_upper
from .planning import ArmUnits, Direction, PlannedTest, achieved_power, required_units


class DecisionPower(NamedTuple):
    """P(every clause holds).

    primary        P(primary significant, and its estimate and interval at least where the rule wants them)
    guardrails     P(each guardrail's margin is ruled out), the guardrail being harmless
    power          product of all, the clauses taken as independent
    lower_bound    1 - sum of the failures: holds under any dependence (Bonferroni / Fréchet)
    upper_bound    the least of all: no dependence gives more (Fréchet)
    """

    primary: float
    guardrails: tuple[float, ...]
    power: float
    lower_bound: float
    upper_bound: float


def decision_power(
    primary: PlannedTest,
    effect: float,
    control_units: float,
    guardrails: Sequence[PlannedTest] = (),
    min_lift: float = 0.0,
    min_ci_lower: float = 0.0,
    guardrail_units: Sequence[float] | None = None,
) -> DecisionPower:
    """The chance that the rule ships a treatment whose true effect is `effect` and whose guardrails are
    unharmed.

    The rule: the primary is significant in the direction of `effect`, its estimate is at least `min_lift`,
    the lower end of its interval at least `min_ci_lower` (both absolute, >= 0, counted in the direction of
    `effect`), and every guardrail is non-inferior. The primary's clauses are thresholds on one estimate, so
    only the strictest counts: min(power, Phi((effect - min_lift) / se), Phi((effect - min_ci_lower) / se -
    z)). guardrail_units: control units of each guardrail where they differ (matured cohorts). Independence
    between clauses is an assumption; positive dependence gives more, and `lower_bound` holds without it.
    Source: Schultzberg, Ankargren & Frånberg 2024. Errors: a guardrail without margin, a primary with one.
    """
    require_positive("control_units", control_units)
    require_non_negative("min_lift", min_lift)
    require_non_negative("min_ci_lower", min_ci_lower)
    if primary.margin is None and effect == 0.0:
        reject("effect", "without a true effect there is nothing to ship", "give the effect to be found")
    clause = _primary_power(primary, effect, control_units, min_lift, min_ci_lower)
    units = [control_units] * len(guardrails) if guardrail_units is None else list(guardrail_units)
    if len(units) != len(guardrails):
        reject(
            "guardrail_units",
            f"{len(units)} numbers for {len(guardrails)} guardrails",
            "give one per guardrail",
        )
    passes = tuple(_guardrail_power(test, n) for test, n in zip(guardrails, units, strict=True))
    lower, independent, upper = all_pass_probability((clause, *passes))
    return DecisionPower(clause, passes, independent, lower, upper)


class BranchChances(NamedTuple):
    """P(the rule ships), P(it withdraws), and what is left between them."""

    ship: float
    withdraw: float
    inconclusive: float


def branch_chances(
    primary: PlannedTest,
    benefit: float,
    control_units: float,
    *,
    good: Direction = "increase",
    min_lift: float | None = None,
    min_ci_lower: float | None = None,
    max_lift: float | None = None,
    max_ci_upper: float | None = None,
) -> BranchChances:
    """The chances of the three branches of a rule, for a true effect of `benefit`, positive in the `good` direction.

    Ships: the estimate is significant, its interval's lower end at least `min_ci_lower` and itself at least `min_lift`;
    of a non-inferiority test, harm of the margin is ruled out. Withdraws: the interval's upper end is at most
    `max_ci_upper` and the estimate at most `max_lift`; without either never. All bounds are absolute and thresholds on
    one estimate, which is taken as normal with the standard error at this effect, so that each branch is one tail.
    Errors: branches that both hold for some estimate.
    """
    require_positive("control_units", control_units)
    require_finite("benefit", benefit)
    se = _standard_error(primary, benefit if good == "increase" else -benefit, control_units)
    reach = z_upper(primary.alpha / primary.sides) * se
    ships_from = max(
        reach - (primary.margin or 0.0),
        -math.inf if min_ci_lower is None else min_ci_lower + reach,
        -math.inf if min_lift is None else min_lift,
    )
    withdraws_to = min(
        math.inf if max_ci_upper is None else max_ci_upper - reach, math.inf if max_lift is None else max_lift
    )
    if max_ci_upper is None and max_lift is None:
        withdraws_to = -math.inf
    if withdraws_to > ships_from:
        reject(
            "max_lift",
            "some estimates would both ship and withdraw",
            "let the branches leave each other room",
        )
    ship = normal_cdf((benefit - ships_from) / se)
    withdraw = normal_cdf((withdraws_to - benefit) / se) if withdraws_to > -math.inf else 0.0
    return BranchChances(ship, withdraw, max(0.0, 1.0 - ship - withdraw))


class DecisionUnits(NamedTuple):
    """Units at which the whole rule has its power.

    units            of the clause that needs the most
    per_test_power   what each clause has to have, 1 - beta / (G + 1)
    each             units of the primary, then of each guardrail
    binding          index into `each` of the clause that decides
    """

    units: ArmUnits
    per_test_power: float
    each: tuple[ArmUnits, ...]
    binding: int


def required_units_for_decision(
    primary: PlannedTest, effect: float, guardrails: Sequence[PlannedTest], power: float
) -> DecisionUnits:
    """The units at which the primary is significant and every harmless guardrail non-inferior with `power`,
    together.

    Each clause gets 1 - beta / (G + 1), which keeps the promise under any dependence between the clauses
    (Schultzberg, Ankargren & Frånberg 2024). Errors as in `required_units`; a guardrail without margin.
    """
    target = guardrail_power_target(power, len(guardrails))
    for test in guardrails:
        _require_margin(test)
    each = (
        required_units(primary, effect, target),
        *(required_units(test, 0.0, target) for test in guardrails),
    )
    binding = max(range(len(each)), key=lambda index: each[index].control)
    return DecisionUnits(each[binding], target, each, binding)


def _require_margin(test: PlannedTest) -> None:
    if test.margin is None:
        reject(
            "guardrails",
            "a guardrail without a margin cannot pass",
            "give each guardrail a non-inferiority margin",
        )


def _guardrail_power(test: PlannedTest, control_units: float) -> float:
    _require_margin(test)
    return achieved_power(test, 0.0, control_units)


def _primary_power(
    test: PlannedTest, effect: float, control_units: float, min_lift: float, min_ci_lower: float
) -> float:
    require_finite("effect", effect)
    significant = achieved_power(test, effect, control_units)
    if min_lift == 0.0 and min_ci_lower == 0.0:
        return significant
    if test.margin is not None:
        reject(
            "min_lift",
            "a non-inferiority primary has no lift to require",
            "leave out min_lift and min_ci_lower",
        )
    se = _standard_error(test, effect, control_units)
    size = abs(effect)
    clears_lift = normal_cdf((size - min_lift) / se)
    clears_interval = normal_cdf((size - min_ci_lower) / se - z_upper(test.alpha / test.sides))
    return min(significant, clears_lift, clears_interval)


def _standard_error(test: PlannedTest, effect: float, control_units: float) -> float:
    if test.std_dev is not None:
        variance = test.std_dev**2 * (1.0 + 1.0 / test.ratio)
    else:
        treated = test.baseline + effect
        variance = test.baseline * (1.0 - test.baseline) + treated * (1.0 - treated) / test.ratio
    return math.sqrt(variance * test.variance_factor / control_units)
