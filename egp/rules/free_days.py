"""Days on which a plan meets no other: its layer has room for it, and its surfaces are its own.

What frees a plan of one neighbour must not lead it to another, so that every rule about neighbours asks here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.analysis.days import day_after
from egp.plan.analysis.rescheduling import settings_of_moved_test
from egp.plan.quantity import Interval
from egp.plan.remedy import Remedy
from egp.rules.rule_inputs import FULL, Timeline, Traffic
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from datetime import date

    from egp.rules.rule_inputs import Portfolio

_TRIED = 50
"""Days that are tried as a start; after the last of the others there is room for certain."""


def most_taken(portfolio: Portfolio, layer: str, run: Interval) -> float:
    """The largest share of a layer that the other plans take on a day of the run."""
    traffic = Traffic(portfolio.others("layer", layer))
    return max((total for _, total in traffic.during(run)), default=0.0)


def on_its_surfaces(portfolio: Portfolio, layer: str) -> Timeline:
    """The runs of others on the plan's surfaces that a layer would not keep apart from it."""
    return Timeline(
        other
        for surface in portfolio.plan.surfaces
        for other in portfolio.others("surface", surface)
        if not layer or other.layer != layer
    )


def moved_behind_others(portfolio: Portfolio, run: Interval) -> Remedy:
    """The first days after another plan on which there is room for this one, with every date that follows."""
    start = _first_free_start(portfolio, run)
    end = day_after(start, run.days - 1)
    if portfolio.whole is not None:
        dates = settings_of_moved_test(portfolio.whole(), start, end)
        return Remedy(tuple(dates), before="start when they are over: ")
    run_alone = Setting(("schedule", "start"), f"{start}"), Setting(("schedule", "end"), f"{end}")
    return Remedy(run_alone, after=" and move the looks as far")


def _first_free_start(portfolio: Portfolio, run: Interval) -> date:
    plan = portfolio.plan
    in_layer = portfolio.others("layer", plan.layer) if plan.layer else []
    beside = on_its_surfaces(portfolio, plan.layer)
    on_surfaces = [other for surface in plan.surfaces for other in portfolio.others("surface", surface)]
    runs = [other.running for other in (*in_layer, *on_surfaces)]
    ends = sorted({other.last for other in runs if other and other.last >= run.first})
    traffic, room = Traffic(in_layer), FULL - (plan.exposure or 0.0)
    for last in ends[:_TRIED]:
        moved = Interval(day_after(last, 1), day_after(last, run.days))
        if not beside.count(moved) and all(total <= room for _, total in traffic.during(moved)):
            return moved.first
    return day_after(ends[-1], 1)
