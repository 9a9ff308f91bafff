"""Which rows of a batch have nothing wrong, by whole columns; all others are read one by one, and may still be right.

What names say is found out by the reader of rows, once for each combination of them. Numbers are compared by the formulas of ``sums.py``, with
the same operations in the same order. Whatever is not certain here is no judgement of a row: the reader of rows has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date as Day
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from egp.plan.results import VALUES
from egp.record.sources.batches import Batch
from egp.record.sources.cells import (
    ALLOWED,
    LARGEST,
    NEEDED,
    NUMBERS,
    OF_COVARIATE,
    CellError,
    RowReader,
    number_in,
)
from egp.record.sources.sums import CLUSTERED, PAIRS, PRODUCTS, ROUNDING
from egp.record.sources.table import is_one
from egp.stats.values import NamedTuple

PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$"
"""What the reader of rows and pyarrow read alike."""

_WHEN = ("stage", "window", "date", "through", "variant")
_WHAT = ("metric", "window", "segment")
_MOST_UNITS = 2**53


class When(NamedTuple):
    stage: str
    window: str
    date: Day | None
    through: Day | None
    variant: str


class What(NamedTuple):
    metric: str
    kind: str
    segment: str


class Sound(NamedTuple):
    """Rows without a mistake, by columns, and where in the batch the others are."""

    columns: dict[str, Any]
    others: Sequence[int]
    says_one_unit: bool


class SoundRows:
    """Remembers what combinations of names mean from batch to batch."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self._when: dict[tuple[object, ...], When | None] = {}
        self._what: dict[tuple[object, ...], What | None] = {}
        self.names: dict[str, dict[str, int]] = {
            each: {} for each in ("stage", "window", "variant", "metric", "segment")
        }
        """Column → its values, each with a number."""

    def of(self, batch: Batch) -> Sound:
        when_at, when = self._combined(batch, _WHEN, self._when, self._read_when)
        what_at, what = self._combined(batch, _WHAT, self._what, self._read_what)
        units, are_units = _units(batch.columns.get("units"), len(batch.numbers))
        columns = {"units": units.cast(pa.int64(), safe=False)}
        is_sound = pc.and_(_taken([each is not None for each in when], when_at), are_units)
        kinds = _taken([each.kind if each else None for each in what], what_at)
        numbers, are_numbers = self._numbers(batch, kinds, what_at, what)
        fitting = [
            _fits(kind, kinds, units, numbers) for kind in sorted({each.kind for each in what if each})
        ]
        is_sound = pc.and_(
            pc.and_(is_sound, are_numbers), reduce(pc.or_, fitting, pc.is_null(units, nan_is_null=False))
        )
        is_sound = pc.and_(is_sound, pc.is_valid(kinds))
        if "sum" in numbers:
            squares = numbers.get("sum_squares", pa.nulls(len(units), pa.float64()))
            lacking = pc.and_(pc.fill_null(pc.equal(kinds, "proportion"), False), pc.is_null(squares))
            numbers["sum_squares"] = pc.if_else(lacking, numbers["sum"], squares)
        for name in ("stage", "window", "variant"):
            columns[name] = self._coded(
                name, [getattr(each, name) if each else None for each in when], when_at
            )
        for name in ("metric", "segment"):
            columns[name] = self._coded(
                name, [getattr(each, name) if each else None for each in what], what_at
            )
        for name in ("date", "through"):
            columns[name] = _taken(
                [getattr(each, name) if each else None for each in when], when_at, pa.date32()
            )
        columns["row"] = pa.array(batch.numbers, pa.int32())
        kept = {name: pc.filter(each, is_sound) for name, each in {**columns, **numbers}.items()}
        others = pc.indices_nonzero(pc.invert(is_sound)).to_pylist()
        return Sound(kept, others, _is_one_throughout(batch.columns.get("units")))

    def code(self, name: str, value: str) -> int:
        known = self.names[name]
        return known.setdefault(value, len(known))

    def _coded(self, name: str, values: Sequence[str | None], at: Any) -> Any:
        return _taken([None if each is None else self.code(name, each) for each in values], at, pa.int32())

    def _combined(
        self,
        batch: Batch,
        names: Sequence[str],
        known: dict[tuple[object, ...], Any],
        read: Callable[[dict[str, object]], Any],
    ) -> tuple[Any, list[Any]]:
        """For each row the place of what its names mean together, and what each combination means; None for a mistake."""
        parts = [_encoded(batch.columns.get(name), len(batch.numbers)) for name in names]
        code = parts[0][0]
        for at, values in parts[1:]:
            code = pc.add(pc.multiply(code, len(values)), at)
        combined = code.dictionary_encode()
        meant: list[Any] = []
        for each in combined.dictionary.to_pylist():
            cells: dict[str, object] = {}
            rest = each
            for name, (_, values) in zip(reversed(names), reversed(parts), strict=True):
                rest, at = divmod(rest, len(values))
                cells[name] = values[at]
            key = (*cells.values(),)  # a column is of one type: values that are equal are the same
            if key not in known:
                known[key] = read(cells)
            meant.append(known[key])
        return combined.indices, meant

    def _read_when(self, cells: dict[str, object]) -> When | None:
        try:
            stage, window = self._reader.stage(cells), self._reader.window(cells)
            first, through = self._reader.days(cells, window, stage)
            return When(stage.name, window, first, through, self._reader.variant(cells))
        except CellError:
            return None

    def _read_what(self, cells: dict[str, object]) -> What | None:
        try:
            metric, kind, segment = self._reader.measured(cells, self._reader.window(cells))
        except CellError:
            return None
        return What(metric.name, kind, segment)

    def _numbers(
        self, batch: Batch, kinds: Any, what_at: Any, what: Sequence[What | None]
    ) -> tuple[dict[str, Any], Any]:
        """The columns of numbers, and whether all that a row has of them can be read."""
        count = len(batch.numbers)
        numbers, readable = {}, pa.array([True] * count)
        of_quantiles = pc.fill_null(pc.equal(kinds, "quantile"), False)
        for name in NUMBERS:
            cells = batch.columns.get(name)
            if cells is None or cells.null_count == count:
                continue
            if name in VALUES and pc.any(of_quantiles).as_py():
                found = self._of_quantiles(name, cells, of_quantiles, what_at, what)
            else:
                found = _floats(cells)
            numbers[name] = found
            readable = pc.and_(readable, pc.equal(pc.is_valid(found), pc.is_valid(cells)))
        return numbers, readable

    def _of_quantiles(
        self, name: str, cells: Any, are: Any, what_at: Any, what: Sequence[What | None]
    ) -> Any:
        """Values that may have units, cell by cell; other kinds have none of them."""
        found: list[float | None] = [None] * len(cells)
        at = pc.indices_nonzero(are)
        for place, cell, meant in zip(
            at.to_pylist(), cells.take(at).to_pylist(), what_at.take(at).to_pylist(), strict=True
        ):
            metric = self._reader.metric(what[meant].metric)
            with suppress(CellError):
                found[place] = number_in({name: cell}, name, metric)
        return pa.array(found, pa.float64())


