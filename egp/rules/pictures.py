"""Pictures of what breaking a rule costs, where several rules show the same. Each rule's own is in its file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.plan.analysis.by_day import weekdays_seen
from egp.plan.analysis.days import day_after, first_day, full_days, last_day, schedule_of, weekday_counts
from egp.plan.analysis.early_wins import wins_among
from egp.plan.analysis.registered import aim_of, comparisons, planned_units, power_at, primary_effect, sides
from egp.plan.analysis.traffic import daily_eligible_units, treated_share, units_that_come
from egp.plan.picture import Calendar, DayState, Length, Lengths, Picture, Share, Tally
from egp.plan.wording import after_one_in, called, one_in, percent, times_over, whole

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.quantity import Interval, MetricChange
    from egp.rules.exports import Broken

_MOST_WEEKS = 8
"""Of a calendar; a longer one shows nothing that a shorter one does not."""
_FEW, _MANY = 40, 200
"""Cases of a tally, and of one of rare cases."""

_NEARLY = 0.05
"""Of a case; a count that is no farther off is no estimate."""

IMPROVEMENTS = 20
"""True improvements of which a tally shows the missed ones."""
HARMLESS = 40
"""Harmless launches of which a tally shows those that are held."""


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
    marked = round(chance * of)
    about = "" if abs(marked - chance * of) < _NEARLY else "about "
    return Share(name, marked, of, f"{about}{marked} of {of}")


def cases_for(*chances: float) -> int:
    """How many cases show the rarest of the chances as one of them at least."""
    rarest = min(chances)
    return _FEW if round(rarest * _FEW) else _MANY


def false_wins(title: str, says: str, chances: Sequence[tuple[str, float]]) -> Picture:
    """Launches that do nothing, and how many of them look like a win."""
    of = cases_for(*(chance for _, chance in chances))
    shares = [share_of(name, chance, of) for name, chance in chances]
    return Picture(title, says, Tally(shares, "does nothing, and looks like a win", "does nothing"))


def moves_well(plan: Experiment) -> str:
    """What a change that works does to the primary."""
    metric = plan.primary_metric
    return "lower" if metric and metric.direction == "decrease" else "lift"


def missed(plan: Experiment, effect: MetricChange | None, power: float) -> Picture:
    """Changes that truly work, and how many of them the test misses; of non-inferiority, changes that do no harm."""
    lost = 1 - power
    verb, it = after_one_in(lost, "is", "are"), after_one_in(lost, "it", "they")
    says = f"{one_in(lost)} {verb} missed ({percent(lost, 1)}), and dropped as if {it} "
    if plan.type == "non_inferiority":
        named = title = "changes that do no harm"
        says += f"harmed by {effect}."
    else:
        title, named = "true improvements", f"changes that truly {moves_well(plan)} by {effect}"
        says += "did nothing."
    shares = [share_of(named, lost, IMPROVEMENTS)]
    return Picture(f"{IMPROVEMENTS} {title}", says[:1].upper() + says[1:], Tally(shares, "missed", "found"))


def missed_at_aim(broken: Broken) -> Picture | None:
    """Changes of the size of the MDE, or without harm, and how many the units that are declared, or that come, miss."""
    plan = broken.plan
    declared, come = planned_units(plan), units_that_come(plan)
    power = power_at(plan, primary_effect(plan), declared if come is None else min(declared, come))
    return missed(plan, aim_of(plan), power) if round((1 - power) * IMPROVEMENTS) else None


def stopped_without_harm(title: str, says: str, chances: Sequence[tuple[str, float]], ends: str) -> Picture:
    """Launches that do no harm, and how many of them end all the same."""
    of = cases_for(*(chance for _, chance in chances))
    return Picture(
        title, says, Tally([share_of(name, chance, of) for name, chance in chances], ends, "goes on")
    )


def side_by_side(
    title: str, says: str, has: tuple[str, float, str], asked: tuple[str, float, str]
) -> Picture:
    """What the plan has, and what the policy requires or allows: each with its name, its amount and that in words."""
    rows = [Length(*has), Length(*asked, "marked")]
    return Picture(title, says, Lengths(rows))


def units_a_day(
    title: str, says: str, plan: Experiment, has: tuple[str, float], asked: tuple[str, float]
) -> Picture:
    """Shares of the units of a day, in units."""
    daily = daily_eligible_units(plan)
    in_words = [(name, share, f"{whole(daily * share)} a day") for name, share in (has, asked)]
    return side_by_side(title, says, *in_words)


def treated_without_safeguard(broken: Broken) -> Picture:
    """Units that are treated a day without the safeguard: in the test, and after a full ramp."""
    daily, share = daily_eligible_units(broken.plan), treated_share(broken.plan)
    rows = [
        Length("in the test", share, f"{whole(daily * share)} a day", "marked"),
        Length("after a full ramp, up to", 1.0, f"{whole(daily)} a day"),
    ]
    unit = called(broken.plan.unit, "unit")
    says = f"So many {unit}s get the change before anybody is warned of harm that this safeguard would show."
    return Picture("Treated without this safeguard", says, Lengths(rows))


def wins_of_several(plan: Experiment) -> Picture | None:
    """Plans with several tests in which nothing works, and how many of them have a win to show."""
    count, alpha = comparisons(plan), plan.statistics.alpha if plan.statistics else None
    corrected = plan.statistics and plan.statistics.correction not in (None, "none")
    if not alpha or count < 2 or corrected:
        return None
    any_of_them, one = wins_among(count, alpha, sides(plan)), alpha / sides(plan)
    has = after_one_in(any_of_them, "has", "have")
    says = f"Of plans in which nothing works up to {one_in(any_of_them)} still {has} a win to show; of those with one test {one_in(one)}."
    named = [(f"the best of {count} tests, up to", any_of_them), ("one test", one)]
    return false_wins("Changes that do nothing, launched", says, named)
