"""What cannot be is refused with row and column, whatever else the file holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from egp.plan.experiment import Experiment
from egp.plan.results import RowRefusal
from tests.sources.results_folder import (
    STAGE_1,
    Cells,
    cohort,
    evidence,
    margin,
    page_load,
    plan_named,
    plan_with,
    sound_rows,
    week,
)


def refusal(folder: Path, row: Cells, plan: Experiment | None = None, **head: object) -> RowRefusal:
    """The one problem that a row has beside sound ones, which stay."""
    experiment = (plan or plan_named()).id or ""
    sound = sound_rows() if experiment == "pdp-buy-now" else [margin()]
    found = evidence(folder, [*sound, row], plan, experiment=experiment, **head)
    assert len(found.rows) == len(sound)
    (problem,) = found.problems
    assert problem.row == len(sound) + 1
    assert problem.line == len(sound) + 2
    return problem


REFUSED: list[tuple[str, Cells, str, str]] = [
    ("unknown stage", cohort(stage="tset"), "stage", "unknown stage `tset`, did you mean `test`?"),
    ("stage outside the ramp", cohort(stage="75%"), "stage", "unknown stage `75%`"),
    ("stage not entered", cohort(stage="70%"), "stage", "the stage 70% was not entered by then, or was withdrawn"),
    ("no canary in the plan", cohort(stage="canary"), "stage", "unknown stage `canary`"),
    ("unknown window", cohort(window="cohrt"), "window", "unknown window `cohrt`, did you mean `cohort`?"),
    ("unknown variant", cohort(variant="buynow"), "variant", "did you mean `buy_now`?"),
    ("no variant", cohort(variant=""), "variant", "it is empty"),
    ("unknown metric", cohort(metric="refunds"), "metric", "did you mean `refund_rate`?"),
    ("unknown segment", cohort(segment="country=us"), "segment", "unknown segment `country`"),
    ("first week of a cohort", cohort(segment="first_week"), "segment", "compares weeks of the same units"),
    ("no date", cohort(""), "date", "a row of window cohort needs a date"),
    ("no day of the calendar", cohort("2023-02-30"), "date", "not a date in the calendar"),
    ("a time for a date", cohort("2023-01-23T00:00:00"), "date", "a time where a date is meant"),
    ("before the test", cohort("2023-01-22"), "date", "2023-01-22 lies outside the test, 2023-01-23 to 2023-02-05"),
    ("after the test", cohort("2023-02-06"), "date", "2023-02-06 lies outside the test"),
    ("week past the end", week("2023-01-31"), "date", "the week from 2023-01-31 lies outside the test"),
    ("no through", cohort("2023-01-25", through=""), "through", "nobody can tell whether outcomes have matured"),
    ("through too early", cohort("2023-01-25", through="2023-01-24"), "through", "precedes 2023-01-25"),
    ("through the future", cohort("2023-01-25", through="2023-02-08"), "through", "was still to come"),
    ("through of a week", week(through="2023-02-06"), "through", "the outcomes of a week end with the week"),
    ("cohort of a quantile", page_load(window="cohort"), "window", "do not add up over cohorts"),
    ("total of a proportion", cohort("", window="total"), "window", "have to mature"),
    ("date of a total", page_load(window="total", through="2023-02-06"), "date", "a total has no date of its own"),
    ("no units", cohort("2023-01-25", units=""), "units", "it is empty"),
    ("negative units", cohort("2023-01-25", units=-1), "units", "-1 is no number of units"),
    ("half a unit", cohort("2023-01-25", units=1000.5), "units", "1000.5 is no number of units"),
    ("units with a separator", cohort("2023-01-25", units="1,000"), "units", "1,000 is not a finite number"),
    ("more units than can be", cohort("2023-01-25", units="1e30"), "units", "1e30 is no number of units"),
    ("not a number", cohort("2023-01-25", sum="nan"), "sum", "nan is not a finite number"),
    ("endless", cohort("2023-01-25", sum="inf"), "sum", "inf is not a finite number"),
    ("overflowing", cohort("2023-01-25", sum="1e999"), "sum", "1e999 is not a finite number"),
    ("a formula", cohort("2023-01-25", sum="=A1"), "sum", "=A1 is not a finite number"),
    ("no sum", cohort("2023-01-25", sum=""), "sum", "it is empty, and refund_rate is a proportion"),
    ("more conversions than units", cohort("2023-01-25", sum=1001), "sum", "1001 of 1,000 units"),
    ("negative conversions", cohort("2023-01-25", sum=-1), "sum", "-1 of 1,000 units"),
    ("half a conversion", cohort("2023-01-25", sum=0.5), "sum", "0.5 of 1,000 units"),
    ("squares of zeros and ones", cohort("2023-01-25", sum_squares=40), "sum_squares", "their own squares"),
    ("no squares of a mean", week("2023-01-30", sum_squares=""), "sum_squares", "cs_contacts is a mean"),
    ("squares too small", week("2023-01-30", sum_squares=1.7), "sum_squares", "1.7 is less than 1.764"),
    ("negative squares", week("2023-01-30", sum=0, sum_squares=-1), "sum_squares", "is negative"),
    ("sum of nobody", week("2023-01-30", units=0), "sum", "0 units have a sum other than 0"),
    ("denominator of a mean", week("2023-01-30", denominator_sum=5), "denominator_sum", "a mean, which has none"),
    ("value of a proportion", cohort("2023-01-25", value=0.03), "value", "a proportion, which has none"),
    ("half a covariate", cohort("2023-01-25", covariate_sum=5), "covariate_sum_squares", "other sums of the covariate"),
    (
        "covariate's squares too small",
        cohort("2023-01-25", covariate_sum=500, covariate_sum_squares=200, covariate_cross_sum=20),
        "covariate_sum_squares",
        "200 is less than 250",
    ),
    (
        "correlation past one",
        cohort("2023-01-25", covariate_sum=100, covariate_sum_squares=100, covariate_cross_sum=100),
        "covariate_cross_sum",
        "a correlation past 1",
    ),
    ("time without its unit", page_load(value=1900), "value", "1900 has no unit of time"),
    ("another unit", page_load(value="19%"), "value", "another unit than the plan's baseline, 1900ms"),
    ("unit that is none", page_load(value="1900 parsecs"), "value", "a unit egp does not know"),
    ("no standard error", page_load(standard_error=""), "standard_error", "p95_page_load is a quantile"),
    ("standard error of 0", page_load(standard_error="0ms"), "standard_error", "must be above 0"),
    ("negative standard error", page_load(standard_error="-3ms"), "standard_error", "must be above 0"),
    ("quantile of nobody", page_load(units=0), "units", "0 units have no quantile"),
]  # fmt: skip


@pytest.mark.parametrize("amount", ["10,800", "10.800,5", "0,25", "1 000", "1\u202f000", "1'000", "1_000"])
def test_a_number_with_separators_is_told_how_to_be_written(tmp_path: Path, amount: str) -> None:
    problem = refusal(tmp_path, cohort("2023-01-25", sum=amount))
    assert (
        problem.help
        == "write it without separators of thousands and with a decimal point, as in 18450 or 0.25"
    )


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-26", "0001-01-01", "2100-01-01"])
@pytest.mark.parametrize("row", [cohort, week])
def test_days_at_the_ends_of_the_calendar_are_refused_and_the_others_stay(
    tmp_path: Path, day: str, row: Callable[..., Cells]
) -> None:
    assert refusal(tmp_path, row(day)).column == "date"
    assert refusal(tmp_path, cohort("2023-01-25", through=day)).column == "through"


@pytest.mark.parametrize(
    ("row", "column", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_row_is_refused_at_its_column(tmp_path: Path, row: Cells, column: str, message: str) -> None:
    problem = refusal(tmp_path, row)
    assert problem.column == column
    assert message in problem.message
    assert problem.help


COVARIATE: Cells = {
    "covariate_sum": 10, "covariate_sum_squares": 20, "covariate_cross_sum": 5, "covariate_denominator_sum": 50,
    "covariate_denominator_sum_squares": 60, "covariates_cross_sum": 12, "covariate_denominator_cross_sum": 20,
    "denominator_covariate_cross_sum": 12, "denominators_cross_sum": 50,
}  # fmt: skip

RATIOS: list[tuple[str, Cells, str, str]] = [
    ("no denominator", margin(date="2023-09-12", denominator_sum=""), "denominator_sum", "is a ratio"),
    ("denominator's squares", margin(date="2023-09-12", denominator_sum_squares=99), "denominator_sum_squares", "99 is less than 100"),
    ("cross sum", margin(date="2023-09-12", cross_sum=5000), "cross_sum", "a correlation past 1"),
    ("half a covariate", margin(date="2023-09-12", covariate_sum=1), "covariate_sum_squares", "other sums of the covariate are not"),
    ("covariate's cross sum", margin(date="2023-09-12", **{**COVARIATE, "denominators_cross_sum": 5000}), "denominators_cross_sum", "a correlation past 1"),
    ("covariate's squares", margin(date="2023-09-12", **{**COVARIATE, "covariate_denominator_sum_squares": 1}), "covariate_denominator_sum_squares", "is less than"),
    (
        "segment of the metric",
        margin(date="2023-09-12", metric="precision_at_10_new_users", denominator_sum="", denominator_sum_squares="", cross_sum=""),
        "segment",
        "is measured on new_users, and the row is about all units",
    ),
    ("another segment", margin(date="2023-09-12", metric="precision_at_10_new_users", segment="device"), "segment", "not on device"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "column", "message"), [case[1:] for case in RATIOS], ids=[case[0] for case in RATIOS]
)
def test_row_of_a_ratio_or_a_segment_is_refused(
    tmp_path: Path, row: Cells, column: str, message: str
) -> None:
    problem = refusal(tmp_path, row, plan_named("ranking-model"), as_of="2023-09-15T08:00:00-07:00")
    assert (problem.column, message in problem.message) == (column, True), problem


def test_dates_of_a_stage_begin_with_its_entry(tmp_path: Path) -> None:
    row = cohort("2023-02-06", stage="70%", through="2023-02-09")
    problem = refusal(tmp_path, row, as_of="2023-02-10T08:00:00-08:00", stages=[STAGE_1])
    assert problem.message == "2023-02-06 lies outside the stage 70%, 2023-02-07 to 2023-02-10"


@pytest.mark.parametrize(
    ("as_of", "problems"),
    [
        ("2023-01-25T23:59:59-08:00", ["the day of 2023-01-25 was not over when the results were taken"]),
        ("2023-01-26T00:00:00-08:00", []),
        ("2023-01-26T08:00:00+00:00", []),
        ("2023-01-26T07:59:59Z", ["the day of 2023-01-25 was not over when the results were taken"]),
    ],
)
def test_a_day_is_over_at_midnight_in_the_plans_time_zone(
    tmp_path: Path, as_of: str, problems: list[str]
) -> None:
    found = evidence(tmp_path, [page_load("2023-01-25")], as_of=as_of)
    assert [problem.message for problem in found.problems] == problems
    assert len(found.rows) == 1 - len(problems)


def test_a_week_is_over_after_seven_days(tmp_path: Path) -> None:
    found = evidence(tmp_path, [week("2023-01-23")], as_of="2023-01-29T23:59:00-08:00")
    assert [problem.column for problem in found.problems] == ["date"]
    assert not evidence(tmp_path, [week("2023-01-23")], as_of="2023-01-30T00:00:00-08:00").problems


def test_day_to_come(tmp_path: Path) -> None:
    rows = [cohort("2023-01-25", through="2023-01-25"), cohort("2023-01-26", through="2023-01-26")]
    found = evidence(tmp_path, rows, as_of="2023-01-25T12:00:00-08:00")
    assert [row.date.isoformat() for row in found.rows if row.date] == ["2023-01-25"]
    assert [problem.message for problem in found.problems] == [
        "2023-01-26 was still to come when the results were taken"
    ]


def test_exposure_in_a_pause(tmp_path: Path) -> None:
    plan = plan_with("pauses: []", "pauses: [2023-01-28/2023-01-29]")
    assert "lies in a pause" in refusal(tmp_path, cohort("2023-01-29"), plan).message


def test_two_rows_about_the_same_are_both_refused(tmp_path: Path) -> None:
    rows = sound_rows()
    found = evidence(tmp_path, [*rows, {**rows[0], "sum": 32}])
    (problem,) = found.problems
    assert problem.row == len(rows) + 1
    assert problem.message.startswith("this row and row 1 are both about the same stage")
    assert len(found.rows) == len(rows) - 1


def test_a_cohort_has_the_same_units_for_every_metric(tmp_path: Path) -> None:
    rows = sound_rows()
    rows[1]["units"] = 990
    found = evidence(tmp_path, rows)
    (problem,) = found.problems
    assert (problem.row, problem.column) == (2, "units")
    assert (
        "cs_contacts counts 990 units of control first exposed on 2023-01-23, refund_rate 1,000"
        in problem.message
    )
    assert len(found.rows) == len(rows) - 2, "which of the two is right is not guessed"


def test_weeks_do_not_overlap(tmp_path: Path) -> None:
    found = evidence(tmp_path, [week("2023-01-23"), week("2023-01-29"), week("2023-01-29", "buy_now")])
    (problem,) = found.problems
    assert problem.message == "the week from 2023-01-29 overlaps the week from 2023-01-23"
    assert [row.variant for row in found.rows] == ["buy_now"]
