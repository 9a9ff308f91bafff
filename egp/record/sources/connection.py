"""A connection to a warehouse, through Ibis. DuckDB is opened read-only, and can reach nothing but its own file.

Which warehouses there are is a list, since an engine that is not known may read and create whatever files it likes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.record.sources import ResultsError
from egp.yaml.files import is_inside, real_path

_IN_A_FILE = "duckdb"
_SERVERS = (
    "athena", "bigquery", "clickhouse", "databricks", "druid", "exasol", "impala", "materialize", "mssql", "mysql", "oracle",
    "postgres", "postgresql", "redshift", "risingwave", "singlestoredb", "snowflake", "trino",
)  # fmt: skip
"""Warehouses that are reached over the network. Engines that run in the process and open files are none of them."""

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)

_CONFINED = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


def unusable(url: str, message: str, help: str) -> ResultsError:
    return ResultsError((Failure(without_secrets(url), message, help=help),))


def without_secrets(url: str) -> str:
    """The url without user, password and options."""
    scheme, _, rest = url.partition("://")
    return shown(f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}")


@contextmanager
def connected(url: str, root: str) -> Iterator[Any]:
    """A connection that is closed afterwards. Raises ResultsError; no message repeats what is in the tables."""
    scheme, rest = _parsed(url)
    file = _inside(url, rest.removeprefix("/"), root) if scheme == _IN_A_FILE else ""
    try:
        import ibis
    except ImportError:
        help = "pip install 'egp[warehouse]', or export the aggregates to a file"
        raise unusable(url, "reading a warehouse needs Ibis", help) from None
    try:
        connection = (
            ibis.duckdb.connect(file, read_only=True, **_CONFINED)
            if file
            else ibis.connect(f"{scheme}://{rest}")
        )
        if file:
            connection.raw_sql("SET lock_configuration = true")
    except Exception as error:  # every backend has errors of its own
        message = f"cannot connect: {type(error).__name__}"
        raise unusable(url, message, "check the url, and that the backend's package is installed") from None
    try:
        yield connection
    except ResultsError:
        raise
    except Exception as error:
        message = f"the query failed: {type(error).__name__}"
        raise unusable(url, message, "compare the columns named under `sources` with the tables") from None
    finally:
        connection.disconnect()


def _parsed(url: str) -> tuple[str, str]:
    """Scheme, in small letters, and what follows it. Raises ResultsError for a scheme that is not on the list."""
    found = _URL.fullmatch(url)
    if found is None or not url.isprintable():
        raise unusable(url, "it is no url", "write it as in duckdb:///warehouse.db")
    scheme = found[1].lower()
    if scheme != _IN_A_FILE and scheme not in _SERVERS:
        known = ", ".join((_IN_A_FILE, *_SERVERS))
        raise unusable(
            url, f"egp opens no `{shown(scheme)}`", f"export the aggregates to a file, or use one of {known}"
        )
    return scheme, found[2]


def _inside(url: str, path: str, root: str) -> str:
    found = real_path(path)
    if not is_inside(found, real_path(root)):
        raise unusable(
            url, "the file lies outside of the repository, links followed", "copy it into the repository"
        )
    if not os.path.isfile(found):
        raise unusable(url, "there is no such file", "correct the url: three slashes, then a path from here")
    return found
