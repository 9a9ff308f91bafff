"""What holds at a bound itself, in the functions that the checks share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from egp.gate import json
from egp.gate.activity import Activity
from egp.gate.amounts import band, p_shown, signed, unit_of
from egp.gate.boundary import _fraction
from egp.gate.clock import after, to_go
from egp.gate.looks import planned_looks
from egp.gate.move import MoveError, move_to
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.receipt import frozen_in, never_judged
from egp.gate.rows import was_refused
from egp.gate.split import _refused_days
from egp.gate.verdict import decide
from egp.plan.experiment import Metric
from egp.plan.results import About, RowRefusal
from egp.record.lock import made
from egp.rules.gate_check import Check, checks
from egp.rules.rule import Params, RulePage
from egp.stats.values import replace

from .test_peeking import day_5
from .worlds import (
    CONTROL,
    GOOD,
    TREATMENT,
    World,
    judgement_of,
    mean_row,
    messages,
    of,
    plan_of,
    readout_world,
    registered,
    stage_world,
)

PRIMARY, GUARDRAIL = "add_to_cart_rate", "refund_rate"


def told_by(check_id: str, metric: str, withheld: bool, world: World) -> Reading:
    """What is left of a reading in which a check shows everything."""

    def read(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
        yield Reading(
            "fail", "m", observed="+3 pp", interval=(0.0, 1.0), numbers={"estimate": 0.03}, metric=metric,
            withheld=withheld,
        )  # fmt: skip

    (reading,) = decide(world.readout(), among=[Check(check_id, read, Params, RulePage(""))]).readings
    return reading


class TestWhatIsShownBeforeTheLook:
    """Nothing of the primary; of a stop rule that watches it, that it fired, and only where the rule itself keeps back."""

    @pytest.mark.parametrize(
        ("check_id", "metric", "withheld", "observed"),
        [
            ("stop-rule", PRIMARY, True, "+3 pp"),
            ("stop-rule", PRIMARY, False, ""),
            ("limit", PRIMARY, True, ""),
            ("limit", PRIMARY, False, ""),
            ("limit", GUARDRAIL, False, "+3 pp"),
            ("stop-rule", GUARDRAIL, False, "+3 pp"),
        ],
    )
    def test_before_it(self, check_id: str, metric: str, withheld: bool, observed: str) -> None:
        reading = told_by(check_id, metric, withheld, day_5(GOOD))
        assert reading.observed == observed
        is_primary = metric == PRIMARY
        assert (reading.interval is None, not reading.numbers) == (is_primary, is_primary)

    def test_at_it(self) -> None:
        reading = told_by("limit", PRIMARY, False, readout_world())
        assert (reading.observed, reading.interval, reading.numbers) == (
            "+3 pp",
            (0.0, 1.0),
            {"estimate": 0.03},
        )


class TestRefusedRows:
    """A row that was refused is no row that is missing, where it is known to be about the same."""

    FRIDAY = date(2023, 1, 27)
    REFUSED = About("test", "cohort", FRIDAY, TREATMENT, GUARDRAIL)

    def readout(self, about: About, world: World | None = None) -> Readout:
        problem = RowRefusal("r.csv", 1, 1, "units", "-4 is no number", "count again", about=(about,))
        return (world or readout_world()).but(more={"problems": (problem,)}).readout()

    def refused(self, about: About) -> bool:
        readout = self.readout(about)
        metric = next(each for _, each in readout.plan.guardrails if each.id == GUARDRAIL)
        return was_refused(readout, "cohort", metric, TREATMENT, self.FRIDAY)

    @pytest.mark.parametrize("unread", ["", "stage", "window", "variant", "metric"])
    def test_what_cannot_be_read_may_be_it(self, unread: str) -> None:
        changed: dict[str, Any] = {unread: ""} if unread else {}
        assert self.refused(replace(self.REFUSED, **changed))

    @pytest.mark.parametrize(
        "other",
        [{"stage": "70%"}, {"window": "day"}, {"window": "week"}, {"variant": CONTROL}, {"metric": "cs_contacts"},
         {"date": date(2023, 1, 28)}, {"date": None}],
    )  # fmt: skip
    def test_another_is_not(self, other: dict[str, Any]) -> None:
        assert not self.refused(replace(self.REFUSED, **other))

    @pytest.mark.parametrize(
        ("about", "is_unknown"),
        [
            ({}, True),
            ({"window": "cohort"}, False),
            ({"metric": GUARDRAIL}, False),
            ({"stage": ""}, False),
            ({"variant": "another"}, False),
            ({"variant": ""}, True),
        ],
    )
    def test_a_refused_week_is_unknown_to_the_rule_that_counts_weeks(
        self, about: dict[str, Any], is_unknown: bool
    ) -> None:
        monday = date(2023, 1, 30)
        world = readout_world().without(
            lambda row: (
                (row.window, row.metric, row.variant, row.date) == ("week", "cs_contacts", TREATMENT, monday)
            )
        )
        week = replace(About("test", "week", monday, TREATMENT, "cs_contacts"), **about)
        said = messages(decide(self.readout(week, world)).readings)
        assert ("could not be computed: r.csv:1, row 1" in said) == is_unknown


class TestAmounts:
    METRIC = next(metric for _, metric in plan_of().guardrails if metric.id == GUARDRAIL)

    @pytest.mark.parametrize(("kind", "unit"), [("proportion", "share"), ("mean", ""), ("ratio", "")])
    def test_without_a_baseline_a_proportion_is_a_share(self, kind: str, unit: str) -> None:
        metric = made(Metric, kind=kind)
        assert unit_of(metric) == unit

    def test_with_one_it_is_the_baselines(self) -> None:
        assert unit_of(self.METRIC) == "share"

    @pytest.mark.parametrize(
        ("value", "written"),
        [(0.0001, "+0.01 pp"), (0.000099, "+0.0099 pp"), (0.0, "+0 pp"), (-0.006, "-0.60 pp")],
    )
    def test_a_basis_point_is_the_finest_step_of_two_digits(self, value: float, written: str) -> None:
        assert signed(value, "share") == written

    @pytest.mark.parametrize(
        ("p_value", "written"), [(0.00099, "p < 0.001"), (0.001, "p = 0.001"), (0.0015, "p = 0.0015")]
    )
    def test_a_p_value_has_three_places_before_it_is_small(self, p_value: float, written: str) -> None:
        assert p_shown(p_value) == written

    @pytest.mark.parametrize(
        ("unit", "written"), [("abs", "+0.0131"), ("", "+0.0131"), ("USD", "+0.0131 USD"), ("s", "+13.1 ms")]
    )
    def test_a_number_without_a_unit_has_none(self, unit: str, written: str) -> None:
        assert signed(0.0131, unit) == written

    def test_a_band_has_its_unit_once(self) -> None:
        assert band((-0.001, 0.002), "s") == "-1 to +2 ms"


class TestSurprise:
    SOME = Activity(1_000, 30.0, 30.0)

    def test_none_where_nothing_was_due(self) -> None:
        for rate, size in ((0.0, 1.0), (0.03, 0.0), (-1.0, 1.0), (0.03, -1.0)):
            assert self.SOME.short_of_rate(rate, size) == 0.0
        assert self.SOME._replace(total=-1.0).short_of_rate(0.03, 1.0) == 0.0

    def test_events_that_do_not_come_surprise_by_as_many_as_were_due(self) -> None:
        """No event where 30 are due has the chance e^-30."""
        none = Activity(1_000, 0.0, 0.0)
        assert none.short_of_rate(0.03, 1.0) == pytest.approx(30.0)
        assert none.short_of_rate(0.9, 1.0) == pytest.approx(900.0)
        assert none.short_of(self.SOME, 1.0) == pytest.approx(30 * math.log(2))

    def test_none_beside_another_that_has_none(self) -> None:
        assert self.SOME.short_of(Activity(1_000, 0.0, 0.0), 1.0) == 0.0
        assert self.SOME._replace(units=0.0).short_of(self.SOME, 1.0) == 0.0
        assert self.SOME._replace(total=-0.5).short_of(self.SOME, 1.0) == 0.0


class TestClock:
    @pytest.mark.parametrize(
        ("duration", "written"),
        [
            ({"minutes": 59, "seconds": 1}, "60 min"),
            ({"hours": 1}, "1 h"),
            ({"hours": 1, "seconds": 1}, "2 h"),
            ({"hours": 72}, "72 h"),
            ({"hours": 72, "seconds": 1}, "4 days"),
        ],
    )
    def test_what_is_left_is_rounded_up(self, duration: dict[str, float], written: str) -> None:
        assert to_go(timedelta(**duration)) == written

    def test_no_instant_lies_beyond_the_calendar(self) -> None:
        now = datetime(2023, 1, 23, tzinfo=UTC)
        assert after(now, timedelta(days=4_000_000)).year == 9999
        assert after(now, timedelta(days=-4_000_000)).year == 1


class TestReceipts:
    READOUT = {"experiment": "x", "look": "2023-02-06T00:00:00-08:00", "rows": {"m": "sha256:1"}}  # noqa: RUF012

    def test_a_readout_that_says_all_is_kept(self) -> None:
        (kept,) = frozen_in({"readouts": [self.READOUT]})
        assert (kept.experiment, dict(kept.rows)) == ("x", {"m": "sha256:1"})

    @pytest.mark.parametrize(
        "changed",
        [
            {"experiment": 7},
            {"experiment": None},
            {"look": None},
            {"look": "2023-02-06"},
            {"look": "2023-02-06T00:00:00"},
        ],
    )
    def test_one_that_does_not_say_of_what_or_when_is_not(self, changed: dict[str, object]) -> None:
        assert frozen_in({"readouts": [{**self.READOUT, **changed}]}) == ()

    @pytest.mark.parametrize(
        ("receipt", "why"),
        [
            ({"verdict": "could_not_judge", "errors": [{"message": "a"}, {"message": "b"}]}, "a and b"),
            ({"verdict": "could_not_judge", "errors": "a"}, "it does not say why"),
            ({"verdict": "could_not_judge", "errors": [], "checks": [{}]}, ""),
            ({"verdict": "hold", "errors": [{"message": "a"}]}, ""),
        ],
    )
    def test_a_call_that_could_not_be_judged_says_why(self, receipt: dict[str, object], why: str) -> None:
        assert never_judged(receipt) == why


def test_the_split_is_tested_at_the_level_of_the_plan() -> None:
    """With 0.5 % more units in one variant p is 0.5 %: a mismatch at 1 %, none at 0.1 %, which holds without a word."""

    def state(level: str | None) -> str:
        world = readout_world(statistics={"srm_alpha": level})
        more = world.mapped(
            lambda row: replace(row, units=round(row.units * 1.0104)) if row.variant == CONTROL else row
        )
        return of(more.decide(), "sample-ratio").state

    assert [state("1%"), state("0.1%"), state(None)] == ["fail", "pass", "pass"]


def test_a_test_that_has_no_end_yet_is_where_the_treatment_is() -> None:
    plan = plan_of(canary={"treated": "5%", "start": "2023-01-18", "end": "2023-01-22", "none": None})
    for day, stage in (("2023-01-22T23:59:00-08:00", "canary"), ("2023-01-23T00:00:00-08:00", "test")):
        world = World(plan, (), datetime.fromisoformat(day), to="70%", registration=registered(plan))
        assert world.readout().stage.name == stage


def test_a_call_for_the_test_is_judged_by_the_canary() -> None:
    plan = plan_of(canary={"treated": "5%", "start": "2023-01-18", "end": "2023-01-22", "none": None})
    world = World(
        plan,
        (),
        datetime.fromisoformat("2023-01-25T08:00:00-08:00"),
        to="test",
        registration=registered(plan),
    )
    assert world.readout().stage.name == "canary"


def test_what_was_refused_of_a_treatment_says_that_it_is_in_the_stage() -> None:
    variants = [
        {"id": CONTROL, "weight": "40%", "control": True},
        {"id": TREATMENT, "weight": "30%"},
        {"id": "later", "weight": "30%"},
    ]
    world = stage_world(variants=variants)
    about = About("70%", "cohort", date(2023, 2, 7), "later", GUARDRAIL)

    def treatments(stage: str) -> tuple[str, ...]:
        problem = RowRefusal(
            "r.csv", 1, 1, "units", "no", "count again", about=(replace(about, stage=stage),)
        )
        return world.but(more={"problems": (problem,)}).readout().treatments

    assert treatments("70%") == (TREATMENT, "later")
    assert treatments("90%") == (TREATMENT,)


def test_looks_are_in_order() -> None:
    assert [look.date() for look in planned_looks(readout_world().readout())] == [date(2023, 2, 6)]


@pytest.mark.parametrize(
    ("asked", "changes", "kind"),
    [
        ("test", {}, "test"),
        ("canary", {"canary": {"treated": "5%", "none": None}}, "canary"),
        ("70%", {}, "stage"),
        ("70.0 %", {}, "stage"),
        ("test", {"type": "rollout"}, "the plan has no test"),
        ("canary", {}, "the plan has no canary"),
        ("71%", {}, "the plan has no stage that treats 71%"),
        ("half", {}, "--to half is no stage"),
    ],
)
def test_a_move_is_to_what_the_plan_has(asked: str, changes: dict[str, Any], kind: str) -> None:
    assert where(asked, changes).startswith(kind)


def where(asked: str, changes: dict[str, Any]) -> str:
    try:
        return move_to(plan_of(**changes), asked).kind
    except MoveError as error:
        return str(error)


def test_a_complete_readout_is_remembered_and_no_other() -> None:
    complete, early = judgement_of(readout_world()), judgement_of(day_5(GOOD))
    assert '"rows": {' in json.render(complete)
    assert '"readouts": []' in json.render(early)
    assert '"readouts": []' not in json.render(complete)


def test_a_metric_of_totals_that_all_reach_the_last_day_lacks_none() -> None:
    """Without cohorts, a total counted through the last day of the run stands for all of its days."""

    def in_totals(through: date) -> World:
        world = readout_world(guardrail_metrics={1: {"non_inferiority_margin": "7%"}})
        rows = [row for row in world.rows if (row.metric, row.window) != ("cs_contacts", "cohort")]
        for name in (CONTROL, TREATMENT):
            head = {
                "stage": "test",
                "window": "total",
                "date": None,
                "variant": name,
                "segment": "",
                "through": through,
            }
            rows.append(mean_row({**head, "metric": "cs_contacts"}, 0.042, 147_000))
        return world.but(rows=tuple(rows))

    assert in_totals(date(2023, 2, 5)).decide().verdict == "proceed"
    said = messages(in_totals(date(2023, 2, 4)).decide().readings)
    assert "the total row of cs_contacts for control ends on 2023-02-04, not on 2023-02-05" in said


class TestDaysWithoutASplit:
    """A day of which a cohort was refused says nothing of how units were split; whatever cannot be read may be it."""

    DAY = date(2023, 1, 27)

    def refused(self, **about: Any) -> frozenset[date]:
        lost = About(
            **{
                "stage": "test",
                "window": "cohort",
                "date": self.DAY,
                "variant": TREATMENT,
                "metric": GUARDRAIL,
                **about,
            }
        )
        problem = RowRefusal("r.csv", 3, 2, "sum", "it is no number", "", (lost,))
        readout = readout_world().but(more={"problems": (problem,)}).readout()
        metric = next(each for _, each in readout.plan.guardrails if each.id == GUARDRAIL)
        return _refused_days(readout, metric)

    @pytest.mark.parametrize("unread", ["stage", "window", "variant", "metric"])
    def test_what_cannot_be_read_may_be_it(self, unread: str) -> None:
        assert self.refused() == self.refused(**{unread: ""}) == {self.DAY}

    @pytest.mark.parametrize(
        "other",
        [{"stage": "70%"}, {"window": "day"}, {"window": "total"}, {"metric": "cs_contacts"}, {"date": None}],
    )
    def test_another_is_not(self, other: dict[str, Any]) -> None:
        assert self.refused(**other) == set()


@pytest.mark.parametrize(
    ("position", "share", "spent_by"),
    [(0, 0.5, 0.5), (0, 1.2, 0.998), (1, 0.7, 0.7), (1, 1.2, 0.999), (2, 0.7, 1.0), (2, 1.2, 1.0)],
)
def test_the_last_look_spends_what_is_left_and_those_before_it_leave_something(
    position: int, share: float, spent_by: float
) -> None:
    statistics = {
        "method": "group_sequential",
        "spending": "obrien_fleming",
        "looks": ["2023-01-28", "2023-02-02", "2023-02-06"],
    }
    assert _fraction(readout_world(statistics=statistics).readout(), position, share) == pytest.approx(
        spent_by
    )


def test_a_stage_that_does_not_say_what_it_treats_is_passed_over() -> None:
    plan = plan_of(ramp=[{"min_dwell": "48h"}, {"treated": "70%", "min_dwell": "48h"}])
    assert move_to(plan, "70%").position == 1


def test_every_check_has_a_page() -> None:
    assert [each.id for each in checks() if not each.page.summary or not each.page.why] == []
