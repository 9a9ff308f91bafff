"""The amounts at each moment while the treatment is out: what waiting forgoes, what harm has cost, what was gained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.clock import instant
from egp.gate.comparisons import comparison_so_far
from egp.gate.estimates import Lacking
from egp.gate.settings import guardrail_alpha
from egp.pages.brief.priced import Account, PricedLine, account, in_people, stated_account
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
from egp.plan.wording import money, significant
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


def waiting_account(scene: Scene) -> Account:
    """What the rest of the run forgoes and saves: the people whom a launch today would treat besides."""
    plan = scene.plan
    try:
        days = (readout_day(plan) - scene.day) / _DAY
        besides = treated_at_the_end(plan) - treated_share(plan)
    except NotChecked as missing:
        return account([_needs(missing)])
    return stated_account(plan, scene.policy.metrics, max(0.0, days), max(0.0, besides), waits=True)


def harm_lines(scene: Scene, readout: Readout) -> Iterator[PricedLine | str]:
    """What the difference of each guardrail has come to among the treated of the stage, with its range."""
    for path, metric in scene.plan.guardrails:
        if metric.kind not in ("proportion", "mean"):
            continue
        for variant in readout.treatments:
            try:
                yield _so_far(scene, readout, path, metric, variant)
            except Unpriced as reason:
                yield str(reason)
            except (NotChecked, Lacking, ArithmeticError, stats.StatisticsInputError):
                continue  # the table of guardrails says that it is not seen


def _so_far(scene: Scene, readout: Readout, path: Path, metric: Metric, variant: str) -> PricedLine:
    price = price_of(metric, scene.policy.metrics)
    seen = comparison_so_far(readout, metric, variant)
    sign = 1 if harm_direction(metric, path) == "increase" else -1
    low, high = sorted(sign * end for end in seen.difference.interval(2 * guardrail_alpha(readout)))
    harm = sign * seen.difference.estimate
    name = _name(scene, metric, readout, variant)
    so_far = readout.stage.name if readout.stage.position < 0 else f"stage {readout.stage.name}"
    return _harm(f"{name}, {so_far} so far", metric, price, seen.treatment_units, low, harm, high, sign)


def another_week(scene: Scene, readout: Readout, rows: list[WatchedGuardrail]) -> Iterator[PricedLine | str]:
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
            row.metric, price, seen.treated, seen.own.low, seen.own.seen, seen.own.high, sign,
        )  # fmt: skip


def _harm(
    name: str, metric: Metric, price: Price, treated: int, low: float, harm: float, high: float, sign: int
) -> PricedLine:
    events = round(abs(harm * treated))
    more = "more" if sign * harm > 0 else "fewer"
    return PricedLine(
        name,
        -worth_of_effect(price, treated, low, harm, high),
        f"{significant(sign * harm, 3)} a person × {treated:,} treated × {money(price.value, price.currency)}",
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
            reached = reached_so_far(scene)
            yield _gain(f"{shown(result.name)}, gained in the ramp so far", price, reached, result)._replace(
                when=f"until {until_results}"
            )
        if not goes_on:
            return
        until = scene.plan.holdout.until if scene.plan.holdout else None
        if until is not None and until > scene.day:
            days = (until - scene.day) / _DAY
            reached = people(scene.plan, days, treated_at_the_end(scene.plan))
            when = f"from {scene.day} to {until}"
            yield _gain(f"{shown(result.name)}, {when} in the last stage", price, reached, result)._replace(
                when=when
            )
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


def reached_so_far(scene: Scene) -> float:
    """People whom the stages of the ramp have reached until the results were taken. Raises NotChecked."""
    assert scene.judgement is not None
    readout = scene.judgement.readout
    entries = sorted(
        (instant(each.entered, readout.zone), each.treated)
        for each in readout.evidence.results.stages
        if each.entered is not None and each.treated is not None
    )
    ends = [*(begin for begin, _ in entries[1:]), _seen_until(readout)]
    return sum(
        people(scene.plan, max(timedelta(), end - begin) / _DAY, treated)
        for (begin, treated), end in zip(entries, ends, strict=True)
    )


def _seen_until(readout: Readout) -> datetime:
    """Nobody knows what was served after the results."""
    taken = readout.evidence.results.as_of
    return min(readout.as_of, instant(taken, readout.zone)) if taken is not None else readout.as_of


def _needs(missing: NotChecked) -> str:
    return f"`{pointer(missing.path)}` would say how many people are reached"
