"""What rows say of each other: two about the same, cohorts counted differently, weeks that overlap."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import timedelta
from itertools import pairwise

from egp.plan.results import (
    COVARIATE_SUMS,
    DENOMINATOR_SUMS,
    RATIO_COVARIATE_SUMS,
    SUMS,
    About,
    Row,
    RowRefusal,
)
from egp.record.sources.table import Record
from egp.stats.values import replace

Placed = tuple[Record, Row]

_WEEK = timedelta(days=7)
ADDED = ("units", *SUMS, *DENOMINATOR_SUMS, *COVARIATE_SUMS, *RATIO_COVARIATE_SUMS)
_ROUNDING = 1e-9


def contradictions(rows: Iterable[Placed]) -> tuple[list[Row], list[RowRefusal]]:
    """The rows that no other row contradicts, in the order of their keys, and why the others are refused.

    Which of two rows is right is not guessed: both go.
    """
    placed = list(rows)
    refused: set[tuple[str, int]] = set()
    refusals: list[RowRefusal] = []
    for check in (_duplicates, _cohort_units, _overlapping_weeks, _totals_of_cohorts):
        sound = [at for at in placed if _mark(at) not in refused]
        for members, refusal in check(sound):
            refused.update(map(_mark, members))
            refusals.append(replace(refusal, about=tuple(_about(row) for _, row in members)))
    kept = [at[1] for at in placed if _mark(at) not in refused]
    return sorted(kept, key=lambda row: row.key), refusals


def _duplicates(rows: list[Placed]) -> Iterator[tuple[list[Placed], RowRefusal]]:
    for first, *others in _grouped(rows, lambda row: row.key):
        if others:
            record = others[0][0]
            message = (
                f"{_both(record, first[0])} about the same stage, window, date, variant, metric and segment"
            )
            yield [first, *others], record.refused("", message, "keep the one that is right")


def _cohort_units(rows: list[Placed]) -> Iterator[tuple[list[Placed], RowRefusal]]:
    cohorts = (placed for placed in rows if placed[1].window == "cohort")
    for members in _grouped(cohorts, lambda row: (row.stage, row.date, row.variant, row.segment)):
        (_, first), *_ = members
        record, other = next(((r, row) for r, row in members if row.units != first.units), members[0])
        if other.units != first.units:
            message = (
                f"{other.metric} counts {other.units:,} units of {other.variant} first exposed on {other.date}, "
                f"{first.metric} {first.units:,}; the units of a cohort are the same for every metric"
            )
            yield members, record.refused("units", message, "count every exposed unit, whatever it did")


def _overlapping_weeks(rows: list[Placed]) -> Iterator[tuple[list[Placed], RowRefusal]]:
    weeks = (placed for placed in rows if placed[1].window == "week")
    for members in _grouped(weeks, lambda row: (row.stage, row.variant, row.metric, row.segment)):
        ordered = sorted(members, key=lambda placed: placed[1].key)
        for earlier, later in pairwise(ordered):
            begin, end = earlier[1].date, later[1].date
            if begin and end and end - begin < _WEEK:
                message = f"the week from {end} overlaps the week from {begin}"
                yield (
                    [earlier, later],
                    later[0].refused("date", message, "let weeks follow each other, 7 days apart"),
                )


def _totals_of_cohorts(rows: list[Placed]) -> Iterator[tuple[list[Placed], RowRefusal]]:
    """A total that is not the sum of its cohorts, counted through the same day, goes: they say more."""
    summed = (placed for placed in rows if placed[1].window in ("cohort", "total"))
    for members in _grouped(summed, lambda row: (row.stage, row.variant, row.metric, row.segment)):
        cohorts = [row for _, row in members if row.window == "cohort"]
        for record, total in members:
            through = {row.through for row in cohorts}
            if total.window != "total" or through != {total.through}:
                continue
            for column in ADDED:
                stated, added = getattr(total, column), [getattr(row, column) for row in cohorts]
                if (
                    stated is None
                    or None in added
                    or math.isclose(stated, math.fsum(added), rel_tol=_ROUNDING)
                ):
                    continue
                message = (
                    f"the total of {total.metric} for {total.variant} is {stated:.12g}, and its cohorts "
                    f"add up to {math.fsum(added):.12g}"
                )
                advice = "leave the total out, or add the cohorts that are missing"
                yield [(record, total)], record.refused(column, message, advice)
                break


def _grouped(rows: Iterable[Placed], key: Callable[[Row], Hashable]) -> Iterable[list[Placed]]:
    groups: dict[Hashable, list[Placed]] = defaultdict(list)
    for placed in rows:
        groups[key(placed[1])].append(placed)
    return groups.values()


def _mark(placed: Placed) -> tuple[str, int]:
    return placed[0].path, placed[0].row


def _about(row: Row) -> About:
    return About(row.stage, row.window, row.date, row.variant, row.metric)


def _both(record: Record, other: Record) -> str:
    file = f" of {other.path}" if other.path != record.path else ""
    return f"this row and row {other.row}{file} are both"
