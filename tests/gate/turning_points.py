"""Calls of the gate that depend on one whole number, and the two numbers between which a check's answer turns.

What stands at a bound is told by what is said on either side of it. ``python -m tests.gate.turning_points`` looks for the bounds
and writes `turning_points.txt` anew, after a change that is meant; read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from egp.gate.verdict import Decision, decide
from egp.plan.results import Row, StageCounts
from egp.rules.gate_check import load
from egp.stats.values import replace

from .scenes import (
    bad_weeks,
    faded,
    harmed,
    judged_after,
    lacking,
    limited_rate,
    loading,
    monitored,
    of_quantiles,
    silent_from,
    slow_days,
    taken_before,
)
from .test_metric_alive import TestRatios, losing
from .test_peeking import LOOKS
from .test_peeking import sequential as at_look
from .test_totals import UNWINDOWED, in_totals
from .worlds import CONTROL, TREATMENT, Truth, World, plan_of, readout_world, registered, stage_world

GOLDEN = Path(__file__).parent / "turning_points.txt"
BOTH = (CONTROL, TREATMENT)
MIDDLE = date(2023, 1, 30)
REFUNDS, CONTACTS, PRIMARY = "refund_rate", "cs_contacts", "add_to_cart_rate"


class Turn(NamedTuple):
    """Between the first and the last of these numbers the answer of a check about a world turns once."""

    check: str
    make: Callable[[int], World]
    first: int
    last: int


def since(day: date) -> bool:
    return day >= MIDDLE


def before(day: date) -> bool:
    return day < MIDDLE


def on(day: date) -> bool:
    return day == MIDDLE


def kept(metric: str, variants: tuple[str, ...], when: Callable[[date], bool] | None = None, make: Callable[[], World] = readout_world) -> Callable[[int], World]:  # fmt: skip
    """So many of a thousand events arrive."""
    return lambda number: losing(make(), metric, variants, when or (lambda _: True), kept=number / 1000)


def only(window: str, metric: str = REFUNDS, make: Callable[[], World] = readout_world) -> World:
    """A metric has rows of one window alone; days are what cohorts were."""
    world = make()
    if window == "day":
        world = world.without(lambda row: row.metric == metric and row.window == "day")
        return world.mapped(
            lambda row: (
                replace(row, window="day", through=None)
                if (row.metric, row.window) == (metric, "cohort")
                else row
            )
        ).without(lambda row: (row.metric, row.window) == (metric, "week"))
    return world.without(lambda row: row.metric == metric and row.window != window)


def counted_to(last: date, metric: str = REFUNDS) -> World:
    """The outcomes of a metric are counted to a day."""
    return readout_world().mapped(
        lambda row: replace(row, through=last) if row.metric == metric and row.through else row
    )


def rare(per_million: int, truth: int | None = None) -> World:
    """Refunds are rare, as the plan says."""
    rate = (per_million if truth is None else truth) / 1e6
    changes = {0: {"baseline": f"{per_million / 1e4}%"}}
    return readout_world(
        Truth(0.126, refund_rate=rate), Truth(refund_rate=rate), guardrail_metrics=changes
    ).mapped(
        lambda row: replace(row, sum=float(round(row.sum))) if row.metric == REFUNDS and row.sum else row
    )


def pages(seconds: float, when: Callable[[date], bool] | None = None, *variants: str) -> World:
    """Pages load in so many seconds, on some days."""

    def load(row: Row) -> Row:
        is_hit = row.metric == "p95_page_load" and row.variant in variants
        is_then = when is None or (row.date is not None and when(row.date))
        return replace(row, value=seconds) if is_hit and is_then else row

    return readout_world().mapped(load)


def units(world: World, number: int, variant: str = CONTROL, **where: object) -> World:
    """Some rows of a variant count so many units."""

    def is_hit(row: Row) -> bool:
        return row.variant == variant and all(getattr(row, name) == value for name, value in where.items())

    return world.mapped(lambda row: replace(row, units=number) if is_hit(row) else row)


def at(world: World, moment: str, minutes: int = 0) -> World:
    instant = datetime.fromisoformat(moment) + timedelta(minutes=minutes)
    return world.but(as_of=instant, taken=min(instant, world.taken or world.as_of))


def silence(minutes: int, *variants: str) -> World:
    """Nothing is heard of variants from midnight on, for so long."""
    world = silent_from(monitored(), date(2023, 3, 4), *variants)
    moment = datetime.fromisoformat("2023-03-04T00:00:00-08:00") + timedelta(minutes=minutes)
    return world.but(as_of=moment, taken=moment)


def few(number: int) -> World:
    """Control is silent beside a treatment of whose units so many came since."""
    world = silent_from(monitored(), date(2023, 3, 3), CONTROL)
    return world.mapped(
        lambda row: (
            replace(row, units=number if row.date == date(2023, 3, 5) else 0)
            if row.variant == TREATMENT and row.date and row.date >= date(2023, 2, 25)
            else row
        )
    )


def after_readout(minutes: int, **changes: Any) -> World:
    """So long after the look, in the first stage."""
    world = stage_world(**changes)
    moment = datetime.fromisoformat("2023-03-08T00:00:00-08:00") + timedelta(minutes=minutes)
    return world.but(as_of=moment, taken=moment)


def refunds(rate: float, make: Callable[..., World] = readout_world, **changes: Any) -> World:
    return make(Truth(0.126, refund_rate=rate), **changes)


def no_weeks(world: World, metric: str = REFUNDS) -> World:
    return lacking(world, window="week", metric=metric)


def lost_beside_harm(
    number: int, check_of: str = REFUNDS, when: Callable[[date], bool] | None = None
) -> World:
    """The treatment is where it is to be, and of control's events so many of a thousand arrive."""
    return losing(readout_world(), check_of, (CONTROL,), when or (lambda _: True), kept=number / 1000)


