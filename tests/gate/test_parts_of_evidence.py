"""Which rows a look is read from, and what they must show, where one row more or a day less makes the difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from egp.gate.activity import Activity
from egp.gate.boundary import look_at
from egp.gate.call import Call, CannotJudge
from egp.gate.checks.complete_data import SignsOfLife, _is_needed, _listed
from egp.gate.estimates import Lacking
from egp.gate.judgement import _variant, _when
from egp.gate.looks import (
    gaps,
    immature_days,
    last_judged_day,
    maturity,
    open_look,
    open_look_instant,
    reads_the_test,
)
from egp.gate.lost_control import HALF, _fell_short, lost_by_control
from egp.gate.readout import Readout
from egp.gate.rows import cumulative_rows, ends_with, first_week_rows, metrics_in_totals, rows_of
from egp.plan.analysis.registered_test import primary_test_of
from egp.plan.experiment import Metric
from egp.plan.finding import NotChecked
from egp.plan.results import About, Row, RowRefusal
from egp.stats.values import replace
from egp.yaml import Path

from .worlds import CONTROL, DAY, TREATMENT, World, days, entry, plan_of, rate_row, readout_world, stage_world

FIRST, LAST = date(2023, 1, 23), date(2023, 2, 5)
PRIMARY, REFUNDS, LOAD = "add_to_cart_rate", "refund_rate", "p95_page_load"


def metric_of(readout: Readout, name: str) -> Metric:
    return next(metric for _, metric in readout.plan.metrics if metric.id == name)


def total(variant: str, through: date | None, metric: str = REFUNDS, stage: str = "test") -> Row:
    head = {
        "stage": stage,
        "window": "total",
        "date": None,
        "variant": variant,
        "segment": "",
        "metric": metric,
        "through": through,
    }
    return rate_row(head, 0.031, 100_000, with_covariate=False)


def in_totals(through: date | None, metric: str = REFUNDS) -> World:
    """The metric of the test as one row a variant."""
    world = readout_world().without(lambda row: (row.metric, row.window) == (metric, "cohort"))
    return world.but(rows=(*world.rows, *(total(name, through, metric) for name in (CONTROL, TREATMENT))))


class TestTotals:
    @pytest.mark.parametrize(
        ("through", "until", "is_all"),
        [
            (None, LAST, False),
            (LAST - DAY, LAST, False),
            (LAST, LAST, True),
            (LAST + DAY, LAST, True),
            (LAST - DAY, LAST - DAY, True),
            (LAST, LAST - DAY, False),
        ],
    )
    def test_a_total_is_of_units_exposed_by_its_day_or_by_the_end_of_the_run(
        self, through: date | None, until: date, is_all: bool
    ) -> None:
        readout = in_totals(through).readout()
        row = total(CONTROL, through)
        assert ends_with(readout, row, until) is is_all
        kept = cumulative_rows(readout, metric_of(readout, REFUNDS), CONTROL, until)
        assert (kept == [row]) is is_all

    def test_without_a_day_every_total_is_one(self) -> None:
        readout = in_totals(None).readout()
        assert len(cumulative_rows(readout, metric_of(readout, REFUNDS), CONTROL)) == 1

    def test_while_units_enter_a_later_total_holds_more_of_them(self) -> None:
        world = stage_world()
        row = total(CONTROL, date(2023, 2, 9), stage="70%")
        assert not ends_with(world.readout(), row, date(2023, 2, 8))
        assert ends_with(world.readout(), replace(row, through=date(2023, 2, 8)), date(2023, 2, 8))

    def test_cohorts_are_those_up_to_the_day(self) -> None:
        readout = readout_world().readout()
        metric = metric_of(readout, REFUNDS)
        assert [row.date for row in cumulative_rows(readout, metric, CONTROL, FIRST + DAY)] == [
            FIRST,
            FIRST + DAY,
        ]
        assert len(cumulative_rows(readout, metric, CONTROL)) == 14

    def test_a_metric_is_in_totals_where_the_stage_has_no_cohort_of_it(self) -> None:
        assert metrics_in_totals(readout_world().readout()) == {LOAD}
        assert metrics_in_totals(in_totals(LAST).readout()) == {LOAD, REFUNDS}
        both = in_totals(LAST)
        cohort = replace(total(CONTROL, LAST), window="cohort", date=FIRST)
        assert metrics_in_totals(both.but(rows=(*both.rows, cohort)).readout()) == {LOAD}
        elsewhere = replace(cohort, stage="70%")
        assert metrics_in_totals(both.but(rows=(*both.rows, elsewhere)).readout()) == {LOAD, REFUNDS}

    def test_rows_are_of_the_stage_the_variant_and_the_segment_that_are_named(self) -> None:
        readout = readout_world().readout()
        metric = metric_of(readout, PRIMARY)
        assert len(rows_of(readout, metric, "cohort")) == 28
        assert len(rows_of(readout, metric, "cohort", CONTROL)) == 14
        assert rows_of(readout, metric, "cohort", CONTROL, "70%") == []
        assert rows_of(readout, metric, "week", CONTROL) == []
        assert len(rows_of(readout, metric, "week", CONTROL, "", "first_week")) == 2
        assert len(first_week_rows(readout, metric, CONTROL)) == 2


def with_canary(**changes: Any) -> World:
    """The morning after a canary of 5 %, before the test."""
    canary = {"treated": "5%", "start": "2023-01-18", "end": "2023-01-20", "none": None}
    world = readout_world(canary=canary, **changes)
    return world.but(as_of=datetime.fromisoformat("2023-01-21T08:00:00-08:00"), to="test", rows=())


class TestWhatIsNeeded:
    """Guardrails in every stage, primaries in the test; others once control has rows of them, or a stop rule watches them."""

    @pytest.mark.parametrize(
        ("path", "in_test", "in_stage"),
        [
            (("primary_metric",), True, False),
            (("guardrail_metrics", 0), True, True),
            (("secondary_metrics", 0), False, False),
        ],
    )
    def test_of_which_there_is_no_row(self, path: Path, in_test: bool, in_stage: bool) -> None:
        for world, is_needed in ((readout_world(), in_test), (stage_world(), in_stage)):
            readout = replace(world.without(lambda _: True).readout(), plan=plan_of(stop_rules=[]))
            assert _is_needed(readout, path, metric_of(readout, REFUNDS)) is is_needed

    @pytest.mark.parametrize("path", [("primary_metric",), ("secondary_metrics", 0)])
    def test_of_which_control_has_rows_or_that_a_stop_rule_watches(self, path: Path) -> None:
        world = stage_world(stop_rules=[])
        readout = world.readout()
        assert _is_needed(readout, path, metric_of(readout, REFUNDS))
        no_control = world.without(lambda row: row.variant == CONTROL).readout()
        assert not _is_needed(no_control, path, metric_of(no_control, REFUNDS))
        watched = stage_world().without(lambda _: True).readout()
        rule = next(each for each in watched.plan.stop_rules if each.probability)
        name = rule.metric or ""
        assert _is_needed(watched, path, metric_of(watched, name))


class TestLooks:
    def test_the_primary_is_read_in_the_test_and_by_what_decides_on_the_launch(self) -> None:
        assert reads_the_test(readout_world().readout())
        assert not reads_the_test(stage_world().readout())
        assert reads_the_test(stage_world().but(to="70%").readout())
        assert not reads_the_test(readout_world(type="rollout").readout())

    def test_a_canary_comes_before_every_look(self) -> None:
        readout = with_canary().readout()
        assert (readout.stage.name, open_look(readout)) == ("canary", None)
        assert reads_the_test(readout)
        assert last_judged_day(readout, metric_of(readout, PRIMARY)) == LAST

    @pytest.mark.parametrize(
        ("lacking", "is_open"),
        [((), True), ((FIRST,), False), ((LAST,), False), ((FIRST - DAY,), True), ((LAST + DAY,), True)],
    )
    def test_a_look_opens_with_the_rows_of_every_day_that_it_judges(
        self, lacking: tuple[date, ...], is_open: bool
    ) -> None:
        world = readout_world().without(lambda row: row.metric == PRIMARY and row.date in lacking)
        readout = world.readout()
        assert (open_look(readout) == 0) is is_open
        if is_open:
            assert open_look_instant(readout).date() == LAST + DAY
        else:
            assert [(gap.variant, gap.days, gap.is_filled_in) for gap in gaps(readout, 0)] == [
                (CONTROL, list(lacking), False), (TREATMENT, list(lacking), False),
            ]  # fmt: skip
            with pytest.raises(NotChecked):
                open_look_instant(readout)

    @pytest.mark.parametrize(
        ("through", "lacks"), [(LAST, 0), (LAST + DAY, 0), (LAST - DAY, 1), (LAST - 2 * DAY, 2), (None, 14)]
    )
    def test_a_total_covers_the_days_up_to_its_last(self, through: date | None, lacks: int) -> None:
        found = [len(gap.days) for gap in gaps(in_totals(through, PRIMARY).readout(), 0)]
        assert found == ([lacks, lacks] if lacks else [])

    @pytest.mark.parametrize(("quiet", "is_filled_in"), [(0, False), (2, False), (3, True), (5, True)])
    def test_a_weekend_without_units_is_no_gap_and_longer_is_an_export_that_fills_in(
        self, quiet: int, is_filled_in: bool
    ) -> None:
        silent = days(LAST - (quiet - 1) * DAY, LAST) if quiet else []

        def emptied(row: Row) -> Row:
            return (
                replace(
                    row,
                    units=0,
                    sum=0.0,
                    covariate_sum=0.0,
                    covariate_sum_squares=0.0,
                    covariate_cross_sum=0.0,
                )
                if row.date in silent and row.metric == PRIMARY
                else row
            )

        world = readout_world().mapped(emptied).without(lambda row: row.window == "day")
        found = list(gaps(world.readout(), 0))
        assert [gap.is_filled_in for gap in found] == ([True, True] if is_filled_in else [])
        assert all(gap.days == silent for gap in found)
        assert (open_look(world.readout()) is None) is is_filled_in

    def test_units_that_come_back_on_a_day_are_a_life_sign(self) -> None:
        silent = days(LAST - 4 * DAY, LAST)
        world = readout_world().mapped(
            lambda row: replace(row, units=0, sum=0.0, covariate_sum=0.0, covariate_sum_squares=0.0, covariate_cross_sum=0.0)
            if row.date in silent and (row.metric, row.window) == (PRIMARY, "cohort")
            else row
        )  # fmt: skip
        assert list(gaps(world.readout(), 0)) == []
        elsewhere = world.mapped(lambda row: replace(row, stage="70%") if row.window == "day" else row)
        assert len(list(gaps(elsewhere.readout(), 0))) == 2

    def test_a_matured_cohort_is_judged_by_the_units_whose_window_is_over(self) -> None:
        readout = readout_world().readout()
        refunds, primary = metric_of(readout, REFUNDS), metric_of(readout, PRIMARY)
        assert last_judged_day(readout, refunds) == LAST - 7 * DAY
        assert last_judged_day(readout, primary) == LAST
        assert maturity(readout, refunds).date() == LAST + DAY
        assert immature_days(readout, refunds) == []

    @pytest.mark.parametrize(
        ("through", "immature"), [(date(2023, 2, 4), 1), (date(2023, 2, 5), 0), (date(2023, 1, 29), 7)]
    )
    def test_outcomes_are_immature_until_they_are_counted_to_the_end_of_their_window(
        self, through: date, immature: int
    ) -> None:
        world = readout_world().mapped(lambda row: replace(row, through=through) if row.through else row)
        readout = world.readout()
        assert len(immature_days(readout, metric_of(readout, REFUNDS))) == immature


SEQUENTIAL = {
    "method": "group_sequential", "spending": "obrien_fleming", "alpha": "5%", "looks": ["2023-01-28", "2023-02-02", "2023-02-06"],
}  # fmt: skip


class TestBoundaries:
    def look(self, world: World, position: int) -> Any:
        readout = world.readout()
        path, metric = next(iter(readout.plan.primaries))
        return look_at(readout, primary_test_of(readout.plan, metric, path), TREATMENT, position)

    def test_a_look_at_which_no_unit_is_judged_says_so(self) -> None:
        world = readout_world(statistics=SEQUENTIAL)
        early = world.without(
            lambda row: row.metric == PRIMARY and row.date is not None and row.date < date(2023, 1, 28)
        )
        with pytest.raises(Lacking, match="no unit of add_to_cart_rate is judged at this look"):
            self.look(early, 0)
        assert self.look(early, 1).position == 1
        only_one = world.without(
            lambda row: (
                row.metric == PRIMARY
                and row.variant == CONTROL
                and row.date is not None
                and row.date < date(2023, 1, 28)
            )
        )
        with pytest.raises(Lacking):
            self.look(only_one, 0)

    def test_each_look_leaves_more_to_the_next_and_the_last_is_known_as_such(self) -> None:
        looks = [self.look(readout_world(statistics=SEQUENTIAL), at) for at in range(3)]
        tails = [each.tail for each in looks]
        assert tails == sorted(tails)
        assert [each.is_last for each in looks] == [False, False, True]
        assert [each.lacks for each in looks] == ["wait", "wait", "inconclusive"]
        assert tails[2] < 0.025

    def test_a_look_that_judges_no_more_than_the_one_before_spends_nothing_again(self) -> None:
        """Without the days between, the second look has what the first had, and stands in its place."""
        world = readout_world(statistics=SEQUENTIAL)
        between = days(date(2023, 1, 28), date(2023, 2, 1))
        frozen = world.without(lambda row: row.metric == PRIMARY and row.date in between)
        assert self.look(frozen, 1).tail == pytest.approx(self.look(world, 0).tail, rel=1e-9)
        assert self.look(frozen, 2).tail > self.look(world, 2).tail


class TestLostControl:
    @pytest.mark.parametrize(
        ("control", "treatment", "baseline", "fell"),
        [
            (0.010, 0.031, 0.031, True),
            (0.010, 0.031, 0.0, False),  # of a metric without a baseline nobody knows
            (0.020, 0.031, 0.031, False),  # two thirds are no loss
            (0.010, 0.031 * 1.26, 0.031, False),  # harm
            (0.010, 0.031 * 1.24, 0.031, True),
            (0.010, 0.015, 0.031, False),  # a bad season
        ],
    )
    def test_control_that_fell_short_beside_a_treatment_that_kept_to_the_baseline(
        self, control: float, treatment: float, baseline: float, fell: bool
    ) -> None:
        def of(rate: float) -> Activity:
            return Activity(100_000, rate * 100_000, rate * 100_000)

        assert 0.010 / 0.031 < HALF < 0.020 / 0.031
        assert _fell_short(of(control), of(treatment), baseline) is fell

    def lost(self, metric: dict[str, Any], keep: Callable[[date], float], variant: str = TREATMENT) -> str:
        """What is said of refunds of which control keeps a share of a day's events."""
        world = readout_world(guardrail_metrics={0: metric})

        def losing(row: Row) -> Row:
            if row.metric != REFUNDS or row.variant != CONTROL or row.date is None:
                return row
            return replace(row, sum=(row.sum or 0) * keep(row.date))

        readout = world.mapped(losing).readout()
        return lost_by_control(readout, metric_of(readout, REFUNDS), variant)

    def test_a_metric_that_is_to_rise_looks_no_worse_beside_a_lost_control(self) -> None:
        assert "of its baseline" in self.lost({}, lambda _: 0.1)
        assert self.lost({"direction": "increase"}, lambda _: 0.1) == ""

    def test_a_metric_without_a_baseline_is_judged_by_its_days_alone(self) -> None:
        assert self.lost({"baseline": None}, lambda _: 0.1) == ""
        since = date(2023, 1, 24)
        assert "stopped arriving from 2023-01-24 on" in self.lost(
            {"baseline": None}, lambda day: 0.1 if day >= since else 1.0
        )
        assert "stopped arriving until 2023-01-23" in self.lost(
            {"baseline": None}, lambda day: 1.0 if day >= since else 0.1
        )
        assert "stopped arriving until 2023-01-24" in self.lost(
            {"baseline": None}, lambda day: 0.1 if day == since else 1.0
        )

    def test_a_control_that_is_as_it_was_lost_nothing(self) -> None:
        assert self.lost({}, lambda _: 1.0) == ""
        assert self.lost({}, lambda _: 0.1, CONTROL) == ""

    def test_where_everybody_is_treated_there_is_no_control(self) -> None:
        world = stage_world().but(stages=(entry(1.0, "2023-02-07T08:00:00-08:00"),))
        readout = world.mapped(
            lambda row: replace(row, stage="100%", sum=0.0 if row.variant == CONTROL else row.sum)
        ).readout()
        assert not readout.stage.has_control
        assert lost_by_control(readout, metric_of(readout, REFUNDS), TREATMENT) == ""


