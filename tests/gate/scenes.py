"""Calls of the gate, and every reading of them: what each scene says that a sound call does not.

After a change that is meant, `python -m tests.gate.scenes` writes `scenes.txt` anew; read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

from egp.gate.checks import complete_data
from egp.gate.reading import Reading
from egp.gate.verdict import Decision, decide
from egp.plan.results import Row, RowRefusal, StageCounts
from egp.record.lock import Amended, Signed, made
from egp.stats.values import replace

from .test_metric_alive import losing
from .test_peeking import LOOKS, day_5
from .test_peeking import sequential as at_look
from .worlds import (
    CONTROL,
    CONTROL_TRUTH,
    DAY,
    GOOD,
    HARMFUL,
    TREATMENT,
    Truth,
    World,
    entry,
    load_row,
    mean_row,
    plan_of,
    readout_world,
    registered,
    rows_of,
    stage_world,
)

GOLDEN = Path(__file__).parent / "scenes.txt"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WEEKS = (date(2023, 2, 6), date(2023, 2, 13), date(2023, 2, 20), date(2023, 2, 27))


def monitored(**changes: Any) -> World:
    """Four weeks at 90 %, after the test."""
    plan = plan_of(**changes)
    truths = {CONTROL: Truth(), TREATMENT: Truth()}
    test = rows_of(
        "test",
        date(2023, 1, 23),
        date(2023, 2, 5),
        date(2023, 2, 6),
        {CONTROL: 9_000, TREATMENT: 9_000},
        truths,
    )
    last = rows_of(
        "90%",
        date(2023, 2, 6),
        date(2023, 3, 5),
        date(2023, 3, 5),
        {CONTROL: 2_000, TREATMENT: 18_000},
        truths,
    )
    stages = (entry(0.7, "2023-02-05T20:00:00-08:00"), entry(0.9, "2023-02-06T00:00:00-08:00"))
    moment = datetime.fromisoformat("2023-03-06T08:00:00-08:00")
    return World(plan, (*test, *last), moment, to="", stages=stages, registration=registered(plan))


def bad_weeks(*weeks: date, contacts: float = 0.052) -> World:
    """Contacts are many more in these weeks."""

    def harm(row: Row) -> Row:
        is_hit = (row.window, row.metric, row.variant, row.stage) == ("week", "cs_contacts", TREATMENT, "90%")
        if not is_hit or row.date not in weeks:
            return row
        head = {"stage": row.stage, "window": "week", "date": row.date, "variant": row.variant, "segment": ""}
        return mean_row({**head, "metric": "cs_contacts"}, contacts, row.units)

    return monitored().mapped(harm)


def slow_days(*days: int, seconds: float = 2.2) -> World:
    """Pages are slow on these days of February."""

    def slower(row: Row) -> Row:
        is_hit = row.window == "day" and row.variant == TREATMENT and row.date is not None
        return (
            replace(row, value=seconds) if is_hit and row.date in {date(2023, 2, at) for at in days} else row
        )

    return readout_world().mapped(slower)


def tolerated(seconds: float) -> World:
    """Two days that are slower than control's two seconds, of which an eighth is tolerated."""
    slow = (date(2023, 2, 2), date(2023, 2, 3))

    def load(row: Row) -> Row:
        if row.metric != "p95_page_load":
            return row
        return replace(row, value=seconds if row.variant == TREATMENT and row.date in slow else 2.0)

    return readout_world(stop_rules={2: {"harm_exceeds": "12.5%"}}).mapped(load)


def least_units_of_days(least: int) -> World:
    """10,500 units a day: 115,500 are there on the first of the two slow days."""
    world = slow_days(2, 3)
    plan = plan_of(stop_rules={2: {"min_units_per_variant": least}})
    return world.but(plan=plan, registration=registered(plan))


def empty_week(*weeks: date) -> World:
    """Nobody contacts in these weeks, so that nothing can be computed of them."""
    return monitored().mapped(
        lambda row: (
            replace(row, sum=0.0, sum_squares=0.0)
            if row.date in weeks and (row.window, row.metric) == ("week", "cs_contacts")
            else row
        )
    )


def lacking(world: World, **fields: object) -> World:
    """Without the rows that have all of these values."""
    return world.without(lambda row: all(getattr(row, name) == value for name, value in fields.items()))


def silent_from(world: World, day: date, *variants: str) -> World:
    """No unit of the variants is counted from a day on, in no window that has it."""

    def is_after(row: Row) -> bool:
        return row.date is not None and row.date + (6 if row.window == "week" else 0) * DAY >= day

    def is_hit(row: Row) -> bool:
        return row.variant in variants and row.stage == "90%"

    heard = world.without(lambda row: is_hit(row) and is_after(row))
    return heard.mapped(lambda row: replace(row, through=day - DAY) if is_hit(row) and row.through else row)


def judged_after(world: World, **elapsed: float) -> World:
    return world.but(as_of=world.as_of + timedelta(**elapsed), taken=world.taken or world.as_of)


