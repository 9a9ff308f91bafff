"""When something was last heard of a variant, and which days are listed as missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from egp.gate.checks.complete_data import SignsOfLife, _listed, _stage_of
from egp.plan.results import About, Row, RowRefusal
from egp.stats.values import replace

from .worlds import CONTROL, DAY, TREATMENT, World, entry, plan_of, registered

BEGIN = datetime.fromisoformat("2023-02-07T08:00:00-08:00")
TUESDAY = date(2023, 2, 7)


def row(day: date | None, units: int = 10, window: Any = "cohort", variant: str = TREATMENT, stage: str = "70%", through: date | None = None, metric: str = "m") -> Row:  # fmt: skip
    return Row(stage, window, day, variant, metric, "", units, sum=1.0, through=through)


def refusal(**about: Any) -> RowRefusal:
    said = {"stage": "70%", "window": "cohort", "date": TUESDAY + DAY, "variant": TREATMENT, "metric": "m"}
    return RowRefusal("r.csv", 1, 1, "units", "no", "again", about=(About(**{**said, **about}),))


def life(
    *rows: Row,
    hours: float = 96,
    problems: tuple[RowRefusal, ...] = (),
    more: Mapping[str, Any] | None = None,
) -> SignsOfLife | None:
    plan = plan_of()
    world = World(plan, rows, BEGIN + timedelta(hours=hours), to="", stages=(entry(0.7, BEGIN.isoformat()),), registration=registered(plan), more={"problems": problems, **(more or {})})  # fmt: skip
    return SignsOfLife.of(world.readout())


def hours_of(moment: datetime) -> float:
    return (moment - BEGIN) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("rows", "heard"),
    [
        ([], 0),
        ([row(TUESDAY)], 16),  # the end of the day of entry
        ([row(TUESDAY, units=0)], 0),
        ([row(TUESDAY, variant=CONTROL)], 0),
        ([row(TUESDAY, stage="test")], 0),
        ([row(None, window="total")], 0),
        ([row(TUESDAY), row(TUESDAY + DAY)], 40),
        ([row(TUESDAY + DAY), row(TUESDAY)], 40),
        ([row(TUESDAY, window="day")], 16),
        ([row(TUESDAY, window="week")], 96),  # a week ends after now
        ([row(TUESDAY - 6 * DAY, window="week")], 16),
        ([row(TUESDAY - 7 * DAY, window="week")], 0),
        ([row(TUESDAY + 9 * DAY)], 96),
    ],
)
def test_the_end_of_the_last_day_with_units(rows: list[Row], heard: float) -> None:
    found = life(*rows, row(TUESDAY, variant=CONTROL))
    assert found is not None
    assert hours_of(found.heard(TREATMENT)) == heard


@pytest.mark.parametrize(
    ("about", "heard"),
    [
        ({}, 40),
        ({"stage": ""}, 40),
        ({"variant": ""}, 40),
        ({"stage": "test"}, 16),
        ({"variant": CONTROL}, 16),
        ({"window": "week"}, 96),
        ({"window": ""}, 96),
        ({"date": None}, 96),  # it may have been of any day
        ({"date": TUESDAY}, 16),
        ({"date": TUESDAY - DAY}, 96),  # a day that cannot be is misread
        ({"date": TUESDAY + 4 * DAY}, 96),
        ({"date": TUESDAY + 5 * DAY}, 96),
    ],
)
def test_a_refused_row_is_no_silence_on_the_days_that_it_is_about(
    about: dict[str, Any], heard: float
) -> None:
    found = life(row(TUESDAY), problems=(refusal(**about),))
    assert found is not None
    assert hours_of(found.heard(TREATMENT)) == heard


@pytest.mark.parametrize(
    ("through", "hours", "counted"),
    [
        (None, 400, 16),
        (TUESDAY, 400, 16),
        (TUESDAY + DAY, 400, 40),
        (TUESDAY + 7 * DAY, 400, 16 + 7 * 24),
        (TUESDAY + 8 * DAY, 400, 16 + 7 * 24),  # a week, and no longer
    ],
)
def test_outcomes_that_are_still_counted_are_a_life_sign_for_a_week(
    through: date | None, hours: float, counted: float
) -> None:
    found = life(row(TUESDAY, through=through), hours=hours)
    assert found is not None
    assert hours_of(found.counted(TREATMENT)) == counted


@pytest.mark.parametrize(
    ("rows", "has_problems", "is_known"),
    [([], False, True), ([], True, False), ([row(TUESDAY)], True, True), ([row(TUESDAY)], False, True)],
)
def test_where_nothing_can_be_read_nothing_is_said(
    rows: list[Row], has_problems: bool, is_known: bool
) -> None:
    assert (life(*rows, problems=(refusal(),) if has_problems else ()) is not None) is is_known


@pytest.mark.parametrize(
    ("rows", "units"),
    [
        ([], 0),
        ([row(TUESDAY)], 0),  # before it
        ([row(TUESDAY + DAY, 7), row(TUESDAY + 2 * DAY, 8)], 15),
        ([row(TUESDAY + DAY, 7), row(TUESDAY + DAY, 9, metric="n")], 9),  # the same units
        ([row(TUESDAY + DAY, 7, "day"), row(TUESDAY + 2 * DAY, 8, "day")], 8),  # they may be the same
        ([row(TUESDAY + DAY, 7), row(TUESDAY + DAY, 20, "week")], 20),
        ([row(TUESDAY + DAY, 7), row(TUESDAY + 2 * DAY, 8), row(TUESDAY + DAY, 9, "day")], 15),
    ],
)
def test_so_many_units_came_at_least(rows: list[Row], units: int) -> None:
    found = life(*rows, row(None, 99, "total"), row(TUESDAY + DAY, 50, variant=CONTROL))
    assert found is not None
    assert found._units_after(TREATMENT, BEGIN + timedelta(hours=16)) == units


@pytest.mark.parametrize(
    ("last", "of_other", "hours", "is_silent"),
    [
        (0, 3, 16 + 48, False),
        (0, 3, 16 + 49, True),
        (0, 2, 16 + 49, True),
        (0, 1, 16 + 49, True),  # half of the time
        (0, 0, 16 + 49, False),
        (0, 1, 16 + 24 + 48, True),
        (0, 1, 16 + 24 + 49, False),  # the other is silent, too
    ],
)
def test_silent_is_one_that_is_not_heard_of_while_the_other_speaks(
    last: int, of_other: int, hours: float, is_silent: bool
) -> None:
    days = [row(TUESDAY + at * DAY, 500, variant=CONTROL) for at in range(of_other + 1)]
    found = life(*days, *(row(TUESDAY + at * DAY, 500) for at in range(last + 1)), hours=hours)
    assert found is not None
    assert found.is_silent(TREATMENT, CONTROL, timedelta(hours=48)) is is_silent


@pytest.mark.parametrize(
    ("beyond", "hours", "may_be"),
    [
        (None, 12, False),  # all rows are known to be there
        ({}, 12, True),
        ({("70%", TREATMENT): date.min}, 12, True),
        ({("70%", TREATMENT): TUESDAY - DAY}, 12, True),  # nothing of the stage is beyond doubt
        ({("70%", TREATMENT): TUESDAY}, 12, False),  # 16 hours without a row, and the file goes on
        ({("70%", TREATMENT): TUESDAY}, 16, True),
        ({("70%", CONTROL): TUESDAY}, 12, True),
        ({("70%", TREATMENT): date.max}, 16, False),
    ],
)
def test_a_variant_is_cut_off_where_it_is_not_silent_in_what_the_file_surely_has(
    beyond: Mapping[tuple[str, str], date] | None, hours: int, may_be: bool
) -> None:
    found = life(row(TUESDAY, 500, variant=CONTROL), hours=26)
    assert found is not None
    readout = found.readout
    evidence = replace(readout.evidence, read_beyond=beyond)
    found = replace(found, readout=replace(readout, evidence=evidence))
    assert found.may_be_cut_off(TREATMENT, CONTROL, timedelta(hours=hours)) is may_be


@pytest.mark.parametrize(
    ("days", "listed"),
    [
        ((1,), "2023-02-01"),
        ((1, 2), "2023-02-01 and 2023-02-02"),
        ((1, 2, 3), "2023-02-01 to 2023-02-03"),
        ((1, 2, 4), "2023-02-01, 2023-02-02 and 2023-02-04"),
        ((1, 2, 4, 5), "2023-02-01, 2023-02-02, 2023-02-04 and 1 day more"),
        ((1, 3, 5, 7, 9), "2023-02-01, 2023-02-03, 2023-02-05 and 2 days more"),
    ],
)
def test_days_are_listed_as_from_and_to_or_the_first_three(days: tuple[int, ...], listed: str) -> None:
    assert _listed([date(2023, 2, day) for day in days]) == listed


@pytest.mark.parametrize(
    ("written", "stage"),
    [("test", "test"), ("canary", "canary"), ("70%", "70%"), ("0.7", "70%"), ("soon", ""), ("170%", "")],
)
def test_a_stage_is_spelt_as_rows_spell_it(written: str, stage: str) -> None:
    assert _stage_of(written) == stage