class TestTheCall:
    def test_what_is_requested_is_a_stage_or_watching(self) -> None:
        assert (Call("p", "r").asked, Call("p", "r").is_monitor) == ("monitor", True)
        assert (Call("p", "r", "70%").asked, Call("p", "r", "70%").is_monitor) == ("70%", False)

    @pytest.mark.parametrize(("to", "variant", "said"), [("", "", ""), ("70%", "a", "a"), ("", "b", "b")])
    def test_one_of_several_treatments_is_named_for_a_raise(self, to: str, variant: str, said: str) -> None:
        assert _variant(Call("p", "r", to, variant=variant), self.of_three()) == said

    @pytest.mark.parametrize(
        ("to", "variant", "why"),
        [
            ("70%", "", "has 2 treatments"),
            ("", "control", "is no treatment"),
            ("70%", "c", "is no treatment"),
        ],
    )
    def test_and_no_other(self, to: str, variant: str, why: str) -> None:
        with pytest.raises(CannotJudge, match=why):
            _variant(Call("p", "r", to, variant=variant), self.of_three())

    def test_an_only_treatment_need_not_be_named(self) -> None:
        assert _variant(Call("p", "r", "70%"), plan_of()) == ""

    def of_three(self) -> Any:
        thirds = [
            {"id": "control", "weight": "40%", "control": True},
            {"id": "a", "weight": "30%"},
            {"id": "b", "weight": "30%"},
        ]
        return plan_of(variants=thirds)

    @pytest.mark.parametrize(
        ("as_of", "now", "judged", "as_if"),
        [
            (None, "2023-02-07T16:00", "2023-02-07T16:00", False),
            ("2023-02-07T16:00", "2023-02-07T16:05", "2023-02-07T16:00", False),
            ("2023-02-07T16:00", "2023-02-07T16:06", "2023-02-07T16:00", True),
            ("2023-02-07T16:06", "2023-02-07T16:00", "2023-02-07T16:06", True),
            ("2023-02-07T16:00", None, "2023-02-07T16:00", True),
            (date(2023, 2, 7), "2023-02-07T15:00", "2023-02-07T15:00", False),
            (date(2023, 2, 8), "2023-02-07T15:00", "2023-02-08T00:00", True),
        ],
    )  # fmt: skip
    def test_the_instant_that_is_judged_is_that_of_the_call_within_the_skew_of_clocks(
        self, as_of: str | date | None, now: str | None, judged: str, as_if: bool
    ) -> None:
        """A day is its first instant, and that of the results, here 15:00, where they were taken on it."""

        def at(moment: str | None) -> datetime | None:
            return datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None

        stated = as_of if isinstance(as_of, date) else at(as_of)
        call = Call("p", "r", as_of=stated, now=at(now))
        assert _when(call, UTC, datetime(2023, 2, 7, 15, tzinfo=UTC)) == (at(judged), as_if)


