"""Aggregates as a source delivers them: columns and records, nothing read into them yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.plan.quantity import shown
from egp.plan.results import COLUMNS, NEEDED_COLUMNS, About, LeftOut, RowRefusal, StageCounts
from egp.plan.typed_reader import nearest

if TYPE_CHECKING:
    from egp.record.sources.batches import CsvBatches, ParquetBatches

_SPREAD = re.compile(r"std|sd|std_?dev|st_?dev|standard_deviation|std_?err(or)?|se|sem|var|variance")
_PERSONAL = re.compile(
    r"(.*_)?(uuid|guid|e?mail|phone|cookie|ip|ip_address|idfa|gaid|user|visitor|customer|account|member|person)(_?hash)?"
)
_IDENTIFIER = re.compile(
    r"(.+_)?(id|key|hash)|(user|visitor|customer|account|member|person|session|device|client)s?id"
)
_OF_THE_EXPERIMENT = ("experiment", "variant", "metric", "stage", "segment", "window", "row")


ONE_UNIT = "every row has 1 unit"


def is_one(units: object) -> bool:
    return str(units) in ("1", "1.0")


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it was delivered."""

    path: str
    line: int
    row: int
    cells: Mapping[str, object]
    """Column → cell; an empty cell is None or absent."""

    def refused(self, column: str, message: str, help: str, *about: About) -> RowRefusal:
        return RowRefusal(self.path, self.line, self.row, column, message, help, about or None)


@dataclass(frozen=True, slots=True)
class RecordTable:
    """Records and the columns they have. ``refusals`` are about records that could not be distinguished into cells."""

    path: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    refusals: tuple[RowRefusal, ...] = ()
    header: int = 0
    """Line that names the columns; 0 where every record names its own."""
    counts: tuple[StageCounts, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    is_torn: bool = False
    """Whether the file ends within a line: where its last row cannot be read, others may have followed."""
    is_whole: bool = False
    """Whether none of its rows can be missing at the end: a database has delivered them, or a format that says where it ends."""
    batches: CsvBatches | ParquetBatches | None = None
    """Its rows by columns, where they are too many for records."""

    @property
    def is_of_units(self) -> str:
        """Why these look like rows of single units, or empty."""
        named = next((column for column in self.columns if _identifies(column)), "")
        if named:
            return f"the column `{shown(named)}` identifies single units"
        if self.records and all(is_one(record.cells.get("units")) for record in self.records):
            return ONE_UNIT
        return ""


def column_refusals(table: RecordTable) -> Iterator[RowRefusal]:
    """Columns that mean nothing here, or are missing."""
    for column in table.columns:
        if column in COLUMNS:
            continue
        message, advice = _foreign(column)
        record = None if table.header else next(r for r in table.records if column in r.cells)
        line, row = (record.line, record.row) if record else (table.header, 0)
        yield RowRefusal(table.path, line, row, shown(column), message, advice, about=())
    if not table.header:
        return
    for column in NEEDED_COLUMNS:
        if column not in table.columns:
            message = f"there is no column `{column}`"
            yield RowRefusal(table.path, table.header, 0, column, message, f"add it: {COLUMNS[column]}")


def _foreign(column: str) -> tuple[str, str]:
    name = shown(column)
    if _SPREAD.fullmatch(column.lower()):
        return (
            f"`{name}` is refused: some exports put a standard deviation under this name, others a standard error",
            "give `sum_squares`, the sum of the squared values of the units",
        )
    guess = nearest(column, COLUMNS)
    hint = f", did you mean `{guess}`?" if guess else ""
    return f"unknown column `{name}`{hint}", f"columns are {', '.join(COLUMNS)}"


def _identifies(column: str) -> bool:
    name = column.strip().lower().replace("-", "_").replace(" ", "_")
    if name in COLUMNS:
        return False
    if _PERSONAL.fullmatch(name):
        return True
    return bool(_IDENTIFIER.fullmatch(name)) and not name.startswith(_OF_THE_EXPERIMENT)
