"""The SQL for engines that no test runs: as it was reviewed, readable by a parser of the engine's dialect, of known functions."""

from __future__ import annotations

import pytest
from sqlglot import exp

from tests.sources.goldens import ENGINES, FOLDER, parsed, sql


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
