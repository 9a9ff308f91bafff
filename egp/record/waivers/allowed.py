"""What is suppressed of one plan's findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egp.record.waivers.baseline import AppliedEntry
    from egp.record.waivers.grant import Grant


@dataclass(slots=True)
class PlanSuppressions:
    """The waivers of one plan and its part of the baseline, and how much of it was needed."""

    experiment: str
    own: tuple[Grant, ...] = ()
    """Waivers in the plan."""
    listed: tuple[Grant, ...] = ()
    """Waivers beside the policy."""
    excuses: tuple[AppliedEntry, ...] = ()
    """Entries of the baseline."""