def taken_before(world: World, **elapsed: float) -> World:
    return world.but(taken=world.as_of - timedelta(**elapsed))


def locked(world: World, **changes: Any) -> World:
    assert world.registration is not None
    return world.but(registration=made(type(world.registration), **{**vars(world.registration), **changes}))


def amended(world: World, data_access: str) -> World:
    assert world.registration is not None
    entry_of = made(Amended, digest=world.registration.digest, on=date(2023, 2, 1), data_access=data_access)
    return locked(world, amended=(entry_of,))


def signed_by(world: World, by: str) -> World:
    assert world.registration is not None
    return locked(
        world,
        signed=tuple(made(Signed, role=each.role, by=by, on=each.on) for each in world.registration.signed),
    )


def rescaled(world: World, metric: str, factor: float, *variants: str) -> World:
    def scale(row: Row) -> Row:
        if row.metric != metric or row.variant not in variants or row.sum is None:
            return row
        squares = row.sum_squares
        return replace(row, sum=row.sum * factor, sum_squares=None if squares is None else squares * factor)

    return world.mapped(scale)


def units_times(world: World, factor: float, variant: str = CONTROL) -> World:
    return world.mapped(
        lambda row: replace(row, units=round(row.units * factor)) if row.variant == variant else row
    )


def faded(second_week: float) -> World:
    def fade(row: Row) -> Row:
        later = row.segment == "first_week" and row.variant == TREATMENT and row.date == date(2023, 1, 30)
        return replace(row, sum=row.units * second_week) if later else row

    return readout_world().mapped(fade)


def served_twice(units: int) -> World:
    return readout_world().but(more={"counts": (StageCounts("test", 294_000, crossed=units),)})


def refused(count: int) -> World:
    problems = tuple(
        RowRefusal("r.csv", at, at, "units", "-4 is no number", "count again") for at in range(1, count + 1)
    )
    return readout_world().but(more={"problems": problems})


def harmed(contacts: float, action: str, **changes: Any) -> World:
    """Contacts alone speak at the readout: no rule and no week."""
    return lacking(
        readout_world(Truth(0.126, cs_contacts=contacts), guardrail_metrics={1: {"action": action}}, stop_rules=[], **changes),
        window="week", metric="cs_contacts",
    )  # fmt: skip


def loading(seconds: float, action: str = "rollback") -> World:
    both = Truth(p95_page_load=seconds)
    world = stage_world(both, both, guardrail_metrics={2: {"action": action}})
    return world.mapped(lambda row: replace(row, standard_error=0.05) if row.standard_error else row)


def limited_rate(rate: float) -> World:
    """A limit on a rate, which is tested exactly."""
    return stage_world(
        Truth(refund_rate=rate), guardrail_metrics={0: {"limit": {"max": "3.3%"}}}, stop_rules=[]
    )


def in_sale(**at: Any) -> World:
    zone = stage_world().as_of.tzinfo
    return stage_world().but(as_of=datetime(**{"year": 2023, "month": 11, "day": 20, **at}, tzinfo=zone))


SMALL: dict[str, Any] = {"stop_rules": {0: {"min_units_per_variant": 5_000}}}
OF_CANARY = {"treated": "5%", "start": "2023-01-18", "end": "2023-01-22", "none": None}


def canary(
    truth: Truth = CONTROL_TRUTH, moment: str = "2023-01-23T08:00:00-08:00", to: str = "test", **changes: Any
) -> World:
    """The morning after five days of 5 %, asked for the test."""
    plan = plan_of(**{"canary": OF_CANARY, **SMALL, **changes})
    rows = rows_of(
        "canary", date(2023, 1, 18), date(2023, 1, 22), date(2023, 1, 22), {CONTROL: 38_950, TREATMENT: 2_050},
        {CONTROL: Truth(), TREATMENT: truth},
    )  # fmt: skip
    return World(plan, tuple(rows), datetime.fromisoformat(moment), to=to, registration=registered(plan))


def everyone(truth: Truth = CONTROL_TRUTH, **changes: Any) -> World:
    """Two days of 100 %, watched."""
    plan = plan_of(
        ramp=[{"treated": "100%", "min_dwell": "48h"}],
        holdout={"none": "for a test", "share": None, "until": None},
        **changes,
    )
    rows = rows_of(
        "100%", date(2023, 2, 7), date(2023, 2, 8), date(2023, 2, 8), {TREATMENT: 40_000}, {TREATMENT: truth}
    )
    entered = (entry(1.0, "2023-02-07T08:00:00-08:00"),)
    moment = datetime.fromisoformat("2023-02-09T08:00:00-08:00")
    return World(plan, tuple(rows), moment, to="", stages=entered, registration=registered(plan))


