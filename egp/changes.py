"""What changed between two versions of a plan, field by field, and how much each change weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from egp.document import Path
from egp.experiment import Experiment

Weight = Literal["benign", "operational", "inferential"]
Effect = Literal["tightens", "loosens", "neutral"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that two versions of a plan have different, or that only one of them has."""

    path: Path
    """In the newer version; in the older one if the newer has no such field."""
    before: object | None
    after: object | None
    weight: Weight
    effect: Effect
    """What the change does to safety: less exposure and stricter thresholds tighten."""
    name: str
    """The JSON pointer of the path with list items named by their id, as ``amendments`` names it."""


def changes(before: Experiment, after: Experiment) -> list[FieldChange]:
    """Every field that differs, in the order of the plan's fields."""
    return []
