"""Which days a life has, what does not fit into a history, where lives begin, and who is in which variant."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from egp.advice.rehearsal.computed import weeks_in_a_row
from egp.advice.rehearsal.halves import split_of
from egp.advice.rehearsal.starts import salted, starts
from egp.advice.rehearsal.timeline import LifeStage, TimelineError, shortened, timeline

from .history import PLAN, plan

CANARY = PLAN.replace("ramp:", "canary: {treated: 5%, start: 2022-12-28, end: 2023-01-01}\nramp:")


def test_every_day_of_every_stage_is_called() -> None:
    life = timeline(plan(), 14)
    assert [(each.name, each.first, each.days, each.until) for each in life.stages] == [
        ("test", 0, 14, 16), ("70%", 16, 1, 17), ("80%", 17, 14, 31),
    ]  # fmt: skip
    assert [call.day for call in life.calls] == list(range(1, 32))
    assert [(call.day, call.move.name) for call in life.calls if call.move.kind != "monitor"] == [
        (16, "70%"),
        (17, "80%"),
    ]
    assert str(life.last) == "2023-02-01"


def test_a_canary_comes_before_the_test() -> None:
    life = timeline(plan(CANARY), 1)
    assert [(each.name, each.first, each.until) for each in life.stages][:2] == [
        ("canary", 0, 5),
        ("test", 5, 21),
    ]
    assert next(call.move.name for call in life.calls if call.move.kind != "monitor") == "test"
    split = split_of(plan(CANARY), life)
    ((first, end),) = split.stages["canary"]["new"]
    assert (first, end) == (0, split.buckets // 20)
    assert sum(end - first for first, end in split.stages["canary"]["control"]) == split.buckets - end


def test_the_last_stage_ends_with_the_holdout() -> None:
    life = timeline(plan(PLAN.replace("2023-03-31", "2023-01-24")), 14)
    assert str(life.last) == "2023-01-24"


@pytest.mark.parametrize(
    ("days", "stages", "left_out"),
    [
        (31, ["test", "70%", "80%"], ()),
        (20, ["test", "70%", "80%"], ()),
        (17, ["test", "70%"], ("the stage 80%",)),
        (16, ["test"], ("the stage 70%", "the stage 80%")),
        (15, None, None),
    ],
)
def test_what_history_is_too_short_for_is_left_out(days: int, stages: object, left_out: object) -> None:
    found = shortened(plan(), timeline(plan(), 14), days)
    assert (found and [each.name for each in found.stages], found and found.left_out) == (stages, left_out)
    assert found is None or found.days <= days


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("ramp: [{treated: 70%, min_dwell: 24h}, {treated: 80%, min_dwell: 24h}]", ""), "no ramp"),
        (("exposure: 100%,", "exposure: 100%, pauses: [2023-01-05/2023-01-06],"), "pauses"),
    ],
)
def test_what_cannot_be_laid_out(change: tuple[str, str], why: str) -> None:
    with pytest.raises(TimelineError, match=why):
        timeline(plan(PLAN.replace(*change)), 14)


@pytest.mark.parametrize("room", [0, 3, 7, 21, 42, 49])
def test_lives_begin_on_different_weekdays(room: int) -> None:
    first = date(2022, 11, 1)
    found = starts(first, first + timedelta(days=room), 7)
    assert len(found) == min(7, room + 1)
    assert found[0] == first
    assert found == sorted(set(found))
    assert found[-1] <= first + timedelta(days=room)
    assert len({day.weekday() for day in found}) >= min(6, len(found))


def test_few_starts_are_hashed_anew() -> None:
    days = [date(2022, 11, 1), date(2022, 11, 2)]
    found = salted(days, 1)
    assert len(found) == len({salt for _, salt in found}) == 6
    assert {day for day, _ in found} == set(days)
    assert salted(days, 1, 2) == found[:2]


def test_who_is_treated_stays_treated() -> None:
    split = split_of(plan(), timeline(plan(), 1))
    (_, treated), (_, next_stage) = split.stages["test"]["new"][0], split.stages["70%"]["new"][0]
    assert (treated / split.buckets, next_stage / split.buckets) == (0.5, 0.7)
    assert split.order(1, 3) == split.order(1, 3) != split.order(1, 4)


def test_weeks_are_counted_by_stage_unless_one_goes_on_where_the_other_ended() -> None:
    def stage(name: str, first: int, days: int) -> LifeStage:
        return LifeStage(name, first, days, first + days, None)

    assert weeks_in_a_row([stage("test", 0, 14), stage("70%", 15, 2), stage("90%", 17, 14)]) == [2, 2]
    assert weeks_in_a_row([stage("test", 0, 14), stage("90%", 14, 21)]) == [5]
    assert weeks_in_a_row([stage("test", 0, 6)]) == []
