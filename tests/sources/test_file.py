"""Reading results: the file, what it names, and what no results file is."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from egp.plan.results import About, Evidence
from egp.record.sources import ResultsError
from egp.record.sources.file import read_evidence
from tests.sources.results_folder import (
    AS_OF,
    EXAMPLES,
    STAGE_1,
    cohort,
    evidence,
    header,
    page_load,
    plan_named,
    read,
    sound_rows,
    write_csv,
)


def failure(folder: Path, head: str) -> str:
    with pytest.raises(ResultsError) as caught:
        read(folder, head)
    assert caught.value.failures
    return "; ".join(each.message for each in caught.value.failures)


def test_rows_come_in_the_order_of_their_keys_with_their_numbers(tmp_path: Path) -> None:
    found = evidence(tmp_path, reversed(sound_rows()))
    assert not found.problems
    assert [row.key for row in found.rows] == sorted(row.key for row in found.rows)
    first = found.rows[0]
    assert (first.variant, first.metric, first.date) == ("buy_now", "cs_contacts", date(2023, 1, 23))
    assert (first.units, first.sum, first.sum_squares, first.through) == (1000, 42.0, 46.0, date(2023, 2, 6))
    assert (first.value, first.covariate_sum, first.segment) == (None, None, "")


def test_a_proportion_needs_no_squares_and_has_them(tmp_path: Path) -> None:
    (row,) = evidence(tmp_path, [cohort()]).rows
    assert row.sum_squares == row.sum == 31.0


def test_times_are_read_in_seconds_by_their_unit(tmp_path: Path) -> None:
    (row,) = evidence(tmp_path, [page_load(value="1.9s", standard_error="40ms")]).rows
    assert (row.value, row.standard_error) == (1.9, 0.04)


def test_a_stage_is_spelt_as_the_plan_spells_it(tmp_path: Path) -> None:
    rows = [
        cohort("2023-02-07", stage=stage, variant=variant)
        for stage, variant in (("70%", "control"), ("70.0 %", "buy_now"))
    ]
    found = evidence(
        tmp_path,
        [{**row, "through": "2023-02-08"} for row in rows],
        as_of="2023-02-09T08:00:00-08:00",
        stages=[STAGE_1],
    )
    assert [row.stage for row in found.rows] == ["70%", "70%"]


@pytest.mark.parametrize("exponent", ["1.5E+01", "15", "15.0", "+15"])
def test_numbers_are_read_as_programs_write_them(tmp_path: Path, exponent: str) -> None:
    (row,) = evidence(tmp_path, [cohort(sum=exponent)]).rows
    assert row.sum == 15.0


def test_a_byte_order_mark_and_foreign_line_ends_are_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "results.csv", sound_rows())
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    (tmp_path / "results.csv").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert not read(tmp_path, header(more="aggregates: results.csv")).problems


def as_yaml(rows: list[dict[str, object]]) -> str:
    lines = (", ".join(f"{column}: {value}" for column, value in row.items()) for row in rows)
    return "rows:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def with_rows_in(ending: str, folder: Path) -> Evidence:
    rows = [*sound_rows(), page_load()]
    if ending == "yaml":
        return read(folder, header(more=as_yaml(rows)))
    if ending == "csv":
        return evidence(folder, rows)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, parquet_schema()), folder / "results.parquet")
    return read(folder, header(more="aggregates: results.parquet"))


def parquet_schema() -> pyarrow.Schema:
    texts = ("stage", "window", "date", "variant", "metric", "value", "standard_error", "through")
    numbers = (("units", pyarrow.int64()), ("sum", pyarrow.float64()), ("sum_squares", pyarrow.float64()))
    return pyarrow.schema([*((name, pyarrow.string()) for name in texts), *numbers])


@pytest.mark.parametrize("ending", ["yaml", "parquet"])
def test_every_format_gives_the_same_evidence(tmp_path: Path, ending: str) -> None:
    expected, found = with_rows_in("csv", tmp_path), with_rows_in(ending, tmp_path)
    assert not found.problems
    assert found.rows == expected.rows
    assert found.digest == expected.digest


def test_days_and_decimals_of_parquet_are_read_as_they_are(tmp_path: Path) -> None:
    row = {**cohort(), "date": date(2023, 1, 23), "through": date(2023, 2, 6), "units": 1000}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "results.parquet")
    (found,) = read(tmp_path, header(more="aggregates: results.parquet")).rows
    assert (found.date, found.through) == (date(2023, 1, 23), date(2023, 2, 6))


def test_the_digest_tells_every_change_and_no_order(tmp_path: Path) -> None:
    rows = sound_rows()
    digests = {
        evidence(tmp_path, rows).digest,
        evidence(tmp_path, [{**rows[0], "sum": 32}, *rows[1:]]).digest,
        evidence(tmp_path, rows[1:]).digest,
        evidence(tmp_path, rows, as_of="2023-02-07T08:00:01-08:00").digest,
        evidence(tmp_path, rows, stages=[STAGE_1]).digest,
        read(tmp_path, header(more="aggregates: results.csv\nrevision: web-8902")).digest,
    }
    assert len(digests) == 6
    assert evidence(tmp_path, rows).digest == evidence(tmp_path, reversed(rows)).digest
    assert (
        evidence(tmp_path, rows).digest == evidence(tmp_path, rows, as_of="2023-02-07T16:00:00+00:00").digest
    )


@pytest.mark.parametrize(
    "column", ["std", "stddev", "std_dev", "SD", "se", "stderr", "standard_deviation", "variance"]
)
def test_a_column_of_unclear_spread_is_refused(tmp_path: Path, column: str) -> None:
    found = evidence_with_column(tmp_path, column)
    (problem,) = found.problems
    assert (problem.row, problem.line, problem.column) == (0, 1, column)
    assert "sum_squares" in problem.help
    assert len(found.rows) == len(sound_rows())


def evidence_with_column(folder: Path, column: str) -> Evidence:
    rows = [{**row, column: 7} for row in sound_rows()]
    write_csv(folder / "results.csv", rows, [*rows[1]])
    return read(folder, header(more="aggregates: results.csv"))


def test_an_unknown_column_is_refused_with_the_one_it_may_mean(tmp_path: Path) -> None:
    (problem,) = evidence_with_column(tmp_path, "sum_square").problems
    assert problem.message == "unknown column `sum_square`, did you mean `sum_squares`?"


def test_an_unknown_key_of_an_inline_row_is_refused_at_its_row(tmp_path: Path) -> None:
    found = read(tmp_path, header(more=as_yaml([cohort(), {**cohort(variant="buy_now"), "sd": 3}])))
    (problem,) = found.problems
    assert (problem.row, problem.line, problem.column) == (2, 6, "sd")


@pytest.mark.parametrize(
    "column",
    ["user_id", "USER ID", "userid", "visitor_id", "id", "session_id", "email", "device_uuid", "cookie", "account_key", "ip", "user", "user_hash"],
)  # fmt: skip
def test_rows_of_single_units_are_refused_whole_and_not_repeated(tmp_path: Path, column: str) -> None:
    rows = [{**row, column: "jo.customer"} for row in sound_rows()]
    write_csv(tmp_path / "results.csv", rows, [*rows[1]])
    found = read(tmp_path, header(more="aggregates: results.csv"))
    assert found.rows == ()
    (problem,) = found.problems
    assert "identifies single units: these are rows of users" in problem.message
    assert "jo.customer" not in repr(found.problems)


def test_rows_of_one_unit_each_are_refused_whole(tmp_path: Path) -> None:
    rows = [{**row, "units": 1, "sum": 1, "sum_squares": 1} for row in sound_rows()]
    found = evidence(tmp_path, rows)
    assert found.rows == ()
    assert "every row has 1 unit" in found.problems[0].message


def test_a_missing_column_is_named_once(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "units"} for row in sound_rows()]
    found = evidence(tmp_path, rows)
    assert found.problems[0].message == "there is no column `units`"
    assert found.rows == ()


def test_a_torn_row_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    write_csv(tmp_path / "results.csv", sound_rows())
    with (tmp_path / "results.csv").open("a", encoding="utf-8") as file:
        file.write("test,cohort,2023-01-2")
    found = read(tmp_path, header(more="aggregates: results.csv"))
    (problem,) = found.problems
    assert (problem.row, problem.line) == (9, 10)
    assert problem.message == "the row has 3 cells, and the header 9 columns"
    assert len(found.rows) == 8


@pytest.mark.parametrize(
    "torn",
    [
        "test,cohort,2023-01-24,buy_now,refund_rate,1000,31,31,202",
        "test,cohort,2023-01-24,buy_now,refund_rate,1000,31,31,",
        "test,cohort,2023-01-24,buy_n",
    ],
)
def test_where_a_file_breaks_off_any_row_may_have_followed(tmp_path: Path, torn: str) -> None:
    write_csv(tmp_path / "results.csv", sound_rows())
    with (tmp_path / "results.csv").open("a", encoding="utf-8") as file:
        file.write(torn)
    (problem,) = read(tmp_path, header(more="aggregates: results.csv")).problems
    assert problem.lost == (About(),)


def test_a_last_row_that_ends_is_about_itself(tmp_path: Path) -> None:
    write_csv(tmp_path / "results.csv", [*sound_rows(), cohort("2023-01-25", through="202")])
    (problem,) = read(tmp_path, header(more="aggregates: results.csv")).problems
    assert problem.lost == (About("test", "cohort", date(2023, 1, 25), "control", "refund_rate"),)


LEDGERS = [
    (["{treated: 75%, entered: 2023-02-07T08:00:00-08:00}"], "the plan's ramp has 70% and 90%"),
    (["{treated: 70%, entered: 2023-02-12T08:00:00-08:00}"], "after the results were taken"),
    ([STAGE_1, STAGE_1], "is in the ledger twice"),
    ([STAGE_1, "{treated: 90%, entered: 2023-02-07T08:00:00-08:00}"], "entered no later than 70%"),
]


@pytest.mark.parametrize(("stages", "message"), LEDGERS)
def test_the_ledger_is_checked(tmp_path: Path, stages: list[str], message: str) -> None:
    found = evidence(tmp_path, sound_rows(), as_of="2023-02-10T08:00:00-08:00", stages=stages)
    (problem,) = found.problems
    assert (problem.row, problem.line, problem.column) == (0, 3, "stages")
    assert message in problem.message
    assert len(found.rows) == len(sound_rows())


UNREADABLE = [
    ("experiment: other\nas_of: 2023-02-07T08:00:00-08:00\nrows: []\n", "results of other, and the plan is pdp-buy-now"),
    ("experiment: pdp-buy-now\nas_of: 2023-02-07\n", "2023-02-07 is not an instant"),
    ("experiment: pdp-buy-now\nas_of: 2023-02-07T08:00:00\n", "2023-02-07 08:00:00 is not an instant"),
    ("experiment: pdp-buy-now\n", "no `as_of`"),
    (header(stages=["{treated: 70%, entered: 2023-02-07}"]), "2023-02-07 is not an instant"),
    (header(stages=["{treated: 70%}"]), "no `entered`"),
    (header(), "it has no rows"),
    (header(more="agregates: results.csv"), "did you mean `aggregates`?"),
    (header(more="aggregates: results.csv\nrows: [{}]"), "both written here and in a file"),
    (header(more="aggregates: nowhere.csv"), "there is no file nowhere.csv"),
    (header(more="aggregates: results.yaml"), "aggregates are read from .csv and .parquet"),
    (header(more="aggregates: /etc/passwd"), "the path is absolute"),
    (header(more="aggregates: ../outside.csv"), "lies outside of the repository"),
    ("experiment: [pdp\n", "["),
    (header() + "---\nb: 1\n", "results are one document"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "message"), UNREADABLE)
def test_results_that_cannot_be_read(tmp_path: Path, head: str, message: str) -> None:
    (tmp_path.parent / "outside.csv").write_text("stage\n", encoding="utf-8")
    assert message in failure(tmp_path, head)


CONTENTS = [
    (b"", "it is empty"),
    (b"a,b\n1,2\n", "names none of the columns"),
    (b"stage,stage\n", "two columns `stage`"),
    (b"stage,\xff\n", "not text in UTF-8: byte 0xff in line 1"),
    ("stage,units\nWärme,1\n".encode("cp1252"), "not text in UTF-8: byte 0xe4 in line 2"),
    ("stage,units\n".encode("utf-16"), "encoded in UTF-16"),
    ("stage,units\n".encode("utf-16-le"), "encoded in UTF-16"),
    ("stage,units\n".encode("utf-32"), "encoded in UTF-32"),
    (b"stage;window;date;variant\ntest;cohort;2023-01-23;control\n", "its cells are separated by semicolons"),
    (b"\xef\xbb\xbfstage;window\r\n", "its cells are separated by semicolons"),
    (b'"stage";"window"\n', "its cells are separated by semicolons"),
    (b"Stage; Window; Sum\n", "its cells are separated by semicolons"),
    (b"stage\twindow\n", "its cells are separated by tabs"),
    (b"stage|window\n", "its cells are separated by pipes"),
    (b"sep=;\nstage;window\n", "its first line, `sep=;`, is for a spreadsheet"),
    (b"sep=,\nstage,window\n", "its first line, `sep=,`, is for a spreadsheet"),
    (b'stage,units\n"test,1\n', "is not CSV"),
]


@pytest.mark.parametrize(("content", "message"), CONTENTS)
def test_aggregates_that_are_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "results.csv").write_bytes(content)
    assert message in failure(tmp_path, header(more="aggregates: results.csv"))


def test_a_day_of_parquet_past_the_calendar_is_told(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    days = pyarrow.array([10**8], pyarrow.int32()).cast(pyarrow.date32())
    parquet.write_table(pyarrow.table({"stage": ["test"], "date": days}), tmp_path / "results.parquet")
    assert "a date outside of the calendar" in failure(tmp_path, header(more="aggregates: results.parquet"))


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_bytes(b"PAR1 root:x:0:0 PAR1")
    message = failure(tmp_path, header(more="aggregates: results.parquet"))
    assert "it is not a Parquet file" in message
    assert "root:x" not in message


@pytest.mark.parametrize("name", ["results.yaml", "results.csv"])
def test_links_out_of_the_repository_are_not_followed(tmp_path: Path, name: str) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    for folder in (inside, outside):
        write_csv(folder / "results.csv", sound_rows())
        (folder / "results.yaml").write_text(header(more="aggregates: results.csv"), encoding="utf-8")
    (inside / name).unlink()
    (inside / name).symlink_to(outside / name)
    with pytest.raises(ResultsError, match="outside of the repository"):
        read_evidence(str(inside / "results.yaml"), plan_named(), str(inside))


def test_a_plan_that_is_given_as_results_is_named(tmp_path: Path) -> None:
    text = "id: x\ntype: superiority\nvariants: []\nschedule: {}\nprimary_metric: {id: y}\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ResultsError, match="this is a plan, not results") as error:
        read_evidence(str(tmp_path / "x.yaml"), plan_named(), str(tmp_path))
    assert len(error.value.failures) == 1


def test_a_folder_of_results_is_for_other_calls(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    with pytest.raises(ResultsError, match="it is not a file") as error:
        read_evidence(str(tmp_path / "results"), plan_named(), str(tmp_path))
    assert "name the file in it" in error.value.failures[0].help


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "results.yaml")
    with pytest.raises(ResultsError, match="it is not a file"):
        read_evidence(str(tmp_path / "results.yaml"), plan_named(), str(tmp_path))


def test_a_missing_results_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot read the results: No such file"):
        read_evidence(str(tmp_path / "results.yaml"), plan_named(), str(tmp_path))


def test_problems_of_the_header_have_their_line(tmp_path: Path) -> None:
    with pytest.raises(ResultsError) as caught:
        read(tmp_path, f"experiment: pdp-buy-now\nas_of: {AS_OF}\nrevison: web\n")
    (problem,) = caught.value.failures
    assert problem.span is not None
    assert (problem.span.start.line, problem.line) == (3, "revison: web")


def test_every_row_of_the_examples_can_be_told_by_its_place() -> None:
    folder = EXAMPLES / "results" / "pdp-buy-now"
    found = read_evidence(str(folder / "day-14.yaml"), plan_named(), str(EXAMPLES))
    assert found.as_of.isoformat() == AS_OF
    assert len({row.key for row in found.rows}) == len(found.rows)
