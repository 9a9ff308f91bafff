"""The plan's economics as numbers: what an event is worth, in each scenario and over all of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from egp.plan.finding import NotChecked, need
from egp.stats.values import NamedTuple
from egp.yaml import Path

if TYPE_CHECKING:
    from egp.plan.experiment import Delay, Economics
    from egp.plan.quantity import Measure

_SAME_VALUE = 1e-12
_SAME_TOTAL = 1e-6
_AT: Path = ("economics",)


class Worth:
    """The amounts of complete economics, in one currency. Raises NotChecked at an amount that is missing."""

    def __init__(self, economics: Economics) -> None:
        self._economics = economics
        self.success = self._amount("gain_per_success")
        self.error = self._amount("cost_per_error")
        # A cost below 0 is a fault of the plan; it must not raise the value.
        self.unit = max(0.0, self._amount("cost_per_unit"))
        self.floor: Measure = need(economics.floor, *_AT, "floor")

    def _amount(self, key: str) -> float:
        amount: Measure = need(getattr(self._economics, key), *_AT, key)
        floor: Measure = need(self._economics.floor, *_AT, "floor")
        if amount.unit != floor.unit:
            raise NotChecked((*_AT, key))
        return amount.value

    @property
    def currency(self) -> str:
        return self.floor.unit

    def gross(self, p_success: float) -> float:
        """Value of an event that succeeds with this probability, before its running cost."""
        return p_success * self.success - (1 - p_success) * self.error

    def net(self, p_success: float) -> float:
        """Value of an event that succeeds with this probability, its running cost taken off."""
        return self.gross(p_success) - self.unit

    def least_p_success(self) -> float | None:
        """The success rate at which the floor is reached; None when no success rate reaches it."""
        swing = self.success + self.error
        least = (self.floor.value + self.unit + self.error) / swing if swing > 0 else math.inf
        return least if least <= 1 else None

    def reaches_floor(self, value: float) -> bool:
        return value >= self.floor.value - _SAME_VALUE * max(1.0, abs(self.floor.value))

    def nets(self) -> list[float]:
        """Value of an event in each scenario."""
        return [
            self.net(need(each.p_success, *_AT, "scenarios", at, "p_success"))
            for at, each in enumerate(self._economics.scenarios)
        ]

    def probabilities(self) -> list[float]:
        """Probability of each scenario. Raises NotChecked if they are not those of everything that may come."""
        found = [
            need(each.probability, *_AT, "scenarios", at, "probability")
            for at, each in enumerate(self._economics.scenarios)
        ]
        if not add_up(found):
            raise NotChecked((*_AT, "scenarios"))
        return [float(share) for share in found]

    def expected(self) -> float:
        """Value of an event, the scenarios weighted by their probabilities."""
        return weighted(self.nets(), self.probabilities())

    def today(self, at: int) -> float:
        """What an event of a scenario earns with today's version. Raises NotChecked where the plan does not say."""
        own = self._economics.scenarios[at].without_launch
        return own.value if own is not None and own.unit == self.currency else self._amount("without_launch")

    def gains(self) -> list[float]:
        """By how much an event is worth more than with today's version, in each scenario."""
        return [net - self.today(at) for at, net in enumerate(self.nets())]

    def gain(self) -> float:
        """The same over all scenarios, weighted by their probabilities."""
        return weighted(self.gains(), self.probabilities())

    def gain_without(self, positions: Collection[int]) -> float:
        """The gain of an event if the events of some scenarios stay as they are today."""
        kept = [0.0 if at in positions else gain for at, gain in enumerate(self.gains())]
        return weighted(kept, self.probabilities())

    def gains_repaired(self) -> list[float]:
        """The gain of an event in each scenario if every one has the value of the best one."""
        best = max(self.nets())
        return [best - self.today(at) for at in range(len(self.nets()))]

    def gain_repaired(self) -> float:
        """The same over all scenarios."""
        return weighted(self.gains_repaired(), self.probabilities())

    def traffic(self, without: Collection[int] = (), *, is_repaired: bool = False) -> Traffic:
        """The events of all scenarios but some, each as it is or with the success of the best one."""
        nets, gains = self.nets(), self.gains_repaired() if is_repaired else self.gains()
        best = max(range(len(nets)), key=nets.__getitem__)
        kept = [at for at in range(len(nets)) if at not in without]
        shares = [self.probabilities()[at] for at in kept]
        successes = [self._economics.scenarios[best if is_repaired else at].p_success or 0.0 for at in kept]
        values = successes, [gains[at] for at in kept], [self.today(at) for at in kept]
        success, gain, today = (weighted(each, shares) / math.fsum(shares) for each in values)
        by_scenario = dict(zip(kept, successes, strict=True))
        return Traffic(success, gain, today, by_scenario, len(kept) == len(nets))


class Traffic(NamedTuple):
    """Events of some scenarios, all of them taken together."""

    success: float
    """The share that succeeds."""
    gain: float
    """By how much one is worth more than with today's version."""
    today: float
    """What one earns with today's version."""
    successes: Mapping[int, float]
    """The share that succeeds in each scenario, by its position."""
    is_all: bool
    """Whether none is left out."""

    @property
    def lift(self) -> float | None:
        """The gain as a share of what is earned today; None where nothing is."""
        return self.gain / self.today if self.today > 0 else None


class Wait(NamedTuple):
    """What a later launch costs and saves against one now, each the difference to today's version."""

    weeks: float
    forgone: float
    """What the scenarios that gain would have gained in the delay."""
    saved: float
    """What the scenarios that lose would have lost in it."""
    pays_back_after: float | None
    """Weeks after the launch, if every scenario then had the value of the best one; None where waiting costs nothing,
    or no scenario falls behind the best one."""

    @property
    def cost(self) -> float:
        """Below zero where waiting saves more than it forgoes."""
        return self.forgone - self.saved


def wait(worth: Worth, delay: Delay, days: int = 0) -> Wait:
    """The delay that the plan names, or so many days of it as a later start takes. Raises NotChecked where it does not say how long, how many events a week, or what
    an event earns without the launch."""
    weeks, per_week = delay_of(delay)
    weeks = days / 7 if days else weeks
    parts = [gain * share for gain, share in zip(worth.gains(), worth.probabilities(), strict=True)]
    forgone, saved = (
        math.fsum(max(0.0, sign * part) for part in parts) * per_week * weeks for sign in (1, -1)
    )
    cost, regained = forgone - saved, (worth.gain_repaired() - worth.gain()) * per_week
    return Wait(weeks, forgone, saved, cost / regained if regained > 0 and cost > 0 else None)


def delay_of(delay: Delay) -> tuple[float, float]:
    """Weeks of the delay, and events a week. Raises NotChecked."""
    weeks, per_week = (
        need(value or None, *_AT, "delay", key)
        for key, value in (("weeks", delay.weeks), ("units_per_week", delay.units_per_week))
    )
    if weeks <= 0 or not math.isfinite(weeks * per_week):
        raise NotChecked((*_AT, "delay", "weeks"))
    return weeks, float(per_week)


def until(gain: float, per_week: float, treated: float, weeks: float) -> float:
    """What a gain per event comes to: gain · events a week · treated share · weeks."""
    return gain * per_week * treated * weeks


def weighted(values: Iterable[float], probabilities: Iterable[float]) -> float:
    return math.fsum(value * share for value, share in zip(values, probabilities, strict=True))


def add_up(probabilities: Iterable[float]) -> bool:
    """Whether the probabilities are those of everything that may come."""
    return abs(math.fsum(probabilities) - 1) <= _SAME_TOTAL
