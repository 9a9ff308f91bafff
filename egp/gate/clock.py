"""Instants in the plan's time zone: when a look opens, when a dwell is over, how long that is to go."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from egp.plan.analysis.days import day_after, time_zone
from egp.plan.wording import counted

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.quantity import Moment

DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_SKEW = timedelta(minutes=5)
"""By which the clocks of two machines may differ."""


def zone_of(plan: Experiment) -> tzinfo:
    """The time zone in which the plan counts days; UTC for a plan that names none."""
    name = plan.schedule.timezone if plan.schedule else None
    return (time_zone(name) if name else None) or UTC


def instant(moment: Moment, zone: tzinfo) -> datetime:
    """The first instant of a day, or an instant on the clocks of the zone."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(0), zone)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(zone)
    except OverflowError:  # at either end of the calendar the clocks of another zone show no year
        return moment


def day_end(day: date, zone: tzinfo) -> datetime:
    """The instant at which a day is over."""
    return datetime.combine(day_after(day, 1), time(0), zone)


def elapsed(earlier: datetime, later: datetime) -> timedelta:
    """Real time between two instants; clock changes in between count as they were."""
    return (later - _EPOCH) - (earlier - _EPOCH)


def after(moment: datetime, duration: timedelta) -> datetime:
    """The instant so much real time later, on the same clocks; no further than the calendar goes."""
    try:
        return (moment.astimezone(UTC) + duration).astimezone(moment.tzinfo)
    except OverflowError:
        end = datetime.max if duration > timedelta() else datetime.min
        return end.replace(tzinfo=moment.tzinfo)


def shown_instant(moment: datetime) -> str:
    """2023-02-09 08:00."""
    return moment.strftime("%Y-%m-%d %H:%M")


def shown_look(moment: datetime) -> str:
    """A look that opens with its day is named by the day."""
    return moment.date().isoformat() if moment.time() == time(0) else shown_instant(moment)


def to_go(duration: timedelta) -> str:
    """ "31 h", "45 min", "3 days": rounded up, so that the time named is never too short."""
    if duration < timedelta(hours=1):
        return f"{-(-duration // timedelta(minutes=1))} min"
    hours = -(-duration // timedelta(hours=1))
    return f"{hours} h" if hours <= 72 else counted(-(-duration // DAY), "day")
