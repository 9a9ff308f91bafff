"""A file that was cut off looks like a variant that fell silent: which of the two it is decides between repair and roll back."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from egp.plan.results import Row
from egp.record.sources.cut_off import read_beyond
from tests.gate.calling import Call, gate

Cells = dict[str, str]
Order = Callable[[Cells], object]

MOVES = {
    "day-05": ("--to", "70%"),
    "day-14": ("--to", "70%"),
    "stage-2": ("--monitor",),
    "monitor": ("--monitor",),
}
ORDERS: dict[str, Order] = {
    "days": lambda row: (row["date"], row["stage"]),
    "days and metrics": lambda row: (row["date"], row["metric"], row["variant"]),
    "variants": lambda row: (row["variant"] != "control", row["stage"], row["date"]),
    "stages and variants": lambda row: (row["stage"], row["variant"] != "control", row["date"]),
    "treatments first": lambda row: (row["variant"] == "control", row["date"]),
    "metrics": lambda row: (row["stage"], row["metric"], row["variant"] != "control", row["date"]),
    "windows": lambda row: (row["window"], row["variant"] != "control", row["date"]),
}


def rows_in(folder: Path, name: str) -> list[Cells]:
    with (folder / f"results/pdp-buy-now/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judged(folder: Path, name: str, rows: list[Cells], row_count: int | None = None) -> Call:
    path = folder / f"results/pdp-buy-now/{name}"
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    if row_count is not None:
        head = path.with_suffix(".yaml")
        text = "".join(line for line in head.read_text().splitlines(keepends=True) if "row_count" not in line)
        head.write_text(f"{text}row_count: {row_count}\n")
    return gate(folder, name, *MOVES[name])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", MOVES)
def test_wherever_a_file_ends_nothing_is_rolled_back_for_it(name: str, order: str, repository: Path) -> None:
    rows = sorted(rows_in(repository, name), key=ORDERS[order])  # type: ignore[arg-type]
    for end in random.Random(name + order).sample(range(1, len(rows)), 10):
        found = judged(repository, name, rows[:end])
        assert found.status in (0, 1), f"{end} of {len(rows)} rows: {found.out}"


def silent_since(rows: list[Cells], week: str) -> list[Cells]:
    """As if nothing was heard of the treatment from the first day of a week on, in any window."""
    return [
        row
        for row in rows
        if row["variant"] == "control" or (row["date"] < week and row["window"] != "total")
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_a_silent_treatment_is_withdrawn_where_the_rows_are_known_to_be_all(
    order: str, repository: Path
) -> None:
    rows = sorted(silent_since(rows_in(repository, "day-14"), "2023-01-30"), key=ORDERS[order])  # type: ignore[arg-type]
    assert judged(repository, "day-14", rows, row_count=len(rows)).status == 3


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ("days", 3),
        ("days and metrics", 3),
        ("treatments first", 3),
        ("variants", 1),
        ("stages and variants", 1),
    ],
)
def test_without_a_count_the_order_of_the_rows_tells_it(order: str, status: int, repository: Path) -> None:
    """A file that goes on behind the treatment's rows was not cut off there."""
    rows = sorted(silent_since(rows_in(repository, "day-14"), "2023-01-30"), key=ORDERS[order])  # type: ignore[arg-type]
    found = judged(repository, "day-14", rows)
    assert found.status == status, found.out
    assert ("may have been cut off" in " ".join(found.out.split())) == (status == 1)


@pytest.mark.parametrize("lacking", [1, 80, 153])
def test_fewer_rows_than_were_written_are_a_file_that_was_cut_off(lacking: int, repository: Path) -> None:
    rows = sorted(rows_in(repository, "day-14"), key=ORDERS["variants"])  # type: ignore[arg-type]
    found = judged(repository, "day-14", rows[:-lacking], row_count=len(rows))
    assert found.status == 1
    assert "and `row_count` says 154 were written" in " ".join(found.out.split())


def test_a_count_that_is_right_changes_nothing(repository: Path) -> None:
    rows = rows_in(repository, "day-14")
    assert (
        judged(repository, "day-14", rows).status
        == judged(repository, "day-14", rows, row_count=len(rows)).status
        == 0
    )


def of(variant: str, day: int, stage: str = "test", metric: str = "refund_rate") -> Row:
    return Row(stage, "cohort", date(2023, 1, day), variant, metric, "", 1000)


class TestHowFarAFileWasRead:
    def test_in_the_order_of_days_to_the_day_before_the_last_one(self) -> None:
        rows = [of("control", 1), of("new", 1), of("control", 2), of("control", 3)]
        assert read_beyond(rows)["test", "new"] == date(2023, 1, 2)

    def test_to_no_day_where_nothing_follows(self) -> None:
        rows = [of("control", 1), of("control", 2), of("new", 1)]
        assert read_beyond(rows)["test", "new"] == date.min

    def test_to_every_day_where_others_begin_anew(self) -> None:
        rows = [of("new", 1), of("new", 2), of("control", 1), of("control", 2)]
        assert read_beyond(rows)["test", "new"] == date.max

    def test_by_any_metric(self) -> None:
        rows = [
            of(variant, day, metric=metric)
            for metric in "ab"
            for variant in ("control", "new")
            for day in (1, 2)
        ]
        assert read_beyond(rows)["test", "new"] == date.max

    def test_of_a_variant_without_rows_nothing_is_known(self) -> None:
        assert ("70%", "new") not in read_beyond([of("control", 1), of("new", 1), of("control", 9, "70%")])