def risen(per_mille: int) -> World:
    """Control has lost all but 30 % of its events, and the treatment has risen to so much of its baseline."""
    return losing(
        readout_world(Truth(0.126, refund_rate=0.031 * per_mille / 1000)), REFUNDS, (CONTROL,), kept=0.3
    )


def sparse(units_a_day: int) -> World:
    """Refunds are 5 % where 3.1 % were expected, of so many units a day."""
    world = readout_world(Truth(0.126, refund_rate=0.05), Truth(refund_rate=0.05))
    return world.mapped(
        lambda row: (
            replace(row, units=units_a_day, sum=0.05 * units_a_day)
            if (row.metric, row.window) == (REFUNDS, "cohort")
            else row
        )
    )


def counts(**numbers: int) -> World:
    return readout_world().but(more={"counts": (StageCounts("test", 100_000, **numbers),)})


def look_1(rate: int, **statistics: object) -> World:
    return at_look(rate / 1e5, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS, **statistics)


def look_2(rate: int, **statistics: object) -> World:
    return at_look(rate / 1e5, "2023-02-20T08:00:00-08:00", date(2023, 2, 19), LOOKS, **statistics)


ALWAYS = {"method": "always_valid", "spending": None, "guardrail_spending": None}
NON_INFERIOR: dict[str, Any] = {"type": "non_inferiority", "primary_metric": {"non_inferiority_margin": "3%"}}
ABSOLUTE: dict[str, Any] = {"type": "non_inferiority", "primary_metric": {"non_inferiority_margin": "36bps"}}
FALLING: dict[str, Any] = {"primary_metric": {"direction": "decrease"}}
SALE = "2023-12-01T00:00:00-08:00"


def primary(**changes: Any) -> Callable[[int], World]:
    return lambda rate: readout_world(Truth(rate / 1e5), **changes)


def _margin(number: int) -> dict[str, Any]:
    return {
        "type": "non_inferiority",
        "primary_metric": {"non_inferiority_margin": f"{number / 100}%"},
    }


def _guarded(rate: float) -> World:
    """Refunds at the first of two looks, at which the guardrail may wait for the next."""
    world = at_look(0.13, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS)
    return world.mapped(
        lambda row: (
            replace(row, sum=rate * row.units) if (row.metric, row.variant) == (REFUNDS, TREATMENT) else row
        )
    )


def _least(rate: float) -> World:
    limit = {"min": "2.95%"}
    return stage_world(Truth(refund_rate=rate), guardrail_metrics={0: {"limit": limit}}, stop_rules=[])


def _rare_weeks(per_million: int) -> World:
    rate = per_million / 1e6
    plan = plan_of(stop_rules={1: {"metric": REFUNDS}})
    return readout_world(Truth(0.126, refund_rate=rate), Truth(refund_rate=rate)).but(
        plan=plan, registration=registered(plan)
    )