def _encoded(cells: Any, count: int) -> tuple[Any, list[object]]:
    """For each row the place of its cell among the different ones, and these; an empty one is None."""
    if cells is None:
        return pa.array([0] * count, pa.int64()), [None]
    if not pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_encode()
    values = [*cells.dictionary.to_pylist(), None]
    return pc.fill_null(cells.indices.cast(pa.int64()), len(values) - 1), values


def _taken(values: Sequence[object], at: Any, kind: Any = None) -> Any:
    return pa.array(values, kind).take(at)


def _floats(cells: Any) -> Any:
    """The cells as numbers, null where they are none that is read here."""
    kind = cells.type
    if pa.types.is_dictionary(kind):
        cells = cells.cast(kind.value_type)
        kind = cells.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        plain = pc.match_substring_regex(cells, PLAIN_NUMBER)
        found = pc.if_else(plain, cells, None).cast(pa.float64())
    elif pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind):
        found = cells.cast(pa.float64(), safe=False)
    elif pa.types.is_decimal(kind):
        found = pa.array([None if each is None else float(each) for each in cells.to_pylist()], pa.float64())
    else:
        return pa.nulls(len(cells), pa.float64())
    return pc.if_else(pc.less(pc.abs(found), LARGEST), found, None)


def _units(cells: Any, count: int) -> tuple[Any, Any]:
    if cells is None:
        return pa.nulls(count, pa.float64()), pa.array([False] * count)
    units = _floats(cells)
    are = all_hold(
        pc.greater_equal(units, 0.0), pc.equal(pc.floor(units), units), pc.less(units, float(_MOST_UNITS))
    )
    return pc.add(pc.if_else(are, units, 0.0), 0.0), are  # what is divided by -0 is another infinity


