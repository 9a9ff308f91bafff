"""A way out of a violation: what to change, in words and as edits, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.options.trade_offs import LaterDays, delay_between, prices_between
from egp.plan.quantity import shown
from egp.plan.remedy import Candidate, Concession, TradeOff
from egp.plan.typed_reader import label
from egp.plan.wording import listing, percent
from egp.yaml.edits import APPEND, Addition, Edit, LineRemoval, Removal, Renaming, Setting, value_at
from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment


@dataclass(frozen=True, slots=True)
class Cost:
    """What options are sorted by: days of delay, then more exposure, then what is given up.

    What promises less comes after all that costs only time and traffic, and last what nobody can decide upon.
    """

    delay: LaterDays
    exposure: float
    trade_off: TradeOff
    price: str

    @property
    def order(self) -> tuple[float, ...]:
        late = max(self.trade_off, TradeOff.INSIGHT)
        return late, self.delay.days, max(0.0, self.exposure), self.trade_off

    @property
    def words(self) -> str:
        parts = list(self.delay.words())
        if self.exposure > 0:
            parts.append(f"{percent(self.exposure)} more of the eligible units are in the test")
        if self.price:
            parts.append(self.price)
        return "; ".join(parts) or "nothing but the edit"


@dataclass(frozen=True, slots=True)
class Option:
    """A change that was made on trial and judged: its violation is resolved, and no new error came."""

    words: str
    changes: tuple[Edit, ...]
    cost: Cost
    levers: int = 1
    """Inputs that are changed at once."""
    note: str = ""

    @property
    def order(self) -> tuple[object, ...]:
        return self.levers, *self.cost.order, len(self.changes)


def cost_between(before: Experiment, after: Experiment, candidate: Candidate) -> Cost:
    """The price of a candidate: its own, and what the plans without and with it tell."""
    own = [Concession(candidate.trade_off, candidate.price)] if candidate.price else []
    prices = [*own, *prices_between(before, after)]
    trade_off = max((candidate.trade_off, *(each.trade_off for each in prices)))
    exposure = round(_exposure(after) - _exposure(before), 6)
    price = "; ".join(dict.fromkeys(each.words for each in prices))
    return Cost(delay_between(before, after), exposure, trade_off, price)


def _exposure(plan: Experiment) -> float:
    return (plan.schedule.exposure if plan.schedule else None) or 0.0


def settings_in_words(changes: Sequence[Edit], value: object) -> str:
    """What an option changes, key by key, with what stands there now."""
    return listing(_in_words(change, value) for change in changes)


def _in_words(change: Edit, value: object) -> str:
    if isinstance(change, LineRemoval):
        return f"remove line {change.number}"
    if isinstance(change, Renaming):
        return f"rename {label(change.path)} to {change.new}"
    if isinstance(change, Removal):
        return f"remove {label(change.path)}"
    if change.path[-1] == APPEND:
        return f"add {written(change.value)} to {label(change.path[:-1])}"
    before = value_at(value, change.path)
    if before is None:
        return f"add {label(change.path)}: {written(change.value)}"
    return f"{label(change.path)}: {_short(before)} → {_short(change.value)}"


def _short(value: object) -> str:
    text = written(value)
    return text if len(text) <= 60 else shown(text)


def as_left(changes: Sequence[Edit]) -> list[Edit]:
    """Each setting once, as the last change of it leaves it; all of them where a removal moves what a path names."""
    left: dict[object, Edit] = {}
    for position, change in enumerate(changes):
        if not isinstance(change, Setting | Addition):
            return list(changes)
        left[position if change.path[-1] == APPEND else change.path] = change
    return list(left.values())


def as_yaml(changes: Sequence[Edit]) -> str:
    """The settings of an option as lines to copy; comments where YAML has no word."""
    lines = []
    for change in changes:
        if isinstance(change, LineRemoval):
            lines.append(f"# remove line {change.number}")
        elif isinstance(change, Renaming):
            lines.append(f"# rename {label(change.path)} to {change.new}")
        elif isinstance(change, Removal):
            lines.append(f"# remove {label(change.path)}")
        elif change.path[-1] == APPEND:
            lines.append(f"{label(change.path[:-1])}: # add\n  - {written(change.value)}")
        else:
            lines.append(f"{label(change.path)}: {written(change.value)}")
    return "\n".join(lines)