TURNS: dict[str, Turn] = {
    # Lost events.
    "refunds of the treatment that arrive, of a thousand": Turn("metric-alive", kept(REFUNDS, (TREATMENT,)), 0, 1000),
    "refunds of control that arrive": Turn("metric-alive", kept(REFUNDS, (CONTROL,)), 0, 1000),
    "primary events of the treatment that arrive": Turn("metric-alive", kept(PRIMARY, (TREATMENT,)), 0, 1000),
    "primary events of control that arrive": Turn("metric-alive", kept(PRIMARY, (CONTROL,)), 0, 1000),
    "refunds of both that arrive": Turn("metric-alive", kept(REFUNDS, BOTH), 0, 1000),
    "refunds of both that arrive from a day on": Turn("metric-alive", kept(REFUNDS, BOTH, since), 0, 1000),
    "refunds of both that arrive until a day": Turn("metric-alive", kept(REFUNDS, BOTH, before), 0, 1000),
    "refunds of both that arrive on one day": Turn("metric-alive", kept(REFUNDS, BOTH, on), 0, 1000),
    "refunds of the treatment that arrive from a day on": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), since), 0, 1000),
    "refunds of the treatment that arrive until a day": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), before), 0, 1000),
    "refunds of the treatment that arrive on one day": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), on), 0, 1000),
    "primary events of the treatment that arrive from a day on": Turn("metric-alive", kept(PRIMARY, (TREATMENT,), since), 0, 1000),
    "contacts of the treatment that arrive": Turn("metric-alive", kept(CONTACTS, (TREATMENT,)), 0, 1000),
    "contacts of both that arrive": Turn("metric-alive", kept(CONTACTS, BOTH), 0, 1000),
    "contacts of both that arrive from a day on": Turn("metric-alive", kept(CONTACTS, BOTH, since), 0, 1000),
    "refunds of the treatment in a stage": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), make=stage_world), 0, 1000),
    "contacts of the treatment at 90 %": Turn("metric-alive", kept(CONTACTS, (TREATMENT,), make=monitored), 0, 1000),
    "refunds of the treatment, in weeks alone": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), make=lambda: only("week")), 0, 1000),
    "refunds of the treatment, in days alone": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), make=lambda: only("day")), 0, 1000),
    "refunds of both in days alone, on one day": Turn("metric-alive", kept(REFUNDS, BOTH, on, make=lambda: only("day")), 0, 1000),
    "refunds of the treatment, in totals": Turn("metric-alive", kept(REFUNDS, (TREATMENT,), make=lambda: in_totals(readout_world(guardrail_metrics=UNWINDOWED))), 0, 1000),
    "refunds of both, in totals": Turn("metric-alive", kept(REFUNDS, BOTH, make=lambda: in_totals(readout_world(guardrail_metrics=UNWINDOWED))), 0, 1000),
    "refunds of the treatment, of which a fall by 30 % is hoped for": Turn(
        "metric-alive", kept(REFUNDS, (TREATMENT,), make=lambda: readout_world(guardrail_metrics={0: {"target": "30%"}})), 0, 1000
    ),
    "primary events of control, of which a rise by 90 % is hoped for": Turn(
        "metric-alive", kept(PRIMARY, (CONTROL,), make=lambda: readout_world(primary_metric={"target": "90%"})), 0, 1000
    ),
    "refunds of both that are rightly none, of the treatment": Turn(
        "metric-alive", kept(REFUNDS, (TREATMENT,), make=lambda: readout_world(guardrail_metrics={0: {"expected_zero": True}})), 0, 1000
    ),
    "refunds of both without a baseline, from a day on": Turn(
        "metric-alive", kept(REFUNDS, BOTH, since, make=lambda: readout_world(guardrail_metrics={0: {"baseline": None}})), 0, 1000
    ),
    "contacts of both from a day on, all counted for a day": Turn(
        "metric-alive", kept(CONTACTS, BOTH, since, make=lambda: counted_to(date(2023, 2, 6), CONTACTS)), 0, 1000
    ),
    "milliseconds in which the treatment's pages load": Turn("metric-alive", lambda number: pages(number / 1000, None, TREATMENT), 1, 1900),
    "milliseconds in which all pages load on one day": Turn("metric-alive", lambda number: pages(number / 1000, on, *BOTH), 1, 1900),
    "hundredths of a visit for each unit of the treatment": Turn("metric-alive", lambda number: TestRatios().world(number / 100), 1, 300),
    "refunds of a million units, of which none are lost": Turn("metric-alive", rare, 1, 5_000),
    "refunds of a million units, all of which are lost": Turn("metric-alive", lambda number: rare(number, 0), 1, 5_000),
    # Data.
    "minutes of silence of the treatment": Turn("complete-data", lambda number: silence(number, TREATMENT), 2880, 4000),
    "minutes of silence of control": Turn("complete-data", lambda number: silence(number, CONTROL), 2880, 4000),
    "minutes of silence of both": Turn("complete-data", lambda number: silence(number, *BOTH), 2880, 4000),
    "units of the treatment beside a silent control": Turn("complete-data", few, 1, 2_000),
    "minutes before the day of the last rows": Turn("complete-data", lambda number: at(readout_world(), "2023-02-05T12:00:00-08:00", -number), 600, 900),
    "repeated exposures, of 100,000 units": Turn("logged-once", lambda number: counts(repeated=number), 900, 1100),
    "exposures without a unit": Turn("logged-once", lambda number: counts(exposures_without=number), 50, 150),
    "events without a unit": Turn("logged-once", lambda number: counts(events_without=number), 50, 150),
    "units that were served two variants": Turn("sample-ratio", lambda number: counts(crossed=number), 50, 150),
    "units of control on a day, of which 10,500 are due": Turn("sample-ratio", lambda number: units(readout_world(), number, window="cohort", date=MIDDLE), 10_500, 14_000),
    "units of control at 70 %": Turn("sample-ratio", lambda number: units(stage_world(), number, window="cohort", date=date(2023, 2, 8)), 12_000, 14_000),
    "minutes after the results": Turn("fresh-results", lambda number: judged_after(readout_world(), minutes=number), 2000, 2400),
    "minutes after the results of a stage that is watched": Turn("fresh-results", lambda number: judged_after(monitored(), minutes=number), 4000, 5000),
    "minutes before the results": Turn("fresh-results", lambda number: taken_before(readout_world(), minutes=-number), 0, 10),
    # Time.
    "minutes of the dwell that are left": Turn("dwell", lambda number: stage_world().but(as_of=stage_world().as_of - timedelta(minutes=number)), 0, 60),
    "minutes for which a readout is good": Turn("stage-order", after_readout, -60, 60),
    "minutes before the first stage may start": Turn("stage-order", lambda number: at(readout_world(ramp={0: {"start": "2023-02-07"}}), "2023-02-07T00:00:00-08:00", -number), 0, 60),
    "minutes since the sale began": Turn("change-window", lambda number: at(stage_world(), "2023-11-20T00:00:00-08:00", number), -60, 60),
    "minutes since its last day began": Turn("change-window", lambda number: at(stage_world(), SALE, number), 0, 2_000),
    "units of a stop rule in a stage": Turn("minimum-units", lambda number: stage_world(stop_rules={0: {"min_units_per_variant": number}}), 20_000, 30_000),
    "units that are planned": Turn("minimum-units", lambda number: readout_world(sample_size_per_variant=number), 140_000, 150_000),
    # The readout.
    "control's rate, of 100,000, above its baseline": Turn("control-baseline", lambda number: readout_world(Truth(0.19), Truth(number / 1e5)), 12_000, 20_000),
    "control's rate below it": Turn("control-baseline", lambda number: readout_world(Truth(0.06), Truth(number / 1e5)), 12_000, 4_000),
    "units a day of a control that is far above its baseline": Turn("control-baseline", sparse, 10, 2_000),
    "tenths of a basis point that are to be found": Turn("precision", lambda number: readout_world(primary_metric={"mde": f"{number / 10}bps"}), 300, 450),
    "hundredths of a per cent of a margin that are to be told apart": Turn("precision", lambda number: readout_world(**_margin(number)), 100, 400),
    "the primary's rate, of 100,000": Turn("primary-outcome", primary(), 12_000, 12_600),
    "the primary's rate in a one-sided test": Turn("primary-outcome", primary(statistics={"sides": "one"}), 12_000, 12_600),
    "the primary's rate without the covariate": Turn("primary-outcome", primary(statistics={"variance_reduction": None}), 12_000, 12_600),
    "the primary's rate that is to fall": Turn("primary-outcome", primary(**FALLING), 12_000, 11_400),
    "the primary's rate, of which an interval is required": Turn("primary-outcome", primary(decision_rule={"min_ci_lower": "20bps"}), 12_000, 13_000),
    "the primary's rate, of which an interval in per cent is required": Turn("primary-outcome", primary(decision_rule={"min_ci_lower": "2%"}), 12_000, 13_000),
    "the primary's rate, of which a lift is required": Turn("primary-outcome", primary(decision_rule={"min_lift": "50.5bps"}), 12_000, 13_000),
    "the primary's rate, of which a lift in per cent is required": Turn("primary-outcome", primary(decision_rule={"min_lift": "4.1%"}), 12_000, 13_000),
    "the primary's rate that is to fall, of which a lift is required": Turn("primary-outcome", primary(decision_rule={"min_lift": "50.5bps"}, **FALLING), 12_000, 11_000),
    "the primary's rate that is to fall, of which an interval in per cent is required": Turn("primary-outcome", primary(decision_rule={"min_ci_lower": "2%"}, **FALLING), 12_000, 11_000),
    "milliseconds of the lift that is required, of 250": Turn("primary-outcome", lambda number: of_quantiles(1.75, control=2.0, decision_rule={"min_lift": f"{number}ms"}), 200, 300),
    "the primary's rate of a non-inferiority test": Turn("primary-outcome", primary(**NON_INFERIOR), 11_400, 12_000),
    "the primary's rate of a non-inferiority test with an absolute margin": Turn("primary-outcome", primary(**ABSOLUTE), 11_400, 12_000),
    "the primary's rate at the first of two looks": Turn("primary-outcome", look_1, 12_000, 12_800),
    "the primary's rate that is a loss at the first of two looks": Turn("primary-outcome", look_1, 12_000, 11_000),
    "the primary's rate at the last of two looks": Turn("primary-outcome", look_2, 12_000, 12_800),
    "the primary's rate at the first look of an always valid test": Turn("primary-outcome", lambda number: look_1(number, **ALWAYS), 12_000, 13_000),
    "the primary's rate at the last look of an always valid test": Turn("primary-outcome", lambda number: look_2(number, **ALWAYS), 12_000, 13_000),
    "the primary's rate in the second week": Turn("novelty", lambda number: faded(number / 1e5), 12_600, 11_000),
    "minutes before outcomes have matured": Turn("outcome-matured", lambda number: at(readout_world(guardrail_metrics={0: {"judged_on": "all_units"}}), "2023-02-13T00:00:00-08:00", -number), 0, 60),
    "minutes before a guardrail's outcomes have": Turn("guardrail", lambda number: at(readout_world(guardrail_metrics={0: {"judged_on": "all_units"}}), "2023-02-13T00:00:00-08:00", -number), 0, 60),
    "days of the run that are required": Turn("runtime-complete", lambda number: readout_world(schedule={"pauses": [] if number == 0 else [f"2023-01-{31 - number}/2023-01-30"]}), 0, 7),
    # Harm.
    "refunds at the readout, of 100,000": Turn("guardrail", lambda number: no_weeks(refunds(number / 1e5, stop_rules=[])), 3_100, 3_300),
    "refunds beyond the margin": Turn("guardrail", lambda number: no_weeks(refunds(number / 1e5, stop_rules=[])), 3_300, 3_700),
    "refunds against a margin in points": Turn("guardrail", lambda number: refunds(number / 1e5, guardrail_metrics={0: {"non_inferiority_margin": "25bps"}}), 3_100, 3_350),
    "refunds beyond a margin in points": Turn("guardrail", lambda number: refunds(number / 1e5, guardrail_metrics={0: {"non_inferiority_margin": "25bps"}}), 3_350, 3_800),
    "contacts at the readout": Turn("guardrail", lambda number: harmed(number / 1e5, "rollback"), 4_200, 4_500),
    "contacts beyond the margin": Turn("guardrail", lambda number: harmed(number / 1e5, "hold"), 4_500, 5_200),
    "milliseconds of pages at the readout": Turn("guardrail", lambda number: readout_world(Truth(0.126, p95_page_load=number / 1000)), 1_900, 2_000),
    "refunds at the first of two looks": Turn("guardrail", lambda number: _guarded(number / 1e5), 3_100, 3_300),
    "refunds in a stage": Turn("guardrail", lambda number: refunds(number / 1e5, stage_world), 3_100, 4_000),
    "milliseconds of pages that are not surely beyond the limit": Turn("limit", lambda number: loading(number / 1000), 2_000, 2_150),
    "milliseconds of pages that are": Turn("limit", lambda number: loading(number / 1000), 2_150, 2_400),
    "a rate that is not surely beyond its limit": Turn("limit", lambda number: limited_rate(number / 1e5), 3_000, 3_350),
    "a rate that is": Turn("limit", lambda number: limited_rate(number / 1e5), 3_350, 4_000),
    "a rate that is below its least": Turn("limit", lambda number: _least(number / 1e5), 3_000, 2_940),
    "a rate that is surely below its least": Turn("limit", lambda number: _least(number / 1e5), 2_940, 2_000),
    "refunds that fire a rule": Turn("stop-rule", lambda number: no_weeks(refunds(number / 1e5)), 3_200, 3_500),
    "refunds that fire a rule with a prior": Turn("stop-rule", lambda number: no_weeks(refunds(number / 1e5, stop_rules={0: {"prior": {"mean": "1%", "std_dev": "5%"}}})), 3_200, 3_600),
    "refunds that fire a rule with an absolute amount": Turn("stop-rule", lambda number: no_weeks(refunds(number / 1e5, stop_rules={0: {"harm_exceeds": "20bps"}})), 3_200, 3_600),
    "units below which a rule is silent": Turn("stop-rule", lambda number: refunds(0.036, stop_rules={0: {"min_units_per_variant": number}}), 140_000, 150_000),
    "units below which a weekly rule is silent": Turn("stop-rule", lambda number: at(refunds(0.036, stop_rules={0: {"min_units_per_variant": number, "evaluated": "weekly"}}), "2023-02-04T08:00:00-08:00"), 60_000, 90_000),
    "units below which a rule of days is silent": Turn("stop-rule", lambda number: slow_days(2, 3).but(plan=plan_of(stop_rules={2: {"min_units_per_variant": number}})), 100_000, 130_000),
    "milliseconds of two slow days": Turn("stop-rule", lambda number: slow_days(2, 3, seconds=number / 1000), 1_900, 2_400),
    "contacts in two bad weeks": Turn("stop-rule", lambda number: bad_weeks(date(2023, 2, 13), date(2023, 2, 20), contacts=number / 1e5), 4_200, 5_200),
    "refunds of a million units that a rule of weeks can judge": Turn("stop-rule", _rare_weeks, 10, 2_000),
    # Harm that is seen only because control lost its events.
    "refunds of control that arrive beside a sound treatment": Turn("guardrail", lost_beside_harm, 10, 800),
    "refunds of control that arrive, to a rule": Turn("stop-rule", lost_beside_harm, 10, 800),
    "contacts of control that arrive from a day on": Turn("guardrail", lambda number: lost_beside_harm(number, CONTACTS, since), 500, 1000),
    "refunds of control that arrive until a day": Turn("stop-rule", lambda number: lost_beside_harm(number, REFUNDS, before), 0, 1000),
    "refunds of control that arrive on one day": Turn("guardrail", lambda number: losing(refunds(0.036), REFUNDS, (CONTROL,), on, kept=number / 1000), 0, 1000),
    "refunds of the treatment beside a control that lost most": Turn("stop-rule", risen, 1000, 2000),
}  # fmt: skip
"""What the number is → where to look for the turn."""


