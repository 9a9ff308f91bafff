"""Rows that are read by columns are the rows that are read one by one: the same evidence, refusals and verdict."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from egp.gate.clock import instant, zone_of
from egp.gate.move import MONITOR
from egp.gate.readout import Readout
from egp.gate.verdict import Decision, decide
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.results import COLUMNS, FIRST_WEEK, Evidence, Row
from egp.record.sources import ResultsError, batches, sizes, tabular
from egp.record.sources.file import read_evidence
from egp.record.sources.large import rows as large_rows
from egp.yaml import read_file
from tests.sources.results_folder import header

KINDS = Path(__file__).parent / "kinds.yaml"
AS_OF = "2023-03-20T09:00:00-07:00"
DAYS = [date(2023, 3, 6) + timedelta(day) for day in range(4)]
VARIANTS = ("control", "buy_now")
SEGMENTS = ("", "new_users", "device=phone", "device=desk", "device=tv")
GARBAGE = [
    "nan", "inf", "-1", "1e400", "1e5", "10,800", "0,5", "+5", "5.0", ".5", "5.", "0.5", "10 800", "-0", "1_000", "control;", "Test", "½", "0",
    "9999-12-31", "2023-02-30", "2023-03-07", "20230307", "2023-03-07T00:00:00", "12ms", "1.5s", "70%", "total", "week", "", " ", "1" * 30,
]  # fmt: skip
SLOW = settings(
    max_examples=80,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

Cells = list[str]


@cache
def plan_of(is_clustered: bool = False) -> Experiment:
    value = read_file(KINDS)[0].value
    assert isinstance(value, dict)
    plan, problems = read_experiment({**value, "analysis_unit": "session"} if is_clustered else value)
    assert not problems
    return plan


def sound(draw: random.Random, is_clustered: bool) -> list[Cells]:
    """Rows in which nothing is wrong, of every kind and window."""
    return [
        [str(row.get(name, "")) for name in COLUMNS]
        for segment in SEGMENTS
        for day in DAYS
        for variant in VARIANTS
        for row in _of_day(draw, day, variant, segment, is_clustered)
    ]


def _of_day(
    draw: random.Random, day: date, variant: str, segment: str, is_clustered: bool
) -> Iterator[dict[str, object]]:
    units = draw.choice((0, 1, draw.randint(2, 5000)))
    row = {"stage": "test", "date": day, "variant": variant, "segment": segment, "units": units}
    for _, metric in plan_of(is_clustered).metrics:
        if metric.segment not in (None, segment) or (metric.id == "new_revenue" and segment == ""):
            continue
        values = [float(draw.randint(0, 2)) for _ in range(min(units, 3))]
        others = [float(draw.randint(2, 4)) for _ in values]
        sums: dict[str, object] = {"sum": sum(values), "sum_squares": sum(each**2 for each in values)}
        pairs = {
            "denominator_sum": sum(others), "denominator_sum_squares": sum(each**2 for each in others),
            "cross_sum": sum(one * other for one, other in zip(values, others, strict=True)),
        }  # fmt: skip
        if metric.kind == "quantile":
            if units:
                speed = {
                    "value": f"{draw.randint(800, 2000)}ms",
                    "standard_error": draw.choice(("4ms", "0.01s")),
                }
                yield {**row, **speed, "window": "day", "metric": metric.id}
            continue
        if metric.kind == "proportion" and not is_clustered:
            sums = {"sum": draw.randint(0, units)}
        elif metric.kind in ("ratio", "proportion"):
            sums |= pairs
        of_cohort = {"window": "cohort", "metric": metric.id, "through": date(2023, 3, 19)}
        yield {**row, **sums, **of_cohort}
        if day in (DAYS[0],) and metric.kind == "mean":
            yield {**row, **sums, "window": "week", "metric": metric.id}


def as_csv(rows: list[Cells], eol: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=eol).writerows([[*COLUMNS], *rows])
    return text.getvalue()


@contextmanager
def only(by_columns: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        if by_columns:
            patch.setattr(tabular, "FEW_BYTES", 0)
            patch.setattr(tabular, "FEW_ROWS", 0)
            patch.setattr(batches, "_BLOCK", 5000)
            patch.setattr(batches, "_ROWS", 90)
            patch.setattr(large_rows, "_AT_ONCE", 100)
        else:
            patch.setattr(tabular, "FEW_BYTES", sizes.LARGE_BYTES)
            patch.setattr(tabular, "FEW_ROWS", sizes.LARGE_ROWS)
        yield


def read(folder: Path, name: str, plan: Experiment, more: str = "") -> Evidence | str:
    text = header("every-kind", AS_OF, more=f"aggregates: {name}\n{more}")
    (folder / "results.yaml").write_text(text, encoding="utf-8")
    try:
        return read_evidence(str(folder / "results.yaml"), plan, str(folder))
    except ResultsError as error:
        return "; ".join(f"{each.message} {each.help}" for each in error.failures)


def require_alike(
    folder: Path, name: str, plan: Experiment, monkeypatch: pytest.MonkeyPatch, more: str = ""
) -> Evidence | str:
    """What is read by columns, once it is known to be what is read one by one."""
    with only(False, monkeypatch):
        one_by_one = read(folder, name, plan, more)
    with only(True, monkeypatch):
        by_columns = read(folder, name, plan, more)
    if isinstance(one_by_one, str) or isinstance(by_columns, str):
        assert one_by_one == by_columns
        return by_columns
    assert by_columns.problems == one_by_one.problems
    assert by_columns.digest == one_by_one.digest
    assert by_columns.read_beyond == one_by_one.read_beyond
    segments = {"", FIRST_WEEK, *(metric.segment for _, metric in plan.metrics)}
    compared = tuple(each for each in one_by_one.rows if each.segment in segments)
    assert by_columns.rows == (compared if by_columns.of_segments else one_by_one.rows)
    assert decision(plan, by_columns) == decision(plan, one_by_one)
    return by_columns


def decision(plan: Experiment, evidence: Evidence) -> Decision:
    return decide(
        Readout(plan=plan, evidence=evidence, move=MONITOR, as_of=instant(evidence.as_of, zone_of(plan)))
    )


Change = Callable[[random.Random, list[Cells]], object]


def garble(draw: random.Random, rows: list[Cells]) -> None:
    rows[draw.randrange(len(rows))][draw.randrange(len(COLUMNS))] = draw.choice(GARBAGE)


def garble_a_column(draw: random.Random, rows: list[Cells]) -> None:
    at, begin, text = draw.randrange(len(COLUMNS)), draw.randrange(len(rows)), draw.choice(GARBAGE)
    for row in rows[begin : begin + draw.randrange(20)]:
        row[at] = text


def copy_a_cell(draw: random.Random, rows: list[Cells]) -> None:
    at = draw.randrange(len(COLUMNS))
    draw.choice(rows)[at] = draw.choice(rows)[at]


def repeat(draw: random.Random, rows: list[Cells]) -> None:
    rows.insert(draw.randrange(len(rows)), [*draw.choice(rows)])


def count_otherwise(draw: random.Random, rows: list[Cells]) -> None:
    row = draw.choice(rows)
    row[[*COLUMNS].index("units")] = str(draw.randint(0, 6000))


def move_a_week(draw: random.Random, rows: list[Cells]) -> None:
    weeks = [row for row in rows if "week" in row]
    if weeks:
        row = [*draw.choice(weeks)]
        row[[*COLUMNS].index("date")] = "2023-03-08"
        rows.append(row)


def total(draw: random.Random, rows: list[Cells]) -> None:
    names = [*COLUMNS]
    for metric in ("revenue", "wait"):
        cohorts = [
            row
            for row in rows
            if row[1] == "cohort" and row[4] == metric and row[3] == "control" and not row[5]
        ]
        row = ["test", "total", "", "control", metric, *[""] * (len(names) - 5)]
        row[names.index("through")] = "2023-03-19"
        for name in ("units", "sum", "sum_squares"):
            at = names.index(name)
            try:
                summed = sum(float(each[at]) for each in cohorts)
            except ValueError:
                return
            row[at] = f"{summed:.0f}"
        if draw.random() < 0.5:
            row[names.index("sum_squares")] += "9"
        rows.append(row)


def shuffle(draw: random.Random, rows: list[Cells]) -> None:
    draw.shuffle(rows)


def cut(draw: random.Random, rows: list[Cells]) -> None:
    del rows[draw.randint(1, len(rows)) :]


def short(draw: random.Random, rows: list[Cells]) -> None:
    del draw.choice(rows)[-1]


CHANGES: list[Change] = [
    garble, garble, garble_a_column, copy_a_cell, repeat, count_otherwise, move_a_week, total, shuffle, cut, short,
]  # fmt: skip


@SLOW
@given(
    st.builds(random.Random, st.integers(0, 10**9)),
    st.lists(st.sampled_from(CHANGES), max_size=4),
    st.booleans(),
    st.data(),
)
def test_csv_by_columns_is_csv_row_by_row(
    tmp_path: Path, draw: random.Random, changes: list[Change], is_clustered: bool, data: Any
) -> None:
    rows = sound(draw, is_clustered)
    for change in changes:
        change(draw, rows)
    text = as_csv(rows, data.draw(st.sampled_from(["\n", "\r\n"])))
    end = data.draw(st.sampled_from([None, None, -1, -9]))
    begin = data.draw(st.sampled_from(["", "\ufeff"]))
    more = data.draw(st.sampled_from(["", f"row_count: {len(rows)}"]))
    (tmp_path / "rows.csv").write_bytes((begin + text[:end]).encode())
    with pytest.MonkeyPatch.context() as patch:
        require_alike(tmp_path, "rows.csv", plan_of(is_clustered), patch, more)


@SLOW
@given(
    st.builds(random.Random, st.integers(0, 10**9)),
    st.lists(st.sampled_from(CHANGES[:-1]), max_size=3),
    st.booleans(),
)
def test_parquet_by_columns_is_parquet_row_by_row(
    tmp_path: Path, draw: random.Random, changes: list[Change], has_types: bool
) -> None:
    rows = sound(draw, False)
    for change in changes:
        change(draw, rows)
    columns = {
        name: pa.array([row[at] or None for row in rows], pa.string()) for at, name in enumerate(COLUMNS)
    }
    if has_types:
        columns = {name: _typed(name, cells) for name, cells in columns.items()}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "rows.parquet", row_group_size=97)
    with pytest.MonkeyPatch.context() as patch:
        require_alike(tmp_path, "rows.parquet", plan_of(), patch)


def _typed(name: str, cells: Any) -> Any:
    """The type that a warehouse would give the column, where its cells allow it."""
    kinds = {
        "units": pa.int64(),
        "date": pa.date32(),
        "through": pa.date32(),
        "sum": pa.float64(),
        "sum_squares": pa.decimal128(30, 4),
    }
    try:
        return cells.cast(kinds.get(name, pa.dictionary(pa.int32(), pa.string())))
    except pa.ArrowInvalid:
        return cells


@pytest.mark.parametrize("change", ['"{}"', "\n\n", "\r", '"a\nb"', 'a"b', '"a"b'])
def test_csv_whose_lines_are_not_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    rows = sound(random.Random(1), False)
    text = as_csv(rows).replace("revenue", change.format("revenue"), 1)
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8", newline="")
    require_alike(tmp_path, "rows.csv", plan_of(), monkeypatch)


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"stage,stage\n", b"stage,units\nW\xe4,1\n", b"stage;window\n1;2\n", b"\xff\xfes\0"],
)
def test_csv_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    (tmp_path / "rows.csv").write_bytes(content)
    assert isinstance(require_alike(tmp_path, "rows.csv", plan_of(), monkeypatch), str)


@pytest.mark.parametrize("column", ["user_id", "std", "nonsense", "sum_sqares"])
def test_columns_that_mean_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    rows = [[*row, "7"] for row in sound(random.Random(1), False)]
    text = as_csv(rows).replace("through", f"through,{column}", 1)
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    require_alike(tmp_path, "rows.csv", plan_of(), monkeypatch)


def test_rows_of_one_unit_each_are_rows_of_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sound(random.Random(1), False)
    for row in rows:
        row[[*COLUMNS].index("units")] = "1"
    (tmp_path / "rows.csv").write_text(as_csv(rows), encoding="utf-8")
    found = require_alike(tmp_path, "rows.csv", plan_of(), monkeypatch)
    assert isinstance(found, Evidence)
    assert [each.message for each in found.problems] == [
        "every row has 1 unit: these are rows of users, not aggregates"
    ]


def test_where_very_many_rows_are_wrong_the_first_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_rows, "MOST_SINGLY", 3)
    rows = sound(random.Random(1), False)
    for row in rows[5:9]:
        row[0] = "tset"
    (tmp_path / "rows.csv").write_text(as_csv(rows), encoding="utf-8")
    with only(True, monkeypatch):
        found = read(tmp_path, "rows.csv", plan_of())
    assert found == (
        f"more than 3 rows cannot be relied on; {tmp_path}/rows.csv:7, row 6, column stage: unknown stage `tset`, did you mean `test`? "
        "the plan has test"
    )


def test_where_very_many_rows_contradict_others_the_first_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = sound(random.Random(1), False)
    (tmp_path / "rows.csv").write_text(as_csv([*rows, *rows]), encoding="utf-8")
    monkeypatch.setattr(large_rows, "MOST_SINGLY", len(rows) + 9)
    with only(True, monkeypatch):
        found = read(tmp_path, "rows.csv", plan_of())
    assert isinstance(found, str)
    assert (
        f"rows cannot be relied on; {tmp_path}/rows.csv:{len(rows) + 2}, row {len(rows) + 1}: this row and row 1 are both about"
        in found
    )


def test_more_rows_than_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sound(random.Random(1), False)
    (tmp_path / "rows.csv").write_text(as_csv(rows), encoding="utf-8")
    pyarrow.parquet.write_table(pa.table({"stage": ["test"] * 9}), tmp_path / "rows.parquet")
    monkeypatch.setattr("egp.record.sources.batches.LARGE_ROWS", 8)
    with only(True, monkeypatch):
        for name in ("rows.csv", "rows.parquet"):
            found = read(tmp_path, name, plan_of())
            assert found == (
                "it has more than 1,000,000 rows or 200 MB aggregate by day and variant, or let egp compute the rows, with --source"
            )


def test_without_pyarrow_the_limit_is_lower_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.csv").write_text(as_csv(sound(random.Random(1), False)), encoding="utf-8")
    monkeypatch.setattr(tabular, "MAX_ROWS", 5)
    monkeypatch.setattr(tabular, "find_spec", lambda _: None)
    assert read(tmp_path, "rows.csv", plan_of()) == (
        "it has more than 5 rows or 50 MB aggregate by day and variant, or pip install 'egp[parquet]', with which 1,000,000 rows are read"
    )


def test_minus_0_units_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sound(random.Random(1), False)
    rows[0][[*COLUMNS].index("units")] = "-0"
    rows[0][[*COLUMNS].index("sum")] = "1"
    (tmp_path / "rows.csv").write_text(as_csv(rows), encoding="utf-8")
    found = require_alike(tmp_path, "rows.csv", plan_of(), monkeypatch)
    assert isinstance(found, Evidence)
    assert found.problems[0].row == 1


def test_rows_of_segments_are_heard_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.csv").write_text(as_csv(sound(random.Random(1), False)), encoding="utf-8")
    with only(True, monkeypatch):
        found = read(tmp_path, "rows.csv", plan_of())
    with only(False, monkeypatch):
        whole = read(tmp_path, "rows.csv", plan_of())
    assert isinstance(found, Evidence)
    assert isinstance(whole, Evidence)
    assert sum(each.rows for each in found.of_segments) == len(whole.rows) - len(found.rows) > 0
    assert {type(each) for each in found.rows} == {Row}
