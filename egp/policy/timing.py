"""The days that decide which of a policy's dated settings judge a plan."""

from __future__ import annotations

from datetime import date

from egp.stats.values import NamedTuple


class Timing(NamedTuple):
    """When a plan is judged, and when it was registered."""

    as_of: date
    registered: date | None = None
    """As the lock attests it; None for a plan that is not in the lock, whatever date it states itself."""

    @property
    def decisive(self) -> date:
        """The day whose settings judge the plan."""
        return self.registered or self.as_of
