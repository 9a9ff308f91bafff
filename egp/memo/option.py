"""A way out of a violation: what to change, in words and as edits, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from egp.analysis.days import readout_day
from egp.analysis.registered import planned_units, power_at, primary_effect
from egp.edit import written
from egp.finding import NotChecked
from egp.memo.edits import APPEND, Change, LineRemoval, Renaming, value_at
from egp.quantity import shown
from egp.shape import label
from egp.stats import StatisticsInputError
from egp.wording import counted, listing, percent, times_over

if TYPE_CHECKING:
    from egp.experiment import Experiment


_FELT = 0.001
"""Loss of power below which an option does not mention it."""


class GivenUp(IntEnum):
    """What an option asks besides days and exposure, the least first."""

    NOTHING = 0
    EVIDENCE = 1
    """The change states a fact, and is open only to those for whom it is one."""
    INSIGHT = 2
    """The experiment answers less: fewer variants, segments, metrics or looks."""
    SENSITIVITY = 3
    """Smaller effects or larger harms go unseen."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that may comply. Nobody has judged it yet."""

    changes: tuple[Change, ...]
    words: str = ""
    """What it does; without them the settings speak for themselves."""
    given_up: GivenUp = GivenUp.NOTHING
    price: str = ""
    """In words, what is given up or has to be true."""
    lever: str = ""
    """Candidates of one lever ask more and more of the same input: the first that complies is the one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What options are sorted by: days of delay, then more exposure, then what is given up."""

    days: int
    exposure: float
    given_up: GivenUp
    price: str

    @property
    def words(self) -> str:
        parts = []
        if self.days:
            parts.append(
                f"the readout is {counted(abs(self.days), 'day')} {'later' if self.days > 0 else 'sooner'}"
            )
        if self.exposure > 0:
            parts.append(f"{percent(self.exposure)} more of the eligible units are in the test")
        if self.price:
            parts.append(self.price)
        return "; ".join(parts) or "nothing but the edit"


@dataclass(frozen=True, slots=True)
class Option:
    """A change that was made on trial and judged: its violation is gone, and no new error came."""

    words: str
    changes: tuple[Change, ...]
    cost: Cost
    levers: int = 1
    """Inputs that are changed at once."""
    note: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        cost = self.cost
        return self.levers, max(0, cost.days), max(0.0, cost.exposure), cost.given_up, len(self.changes)


def cost_between(before: Experiment, after: Experiment, candidate: Candidate) -> Cost:
    """The price of a candidate, from the plans without and with it."""
    lost = list(filter(None, (candidate.price, _fewer_looks(before, after), _less_power(before, after))))
    given_up = max(
        candidate.given_up, GivenUp.INSIGHT if len(lost) > bool(candidate.price) else GivenUp.NOTHING
    )
    exposure = round(_exposure(after) - _exposure(before), 6)
    return Cost(_days_later(before, after), exposure, given_up, "; ".join(lost))


def _days_later(before: Experiment, after: Experiment) -> int:
    try:
        return (readout_day(after) - readout_day(before)).days
    except NotChecked:
        return 0


def _fewer_looks(before: Experiment, after: Experiment) -> str:
    looks = [len(plan.statistics.looks or ()) if plan.statistics else 0 for plan in (before, after)]
    return (
        f"the primary metric is read {times_over(looks[1])} instead of {looks[0]} times"
        if 0 < looks[1] < looks[0]
        else ""
    )


def _less_power(before: Experiment, after: Experiment) -> str:
    """The power that a stricter test costs, at the same effect and the declared sample."""
    powers = _power(before), _power(after)
    if None in powers or powers[0] - powers[1] < _FELT or _mde(before) != _mde(after):  # type: ignore[operator]
        return ""
    return f"the declared sample finds the MDE with {percent(powers[1], 1)} power instead of {percent(powers[0], 1)}"  # type: ignore[arg-type]


def _power(plan: Experiment) -> float | None:
    try:
        return power_at(plan, primary_effect(plan), planned_units(plan))
    except (NotChecked, StatisticsInputError):
        return None


def _mde(plan: Experiment) -> object:
    return plan.primary_metric and plan.primary_metric.mde


def _exposure(plan: Experiment) -> float:
    return (plan.schedule.exposure if plan.schedule else None) or 0.0


def settings_in_words(changes: Sequence[Change], value: object) -> str:
    """What an option changes, key by key, with what stands there now."""
    return listing(_in_words(change, value) for change in changes)


def _in_words(change: Change, value: object) -> str:
    if isinstance(change, LineRemoval):
        return f"remove line {change.number}"
    if isinstance(change, Renaming):
        return f"rename {label(change.path)} to {change.new}"
    if change.path[-1] == APPEND:
        return f"add {written(change.value)} to {label(change.path[:-1])}"
    before = value_at(value, change.path)
    if change.value is None:
        return f"remove {label(change.path)}"
    if before is None:
        return f"add {label(change.path)}: {written(change.value)}"
    return f"{label(change.path)}: {_short(before)} → {_short(change.value)}"


def _short(value: object) -> str:
    text = written(value)
    return text if len(text) <= 60 else shown(text)


def as_yaml(changes: Sequence[Change]) -> str:
    """The settings of an option as lines to copy; comments where YAML has no word."""
    lines = []
    for change in changes:
        if isinstance(change, LineRemoval):
            lines.append(f"# remove line {change.number}")
        elif isinstance(change, Renaming):
            lines.append(f"# rename {label(change.path)} to {change.new}")
        elif change.path[-1] == APPEND:
            lines.append(f"{label(change.path[:-1])}: # add\n  - {written(change.value)}")
        elif change.value is None:
            lines.append(f"# remove {label(change.path)}")
        else:
            lines.append(f"{label(change.path)}: {written(change.value)}")
    return "\n".join(lines)