def _is_one_throughout(cells: Any) -> bool:
    return cells is not None and all(map(is_one, pc.unique(cells).to_pylist()))


def all_hold(*conditions: Any) -> Any:
    """Whether all hold; what nobody can tell does not."""
    return pc.fill_null(reduce(pc.and_kleene, conditions), False)


def _fits(kind: str, kinds: Any, units: Any, numbers: dict[str, Any]) -> Any:
    """Whether rows are of the kind, with the numbers that it has and none that cannot be."""
    conditions = [pc.equal(kinds, kind)]
    conditions += [
        pc.is_valid(numbers[each]) if each in numbers else pc.scalar(False) for each in NEEDED[kind]
    ]
    conditions += [pc.is_null(each) for name, each in numbers.items() if name not in ALLOWED[kind]]
    of_covariate = OF_COVARIATE[kind]
    if given := [pc.is_valid(numbers[each]) for each in of_covariate if each in numbers]:
        conditions.append(
            pc.invert(reduce(pc.or_, given)) if len(given) < len(of_covariate) else _alike(given)
        )
    conditions += [
        pc.fill_null(pc.greater_equal(each, 0.0), True)
        for name, each in numbers.items()
        if name.endswith("sum_squares")
    ]
    conditions += [each for each in _sums(kind, units, numbers) if each is not None]
    return all_hold(*conditions)


def _alike(given: Sequence[Any]) -> Any:
    return reduce(pc.and_, [pc.equal(given[0], each) for each in given[1:]])


def _sums(kind: str, units: Any, numbers: dict[str, Any]) -> list[Any]:
    has = numbers.get
    total, squares = has("sum"), has("sum_squares")
    if kind == "quantile":
        error = has("standard_error")
        return [pc.greater_equal(units, 1.0), None if error is None else pc.greater(error, 0.0)]
    conditions = []
    if kind == "proportion" and total is not None:
        conditions += [
            pc.greater_equal(total, 0.0),
            pc.less_equal(total, units),
            pc.equal(pc.floor(total), total),
        ]
        squares = total if squares is None else pc.coalesce(squares, total)
        conditions.append(pc.equal(squares, total))
        numbers = {**numbers, "sum_squares": squares}
    if kind == CLUSTERED and None not in (total, squares, has("denominator_sum"), has("cross_sum")):
        least = pc.multiply(squares, 1 - ROUNDING)
        conditions += [
            pc.greater_equal(total, 0.0),
            pc.less_equal(total, has("denominator_sum")),
            pc.greater_equal(has("cross_sum"), least),
        ]
    conditions += [_are_large_enough(units, numbers, *pair) for pair in PAIRS]
    conditions += [_are_correlations(units, numbers, *product) for product in PRODUCTS]
    return conditions


def _are_large_enough(units: Any, numbers: dict[str, Any], total: str, squares: str) -> Any:
    if total not in numbers or squares not in numbers:
        return None
    sum_, sum_squares = numbers[total], numbers[squares]
    least = pc.divide(pc.multiply(sum_, sum_), units)
    enough = pc.greater_equal(sum_squares, pc.multiply(least, 1 - ROUNDING))
    nothing = all_hold(pc.equal(units, 0.0), pc.equal(sum_, 0.0), pc.equal(sum_squares, 0.0))
    return pc.fill_null(pc.or_kleene(enough, nothing), True)


def _are_correlations(units: Any, numbers: dict[str, Any], cross: str, one: str, other: str) -> Any:
    if cross not in numbers or one not in numbers or other not in numbers:
        return None
    product, sum_one, sum_other = numbers[cross], numbers[one], numbers[other]
    variances = []
    for name, total in ((one, sum_one), (other, sum_other)):
        square = pc.fill_null(numbers[f"{name}_squares"], 0.0) if f"{name}_squares" in numbers else 0.0
        variance = pc.subtract(square, pc.divide(pc.multiply(total, total), units))
        variances.append(pc.if_else(pc.greater(variance, 0.0), variance, 0.0))
    covariance = pc.subtract(product, pc.divide(pc.multiply(sum_one, sum_other), units))
    largest = pc.add(
        pc.multiply(pc.multiply(variances[0], variances[1]), 1 + ROUNDING),
        pc.multiply(pc.multiply(ROUNDING, product), product),
    )
    possible = pc.less_equal(pc.multiply(covariance, covariance), largest)
    nothing = all_hold(pc.equal(units, 0.0), pc.equal(product, 0.0))
    return pc.fill_null(pc.or_kleene(possible, nothing), True)
