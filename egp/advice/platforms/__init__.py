"""What experimentation platforms write, read into egp's own terms: one module a platform, and nothing invented.

A module named for its platform has `results(text)`, `experiment(value)` or both; adding one is adding a file. What a file does not
state, and what egp cannot take from it, is named in `unmapped`.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from types import ModuleType

from egp.plan.finding import HelpfulError
from egp.plan.quantity import shown


class PlatformError(HelpfulError):
    """A file that is none of the platform's, or a platform that egp does not read. ``help`` says what is read."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One metric in one variant, as a platform tells it."""

    metric: str
    variant: str
    units: float
    mean: float | None = None
    total: float | None = None
    std_dev: float | None = None
    """Of a unit's values."""
    standard_error: float | None = None
    """Of the mean, which some platforms call `std`."""


@dataclass(slots=True)
class Export:
    """Results of one experiment, all units together."""

    arms: list[Arm] = field(default_factory=list)
    through: date | None = None
    """The last day whose outcomes are counted."""
    taken: datetime | None = None
    unmapped: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Begun:
    """What a platform's experiment says of a plan, by the keys of the plan."""

    id: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    """What `egp new` would ask."""
    stated: dict[str, object] = field(default_factory=dict)
    """Keys of the plan that it would not ask, in full."""
    metrics: list[str] = field(default_factory=list)
    secondary: list[str] = field(default_factory=list)
    guardrails: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)


def names(having: str) -> list[str]:
    """The platforms whose files have "results" or an "experiment" that egp reads."""
    found = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return [name for name in found if hasattr(import_module(f"{__name__}.{name}"), having)]


def platform(name: str, having: str) -> ModuleType:
    """The module of a platform. Raises PlatformError for one that egp does not read that of."""
    known = names(having)
    if name not in known:
        raise PlatformError(
            f"egp reads no {having} of {shown(name)}", f"it reads those of {', '.join(known)}"
        )
    return import_module(f"{__name__}.{name}")
