"""The amounts at each moment while the treatment is out: what waiting forgoes, what harm has cost, what was gained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Lacking, units_in
from egp.gate.rows import cumulative_rows
from egp.gate.settings import guardrail_alpha
from egp.pages.brief.balance import Period, gain_line
from egp.pages.brief.guardrails import is_complete, last_counted, late_outcomes, so_far
from egp.pages.brief.priced import (
    Account,
    PricedLine,
    account,
    anew,
    counted_as,
    of_a_thousand,
    stated_account,
)
from egp.plan.analysis.days import day_after, readout_day
from egp.plan.analysis.money import (
    WEEK,
    Unpriced,
    called_by_people,
    people,
    price_of,
    treated_at_the_end,
    worth_of_effect,
)
from egp.plan.analysis.registered import harm_direction
from egp.plan.analysis.traffic import treated_share
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing, money, percent, significant
from egp.yaml import pointer

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.pages.brief.balance import Balance
    from egp.pages.brief.guardrails import SeenHarm, WatchedGuardrail
    from egp.pages.brief.result import PrimaryResult
    from egp.pages.brief.scene import Scene
    from egp.plan.analysis.money import Price
    from egp.plan.experiment import Metric
    from egp.yaml import Path


def clear(said: Account, tripped: frozenset[str]) -> Account:
    """Of differences those that are clear of noise, and those that something was decided by."""
    kept = [
        each for each in said.lines if each.metric in tripped or not each.amount.low <= 0 <= each.amount.high
    ]
    return Account(tuple(kept), said.lacks)


WAITING = "None of this is a reason to read early, or to stop: it rests on what the plan states alone, and on no result."
_DAY = timedelta(days=1)


def waiting_account(scene: Scene) -> Account:
    """What the rest of the run forgoes and saves: the people whom a launch today would treat besides."""
    plan = scene.plan
    try:
        days = (readout_day(plan) - scene.day) / _DAY
        besides = treated_at_the_end(plan) - treated_share(plan)
    except NotChecked as missing:
        return account([_needs(missing)])
    return stated_account(plan, scene.policy.metrics, max(0.0, days), max(0.0, besides), waits=True)


def treated_people(readout: Readout) -> int:
    """How many the results count as treated in the stage, by the guardrail that counts the most."""
    counts = [
        units_in(cumulative_rows(readout, metric, name))
        for _, metric in readout.plan.guardrails
        if not metric.segment
        for name in readout.treatments
    ]
    return max(counts, default=0)


def reached_by_waiting(scene: Scene) -> Iterator[str]:
    """Which people those amounts are of."""
    plan = scene.plan
    with suppress(NotChecked):
        days = max(0.0, (readout_day(plan) - scene.day) / _DAY)
        last, now = treated_at_the_end(plan), treated_share(plan)
        yield (
            f"The amounts are of {counted_as(plan, days, max(0.0, last - now))} until the look: the last stage of the ramp would treat "
            f"{percent(last)} of all, and the test treats {percent(now)}."
        )


def harm_lines(
    scene: Scene, readout: Readout, treated: int = 0, period: str = "", variants: Sequence[str] = ()
) -> Iterator[PricedLine | str]:
    """What the difference of each guardrail has come to among the treated of the stage, with its range.

    ``treated`` is how many those are, where the amounts are of the same people, of another period perhaps; else as many
    as each counts.
    """
    for path, metric in scene.plan.guardrails:
        if metric.kind not in ("proportion", "mean"):
            continue
        for variant in variants or readout.treatments:
            try:
                yield _so_far(scene, readout, path, metric, variant, treated, period or so_far(readout))
            except Unpriced as reason:
                yield reason.lack
            except (NotChecked, Lacking, ArithmeticError, stats.StatisticsInputError):
                continue  # the table of guardrails says that it is not seen


def _so_far(
    scene: Scene, readout: Readout, path: Path, metric: Metric, variant: str, treated: int, period: str
) -> PricedLine:
    price = price_of(metric, scene.policy.metrics)
    judged, is_partial = last_counted(readout, metric)
    seen = comparison_so_far(readout, metric, variant, judged)
    sign = 1 if harm_direction(metric, path) == "increase" else -1
    low, high = sorted(sign * end for end in seen.difference.interval(2 * guardrail_alpha(readout)))
    harm = sign * seen.difference.estimate
    name = _name(scene, metric, readout, variant)
    units = seen.treatment_units if metric.segment else treated or seen.treatment_units
    line = _harm(f"{name}, {period}", metric, price, units, low, harm, high, sign)._replace(of=name)
    return line._replace(events=f"{line.events} so far", is_partial=True) if is_partial else line


def people_of_the_last_week(rows: Sequence[WatchedGuardrail]) -> int:
    """How many were treated in the last week that is over, by the guardrail that counts the most; 0 where none was seen."""
    return max((row.latest.treated for row in rows if row.latest and row.latest.first), default=0)


def another_week(
    scene: Scene, readout: Readout, rows: Sequence[WatchedGuardrail], treated: int = 0
) -> Iterator[PricedLine | str]:
    """What another week like the last one costs, of each guardrail that has one."""
    for row in rows:
        seen, is_partial = _last_complete(readout, row)
        if seen is None or seen.first is None or row.latest is None:
            continue
        path = next(at for at, metric in scene.plan.guardrails if metric.name == row.metric.name)
        sign = 1 if harm_direction(row.metric, path) == "increase" else -1
        try:
            price = price_of(row.metric, scene.policy.metrics)
        except Unpriced as reason:
            yield reason.lack
            continue
        name = _name(scene, row.metric, readout, row.variant)
        units = row.latest.treated if row.metric.segment else treated or row.latest.treated
        yield _harm(
            f"going on, each week: {name}", row.metric, price, units, seen.own.low, seen.own.seen, seen.own.high, sign,
        )._replace(of=name, is_partial=is_partial)  # fmt: skip


def _last_complete(readout: Readout, row: WatchedGuardrail) -> tuple[SeenHarm | None, bool]:
    """The last week whose outcomes have all come in; before there is one the last week, and that some are missing of it."""
    complete = [each for each in row.seen if each.first and is_complete(each, readout)]
    return (complete[-1], False) if complete else (row.latest, row.latest is not None)


def _harm(
    name: str, metric: Metric, price: Price, treated: int, low: float, harm: float, high: float, sign: int
) -> PricedLine:
    events = round(abs(harm * treated))
    more = "more" if sign * harm > 0 else "fewer"
    return PricedLine(
        name,
        -worth_of_effect(price, treated, low, harm, high),
        f"{of_a_thousand(sign * harm)} × {treated:,} people × {money(price.value, price.currency)}",
        metric.name,
        f"about {significant(events, 3)} {more}" if events else "about as many",
    )


def _name(scene: Scene, metric: Metric, readout: Readout, variant: str) -> str:
    several = f" ({shown(variant)})" if len(readout.treatments) > 1 else ""
    return f"{shown(called_by_people(metric, scene.policy.metrics))}{several}"


def periods_of_gain(scene: Scene, readout: Readout, *, goes_on: bool) -> Iterator[Period | str]:
    """The stage so far, and until the holdout ends where the treatment goes on; else the line that would say it."""
    if readout.stage.position >= 0 and (reached := treated_people(readout)):
        yield Period(so_far(readout), reached)
    if not goes_on:
        return
    until = scene.plan.holdout.until if scene.plan.holdout else None
    if until is None or until <= scene.day:
        yield "`holdout.until` would say until when the gain is counted"
        return
    try:
        days, treated = (until - scene.day) / _DAY, treated_at_the_end(scene.plan)
        counted = f"{counted_as(scene.plan, days, treated)}, as if treated from the first of them"
        reached = round(people(scene.plan, days, treated))
    except NotChecked as missing:
        yield _needs(missing)
    else:
        yield Period(f"from {scene.day} to {until}", reached, anew(scene.plan, days), counted)


def of_late_outcomes(scene: Scene, readout: Readout, balances: Sequence[Balance]) -> str:
    """At the readout, what waiting for the guardrails whose outcomes are late puts off: their share of what is to come.

    Empty where all are complete, or nothing is to come."""
    late = late_outcomes(readout) if scene.moment == "readout" else {}
    until = scene.plan.holdout.until if scene.plan.holdout else None
    ahead = [each for each in balances if each.period.lies_ahead and each.gain]
    if not late or until is None or not ahead:
        return ""
    complete_on = day_after(max(late.values()), 1)
    days = (complete_on - scene.day) / _DAY
    try:
        last, now = treated_at_the_end(scene.plan), treated_share(scene.plan)
    except NotChecked:
        return ""
    # Who waits stays in the test, which goes on treating its part of those whom the amounts are of.
    share = (1 - now / last) * days / ((until - scene.day) / _DAY) if last else 0.0
    if not 0 < share < 1:
        return ""
    gain, net = ahead[-1].gain, ahead[-1].net
    assert gain is not None
    said = (
        f"To wait {counted(days, 'day')} until outcomes of {listing(map(shown, late))} are complete for everybody, on {complete_on}, "
        f"would put off {gain.amount.part(share)} of {gain.of}"
    )
    of_net = f", and of the net {net.amount.part(share)}" if net else ""
    return f"{said}{of_net}; what was agreed does not wait for it."


def week_of_gain(scene: Scene, result: PrimaryResult, treated: float) -> Iterator[PricedLine | str]:
    """What a rollback forgoes each week, if the harm is none."""
    if result.selected is None:
        return
    assert scene.judgement is not None
    try:
        reached = Period("", round(people(scene.plan, WEEK, treated)))
        line = gain_line(scene, scene.judgement.readout, result, reached)
    except Unpriced as reason:
        yield str(reason)
    except NotChecked as missing:
        yield _needs(missing)
    else:
        yield line._replace(name=f"rolling back, each week without the gain: {line.of}", amount=-line.amount)


def _needs(missing: NotChecked) -> str:
    return f"`{pointer(missing.path)}` would say how many people are reached"
