"""Every engine gives the rows that pandas counts, of every kind of metric, from data in which everything is wrong that can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from egp.plan.experiment import Experiment
from egp.plan.results import Evidence, StageCounts
from egp.plan.typed_reader import read
from egp.record.sources import ResultsError
from egp.record.sources.file import read_evidence
from egp.record.sources.tables import WarehouseTables
from egp.record.sources.warehouse.asking import PLAINLY, Asking
from egp.record.sources.warehouse.connection import connected
from egp.record.sources.warehouse.source import Warehouse
from egp.stats.values import fields
from tests.sources.engines import PASSWORD, fill_postgres, install_connection, postgres_server, spark_session
from tests.sources.results_folder import header
from tests.sources.warehouse_of_kinds import (
    AS_OF,
    SOURCES,
    TABLES,
    Counted,
    Key,
    World,
    drawn,
    plan,
    plan_of_a_ratio,
)

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


Opened = Callable[[], AbstractContextManager[str]]
Engine = tuple[Opened, Path]


@pytest.fixture(scope="module")
def postgres(world: World) -> Iterator[str]:
    with postgres_server() as url:
        fill_postgres(url, world)
        yield url


@pytest.fixture(scope="module", params=["duckdb", "postgres", "spark"])
def engine(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """How a warehouse with the world's tables is reached, and the folder it may be opened in."""
    folder = tmp_path_factory.mktemp(str(request.param))
    if request.param == "duckdb":
        url = in_duckdb(world, folder)
        yield lambda: nullcontext(url), folder
    elif request.param == "postgres":
        server = request.getfixturevalue("postgres")
        yield lambda: nullcontext(server), folder
    else:
        # A reading that is over ends the session.
        yield lambda: spark_session(world, tmp_path_factory.mktemp("session")), folder


@pytest.fixture(scope="module")
def found(engine: Engine) -> Evidence:
    return evidence_of(plan(), *engine)


def evidence_of(of: Experiment, opened: Opened, folder: Path) -> Evidence:
    (folder / "results.yaml").write_text(header("every-kind", AS_OF), encoding="utf-8")
    with opened() as url:
        return read_evidence(
            str(folder / "results.yaml"), of, str(folder), Warehouse(url, TABLES, str(folder))
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
    check_rows(found, counted.rows())


def test_a_ratio_has_the_sums_of_its_covariate(engine: Engine, counted: Counted) -> None:
    check_rows(evidence_of(plan_of_a_ratio(), *engine), counted.rows_of_a_ratio())


def check_rows(found: Evidence, expected: dict[Key, dict[str, float]]) -> None:
    assert not found.problems
    rows = by_key(found)
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


STATEMENTS = [
    "INSERT INTO events (name) VALUES ('order')", "CREATE TABLE other (a int)", "DROP TABLE events", "DELETE FROM exposures",
]  # fmt: skip


def test_postgres_is_only_read(postgres: str, tmp_path: Path) -> None:
    import psycopg

    with connected(postgres, str(tmp_path)) as session:
        for statement in STATEMENTS:
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                session.backend.raw_sql(statement)


def failure_of(url: str, folder: Path, tables: WarehouseTables = TABLES, asking: Asking = PLAINLY) -> str:
    (folder / "results.yaml").write_text(header("every-kind", AS_OF), encoding="utf-8")
    with pytest.raises(ResultsError) as caught:
        read_evidence(
            str(folder / "results.yaml"), plan(), str(folder), Warehouse(url, tables, str(folder), asking)
        )
    ((failure),) = caught.value.failures
    told = f"{failure.path}: {failure.message}; {failure.help}"
    assert PASSWORD not in told
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None
    return told


def test_errors_of_postgres_say_what_failed_and_no_secret(postgres: str, tmp_path: Path) -> None:
    place = postgres.partition("@")[2]
    wrong = postgres.replace(PASSWORD, f"{PASSWORD}-2")
    assert failure_of(wrong, tmp_path).startswith(f"postgres://{place}: cannot connect: OperationalError")
    asking = Asking(byte_limit=100_000)
    assert "a query would read up to" in failure_of(postgres, tmp_path, asking=asking)
    asking = Asking(time_limit=timedelta(milliseconds=40))
    assert "did not end within --time-limit" in failure_of(postgres, tmp_path, asking=asking)
    texts = read(WarehouseTables, {**SOURCES, "events": {**SOURCES["events"], "value": "name"}})
    assert "the query of sums of test failed: InvalidTextRepresentation, SQLSTATE 22P02" in failure_of(
        postgres, tmp_path, texts
    )
    lacking = read(WarehouseTables, {**SOURCES, "events": {**SOURCES["events"], "table": "evens"}})
    assert "there is no table evens that can be read" in failure_of(postgres, tmp_path, lacking)


def test_an_entry_point_that_is_not_there_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no connection of this name is installed" in failure_of("entry-point:nowhere", tmp_path)
    packages, inside = tmp_path / "packages", tmp_path / "repository"
    inside.mkdir()
    for folder, name in ((packages, "failing"), (inside, "planted")):
        install_connection(folder, name, f"def connect():\n    raise ValueError('{PASSWORD}')\n")
        monkeypatch.syspath_prepend(folder)
    assert "the function of this entry point failed: ValueError" in failure_of("entry-point:failing", inside)
    assert "lies in the repository under review, and is not run" in failure_of("entry-point:planted", inside)
