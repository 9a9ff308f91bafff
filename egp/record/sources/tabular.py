"""CSV and Parquet files as tables."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterator
from importlib.util import find_spec

from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.results import COLUMNS, NEEDED_COLUMNS, RowRefusal
from egp.record.sources import ResultsError
from egp.record.sources.sizes import FEW_BYTES, FEW_ROWS, LARGE_BYTES, LARGE_ROWS, MAX_BYTES, MAX_ROWS
from egp.record.sources.table import Record, RecordTable
from egp.stats.values import replace
from egp.yaml.files import TooLargeError, read_regular

ENDINGS = (".csv", ".parquet")
"""Of the files that are tables."""

_NAMES = frozenset(("stage", "window", "date", "variant", "metric", "segment", "through"))

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_DELIMITERS = ((";", "semicolons"), ("\t", "tabs"), ("|", "pipes"), (":", "colons"), (" ", "spaces"))


def read_table(path: str, shown_as: str, by_columns: bool = False) -> RecordTable:
    """The table in a file, by its ending; by columns, where it has many rows and that can be done. Raises ResultsError."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in ENDINGS:
        raise _unreadable(
            shown_as, "aggregates are read from .csv and .parquet", "export them as one of the two"
        )
    by_columns = by_columns and find_spec("pyarrow") is not None
    try:
        content = read_regular(path, LARGE_BYTES if by_columns else MAX_BYTES)
    except TooLargeError:
        raise too_large(shown_as, by_columns) from None
    except OSError as error:
        raise _unreadable(shown_as, f"cannot read it: {error.strerror}", "correct `aggregates`") from None
    read = _parquet if ending == ".parquet" else _csv
    table = read(content, shown_as, by_columns)
    if not any(column in NEEDED_COLUMNS for column in table.columns):
        message = "its first line names none of the columns of aggregates"
        raise _unreadable(shown_as, message, f"they begin with {', '.join(NEEDED_COLUMNS)}")
    return table


def too_large(path: str, by_columns: bool) -> ResultsError:
    rows, size = (LARGE_ROWS, LARGE_BYTES) if by_columns else (MAX_ROWS, MAX_BYTES)
    message = f"it has more than {rows:,} rows or {size // 1_000_000} MB"
    if by_columns:
        return _unreadable(
            path, message, "aggregate by day and variant, or let egp compute the rows, with --source"
        )
    if find_spec("pyarrow") is None:
        help = f"aggregate by day and variant, or pip install 'egp[parquet]', with which {LARGE_ROWS:,} rows are read"
    else:
        help = f"one line for each row, without quotes and empty lines, and no --source beside them: then {LARGE_ROWS:,} are read"
    return _unreadable(path, message, help)


def _unreadable(path: str, message: str, help: str) -> ResultsError:
    return ResultsError((Failure(path, message, help=help),))


def _csv(content: bytes, path: str, by_columns: bool) -> RecordTable:
    if by_columns and len(content) > FEW_BYTES and (table := _csv_by_columns(content, path)):
        return table
    if len(content) > MAX_BYTES:
        raise too_large(path, by_columns=False)
    text = _decoded(content, path)
    _check_delimiter(text.partition("\n")[0].strip(), path)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = tuple(next(lines, ()))
        _check_header(columns, path)
        return replace(_csv_table(lines, columns, path), is_torn=not text.endswith(("\n", "\r")))
    except csv.Error as error:
        raise _unreadable(path, f"line {lines.line_num} is not CSV: {error}", "correct the line") from None


def _csv_by_columns(content: bytes, path: str) -> RecordTable | None:
    """None where its rows are no lines."""
    from egp.record.sources.batches import CsvBatches, NotPlainError

    _check_encoding(content, path)
    try:
        first = content.partition(b"\n")[0].decode("utf-8-sig").strip()
        _check_delimiter(first, path)
        columns = tuple(next(csv.reader([first], strict=True), ()))
        _check_header(columns, path)
        batches = CsvBatches(content, columns, path)
    except NotPlainError:
        return None
    except csv.Error as error:
        raise _unreadable(path, f"line 1 is not CSV: {error}", "correct the line") from None
    except UnicodeDecodeError as error:
        raise _not_text(content, error, path) from None
    is_torn = not content.endswith((b"\n", b"\r"))
    return RecordTable(path, columns, (), header=1, is_torn=is_torn, batches=batches)


