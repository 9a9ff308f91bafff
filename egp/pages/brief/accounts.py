"""The amounts at each moment while the treatment is out: what waiting forgoes, what harm has cost, what was gained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.clock import instant
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Lacking, units_in
from egp.gate.rows import cumulative_rows, rows_of
from egp.gate.settings import guardrail_alpha
from egp.pages.brief.guardrails import so_far
from egp.pages.brief.priced import (
    Account,
    PricedLine,
    account,
    counted_as,
    in_people,
    of_a_thousand,
    stated_account,
)
from egp.plan.analysis.days import readout_day
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
from egp.plan.results import stage_name
from egp.plan.wording import money, percent, significant
from egp.stats.hints import Literal, get_args
from egp.yaml import pointer

if TYPE_CHECKING:
    from datetime import datetime

    from egp.gate.readout import Readout
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


WAITING = "What the primary metric shows so far is in no amount: they rest on what the plan states alone."
_DAY = timedelta(days=1)
_ONCE_EACH = Literal["cohort", "total"]
"""Windows whose rows hold a unit once."""


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
            f"They are of {counted_as(plan, days, max(0.0, last - now))} until the look. A launch today would treat "
            f"{percent(last)}, and the test treats {percent(now)}: those are the others."
        )


def harm_lines(scene: Scene, readout: Readout, treated: int = 0) -> Iterator[PricedLine | str]:
    """What the difference of each guardrail has come to among the treated of the stage, with its range.

    ``treated`` is how many those are, where the amounts are of the same people; else as many as each counts.
    """
    for path, metric in scene.plan.guardrails:
        if metric.kind not in ("proportion", "mean"):
            continue
        for variant in readout.treatments:
            try:
                yield _so_far(scene, readout, path, metric, variant, treated)
            except Unpriced as reason:
                yield str(reason)
            except (NotChecked, Lacking, ArithmeticError, stats.StatisticsInputError):
                continue  # the table of guardrails says that it is not seen


def _so_far(
    scene: Scene, readout: Readout, path: Path, metric: Metric, variant: str, treated: int
) -> PricedLine:
    price = price_of(metric, scene.policy.metrics)
    seen = comparison_so_far(readout, metric, variant)
    sign = 1 if harm_direction(metric, path) == "increase" else -1
    low, high = sorted(sign * end for end in seen.difference.interval(2 * guardrail_alpha(readout)))
    harm = sign * seen.difference.estimate
    name = _name(scene, metric, readout, variant)
    units = seen.treatment_units if metric.segment else treated or seen.treatment_units
    return _harm(f"{name}, {so_far(readout)}", metric, price, units, low, harm, high, sign)._replace(of=name)


def people_of_the_last_week(rows: Sequence[WatchedGuardrail]) -> int:
    """How many were treated in the last week that is over, by the guardrail that counts the most; 0 where none was seen."""
    return max((row.latest.treated for row in rows if row.latest and row.latest.first), default=0)


def another_week(
    scene: Scene, readout: Readout, rows: Sequence[WatchedGuardrail], treated: int = 0
) -> Iterator[PricedLine | str]:
    """What another week like the last one costs, of every guardrail that tripped."""
    for row in rows:
        seen: SeenHarm | None = row.latest
        if not row.tripped or seen is None or seen.first is None:
            continue
        path = next(at for at, metric in scene.plan.guardrails if metric.name == row.metric.name)
        sign = 1 if harm_direction(row.metric, path) == "increase" else -1
        try:
            price = price_of(row.metric, scene.policy.metrics)
        except Unpriced as reason:
            yield str(reason)
            continue
        name = _name(scene, row.metric, readout, row.variant)
        yield _harm(
            f"going on, each week: {name}",
            row.metric, price, seen.treated if row.metric.segment else treated or seen.treated, seen.own.low, seen.own.seen,
            seen.own.high, sign,
        )._replace(of=name)  # fmt: skip


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
        f"about {significant(events, 3)} {more}",
    )


def _name(scene: Scene, metric: Metric, readout: Readout, variant: str) -> str:
    several = f" ({shown(variant)})" if len(readout.treatments) > 1 else ""
    return f"{shown(called_by_people(metric, scene.policy.metrics))}{several}"


def gain_lines(
    scene: Scene, result: PrimaryResult, *, is_out: bool, goes_on: bool
) -> Iterator[PricedLine | str]:
    """What a result that ships is worth: so far in the stages of the ramp, and until the holdout ends where it goes on."""
    if result.selected is None:
        return
    try:
        price = price_of(result.metric, scene.policy.metrics)
    except Unpriced as reason:
        yield str(reason)
        return
    try:
        if is_out:
            assert scene.judgement is not None
            until_results = _seen_until(scene.judgement.readout).date()
            if counted := reached_so_far(scene.judgement.readout):
                yield _gain(
                    f"{shown(result.name)}, gained in the ramp so far", price, counted, result
                )._replace(when=f"until {until_results}")
        if not goes_on:
            return
        until = scene.plan.holdout.until if scene.plan.holdout else None
        if until is not None and until > scene.day:
            days = (until - scene.day) / _DAY
            treated = treated_at_the_end(scene.plan)
            when = f"from {scene.day} to {until}"
            reached = people(scene.plan, days, treated)
            line = _gain(f"{shown(result.name)}, {when} in the last stage", price, reached, result)
            yield line._replace(when=when, how=f"{line.how} ({counted_as(scene.plan, days, treated)})")
        else:
            yield "`holdout.until` would say until when the gain is counted"
    except NotChecked as missing:
        yield _needs(missing)


def week_of_gain(scene: Scene, result: PrimaryResult, treated: float) -> Iterator[PricedLine | str]:
    """What a rollback forgoes each week, if the harm is none."""
    if result.selected is None:
        return
    try:
        price = price_of(result.metric, scene.policy.metrics)
        line = _gain("", price, people(scene.plan, WEEK, treated), result)
    except Unpriced as reason:
        yield str(reason)
    except NotChecked as missing:
        yield _needs(missing)
    else:
        what = f"rolling back, each week without the gain: {shown(result.name)}"
        yield line._replace(name=what, amount=-line.amount)


def _gain(name: str, price: Price, reached: float, result: PrimaryResult) -> PricedLine:
    selected = result.selected
    assert selected is not None
    amount = worth_of_effect(price, reached, selected.low, selected.estimate, selected.high)
    return PricedLine(
        name, amount, f"{result.worded(selected.estimate)} {in_people(price, reached)}", result.metric.name
    )


CURSE = "Gains are those of the readout, without the luck of what ships."


def reached_so_far(readout: Readout) -> int:
    """People whom the results count as treated in the stages of the ramp, who came back in a later stage again there."""
    stages = {
        stage_name(each.treated) for each in readout.evidence.results.stages if each.treated is not None
    }
    return sum(max(_units_in_stage(readout, stage), default=0) for stage in stages)


def _units_in_stage(readout: Readout, stage: str) -> Iterator[int]:
    """Treated units of a stage, as each guardrail counts them."""
    for _, metric in readout.plan.guardrails:
        for window in get_args(_ONCE_EACH):
            found = [rows_of(readout, metric, window, name, stage) for name in readout.treatments]
            yield sum(map(units_in, found))


def _seen_until(readout: Readout) -> datetime:
    """Nobody knows what was served after the results."""
    taken = readout.evidence.results.as_of
    return min(readout.as_of, instant(taken, readout.zone)) if taken is not None else readout.as_of


def _needs(missing: NotChecked) -> str:
    return f"`{pointer(missing.path)}` would say how many people are reached"
