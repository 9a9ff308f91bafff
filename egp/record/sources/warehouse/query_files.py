"""A fact's query that stands in a file: that it is one query and only reads, and which columns it has."""

from __future__ import annotations

import logging
from typing import Any

_QUIET = logging.NullHandler()
"""For what sqlglot logs of a query: it quotes it, and a line of a query may be a command to the CI that logs it."""


_LONGEST = 50_000
"""Characters of a query; whoever writes one by hand needs a fraction of that, and to read one takes time and depth."""


def one_query(text: str, dialect: Any) -> str:
    """The query as it was understood, which is what an engine is sent: nothing in the text can mean more to the engine than it
    did here. Raises ValueError for what is not one query that only reads."""
    if len(text) > _LONGEST:
        raise ValueError(f"its file has more than {_LONGEST:,} characters")
    import sqlglot
    from sqlglot import exp

    logging.getLogger("sqlglot").addHandler(_QUIET)
    try:
        statements = [each for each in sqlglot.parse(text, dialect=dialect) if each is not None]
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise ValueError("its file is no SQL that can be read") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("its file is not one query")
    writing = exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Into, exp.Command
    if next(statements[0].find_all(*writing), None) is not None:
        raise ValueError("its file does more than read")
    return statements[0].sql(dialect=dialect, comments=False)


def columns_of(backend: Any, query: str) -> Any:
    """Names and types of a query's columns, where ibis would have to write to learn them; None where it need not."""
    import ibis

    nothing = f"SELECT * FROM ({query}) AS rows LIMIT 0"
    if backend.name == "duckdb":
        # ibis 12 asks in a way that DuckDB 2 no longer knows.
        return ibis.Schema.from_pyarrow(backend.con.sql(nothing).to_arrow_table().schema)
    if backend.name == "postgres":
        # ibis makes a view, which nothing may that only reads.
        with backend.con.cursor() as cursor:
            columns = cursor.execute(nothing).description
        type_of = backend.compiler.type_mapper.from_string
        return ibis.schema({each.name: type_of(each.type_display) for each in columns})
    return None
