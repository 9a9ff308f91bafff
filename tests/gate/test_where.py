"""Where the treatment is, what is requested, and what a pipeline is to do: at the instants and shares at which it changes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from egp.gate.action import action_of, how_to_withdraw
from egp.gate.exposure import days_over, each_day_over, has_stage_begun, weeks_over
from egp.gate.readout import Readout
from egp.plan.experiment import Rollback
from egp.plan.results import Row, StageEntry
from egp.record.lock import made
from egp.stats.values import replace

from .worlds import (
    TREATMENT,
    World,
    entry,
    judgement_of,
    plan_of,
    readout_world,
    registered,
    stage_world,
)

CANARY = {"treated": "5%", "start": "2023-01-18", "end": "2023-01-20", "none": None}
ROLLOUT: dict[str, Any] = {"type": "rollout", "canary": CANARY}


def world(moment: str, to: str = "", stages: tuple[StageEntry, ...] = (), **changes: Any) -> World:
    plan = plan_of(**changes)
    at = datetime.fromisoformat(f"{moment}:00-08:00")
    return World(plan, (), at, to=to, stages=stages, registration=registered(plan))


ENTERED = (entry(0.7, "2023-02-07T08:00:00-08:00"), entry(0.9, "2023-02-09T08:00:00-08:00"))


@pytest.mark.parametrize(
    ("moment", "to", "stages", "changes", "stage", "position"),
    [
        ("2023-01-22T23:59", "", (), {}, "test", -1),
        ("2023-01-22T23:59", "", (), {"canary": CANARY}, "canary", -1),
        ("2023-01-23T00:00", "", (), {"canary": CANARY}, "test", -1),
        ("2023-01-25T00:00", "test", (), {"canary": CANARY}, "canary", -1),
        ("2023-01-25T00:00", "canary", (), {"canary": CANARY}, "canary", -1),
        ("2023-01-25T00:00", "70%", (), {"canary": CANARY}, "test", -1),
        ("2023-01-25T00:00", "", (), {"canary": {**CANARY, "treated": "0%"}}, "test", -1),
        ("2023-01-25T00:00", "", (), {"schedule": {"start": None}}, "test", -1),
        ("2023-01-25T00:00", "", (), {"schedule": {"start": None}, "canary": CANARY}, "canary", -1),
        ("2023-01-25T00:00", "", (), ROLLOUT, "canary", -1),
        ("2023-01-25T00:00", "", (), {"type": "rollout"}, "no stage", -1),
        ("2023-02-07T07:59", "", ENTERED, {}, "test", -1),
        ("2023-02-07T08:00", "", ENTERED, {}, "70%", 0),
        ("2023-02-09T07:59", "", ENTERED, {}, "70%", 0),
        ("2023-02-09T08:00", "", ENTERED, {}, "90%", 1),
        ("2023-02-09T08:00", "", ENTERED[::-1], {}, "90%", 1),
        ("2023-02-07T08:00", "", ENTERED, ROLLOUT, "70%", 0),
        ("2023-02-07T08:00", "", (entry(0.6, "2023-02-07T08:00:00-08:00"),), {}, "60%", 2),
        ("2023-02-07T08:00", "", (made(StageEntry, treated=0.7),), {}, "test", -1),
        ("2023-02-07T08:00", "", (made(StageEntry, entered=ENTERED[0].entered),), {}, "test", -1),
    ],
)  # fmt: skip
def test_the_stage_is_the_last_that_was_entered_or_what_the_calendar_says(
    moment: str, to: str, stages: tuple[StageEntry, ...], changes: dict[str, Any], stage: str, position: int
) -> None:
    found = world(moment, to, stages, **changes).readout().stage
    assert (found.name, found.position) == (stage, position)


@pytest.mark.parametrize(
    ("moment", "to", "stages", "changes", "now", "asked"),
    [
        ("2023-01-22T23:59", "70%", (), {}, 0.0, 0.7),
        ("2023-01-23T00:00", "70%", (), {}, 0.45, 0.7),
        ("2023-01-23T00:00", "test", (), {}, 0.45, 0.45),
        ("2023-01-23T00:00", "", (), {}, 0.45, None),
        ("2023-01-17T23:59", "test", (), {"canary": CANARY}, 0.0, 0.45),
        ("2023-01-18T00:00", "test", (), {"canary": CANARY}, 0.05, 0.45),
        ("2023-01-17T23:59", "canary", (), {"canary": CANARY}, 0.0, 0.05),
        ("2023-01-25T00:00", "70%", (), {"type": "rollout"}, 0.0, 0.7),
        ("2023-01-25T00:00", "70%", (), ROLLOUT, 0.05, 0.7),
        ("2023-02-07T08:00", "90%", ENTERED, {}, 0.7, 0.9),
        ("2023-02-09T08:00", "", ENTERED, {}, 0.9, None),
        ("2023-01-23T00:00", "70%", (), {"schedule": {"exposure": None}}, None, 0.7),
        ("2023-01-25T00:00", "test", (), {"schedule": {"exposure": None}, "canary": CANARY}, 0.05, None),
    ],
)  # fmt: skip
def test_shares_now_and_as_requested(
    moment: str, to: str, stages: tuple[StageEntry, ...], changes: dict[str, Any], now: float, asked: float
) -> None:
    action = action_of(judgement_of(world(moment, to, stages, **changes)))
    assert (action.share_now, action.share_asked) == (now, asked)


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (None, "withdraw the treatment"),
        ({}, "withdraw the treatment"),
        ({"to": "control"}, "roll back to control"),
        ({"method": "feature_flag"}, "withdraw the treatment by feature_flag"),
        ({"to": "control", "max_minutes": 15.0}, "roll back to control within 15 minutes"),
        (
            {"to": "control", "method": "feature_flag", "max_minutes": 0.5},
            "roll back to control by feature_flag within 0.5 minutes",
        ),
        ({"max_minutes": 0.0}, "withdraw the treatment"),
    ],
)
def test_how_the_treatment_is_withdrawn(stated: dict[str, Any] | None, sentence: str) -> None:
    rollback = None if stated is None else made(Rollback, **stated)
    assert " ".join(how_to_withdraw(rollback, "roll back to")) == sentence


class TestWhatIsOver:
    """Days and weeks of the stage that were over when the results were taken."""

    @pytest.mark.parametrize(
        ("moment", "days"),
        [
            ("2023-01-23T23:59", []),
            ("2023-01-24T00:00", [23]),
            ("2023-01-29T00:00", [23, 24, 25, 26, 27, 28]),
            ("2023-01-30T00:00", [23, 24, 25, 26, 27, 28, 29]),
        ],
    )
    def test_a_day_is_over_at_midnight(self, moment: str, days: list[int]) -> None:
        readout = world(moment).readout()
        assert [day.day for day in each_day_over(readout)] == days

    def test_pauses_are_no_days(self) -> None:
        readout = world("2023-01-30T00:00", schedule={"pauses": ["2023-01-25/2023-01-26"]}).readout()
        assert [day.day for day in each_day_over(readout)] == [23, 24, 27, 28, 29]
        assert len(days_over(readout)) == 2

    def test_nor_are_they_in_a_stage(self) -> None:
        readout = world("2023-02-12T08:00", "", ENTERED[:1], schedule={"pauses": ["2023-02-09/2023-02-10"]}).readout()  # fmt: skip
        assert [day.day for day in each_day_over(readout)] == [7, 8, 11]

    @pytest.mark.parametrize(("moment", "weeks"), [("2023-01-29T23:59", 0), ("2023-01-30T00:00", 1), ("2023-02-05T23:59", 1), ("2023-02-06T00:00", 2)])  # fmt: skip
    def test_a_week_is_over_after_seven_days(self, moment: str, weeks: int) -> None:
        readout = world(moment).readout()
        metric = readout.plan.guardrail_metrics[0]
        assert weeks_over(readout, metric) == [date(2023, 1, 23), date(2023, 1, 30)][:weeks]

    @pytest.mark.parametrize(("first", "counted_from"), [(7, 7), (9, 9), (13, 13), (14, 7)])
    def test_weeks_of_a_stage_are_counted_from_the_first_row_of_its_first_week(
        self, first: int, counted_from: int
    ) -> None:
        plan = plan_of()
        row = Row("70%", "week", date(2023, 2, first), TREATMENT, "refund_rate", "", 1_000, sum=31.0)
        at = datetime.fromisoformat("2023-02-28T08:00:00-08:00")
        readout = World(plan, (row,), at, to="", stages=ENTERED[:1], registration=registered(plan)).readout()
        found = weeks_over(readout, plan.guardrail_metrics[0])
        assert found[0] == date(2023, 2, counted_from)
        assert found[-1] <= date(2023, 2, 21)

    @pytest.mark.parametrize(
        ("moment", "has_rows", "begun"),
        [
            ("2023-02-07T08:00", False, False),
            ("2023-02-07T08:01", False, False),
            ("2023-02-07T08:01", True, True),
            ("2023-02-07T08:00", True, False),
            ("2023-02-08T00:00", False, True),
        ],
    )
    def test_a_stage_has_begun_with_its_first_day_or_its_first_row(
        self, moment: str, has_rows: bool, begun: bool
    ) -> None:
        """Rows of another stage are none of it."""
        later = stage_world().but(as_of=datetime.fromisoformat(f"{moment}:00-08:00"))
        other = tuple(replace(row, stage="test") for row in later.rows)
        assert has_stage_begun(later.but(rows=later.rows if has_rows else other).readout()) is begun


def test_the_ends_of_a_stage_are_those_of_the_plan() -> None:
    def ends(stage: Readout) -> tuple[str, str]:
        return f"{stage.stage.begin:%m-%d %H:%M}", f"{stage.stage.end:%m-%d %H:%M}"

    assert ends(world("2023-01-25T00:00").readout()) == ("01-23 00:00", "02-06 00:00")
    assert ends(world("2023-01-19T00:00", canary=CANARY).readout()) == ("01-18 00:00", "01-21 00:00")
    by_hour = {"start": "2023-01-18T10:00:00-08:00", "end": "2023-01-20T12:00:00-08:00"}
    assert ends(world("2023-01-19T00:00", canary={**CANARY, **by_hour}).readout()) == (
        "01-18 10:00",
        "01-20 12:00",
    )


@pytest.mark.parametrize(("treated", "has_control"), [(None, True), (0.7, True), (0.999, True), (1.0, False)])
def test_a_stage_that_treats_everyone_has_no_control(treated: float | None, has_control: bool) -> None:
    stage = replace(readout_world().readout().stage, treated=treated)
    assert stage.has_control is has_control
