"""What is not shown before its look, why and until when; and the primary, which can be had from here alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from egp.gate.clock import shown_instant, shown_look
from egp.gate.comparisons import comparison_at
from egp.gate.looks import (
    due_look,
    gaps,
    immature_days,
    last_judged_day,
    maturity,
    open_look,
    planned_looks,
    reads_the_test,
)
from egp.gate.readout import once
from egp.gate.rows import cumulative_rows, metrics_in_totals
from egp.gate.split import is_split_wrong
from egp.gate.unmoved import moved
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.results import rows_digest
from egp.plan.wording import counted
from egp.stats import StatisticsInputError

if TYPE_CHECKING:
    from egp.gate.estimates import Comparison
    from egp.gate.looks import Gap
    from egp.gate.readout import Readout
    from egp.plan.analysis.registered_test import RegisteredTest
    from egp.plan.experiment import Metric


class Withheld(Exception):
    """A metric is not shown yet. The text says why and until when, or what has to be repaired before."""

    def __init__(self, reason: str, until: datetime | None = None, advice: str = "") -> None:
        super().__init__(reason)
        self.until = until
        self.advice = advice


@once
def confirmatory_metrics(readout: Readout) -> frozenset[str]:
    """Metrics that nobody may see before the look."""
    seen = {metric.id for metric in (*readout.plan.guardrail_metrics, *readout.plan.negative_controls)}
    metrics = {metric.name for _, metric in readout.plan.metrics}
    return frozenset(metrics - seen)


@once
def withheld_metrics(readout: Readout) -> frozenset[str]:
    """Metrics of which no number may be in any output."""
    return confirmatory_metrics(readout) if withheld_because(readout) is not None else frozenset()


@once
def withheld_because(readout: Readout) -> Withheld | None:
    """Never raises: what cannot be known is withheld, too."""
    try:
        return _reason_to_withhold(readout)
    except NotChecked:
        return Withheld("withheld, because the plan does not say when it is read")
    except StatisticsInputError as error:
        return Withheld(f"withheld, because the split of the units cannot be checked: {error.problem}")


def _reason_to_withhold(readout: Readout) -> Withheld | None:
    if open_look(readout) is None:
        return _closed(readout)
    if reads_the_test(readout):
        for _, metric in readout.plan.primaries:
            if metric.kind != "quantile" and immature_days(readout, metric):
                return _immature(readout, metric)
    if is_split_wrong(readout):
        return Withheld("withheld, because the sample ratio does not match the plan")
    suspect = moved(readout) if readout.is_decision else ()
    if suspect:
        name = shown(suspect[0].metric.id)
        return Withheld(
            f"withheld, because {name} moved, which the treatment cannot move: the data are suspect"
        )
    return None


def _closed(readout: Readout) -> Withheld:
    """Why no look is open."""
    first = planned_looks(readout)[0]
    if due_look(readout) is None:
        return Withheld(f"withheld until {shown_look(first)}, the planned look", first)
    if readout.taken < first:
        reason = (
            f"withheld, because the results were taken {shown_instant(readout.taken)}, before the look of "
            f"{shown_look(first)}"
        )
        return Withheld(reason, advice="take the results again")
    return _uncovered(readout, next(gaps(readout, 0)))


def _uncovered(readout: Readout, gap: Gap) -> Withheld:
    metric, days = gap.metric, counted(len(gap.days), "day")
    reason = "withheld, because the rows do not cover the run: "
    if gap.is_filled_in:
        reason += f"they count nobody for {shown(metric.id)} on its last {days}, from {gap.days[0]} on"
        advice = "where nobody comes for so long, add `day` rows of who comes back"
        return Withheld(reason, advice=f"take the results again; {advice}")
    reason += f"{shown(metric.id)} of {shown(gap.variant)} lacks {days}, the first {gap.days[0]}"
    of_totals = metric.kind == "quantile" or metric.id in metrics_in_totals(readout)
    rows = (
        f"a total counted through {gap.days[-1]}"
        if of_totals
        else "a row for every day; a day without exposure has one of 0 units"
    )
    return Withheld(reason, advice=f"take the results again, with {rows}")


def _immature(readout: Readout, metric: Metric) -> Withheld:
    matures = maturity(readout, metric)
    if readout.as_of < matures:
        return Withheld(f"withheld until {shown_look(matures)}, when its outcomes have matured", matures)
    day = immature_days(readout, metric)[0]
    reason = f"withheld, because the outcomes of units exposed on {day} are not counted to their end"
    return Withheld(reason, advice="take the results again, counted to their end")


def require_open(readout: Readout) -> None:
    """Raises Withheld before the look, and where what it would be read from is wrong."""
    reason = withheld_because(readout)
    if reason is not None:
        raise reason


def primary_comparison(readout: Readout, test: RegisteredTest, treatment: str) -> Comparison:
    """A primary metric by its registered analysis. Raises Withheld before its look, or if the split is wrong."""
    require_open(readout)
    return comparison_at(readout, test, treatment)


@once
def rows_read(readout: Readout) -> dict[str, str]:
    """Metric → digest of the rows that the open look is read from; empty where no look is, or the plan does not say until when
    its units count.

    Primaries, and guardrails whose outcomes have their whole time. A guardrail without an `outcome_window` goes on
    counting after the look.
    """
    if withheld_because(readout) is not None or not readout.is_decision:
        return {}
    try:
        guardrails = [
            metric
            for _, metric in readout.plan.guardrails
            if metric.outcome_window is not None
            and metric.kind != "quantile"
            and not immature_days(readout, metric)
        ]
        judged = [*(metric for _, metric in readout.plan.primaries), *guardrails]
        return {metric.name: _digest_of(readout, metric) for metric in judged}
    except NotChecked:
        return {}


def _digest_of(readout: Readout, metric: Metric) -> str:
    last = last_judged_day(readout, metric)
    names = (readout.control, *readout.treatments)
    return rows_digest(row for name in names for row in cumulative_rows(readout, metric, name, last))
