"""Results from a file: its header, and the rows in it or beside it, read strictly. Nothing is guessed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from egp.plan.experiment import is_plan_alone
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.results import (
    COLUMNS,
    About,
    Evidence,
    Results,
    Row,
    RowRefusal,
    StageEntry,
    digest_of_lines,
    results_digest,
)
from egp.plan.typed_reader import ValueProblem, changed, read
from egp.plan.wording import counted
from egp.record.near_file import path_advice
from egp.record.sources import ResultsError, RowSource
from egp.record.sources.between_rows import Placed, contradictions
from egp.record.sources.cells import CellError, RowReader
from egp.record.sources.cut_off import read_beyond
from egp.record.sources.stages import Stages, stages_of
from egp.record.sources.table import ONE_UNIT, Record, RecordTable, column_refusals
from egp.record.sources.tabular import ENDINGS, read_table
from egp.stats.values import replace
from egp.yaml import Document, Path, read_file
from egp.yaml.files import real_path, shown_path

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment

_YEARS = range(1990, 2200)
_OFFSET = "write it with its offset, as in 2023-02-07T08:00:00-08:00"


def read_evidence(
    path: str,
    plan: Experiment,
    root: str,
    source: RowSource | None = None,
    entered: tuple[StageEntry, ...] | None = None,
) -> Evidence:
    """Everything that results say and that can be relied on. Raises ResultsError where they cannot be read.

    Stages that the ledger has entered stand for those that the results have.

    ``root`` is the folder that neither the file nor its aggregates may lie outside of, links followed. Rows come
    from the file, from the file that it names, and from the source.
    """
    file = ResultsFile(path, root)
    results, as_of = file.results(plan)
    if entered is not None:
        results = changed(results, stages=entered)
    stages = stages_of(plan, results.stages, as_of)
    own = [*file.tables(results, by_columns=source is None)]
    tables = [*own, *([source.table(plan, stages)] if source else [])]
    if not tables:
        advice = "name the file of aggregates: `aggregates: results.csv`; `rows: []` says that nothing was seen yet"
        raise file.unusable("it has no rows", advice)
    problems = [file.refused("stages", message, help) for message, help in stages.problems]
    if large := next((table for table in own if table.batches is not None), None):
        if found := _of_large(large, plan, stages, file, results, as_of, problems):
            return found
        own = tables = [*file.tables(results)]
    count = sum(len(table.records) + len(table.refusals) for table in own)
    problems += file.miscounted(results, count)
    placed: list[Placed] = []
    may_end: list[Row] = []
    for table in tables:
        of_table = [*_rows(table, RowReader(plan, stages), problems)]
        placed += of_table
        if not table.is_whole and results.row_count is None:
            may_end = [row for _, row in of_table]
    rows, contradicted = contradictions(placed)
    digest = results_digest(results, rows)
    counts = tuple(each for table in tables for each in table.counts)
    left_out = tuple(each for table in tables for each in table.left_out)
    beyond = read_beyond(may_end) if may_end else None
    return Evidence(results, as_of, tuple(rows), (*problems, *contradicted), digest, counts, left_out, beyond)


def _of_large(
    table: RecordTable,
    plan: Experiment,
    stages: Stages,
    file: ResultsFile,
    results: Results,
    as_of: datetime,
    problems: list[RowRefusal],
) -> Evidence | None:
    """The same of a table that is read by columns; None where that cannot be done."""
    from egp.record.sources.large.rows import LargeRows

    rows = LargeRows.read(table, RowReader(plan, stages))
    if rows is None:
        return None
    problems = [*problems, *file.miscounted(results, rows.count)]
    if why := table.is_of_units or (ONE_UNIT if rows.are_of_one_unit else ""):
        return Evidence(
            results, as_of, (), (*problems, _of_single_units(table, why)), results_digest(results, ())
        )
    problems += [*column_refusals(table), *rows.refusals]
    beyond = rows.last_rows() if not table.is_whole and results.row_count is None else None
    problems += rows.drop_contradictions()
    segments = {metric.segment for _, metric in plan.metrics if metric.segment}
    return Evidence(
        results,
        as_of,
        rows.compared(segments),
        tuple(problems),
        digest_of_lines(results, rows.lines()),
        read_beyond=beyond,
        of_segments=rows.of_segments(segments),
    )


def _of_single_units(table: RecordTable, why: str) -> RowRefusal:
    message, help = (
        f"{why}: these are rows of users, not aggregates",
        "give sums over the units of a day and variant",
    )
    return RowRefusal(table.path, table.header, 0, "", message, help, (About(),))


class ResultsFile:
    """A results file below a root."""

    def __init__(self, path: str, root: str) -> None:
        self._path = path
        self._root = real_path(root)
        self._shown = shown_path(path)
        self._document = self._opened()

    def _opened(self) -> Document:
        self._must_be_inside(self._path, "it")
        if os.path.exists(self._path) and not os.path.isfile(self._path):
            is_folder = os.path.isdir(self._path)
            advice = "name the file in it; egp status, and egp gate with --base, take a folder"
            raise self.unusable("it is not a file", advice if is_folder else "correct the path")
        if self._path.lower().endswith(ENDINGS):
            name = os.path.basename(self._shown)
            raise self.unusable(
                "it has rows alone", f"name the file of results that says `aggregates: {name}`"
            )
        try:
            documents = read_file(self._path, self._shown, self._root)
        except OSError as error:
            advice = path_advice(self._path, self._shown)
            raise self.unusable(f"cannot read the results: {error.strerror}", advice) from None
        document = documents[0]
        failures = [
            Failure(
                self._shown, fault.message, "", fault.span, document.line(fault.span.start.line), fault.help
            )
            for fault in document.problems
        ]
        if len(documents) > 1:
            failures.append(
                Failure(self._shown, "results are one document", help="remove what follows `---`")
            )
        if failures:
            raise ResultsError(tuple(failures))
        return document

    def unusable(self, message: str, help: str) -> ResultsError:
        return ResultsError((Failure(self._shown, message, help=help),))

    def refused(self, key: str, message: str, help: str) -> RowRefusal:
        return RowRefusal(self._shown, self._document.span((key,)).start.line, 0, key, message, help)

    def miscounted(self, results: Results, count: int) -> Iterator[RowRefusal]:
        """What the file says of the number of its rows and does not keep: any row may be missing, or not belong to them."""
        if results.row_count is not None and results.row_count != count:
            message = (
                f"there are {counted(count, 'row')}, and `row_count` says {results.row_count:,} were written"
            )
            help = "export them again, whole, and write the results file last"
            yield replace(self.refused("row_count", message, help), about=(About(),))

    def results(self, plan: Experiment) -> tuple[Results, datetime]:
        """The header of the file, and its instant."""
        if is_plan_alone(self._document.value):
            raise self.unusable(
                "this is a plan, not results", "name a file that says `experiment:` and `as_of:`"
            )
        problems: list[ValueProblem] = []
        results = read(Results, self._document.value, (), problems)
        failures = [
            self._failure(
                p.path,
                p.message.replace("the plan has", "these results have"),
                p.help,
                p.kind == "unknown-key",
            )
            for p in problems
        ]
        instants: list[tuple[Path, object]] = [(("as_of",), results.as_of)]
        instants += [(("stages", at, "entered"), stage.entered) for at, stage in enumerate(results.stages)]
        for path, instant in instants:
            if instant is not None and not (isinstance(instant, datetime) and instant.tzinfo):
                failures.append(self._failure(path, f"{shown(instant)} is not an instant", _OFFSET))
            elif isinstance(instant, datetime) and instant.year not in _YEARS:
                message = f"{shown(instant)} is no instant at which anything was seen"
                failures.append(self._failure(path, message, "correct the year"))
        if results.experiment and results.experiment != plan.id:
            message = f"these are results of {results.experiment}, and the plan is {plan.id}"
            failures.append(self._failure(("experiment",), message, "name the results of this plan"))
        if results.rows and results.aggregates:
            message = "the rows are both written here and in a file"
            failures.append(self._failure(("aggregates",), message, "remove one of `rows` and `aggregates`"))
        if failures or not isinstance(results.as_of, datetime):
            raise ResultsError(tuple(failures))
        return results, results.as_of

    def _failure(self, path: Path, message: str, help: str, on_key: bool = False) -> Failure:
        span = self._document.span(path, key=on_key)
        return Failure(self._shown, message, "", span, self._document.line(span.start.line), help)

    def tables(self, results: Results, by_columns: bool = False) -> Iterator[RecordTable]:
        """The rows written in the file, or in the file that it names; by columns, where these are many."""
        if results.rows or (
            isinstance(self._document.value, dict) and self._document.value.get("rows") == []
        ):
            yield self._inline(results.rows)
        if results.aggregates:
            yield read_table(*self._aggregates(results.aggregates), by_columns)

    def _aggregates(self, name: str) -> tuple[str, str]:
        if os.path.isabs(name):
            raise ResultsError(
                (self._failure(("aggregates",), "the path is absolute", "write it relative to this file"),)
            )
        path = os.path.join(os.path.dirname(self._path), name)
        self._must_be_inside(path, shown(name))
        if not os.path.isfile(path):
            raise ResultsError(
                (self._failure(("aggregates",), f"there is no file {shown(name)}", "correct the path"),)
            )
        return real_path(path), shown_path(path)

    def _must_be_inside(self, path: str, what: str) -> None:
        if not real_path(path).startswith(os.path.join(self._root, "")):
            raise self.unusable(
                f"{what} lies outside of the repository, links followed", "move it into the repository"
            )

    def _inline(self, rows: Iterable[object]) -> RecordTable:
        records: list[Record] = []
        refusals: list[RowRefusal] = []
        for at, cells in enumerate(rows):
            line = self._document.span(("rows", at)).start.line
            if isinstance(cells, dict):
                records.append(Record(self._shown, line, at + 1, cells))
            else:
                message, advice = f"{shown(cells)} is not a row", f"write a mapping of {', '.join(COLUMNS)}"
                refusals.append(RowRefusal(self._shown, line, at + 1, "", message, advice))
        columns = dict.fromkeys(column for record in records for column in record.cells)
        return RecordTable(self._shown, tuple(columns), tuple(records), tuple(refusals))


def _rows(table: RecordTable, reader: RowReader, problems: list[RowRefusal]) -> Iterator[Placed]:
    """The rows of a table that can be read, refusals appended to the problems."""
    if table.is_of_units:
        problems.append(_of_single_units(table, table.is_of_units))
        return
    problems += [*column_refusals(table), *table.refusals]
    for record in table.records:
        try:
            yield record, reader.row(record.cells)
        except CellError as error:
            about, advice = reader.about(record.cells), error.help
            if table.is_torn and record is table.records[-1]:
                about, advice = About(), f"{advice}; the file ends within this row: export it again, whole"
            problems.append(record.refused(error.column, str(error), advice, about))
