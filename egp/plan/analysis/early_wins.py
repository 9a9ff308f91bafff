"""How often a change that does nothing looks like a win, however its test is looked at.

Half of the rejections of a two-sided test are losses: who stops at the first significant day stops at a win and at a loss
equally often where nothing works, and only the win is launched.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from egp import stats
from egp.plan.analysis.by_day import effect_error, of_any, planned_looks_error
from egp.plan.analysis.registered import primary_effect, primary_test
from egp.stats.looks import crossing_probabilities, crossing_probability
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment


def wins_looking_daily(plan: Experiment, looks: int) -> float:
    """P(a change that does nothing looks like a win at its first significant day of so many). Raises NotChecked.

    Of several comparisons any counts; then it is the most that it can be.
    """
    test = primary_test(plan)
    return of_any(plan, stats.repeated_looks_type1(test.alpha, looks, test.sides) / test.sides)


def wins_at_planned_looks(plan: Experiment) -> float:
    """The same of the looks that the plan declares."""
    return planned_looks_error(plan) / primary_test(plan).sides


def wins_at_one_look(plan: Experiment) -> float:
    """The same of one look."""
    test = primary_test(plan)
    return of_any(plan, test.alpha / test.sides)


def wins_among(count: int, alpha: float, sides: int) -> float:
    """P(the best of so many independent tests looks like a win where nothing works)."""
    return 1 - (1 - alpha / sides) ** count


def wins_here_and_at_the_end(plan: Experiment, units: float, all_units: float) -> float:
    """The same of one look before the planned one, and of that."""
    if units >= all_units:
        return wins_at_one_look(plan)
    test = primary_test(plan)
    rate = stats.repeated_looks_type1(test.alpha, (units / all_units, 1.0), test.sides)
    return of_any(plan, rate / test.sides)


def wins_of_size(z: float, looks: int, drift: float = 0.0) -> float:
    """P(at one of so many daily looks at least the estimate is this many standard errors above no change).

    ``drift`` is the true effect over the standard error at the last of them.
    """
    fractions = stats.information_fractions(looks)
    return crossing_probability([z] * looks, fractions, 1, drift)


def false_among(false: float, true: float, win_rate: float) -> float:
    """The share of wins that are false, from the chances of a win without and with an effect, where so many changes work.

    The false positive risk of Kohavi, Deng and Vermeer 2022 (doi.org/10.1145/3534678.3539160), of wins alone.
    """
    all_wins = (1 - win_rate) * false + win_rate * true
    return (1 - win_rate) * false / all_wins if all_wins > 0 else 0.0


class SeenNumber(NamedTuple):
    """A number that somebody saw on a day of the run, beside what changes show then. Sizes are in the metric's unit."""

    size: float
    """Positive is for the better."""
    error: float
    """Standard error of the difference on that day."""
    critical: float
    """Standard errors from which on a difference is a win."""
    mde: float
    if_nothing: float
    """P(a change that does nothing shows as many standard errors on one day at least until then)."""
    if_mde: float
    """The same of one that lifts by the MDE."""
    win_if_nothing: float
    """How large a win on that day is on average if the change does nothing."""
    win_if_mde: float
    false_wins: float
    """P(a change that does nothing is launched at its first good day until then)."""
    true_wins: float
    """The same of one that lifts by the MDE."""

    @property
    def is_win(self) -> bool:
        return self.size >= self.critical * self.error


def seen_number(plan: Experiment, size: float, units: float, looks: int) -> SeenNumber:
    """What a difference of this size, seen when the smallest variant has so many units, is worth. Raises NotChecked."""
    test, error, mde = primary_test(plan), effect_error(plan, units), abs(primary_effect(plan))
    critical, drift = stats.z_upper(test.alpha / test.sides), mde / error
    first_wins = crossing_probabilities(
        [critical] * looks, stats.information_fractions(looks), test.sides, drift
    )
    return SeenNumber(
        size=size,
        error=error,
        critical=critical,
        mde=mde,
        if_nothing=wins_of_size(size / error, looks),
        if_mde=wins_of_size(size / error, looks, drift),
        win_if_nothing=error * _mean_above(critical, 0.0),
        win_if_mde=error * _mean_above(critical, drift),
        false_wins=stats.repeated_looks_type1(test.alpha, looks, test.sides) / test.sides,
        true_wins=min(1.0, math.fsum(each.upper for each in first_wins)),
    )


def _mean_above(critical: float, mean: float) -> float:
    """E[Z | Z >= critical] of a normal Z with this mean and variance 1."""
    edge = critical - mean
    return mean + math.exp(-edge * edge / 2) / math.sqrt(2 * math.pi) / stats.normal_sf(edge)
