"""The three options of a brief: what a letter means at a moment of the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from egp.plan.analysis.days import first_exposure
from egp.plan.finding import NotChecked

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

ROLL_BACK = "B"
"""The letter of the option that withdraws the treatment, while there is one to withdraw."""

BEFORE_LAUNCH: Mapping[str, str] = MappingProxyType(
    {"A": "launch now, guarded", "B": "a short delay to fix it", "C": "a narrower launch"}
)
IN_FLIGHT: Mapping[str, str] = MappingProxyType(
    {"A": "freeze the ramp", "B": "roll back", "C": "a narrower experiment"}
)


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
