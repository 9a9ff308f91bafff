"""The stage that is requested is the next one of the plan, and the readout is not too old.

Each stage is the safety net of the next: one that is skipped has caught nothing. The ledger, or `stages` in the results,
says which stages were entered, in which order and when; it has to agree with the plan's `ramp`. A stage that it has without
a receipt that says proceed opens no further one. After a rollback the treatment begins anew at the canary, which lasts from then on
as long as the plan's first one; the first stage of the ramp then rests on the readout of the test and on what that canary showed. The first stage follows
the readout and not before its declared `start`; a readout older than 30 days describes a product and a season that
have passed, so that the ramp has to be complete by then or rest on a new readout. Days on which the policy's calendars let
nobody raise traffic do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from egp.gate.clock import DAY, elapsed, instant, shown_instant, to_go
from egp.gate.looks import open_look, open_look_instant
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.settings import change_windows
from egp.plan.analysis.days import day_after
from egp.plan.quantity import Interval, Moment
from egp.plan.results import TEST, stage_name
from egp.plan.wording import counted, listing, share_text
from egp.rules.rule import Params as RuleParams


class Params(RuleParams):
    readout_days: Annotated[int, "days for which a readout is good"] = 30


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    troubles = [*_ledger(readout), *_unjudged(readout)]
    if readout.move.kind == "stage":
        start = readout.plan.ramp[readout.move.position].start
        troubles += [*_next(readout), *_too_early(readout, start), *_too_old(readout, params)]
    elif readout.move.kind != "monitor":
        troubles += [*_next(readout), *_too_early(readout, _declared_start(readout)), *_too_late(readout)]
    if troubles:
        yield from troubles
    else:
        where = readout.stage.name if readout.stage.name != TEST else "the test"
        observed = f"in {where}"
        message = f"now {observed}" + (
            f", {readout.move.name} comes next" if readout.move.kind != "monitor" else ""
        )
        yield Reading("pass", message, observed=observed, required=readout.move.name)


def _repair(message: str, observed: str, required: str, next: str) -> Reading:
    return Reading("fail", message, observed=observed, required=required, kind="repair", next=next)


def _ledger(readout: Readout) -> Iterator[Reading]:
    """The ledger against the plan's ramp: the same stages, from the first on, each after the one before."""
    declared = _declared(readout)
    entered = [stage_name(entry.treated or 0.0) for entry in readout.evidence.results.stages]
    if entered != declared[: len(entered)]:
        yield _repair(
            f"the ledger has {listing(entered)}, and the plan's ramp is {listing(declared) or 'empty'}",
            listing(entered),
            listing(declared),
            "correct `stages` in the results, or roll back to where the plan is kept",
        )
    moments = [
        instant(entry.entered, readout.zone) for entry in readout.evidence.results.stages if entry.entered
    ]
    late = [moment for moment in moments if moment > readout.as_of]
    if late or moments != sorted(set(moments)):
        observed = listing(map(shown_instant, moments))
        message = "the stages of the ledger were not entered one after the other, before now"
        yield _repair(message, observed, "in order", "correct `stages` in the results")


def _unjudged(readout: Readout) -> Iterator[Reading]:
    """A stage that the gate does not stand behind is judged before another one follows; one that was entered in an
    emergency also by the day on which that ends."""
    for entry in readout.unjudged:
        is_like_the_call = bool(entry.as_if) and readout.as_if  # whose own answer opens nothing either
        if readout.move.kind != "monitor" and not is_like_the_call and readout.move.name != entry.stage:
            share, why = (
                share_text(entry.treated or 0.0),
                "as if it were another instant" if entry.as_if else "without a receipt that says proceed",
            )
            yield _repair(
                f"{share} was entered {why}",
                "no receipt",
                "proceed",
                f"lower to the stage before, and enter {share} with `egp enter`",
            )
    day = readout.as_of.date()
    for each in readout.emergencies:
        if each.is_settled or readout.move.name == each.stage:
            continue
        if readout.move.kind == "stage" or each.is_open(day):
            yield _repair(
                each.sentence(day),
                "no receipt",
                "proceed",
                f"enter {each.stage} with `egp enter`, or lower it, before {readout.move.name} follows"
                if readout.move.kind == "stage"
                else f"enter {each.stage} with `egp enter`, or lower it",
            )


