"""Every engine gives the rows that pandas counts, of every kind of metric, from data in which everything is wrong that can be."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import pytest

from egp.plan.results import Evidence, StageCounts
from egp.record.sources.file import read_evidence
from egp.record.sources.warehouse.source import Warehouse
from egp.stats.values import fields
from tests.sources.results_folder import header
from tests.sources.warehouse_of_kinds import AS_OF, TABLES, Counted, Key, World, drawn, plan

COUNTS = ("units",)
ORDER_STATISTICS = ("value",)


@pytest.fixture(scope="module")
def world() -> World:
    return drawn()


@pytest.fixture(scope="module")
def counted(world: World) -> Counted:
    return Counted(world)


def in_duckdb(world: World, folder: Path) -> str:
    exposures, events = world.exposures, world.events  # noqa: F841
    with duckdb.connect(str(folder / "kinds.db")) as connection:
        connection.execute("CREATE TABLE exposures AS SELECT * REPLACE (ds::DATE AS ds) FROM exposures")
        replaced = "ds::VARCHAR AS ds, CASE WHEN isnan(value) THEN NULL ELSE value END AS value"
        connection.execute(f"CREATE TABLE events AS SELECT * REPLACE ({replaced}) FROM events")
    return f"duckdb:///{folder}/kinds.db"


@pytest.fixture(scope="module", params=["duckdb"])
def engine(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The url of a warehouse with the world's tables, and the folder it may be opened in."""
    folder = tmp_path_factory.mktemp(str(request.param))
    return in_duckdb(world, folder), folder


@pytest.fixture(scope="module")
def found(engine: tuple[str, Path]) -> Evidence:
    url, folder = engine
    (folder / "results.yaml").write_text(header("every-kind", AS_OF), encoding="utf-8")
    return read_evidence(
        str(folder / "results.yaml"), plan(), str(folder), Warehouse(url, TABLES, str(folder))
    )


def by_key(evidence: Evidence) -> dict[Key, dict[str, float]]:
    rows: dict[Key, dict[str, float]] = {}
    for row in evidence.rows:
        numbers = {
            name: getattr(row, name)
            for name in fields(type(row))
            if isinstance(getattr(row, name), (int, float))
        }
        rows[row.window, str(row.date or ""), row.variant, row.metric, row.segment] = numbers
    return rows


def test_the_rows_are_those_that_pandas_counts(found: Evidence, counted: Counted) -> None:
    assert not found.problems
    rows, expected = by_key(found), counted.rows()
    assert set(rows) == set(expected)
    for key, cells in expected.items():
        assert set(rows[key]) == set(cells), key
        for name, value in cells.items():
            if name in COUNTS:
                assert rows[key][name] == value, (key, name)
            else:
                assert math.isclose(rows[key][name], value, rel_tol=1e-12), (
                    key,
                    name,
                    rows[key][name],
                    value,
                )


def test_what_is_wrong_with_the_units_is_counted(found: Evidence, counted: Counted) -> None:
    assert min(counted.crossed, counted.repeated, counted.exposures_without, counted.events_without) > 0
    assert found.counts == (
        StageCounts(
            "test",
            counted.units_seen,
            counted.crossed,
            counted.repeated,
            counted.exposures_without,
            counted.events_without,
        ),
    )
