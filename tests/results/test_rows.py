"""Names, columns and digests of results."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from egp.cli.schemas import results_schema
from egp.plan.quantity import share
from egp.plan.results import COLUMNS, Results, Row, RowRefusal, results_digest, stage_name
from egp.plan.typed_reader import read
from egp.stats.values import fields, replace

ROW = Row(
    "test",
    "cohort",
    date(2023, 1, 23),
    "control",
    "refund_rate",
    "",
    1000,
    31.0,
    31.0,
    through=date(2023, 2, 6),
)
RESULTS = read(Results, {"experiment": "e", "as_of": "2023-02-07T08:00:00-08:00"})


def test_every_column_is_a_field_of_a_row_and_of_the_schema() -> None:
    assert list(fields(Row)) == list(COLUMNS)
    assert list(results_schema()["$defs"]["Row"]["properties"]) == list(COLUMNS)


def test_stages_are_spelt_as_people_spell_them() -> None:
    assert [stage_name(part) for part in (0.7, 0.125, 0.05, 1.0, 1 / 3)] == [
        "70%",
        "12.5%",
        "5%",
        "100%",
        "33.333333333%",
    ]


@given(st.integers(0, 1000))
def test_a_stage_is_named_the_same_however_the_plan_writes_it(per_mille: int) -> None:
    assert stage_name(share(f"{per_mille / 10}%")) == stage_name(per_mille / 1000)


@given(st.sampled_from(list(fields(Row))))
def test_the_digest_holds_every_column(column: str) -> None:
    other: Any = "other"
    changed = replace(ROW, **{column: other})
    assert results_digest(RESULTS, [changed]) != results_digest(RESULTS, [ROW])


def test_the_digest_of_an_example_never_changes() -> None:
    digest = "v1:sha256:5380cd130968c678e37515ffda3e94345ba093d31bd837ab127f59a00a7f966f"
    assert results_digest(RESULTS, [ROW]) == digest


def test_a_refusal_tells_its_place() -> None:
    assert RowRefusal("a.csv", 14, 13, "units", "", "").place == "a.csv:14, row 13, column units"
    assert RowRefusal("a.parquet", 0, 0, "", "", "").place == "a.parquet"
