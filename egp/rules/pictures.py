"""Pictures of what breaking a rule costs, where several rules show the same. Each rule's own is in its file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.by_day import weekdays_seen
from egp.plan.analysis.days import day_after, first_day, full_days, last_day, schedule_of, weekday_counts
from egp.plan.analysis.registered import planned_units, power_at, primary_effect
from egp.plan.analysis.traffic import units_that_come
from egp.plan.picture import Calendar, DayState, Picture, Share, Tally
from egp.plan.wording import one_in, times_over

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.quantity import Interval
    from egp.rules.exports import Broken

_MOST_WEEKS = 8
"""Of a calendar; a longer one shows nothing that a shorter one does not."""
_FEW, _MANY = 40, 200
"""Cases of a tally, and of one of rare cases."""

IMPROVEMENTS = 20
"""True improvements of which a tally shows the missed ones, and harmless launches of which it shows those that are held."""


def weekdays(plan: Experiment, asked: int, days: int, last: date | None = None) -> Picture | None:
    """The days of the run under their weekdays, with those that it lacks of what the policy requires.

    A run that ends, or is stopped, on ``last`` has the days until then.
    """
    runs = [each for run in full_days(plan) if (each := _until(run, last))]
    first = first_day(plan)
    end = max(last_day(plan), day_after(first, days - 1))
    if (end - first).days >= 7 * _MOST_WEEKS:
        return None
    shown = [first + timedelta(at) for at in range((end - first).days + 1)]
    pauses = schedule_of(plan).pauses
    calendar = Calendar([(day, _state(day, runs, pauses)) for day in shown], asked)
    seen = weekdays_seen(weekday_counts(runs))
    says = f"{seen[:1].upper()}{seen[1:]}. The policy requires each {times_over(asked)}."
    return Picture("The days that the run sees", says, calendar)


def _until(run: Interval, last: date | None) -> Interval | None:
    if last is None or run.last <= last:
        return run
    return type(run)(run.first, last) if run.first <= last else None


def _state(day: date, runs: Sequence[Interval], pauses: Sequence[Interval]) -> DayState:
    if any(run.first <= day <= run.last for run in runs):
        return "seen"
    return "paused" if any(pause.first <= day <= pause.last for pause in pauses) else "missing"


def share_of(name: str, chance: float, of: int) -> Share:
    """So many of the cases as the chance leads to expect."""
    return Share(name, round(chance * of), of, one_in(chance))


def cases_for(*chances: float) -> int:
    """How many cases show the rarest of the chances as one of them at least."""
    rarest = min(chances)
    return _FEW if round(rarest * _FEW) else _MANY


def false_wins(title: str, says: str, chances: Sequence[tuple[str, float]]) -> Picture:
    """Launches that do nothing, and how many of them look like a win."""
    of = cases_for(*(chance for _, chance in chances))
    shares = [share_of(name, chance, of) for name, chance in chances]
    return Picture(title, says, Tally(shares, "does nothing, and looks like a win", "does nothing"))


def missed(effect: str, power: float) -> Picture:
    """Changes that truly work, and how many of them the test misses."""
    lost = 1 - power
    share = share_of(f"changes that truly lift by {effect}", lost, IMPROVEMENTS)
    says = f"{one_in(lost)} is missed, and dropped as if it did nothing."
    return Picture(
        f"{IMPROVEMENTS} true improvements", says[:1].upper() + says[1:], Tally([share], "missed", "found")
    )


def missed_at_mde(broken: Broken) -> Picture | None:
    """True improvements of the MDE, and how many the units that are declared, or that come, miss."""
    plan = broken.plan
    declared, come = planned_units(plan), units_that_come(plan)
    power = power_at(plan, primary_effect(plan), declared if come is None else min(declared, come))
    metric = plan.primary_metric
    return missed(f"{metric.mde}", power) if metric and round((1 - power) * IMPROVEMENTS) else None


def stopped_without_harm(title: str, says: str, chances: Sequence[tuple[str, float]], ends: str) -> Picture:
    """Launches that do no harm, and how many of them end all the same."""
    of = cases_for(*(chance for _, chance in chances))
    return Picture(
        title, says, Tally([share_of(name, chance, of) for name, chance in chances], ends, "goes on")
    )
