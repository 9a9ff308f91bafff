"""How long a warehouse may take, how much it may read, and in which zone it reads instants without one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

_AGAIN = 0.1
"""Seconds between two interrupts."""


class UnknownSizeError(Exception):
    """An engine does not tell how much a query reads."""


class Clock:
    """The time that is left for queries."""

    def __init__(self, limit: timedelta | None) -> None:
        self._ends = None if limit is None else time.monotonic() + limit.total_seconds()

    @property
    def is_over(self) -> bool:
        return self._ends is not None and time.monotonic() >= self._ends

    @contextmanager
    def bounded(self, backend: Any) -> Iterator[None]:
        """Stops what the engine does when the time is over."""
        if self._ends is None:
            yield
            return
        if self.is_over:
            raise TimeoutError
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(backend, done, self._ends), daemon=True)
        watch.start()
        try:
            yield
        finally:
            done.set()
            watch.join()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raises KeyboardInterrupt where an engine took the one that came for an error of its own, as DuckDB does."""
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came = threading.Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        came.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    except Exception:
        if came.is_set():
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _watch(backend: Any, done: threading.Event, ends: float) -> None:
    """Interrupts until it is done: what arrives before an engine has begun is lost."""
    is_done = done.wait(ends - time.monotonic())
    while not is_done:
        _interrupt(backend)
        is_done = done.wait(_AGAIN)


def _interrupt(backend: Any) -> None:
    """Engines have different names for it; one that has none is left alone, and its connection closed."""
    connection: Any = getattr(backend, "con", None)
    session = getattr(backend, "_session", None)
    if session is not None and hasattr(session, "sparkContext"):
        session.sparkContext.cancelAllJobs()
    elif hasattr(connection, "interrupt"):
        connection.interrupt()
    elif hasattr(connection, "cancel_safe"):
        connection.cancel_safe()
    elif hasattr(connection, "cancel"):
        connection.cancel()
    else:
        backend.disconnect()


def is_in_utc(backend: Any) -> bool:
    """Whether an instant without a time zone means the one in UTC."""
    import ibis

    noon = datetime(2023, 7, 1, 12)  # no winter time anywhere north
    comparison = ibis.literal(noon).cast("timestamp('UTC')") == ibis.literal(noon.replace(tzinfo=UTC))
    return bool(backend.to_pyarrow(comparison).as_py())


def bytes_read(backend: Any, tables: list[tuple[str | None, str]], limit: int) -> int:
    """What one query reads at most. BigQuery is reported the limit and keeps it itself. Raises UnknownSizeError."""
    engine = backend.name
    if engine == "duckdb":
        ((path,),) = backend.raw_sql("SELECT path FROM duckdb_databases() WHERE path IS NOT NULL").fetchall()
        return os.path.getsize(path)
    if engine == "postgres":
        names = [(schema or backend.current_database, table) for schema, table in tables]
        sizes = "SELECT coalesce(sum(pg_table_size(format('%%I.%%I', s, t)::regclass)), 0) FROM unnest(%s::text[], %s::text[]) AS named (s, t)"
        with backend.con.cursor() as cursor:
            ((size,),) = cursor.execute(sizes, tuple(map(list, zip(*names, strict=True)))).fetchall()
        return int(size)
    if engine == "bigquery":
        backend.client.default_query_job_config.maximum_bytes_billed = limit
        return 0
    raise UnknownSizeError(
        f"{engine} does not say how many bytes a query reads, so that --byte-limit cannot be kept"
    )
