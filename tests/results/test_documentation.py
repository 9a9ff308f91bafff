"""The page docs/results.md tells what the code does; its queries run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random

import duckdb
import pytest

from egp.plan.results import FrozenReadout, Results, Row, StageEntry
from egp.plan.typed_reader import TypedMapping, read
from egp.policy.reading import read_policy
from egp.policy.shipped import ROOT
from egp.record.sources.file import read_evidence
from egp.record.sources.tables import WarehouseTables
from egp.record.sources.warehouse.source import Warehouse
from egp.yaml import read_text
from tests.sources.results_folder import evidence, header, plan_named

PAGE = Path(ROOT, "docs", "results.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
NAMED = read(WarehouseTables, {"exposures": {"table": "exposures"}, "events": {"table": "events"}})


def write_users(file: Path) -> None:
    """Three hundred users with a few visits and refunds each, some before the run, after it, or in two variants."""
    draw = Random(1)
    instants = [f"2023-{month:02}-{day:02} {hour:02}:30:00+00" for month, day, hour in _hours()]
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE exposures (unit INT, experiment VARCHAR, variant VARCHAR, exposed_at TIMESTAMPTZ)"
        )
        connection.execute(
            "CREATE TABLE events (unit INT, event VARCHAR, happened_at TIMESTAMPTZ, value DOUBLE)"
        )
        exposures: list[list[object]] = []
        events: list[list[object]] = []
        for unit in range(300):
            variant = draw.choice(["control", "buy_now"])
            visits = [[unit, "pdp-buy-now", variant, draw.choice(instants)] for _ in range(3)]
            visits[0][2] = draw.choice(["control", "buy_now"]) if unit % 20 == 0 else variant
            exposures += visits
            events += [[unit, "refund_rate", draw.choice(instants), None] for _ in range(2)]
        for table, rows in (("exposures", exposures), ("events", events)):
            places = ", ".join(["(?, ?, ?, ?)"] * len(rows))
            connection.execute(f"INSERT INTO {table} VALUES {places}", list(chain.from_iterable(rows)))


def _hours() -> Iterator[tuple[int, int, int]]:
    days = [(1, day) for day in range(20, 32)] + [(2, day) for day in range(1, 10)]
    return ((month, day, hour) for month, day in days for hour in (1, 7, 8, 15, 22))


def queried(file: Path, query: str) -> list[dict[str, object]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        done = connection.execute(query)
        columns = [name for name, *_ in done.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in done.fetchall()]


def test_the_queries_of_the_page_give_the_rows_of_the_warehouse(tmp_path: Path) -> None:
    file = tmp_path / "users.db"
    write_users(file)
    (tmp_path / "results.yaml").write_text(header(), encoding="utf-8")
    source = Warehouse(f"duckdb:///{file}", NAMED, str(tmp_path))
    found = read_evidence(str(tmp_path / "results.yaml"), plan_named(), str(tmp_path), source)
    expected = [row for row in found.rows if row.metric == "refund_rate"]
    by_query = evidence(tmp_path, [row for query in QUERIES for row in queried(file, query)])
    assert not by_query.problems
    assert list(by_query.rows) == expected
    assert {row.window for row in expected} == {"cohort", "week"}
    assert 0 < sum(_of_cohorts(expected, "sum")) < sum(_of_cohorts(expected, "units")) < 300


def _of_cohorts(rows: list[Row], column: str) -> list[float]:
    return [getattr(row, column) for row in rows if row.window == "cohort"]


def test_the_tables_of_the_page_can_be_named_in_a_policy(tmp_path: Path) -> None:
    (block,) = (
        block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("sources:")
    )
    (tmp_path / "egp.yaml").write_text(f'extends: ["egp:standard"]\n{block}', encoding="utf-8")
    sources = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml").sources
    assert sources
    assert sources.events
    assert sources.exposures
    named = read_text(block)[0].value["sources"]  # type: ignore[index]
    assert (sources.exposures.unit, sources.events.value) == (
        named["exposures"]["unit"],
        named["events"]["value"],
    )


@pytest.mark.parametrize(
    ("shape", "below"), [(Results, ""), (StageEntry, "stages[]."), (FrozenReadout, "readouts[].")]
)
def test_every_key_of_a_results_file_has_a_row(shape: type[TypedMapping], below: str) -> None:
    assert [key for key, *_ in shape.fields() if f"| `{below}{key}` |" not in PAGE] == []


def test_the_rows_that_the_page_writes_in_the_file_are_read(tmp_path: Path) -> None:
    (block,) = (block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "\nrows:\n" in block)
    (tmp_path / "results.yaml").write_text(block, encoding="utf-8")
    found = read_evidence(str(tmp_path / "results.yaml"), plan_named(), str(tmp_path))
    assert (found.problems, len(found.rows)) == ((), 3)


def test_the_picture_counts_what_it_draws() -> None:
    (picture,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    drawn = [line[8:].replace("|", "") for line in picture.splitlines() if re.match(r"   [a-e] ", line)]
    assert len(drawn) == 5
    assert "".join(drawn).count("●") == 5
    assert "".join(drawn).count("!") == 4
    weeks = [line.partition("|") for line in picture.splitlines() if re.match(r"   [a-e] ", line)]
    for half, units, contacts in ((0, 3, 1), (2, 4, 3)):
        assert sum("●" in week[half] or "○" in week[half] for week in weeks) == units
        assert sum(week[half].count("!") for week in weeks) == contacts
    assert "week    3 units, 1 contact          |  4 units, 3 contacts" in picture


@pytest.mark.parametrize("path", re.findall(r"\]\((\.\./[^)]+)\)", PAGE))
def test_links_of_the_page_lead_somewhere(path: str) -> None:
    assert Path(ROOT, "docs", path).exists()
