"""What changed between two versions of a plan, how much each change weighs, and what an amendment declares of it."""

from egp.record.changes.amended import (
    added_amendments,
    covers,
    exploratory_amendments,
    names_of,
    undeclared,
    unnamed,
    vanished_amendments,
)
from egp.record.changes.compare import changes
from egp.record.changes.field_change import FieldChange
from egp.record.changes.moved_day import moved_day
from egp.record.changes.weight import Effect

__all__ = [
    "Effect",
    "FieldChange",
    "added_amendments",
    "changes",
    "covers",
    "exploratory_amendments",
    "moved_day",
    "names_of",
    "undeclared",
    "unnamed",
    "vanished_amendments",
]
