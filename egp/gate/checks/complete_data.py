"""Every row that the decision rests on is there, and the treatment is being watched.

A gap is not nothing: the day that is missing may be the day on which it broke. For the stage in which the treatment
is, every day that is over needs a row of every variant and guardrail, in the test of the primary too; every week that is
over needs one of each guardrail that is no quantile; and what stop rules with a duration count needs its days and weeks.
Rows that were refused are listed with file, row and column. A stage of the ledger without rows and rows of a stage that
was not entered hold as well.

Where the treatment has sent nothing for `max_silence`, nobody knows what it does, and it is rolled back: the last day
on which units of the treatment were counted lies too far back. After the end of the test no units are expected. Results
of which no row can be read are no silence: they are listed, and hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from egp.analysis.days import day_after
from egp.document import Path
from egp.experiment import Metric
from egp.gate.clock import day_end, elapsed, to_go
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.quantity import shown
from egp.results import TEST, Window
from egp.rule import Params as RuleParams
from egp.wording import counted, length, listing

MOST_TOLD = 8
WEEK = 7


class Params(RuleParams):
    max_silence: Annotated[
        timedelta, "time without a unit of the treatment after which it is rolled back"
    ] = timedelta(hours=48)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    troubles = [*_refused(readout), *_gaps(readout), *_from_the_future(readout)]
    yield from _silence(readout, params.max_silence)
    yield from troubles[:MOST_TOLD]
    if len(troubles) > MOST_TOLD:
        more = counted(len(troubles) - MOST_TOLD, "more gap or refused row", "more gaps or refused rows")
        yield _trouble(f"and {more}", more, "correct the source of the aggregates")
    if not troubles:
        days = sum(run.days for run in readout.days_seen())
        yield Reading(
            "pass", f"{counted(days, 'day')} of {readout.stage.name}, without a gap", observed=f"{days}"
        )


def _trouble(message: str, observed: str, next: str, metric: str = "", variant: str = "") -> Reading:
    return Reading(
        "fail", message, observed=observed, required="every row", kind="repair", next=next,
        metric=metric, variant=variant,
    )  # fmt: skip


def _refused(readout: Readout) -> Iterator[Reading]:
    for problem in readout.evidence.problems:
        yield _trouble(f"{problem.place}: {problem.message}", "refused", problem.help)


def _gaps(readout: Readout) -> Iterator[Reading]:
    days = [day_after(run.first, offset) for run in readout.days_seen() for offset in range(run.days)]
    if not days:
        return
    if not any(row.stage == readout.stage.name for row in readout.evidence.rows):
        yield _trouble(f"there are no rows of {readout.stage.name}", "no rows", "add its rows")
        return
    for path, metric in readout.plan.metrics:
        if not _is_needed(readout, path, metric):
            continue
        if metric.kind == "quantile":
            yield from _missing_totals(readout, metric)
        else:
            yield from _missing(readout, metric, "cohort", days)
    for rule in readout.plan.stop_rules:
        watched = next((metric for _, metric in readout.plan.metrics if metric.id == rule.metric), None)
        if watched is None:
            continue
        if rule.for_ is not None and rule.probability is None:
            yield from _missing(readout, watched, "day", days)
    for metric in _watched_by_weeks(readout):
        yield from _missing(readout, metric, "week", _weeks(readout, metric, days))


def _watched_by_weeks(readout: Readout) -> Iterator[Metric]:
    """What stop rules count weeks of, and what two bad weeks roll back under every plan; of quantiles, only the former."""
    declared = {rule.metric for rule in readout.plan.stop_rules if rule.significant_harm_for is not None}
    for path, metric in readout.plan.metrics:
        is_guardrail = path[0] == "guardrail_metrics" and metric.kind != "quantile"
        if is_guardrail or metric.id in declared:
            yield metric


def _is_needed(readout: Readout, path: Path, metric: Metric) -> bool:
    """Guardrails and what stop rules watch in every stage, primaries in the test; others once they have rows."""
    if path[0] == "guardrail_metrics" or (path[0] != "secondary_metrics" and readout.stage.name == TEST):
        return True
    is_watched = any(rule.metric == metric.id and rule.probability for rule in readout.plan.stop_rules)
    return is_watched or bool(readout.rows(metric, "cohort"))


def _missing_totals(readout: Readout, metric: Metric) -> Iterator[Reading]:
    for variant in (readout.control, *readout.treatments):
        rows = readout.rows(metric, "total", variant)
        stale = [row for row in rows if row.through and row.through < readout.days_seen()[-1].last]
        if not rows:
            message = f"there is no total row of {metric.id} for {variant} in {readout.stage.name}"
            yield _trouble(message, "no row", "add the total rows", metric.id or "", variant)
        elif stale:
            last = readout.days_seen()[-1].last
            message = f"the total row of {metric.id} for {variant} ends on {stale[0].through}, not on {last}"
            yield _trouble(
                message, f"{stale[0].through}", "count through the last day", metric.id or "", variant
            )


def _missing(readout: Readout, metric: Metric, window: Window, days: list[date]) -> Iterator[Reading]:
    for variant in (readout.control, *readout.treatments):
        seen = {row.date for row in readout.rows(metric, window, variant)}
        absent = [day for day in days if day not in seen]
        if absent:
            what = f"{window} rows of {metric.id} for {variant} lack {_listed(absent)}"
            yield _trouble(what, "no row", "add the rows of these days", metric.id or "", variant)


def _listed(days: list[date]) -> str:
    shown_days = [str(day) for day in days[:3]]
    return listing([*shown_days, counted(len(days) - 3, "day") + " more"] if len(days) > 3 else shown_days)


def _weeks(readout: Readout, metric: Metric, days: list[date]) -> list[date]:
    """First days of the weeks that are over: counted from the first row in the ramp, from the start in the test."""
    seen = sorted(row.date for row in readout.rows(metric, "week") if row.date is not None)
    first = days[0]
    if readout.stage.name != TEST and seen and (seen[0] - first).days < WEEK:
        first = seen[0]
    return [day_after(first, offset) for offset in range(0, (days[-1] - first).days - WEEK + 2, WEEK)]


def _from_the_future(readout: Readout) -> Iterator[Reading]:
    today = readout.as_of.date()
    late = sorted({row.date for row in readout.evidence.rows if row.date is not None and row.date > today})
    if late:
        message = f"rows of {_listed(late)} come after {today}, the day that is judged"
        yield _trouble(message, str(late[-1]), "judge as of the results, or correct the dates")


def _silence(readout: Readout, longest: timedelta) -> Iterator[Reading]:
    stage = readout.stage
    is_unreadable = bool(readout.evidence.problems) and not readout.evidence.rows
    if not readout.has_begun or stage.begin is None or is_unreadable:
        return
    # Results that are old are no silence of the treatment.
    now = min(readout.seen_until, stage.end) if stage.end else readout.seen_until
    for variant in readout.treatments:
        heard = stage.begin
        for row in readout.evidence.rows:
            day = row.date if row.window in ("cohort", "day") else None
            if row.stage == stage.name and row.variant == variant and row.units and day:
                heard = max(heard, day_end(day, readout.zone))
        silent = elapsed(heard, now)
        if silent > longest:
            yield Reading(
                "fail",
                f"nothing was heard of {shown(variant)} for {to_go(silent)}; after {length(longest)} of silence the "
                "treatment is rolled back",
                observed=to_go(silent),
                required=f"at most {length(longest)}",
                kind="rollback",
                next="withdraw the treatment, then repair its telemetry",
                variant=variant,
            )