def several(second: Truth = CONTROL_TRUTH, named: str = TREATMENT, **changes: Any) -> World:
    """Two treatments, one of them to be ramped."""
    variants = [
        {"id": CONTROL, "weight": "40%", "control": True},
        {"id": TREATMENT, "weight": "30%"},
        {"id": "buy_later", "weight": "30%"},
    ]
    plan = plan_of(variants=variants, sample_size_per_variant=100_000, **changes)
    rows = rows_of(
        "test", date(2023, 1, 23), date(2023, 2, 5), date(2023, 2, 6),
        {CONTROL: 14_000, TREATMENT: 10_500, "buy_later": 10_500}, {CONTROL: Truth(), TREATMENT: GOOD, "buy_later": second},
    )  # fmt: skip
    moment = datetime.fromisoformat("2023-02-07T08:00:00-08:00")
    return World(plan, tuple(rows), moment, registration=registered(plan), more={"treatment": named})


def of_means(treatment: float = 0.126, std_dev: float = 0.33, **metric: Any) -> World:
    """The primary is a mean."""
    primary = {"kind": "mean", "baseline": 0.12, "std_dev": 0.33, "mde": "4%", "target": "3%", **metric}
    world = readout_world(primary_metric=primary, statistics={"variance_reduction": None})

    def mean(row: Row) -> Row:
        if row.metric != "add_to_cart_rate":
            return row
        head = {
            name: getattr(row, name)
            for name in ("stage", "window", "date", "variant", "metric", "segment", "through")
        }
        return mean_row(head, treatment if row.variant == TREATMENT else 0.12, row.units, std_dev)

    return world.mapped(mean)


def of_quantiles(
    treatment: float = 1.8, through: date | None = date(2023, 2, 5), control: float = 1.9, **changes: Any
) -> World:
    """The primary is how fast pages load, and a rate guards it."""
    primary = {"id": "p50_page_load", "kind": "quantile", "quantile": "50%", "direction": "decrease", "baseline": "1900ms",
               "influence_std_dev": "5200ms", "mde": "5%", "target": "4%"}  # fmt: skip
    world = readout_world(primary_metric=primary, statistics={"variance_reduction": None}, **changes)
    kept = [row for row in world.rows if row.metric != "add_to_cart_rate"]
    for name, value in ((CONTROL, control), (TREATMENT, treatment)):
        total = load_row("test", "total", None, name, Truth(p95_page_load=value), 147_000, through)
        kept.append(replace(total, metric="p50_page_load"))
    return world.but(rows=tuple(kept))


SOUND: dict[str, Callable[[], World]] = {
    "readout": readout_world,
    "stage": stage_world,
    "monitor": monitored,
    "canary": canary,
    "everyone": everyone,
    "several": several,
    "means": of_means,
    "quantiles": of_quantiles,
}
"""What the other scenes are compared with."""

