"""CSV and Parquet files as tables."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator

from egp.files import TooLargeError, read_regular
from egp.finding import Failure
from egp.quantity import shown
from egp.results import NEEDED_COLUMNS, Refusal
from egp.sources import ResultsError
from egp.sources.table import Record, Table

MAX_BYTES = 50_000_000
"""Size of a file of aggregates. A larger one is no file of aggregates."""

MAX_ROWS = 200_000


def read_table(path: str, shown_as: str) -> Table:
    """The table in a file, by its ending. Raises ResultsError."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".csv", ".parquet"):
        raise _unreadable(
            shown_as, "aggregates are read from .csv and .parquet", "export them as one of the two"
        )
    try:
        content = read_regular(path, MAX_BYTES)
    except TooLargeError:
        message = f"it has more than {MAX_BYTES // 1_000_000} MB"
        raise _unreadable(shown_as, message, "aggregate by day and variant") from None
    except OSError as error:
        raise _unreadable(shown_as, f"cannot read it: {error.strerror}", "correct `aggregates`") from None
    table = _parquet(content, shown_as) if ending == ".parquet" else _csv(content, shown_as)
    if not any(column in NEEDED_COLUMNS for column in table.columns):
        message = "its first line names none of the columns of aggregates"
        raise _unreadable(shown_as, message, f"they begin with {', '.join(NEEDED_COLUMNS)}")
    return table


def _unreadable(path: str, message: str, help: str) -> ResultsError:
    return ResultsError((Failure(path, message, help=help),))


def _csv(content: bytes, path: str) -> Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not text in UTF-8", "export it in UTF-8") from None
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = tuple(next(lines, ()))
        _check_header(columns, path)
        return _csv_table(lines, columns, path)
    except csv.Error as error:
        raise _unreadable(path, f"line {lines.line_num} is not CSV: {error}", "correct the line") from None


def _csv_table(lines: Iterator[list[str]], columns: tuple[str, ...], path: str) -> Table:
    records: list[Record] = []
    refusals: list[Refusal] = []
    line = 2
    for row, cells in enumerate(lines, 1):
        if row > MAX_ROWS:
            raise _unreadable(path, f"it has more than {MAX_ROWS:,} rows", "aggregate by day and variant")
        if len(cells) == len(columns):
            filled = {column: cell or None for column, cell in zip(columns, cells, strict=True)}
            records.append(Record(path, line, row, filled))
        elif cells:
            message = f"the row has {len(cells)} cells, and the header {len(columns)} columns"
            refusals.append(
                Refusal(path, line, row, "", message, "write one cell for each column, empty or not")
            )
        line = lines.line_num + 1  # type: ignore[attr-defined]
    return Table(path, columns, tuple(records), tuple(refusals), header=1)


def _check_header(columns: tuple[str, ...], path: str) -> None:
    if not columns:
        raise _unreadable(path, "it is empty", "write the columns into its first line")
    repeated = next((column for at, column in enumerate(columns) if column in columns[:at]), None)
    if repeated is not None:
        raise _unreadable(path, f"it has two columns `{shown(repeated)}`", "remove one of them")


def _parquet(content: bytes, path: str) -> Table:
    try:
        from pyarrow import ArrowException, BufferReader
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise _unreadable(
            path, "reading Parquet needs pyarrow", "pip install 'egp[parquet]', or export CSV"
        ) from None
    try:
        file = ParquetFile(BufferReader(content))
        if file.metadata.num_rows > MAX_ROWS:
            raise _unreadable(path, f"it has more than {MAX_ROWS:,} rows", "aggregate by day and variant")
        columns = tuple(file.schema_arrow.names)
        _check_header(columns, path)
        rows = file.read().to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise _unreadable(path, f"it is not a Parquet file: {shown(reason)}", "write it again") from None
    records = (Record(path, 0, row, cells) for row, cells in enumerate(rows, 1))
    return Table(path, columns, tuple(records), header=1)
