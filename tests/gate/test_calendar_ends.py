"""No date is so far away that the gate ends in a traceback: it refuses the date, or judges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from egp.gate.clock import after, day_end, elapsed, instant
from egp.plan.results import Row
from egp.stats.values import replace

from .worlds import readout_world, stage_world

ENDS = [
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
]


@pytest.mark.parametrize("moment", ENDS)
@pytest.mark.parametrize("asked", ["test", "70%", ""])
def test_the_gate_judges_as_of_any_instant(moment: datetime, asked: str) -> None:
    assert readout_world().but(as_of=moment, to=asked).decide().crashes == ()
    assert stage_world().but(as_of=moment, to=asked).decide().crashes == ()


@pytest.mark.parametrize("day", [date.min, date.max, date(9999, 12, 26)])
@pytest.mark.parametrize("column", ["date", "through"])
def test_the_checks_judge_rows_of_any_day(day: date, column: str) -> None:
    def moved(row: Row) -> Row:
        is_one = (row.window, row.variant) == ("cohort", "control") and row.date == date(2023, 1, 25)
        return replace(row, **{column: day}) if is_one else row

    decision = readout_world().mapped(moved).decide()
    assert decision.crashes == ()
    assert decision.verdict == "hold" or column == "through"


@pytest.mark.parametrize("moment", ENDS)
def test_clocks_go_no_further_than_the_calendar(moment: datetime) -> None:
    assert instant(moment, UTC) is not None
    assert after(moment, timedelta(days=400)) <= datetime.max.replace(tzinfo=moment.tzinfo)
    assert after(moment, timedelta(days=-400)) >= datetime.min.replace(tzinfo=moment.tzinfo)
    assert day_end(moment.date(), UTC) >= day_end(date.min, UTC)
    assert elapsed(moment, moment) == timedelta()


def test_time_between_clocks_is_real_time() -> None:
    noon = datetime(2023, 3, 12, 12, tzinfo=UTC)
    assert elapsed(noon, noon.astimezone(timezone(timedelta(hours=-8))) + timedelta(hours=3)) == timedelta(
        hours=3
    )