def _check_encoding(content: bytes, path: str) -> None:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if not marked and b"\0" in content[:64]:
        marked = "UTF-16"
    if marked:
        raise _unreadable(path, f"it is encoded in {marked}, and results in UTF-8", "export it in UTF-8")


def _decoded(content: bytes, path: str) -> str:
    _check_encoding(content, path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(content, error, path) from None


def _not_text(content: bytes, error: UnicodeDecodeError, path: str) -> ResultsError:
    line = content.count(b"\n", 0, error.start) + 1
    message = f"it is not text in UTF-8: byte {content[error.start]:#04x} in line {line}"
    return _unreadable(path, message, "export it in UTF-8")


def _check_delimiter(header: str, path: str) -> None:
    """The header says what separates cells: commas in most exports, semicolons in those of some spreadsheets."""
    if re.fullmatch(r'"?sep=.?"?', header, re.IGNORECASE):
        message = f"its first line, `{shown(header)}`, is for a spreadsheet, and names no columns"
        raise _unreadable(path, message, "remove the line, and separate cells by commas")
    if _known_columns(header, ","):
        return
    for delimiter, name in _DELIMITERS:
        if _known_columns(header, delimiter) > 1:
            message = f"its cells are separated by {name}, and those of CSV by commas"
            advice = "export it with commas between cells and points in decimals, as in 0.25"
            raise _unreadable(path, message, advice)


def _known_columns(header: str, delimiter: str) -> int:
    words = (word.strip().strip("\"'") for word in header.split(delimiter))
    return sum(word.lower() in COLUMNS for word in words)


def _csv_table(lines: Iterator[list[str]], columns: tuple[str, ...], path: str) -> RecordTable:
    records: list[Record] = []
    refusals: list[RowRefusal] = []
    known: dict[str, str] = {}
    """What names things, once: a file has a hundred thousand rows of the same few stages, days, variants, metrics and segments."""
    keep = known.setdefault
    named = frozenset(at for at, column in enumerate(columns) if column in _NAMES)
    line = 2
    for row, cells in enumerate(lines, 1):
        if row > MAX_ROWS:
            raise too_large(path, by_columns=False)
        if len(cells) == len(columns):
            for at in named:
                cells[at] = keep(cells[at], cells[at])
            filled = {column: cell or None for column, cell in zip(columns, cells, strict=True)}
            records.append(Record(path, line, row, filled))
        elif cells:
            message = f"the row has {len(cells)} cells, and the header {len(columns)} columns"
            refusals.append(
                RowRefusal(path, line, row, "", message, "write one cell for each column, empty or not")
            )
        line = lines.line_num + 1  # type: ignore[attr-defined]
    return RecordTable(path, columns, tuple(records), tuple(refusals), header=1)


def _check_header(columns: tuple[str, ...], path: str) -> None:
    if not columns:
        raise _unreadable(path, "it is empty", "write the columns into its first line")
    repeated = next((column for at, column in enumerate(columns) if column in columns[:at]), None)
    if repeated is not None:
        raise _unreadable(path, f"it has two columns `{shown(repeated)}`", "remove one of them")


def _parquet(content: bytes, path: str, by_columns: bool) -> RecordTable:
    try:
        from pyarrow import ArrowException, BufferReader
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise _unreadable(
            path, "reading Parquet needs pyarrow", "pip install 'egp[parquet]', or export CSV"
        ) from None
    from egp.record.sources.batches import ParquetBatches, TooManyError, rows_of_parquet

    try:
        count = rows_of_parquet(content)
        if by_columns and count > FEW_ROWS:
            batches = ParquetBatches(content)
            _check_header(batches.columns, path)
            return RecordTable(path, batches.columns, (), header=1, is_whole=True, batches=batches)
        if count > MAX_ROWS:
            raise too_large(path, by_columns=False)
        file = ParquetFile(BufferReader(content))
        columns = tuple(file.schema_arrow.names)
        _check_header(columns, path)
        rows = file.read().to_pylist()
    except TooManyError:
        raise too_large(path, by_columns=True) from None
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        raise unreadable_parquet(error, path) from None
    records = (Record(path, 0, row, cells) for row, cells in enumerate(rows, 1))
    return RecordTable(path, columns, tuple(records), header=1, is_whole=True)


def unreadable_parquet(error: Exception, path: str) -> ResultsError:
    if isinstance(error, OverflowError):
        return _unreadable(path, "it has a date outside of the calendar", "correct the date")
    reason = str(error).splitlines()[0]
    return _unreadable(path, f"it is not a Parquet file: {shown(reason)}", "write it again")
