"""A treatment against control: over the stage so far, as a look judges it, and in every day or week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from egp.gate.estimates import Comparison, Lacking, arm_of, compared, correlation_with_before, units_in
from egp.gate.looks import last_judged_day
from egp.gate.rows import cumulative_rows, rows_of
from egp.gate.stage import EVERYONE
from egp.plan.analysis.registered_test import columns_of
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp import stats
    from egp.gate.readout import Readout
    from egp.plan.analysis.registered_test import RegisteredTest
    from egp.plan.experiment import Metric
    from egp.plan.results import Row, RowRefusal, Window


@dataclass(frozen=True, slots=True)
class Uncomputed:
    """A day or week whose comparison cannot be had, and why: neither harm nor the absence of harm."""

    message: str
    advice: str


def comparison_so_far(
    readout: Readout, metric: Metric, treatment: str, until: date | None = None
) -> Comparison:
    """A metric over the current stage so far. Not for metrics that are withheld, other than in a stop rule."""
    return compare_rows(readout, metric, *_arms(readout, metric, treatment, until))


def comparison_at(
    readout: Readout, test: RegisteredTest, treatment: str, look: int | None = None
) -> Comparison:
    """A metric as a look judges it, the latest one unless another is named: on its matured cohort where the plan
    says so."""
    arms = _arms(readout, test.metric, treatment, last_judged_day(readout, test.metric, look))
    return compared(test.metric, test.columns, *arms)


def correlation_at(readout: Readout, test: RegisteredTest, treatment: str) -> float | None:
    """What the covariate of a test is worth in the rows that its look judges, over both arms; None for a test without one."""
    arms = _arms(readout, test.metric, treatment, last_judged_day(readout, test.metric))
    return correlation_with_before(test.metric, test.columns, [row for arm in arms for row in arm])


def compare_rows(
    readout: Readout, metric: Metric, control: Sequence[Row], treatment: Sequence[Row]
) -> Comparison:
    """A metric in some rows of control against those of a treatment, without its covariate."""
    return compared(metric, columns_of(readout.plan, metric), control, treatment)


def _arms(readout: Readout, metric: Metric, treatment: str, until: date | None = None) -> list[list[Row]]:
    """Control's rows and the treatment's, of the days that both have: one without the other tells no difference."""
    arms = [cumulative_rows(readout, metric, name, until) for name in (readout.control, treatment)]
    of_both = {row.date for row in arms[0]} & {row.date for row in arms[1]}
    return [[row for row in arm if row.date in of_both] for arm in arms]


def arm_so_far(readout: Readout, metric: Metric, treatment: str) -> stats.ArmEstimate:
    """What the treated units of the current stage see, whatever control does."""
    return arm_of(metric, columns_of(readout.plan, metric), cumulative_rows(readout, metric, treatment))


def comparisons_by_window(
    readout: Readout, metric: Metric, window: Window, treatment: str
) -> Iterator[tuple[str, date, Comparison | Uncomputed]]:
    """(stage, first day, comparison) of every day or week, of all stages, in order of time.

    A window with a row of one side alone, with a row that was refused, or in which nothing varies is there, too,
    and says why it cannot be computed.
    """
    sides: dict[tuple[date, str], dict[str, Row]] = {}
    for (stage, of_window, name, segment), rows in readout.rows_by_key.items():
        if (of_window, name, segment) == (window, metric.id, metric.segment or ""):
            for row in rows:
                if row.date is not None:
                    sides.setdefault((row.date, stage), {})[row.variant] = row
    refused: dict[tuple[date, str], RowRefusal] = {}
    for problem in readout.evidence.problems:
        for about in problem.lost:
            is_ours = about.window == window and about.metric == metric.id and about.stage
            if is_ours and about.date and about.variant in ("", readout.control, treatment):
                refused[about.date, about.stage] = problem
    for day, stage in sorted({*sides, *refused}):
        if stage != EVERYONE:
            by_variant, lost = sides.get((day, stage), {}), refused.get((day, stage))
            yield stage, day, _window(readout, metric, window, treatment, by_variant, lost)


def _window(
    readout: Readout,
    metric: Metric,
    window: Window,
    treatment: str,
    by_variant: Mapping[str, Row],
    refused: RowRefusal | None,
) -> Comparison | Uncomputed:
    missing = [name for name in (readout.control, treatment) if name not in by_variant]
    if missing and refused is not None:
        return Uncomputed(f"{refused.place}: {refused.message}", refused.help)
    if missing:
        return Uncomputed(f"there is no {window} row of {metric.id} for {missing[0]}", "add it")
    try:
        return compare_rows(readout, metric, [by_variant[readout.control]], [by_variant[treatment]])
    except Lacking as lacking:
        return Uncomputed(str(lacking), lacking.advice)
    except StatisticsInputError as error:
        return Uncomputed(f"{metric.id} could not be computed: {error.problem}", error.advice)


def smaller_arm_units(readout: Readout, metric: Metric, treatment: str, until: date | None = None) -> int:
    """Units of the smaller arm over the current stage so far."""
    return min(
        units_in(cumulative_rows(readout, metric, name, until)) for name in (readout.control, treatment)
    )


def window_units(
    readout: Readout, metric: Metric, window: Window, treatment: str, stage: str, first: date
) -> int | None:
    """Units of the smaller arm in a day or a week; None where an arm has no row of it."""
    rows = [
        [row for row in rows_of(readout, metric, window, name, stage) if row.date == first]
        for name in (readout.control, treatment)
    ]
    return min(map(units_in, rows)) if all(rows) else None
