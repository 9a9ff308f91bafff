"""What is measured and rehearsed in PostgreSQL and in Spark is what it is in DuckDB.

Engines hash units into other buckets. What adds up over buckets is compared, and of measurements all but the correlations of
differences, which are those of the buckets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from egp.plan.analysis.measured import measured_numbers
from egp.plan.catalogue import MetricCatalogue
from egp.record.sources.warehouse import connection
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.buckets import Hashing
from egp.record.sources.warehouse.history import History, asked, measured
from egp.record.sources.warehouse.lives import LifeAsked, Lives, StageOfLife
from tests.rehearse import history
from tests.sources.engines import SPARK, postgres_server, spark_of

TABLES = {"visits": "user_id, visited_at, load_ms", "buys": "user_id, bought_at, amount"}
PLAN = history.PLAN.replace("end: 2023-01-15", "end: 2023-01-08").replace("2023-01-18", "2023-01-11")
OF_BUCKETS = "correlation of differences"
QUERY = """-- What people paid for.
SELECT user_id, bought_at, amount
FROM buys
WHERE amount IS NOT NULL -- all of them
;
"""


@dataclass(frozen=True)
class Numbers:
    measured: dict[tuple[str, str], tuple[float, ...]]
    counts: dict[str, float]
    """Of a life, over all buckets."""
    sums: dict[str, float]


@contextmanager
def in_postgres(file: Path) -> Iterator[str]:
    import psycopg

    with postgres_server() as url:
        with (
            duckdb.connect(str(file), read_only=True) as shop,
            psycopg.connect(url.replace("postgres://", "postgresql://")) as server,
            server.cursor() as cursor,
        ):
            for name, columns in TABLES.items():
                types = zip(columns.split(", "), ("bigint", "timestamp", "double precision"), strict=True)
                cursor.execute(f"CREATE TABLE {name} ({', '.join(map(' '.join, types))})")
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    for row in shop.execute(f"SELECT {columns} FROM {name}").fetchall():
                        copy.write_row(row)
        yield url


@contextmanager
def in_spark(file: Path, folder: Path) -> Iterator[str]:
    with spark_of(folder) as session:
        with duckdb.connect(str(file), read_only=True) as shop:
            for name in TABLES:
                shop.execute(f"COPY {name} TO '{folder}/{name}.parquet' (FORMAT parquet)")
                session.read.parquet(f"{folder}/{name}.parquet").createOrReplaceTempView(name)
        yield SPARK


def catalogue_of(source: str) -> MetricCatalogue:
    """With the purchases in a table, or as a query in a file."""
    found = history.catalogue()
    if source == "a query":
        found.queries["buys"] = QUERY
    return found


def numbers_of(url: str, root: Path, source: str = "a table") -> Numbers:
    plan, catalogue, warehouse = history.plan(PLAN), catalogue_of(source), Queried(url, str(root))
    found, left_out = measured(plan, catalogue)
    assert not left_out
    runs = list(
        History(warehouse, catalogue, "everyone").runs(plan, found, asked(plan, found, history.AS_OF, 1))
    )
    numbers = {
        (each.metric, each.name): each.parts
        for each in measured_numbers(plan, runs)
        if OF_BUCKETS not in each.name
    }
    return Numbers(numbers, *_of_a_life(warehouse, catalogue, found))


def _of_a_life(
    warehouse: Queried, catalogue: MetricCatalogue, found: list[Any]
) -> tuple[dict[str, float], dict[str, float]]:
    """Two days, and what came in three."""
    life = LifeAsked(history.FIRST + timedelta(days=20), Hashing("salt", 16))
    stage = StageOfLife("test", 0, 2, 3, tuple(found))
    lives = Lives(warehouse, catalogue, "everyone")
    (stages,) = lives.of(history.plan(PLAN), [stage], [life])
    of = stages["test"]
    sums = of.sums.values.sum(axis=0)
    counts = {f"{name}, day {day}": sums[day, at] for name, at in of.sums.columns.items() for day in range(2)}
    (raw,) = lives.compared
    values = {"quantile": raw.raw.value, "its error": raw.raw.standard_error, "units": raw.raw.units}
    for each in of.histograms:
        for name, table in (("whole", each.whole), ("bins", each.steps)):
            for at, value in enumerate(table.sum(axis=0).ravel()):
                values[f"{name} {at}"] = value
    return values, counts


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("engines") / "history.db"
    history.write_history(file, users=200)
    return file


@pytest.fixture(scope="module")
def embedded(small: Path) -> Numbers:
    return numbers_of(f"duckdb:///{small}", small.parent)


def test_a_query_in_a_file_has_the_numbers_of_its_table(small: Path, embedded: Numbers) -> None:
    assert numbers_of(f"duckdb:///{small}", small.parent, "a query") == embedded


@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_an_engine_has_of_a_query_the_numbers_that_duckdb_has_of_the_table(
    engine: str, small: Path, embedded: Numbers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A session of Spark that is left is over, and a second one would be most of the time.
    monkeypatch.setattr(connection, "_closed", lambda _: None)
    with in_postgres(small) if engine == "postgres" else in_spark(small, tmp_path) as url:
        found = numbers_of(url, small.parent, "a query")
    assert len(embedded.measured) >= 12
    assert found.measured.keys() == embedded.measured.keys()
    for key, parts in embedded.measured.items():
        for one, other in zip(found.measured[key], parts, strict=True):
            assert math.isclose(one, other, rel_tol=1e-12), (key, one, other)
    assert found.counts == embedded.counts
    assert found.sums.keys() == embedded.sums.keys()
    assert sum(embedded.sums.values()) > 0
    for name, value in embedded.sums.items():
        assert math.isclose(found.sums[name], value, rel_tol=1e-12), (name, found.sums[name], value)