SCENES: dict[str, dict[str, Callable[[], World]]] = {
    "readout": {
        "not registered": lambda: readout_world().but(registration=None),
        "changed since it was registered": lambda: readout_world().but(registration=registered(plan_of(sample_size_per_variant=150_000))),
        "amended with results seen": lambda: amended(readout_world(), "results_seen"),
        "amended without": lambda: amended(readout_world(), "no_results_seen"),
        "signed by somebody else": lambda: signed_by(readout_world(), "@someone"),
        "no build named": lambda: readout_world().but(revision=None),
        "another build": lambda: readout_world().but(revision="web-9"),
        "about to serve another build": lambda: readout_world().but(treatment_revision="web-9"),
        "requested the stage after next": lambda: readout_world().but(to="90%"),
        "eight rows refused": lambda: refused(8),
        "ten rows refused": lambda: refused(10),
        "a guardrail lacks a day": lambda: lacking(readout_world(), metric="cs_contacts", window="cohort", date=date(2023, 1, 30)),
        "the primary lacks four days": lambda: readout_world().without(
            lambda row: row.metric == "add_to_cart_rate" and row.date is not None and row.window == "cohort" and row.date.day in (25, 26, 27, 28)
        ),
        "a guardrail lacks its weeks": lambda: lacking(readout_world(), metric="refund_rate", window="week"),
        "a guardrail lacks a week": lambda: lacking(readout_world(), metric="cs_contacts", window="week", date=date(2023, 1, 30)),
        "weeks of the primary, which a rule counts": lambda: readout_world(stop_rules={1: {"metric": "add_to_cart_rate"}}),
        "weeks of a quantile, which a rule counts": lambda: readout_world(
            stop_rules={2: {"for": None, "harm_exceeds": None, "significant_harm_for": "2w"}}
        ),
        "control a little above its baseline": lambda: readout_world(Truth(0.13), Truth(0.125)),
        "control exactly half above its baseline": lambda: readout_world(Truth(0.19), Truth(0.18)),
        "a rule lacks its days": lambda: lacking(readout_world(), metric="p95_page_load", window="day", variant=TREATMENT),
        "no total": lambda: lacking(readout_world(), metric="p95_page_load", window="total", variant=TREATMENT),
        "no rows at all": lambda: readout_world().but(rows=()),
        "judged before its rows end": lambda: readout_world().but(as_of=readout_world().as_of - 5 * DAY),
        "before the first day is over": lambda: readout_world().but(rows=(), as_of=datetime.fromisoformat("2023-01-23T09:00:00-08:00")),
        "on the second morning": lambda: readout_world().but(rows=(), as_of=datetime.fromisoformat("2023-01-24T00:00:00-08:00")),
        "before the start": lambda: readout_world().but(rows=(), as_of=datetime.fromisoformat("2023-01-20T08:00:00-08:00")),
        "on the sixth day": lambda: day_5(GOOD),
        "on the sixth day, a rule watching the primary": lambda: day_5(
            GOOD, stop_rules={0: {"metric": "add_to_cart_rate"}, 1: {"metric": "add_to_cart_rate"}}
        ),
        "the split is off": lambda: units_times(readout_world(), 1.03),
        "the split is off by noise": lambda: units_times(readout_world(), 1.003),
        "one unit served twice": lambda: served_twice(1),
        "as many served twice as are allowed": lambda: served_twice(294),
        "one more served twice": lambda: served_twice(295),
        "nobody served twice": lambda: served_twice(0),
        "fewer units than planned": lambda: readout_world(sample_size_per_variant=150_000),
        "as many units as planned": lambda: readout_world(sample_size_per_variant=147_000),
        "a pause": lambda: readout_world(schedule={"pauses": ["2023-01-28/2023-01-29"]}).without(
            lambda row: row.window == "cohort" and row.date in (date(2023, 1, 28), date(2023, 1, 29))
        ),
        "outcomes counted too early": lambda: readout_world().mapped(
            lambda row: replace(row, through=date(2023, 2, 2)) if row.metric == "refund_rate" and row.through else row
        ),
        "outcomes not through yet": lambda: readout_world(guardrail_metrics={0: {"judged_on": "all_units"}}),
        "the primary's outcomes not through yet": lambda: readout_world(primary_metric={"outcome_window": "7d"}),
        "no cohort of a guardrail": lambda: lacking(readout_world(), metric="refund_rate", window="cohort"),
        "no effect": lambda: readout_world(Truth()),
        "a weak effect": lambda: readout_world(Truth(add_to_cart_rate=0.1213)),
        "an effect the wrong way": lambda: readout_world(Truth(add_to_cart_rate=0.114)),
        "a metric that should fall": lambda: readout_world(Truth(add_to_cart_rate=0.114), primary_metric={"direction": "decrease"}),
        "a metric that should fall and rises": lambda: readout_world(GOOD, primary_metric={"direction": "decrease"}),
        "a lift as asked": lambda: readout_world(decision_rule={"min_lift": "50bps"}),
        "less lift than asked": lambda: readout_world(decision_rule={"min_lift": "61bps"}),
        "an interval below what is asked": lambda: readout_world(decision_rule={"min_ci_lower": "45bps"}),
        "another ending is agreed": lambda: readout_world(Truth(0.1213), decision_rule={"otherwise": "narrower_rerun"}),
        "a lift in per cent of nobody knows what": lambda: readout_world(
            primary_metric={"baseline": None, "mde": "45bps"}, decision_rule={"min_lift": "1%"}
        ),
        "no decision rule": lambda: readout_world(Truth(0.1213), decision_rule=None),
        "a non-inferiority primary": lambda: readout_world(
            Truth(0.1195), type="non_inferiority", primary_metric={"non_inferiority_margin": "3%"}
        ),
        "a non-inferiority primary that has lost": lambda: readout_world(
            Truth(0.1175), type="non_inferiority", primary_metric={"non_inferiority_margin": "3%"}
        ),
        "one-sided": lambda: readout_world(statistics={"sides": "one"}),
        "without variance reduction": lambda: readout_world(statistics={"variance_reduction": None}),
        "without the covariate": lambda: readout_world().mapped(lambda row: replace(row, covariate_sum=None)),
        "an effect that fades": lambda: faded(0.116),
        "an effect that grows": lambda: faded(0.135),
        "no weeks of first-week users": lambda: readout_world().without(lambda row: row.segment != ""),
        "a margin that cannot be ruled out": lambda: readout_world(guardrail_metrics={0: {"non_inferiority_margin": "4%"}}),
        "a margin written in points": lambda: readout_world(guardrail_metrics={0: {"non_inferiority_margin": "25bps"}}),
        "harm shown, which rolls back": lambda: harmed(0.0485, "rollback"),
        "harm shown, which holds": lambda: harmed(0.0485, "hold"),
        "harm of the margin is not excluded": lambda: harmed(0.0448, "rollback"),
        "a guardrail without a margin": lambda: readout_world(guardrail_metrics={1: {"non_inferiority_margin": None}}),
        "harm that fires a rule": lambda: readout_world(HARMFUL),
        "a rule of no harm at all, beside a control without any": lambda: readout_world(
            Truth(0.126, refund_rate=0.001), Truth(refund_rate=0.0), stop_rules={0: {"harm_exceeds": "0%"}}
        ),
        "a rule that holds": lambda: readout_world(HARMFUL, stop_rules={0: {"action": "hold"}}),
        "a rule with a prior": lambda: readout_world(HARMFUL, stop_rules={0: {"prior": {"mean": "0%", "std_dev": "1%"}}}),
        "a rule with an absolute amount": lambda: readout_world(HARMFUL, stop_rules={0: {"harm_exceeds": "20bps"}}),
        "a rule evaluated by weeks": lambda: readout_world(HARMFUL, stop_rules={0: {"evaluated": "weekly"}}),
        "a rule evaluated by hours": lambda: readout_world(HARMFUL, stop_rules={0: {"evaluated": "hourly"}}),
        "a rule that is silent": lambda: readout_world(HARMFUL, stop_rules={0: {"min_units_per_variant": 200_000}}),
        "a rule with as many units as it asks": lambda: readout_world(HARMFUL, stop_rules={0: {"min_units_per_variant": 147_000}}),
        "one slow day": lambda: slow_days(2),
        "two slow days": lambda: slow_days(2, 3),
        "one slow day, which is enough": lambda: slow_days(2).but(plan=plan_of(stop_rules={2: {"for": "1d"}})),
        "two slow days, one between": lambda: slow_days(2, 4),
        "the last two days slow": lambda: slow_days(4, 5),
        "slow by what is tolerated": lambda: slow_days(2, 3, seconds=1.9 * 1.12),
        "slow by exactly what is tolerated": lambda: tolerated(2.25),
        "slow by a little more": lambda: tolerated(2.2501),
        "slow days as soon as there are units enough": lambda: least_units_of_days(115_500),
        "slow days, the first with a unit too few": lambda: least_units_of_days(115_501),
        "quantiles alone are guarded": lambda: readout_world(guardrail_metrics={0: None, 1: None}, stop_rules=[]),
        "too few refunds to tell": lambda: readout_world(Truth(0.126, refund_rate=5e-5), Truth(refund_rate=5e-5)),
        "most refunds of the treatment are lost": lambda: losing(readout_world(), "refund_rate", kept=0.1),
        "a third of control's refunds is left": lambda: losing(readout_world(), "refund_rate", (CONTROL,), kept=0.3),
        "a third of the primary's events is left": lambda: losing(readout_world(), "add_to_cart_rate", kept=0.3),
        "most of control's primary events are lost": lambda: losing(readout_world(), "add_to_cart_rate", (CONTROL,), kept=0.1),
        "contacts of the last days are late": lambda: losing(readout_world(), "cs_contacts", (CONTROL, TREATMENT), lambda day: day >= date(2023, 2, 3), 0.2),
        "refunds of the last days are late": lambda: losing(readout_world(), "refund_rate", (CONTROL, TREATMENT), lambda day: day >= date(2023, 2, 3), 0.2),
        "pages load in no time": lambda: readout_world(Truth(0.126, p95_page_load=0.0), Truth(p95_page_load=0.0)),
        "pages of the treatment load in no time": lambda: readout_world(Truth(0.126, p95_page_load=0.0)),
        "harm and nobody to roll back": lambda: readout_world(HARMFUL, rollback={"owner": None}),
        "events of the treatment are lost": lambda: losing(readout_world(), "refund_rate"),
        "half of its events are lost": lambda: losing(readout_world(), "refund_rate", kept=0.5),
        "events of both are lost": lambda: losing(readout_world(), "refund_rate", (CONTROL, TREATMENT)),
        "events of control are lost from a day on": lambda: losing(
            readout_world(), "cs_contacts", (CONTROL,), lambda day: day >= date(2023, 1, 30)
        ),
        "a day of contacts is lost": lambda: losing(readout_world(), "cs_contacts", (TREATMENT,), lambda day: day == date(2023, 1, 30)),
        "the primary's events are lost": lambda: losing(readout_world(), "add_to_cart_rate"),
        "control far above its baseline": lambda: readout_world(Truth(0.192), Truth(0.19)),
        "control below its baseline by less than half": lambda: readout_world(Truth(0.067), Truth(0.0625)),
        "results as old as they may be": lambda: taken_before(readout_world(), hours=24),
        "results 36 hours old": lambda: judged_after(readout_world(), hours=36),
        "results older than that": lambda: judged_after(readout_world(), hours=36, minutes=1),
        "results from five minutes ahead": lambda: taken_before(readout_world(), minutes=-5),
        "results from six minutes ahead": lambda: taken_before(readout_world(), minutes=-6),
        "the first of two looks, shown": lambda: at_look(0.13, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS),
        "the first of two looks, open": lambda: at_look(0.1213, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS),
        "the first of two looks, a little worse": lambda: at_look(0.1195, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS),
        "the first of two looks, clearly worse": lambda: at_look(0.11, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS),
        "the last of two looks": lambda: at_look(0.1213, "2023-02-20T08:00:00-08:00", date(2023, 2, 19), LOOKS),
        "the look has come and its rows have not": lambda: readout_world().without(
            lambda row: row.date is not None and row.date > date(2023, 2, 3)
        ),
        "the look has come and the results are from before": lambda: taken_before(readout_world(), hours=40),
    },
    "stage": {
        "a ledger that is not the ramp": lambda: stage_world().but(
            stages=(entry(0.7, "2023-02-08T08:00:00-08:00"), entry(0.6, "2023-02-07T08:00:00-08:00"))
        ),
        "a stage that the plan does not have": lambda: stage_world().but(stages=(entry(0.6, "2023-02-07T08:00:00-08:00"),)),
        "an empty ledger": lambda: stage_world().but(stages=()),
        "no build named": lambda: stage_world().but(revision=None),
        "an hour before the dwell ends": lambda: stage_world().but(as_of=stage_world().as_of - HOUR),
        "a minute before the dwell ends": lambda: stage_world().but(as_of=stage_world().as_of - MINUTE),
        "an hour after the dwell ends": lambda: judged_after(stage_world(), hours=1),
        "a total that ends too early": lambda: stage_world().mapped(
            lambda row: replace(row, through=date(2023, 2, 7)) if row.window == "total" else row
        ),
        "no rows": lambda: stage_world().but(rows=()),
        "a rule is silent": lambda: stage_world(stop_rules={0: {"min_units_per_variant": 40_000}}),
        "a rule has just the units": lambda: stage_world(stop_rules={0: {"min_units_per_variant": 24_000}}),
        "refunds were counted on half of the units": lambda: stage_world().mapped(
            lambda row: replace(row, units=row.units // 2, sum=(row.sum or 0.0) / 2) if row.metric == "refund_rate" else row
        ),
        "harm that may be noise": lambda: stage_world(Truth(refund_rate=0.0334)),
        "harm that is none": lambda: stage_world(Truth(refund_rate=0.0352), stop_rules=[]),
        "harm that a rule withdraws": lambda: stage_world(Truth(refund_rate=0.036)),
        "pages within the limit": lambda: loading(2.09),
        "pages at the limit": lambda: loading(2.1),
        "pages beyond it, perhaps": lambda: loading(2.11),
        "pages beyond it": lambda: loading(2.3),
        "pages beyond it, which hold": lambda: loading(2.3, "hold"),
        "pages beyond it, which are watched": lambda: loading(2.3, "monitor"),
        "a rate within its limit": lambda: limited_rate(0.0329),
        "a rate beyond its limit, perhaps": lambda: limited_rate(0.0335),
        "a rate beyond its limit": lambda: limited_rate(0.036),
        "the split is off": lambda: units_times(stage_world(), 1.04),
        "entered at this instant": lambda: stage_world().but(as_of=datetime.fromisoformat("2023-02-07T08:00:00-08:00")),
        "no cohorts": lambda: lacking(stage_world(), window="cohort"),
        "on the day before the sale": lambda: in_sale(day=19, hour=20),
        "in the sale": lambda: in_sale(day=20, hour=20),
        "on its last day": lambda: in_sale(month=12, day=1, hour=20),
        "on the day after": lambda: in_sale(month=12, day=2, hour=20),
        "a faded result": lambda: judged_after(stage_world(), hours=37),
        "events of the treatment are lost": lambda: losing(stage_world(), "refund_rate"),
    },
    "monitor": {
        "a bad week": lambda: bad_weeks(WEEKS[1]),
        "two bad weeks": lambda: bad_weeks(WEEKS[1], WEEKS[2]),
        "two bad weeks apart": lambda: bad_weeks(WEEKS[0], WEEKS[2]),
        "the last two weeks bad": lambda: bad_weeks(WEEKS[2], WEEKS[3]),
        "two bad weeks and no rule": lambda: bad_weeks(WEEKS[1], WEEKS[2]).but(
            plan=plan_of(stop_rules=[]), registration=registered(plan_of(stop_rules=[]))
        ),
        "two weeks that are nearly bad": lambda: bad_weeks(WEEKS[1], WEEKS[2], contacts=0.042 + 2.3 * 0.21 * (1 / 14e3 + 1 / 126e3) ** 0.5),
        "a week is missing": lambda: lacking(monitored(), window="week", metric="cs_contacts", date=WEEKS[1], variant=TREATMENT),
        "a week shows nothing": lambda: monitored().mapped(
            lambda row: replace(row, sum=0.0, sum_squares=0.0)
            if (row.window, row.metric, row.date) == ("week", "cs_contacts", WEEKS[3])
            else row
        ),
        "the treatment is silent for 48 hours": lambda: silent_from(monitored(), date(2023, 3, 4), TREATMENT).but(
            as_of=datetime.fromisoformat("2023-03-06T00:00:00-08:00")
        ),
        "the treatment is silent for a minute more": lambda: silent_from(monitored(), date(2023, 3, 4), TREATMENT).but(
            as_of=datetime.fromisoformat("2023-03-06T00:01:00-08:00")
        ),
        "an earlier week shows nothing": lambda: empty_week(WEEKS[1]),
        "two weeks show nothing": lambda: empty_week(WEEKS[1], WEEKS[2]),
        "the treatment is silent, and control was last heard of 48 hours ago": lambda: silent_from(
            silent_from(monitored(), date(2023, 3, 3), TREATMENT), date(2023, 3, 4), CONTROL
        ).but(as_of=datetime.fromisoformat("2023-03-06T00:00:00-08:00")),
        "the treatment is silent, and control for a minute more than 48 hours": lambda: silent_from(
            silent_from(monitored(), date(2023, 3, 3), TREATMENT), date(2023, 3, 4), CONTROL
        ).but(as_of=datetime.fromisoformat("2023-03-06T00:01:00-08:00")),
        "control is silent": lambda: silent_from(monitored(), date(2023, 3, 3), CONTROL),
        "both are silent for 48 hours": lambda: silent_from(monitored(), date(2023, 3, 4), CONTROL, TREATMENT).but(
            as_of=datetime.fromisoformat("2023-03-06T00:00:00-08:00")
        ),
        "both are silent for longer": lambda: silent_from(monitored(), date(2023, 3, 3), CONTROL, TREATMENT),
        "results 72 hours old": lambda: judged_after(monitored(), hours=72),
        "results older than that": lambda: judged_after(monitored(), hours=72, minutes=1),
        "limits are judged": lambda: monitored().mapped(
            lambda row: load_row("90%", "total", None, row.variant, Truth(p95_page_load=2.2), 500_000, row.through)
            if row.window == "total" and row.stage == "90%"
            else row
        ),
    },
    "canary": {
        "before its end": lambda: canary(moment="2023-01-22T23:59:00-08:00"),
        "at its end": lambda: canary(moment="2023-01-23T00:00:00-08:00"),
        "an end that nobody names": lambda: canary(canary={**OF_CANARY, "end": None}),
        "asked on the evening before the test": lambda: canary(moment="2023-01-22T20:00:00-08:00", canary={**OF_CANARY, "end": "2023-01-21"}),
        "harm": lambda: canary(Truth(refund_rate=0.045)),
        "watched": lambda: canary(to=""),
        "asked to begin, before its start": lambda: canary(to="canary", moment="2023-01-17T23:59:00-08:00").but(rows=()),
        "asked to begin": lambda: canary(to="canary", moment="2023-01-18T00:00:00-08:00").but(rows=()),
        "no rows": lambda: canary().but(rows=()),
        "a rule that needs more units": lambda: canary(stop_rules={0: {"min_units_per_variant": 20_000}}),
        "a rule without a least number of units": lambda: canary(stop_rules={0: {"min_units_per_variant": None}}),
        "asked for the ramp": lambda: canary(to="70%"),
        "of a rollout, asked for the ramp": lambda: canary(to="70%", type="rollout", ramp={0: {"start": None}}),
        "of a rollout, too early": lambda: canary(to="70%", type="rollout"),
        "a rollout without one": lambda: canary(to="70%", type="rollout", canary=None, ramp={0: {"start": None}}).but(rows=()),
    },
    "everyone": {
        "a page that is slow": lambda: everyone(Truth(p95_page_load=2.4)),
        "events of the primary stop": lambda: losing(everyone(), "add_to_cart_rate"),
        "a day of refunds is missing": lambda: lacking(everyone(), metric="refund_rate", window="cohort", date=date(2023, 2, 8)),
        "nothing is heard for three days": lambda: judged_after(everyone(), days=3).but(taken=None),
        "no rows": lambda: everyone().but(rows=()),
    },
    "several": {
        "the other is harmful": lambda: several(HARMFUL),
        "the other one is meant": lambda: several(GOOD, "buy_later"),
        "none is named": lambda: several(named=""),
        "the level is corrected": lambda: several(Truth(), statistics={"correction": "holm"}),
        "the other is silent": lambda: lacking(several(), variant="buy_later"),
        "the other lacks a day": lambda: lacking(several(), variant="buy_later", window="cohort", date=date(2023, 1, 30)),
        "both lack a day": lambda: several().without(
            lambda row: row.variant != CONTROL and row.window == "cohort" and row.date == date(2023, 1, 30)
        ),
        "all lack another day": lambda: several().without(
            lambda row: row.window == "cohort" and row.date == (date(2023, 1, 30) if row.variant == CONTROL else date(2023, 1, 31))
        ),
        "events of the other are lost": lambda: losing(several(), "refund_rate", ("buy_later",)),
        "all events are lost": lambda: losing(several(), "refund_rate", (CONTROL, TREATMENT, "buy_later")),
        "the split of the other is off": lambda: units_times(several(), 1.03, "buy_later"),
    },
    "means": {
        "no effect": lambda: of_means(0.12),
        "a loss": lambda: of_means(0.114),
        "noisier than planned": lambda: of_means(std_dev=0.5),
        "no sum of squares": lambda: of_means().mapped(
            lambda row: replace(row, sum_squares=None) if row.metric == "add_to_cart_rate" else row
        ),
        "a margin": lambda: of_means(0.1195, non_inferiority_margin="4%").but(
            plan=plan_of(
                type="non_inferiority", statistics={"variance_reduction": None},
                primary_metric={"kind": "mean", "baseline": 0.12, "std_dev": 0.33, "mde": "4%", "target": "3%", "non_inferiority_margin": "4%"},
            )
        ),
    },
    "quantiles": {
        "no effect": lambda: of_quantiles(1.9),
        "slower": lambda: of_quantiles(2.0),
        "a little faster": lambda: of_quantiles(1.88),
        "not counted through the last day": lambda: of_quantiles(through=date(2023, 2, 4)),
        "not counted through any": lambda: of_quantiles(through=None),
        "two rows": lambda: of_quantiles().but(
            rows=(*of_quantiles().rows, replace(of_quantiles().rows[-1], through=date(2023, 2, 6)))
        ),
        "before its look": lambda: of_quantiles().but(as_of=of_quantiles().as_of - 4 * DAY),
        "with a limit before its look": lambda: of_quantiles().but(
            as_of=of_quantiles().as_of - 4 * DAY,
            plan=plan_of(primary_metric={"id": "p50_page_load", "kind": "quantile", "quantile": "50%", "direction": "decrease", "baseline": "1900ms",
                                         "influence_std_dev": "5200ms", "mde": "5%", "target": "4%", "limit": {"max": "1700ms", "min": "1000ms"}},
                         statistics={"variance_reduction": None}),
        ),
    },
}  # fmt: skip
"""Kind of call → what is so → the call."""


def blind(limit_hours: int | None, action: str) -> Decision:
    """Nobody is heard of for 80 hours, under a policy that says what follows."""
    world = silent_from(monitored(), date(2023, 3, 3), CONTROL, TREATMENT)
    after: Mapping[str, timedelta] = {} if limit_hours is None else {"90%": timedelta(hours=limit_hours)}
    params = complete_data.Params(
        max_silence=timedelta(hours=48), blind_action=action, blind_after=dict(after)
    )
    return decide(replace(world.readout(), options={"complete-data": params}))


DECISIONS: dict[str, Callable[[], Decision]] = {
    "blind, and the policy rolls back": lambda: blind(None, "rollback"),
    "blind, and the policy rolls back after just so long": lambda: blind(80, "rollback"),
    "blind, and the policy rolls back a little earlier": lambda: blind(79, "rollback"),
    "blind, and the policy holds": lambda: blind(60, "hold"),
}


def told(decision: Decision) -> dict[str, str]:
    """What a decision says: about what → the reading in full. "" is the verdict."""
    until = f", until {decision.until}" if decision.until else ""
    crashes = "".join(f"\n  crash of {each.check}: {each.message}" for each in decision.crashes)
    found = {"": f"{decision.verdict} {decision.kind}".rstrip() + until + crashes}
    for reading in decision.readings:
        subject = " ".join(filter(None, (reading.check, reading.metric, reading.variant)))
        numbered = (f"{subject} ({number})" for number in count(2))
        about = next(each for each in chain([subject], numbered) if each not in found)
        found[about] = "\n".join(lines_of(reading))
    return found


def lines_of(reading: Reading) -> Iterator[str]:
    yield f"{reading.state} {reading.kind}".rstrip() + (" (withheld)" if reading.withheld else "")
    yield f"  {reading.message}"
    for name in ("observed", "required", "next", "until"):
        if value := getattr(reading, name):
            yield f"  {name}: {value}"
    if reading.interval:
        yield f"  interval: {reading.interval[0]:.5g} to {reading.interval[1]:.5g}"
    if reading.numbers:
        yield "  " + ", ".join(f"{name} {number:.5g}" for name, number in reading.numbers.items())


def scenes() -> dict[str, Callable[[], str]]:
    """Scene → what makes its text."""
    found: dict[str, Callable[[], str]] = {}
    for kind, made_sound in SOUND.items():
        found[f"{kind}: a sound one"] = partial(_sound, made_sound)
        for what, make in SCENES[kind].items():
            found[f"{kind}: {what}"] = partial(_compared, kind, make)
    for what, decided in DECISIONS.items():
        found[f"monitor: {what}"] = partial(_apart_from_sound, "monitor", decided)
    return found


def _sound(make: Callable[[], World]) -> str:
    return "\n".join(f"{about}: {text}" for about, text in told(make().decide()).items())


def _compared(kind: str, make: Callable[[], World]) -> str:
    return _apart_from_sound(kind, lambda: make().decide())


def _apart_from_sound(kind: str, decided: Callable[[], Decision]) -> str:
    return "\n".join(apart(told(SOUND[kind]().decide()), told(decided())))


def apart(sound: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """What differs from a sound call: a reading of another state in full, of others the message, and which are gone."""
    for about, text in found.items():
        before = sound.get(about, "")
        if text.partition("\n")[0] != before.partition("\n")[0] or not about:
            yield f"{about}: {text}"
        elif text != before:
            yield f"{about}: {text.splitlines()[1].strip()}"
    gone = [about for about in sound if about not in found]
    if gone:
        yield f"says nothing: {', '.join(gone)}"


def main() -> None:
    texts = (f"=== {name}\n{write()}" for name, write in scenes().items())
    GOLDEN.write_text("\n\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