def _declared(readout: Readout) -> list[str]:
    return [stage_name(stage.treated or 0.0) for stage in readout.plan.ramp]


def _declared_start(readout: Readout) -> Moment | None:
    part = readout.plan.canary if readout.move.kind == "canary" else readout.plan.schedule
    return part.start if part else None


def _next(readout: Readout) -> Iterator[Reading]:
    if readout.was_rolled_back and readout.move.kind != "canary":
        treated = readout.plan.canary.treated if readout.plan.canary else None
        first = "the canary" if treated is not None else "a plan with a canary"
        which = f", which treats {share_text(treated)}" if treated is not None else ""
        message = f"the treatment was rolled back, and {readout.move.name} is requested"
        yield _repair(message, "rolled back", first, f"begin again with {first}{which}")
        return
    declared, asked, now = _declared(readout), readout.move.position, readout.stage.position
    if asked == now + 1 or asked == now == -1 or now == len(declared):
        return  # of a stage that the plan does not have the ledger speaks
    if asked <= now:
        message = f"{readout.move.name} was entered already: the treatment is at {readout.stage.name}"
        yield _repair(message, readout.stage.name, "a later stage", "egp gate --monitor watches a stage")
        return
    skipped = listing(declared[now + 1 : asked])
    yield _repair(
        f"{readout.move.name} comes after {skipped}, and the ledger does not have {skipped}",
        f"now in {readout.stage.name}",
        f"{declared[asked - 1]} entered",
        f"request {declared[now + 1]} first",
    )


def _too_early(readout: Readout, declared: Moment | None) -> Iterator[Reading]:
    if declared is None:
        return
    start = instant(declared, readout.zone)
    if readout.as_of < start:
        yield Reading(
            "fail",
            f"the plan starts {readout.move.name} on {declared}",
            observed=shown_instant(readout.as_of),
            required=shown_instant(start),
            kind="wait",
            next=f"call again on {declared}, {to_go(elapsed(readout.as_of, start))} to go",
            until=start,
        )


def _too_late(readout: Readout) -> Iterator[Reading]:
    """A canary that the plan has behind it does not begin; after a rollback it is another one."""
    ended = readout.stage.end
    if readout.move.kind == "canary" and ended is not None and readout.as_of >= ended:
        yield _repair(
            f"the canary ended at {shown_instant(ended)} by the plan",
            shown_instant(readout.as_of),
            f"before {shown_instant(ended)}",
            "amend the plan's `canary`, or request what comes next",
        )


def _too_old(readout: Readout, params: Params) -> Iterator[Reading]:
    if open_look(readout) is None or readout.plan.type in ("rollout", "holdback"):
        return
    read = open_look_instant(readout)
    age = elapsed(read, readout.as_of)
    if age <= timedelta(days=params.readout_days):
        return
    lost = _days_lost(readout, read.date())
    if age - lost * DAY > timedelta(days=params.readout_days):
        without = f", {lost} of them in change windows" if lost else ""
        days = counted(
            -(-age // DAY), "day"
        )  # a minute more than it is good for does not read as just so long
        yield Reading(
            "fail",
            f"the readout is {days} old{without}; it is good for {params.readout_days}",
            observed=days,
            required=f"at most {params.readout_days} days",
            kind="inconclusive",
            next="keep what is served now, and register a rerun",
        )


def _days_lost(readout: Readout, read: date) -> int:
    """Days from the readout until today on which no traffic could be raised."""
    lost, last = 0, day_after(readout.as_of.date(), -1)
    for period, _ in change_windows(readout):
        run = Interval(max(period.first, read), min(period.last, last))
        if run.days > 0:
            lost, read = lost + run.days, day_after(run.last, 1)
    return lost


PLAIN = "the next step is not the one that the plan has"
"""What it means that the check is open, for people who read no statistics."""
