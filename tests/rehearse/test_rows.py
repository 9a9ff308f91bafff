"""The rows of a random half are those that the gate's own query has of an experiment with the same split."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from egp.advice.rehearsal.evidence import rows_of_stage, stages_of_runs
from egp.plan.results import TEST, Row
from egp.record.sources.file import read_evidence
from egp.record.sources.warehouse.connection import connected
from egp.record.sources.warehouse.facts import FactTables, tables_of
from egp.record.sources.warehouse.source import Warehouse
from egp.record.sources.warehouse.units import bucket_of
from tests.rules.examples import catalogue_of

from . import history
from .past import PastLives

EXPOSURES = (
    "exposures: {table: exposures, unit: user_id, experiment: experiment, variant: variant, at: visited_at}\n"
)


def expected(folder: Path, history_db: Path, lives: PastLives, days: int) -> tuple[Row, ...]:
    """What the gate reads of an experiment that began with the first life, whose variants are the buckets of a run."""
    life, ranges, order = lives.asked[0], lives.split.stages[TEST], lives.split.order(1, 5)
    variant_of = {
        order[at]: name for name, spans in ranges.items() for first, end in spans for at in range(first, end)
    }
    with connected(f"duckdb:///{history_db}", str(history_db.parent)) as session:
        visits = FactTables(session, history.catalogue(), "everyone").session.table("visits", None)
        buckets = visits.select(
            "user_id", bucket=bucket_of(visits.user_id, life.hashing.salt, life.hashing.buckets)
        )
        found = session.backend.to_pyarrow(buckets.distinct()).to_pylist()
    (folder / "shop.db").write_bytes(history_db.read_bytes())
    with duckdb.connect(str(folder / "shop.db")) as connection:
        variants = pa.table(  # noqa: F841
            {
                "user_id": [each["user_id"] for each in found],
                "variant": [variant_of[int(each["bucket"])] for each in found],
            }
        )
        connection.execute("CREATE TABLE variants AS SELECT * FROM variants")
        connection.execute(
            "CREATE TABLE exposures AS SELECT user_id, 'simulated' AS experiment, variant, visited_at FROM visits JOIN variants USING (user_id)"
        )
    last = life.start + timedelta(days=13)
    plan = history.plan(
        history.PLAN.replace("start: 2023-01-02, end: 2023-01-15", f"start: {life.start}, end: {last}")
        .replace("2023-01-18", str(life.start + timedelta(days=16)))
    )  # fmt: skip
    (folder / "results.yaml").write_text(
        f"experiment: simulated\nas_of: {life.start + timedelta(days=days)}T08:00:00-08:00\n"
    )
    catalogue = catalogue_of(EXPOSURES + history.CATALOGUE)
    source = Warehouse("duckdb:///shop.db", tables_of(catalogue), str(folder), catalogue=catalogue)
    evidence = read_evidence(str(folder / "results.yaml"), plan, str(folder), source)
    assert not evidence.problems
    return evidence.rows


@pytest.mark.parametrize("days", [9, 16])
def test_rows_are_those_of_the_gate(
    tmp_path: Path, history_db: Path, lives: PastLives, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = {row.key: row for row in expected(tmp_path, history_db, lives, days)}
    (stage,) = stages_of_runs(
        lives.stages[0][TEST], TEST, lives.asked[0].start, lives.split.stages[TEST], [lives.split.order(1, 5)]
    )
    ours = {row.key: row for row in rows_of_stage(stage, days)}
    assert ours.keys() == wanted.keys()
    for key, row in ours.items():
        other = wanted[key]
        assert (row.units, row.through) == (other.units, other.through)
        for name in ("sum", "sum_squares", "denominator_sum", "denominator_sum_squares", "cross_sum"):
            if getattr(row, name) is not None:  # of a proportion the reader of rows fills in the squares
                assert getattr(row, name) == pytest.approx(getattr(other, name), rel=1e-12)
        if row.value is not None:
            assert other.value is not None
            assert other.standard_error is not None
            assert row.value == pytest.approx(other.value, abs=0.35 * other.standard_error)
            assert row.standard_error == pytest.approx(other.standard_error, rel=0.25)