class TestSignsOfLife:
    BEGIN = date(2023, 2, 7)

    def life(self, world: World, *lost: About) -> SignsOfLife:
        problem = RowRefusal("r.csv", 3, 2, "sum", "it is no number", "", lost)
        found = SignsOfLife.of((world.but(more={"problems": (problem,)}) if lost else world).readout())
        assert found is not None
        return found

    def test_a_variant_is_heard_of_to_the_end_of_its_last_day_with_units_and_not_beyond_now(self) -> None:
        world = stage_world()
        assert self.life(world).heard(TREATMENT).isoformat() == "2023-02-09T00:00:00-08:00"
        quiet = world.mapped(
            lambda row: (
                replace(row, units=0) if row.date == date(2023, 2, 8) and row.variant == TREATMENT else row
            )
        )
        quiet = quiet.without(lambda row: row.window == "total")
        assert self.life(quiet).heard(TREATMENT).isoformat() == "2023-02-08T00:00:00-08:00"
        assert self.life(quiet).heard(CONTROL).isoformat() == "2023-02-09T00:00:00-08:00"
        nothing = world.without(lambda row: row.variant == TREATMENT)
        assert self.life(nothing).heard(TREATMENT).isoformat() == "2023-02-07T08:00:00-08:00"

    @pytest.mark.parametrize(
        ("about", "heard"),
        [
            (About("70%", "cohort", date(2023, 2, 7), TREATMENT), "2023-02-08T00:00"),
            (About("70%", "week", date(2023, 2, 7), TREATMENT), "2023-02-09T08:00"),
            (About("70%", "", date(2023, 2, 7), TREATMENT), "2023-02-09T08:00"),
            (About("", "cohort", date(2023, 2, 7), ""), "2023-02-08T00:00"),
            (About("70%", "cohort", None, TREATMENT), "2023-02-09T08:00"),
            (About("70%", "cohort", date(2023, 2, 6), TREATMENT), "2023-02-09T08:00"),
            (About("70%", "cohort", date(2023, 2, 9), TREATMENT), "2023-02-09T08:00"),
            (About("70%", "cohort", date(2023, 2, 10), TREATMENT), "2023-02-09T08:00"),
            (About("90%", "cohort", date(2023, 2, 7), TREATMENT), "2023-02-07T08:00"),
            (About("70%", "cohort", date(2023, 2, 7), CONTROL), "2023-02-07T08:00"),
        ],
    )  # fmt: skip
    def test_what_was_refused_may_have_been_a_sign(self, about: About, heard: str) -> None:
        """On its day; one that names no day of the stage may be of any."""
        world = stage_world().without(lambda row: row.variant == TREATMENT)
        assert self.life(world, about).heard(TREATMENT).isoformat() == f"{heard}:00-08:00"

    @pytest.mark.parametrize(("hours", "is_silent"), [(40, False), (40.5, True)])
    def test_silence_is_longer_than_the_longest(self, hours: float, is_silent: bool) -> None:
        """Nothing of the treatment since 2023-02-07 08:00, and control until 2023-02-09 00:00: forty hours and some."""
        world = stage_world().without(lambda row: row.variant == TREATMENT)
        world = world.but(as_of=datetime.fromisoformat("2023-02-07T08:00:00-08:00") + timedelta(hours=hours))
        life = self.life(world)
        assert life.is_silent(TREATMENT, CONTROL, timedelta(hours=40)) is is_silent
        assert not life.is_silent(CONTROL, TREATMENT, timedelta(hours=40))

    def test_a_share_to_which_nobody_may_have_come_is_not_silent(self) -> None:
        world = stage_world().without(lambda row: row.variant == TREATMENT)
        few = world.mapped(lambda row: replace(row, units=3))
        assert self.life(world).is_silent(TREATMENT, CONTROL, timedelta(hours=40))
        assert not self.life(few).is_silent(TREATMENT, CONTROL, timedelta(hours=40))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((1,), "2023-02-01"),
        ((1, 2), "2023-02-01 and 2023-02-02"),
        ((1, 2, 3), "2023-02-01 to 2023-02-03"),
        ((1, 2, 4), "2023-02-01, 2023-02-02 and 2023-02-04"),
        ((1, 2, 4, 5), "2023-02-01, 2023-02-02, 2023-02-04 and 1 day more"),
    ],
)
def test_days_in_a_row_are_named_by_their_ends(numbers: tuple[int, ...], said: str) -> None:
    assert _listed([date(2023, 2, number) for number in numbers]) == said
