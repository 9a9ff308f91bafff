"""The day to which a change moves a date of the schedule."""

from __future__ import annotations

from datetime import date

from egp.plan.analysis.days import as_local_day
from egp.plan.experiment import Experiment
from egp.plan.quantity import moment
from egp.record.changes.field_change import FieldChange

_DATES = frozenset(
    {
        "/schedule/start",
        "/schedule/end",
        "/canary/start",
        "/canary/end",
        "/statistics/looks",
        "/holdout/until",
    }
)


def moved_day(change: FieldChange, after: Experiment) -> date | None:
    """The new day of a start, an end, a look, a stage or a holdout, in the plan's time zone; None for other fields."""
    is_stage = change.name.startswith("/ramp/") and change.name.endswith("/start")
    if change.after is None or not (is_stage or change.name in _DATES):
        return None
    return as_local_day(after, moment(change.after))
