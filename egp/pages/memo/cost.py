"""What the repair of a rejected plan costs and saves in money, from what the plan states alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.pages.brief.priced import (
    counted_as,
    launch_section,
    money_section,
    stated_account,
)
from egp.plan.analysis.days import readout_day
from egp.plan.analysis.money import treated_at_the_end
from egp.plan.analysis.traffic import treated_share
from egp.plan.finding import NotChecked
from egp.plan.wording import counted, percent

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.output.page.model import Section
    from egp.plan.experiment import Experiment

FORGONE = (
    "Each amount is the difference to today's version, and rests on what the plan states alone. It is forgone if the "
    "change is that good, and saved if it is that bad."
)


def priced_way(case: Case, repaired: Experiment) -> Iterator[Section]:
    """The days by which the readout moves, in money; a week of the launch where it does not move."""
    if not case.is_plan:
        return
    plan, catalogue = case.plan, case.policy.metrics
    try:
        days = (readout_day(repaired) - readout_day(plan)).days
        last, tested = treated_at_the_end(plan), treated_share(plan)
        reached = counted_as(plan, days, last - tested) if days > 0 and last > tested else ""
    except NotChecked:
        reached = ""
    if not reached:
        yield launch_section(plan, catalogue, for_executives=False)
        return
    said = stated_account(plan, catalogue, days, last - tested, waits=True)
    note = f"{FORGONE} They are of {reached}. The last stage treats {percent(last)}, and the test {percent(tested)} meanwhile."
    yield money_section(f"What {counted(days, 'day')} more cost and save", said, note)