def decided(turn: Turn, number: int) -> Decision:
    """What the check says there."""
    return decide(turn.make(number).readout(), among=[load(turn.check)])


def said(turn: Turn, number: int) -> Iterator[str]:
    decision = decided(turn, number)
    yield from (f"  crash: {each.message}" for each in decision.crashes)
    for each in decision.readings:
        about = " ".join(filter(None, (each.metric, each.variant)))
        yield f"  {' '.join(filter(None, (each.state, each.kind, about)))}: {each.message}"


def kinds(turn: Turn, number: int) -> list[tuple[str, ...]]:
    return [(each.state, each.kind, each.metric, each.variant) for each in decided(turn, number).readings]


def turned(turn: Turn) -> tuple[int, int]:
    """The neighbouring numbers between which the answer turns, in the direction of the search."""
    near, far = turn.first, turn.last
    here = kinds(turn, near)
    assert here != kinds(turn, far), "the answer does not turn"
    while abs(far - near) > 1:
        middle = (near + far) // 2
        near, far = (middle, far) if kinds(turn, middle) == here else (near, middle)
    return near, far


def text(turn: Turn, numbers: tuple[int, int]) -> str:
    """What is said on either side, without what both say."""
    sides = [list(said(turn, number)) for number in numbers]
    lines = [turn.check]
    for number, own, other in zip(numbers, sides, reversed(sides), strict=True):
        lines += [f"at {number}", *(line for line in own if line not in other)]
    return "\n".join(lines)


def main() -> None:
    parts = []
    for name, turn in TURNS.items():
        try:
            parts.append(f"=== {name}\n{text(turn, turned(turn))}")
        except AssertionError as error:
            raise SystemExit(f"{name}: {error}, {kinds(turn, turn.first)}") from error
    GOLDEN.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
