"""A query in a file is sent as it was understood, by the engine's own grammar, and only if it reads."""

from __future__ import annotations

import pytest

from egp.record.sources.warehouse.query_files import one_query

KEPT = {
    "postgres": "SELECT user_id, note FROM buys WHERE note <> E'a\\'b'",
    "duckdb": "SELECT user_id, {'a': 1} AS note FROM buys WHERE note <> 'a;b'",
    "spark": "SELECT user_id, note FROM `buys` WHERE note <> 'a\\'; b'",
}
REFUSED = [
    ("SELECT 1; DELETE FROM buys", "is not one query"),
    ("DELETE FROM buys", "is not one query"),
    ("WITH gone AS (DELETE FROM buys RETURNING *) SELECT * FROM gone", "does more than read"),
    ("SELECT * INTO copied FROM buys", "does more than read"),
    ("SELECT FROM WHERE", "is no SQL"),
    # To a grammar without escapes this is one query with a string; PostgreSQL ends the string before the semicolon.
    ("SELECT E'\\'' ; DELETE FROM buys; -- '", "is not one query"),
    ("SELECT $$ $$ ; SET default_transaction_read_only = off; -- $$", "is not one query"),
]


@pytest.mark.parametrize("engine", KEPT)
def test_a_query_is_understood_in_its_engines_own_words(engine: str) -> None:
    sent = one_query(f"-- What was bought.\n{KEPT[engine]} -- all\n;\n", engine)
    assert one_query(sent, engine) == sent
    assert "--" not in sent
    assert sent.startswith("SELECT user_id,")


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_more_than_one_query_is_not_sent(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        one_query(text, "postgres")


@pytest.mark.parametrize("text", ["SELECT 1" + "+1" * 400_000, "SELECT a" + ", a" * 300_000, "-" * 60_000, "SELECT 1 --" + "x" * 50_000])  # fmt: skip
def test_a_query_that_would_take_minutes_to_read_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="has more than 50,000 characters"):
        one_query(text, "duckdb")


@pytest.mark.parametrize("text", ["SELECT " + "(" * 9_000 + "1" + ")" * 9_000, "[" * 49_000])
def test_a_query_that_nests_too_deeply_is_no_crash(text: str) -> None:
    with pytest.raises(ValueError, match="is no SQL that can be read"):
        one_query(text, "duckdb")
