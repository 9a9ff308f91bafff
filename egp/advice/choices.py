"""The options of a brief: what a letter means at a moment of the experiment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from egp.plan.analysis.days import first_exposure
from egp.plan.finding import NotChecked

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

NARROWER = "C"
ROLL_BACK = "B"
"""The letter of the option that withdraws the treatment, while there is one to withdraw."""

BEFORE_LAUNCH: Mapping[str, str] = MappingProxyType(
    {"A": "launch now, guarded", "B": "a short delay to fix it", "C": "a narrower launch"}
)
IN_FLIGHT: Mapping[str, str] = MappingProxyType(
    {"A": "raise nothing", "B": "roll back", "C": "a narrower experiment", "D": "go on"}
)
GO = "A"
"""The letter of the option that launches, before there is anything to withdraw."""

WAIT = "B"
"""The letter of the option that launches later, before there is anything to withdraw."""

GO_ON = "D"
"""The letter of the option that raises traffic to the next stage of the ramp."""


def chosen(asked: str, letters: Mapping[str, str]) -> str:
    """The letter that is meant by "B", "roll back" or "B: roll back"; empty where it is none of these."""
    said = " ".join(asked.split()).casefold()
    forms = {letter: {letter, words, f"{letter}: {words}"} for letter, words in letters.items()}
    return next((letter for letter, known in forms.items() if said in map(str.casefold, known)), "")


def has_begun(plan: Experiment, day: date) -> bool:
    """Whether the first unit has been treated on a day; a plan that does not say when has not begun."""
    try:
        return first_exposure(plan)[0] <= day
    except NotChecked:
        return False


_LONGEST_DELAY_IN_WEEKS = 520


def delay_in_days(plan: Experiment) -> int:
    """Whole days of the delay that the plan names; 0 where it names none that can be planned."""
    delay = plan.economics.delay if plan.economics else None
    weeks = (delay.weeks if delay else None) or 0.0
    return math.ceil(weeks * 7) if 0 < weeks <= _LONGEST_DELAY_IN_WEEKS else 0


def checkpoint(day: date, days: int) -> date:
    """Half way through a delay that is decided on a day: without the repair by then it is a narrower launch."""
    return day + timedelta(days=days // 2)
