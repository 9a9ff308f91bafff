"""Events of control that do not arrive are a fault of the data: they hold, and withdraw nothing. Real harm still does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from egp.gate.verdict import Decision

from .test_metric_alive import losing
from .worlds import CONTROL, TREATMENT, Truth, World, readout_world, stage_world

LATE = date(2023, 1, 29)


def verdict(world: World) -> tuple[str, str]:
    decision: Decision = world.decide()
    return decision.verdict, decision.kind


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("metric", ["refund_rate", "cs_contacts"])
@pytest.mark.parametrize("make", [readout_world, stage_world])
def test_control_that_lost_its_events_from_the_beginning(
    make: Callable[..., World], metric: str, kept: float
) -> None:
    assert verdict(losing(make(), metric, (CONTROL,), kept=kept)) == ("hold", "repair")


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("metric", ["refund_rate", "cs_contacts"])
def test_control_that_lost_its_events_from_a_day_on(metric: str, kept: float) -> None:
    world = losing(readout_world(), metric, (CONTROL,), lambda day: day >= LATE, kept)
    assert verdict(world) == ("hold", "repair")


@pytest.mark.parametrize("kept", [0.0, 0.3])
def test_a_plan_without_a_baseline_is_judged_by_controls_own_days(kept: float) -> None:
    world = readout_world(guardrail_metrics={0: {"baseline": None}})
    lost = losing(world, "refund_rate", (CONTROL,), lambda day: day >= date(2023, 1, 26), kept)
    refunds = [each for each in lost.decide().readings if each.metric == "refund_rate"]
    assert not any(each.rolls_back for each in refunds)


@pytest.mark.parametrize("factor", [1.3, 2.0, 3.4, 6.0, 12.0])
@pytest.mark.parametrize("make", [readout_world, stage_world])
def test_harm_however_large_still_rolls_back(make: Callable[..., World], factor: float) -> None:
    assert verdict(make(Truth(refund_rate=0.031 * factor)))[0] == "roll_back"


@pytest.mark.parametrize("share", [0.6, 0.4])
def test_harm_in_a_bad_season_still_rolls_back(share: float) -> None:
    """Both are low, control by less than half of what the treatment is."""
    world = readout_world(Truth(refund_rate=0.031 * share * 1.4), Truth(refund_rate=0.031 * share))
    assert verdict(world)[0] == "roll_back"


def test_harm_that_begins_on_a_day_still_rolls_back() -> None:
    """The treatment rises from that day on, and control stays where it was."""
    world = losing(
        readout_world(Truth(refund_rate=0.09)), "refund_rate", (TREATMENT,), lambda day: day < LATE, 0.33
    )
    assert verdict(world)[0] == "roll_back"
