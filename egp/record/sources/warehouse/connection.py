"""A connection to a warehouse, through Ibis: which engines are opened, how they are kept from writing, and what is reported of errors.

Which warehouses there are is a list, since an engine that is not known may read and create whatever files it likes. DuckDB is
opened read-only, and can reach nothing but its own file; PostgreSQL takes nothing but reading transactions. A connection of
another kind is made by a function that is installed beside egp and named on the command line.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from egp.plan.analysis.days import time_zone
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.record.sources import ResultsError
from egp.record.sources.warehouse import limits
from egp.record.sources.warehouse.asking import PLAINLY, Asking, Queried
from egp.record.sources.warehouse.entry_point import EntryPointError, connection_of
from egp.record.sources.warehouse.named import NAMED, without_secrets
from egp.record.sources.warehouse.query_files import columns_of, one_query
from egp.yaml.files import is_inside, real_path

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

_IN_A_FILE = "duckdb"
_POSTGRES = ("postgres", "postgresql")
_SERVERS = (
    "athena", "bigquery", "clickhouse", "databricks", "druid", "exasol", "impala", "materialize", "mssql", "mysql", "oracle",
    "postgres", "postgresql", "redshift", "risingwave", "singlestoredb", "snowflake", "trino",
)  # fmt: skip
"""Warehouses that are reached over the network. Engines that run in the process and open files are none of them."""

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)

_CONFINED = (
    "SET enable_progress_bar = false",  # it would stand in the report
    "SET TimeZone = 'UTC'",
    "SET enable_external_access = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET lock_configuration = true",
)
_READING = (
    "SET default_transaction_read_only = on",
    "SET enable_nestloop = off",  # of a table that a query names PostgreSQL knows no size, and takes it for small
    "SET jit = off",
)
_MEMORY = "600MB"
"""What DuckDB holds before it writes to a folder of its own, which is removed afterwards."""


def unusable(url: str, message: str, help: str) -> ResultsError:
    return ResultsError((Failure(without_secrets(url), message, help=help),))


class Session:
    """A connection that runs one query after the other. No error repeats what is in the tables."""

    def __init__(self, url: str, backend: Any, asking: Asking) -> None:
        self.url = url
        self.backend = backend
        self._asking = asking
        self._clock = limits.Clock(asking.time_limit)
        self._is_known_to_be_in_utc = False

    @property
    def is_embedded(self) -> bool:
        """Whether the engine computes in this process."""
        return bool(self.backend.name == _IN_A_FILE)

    @property
    def is_dry(self) -> bool:
        """Whether queries are only shown."""
        return self._asking.is_dry

    def table(self, name: str | None, database: str | None) -> Any:
        return self.backend.table(name, database=database)

    def query(self, text: str) -> Any:
        """The rows of a query in the engine's own SQL. Raises ValueError for what is not one query that only reads."""
        query = one_query(text, self.backend.dialect)
        return self.backend.sql(query, schema=columns_of(self.backend, query))

    def require_utc(self) -> None:
        """Raises ResultsError for a session in which instants without a time zone are not in UTC."""
        if self.is_dry or self._is_known_to_be_in_utc:
            return
        if not limits.is_in_utc(self.backend):
            message = "the session's time zone is not UTC, in which instants without a zone are read"
            raise unusable(self.url, message, "set the time zone of the connection to UTC")
        self._is_known_to_be_in_utc = True

    def require_bytes(self, tables: list[tuple[str | None, str]]) -> None:
        """Raises ResultsError where more would be read than is allowed, or nobody can tell."""
        if self._asking.byte_limit is None:
            return
        try:
            size = limits.bytes_read(self.backend, tables, self._asking.byte_limit)
        except limits.UnknownSizeError as error:
            raise unusable(
                self.url, str(error), "leave --byte-limit out, or set a limit of the engine's own"
            ) from None
        if size > self._asking.byte_limit:
            message = (
                f"a query would read up to {size:,} bytes, and --byte-limit is {self._asking.byte_limit:,}"
            )
            raise unusable(self.url, message, "raise the limit, or partition the tables by day")

    def fetch(self, name: str, query: Any) -> list[dict[str, Any]]:
        """The rows of a query; none in a dry run. Raises ResultsError, which says which query failed and how."""
        table = self._table_of(name, query)
        return [] if table is None else table.to_pylist()

    def fetch_columns(self, name: str, query: Any) -> dict[str, Any]:
        """The same as an array of numbers for each column, where there are too many rows for objects of their own."""
        table = self._table_of(name, query)
        if table is None:
            return {}
        return {each: table[each].to_numpy() for each in table.column_names}

    def _table_of(self, name: str, query: Any) -> Any:
        if self._asking.show:
            self._asking.show(f"-- {name}\n{self.backend.compile(query, pretty=True)};\n")
        if self.is_dry:
            return None
        try:
            with self._clock.bounded(self.backend):
                return self.backend.to_pyarrow(query)
        except Exception as error:  # every backend has errors of its own
            raise self._failed(name, error) from None

    def _failed(self, name: str, error: Exception) -> ResultsError:
        if self._clock.is_over:
            message = f"the query of {name} did not end within --time-limit"
            return unusable(self.url, message, "raise the limit, or partition the tables by day")
        state = getattr(error, "sqlstate", None)
        what = f"{type(error).__name__}{f', SQLSTATE {state}' if state else ''}"
        advice = "compare the columns that `sources` or the catalogue name with the tables; --show-sql prints the query"
        return unusable(self.url, f"the query of {name} failed: {what}", advice)

    def end(self) -> None:
        """Raises ResultsError after a dry run, which has no rows to judge."""
        if self.is_dry:
            raise unusable(
                self.url,
                "a dry run: the queries were not sent, and nothing was judged",
                "leave --dry-run out",
            )


