"""CSV and Parquet as columns, some thousand rows at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import csv
from pyarrow.parquet import ParquetFile

from egp.plan.results import COLUMNS, RowRefusal
from egp.record.sources.sizes import LARGE_ROWS
from egp.stats.values import NamedTuple

_BLOCK = 2_000_000
_ROWS = 65_536
_CHUNK = 1_000_000
_UNPACKED = 1_000_000_000
"""Bytes of a Parquet file once nothing in it is compressed."""

_QUOTED = re.compile(rb'"(?<![^,\n]")[^"\r\n]*"(?![^,\r\n])')
"""A cell that means the same with its quotes and without."""


class TooManyError(Exception):
    """A file with more rows than are read."""


class NotPlainError(Exception):
    """CSV whose lines are not its rows: by columns nobody could say which line a row is."""


class Batch(NamedTuple):
    """Rows that follow each other, by their numbers in the file."""

    numbers: Sequence[int]
    columns: dict[str, Any]
    """Column → its cells; those of columns that mean something."""


class CsvBatches:
    """The rows of a CSV file. What has another number of cells than the header is refused."""

    def __init__(self, content: bytes, columns: Sequence[str], path: str) -> None:
        _require_plain(content)
        self._content, self._columns, self._path = content, columns, path
        self.refusals: list[RowRefusal] = []
        self._misshapen: set[int] = set()

    def __iter__(self) -> Iterator[Batch]:
        text = dict.fromkeys(self._columns, pa.string())
        content, self._content = self._content, b""  # it is read once, and takes room
        reader = csv.open_csv(
            pa.BufferReader(content),
            csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=[*self._columns], skip_rows=1),
            csv.ParseOptions(invalid_row_handler=self._refuse),
            csv.ConvertOptions(
                check_utf8=False,  # that was done
                column_types=text,
                null_values=[""],
                strings_can_be_null=True,
                include_columns=[each for each in self._columns if each in COLUMNS],
            ),
        )
        yield from _numbered(reader, self._misshapen)

    def _refuse(self, row: Any) -> str:
        number, columns = row.number - 1, len(self._columns)
        self._misshapen.add(number)
        message = f"the row has {row.actual_columns} cells, and the header {columns} columns"
        help = "write one cell for each column, empty or not"
        self.refusals.append(RowRefusal(self._path, row.number, number, "", message, help))
        return "skip"


class ParquetBatches:
    """The rows of a Parquet file. Raises what pyarrow does."""

    refusals: Sequence[RowRefusal] = ()

    def __init__(self, content: bytes) -> None:
        plain = ParquetFile(pa.BufferReader(content))
        texts = [each.name for each in plain.schema_arrow if each.type in (pa.string(), pa.large_string())]
        self._file = ParquetFile(pa.BufferReader(content), read_dictionary=texts)
        self.columns: tuple[str, ...] = tuple(self._file.schema_arrow.names)

    def __iter__(self) -> Iterator[Batch]:
        known = [each for each in self.columns if each in COLUMNS]
        yield from _numbered(self._file.iter_batches(_ROWS, columns=known, use_threads=False), frozenset())


def rows_of_parquet(content: bytes) -> int:
    """How many rows a Parquet file has. Raises TooManyError for more than are read, and what pyarrow does."""
    metadata = ParquetFile(pa.BufferReader(content)).metadata
    unpacked = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    if metadata.num_rows > LARGE_ROWS or unpacked > _UNPACKED:
        raise TooManyError
    return int(metadata.num_rows)


def _numbered(batches: Iterable[Any], misshapen: Iterable[int]) -> Iterator[Batch]:
    following = 1
    for batch in batches:
        numbers: Sequence[int] = range(following, following + batch.num_rows)
        if misshapen:
            without: list[int] = []
            while len(without) < batch.num_rows:
                if following not in misshapen:
                    without.append(following)
                following += 1
            numbers = without
        else:
            following += batch.num_rows
        if following - 1 > LARGE_ROWS:
            raise TooManyError
        yield Batch(numbers, dict(zip(batch.schema.names, batch.columns, strict=True)))


def _require_plain(content: bytes) -> None:
    """Raises UnicodeDecodeError, and NotPlainError."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for begin in range(0, len(content), _CHUNK):
        decoder.decode(content[begin : begin + _CHUNK], begin + _CHUNK >= len(content))
    lone = content.count(b"\r") != content.count(b"\r\n")
    empty = any(mark in content.rstrip(b"\r\n") for mark in (b"\n\n", b"\n\r\n"))
    if lone or empty or _has_odd_quotes(content):
        raise NotPlainError


def _has_odd_quotes(content: bytes) -> bool:
    quotes = content.count(b'"')
    begin = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    return quotes != 0 and quotes != 2 * sum(1 for _ in _QUOTED.finditer(memoryview(content)[begin:]))
