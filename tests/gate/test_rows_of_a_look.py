"""Which days' rows a look rests on: those that are there, those that count nobody, those that are counted to their end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from egp.gate.looks import (
    Gap,
    due_look,
    gaps,
    immature_days,
    is_last_look_open,
    last_judged_day,
    maturity,
    open_look,
)
from egp.gate.rows import cumulative_rows, ends_with, metrics_in_totals
from egp.plan.results import Row
from egp.stats.values import replace

from .test_peeking import LOOKS, sequential
from .test_totals import UNWINDOWED, in_totals
from .worlds import CONTROL, DAY, TREATMENT, World, readout_world, stage_world

PRIMARY, REFUNDS = "add_to_cart_rate", "refund_rate"
FRIDAY, SUNDAY = date(2023, 2, 3), date(2023, 2, 5)


def found(world: World) -> list[Gap]:
    return list(gaps(world.readout(), 0))


def emptied(days: int, windows: tuple[str, ...] = ("cohort",)) -> World:
    """Rows of the last days count nobody."""

    def empty(row: Row) -> Row:
        is_late = row.date is not None and row.date > SUNDAY - days * DAY
        return replace(row, units=0, sum=0.0) if is_late and row.window in windows else row

    return readout_world().mapped(empty)


@pytest.mark.parametrize(("days", "gap"), [(0, 0), (1, 0), (2, 0), (3, 3), (14, 14)])
def test_two_days_may_be_quiet_at_the_end_and_three_are_filled_in(days: int, gap: int) -> None:
    lacking = found(emptied(days, ("cohort", "day")))
    assert {(each.is_filled_in, len(each.days)) for each in lacking} == ({(True, gap)} if gap else set())
    if gap:
        assert [each.days[0] for each in lacking] == [SUNDAY - (gap - 1) * DAY] * 2
        assert [each.days for each in lacking] == [sorted(each.days) for each in lacking]


@pytest.mark.parametrize(
    ("sign", "is_alive"),
    [
        ({"window": "day"}, True),
        ({"window": "day", "metric": PRIMARY}, True),
        ({"window": "cohort", "metric": PRIMARY}, True),
        ({"window": "cohort"}, False),  # another metric's first exposures
        ({"window": "week"}, False),
        ({"window": "day", "units": 0}, False),
        ({"window": "day", "stage": "70%"}, False),
    ],
)
def test_units_that_come_back_are_a_sign_of_life_and_first_exposures_of_the_primary(
    sign: dict[str, Any], is_alive: bool
) -> None:
    world = emptied(4, ("cohort", "day"))
    row = replace(Row("test", "day", SUNDAY, CONTROL, REFUNDS, "", 500, sum=1.0), **sign)
    assert bool(found(world.but(rows=(*world.rows, row)))) is not is_alive


@pytest.mark.parametrize(
    ("variant", "missing", "says"),
    [
        (CONTROL, [SUNDAY], [(CONTROL, 1)]),
        (TREATMENT, [FRIDAY, SUNDAY], [(TREATMENT, 2)]),
        ("", [date(2023, 1, 23)], [(CONTROL, 1), (TREATMENT, 1)]),
        ("", [], []),
        ("", [SUNDAY + DAY], []),
    ],
)
def test_every_judged_day_has_a_cohort_of_every_variant(
    variant: str, missing: list[date], says: list[tuple[str, int]]
) -> None:
    world = readout_world().without(
        lambda row: (
            row.metric == PRIMARY
            and row.window == "cohort"
            and row.date in missing
            and variant in ("", row.variant)
        )
    )
    assert [(each.variant, len(each.days)) for each in found(world)] == says
    assert not any(each.is_filled_in for each in found(world))


@pytest.mark.parametrize(
    ("through", "absent"), [(SUNDAY, 0), (SUNDAY + DAY, 0), (SUNDAY - DAY, 1), (FRIDAY, 2)]
)
def test_a_total_reaches_the_day_through_which_it_is_counted(through: date, absent: int) -> None:
    world = in_totals(readout_world(guardrail_metrics=UNWINDOWED), through)
    assert [len(each.days) for each in found(world)] == ([absent] * 2 if absent else [])


def test_in_the_ramp_nothing_of_the_test_is_required() -> None:
    assert found(stage_world()) == []


@pytest.mark.parametrize(
    ("moment", "taken", "last", "due", "opened"),
    [
        ("2023-02-05T23:59", None, 5, None, None),
        ("2023-02-06T00:00", None, 5, 0, 0),
        ("2023-02-06T00:00", None, 4, 0, None),
        ("2023-02-19T23:59", None, 18, 0, 0),
        ("2023-02-20T00:00", None, 19, 1, 1),
        ("2023-02-20T00:00", None, 18, 1, 0),
        ("2023-02-20T00:00", "2023-02-19T23:59", 19, 1, 0),
        ("2023-02-06T12:00", "2023-02-05T23:59", 5, 0, None),
    ],
)
def test_a_look_is_due_by_the_calendar_and_open_by_what_was_seen(
    moment: str, taken: str | None, last: int, due: int | None, opened: int | None
) -> None:
    world = sequential(0.125, f"{moment}:00-08:00", date(2023, 2, last), LOOKS)
    if taken:
        world = world.but(taken=datetime.fromisoformat(f"{taken}:00-08:00"))
    readout = world.readout()
    assert (due_look(readout), open_look(readout)) == (due, opened)
    assert is_last_look_open(readout) is (opened == 1)


@pytest.mark.parametrize(
    ("changes", "last", "matures"),
    [
        ({}, date(2023, 1, 29), date(2023, 2, 6)),
        ({"judged_on": "all_units"}, SUNDAY, date(2023, 2, 13)),
        ({"outcome_window": None, "judged_on": None}, SUNDAY, date(2023, 2, 6)),
        ({"outcome_window": "1d"}, date(2023, 2, 4), date(2023, 2, 6)),
    ],
)
def test_a_matured_cohort_ends_before_the_look_by_its_window(
    changes: dict[str, Any], last: date, matures: date
) -> None:
    readout = readout_world(guardrail_metrics={0: changes}).readout()
    metric = readout.plan.guardrail_metrics[0]
    assert (last_judged_day(readout, metric), maturity(readout, metric).date()) == (last, matures)


@pytest.mark.parametrize(
    ("through", "immature"),
    [
        (date(2023, 2, 5), []),
        (date(2023, 2, 4), [29]),
        (date(2023, 2, 3), [28, 29]),
        (date(2023, 1, 29), [23, 24, 25, 26, 27, 28, 29]),
        (None, [23, 24, 25, 26, 27, 28, 29]),
    ],
)
def test_outcomes_are_counted_to_the_end_of_their_window(through: date | None, immature: list[int]) -> None:
    world = readout_world().mapped(
        lambda row: replace(row, through=through) if row.metric == REFUNDS and row.through else row
    )
    readout = world.readout()
    days = immature_days(readout, readout.plan.guardrail_metrics[0])
    assert [day.day for day in days] == immature


class TestTotals:
    @pytest.mark.parametrize(
        ("through", "until", "is_all"),
        [
            (None, SUNDAY, False),
            (SUNDAY, SUNDAY, True),
            (SUNDAY - DAY, SUNDAY, False),
            (SUNDAY + DAY, SUNDAY, True),  # exposure is over, and outcomes go on
            (SUNDAY, SUNDAY - DAY, False),
        ],
    )
    def test_a_total_is_of_the_units_by_a_day(self, through: date | None, until: date, is_all: bool) -> None:
        readout = readout_world().readout()
        total = Row("test", "total", None, CONTROL, REFUNDS, "", 9, sum=1.0, through=through)
        assert ends_with(readout, total, until) is is_all

    def test_in_a_stage_without_an_end_a_later_total_holds_others(self) -> None:
        total = Row("70%", "total", None, CONTROL, REFUNDS, "", 9, sum=1.0, through=date(2023, 2, 9))
        assert not ends_with(stage_world().readout(), total, date(2023, 2, 8))
        assert ends_with(stage_world().readout(), total, date(2023, 2, 9))

    @pytest.mark.parametrize(("until", "rows"), [(None, 14), (SUNDAY, 14), (SUNDAY - DAY, 13), (date(2023, 1, 22), 0)])  # fmt: skip
    def test_cohorts_up_to_a_day(self, until: date | None, rows: int) -> None:
        readout = readout_world().readout()
        metric = readout.plan.guardrail_metrics[0]
        assert len(cumulative_rows(readout, metric, CONTROL, until)) == rows

    def test_metrics_of_totals_alone_are_those_without_a_cohort_in_the_stage(self) -> None:
        assert metrics_in_totals(readout_world().readout()) == {"p95_page_load"}
        world = in_totals(readout_world(guardrail_metrics=UNWINDOWED))
        assert metrics_in_totals(world.readout()) == {PRIMARY, REFUNDS, "cs_contacts", "p95_page_load"}
        cohort = Row("test", "cohort", SUNDAY, CONTROL, REFUNDS, "", 9, sum=1.0)
        both = world.but(rows=(*world.rows, cohort))
        assert REFUNDS not in metrics_in_totals(both.readout())
        elsewhere = world.but(rows=(*world.rows, replace(cohort, stage="70%")))
        assert REFUNDS in metrics_in_totals(elsewhere.readout())
