"""All rows of a file that can be relied on, by columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from egp.plan.finding import Failure
from egp.plan.results import (
    FIRST_WEEK,
    RATIO_COVARIATE_SUMS,
    About,
    Row,
    RowRefusal,
    Seen,
)
from egp.record.sources import ResultsError
from egp.record.sources.batches import CsvBatches, ParquetBatches, TooManyError
from egp.record.sources.between_rows import ADDED, Placed, contradictions
from egp.record.sources.cells import NUMBERS, CellError, RowReader
from egp.record.sources.cut_off import read_beyond
from egp.record.sources.large.sound import SoundRows, all_hold
from egp.record.sources.table import Record, RecordTable
from egp.record.sources.tabular import too_large, unreadable_parquet
from egp.stats.values import fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from egp.record.sources.batches import Batch

    Batches = CsvBatches | ParquetBatches

MOST_SINGLY = 100_000
"""Rows that are read one by one. Where more have something about them, they have it in common, and one says it for all."""

_NAMES = ("stage", "window", "variant", "metric", "segment")
_PART = ("stage", "variant", "segment")
"""Rows that differ in one of these say nothing of each other."""
_KEY = ("stage", "window", "date", "variant", "metric", "segment")
_AT_ONCE = 50_000
_PLAINLY_WHOLE = 1e15
_EARLIER = tuple(each for each in NUMBERS if each not in RATIO_COVARIATE_SUMS)
_NEARLY = 1e-10
"""Closer than what counts as different sums."""
_TYPES = {
    "row": pa.int32(), **dict.fromkeys(_NAMES, pa.int32()), "date": pa.date32(), "through": pa.date32(),
    "units": pa.int64(), **dict.fromkeys(NUMBERS, pa.float64()),
}  # fmt: skip


class LargeRows:
    """What can be relied on of a file's rows, and why the others cannot."""

    def __init__(self, table: RecordTable, batches: Batches, reader: RowReader) -> None:
        """Raises ResultsError where so many rows cannot be relied on that none is, and what pyarrow does."""
        sound, singly = SoundRows(reader), _Singly(reader)
        self._path, self._has_lines = table.path, not table.is_whole
        self.count = 0
        """Rows of the file, refused ones included."""
        self.are_of_one_unit = True
        tables, last = [], 0
        for batch in batches:
            found = sound.of(batch)
            self.are_of_one_unit = self.are_of_one_unit and found.says_one_unit
            tables.append(_table(found.columns))
            last = batch.numbers[-1] if batch.numbers else last
            self.count += len(batch.numbers)
            for number, cells in _cells(batch, found.others):
                singly.add(self._record(number, cells))
            refused = [*batches.refusals, *singly.refusals]
            _require_few(len(refused) + len(singly.rows), refused, table.path)
        self.count += len(batches.refusals)
        self.refusals = [*batches.refusals, *singly.told(last if table.is_torn else 0)]
        if singly.rows:
            coded = [{**row, **{name: sound.code(name, row[name]) for name in _NAMES}} for row in singly.rows]
            tables.append(pa.Table.from_pylist(coded, pa.schema([*_TYPES.items()])))
        self._names = {name: [*known] for name, known in sound.names.items()}
        whole = pa.concat_tables(tables, promote_options="default") if tables else _table({})
        self._table = (whole.sort_by("row") if singly.rows else whole).combine_chunks()

    @classmethod
    def read(cls, table: RecordTable, reader: RowReader) -> LargeRows | None:
        """None for CSV that pyarrow cannot read. Raises ResultsError."""
        batches = table.batches
        assert batches is not None, "a table with many rows has them by columns"
        try:
            return cls(table, batches, reader)
        except TooManyError:
            raise too_large(table.path, by_columns=True) from None
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            if table.is_whole:
                raise unreadable_parquet(error, table.path) from None
            return None

    def _record(self, number: int, cells: Mapping[str, object]) -> Record:
        return Record(self._path, number + 1 if self._has_lines else 0, number, cells)

    def last_rows(self) -> Mapping[tuple[str, str], date] | None:
        """What the order of the rows tells of rows that are absent."""
        seen = self._seen(self._table)
        return read_beyond(seen) if seen else None

    def drop_contradictions(self) -> list[RowRefusal]:
        """Takes out what other rows contradict, and says why."""
        parts = self._doubtful_parts()
        if not parts:
            return []
        part = self._code(self._table, _PART)
        is_doubtful = pc.is_in(part, pa.array(sorted(parts), pa.int64()))
        doubtful = self._table.filter(is_doubtful)
        judged = doubtful.slice(0, MOST_SINGLY)
        placed: list[Placed] = [
            (self._record(number, {}), row)
            for number, row in zip(judged["row"].to_pylist(), self._rows(judged), strict=True)
        ]
        kept, refusals = contradictions(placed)
        _require_few(len(doubtful), refusals, self._path)
        keys = {row.key for row in kept}
        sound = [record.row for record, row in placed if row.key in keys]
        stays = pc.or_(pc.invert(is_doubtful), pc.is_in(self._table["row"], pa.array(sound, pa.int32())))
        self._table = self._table.filter(stays)
        return refusals

    def lines(self) -> Iterator[str]:
        """What the digest is of, a line for each row, many at once; the lines are in order."""
        written = {name: [f"{each!r}, " for each in self._names[name]] for name in _NAMES}
        dates = {
            each: f"{each.isoformat()!r}, " if each else "None, "
            for each in pc.unique(self._table["date"]).to_pylist()
        }
        order = self._order({name: _ranks(written[name]) for name in _NAMES}, _ranked(dates), self._table)
        for begin in range(0, len(order), _AT_ONCE):
            some = self._table.take(order[begin : begin + _AT_ONCE]).combine_chunks()
            names = {name: pa.array(written[name], pa.string()).take(_only(some[name])) for name in _NAMES}
            names["date"] = _of_days(some["date"], "{!r}, ")
            numbers = [self._written(some, each) for each in _EARLIER]
            later = [self._written(some, each) for each in RATIO_COVARIATE_SUMS]
            cells = [_only(some["units"]).cast(pa.string()), *numbers, _of_days(some["through"], "{!r}")]
            earlier = _joined(cells, ", ")
            has_later = reduce(pc.or_, [pc.not_equal(each, "None") for each in later])
            ends = pc.if_else(has_later, _joined([pa.scalar(""), *later], ", "), "")
            lines = _joined(
                [pa.scalar("["), *(names[each] for each in _KEY), earlier, ends, pa.scalar("]")], ""
            )
            yield "\n".join(lines.to_pylist())

    def _written(self, table: Any, name: str) -> Any:
        """A column of numbers as Python writes them."""
        if name not in table.column_names:
            return pa.array(["None"]).take(pa.array([0] * len(table)))
        numbers = _only(table[name])
        are_whole = all_hold(
            pc.equal(pc.floor(numbers), numbers), pc.greater(numbers, 0.0), pc.less(numbers, _PLAINLY_WHOLE)
        )
        whole = pc.if_else(are_whole, numbers, 0.0).cast(pa.int64()).cast(pa.string())
        whole = _joined([whole, pa.scalar(".0")], "")
        others = [*map(repr, numbers.filter(pc.invert(are_whole)).to_pylist())]
        return pc.replace_with_mask(whole, pc.invert(are_whole), pa.array(others, pa.string()))

    def compared(self, segments: Collection[str]) -> tuple[Row, ...]:
        """The rows that the gate can compare, in the order of their keys: metrics are judged on all units, or on their own segment."""
        return tuple(self._rows(self._in_order(self._table.filter(self._is_compared(segments)))))

    def of_segments(self, segments: Collection[str]) -> tuple[Seen, ...]:
        """What the others say all together."""
        return tuple(self._seen(self._table.filter(pc.invert(self._is_compared(segments)))))

    def _seen(self, table: Any) -> list[Seen]:
        """In the order in which the last row of each stands in the file."""
        names = ["stage", "window", "date", "variant", "metric"]
        more = [("units", "max"), ("through", "max"), ("row", "count"), ("row", "max")]
        found = table.group_by(names, use_threads=False).aggregate(more).sort_by("row_max")
        return [
            Seen(*each) for each in self._listed(found, (*names, "units_max", "through_max", "row_count"))
        ]

    def _is_compared(self, segments: Collection[str]) -> Any:
        known = {"", FIRST_WEEK, *segments}
        codes = [at for at, each in enumerate(self._names["segment"]) if each in known]
        return pc.is_in(self._table["segment"], pa.array(codes, pa.int32()))

    def _doubtful_parts(self) -> set[int]:
        """Of the rows of these something may be wrong; of all others nothing is."""
        table, part = self._table, self._code(self._table, _PART)
        found: set[int] = set()
        keys = self._code(table, _KEY)
        if pc.count_distinct(keys).as_py() < len(table):
            counted = pc.value_counts(keys)
            repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
            found.update(pc.unique(part.filter(pc.is_in(keys, repeated))).to_pylist())
        needed = ["window", "stage", "date", "metric", "units"]
        columns = [*dict.fromkeys([*needed, *(each for each in ADDED if each in table.column_names)])]
        table = table.append_column("part", part)
        totals = self._of_window(table, "total")
        table = table.select(["part", *(columns if len(totals) else needed)])
        cohorts = self._of_window(table, "cohort")
        counts = cohorts.group_by(["part", "stage", "date"], use_threads=False).aggregate(
            [("units", "min"), ("units", "max")]
        )
        found.update(
            counts.filter(pc.not_equal(counts["units_min"], counts["units_max"]))["part"].to_pylist()
        )
        weeks = self._of_window(table, "week")
        days = weeks["date"].cast(pa.int32())
        weeks = weeks.append_column("weekday", pc.subtract(days, pc.multiply(pc.divide(days, 7), 7)))
        starts = weeks.group_by(["part", "metric"], use_threads=False).aggregate(
            [("weekday", "min"), ("weekday", "max")]
        )
        found.update(
            starts.filter(pc.not_equal(starts["weekday_min"], starts["weekday_max"]))["part"].to_pylist()
        )
        if len(totals):
            found.update(_contradicted(totals, cohorts))
        return found

    def _of_window(self, table: Any, window: str) -> Any:
        codes = [at for at, each in enumerate(self._names["window"]) if each == window]
        return table.filter(pc.is_in(table["window"], pa.array(codes, pa.int32())))

    def _code(self, table: Any, names: Sequence[str]) -> Any:
        """One number for what the columns say together."""
        code = pa.scalar(0, pa.int64())
        for name in names:
            column = table[name].cast(pa.int32()).cast(pa.int64())
            if name == "date":
                least = pc.min(column).as_py() or 0
                column = pc.add(pc.subtract(pc.fill_null(column, least - 1), least), 1)
                size = (pc.max(column).as_py() or 0) + 1
            else:
                size = max(len(self._names[name]), 1)
            code = pc.add(pc.multiply(code, size), column)
        return code.combine_chunks()

    def _order(self, ranks: Mapping[str, Sequence[int]], days: Mapping[date | None, int], table: Any) -> Any:
        """Where the rows stand in the order of their keys."""
        code = pa.scalar(0, pa.int64())
        for name in _KEY:
            if name == "date":
                known = pa.array([*days], pa.date32())
                at, of, size = pc.index_in(table["date"], known), [*days.values()], len(days)
            else:
                at, of, size = table[name], [*ranks[name]], len(ranks[name])
            place = pa.array(of, pa.int64()).take(_only(at))
            code = pc.add_checked(pc.multiply_checked(code, size or 1), place)
        return pc.sort_indices(code)

    def _in_order(self, table: Any) -> Any:
        days = _ranked({each: each or date.min for each in pc.unique(table["date"]).to_pylist()})
        return table.take(self._order({name: _ranks(self._names[name]) for name in _NAMES}, days, table))

    def _listed(self, table: Any, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        columns = []
        for name in names:
            values = table[name].to_pylist() if name in table.column_names else [None] * len(table)
            columns.append(map(self._names[name].__getitem__, values) if name in self._names else values)
        return zip(*columns, strict=True)

    def _rows(self, table: Any) -> Iterator[Row]:
        for begin in range(0, len(table), _AT_ONCE):
            for each in self._listed(table.slice(begin, _AT_ONCE), fields(Row)):
                yield Row(*each)


class _Singly:
    """Rows that are read one by one."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self.rows: list[dict[str, Any]] = []
        self.refusals: list[RowRefusal] = []
        self._errors: list[tuple[Record, CellError]] = []

    def add(self, record: Record) -> None:
        try:
            row = self._reader.row(record.cells)
        except CellError as error:
            self._errors.append((record, error))
            self.refusals.append(
                record.refused(error.column, str(error), error.help, self._reader.about(record.cells))
            )
        else:
            self.rows.append({"row": record.row, **{name: getattr(row, name) for name in fields(Row)}})

    def told(self, torn: int) -> list[RowRefusal]:
        """Why rows are refused. The last one of a file that ends within it may be about anything."""
        if self._errors and self._errors[-1][0].row == torn:
            record, error = self._errors[-1]
            advice = f"{error.help}; the file ends within this row: export it again, whole"
            return [*self.refusals[:-1], record.refused(error.column, str(error), advice, About())]
        return self.refusals


def _cells(batch: Batch, places: Sequence[int]) -> Iterator[tuple[int, dict[str, object]]]:
    if not places:
        return
    at = pa.array(places, pa.int64())
    columns = [batch.columns[name].take(at).to_pylist() for name in batch.columns]
    for place, *cells in zip(places, *columns, strict=True):
        yield batch.numbers[place], dict(zip(batch.columns, cells, strict=True))


def _table(columns: Mapping[str, Any]) -> Any:
    needed = (name for name in _TYPES if name in columns or name not in NUMBERS)
    return pa.table(
        {name: columns[name].cast(_TYPES[name]) if columns else pa.nulls(0, _TYPES[name]) for name in needed}
    )


def _require_few(count: int, refusals: Sequence[RowRefusal], path: str) -> None:
    if count <= MOST_SINGLY:
        return
    message = f"of more than {MOST_SINGLY:,} rows something is wrong, or only one look at each could tell"
    help = "write names, days and numbers as docs/results.md has them"
    if refusals:
        first = min(refusals, key=lambda each: each.row)
        message, help = (
            f"more than {MOST_SINGLY:,} rows cannot be relied on; {first.place}: {first.message}",
            first.help,
        )
    raise ResultsError((Failure(path, message, help=help),))


def _contradicted(totals: Any, cohorts: Any) -> Iterator[int]:
    """Parts with a total that may not be what its cohorts add up to."""
    keys = ["part", "metric"]
    present = [each for each in ADDED if each in totals.column_names]
    added = cohorts.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in present])
    both = totals.select([*keys, *present]).join(added, keys, join_type="inner")
    for name in present:
        stated, summed = both[name].cast(pa.float64()), both[f"{name}_sum"].cast(pa.float64())
        largest = pc.max_element_wise(pc.abs(stated), pc.abs(summed))
        differs = pc.greater(pc.abs(pc.subtract(stated, summed)), pc.multiply(largest, _NEARLY))
        yield from both.filter(pc.fill_null(differs, False))["part"].to_pylist()


def _ranks(words: Sequence[str]) -> list[int]:
    """Of each word its place among all in order."""
    places = {word: at for at, word in enumerate(sorted(words))}
    return [places[word] for word in words]


def _ranked(words: Mapping[date | None, Any]) -> dict[date | None, int]:
    return dict(zip(words, _ranks([*words.values()]), strict=True))


def _only(column: Any) -> Any:
    """The one chunk of a column."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _of_days(days: Any, form: str) -> Any:
    different = _only(days).dictionary_encode()
    words = [form.format(each.isoformat()) for each in different.dictionary.to_pylist()]
    nothing = form.format(None)
    return pc.fill_null(pa.array(words, pa.string()).take(different.indices), nothing)


def _joined(columns: Sequence[Any], by: str) -> Any:
    return pc.binary_join_element_wise(*columns, pa.scalar(by))
