"""What experimentation platforms write, read into egp's own terms: one module a platform, and nothing invented.

A module named for its platform has `results(text)`, `experiment(value)` or both; adding one is adding a file. What a file does not
state, and what egp cannot take from it, is named in `unmapped`.
"""

from __future__ import annotations

import csv
import io
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

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


# What several platforms write alike.


def parsed_json(text: str) -> Any:
    """The value of a JSON text; None for a text that is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def records(text: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV by its header."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    for row in reader:
        yield {
            key: (value or "").strip()
            for key, value in row.items()
            if isinstance(key, str) and not isinstance(value, list)
        }


def number(value: object) -> float | None:
    """A finite number, also where it is written as a text; None for anything else."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) < 1e300 else None


def day(value: object) -> date | None:
    """The day that a text begins with."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def instant(value: object) -> datetime | None:
    """An instant with its offset."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def last_of(start: date, days: float | None) -> date | None:
    """The last of so many days; None where no calendar has it."""
    try:
        return start + timedelta(days=int(days) - 1) if days is not None and days >= 1 else None
    except OverflowError:
        return None


def texts(value: object) -> list[str]:
    """The texts of a list that say something."""
    return [text for each in value if (text := text_of(each))] if isinstance(value, list) else []


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def as_id(name: str) -> str:
    """A name as an id of egp, which is the name of a file, too."""
    plain = "".join(each if each.isalnum() or each in "-_." else "-" for each in name)
    return plain.strip("-.")[:100]


def text_of(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
