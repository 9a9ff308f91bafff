"""The SQL for engines that no test runs: as it was reviewed, readable by a parser of the engine's dialect, of known functions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlglot import exp

from tests.sources.goldens import ENGINES, FOLDER, parsed, queries, sql


@pytest.mark.parametrize("engine", ENGINES)
def test_the_sql_is_the_one_that_was_reviewed(engine: str) -> None:
    expected = (FOLDER / f"{engine}.sql").read_text(encoding="utf-8")
    assert sql(engine) == expected, "python -m tests.sources.goldens --write, and read the difference"


@pytest.mark.parametrize("engine", ENGINES)
def test_it_parses_and_only_reads(engine: str) -> None:
    statements = parsed(engine, (FOLDER / f"{engine}.sql").read_text(encoding="utf-8"))
    assert len(statements) == 5
    assert {each.key for each in statements} == {"select"}


@pytest.mark.parametrize("engine", ENGINES)
def test_units_never_leave_the_engine(engine: str) -> None:
    for statement in parsed(engine, (FOLDER / f"{engine}.sql").read_text(encoding="utf-8")):
        named = statement
        while named.named_selects == ["*"]:
            named = named.find(exp.Subquery).this
        assert not {"unit", "user_id", "first_at", "*"} & set(named.named_selects)


def test_amounts_of_less_than_a_thousandth_are_taken_as_they_are() -> None:
    """Where a literal does not say its type, DuckDB gives it three decimals: of a cap of 0.0004 nothing is left."""
    import ibis

    from egp.record.sources.warehouse.opened import exact

    assert ibis.duckdb.connect().execute(exact(Decimal("0.0004"))) == Decimal("0.0004")
    for name, query in queries().items():
        assert "DECIMAL(18, 3)" not in ibis.to_sql(query, dialect="duckdb"), name
