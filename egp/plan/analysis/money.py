"""What effects are worth: one function for each amount of money, whatever page prints it.

An amount is always the difference to today's version. Before the look it rests on what the plan states alone. Without a
price there is no amount, and `Unpriced` says which line would make it possible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp.plan.analysis.days import run_days
from egp.plan.analysis.registered import is_relative
from egp.plan.finding import need
from egp.plan.wording import listing, money
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.experiment import Experiment, Metric
    from egp.plan.quantity import Measure, MetricChange
    from egp.yaml import Path

WEEK = 7
"""Days."""

_PRICED = ("proportion", "mean")
"""Kinds whose units can be counted: so many more of them in so many people."""


class UnstatedWorth(str):
    """The line of a plan that would say what a unit of a metric is worth."""

    metrics: tuple[str, ...]

    def __new__(cls, *metrics: str) -> UnstatedWorth:
        found = super().__new__(
            cls, f"`worth:` of {listing(metrics)} would say what one is worth, as in `worth: 1.10 USD`"
        )
        found.metrics = metrics
        return found


class Unpriced(Exception):
    """There is no amount. The lack names the line that would make it possible, or says why none would."""

    def __init__(self, lack: str) -> None:
        super().__init__(lack)
        self.lack = lack


class Amount(NamedTuple):
    """Money that may be as little as `low` and as much as `high`; a cost is below zero where gains are above."""

    low: float
    middle: float
    high: float
    currency: str

    def __neg__(self) -> Amount:
        return Amount(-self.high, -self.middle, -self.low, self.currency)

    def part(self, share: float) -> Amount:
        return Amount(share * self.low, share * self.middle, share * self.high, self.currency)

    def __str__(self) -> str:
        """ "$7.7k (from $3.9k to $12k)", "about $0 (from -$36k to $37k)"; without a range a number."""
        if self.low == self.high:
            return money(self.middle, self.currency)
        middle = self._rounded_middle
        low, high = (money(each, self.currency, 2) for each in (self.low, self.high))
        about = "" if middle else "about "
        return f"{about}{money(middle, self.currency, 2)} (from {low} to {high})"

    @property
    def _rounded_middle(self) -> float:
        """No finer than three digits of the larger end; and where it is less than a step of the end as that is printed, of
        two digits: of a middle so near to zero nothing more is known."""
        place = math.floor(math.log10(max(abs(self.low), abs(self.high)))) - 1
        return round(self.middle, -place if abs(self.middle) < 10**place else 1 - place)


def total(amounts: Sequence[Amount]) -> Amount:
    """Of the same people, whose amounts may go together: the ends add up, so that the range holds at least as often as theirs."""
    low, middle, high = (sum(ends) for ends in zip(*(each[:3] for each in amounts), strict=True))
    return Amount(low, middle, high, amounts[0].currency)


class Price(NamedTuple):
    """What one unit of a metric is worth."""

    value: float
    currency: str


def price_of(metric: Metric, catalogue: MetricCatalogue | None) -> Price:
    """The plan's own price, else the catalogue's. Raises Unpriced."""
    if metric.kind not in _PRICED:
        reason = (
            f"a {metric.kind} has no units that could be counted" if metric.kind else "its kind is not stated"
        )
        raise Unpriced(f"{metric.name} has no price: {reason}")
    known = catalogue.metrics.get(metric.name) if catalogue else None
    worth: Measure | None = metric.worth or (known.worth if known else None)
    if worth is None or worth.value <= 0:
        if not known:
            raise Unpriced(UnstatedWorth(metric.name))
        where = f"`metrics.{metric.name}.worth` of the catalogue"
        raise Unpriced(f"{where} would say what one is worth, as in `worth: 1.10 USD`")
    return Price(worth.value, worth.unit)


def called_by_people(metric: Metric, catalogue: MetricCatalogue | None) -> str:
    """The metric's label, the plan's before the catalogue's; its id where nobody has given it one."""
    known = catalogue.metrics.get(metric.name) if catalogue else None
    return metric.label or (known.label if known else None) or metric.name


def people(plan: Experiment, days: float, treated: float) -> float:
    """How many people a change reaches in so many days, as many a day as the run has on average.

    distinct_over_run · treated · days / run. What the test measures is the effect on a person over a run, so that a
    person who comes back in the next run's length counts again. Raises NotChecked.
    """
    over_run = need(
        plan.eligible_units.distinct_over_run if plan.eligible_units else None,
        "eligible_units",
        "distinct_over_run",
    )
    return over_run * treated * days / run_days(plan)


def worth_of_effect(price: Price, people_reached: float, low: float, middle: float, high: float) -> Amount:
    """effect · people · price, for the effect and both ends of its range."""
    low, middle, high = (each * people_reached * price.value for each in (low, middle, high))
    return Amount(min(low, high), middle, max(low, high), price.currency)


def worth_of_change(
    price: Price, people_reached: float, change: MetricChange, metric: Metric, path: Path
) -> Amount:
    """What a change that the plan states, as an MDE or a margin, comes to. Raises NotChecked."""
    if is_relative(change, metric):
        size = abs(change.value) * need(metric.baseline, *path, "baseline").value
    else:
        size = abs(change.value)
    return worth_of_effect(price, people_reached, size, size, size)


def treated_at_the_end(plan: Experiment) -> float:
    """The share of people who are treated once the ramp is over; all but the holdout. Raises NotChecked."""
    last = plan.ramp[-1].treated if plan.ramp else None
    return need(last, "ramp", max(0, len(plan.ramp) - 1), "treated")
