"""Every row that the decision rests on is there, and the treatment is being watched.

A gap is not nothing: the day that is missing may be the day on which it broke. For the stage in which the treatment
is, every day that is over needs a row of every variant of the stage and guardrail, in the test of the primary too; every week that is
over needs one of each guardrail that is no quantile; and what stop rules with a duration count needs its days and weeks.
Rows that were refused are listed with file, row and column. A stage of the ledger without rows and rows of a stage that
was not entered hold as well. A metric that the warehouse does not compute is named with what it lacks for that.

Where control is heard of and a treatment is not for `max_silence`, nobody knows what the treatment does to the units that
it gets, and it is rolled back. Heard of is a variant on the last day on which units of it were counted: by cohort, day or
week, since units that come back are a life sign as much as new ones. Control says how many units were due: a share so small
that no unit may have come by chance (more often than once in a million) is not silent. A row that was refused is no silence
on the days that it is about, and one that does not tell its day or its variant on no day.

Silence is what a file says that was written to its end. A CSV, or rows in a YAML file, may have been cut off. Where no
`row_count` says that the rows are all, the treatment is silent only if the file goes on behind the place where its rows would
be; else the gate holds until that is known.

Of a plan with an enrolment, cohorts end with it: units that enter later hold. From then on who comes back is the sign of life.

Where neither is heard of, the treatment is not to blame. If outcomes are still counted (`through` moves on) and units came
within a week, nobody was due: a weekend, a holiday. Otherwise the gate is blind, and holds, and says who has to look.
A policy that would rather withdraw what nobody sees says `blind_action: rollback`, and in `blind_after` after how long in which
stage. After the end of the test no units are expected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from egp.gate.clock import after, day_end, elapsed, to_go
from egp.gate.exposure import (
    WEEK,
    days_over,
    each_day_over,
    entry_days_over,
    expected_shares,
    has_stage_begun,
    weeks_over,
)
from egp.gate.guarding import guarded
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.rows import AddRows, cumulative_rows, metrics_in_totals, rows_of, was_refused
from egp.plan.analysis.days import day_after, last_exposure
from egp.plan.experiment import Metric
from egp.plan.quantity import QuantityError, share, shown
from egp.plan.results import CANARY, TEST, Row, RowRefusal, Seen, Window, stage_name
from egp.plan.wording import counted, length, listing
from egp.rules.rule import Params as RuleParams
from egp.yaml import Path

MOST_TOLD = 8
BY_CHANCE = 1e-6
"""A variant that no unit came to by a smaller chance than this is silent."""


class Params(RuleParams):
    max_silence: Annotated[
        timedelta, "time without a unit of the treatment after which it is rolled back, if control has units"
    ] = timedelta(hours=48)
    blind_action: Annotated[
        Literal["hold", "rollback"], "what happens if neither variant is heard of for so long"
    ] = "hold"
    blind_after: Annotated[
        dict[str, timedelta],
        "by stage (`canary`, `test` or a treated share), how long neither is heard of before `blind_action`; else `max_silence`",
    ] = {}  # noqa: RUF012


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    yield from _left_out(readout)
    troubles = [
        *_refused(readout),
        *_gaps(readout),
        *_from_the_future(readout),
        *_after_the_enrolment(readout),
        *_no_stages(params),
    ]
    yield from guarded(lambda: silences(readout, params.max_silence))
    yield from _blindness(readout, params)
    yield from troubles[:MOST_TOLD]
    if len(troubles) > MOST_TOLD:
        more = counted(len(troubles) - MOST_TOLD, "more gap or refused row", "more gaps or refused rows")
        yield _trouble(f"and {more}", more, "correct the source of the aggregates")
    days = sum(run.days for run in days_over(readout))
    if days and not troubles:
        yield Reading(
            "pass", f"{counted(days, 'day')} of {readout.stage.name}, without a gap", observed=f"{days}"
        )


def _trouble(message: str, observed: str, next: str, metric: str = "", variant: str = "") -> Reading:
    return Reading(
        "fail", message, observed=observed, required="every row", kind="repair", next=next,
        metric=metric, variant=variant,
    )  # fmt: skip


def _refused(readout: Readout) -> Iterator[Reading]:
    """One reading for all rows of a file in which the same is wrong."""
    alike: dict[tuple[str, str, str], list[RowRefusal]] = {}
    for problem in readout.evidence.problems:
        alike.setdefault((problem.path, problem.column, problem.message), []).append(problem)
    for first, *others in alike.values():
        rows = f"{counted(len(others) + 1, 'row')}, the first at " if others else ""
        yield _trouble(f"{rows}{first.place}: {first.message}", "refused", first.help)


def _left_out(readout: Readout) -> Iterator[Reading]:
    """What the warehouse does not compute: whether its rows are needed, and were given, is seen by its gaps."""
    with_rows = {each.metric for each in readout.seen}
    for each in readout.evidence.left_out:
        rows = "its rows are those of the results" if each.metric in with_rows else "it has no rows"
        message = f"the warehouse does not compute {shown(each.metric)}: {each.why}; {rows}"
        yield Reading("pass", message, observed="not computed", metric=each.metric)


def _gaps(readout: Readout) -> Iterator[Reading]:
    days = each_day_over(readout)
    if not days:
        return
    heard_of = {each.stage for each in readout.seen} | {about.stage for about in readout.lost}
    if readout.stage.name not in heard_of:
        yield from _nothing_of(readout)
        return
    for path, metric in readout.plan.metrics:
        if not _is_needed(readout, path, metric):
            continue
        if metric.kind == "quantile" or metric.id in metrics_in_totals(readout):
            yield from _missing_totals(readout, metric)
        else:
            yield from _missing(readout, metric, "cohort", entry_days_over(readout))
    for rule in readout.plan.stop_rules:
        watched = next((metric for _, metric in readout.plan.metrics if metric.id == rule.metric), None)
        if watched is None:
            continue
        if rule.for_ is not None and rule.probability is None:
            yield from _missing(readout, watched, "day", days)
    for metric in _watched_by_weeks(readout):
        yield from _missing(readout, metric, "week", weeks_over(readout, metric))


def _nothing_of(readout: Readout) -> Iterator[Reading]:
    """A stage without any row: which ones it takes, by their window."""
    needed = [metric for path, metric in readout.plan.metrics if _is_needed(readout, path, metric)]
    by_window: dict[Window, list[str]] = {}
    for metric in needed:
        by_window.setdefault("total" if metric.kind == "quantile" else "cohort", []).append(metric.name)
    steps = [AddRows(window, *names) for window, names in by_window.items()]
    yield _trouble(
        f"there are no rows of {readout.stage.name}", "no rows", steps[0] if steps else "add its rows"
    )
    for step in steps[1:]:
        yield _trouble(f"there are no {step.window} rows of {readout.stage.name}", "no rows", step)


def _watched_by_weeks(readout: Readout) -> Iterator[Metric]:
    """What stop rules count weeks of, and what two bad weeks roll back under every plan; of quantiles, only the former."""
    declared = {rule.metric for rule in readout.plan.stop_rules if rule.significant_harm_for is not None}
    for path, metric in readout.plan.metrics:
        is_guardrail = path[0] == "guardrail_metrics" and metric.kind != "quantile" and not metric.any_harm
        if is_guardrail or metric.id in declared:
            yield metric


def _is_needed(readout: Readout, path: Path, metric: Metric) -> bool:
    """Guardrails and what stop rules watch in every stage, primaries in the test; others once they have rows."""
    if path[0] == "guardrail_metrics" or (path[0] != "secondary_metrics" and readout.stage.name == TEST):
        return True
    is_watched = any(rule.metric == metric.id and rule.probability for rule in readout.plan.stop_rules)
    return is_watched or bool(cumulative_rows(readout, metric, readout.control))


def _missing_totals(readout: Readout, metric: Metric) -> Iterator[Reading]:
    for variant in readout.variants_in_stage:
        rows = rows_of(readout, metric, "total", variant)
        stale = [row for row in rows if row.through and row.through < days_over(readout)[-1].last]
        if not rows and not was_refused(readout, "total", metric, variant, None):
            message = f"there is no total row of {metric.id} for {variant} in {readout.stage.name}"
            yield _trouble(message, "no row", AddRows("total", metric.name), metric.name, variant)
        elif stale:
            last = days_over(readout)[-1].last
            message = f"the total row of {metric.id} for {variant} ends on {stale[0].through}, not on {last}"
            yield _trouble(message, f"{stale[0].through}", "count through the last day", metric.name, variant)


def _missing(readout: Readout, metric: Metric, window: Window, days: list[date]) -> Iterator[Reading]:
    """One reading for all variants that lack the same days."""
    lacking: dict[tuple[date, ...], list[str]] = {}
    variants = readout.variants_in_stage
    for variant in variants:
        seen = {row.date for row in rows_of(readout, metric, window, variant)}
        absent = tuple(
            day for day in days if day not in seen and not was_refused(readout, window, metric, variant, day)
        )
        if absent:
            lacking.setdefault(absent, []).append(variant)
    for absent, names in lacking.items():
        of_whom = "both variants" if len(names) == len(variants) == 2 else listing(map(shown, names))
        yield _trouble(
            f"{window} rows of {metric.id} are missing for {of_whom}: {_listed(absent, window)}",
            "no row",
            _loaded(readout, metric, window, absent),
            metric.name,
            names[0] if len(names) == 1 else "",
        )


def _loaded(readout: Readout, metric: Metric, window: Window, absent: Sequence[date]) -> str:
    """Who loads what again; where there was never a row of the kind, only what to add."""
    was_there = any(
        (about.window, about.metric, about.stage) == (window, metric.id, readout.stage.name)
        for about in readout.lost
    )
    if not was_there and not rows_of(readout, metric, window):
        return AddRows(window, metric.name)
    weeks = f"the {'week' if len(absent) == 1 else 'weeks'} from " if window == "week" else ""
    return f"{_responsible(readout)} loads {metric.id} of {weeks}{_listed(absent, window)} again"


def _listed(days: Sequence[date], window: Window = "day") -> str:
    """Days in a row as from and to; of others the first three."""
    if len(days) > 2 and (days[-1] - days[0]).days == len(days) - 1:
        return f"{days[0]} to {days[-1]}"
    shown_days = [str(day) for day in days[:3]]
    return listing(
        [*shown_days, counted(len(days) - 3, "week" if window == "week" else "day") + " more"]
        if len(days) > 3
        else shown_days
    )


def _from_the_future(readout: Readout) -> Iterator[Reading]:
    today = readout.as_of.date()
    late = sorted({each.date for each in readout.seen if each.date is not None and each.date > today})
    if late:
        message = f"rows of {_listed(late)} come after {today}, the day that is judged"
        yield _trouble(message, str(late[-1]), "judge as of the results, or correct the dates")


def _after_the_enrolment(readout: Readout) -> Iterator[Reading]:
    """Units that entered when nobody was to enter any more: who they are was not chosen by the split alone."""
    if readout.stage.name != TEST or readout.stage.entered_until is None:
        return
    last = last_exposure(readout.plan)
    late = [
        each.date
        for each in readout.seen
        if (each.stage, each.window) == (TEST, "cohort") and each.date and each.date > last and each.units
    ]
    if late:
        days = sorted({*late})
        message = f"units entered on {_listed(days)}, after the enrolment ended on {last}"
        yield _trouble(message, str(days[-1]), "stop the enrolment, and leave these units out of the rows")


def silences(readout: Readout, longest: timedelta) -> Iterator[Reading]:
    """Variants of which nothing is heard beside others that speak."""
    life = SignsOfLife.of(readout)
    if life is None or not readout.stage.has_control:
        return
    for variant in readout.treatments:
        if life.is_silent(variant, readout.control, longest):
            silent = to_go(elapsed(life.heard(variant), life.now))
            if life.may_be_cut_off(variant, readout.control, longest):
                yield _trouble(
                    f"nothing was heard of {shown(variant)} for {silent}, and of {shown(readout.control)} it was; but the "
                    "file may have been cut off before its rows",
                    silent,
                    "export the rows again, whole, and say how many they are: `row_count:` beside `aggregates:`",
                    variant=variant,
                )
                continue
            yield Reading(
                "fail",
                f"nothing was heard of {shown(variant)} for {silent}, and of {shown(readout.control)} it was; after "
                f"{length(longest)} of silence the treatment is rolled back",
                observed=silent,
                required=f"at most {length(longest)}",
                kind="rollback",
                next="withdraw the treatment, then repair its telemetry",
                variant=variant,
            )
        elif life.is_silent(readout.control, variant, longest):
            silent = to_go(elapsed(life.heard(readout.control), life.now))
            message = (
                f"nothing was heard of {shown(readout.control)} for {silent}, and of {shown(variant)} it was"
            )
            yield _trouble(message, silent, "repair the telemetry of control", variant=readout.control)


def _blindness(readout: Readout, params: Params) -> Iterator[Reading]:
    """Nobody is heard of, so that nothing can be said of the treatment."""
    life = SignsOfLife.of(readout)
    if life is None:
        return
    names = readout.variants_in_stage
    silent = elapsed(max(life.counted(name) for name in names), life.now)
    if silent <= params.max_silence:
        return
    limits = {_stage_of(name): limit for name, limit in params.blind_after.items()}
    limit = max(params.max_silence, limits.get(readout.stage.name, params.max_silence))
    rolls_back = params.blind_action == "rollback" and silent > limit
    who = "neither variant" if len(names) == 2 else "no variant"
    consequence = (
        f"; the policy rolls back after {length(limit)} in {readout.stage.name}"
        if params.blind_action == "rollback"
        else ""
    )
    yield Reading(
        "fail",
        f"{who} was heard of for {to_go(silent)}: nobody knows what the treatment does{consequence}",
        observed=to_go(silent),
        required=f"at most {length(params.max_silence)}",
        kind="rollback" if rolls_back else "repair",
        next="withdraw the treatment, then repair the telemetry"
        if rolls_back
        else f"{_owner(readout)} finds out whether the treatment is well, and withdraws it if nobody can tell",
    )


def _responsible(readout: Readout) -> str:
    """Who answers for the experiment and its data."""
    owner = readout.plan.owner
    name = owner and (owner.dri or owner.team)
    return shown(name) if name else "the owner"


def _owner(readout: Readout) -> str:
    """Who has to look: who executes rollbacks, else who answers for the experiment."""
    rollback = readout.plan.rollback
    return shown(rollback.owner) if rollback and rollback.owner else _responsible(readout)


def _no_stages(params: Params) -> Iterator[Reading]:
    for name in params.blind_after:
        if not _stage_of(name):
            message = f"the policy's `blind_after` names {shown(name)}, which is no stage"
            yield _trouble(message, name, "write `canary`, `test` or a treated share, as in 70%")


def _stage_of(name: str) -> str:
    """A stage as rows spell it; empty for what is none."""
    if name in (CANARY, TEST):
        return name
    try:
        return stage_name(share(name))
    except QuantityError:
        return ""


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """When something was last heard of the variants of the current stage."""

    readout: Readout
    begin: datetime
    now: datetime

    @classmethod
    def of(cls, readout: Readout) -> SignsOfLife | None:
        """None where nothing is due, or where nothing at all can be read."""
        stage, evidence = readout.stage, readout.evidence
        if not has_stage_begun(readout) or stage.begin is None or (evidence.problems and not readout.seen):
            return None
        # Results that are old are no silence of the treatment.
        until = stage.end if _is_heard_of_later(readout) else stage.exposed_until
        now = min(readout.seen_until, until) if until else readout.seen_until
        return cls(readout, stage.begin, now)

    def heard(self, variant: str) -> datetime:
        """The end of the last day on which units of it were counted, or may have been in a row that was refused."""
        seen = {(row.window, row.date) for row in self._rows(variant) if row.units}
        ends = [self._end(window, day) for window, day in seen]
        for about in self.readout.lost:
            if about.stage in ("", self.readout.stage.name) and about.variant in ("", variant):
                ends.append(
                    self._end(about.window or "week", about.date) if self._fits(about.date) else self.now
                )
        return max([self.begin, *(end for end in ends if end is not None)])

    def counted(self, variant: str) -> datetime:
        """The same, or the end of the last day through which outcomes are counted, up to a week later."""
        heard = self.heard(variant)
        through = [row.through for row in self._rows(variant) if row.through is not None]
        if not through:
            return heard
        return max(heard, min(day_end(max(through), self.readout.zone), after(heard, timedelta(days=WEEK))))

    def is_silent(self, variant: str, other: str, longest: timedelta, until: datetime | None = None) -> bool:
        """Whether nothing is heard of a variant for so long while the other speaks, and units of it were due."""
        heard, of_other = self.heard(variant), self.heard(other)
        until = min(until or self.now, self.now)
        if heard >= until or elapsed(heard, until) <= longest or elapsed(of_other, self.now) > longest:
            return False
        if elapsed(heard, of_other) < longest / 2:
            return False
        weights = expected_shares(self.readout)
        share_of_other = weights[other] / (weights[other] + weights[variant])
        return share_of_other ** self._units_after(other, heard) < BY_CHANCE

    def may_be_cut_off(self, variant: str, other: str, longest: timedelta) -> bool:
        """Whether a variant is silent only where the file may have been cut off."""
        beyond = self.readout.evidence.read_beyond
        if beyond is None:
            return False
        day = beyond.get((self.readout.stage.name, variant), date.min)
        if day == date.max:
            return False
        return day < self.begin.date() or not self.is_silent(
            variant, other, longest, day_end(day, self.readout.zone)
        )

    def _units_after(self, variant: str, heard: datetime) -> int:
        """Units of a variant that were counted in windows after an instant: at least so many different ones."""
        most: dict[tuple[Window, date], int] = {}
        for row in self._rows(variant):
            if row.date is not None and row.date >= heard.date():
                key = row.window, row.date
                most[key] = max(most.get(key, 0), row.units)
        new = sum(units for (window, _), units in most.items() if window == "cohort")
        return max([new, *most.values()])

    def _rows(self, variant: str) -> list[Row | Seen]:
        stage = self.readout.stage.name
        return [each for each in self.readout.seen if (each.stage, each.variant) == (stage, variant)]

    def _fits(self, day: date | None) -> bool:
        return day is not None and self.begin.date() <= day <= self.now.date()

    def _end(self, window: str, day: date | None) -> datetime | None:
        if day is None:
            return None
        return min(
            day_end(day_after(day, WEEK - 1) if window == "week" else day, self.readout.zone), self.now
        )


def _is_heard_of_later(readout: Readout) -> bool:
    """Whether rows tell of units that come back after the enrolment, so that their silence tells something."""
    enrolled = readout.stage.entered_until
    return enrolled is not None and any(
        each.date and each.units and each.stage == readout.stage.name and each.date >= enrolled.date()
        for each in readout.seen
        if each.window in ("day", "week")
    )


PLAIN = "data are missing"
WITHDRAWS = True
"""What it means that the check is open, for people who read no statistics."""
