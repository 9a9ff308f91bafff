"""A stop on a day of the run, beside the look at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.pages.memo.required_run import least_days
from egp.plan.analysis.by_day import at_most, day_at
from egp.plan.analysis.days import day_after, readout_day
from egp.plan.analysis.early_wins import wins_at_one_look, wins_here_and_at_the_end, wins_looking_daily
from egp.plan.wording import counted, day_in_words, one_in

if TYPE_CHECKING:
    from egp.advice.options.case import Case


class EarlyStop:
    """A stop on a day, and the look at the end of the run that it would replace."""

    def __init__(self, case: Case, number: int) -> None:
        plan = case.plan
        self.plan = plan
        self.then, self.end = day_at(plan, number), day_at(plan, least_days(case))
        self.read_on = max(readout_day(plan), day_after(self.end.last, 1))
        self.daily = wins_looking_daily(plan, number)
        self.twice = wins_here_and_at_the_end(plan, self.then.units, self.end.units)
        self.once = wins_at_one_look(plan)

    @property
    def day(self) -> str:
        return day_in_words(self.then.last)

    @property
    def days_to_go(self) -> int:
        return (self.read_on - self.then.last).days

    @property
    def in_one_sentence(self) -> str:
        up_to, read = at_most(self.plan), day_in_words(self.read_on, with_year=True)
        if self.then.number == 1:
            return f"Not on {self.day}: one day shows one weekday once. Go is {counted(self.days_to_go, 'day')} away, on {read}."
        return (
            f"Not on {self.day}: whoever stops at the first good day launches {up_to}{one_in(self.daily)} changes that do nothing; the "
            f"one look on {read} launches {up_to}{one_in(self.once)}. That is {counted(self.days_to_go, 'day')} away."
        )