@contextmanager
def connected(url: str, root: str, asking: Asking = PLAINLY) -> Iterator[Session]:
    """A session that is closed afterwards. Raises ResultsError; no message repeats a secret or what is in the tables."""
    with limits.interruptible(), ExitStack() as stack:
        backend = _opened(url, root, stack)
        stack.callback(_closed, backend)
        try:
            yield Session(url, backend, asking)
        except ResultsError:
            raise
        except Exception as error:  # of the engine, outside of the queries
            message = f"the warehouse could not be read: {type(error).__name__}"
            raise unusable(
                url, message, "check the tables that `sources` or the catalogue name, and who may read them"
            ) from None


def opened(warehouse: Queried) -> AbstractContextManager[Session]:
    """The same for a history. Raises ResultsError."""
    return connected(warehouse.url, warehouse.root, warehouse.asking)


def zone_of(session: Session, plan: Experiment) -> tzinfo:
    """The zone in which the plan's days begin. Raises ResultsError."""
    zone = time_zone((plan.schedule and plan.schedule.timezone) or "")
    if zone is None:
        message = "the plan names no time zone, so that days have no beginning"
        raise unusable(session.url, message, "add `schedule.timezone`")
    return zone


def _closed(backend: Any) -> None:
    """An engine that failed may fail once more when it is left; what it failed of is reported already."""
    with suppress(Exception):
        backend.disconnect()


def _opened(url: str, root: str, stack: ExitStack) -> Any:
    try:
        import ibis
    except ImportError:
        help = "pip install 'egp[warehouse]', or export the aggregates to a file"
        raise unusable(url, "reading a warehouse needs Ibis", help) from None
    kind, _, name = url.partition(":")
    try:
        if kind == "entry-point" and NAMED.fullmatch(url):
            return connection_of(name, root)
        scheme, rest = _parsed(url, _from_environment(url, name) if kind == "env" else url)
        if scheme == _IN_A_FILE:
            return _of_file(ibis, _inside(url, rest.removeprefix("/"), root), stack)
        backend = ibis.connect(f"{scheme}://{rest}")
        if scheme in _POSTGRES:
            with backend.con.cursor() as cursor:
                for setting in _READING:
                    cursor.execute(setting)
        return backend
    except ResultsError:
        raise
    except EntryPointError as error:
        raise unusable(url, str(error), error.help) from None
    except Exception as error:  # every backend has errors of its own
        message = f"cannot connect: {type(error).__name__}"
        raise unusable(url, message, "check the url, and that the backend's package is installed") from None


def _from_environment(url: str, name: str) -> str:
    value = os.environ.get(name)
    if not value or not NAMED.fullmatch(url):
        raise unusable(
            url, "this variable of the environment is not set", "export it with the url of the warehouse"
        )
    return value


def _of_file(ibis: Any, file: str, stack: ExitStack) -> Any:
    spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="egp-"))
    bounds = {"memory_limit": _MEMORY, "temp_directory": spill}
    backend = ibis.duckdb.connect(file, read_only=True, **bounds)
    for setting in _CONFINED:  # after the folder is named, which a confined engine refuses
        backend.raw_sql(setting)
    return backend


def _parsed(shown_as: str, url: str) -> tuple[str, str]:
    """Scheme, in small letters, and what follows it. Raises ResultsError for a scheme that is not on the list."""
    found = _URL.fullmatch(url)
    if found is None or not url.isprintable():
        raise unusable(shown_as, "it is no url", "write it as in duckdb:///warehouse.db")
    scheme = found[1].lower()
    if scheme != _IN_A_FILE and scheme not in _SERVERS:
        known = ", ".join((_IN_A_FILE, *_SERVERS))
        raise unusable(
            shown_as,
            f"egp opens no `{shown(scheme)}`",
            f"export the aggregates to a file, or use one of {known}",
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
