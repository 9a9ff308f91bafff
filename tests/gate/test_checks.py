"""What each check asks, one thing at a time."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.stats.proportion import test_proportions_2indep as score_test_of_two_rates

from egp import stats
from egp.gate.checks import sample_ratio, stage_order
from egp.gate.reading import Reading
from egp.gate.rows import merged
from egp.gate.verdict import Decision, decide
from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.analysis.stop_rules import weekly_level
from egp.plan.quantity import Share
from egp.plan.results import Row, RowRefusal, StageCounts
from egp.policy.model import Adopted
from egp.policy.reading import shipped_policy
from egp.policy.scope import NO_TRAITS
from egp.policy.timing import Timing
from egp.record.emergencies import Emergency
from egp.record.lock import Amended, Signed, made
from egp.stats.values import replace

from .worlds import (
    CONTROL,
    DAY,
    GOOD,
    HARMFUL,
    TREATMENT,
    Truth,
    World,
    days,
    entry,
    mean_row,
    messages,
    of,
    open_readings,
    plan_of,
    rate_row,
    readout_world,
    registered,
    rows_of,
    stage_world,
)

NOW = datetime.fromisoformat("2023-02-09T08:00:00-08:00")


def rules_of_standard() -> dict[str, Adopted]:
    adopted = shipped_policy("egp:standard").adopted("x.yaml", NO_TRAITS, Timing(NOW.date())).alone
    return {each.rule.id: each for each in adopted}


def readings(world: World, check: str) -> list[Reading]:
    return [each for each in world.decide().readings if each.check == check]


class TestRegistered:
    def test_no_entry(self) -> None:
        decision = readout_world().but(registration=None).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert of(decision, "registered").observed == "not registered"

    def test_an_analysis_amended_with_results_seen_ships_nothing(self) -> None:
        amendment = {"on": date(2023, 2, 1).isoformat(), "reason": "r", "approver": "@a", "data_access": "results_seen",
                     "changes": ["/decision_rule/min_ci_lower"]}  # fmt: skip
        world = readout_world(amendments=[amendment])
        entry_now = world.registration
        assert entry_now is not None
        amended = made(Amended, digest=entry_now.digest, on=date(2023, 2, 1), data_access="results_seen")
        decision = world.but(
            registration=made(type(entry_now), **{**vars(entry_now), "amended": (amended,)})
        ).decide()
        assert (decision.verdict, decision.kind) == ("hold", "inconclusive")
        assert "the analysis is exploratory" in messages(open_readings(decision)["registered"])

    def test_an_amendment_that_says_otherwise_than_the_lock_does_not_make_up_for_it(self) -> None:
        """The lock knows that results were seen; the plan has an amendment, too, and says that none were."""
        amendment = {"on": "2023-02-01", "reason": "r", "approver": "@a", "data_access": "no_results_seen",
                     "changes": ["/decision_rule/min_ci_lower"]}  # fmt: skip
        world = readout_world(amendments=[amendment])
        assert world.registration is not None
        entry = vars(world.registration)
        amended = made(Amended, digest=entry["digest"], on=date(2023, 2, 1), data_access="results_seen")
        decision = world.but(
            registration=made(type(world.registration), **{**entry, "amended": (amended,)})
        ).decide()
        assert "the analysis is exploratory" in messages(open_readings(decision)["registered"])

    def test_an_amendment_that_only_the_lock_has_counts(self) -> None:
        world = readout_world()
        assert world.registration is not None
        amended = made(
            Amended, digest=world.registration.digest, on=date(2023, 2, 1), data_access="results_seen"
        )
        lock = made(type(world.registration), **{**vars(world.registration), "amended": (amended,)})
        assert world.but(registration=lock).decide().kind == "inconclusive"

    @pytest.mark.parametrize("to", ["70%", "90%", ""])
    def test_an_archived_experiment_enters_nothing(self, to: str) -> None:
        world = readout_world()
        assert world.registration is not None
        lock = made(type(world.registration), **{**vars(world.registration), "archived": date(2023, 9, 1)})
        decision = world.but(registration=lock, to=to).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert "the experiment was archived on 2023-09-01" in messages(open_readings(decision)["registered"])


class TestSignOff:
    def test_a_signature_that_the_lock_does_not_attest(self) -> None:
        world = readout_world()
        assert world.registration is not None
        signed = tuple(made(Signed, role=s.role, by="@someone", on=s.on) for s in world.registration.signed)
        lock = made(type(world.registration), **{**vars(world.registration), "signed": signed})
        decision = world.but(registration=lock).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert "not attested by the lock" in messages(open_readings(decision)["sign-off"])

    def test_roles_that_the_policy_asks_for(self) -> None:
        world = readout_world(sign_offs=[{"role": "privacy", "by": "@privacy", "on": "2023-01-16"}])
        rules = rules_of_standard()
        decision = decide(replace(world.readout(), rules=rules))
        assert "experimentation_lead" in messages(open_readings(decision)["sign-off"])

    def test_where_nobody_has_to_sign_nobody_is_named(self) -> None:
        reading = of(readout_world(sign_offs=[]).decide(), "sign-off")
        assert (reading.state, reading.observed) == ("pass", "no sign-off")
        assert reading.message == "nobody has to sign, and nobody did"


class TestRevision:
    def test_results_that_name_no_build(self) -> None:
        assert of(readout_world().but(revision=None).decide(), "revision").state == "not_checked"

    def test_a_stage_that_names_no_build_served_that_of_the_results(self) -> None:
        assert of(stage_world().decide(), "revision").passed
        unsaid = of(stage_world().but(revision=None).decide(), "revision")
        assert (unsaid.state, unsaid.kind) == ("not_checked", "repair")
        assert unsaid.message == "the results do not say which build is served in 70%"

    def test_every_stage_needs_one(self) -> None:
        world = stage_world().but(revision=None)
        first = entry(0.7, "2023-02-07T08:00:00-08:00", "web-8841")
        second = entry(0.9, "2023-02-09T07:00:00-08:00")
        assert of(world.but(stages=(first,)).decide(), "revision").passed
        assert "in 90%" in of(world.but(stages=(first, second)).decide(), "revision").message

    @pytest.mark.parametrize("nothing", ["", "  ", "\t"])
    def test_a_build_without_a_name_is_none(self, nothing: str) -> None:
        assert of(readout_world().but(revision=nothing).decide(), "revision").state == "not_checked"
        assert of(readout_world().but(treatment_revision=nothing).decide(), "revision").passed

    @pytest.mark.parametrize("spelt", ["web-8841 ", " web-8841", "WEB-8841", "Web-8841\n"])
    def test_spaces_around_a_build_and_capitals_make_no_other(self, spelt: str) -> None:
        assert of(readout_world().but(revision=spelt, treatment_revision=spelt).decide(), "revision").passed

    @pytest.mark.parametrize("other", ["web-884", "web-88410", "8841", "web 8841"])
    def test_another_name_is_another_build(self, other: str) -> None:
        assert of(readout_world().but(revision=other).decide(), "revision").state == "fail"
        assert of(readout_world(revision="1.10").but(revision="1.1").decide(), "revision").state == "fail"

    def test_a_plan_that_names_no_build(self) -> None:
        assert of(readout_world(revision=None).decide(), "revision").state == "not_checked"

    def test_a_variant_may_have_a_build_of_its_own(self) -> None:
        world = readout_world(variants={1: {"revision": "web-8850"}}).but(treatment_revision="web-8850")
        assert world.decide().verdict == "proceed"


class TestStageOrder:
    def test_a_ledger_that_is_not_the_ramp(self) -> None:
        world = stage_world().but(
            stages=(entry(0.7, "2023-02-08T08:00:00-08:00"), entry(0.6, "2023-02-07T08:00:00-08:00"))
        )
        said = messages(open_readings(world.decide())["stage-order"])
        assert "the ledger has 70% and 60%" in said
        assert "not entered one after the other" in said

    @pytest.mark.parametrize(("after", "is_late"), [(-1, False), (0, False), (1, True)])
    def test_a_stage_is_entered_by_now(self, after: int, is_late: bool) -> None:
        entered = NOW + timedelta(seconds=after)
        readout = stage_world().but(stages=(entry(0.7, entered.isoformat()),)).readout()
        said = messages(stage_order._ledger(readout))
        assert ("not entered one after the other, before now" in said) is is_late

    @pytest.mark.parametrize(
        ("to", "day", "settled", "next"),
        [
            ("90%", date(2023, 2, 9), False, "enter 70% with `egp enter`, or lower it, before 90% follows"),
            ("90%", date(2023, 2, 8), False, "enter 70% with `egp enter`, or lower it, before 90% follows"),
            ("", date(2023, 2, 9), False, None),  # it holds to the end of its last day
            ("", date(2023, 2, 8), False, "enter 70% with `egp enter`, or lower it"),
            ("90%", date(2023, 2, 8), True, None),
            ("", date(2023, 2, 8), True, None),
            ("70%", date(2023, 2, 8), False, None),  # the gate is judging it
        ],
    )
    def test_a_stage_that_was_raised_in_an_emergency_is_judged_before_the_next_and_by_its_last_day(
        self, to: str, day: date, settled: bool, next: str | None
    ) -> None:
        raised = Emergency(1, 0.7, "70%", date(2023, 2, 7), "r", "XP-1", "@xp-lead", "lead", day, "", settled)
        readout = replace(stage_world().but(to=to).readout(), emergencies=(raised,))
        assert [each.next for each in stage_order._unjudged(readout)] == ([] if next is None else [next])

    @pytest.mark.parametrize(
        ("to", "canary", "first"),
        [
            ("70%", {}, "a plan with a canary"),
            (
                "70%",
                {"none": None, "treated": "5%", "start": "2023-01-18", "end": "2023-01-20"},
                "the canary",
            ),
            (
                "test",
                {"none": None, "treated": "5%", "start": "2023-01-18", "end": "2023-01-20"},
                "the canary",
            ),
            ("canary", {"none": None, "treated": "5%", "start": "2023-01-18", "end": "2023-01-20"}, None),
        ],
    )
    def test_after_a_roll_back_everything_begins_anew_with_a_canary(
        self, to: str, canary: dict[str, Any], first: str | None
    ) -> None:
        readout = replace(readout_world(canary=canary).but(to=to).readout(), was_rolled_back=True)
        said = [each.required for each in stage_order._next(readout) if each.observed == "rolled back"]
        assert said == ([] if first is None else [first])


class TestDwell:
    def test_hours_that_have_passed_count_not_clocks(self) -> None:
        # The clocks go forward on 2023-03-12: 48 hours after 08:00 it is 09:00.
        world = stage_world().but(
            stages=(entry(0.7, "2023-03-11T08:00:00-08:00"),),
            as_of=datetime.fromisoformat("2023-03-13T08:30:00-07:00"),
        )
        assert of(world.decide(), "dwell").message.endswith("dwell complete 2023-03-13 09:00, 30 min to go")

    def test_a_stage_does_not_count_before_its_first_row(self) -> None:
        # Entered on the 7th, at night; the flag served nobody at 70 % until the 8th.
        world = stage_world()
        rows = tuple(row for row in world.rows if row.date is None or row.date >= date(2023, 2, 8))
        late = of(world.but(rows=rows).decide(), "dwell")
        assert late.message == (
            "in 70% since 2023-02-08 00:00, the day of its first row: dwell complete 2023-02-10 00:00, 16 h to go"
        )
        assert of(world.decide(), "dwell").passed

    def test_a_policy_may_ask_for_more_than_the_plan(self) -> None:
        rules = rules_of_standard()
        world = stage_world(ramp={0: {"min_dwell": "24h"}})
        early = world.but(as_of=world.as_of - timedelta(hours=10))
        assert of(early.decide(), "dwell").passed
        asked = decide(replace(early.readout(), rules=rules))
        assert of(asked, "dwell").required == "48 h"


class TestCompleteData:
    def test_refused_rows_are_listed_with_their_place(self) -> None:
        refusal = RowRefusal("r.csv", 3, 2, "units", "-4 is no number of units", "count again")
        reading = of(readout_world().but(more={"problems": (refusal,)}).decide(), "complete-data")
        assert reading.message == "r.csv:3, row 2, column units: -4 is no number of units"
        assert reading.next == "count again"

    def test_many_troubles_are_summed_up(self) -> None:
        refusals = tuple(
            RowRefusal("r.csv", at, at, "units", f"no {at}", "count again") for at in range(1, 31)
        )
        found = readings(readout_world().but(more={"problems": refusals}), "complete-data")
        assert len(found) == 9
        assert found[-1].message == "and 22 more gaps or refused rows"

    def test_rows_with_the_same_mistake_are_one_reading(self) -> None:
        refusals = tuple(
            RowRefusal("r.csv", at + 1, at, "variant", "unknown variant", "correct it") for at in range(1, 16)
        )
        found = readings(readout_world().but(more={"problems": refusals}), "complete-data")
        assert [reading.message for reading in found] == [
            "15 rows, the first at r.csv:2, row 1, column variant: unknown variant"
        ]

    def test_rows_of_days_to_come(self) -> None:
        world = readout_world()
        decision = world.but(as_of=world.as_of - 5 * DAY).decide()
        assert "come after 2023-02-02" in messages(open_readings(decision)["complete-data"])

    def test_a_guardrail_that_no_rule_counts_weeks_of_needs_its_weeks(self) -> None:
        world = readout_world().without(lambda row: (row.window, row.metric) == ("week", "refund_rate"))
        found = readings(world, "complete-data")
        expected = "week rows of refund_rate are missing for both variants: 2023-01-23 and 2023-01-30"
        assert expected in [reading.message for reading in found]

    def test_rows_that_never_were_are_added_in_one_step_for_every_metric(self) -> None:
        world = readout_world().without(lambda row: row.window == "week")
        steps = merged(reading.next for reading in world.decide().reasons)
        assert [step for step in steps if "week rows" in step] == [
            "add the week rows of refund_rate and cs_contacts"
        ]

    @pytest.mark.parametrize(
        ("metric", "window", "segment", "check"),
        [
            ("add_to_cart_rate", "cohort", "", "complete-data"),
            ("refund_rate", "cohort", "", "complete-data"),
            ("refund_rate", "week", "", "complete-data"),
            ("p95_page_load", "total", "", "complete-data"),
            ("p95_page_load", "day", "", "complete-data"),
            ("add_to_cart_rate", "week", "first_week", "novelty"),
        ],
    )
    def test_the_rows_that_the_page_on_results_lists_are_required(
        self, metric: str, window: str, segment: str, check: str
    ) -> None:
        assert readout_world().decide().verdict == "proceed"
        world = readout_world().without(
            lambda row: (row.metric, row.window, row.segment) == (metric, window, segment)
        )
        assert check in open_readings(world.decide())

    def test_rows_of_weeks_that_are_missing_among_others_are_loaded_again(self) -> None:
        lost = date(2023, 1, 30)
        world = readout_world().without(lambda row: row.window == "week" and row.date == lost)
        steps = [reading.next for reading in readings(world, "complete-data")]
        assert "@pdp-pm loads refund_rate of the week from 2023-01-30 again" in steps

    def test_days_in_a_row_are_a_span_and_both_variants_one_reading(self) -> None:
        lost = {date(2023, 1, day) for day in (24, 25, 26)}
        world = readout_world().without(
            lambda row: (row.window, row.metric) == ("cohort", "refund_rate") and row.date in lost
        )
        (reading,) = readings(world, "complete-data")
        assert reading.message == (
            "cohort rows of refund_rate are missing for both variants: 2023-01-24 to 2023-01-26"
        )
        assert reading.next == "@pdp-pm loads refund_rate of 2023-01-24 to 2023-01-26 again"

    def test_variants_that_lack_other_days_are_two_readings(self) -> None:
        lost = {("control", date(2023, 1, 24)), ("buy_now", date(2023, 1, 25))}
        world = readout_world().without(
            lambda row: (
                (row.window, row.metric) == ("cohort", "refund_rate") and (row.variant, row.date) in lost
            )
        )
        assert {(each.message, each.variant) for each in readings(world, "complete-data")} == {
            ("cohort rows of refund_rate are missing for control: 2023-01-24", "control"),
            ("cohort rows of refund_rate are missing for buy_now: 2023-01-25", "buy_now"),
        }

    def test_a_total_that_ends_too_early(self) -> None:
        def cut(row: Row) -> Row:
            return replace(row, through=date(2023, 2, 7)) if row.window == "total" else row

        assert "ends on 2023-02-07, not on 2023-02-08" in messages(
            readings(stage_world().mapped(cut), "complete-data")
        )

    def test_no_rows_of_a_stage_that_was_entered(self) -> None:
        world = stage_world().but(rows=())
        assert "there are no rows of 70%" in messages(readings(world, "complete-data"))

    def test_where_there_is_no_row_the_gate_names_those_that_it_takes(self) -> None:
        steps = [each.next for each in readings(readout_world().but(rows=()), "complete-data")]
        assert "add the cohort rows of add_to_cart_rate, refund_rate and cs_contacts" in steps
        assert "add the total rows of p95_page_load" in steps

    def test_results_of_which_nothing_can_be_read_are_no_silence(self) -> None:
        refusal = RowRefusal("r.csv", 1, 0, "units", "there is no column `units`", "add it")
        decision = readout_world().but(rows=(), more={"problems": (refusal,)}).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert "there is no column `units`" in messages(decision.reasons)

    def test_before_the_first_day_is_over_nothing_is_said(self) -> None:
        world = readout_world().but(rows=(), to="", as_of=datetime.fromisoformat("2023-01-23T09:00:00-08:00"))
        assert readings(world, "complete-data") == []

    def test_after_the_end_of_the_test_nothing_is_expected(self) -> None:
        world = readout_world()
        assert world.but(as_of=world.as_of + 14 * DAY).decide().verdict == "proceed"


class TestSampleRatio:
    def test_the_weights_of_a_stage_are_the_treated_share_and_the_rest(self) -> None:
        reading = of(stage_world().decide(), "sample-ratio")
        assert "24,000 and buy_now 56,000, which agrees with the planned 30.0 % / 70.0 %" in reading.message
        assert reading.numbers["p_value"] == pytest.approx(1.0)

    def test_the_p_value_is_pearsons(self) -> None:
        def shift(row: Row) -> Row:
            return replace(row, units=row.units + 100) if row.variant == TREATMENT else row

        reading = of(readout_world().mapped(shift).decide(), "sample-ratio")
        units = 14 * 10_500
        assert reading.numbers["p_value"] == pytest.approx(
            stats.srm_p_value([units, units + 1400], [0.5, 0.5])
        )

    def test_units_that_one_metric_alone_has_lost_are_found(self) -> None:
        def lose(row: Row) -> Row:
            lost = row.metric == "refund_rate" and row.variant == TREATMENT and row.window == "cohort"
            return replace(row, units=row.units - 500) if lost else row

        reading = of(readout_world().mapped(lose).decide(), "sample-ratio")
        assert (reading.state, "rows of refund_rate" in reading.message) == ("fail", True)

    @pytest.mark.parametrize(("lost", "state"), [(0, "pass"), (3_000, "fail")])
    def test_where_only_quantiles_are_counted_they_tell_the_split(self, lost: int, state: str) -> None:
        def lose(row: Row) -> Row:
            return replace(row, units=row.units - lost) if row.variant == TREATMENT else row

        world = readout_world().without(lambda row: row.metric != "p95_page_load").mapped(lose)
        assert of(world.decide(), "sample-ratio").state == state

    def test_beside_sums_the_units_of_a_quantile_are_no_split(self) -> None:
        """Not every unit loads a page."""

        def lose(row: Row) -> Row:
            lost = row.metric == "p95_page_load" and row.variant == TREATMENT
            return replace(row, units=row.units - 3_000) if lost else row

        assert of(readout_world().mapped(lose).decide(), "sample-ratio").passed


class TestUnitsInTwoVariants:
    def crossed(self, units: int, most: float = 0.001) -> Decision:
        world = readout_world().but(more={"counts": (StageCounts("test", 294_000, crossed=units),)})
        options = {"sample-ratio": sample_ratio.Params(max_crossed=Share(most))}
        return decide(replace(world.readout(), options=options))

    @pytest.mark.parametrize(("units", "verdict"), [(1, "proceed"), (294, "proceed"), (295, "hold")])
    def test_a_few_are_reported_and_many_hold(self, units: int, verdict: str) -> None:
        decision = self.crossed(units)
        assert decision.verdict == verdict
        said = messages([each for each in decision.readings if each.check == "sample-ratio"])
        assert f"{units:,} unit" in said
        assert "left out" in said

    def test_none_are_not_mentioned(self) -> None:
        assert "left out" not in messages(self.crossed(0).readings)

    def test_a_policy_may_allow_none(self) -> None:
        assert (self.crossed(1, most=0).verdict, self.crossed(1, most=0).kind) == ("hold", "repair")


class TestRowsOfNobody:
    """294,000 units: 294 are one in a thousand, 2,940 one in a hundred."""

    def decided(self, **counts: int) -> Decision:
        return readout_world().but(more={"counts": (StageCounts("test", 294_000, **counts),)}).decide()

    @pytest.mark.parametrize(
        ("counts", "said", "verdict"),
        [
            ({"exposures_without": 1}, "1 exposure of the stage test without a known unit or time is in no row", "proceed"),
            ({"exposures_without": 294}, "294 exposures of the stage test without a known unit or time", "proceed"),
            ({"exposures_without": 295}, "295 exposures of the stage test without a known unit or time", "hold"),
            ({"events_without": 294}, "294 events of the stage test without a known unit or time are in no row", "proceed"),
            ({"events_without": 295}, "295 events", "hold"),
            ({"repeated": 1}, "1 unit of the stage test has an exposure twice", "proceed"),
            ({"repeated": 2_940}, "2,940 units of the stage test have an exposure twice to the same instant (1 % of 294,000 units)", "proceed"),
            ({"repeated": 2_941}, "2,941 units", "hold"),
        ],
    )  # fmt: skip
    def test_a_few_are_reported_and_many_hold(self, counts: dict[str, int], said: str, verdict: str) -> None:
        decision = self.decided(**counts)
        readings = [each for each in decision.readings if each.check == "logged-once"]
        assert said in messages(readings)
        assert decision.verdict == verdict
        assert [each.kind for each in readings] == (["repair"] if verdict == "hold" else [""])

    def test_nothing_wrong_is_not_mentioned(self) -> None:
        assert not [each for each in self.decided().readings if each.check == "logged-once"]


class TestMinimumUnits:
    def test_a_sample_that_is_too_small_at_the_end(self) -> None:
        decision = readout_world(sample_size_per_variant=150_000).decide()
        assert (decision.verdict, decision.kind) == ("hold", "inconclusive")
        assert (
            of(decision, "minimum-units").message
            == "control has 147,000 units, 98 % of the planned 150,000 per variant"
        )

    def test_a_stage_whose_stop_rule_cannot_speak_waits(self) -> None:
        decision = stage_world(stop_rules={0: {"min_units_per_variant": 40_000}}).decide()
        assert (decision.verdict, decision.kind) == ("hold", "wait")
        assert (
            "stop rule refunds is silent below 40,000 units per variant"
            in of(decision, "minimum-units").message
        )


class TestEveryoneTreated:
    def test_the_alarms_that_cannot_sound_are_named(self) -> None:
        """A stage of 100 % has no control: the gate says so, instead of saying nothing of stop rules and guardrails."""
        ramp = [{"treated": "70%", "min_dwell": "48h"}, {"treated": "100%", "min_dwell": "48h"}]
        plan = plan_of(ramp=ramp, holdout={"share": "0%"})
        units, truths = {CONTROL: 12_000, TREATMENT: 28_000}, {CONTROL: Truth(), TREATMENT: GOOD}
        rows = rows_of("100%", date(2023, 2, 10), date(2023, 2, 12), date(2023, 2, 12), units, truths)
        world = World(
            plan, tuple(row for row in rows if row.variant == TREATMENT), datetime.fromisoformat("2023-02-13T08:00:00-08:00"), to="",
            stages=(entry(0.7, "2023-02-07T08:00:00-08:00"), entry(1.0, "2023-02-10T08:00:00-08:00")), registration=registered(plan),
        )  # fmt: skip
        reading = of(world.decide(), "stop-rule")
        assert reading.message.startswith("100% treats everyone: with nobody to compare with")
        assert reading.observed == "no control"


class TestRuntime:
    def test_a_pause_breaks_the_run(self) -> None:
        world = readout_world(schedule={"pauses": ["2023-01-28/2023-01-29"]})
        kept = world.without(
            lambda row: row.window == "cohort" and row.date in (date(2023, 1, 28), date(2023, 1, 29))
        )
        reading = of(kept.decide(), "runtime-complete")
        assert (reading.state, reading.kind, reading.observed) == ("fail", "inconclusive", "7 days")

    def test_the_day_of_the_look_is_late_enough(self) -> None:
        def known_then(row: Row) -> Row:
            return replace(row, through=min(row.through, date(2023, 2, 5))) if row.through else row

        at_once = (
            readout_world().mapped(known_then).but(as_of=datetime.fromisoformat("2023-02-06T00:00:00-08:00"))
        )
        reading = of(at_once.decide(), "runtime-complete")
        assert (reading.state, reading.observed) == ("pass", "14 days")

    def test_a_run_that_was_interrupted_is_over_when_the_test_is(self) -> None:
        world = readout_world(schedule={"pauses": ["2023-01-28/2023-01-29"]})
        ended = world.but(as_of=datetime.fromisoformat("2023-02-06T00:00:00-08:00"))
        reading = of(ended.decide(), "runtime-complete")
        assert (reading.kind, reading.until) == ("inconclusive", None)

    def test_a_run_may_begin_on_the_last_day(self) -> None:
        world = readout_world(schedule={"pauses": ["2023-01-23/2023-02-04"]})
        assert of(world.decide(), "runtime-complete").observed == "1 day"

    def test_day_six_of_fourteen(self) -> None:
        world = readout_world()
        reading = of(
            world.but(as_of=datetime.fromisoformat("2023-01-28T08:00:00-08:00")).decide(), "runtime-complete"
        )
        assert reading.message == "day 6 of 14: the primary is read on 2023-02-06, and not before"
        assert reading.next == "call again on 2023-02-06, 9 days to go"


class TestOutcomeMatured:
    def test_outcomes_that_were_counted_too_early(self) -> None:
        def early(row: Row) -> Row:
            return (
                replace(row, through=date(2023, 2, 2)) if row.metric == "refund_rate" and row.through else row
            )

        decision = readout_world().mapped(early).decide()
        assert (decision.verdict, decision.kind) == ("hold", "repair")
        assert "units exposed on 2023-01-27" in of(decision, "outcome-matured").message
        assert of(decision, "guardrail", "refund_rate").state == "not_checked"

    def test_without_a_cohort_nobody_can_tell(self) -> None:
        world = readout_world().without(lambda row: (row.metric, row.window) == ("refund_rate", "cohort"))
        reading = of(world.decide(), "outcome-matured")
        assert (reading.state, reading.kind) == ("not_checked", "repair")

    def test_cohorts_that_are_too_young_tell_nothing(self) -> None:
        world = readout_world().without(
            lambda row: (
                row.metric == "refund_rate"
                and row.window == "cohort"
                and row.date is not None
                and row.date < date(2023, 1, 31)
            )
        )
        reading = of(world.decide(), "outcome-matured")
        assert (reading.state, reading.message[:24]) == ("not_checked", "there are no cohorts of ")


class TestPrecision:
    def test_a_covariate_that_explains_less_than_planned(self) -> None:
        def weaken(row: Row) -> Row:
            if row.covariate_cross_sum is None or row.sum is None or row.covariate_sum is None:
                return row
            return replace(row, covariate_cross_sum=row.sum * row.covariate_sum / row.units)

        weak = readout_world(sample_size_per_variant=104_000).mapped(weaken)
        thinned = weak.mapped(_thinned(104_000 / 147_000))
        decision = thinned.decide()
        reading = of(decision, "precision")
        assert (decision.kind, reading.state) == ("inconclusive", "fail")
        assert "register a rerun with n ≥" in reading.next
        assert of(readout_world().decide(), "precision").passed


def _thinned(share: float) -> Any:
    """The same values of fewer units."""

    def thin(row: Row) -> Row:
        units = math.ceil(row.units * share)
        sums = {
            name: getattr(row, name) * units / row.units
            for name in (
                "sum",
                "sum_squares",
                "covariate_sum",
                "covariate_sum_squares",
                "covariate_cross_sum",
            )
            if getattr(row, name) is not None
        }
        return replace(row, units=units, **sums)

    return thin


class TestPrimaryOutcome:
    def test_the_interval_is_the_registered_one(self) -> None:
        reading = of(readout_world().decide(), "primary-outcome")
        units, rates = 147_000, (0.12, 0.126)
        left = [rate * (1 - rate) for rate in rates]
        # CUPED with the correlation of one half leaves three quarters of the variance, to the difference in slopes.
        error = math.sqrt(0.75 * (left[0] + left[1]) / units)
        assert reading.numbers["estimate"] == pytest.approx(0.006)
        assert reading.numbers["standard_error"] == pytest.approx(error, rel=1e-3)
        assert reading.interval == pytest.approx((0.006 - 1.96 * error, 0.006 + 1.96 * error), rel=1e-3)

    def test_without_the_covariates_sums_cuped_is_not_checked(self) -> None:
        def bare(row: Row) -> Row:
            return replace(row, covariate_sum=None)

        reading = of(readout_world().mapped(bare).decide(), "primary-outcome")
        assert (reading.state, reading.kind) == ("not_checked", "repair")
        assert reading.next == "add the column covariate_sum to the rows of add_to_cart_rate"

    def test_not_significant_is_inconclusive_and_names_the_rerun(self) -> None:
        decision = readout_world(Truth(add_to_cart_rate=0.1213)).decide()
        reading = of(decision, "primary-outcome")
        assert (decision.kind, reading.state) == ("inconclusive", "fail")
        units = 147_000 * (stats.mde_of_standard_error(reading.numbers["standard_error"], 0.95) / 0.0013) ** 2
        assert f"takes n ≥ {math.ceil(units):,} per variant" in reading.next

    @pytest.mark.parametrize(
        ("rule", "verdict"),
        [({"min_lift": "50bps"}, "proceed"), ({"min_lift": "61bps"}, "hold"), ({"min_ci_lower": "35bps"}, "proceed"),
         ({"min_ci_lower": "45bps"}, "hold"), ({"min_lift": "5.1%"}, "hold")],
    )  # fmt: skip
    def test_every_clause_of_the_decision_rule(self, rule: dict[str, str], verdict: str) -> None:
        assert readout_world(decision_rule=rule).decide().verdict == verdict

    def test_a_metric_that_should_fall(self) -> None:
        fall: dict[str, Any] = {"primary_metric": {"direction": "decrease"}}
        assert readout_world(Truth(add_to_cart_rate=0.114), **fall).decide().verdict == "proceed"
        assert readout_world(GOOD, **fall).decide().verdict == "hold"

    def test_a_non_inferiority_primary(self) -> None:
        kind: dict[str, Any] = {"type": "non_inferiority", "primary_metric": {"non_inferiority_margin": "3%"}}
        assert readout_world(Truth(add_to_cart_rate=0.1195), **kind).decide().verdict == "proceed"
        lost = readout_world(Truth(add_to_cart_rate=0.1175), **kind).decide()
        assert (lost.verdict, of(lost, "primary-outcome").state) == ("hold", "fail")

    def test_a_one_sided_test_has_a_lower_bound_at_its_alpha(self) -> None:
        reading = of(readout_world(statistics={"sides": "one"}).decide(), "primary-outcome")
        assert reading.interval is not None
        reach = reading.numbers["estimate"] - reading.interval[0]
        assert reach / reading.numbers["standard_error"] == pytest.approx(1.645, abs=0.001)

    def test_without_cuped_rates_are_tested_pooled(self) -> None:
        reading = of(readout_world(statistics={"variance_reduction": None}).decide(), "primary-outcome")
        _, p_value = proportions_ztest([0.126 * 147_000, 0.12 * 147_000], [147_000, 147_000])
        assert reading.numbers["p_value"] == pytest.approx(p_value)


class TestSeveralTreatments:
    def world(self, second: Truth, **changes: Any) -> World:
        variants = [{"id": CONTROL, "weight": "40%", "control": True}, {"id": TREATMENT, "weight": "30%"},
                    {"id": "buy_later", "weight": "30%"}]  # fmt: skip
        plan = plan_of(variants=variants, sample_size_per_variant=100_000, **changes)
        rows = rows_of(
            "test", date(2023, 1, 23), date(2023, 2, 5), date(2023, 2, 6),
            {CONTROL: 14_000, TREATMENT: 10_500, "buy_later": 10_500},
            {CONTROL: Truth(), TREATMENT: GOOD, "buy_later": second},
        )  # fmt: skip
        moment = datetime.fromisoformat("2023-02-07T08:00:00-08:00")
        return World(plan, tuple(rows), moment, registration=registered(plan), more={"treatment": TREATMENT})

    def test_the_treatment_that_is_named_is_judged(self) -> None:
        decision = self.world(Truth(), statistics={"correction": "dunnett"}).decide()
        assert decision.verdict == "proceed"
        assert {each.variant for each in decision.readings if each.check == "primary-outcome"} == {TREATMENT}

    def test_correction_widens_the_interval(self) -> None:
        def width(correction: str) -> float:
            reading = of(
                self.world(Truth(), statistics={"correction": correction}).decide(), "primary-outcome"
            )
            assert reading.interval is not None
            return reading.interval[1] - reading.interval[0]

        assert width("none") < width("dunnett") < width("bonferroni") == width("holm")

    def test_every_treatment_is_watched(self) -> None:
        assert self.world(HARMFUL).decide().verdict == "roll_back"


class TestNovelty:
    def faded(self, second_week: float) -> World:
        def fade(row: Row) -> Row:
            later = row.segment == "first_week" and row.variant == TREATMENT and row.date == date(2023, 1, 30)
            return replace(row, sum=row.units * second_week) if later else row

        return readout_world().mapped(fade)

    def test_an_effect_that_is_gone_in_the_second_week(self) -> None:
        decision = self.faded(0.116).decide()
        assert (decision.verdict, decision.kind) == ("hold", "inconclusive")
        assert "+0.60 pp in week 1, -0.40 pp in week 2" in of(decision, "novelty").message

    def test_noise_is_none(self) -> None:
        assert self.faded(0.124).decide().verdict == "proceed"

    def test_rows_that_are_not_there(self) -> None:
        reading = of(readout_world().without(lambda row: row.segment != "").decide(), "novelty")
        assert (reading.state, reading.kind) == ("not_checked", "repair")


class TestGuardrail:
    def test_the_bound_is_one_sided_at_guardrail_alpha(self) -> None:
        reading = of(
            readout_world(Truth(add_to_cart_rate=0.126, refund_rate=0.0315)).decide(),
            "guardrail",
            "refund_rate",
        )
        units = 7 * 10_500
        assert reading.numbers["units_control"] == units
        ratio = 1 + reading.numbers["harm_bound"] / 0.031
        at_bound = stats.RateContrast(0.031 * units, units, 0.0315 * units, units, ratio)
        assert at_bound.lower_tail() == pytest.approx(0.05, rel=1e-6)

    def test_quiet_is_not_enough(self) -> None:
        decision = readout_world(guardrail_metrics={0: {"non_inferiority_margin": "4%"}}).decide()
        reading = of(decision, "guardrail", "refund_rate")
        assert (decision.kind, reading.state) == ("inconclusive", "cannot_rule_out")
        assert "on n ≥" in reading.next

    @pytest.mark.parametrize(("action", "verdict"), [("rollback", "roll_back"), ("hold", "hold")])
    def test_harm_that_is_shown_leads_to_the_action(self, action: str, verdict: str) -> None:
        worse = Truth(add_to_cart_rate=0.126, cs_contacts=0.0485)
        world = readout_world(worse, guardrail_metrics={1: {"action": action}}, stop_rules=[])
        without_weeks = world.without(lambda row: row.window == "week" and row.segment == "")
        decision = without_weeks.decide()
        assert of(decision, "guardrail", "cs_contacts").state == "fail"
        assert decision.verdict == verdict

    def test_alarms_of_a_stage_are_corrected_over_the_guardrails(self) -> None:
        harmed = stage_world(Truth(refund_rate=0.0334))
        reading = of(harmed.decide(), "guardrail", "refund_rate")
        seen = stats.RateContrast(0.031 * 24_000, 24_000, 0.0334 * 56_000, 56_000)
        assert reading.numbers["p_value"] == pytest.approx(3 * seen.upper_tail())
        assert reading.state == "pass"

    def test_a_segment_is_judged_on_its_own_rows(self) -> None:
        new = {"id": "refund_rate", "kind": "proportion", "direction": "decrease", "baseline": "3.1%",
               "non_inferiority_margin": "30%", "segment": "new_users", "segment_share": "20%"}  # fmt: skip
        world = readout_world(guardrail_metrics=[new], stop_rules=[], segments=["new_users"])
        part = tuple(
            replace(row, segment="new_users", units=row.units // 5, sum=(row.sum or 0) / 5)
            for row in world.rows
            if row.metric == "refund_rate"
        )
        others = tuple(row for row in world.rows if row.metric == "add_to_cart_rate")
        decision = world.but(rows=others + part).decide()
        assert of(decision, "guardrail", "refund_rate").numbers["units_control"] == 14 * 2_100
        assert decision.verdict == "proceed"


class TestLimit:
    @pytest.mark.parametrize(
        ("seconds", "state", "verdict"),
        [(2.09, "pass", "hold"), (2.11, "cannot_rule_out", "hold"), (2.3, "fail", "roll_back")],
    )
    def test_beyond_by_less_or_more_than_the_noise(self, seconds: float, state: str, verdict: str) -> None:
        both = Truth(p95_page_load=seconds)
        world = stage_world(both, both).mapped(
            lambda row: replace(row, standard_error=0.05) if row.standard_error else row
        )
        decision = world.decide()
        assert of(decision, "limit").state == state
        assert decision.verdict == ("proceed" if state == "pass" else verdict)

    def test_an_action_of_hold_holds(self) -> None:
        both = Truth(p95_page_load=2.3)
        decision = stage_world(both, both, guardrail_metrics={2: {"action": "hold"}}).decide()
        assert (decision.verdict, decision.kind) == ("hold", "wait")


class TestStopRule:
    def test_the_posterior_of_a_flat_prior(self) -> None:
        reading = readings(readout_world(HARMFUL), "stop-rule")[0]
        # Of a flat prior it is one less the p-value of the score test of a rise by 5 % of control, here by statsmodels.
        units = 147_000
        test = score_test_of_two_rates(
            0.0341 * units, units, 0.031 * units, units, value=1.05, compare="ratio", method="score",
            alternative="larger", correction=False,
        )  # fmt: skip
        assert reading.numbers["probability"] == pytest.approx(1 - test.pvalue, abs=1e-4)
        assert (reading.state, reading.kind) == ("fail", "rollback")

    def test_a_prior_around_no_harm_asks_for_more(self) -> None:
        prior: dict[str, Any] = {"stop_rules": {0: {"prior": {"mean": "0%", "std_dev": "1%"}}}}
        reading = readings(readout_world(HARMFUL, **prior), "stop-rule")[0]
        assert (reading.state, reading.numbers["probability"] < 0.1) == ("pass", True)

    def test_below_its_minimum_it_is_silent(self) -> None:
        silent: dict[str, Any] = {"stop_rules": {0: {"min_units_per_variant": 200_000}}}
        reading = readings(readout_world(HARMFUL, **silent), "stop-rule")[0]
        assert (reading.state, "silent until 200,000 units" in reading.message) == ("pass", True)

    def test_a_rule_may_hold_instead(self) -> None:
        holding: dict[str, Any] = {"stop_rules": {0: {"action": "hold"}}}
        world = stage_world(Truth(refund_rate=0.036), **holding)
        decision = world.decide()
        assert (decision.verdict, decision.kind) == ("hold", "wait")

    @pytest.mark.parametrize(
        ("slow_days", "fired"), [([1], False), ([1, 2], True), ([1, 3], False), ([0, 1], True)]
    )
    def test_days_in_a_row(self, slow_days: list[int], fired: bool) -> None:
        slow = {date(2023, 2, 1) + at * DAY for at in slow_days}

        def slower(row: Row) -> Row:
            bad = row.window == "day" and row.variant == TREATMENT and row.date in slow
            return replace(row, value=2.2) if bad else row

        decision = readout_world().mapped(slower).decide()
        assert (decision.verdict == "roll_back") == fired
        if fired:
            assert "stop rule slow on p95_page_load fired: 2 days in a row" in messages(decision.reasons)

    def weeks(self, harmed: list[tuple[str, date]], contacts: float = 0.052) -> World:
        """Contacts per week, in the test and in four weeks at 90 %."""
        plan = plan_of()
        lock = registered(plan)
        test = rows_of("test", date(2023, 1, 23), date(2023, 2, 5), date(2023, 2, 6), {CONTROL: 9_000, TREATMENT: 9_000},
                       {CONTROL: Truth(), TREATMENT: Truth()})  # fmt: skip
        last = rows_of("90%", date(2023, 2, 6), date(2023, 3, 5), date(2023, 3, 5), {CONTROL: 2_000, TREATMENT: 18_000},
                       {CONTROL: Truth(), TREATMENT: Truth()})  # fmt: skip

        def harm(row: Row) -> Row:
            bad = (row.stage, row.date) in harmed and row.window == "week" and row.metric == "cs_contacts"
            if not (bad and row.variant == TREATMENT):
                return row
            head = {
                "stage": row.stage,
                "window": "week",
                "date": row.date,
                "variant": row.variant,
                "segment": "",
            }
            return mean_row({**head, "metric": "cs_contacts"}, contacts, row.units)

        stages = (entry(0.7, "2023-02-05T20:00:00-08:00"), entry(0.9, "2023-02-06T00:00:00-08:00"))
        moment = datetime.fromisoformat("2023-03-06T08:00:00-08:00")
        world = World(plan, (*test, *last), moment, to="", stages=stages, registration=lock)
        return world.mapped(harm)

    def test_two_bad_weeks_in_a_row_roll_back(self) -> None:
        assert (
            self.weeks([("90%", date(2023, 2, 13)), ("90%", date(2023, 2, 20))]).decide().verdict
            == "roll_back"
        )

    @pytest.mark.parametrize(("errors", "is_fired"), [(2.36, False), (2.46, True)])
    def test_a_week_is_tested_at_the_level_that_many_weeks_leave(self, errors: float, is_fired: bool) -> None:
        """Fifteen weeks of three guardrails leave 0.81 % for each, 2.41 standard errors; 5 % would be 1.64."""
        error = 0.21 * math.sqrt(1 / 14_000 + 1 / 126_000)
        bad = [("90%", date(2023, 2, 13)), ("90%", date(2023, 2, 20))]
        decision = self.weeks(bad, 0.042 + errors * error).decide()
        fired = [reading for reading in decision.readings if reading.rolls_back]
        assert bool(fired) == is_fired
        assert weekly_level(plan_of(), 2, LEVELS) == pytest.approx(0.0081, abs=5e-5)

    def test_two_bad_weeks_apart_do_not(self) -> None:
        apart = self.weeks([("90%", date(2023, 2, 6)), ("90%", date(2023, 2, 20))]).decide()
        assert {r.state for r in apart.readings if r.check == "stop-rule"} == {"pass"}

    def test_a_run_may_begin_in_the_stage_before(self) -> None:
        world = self.weeks([("test", date(2023, 1, 30)), ("90%", date(2023, 2, 6))])
        assert world.decide().verdict == "roll_back"

    def test_a_run_that_ended_before_this_stage_is_past(self) -> None:
        world = self.weeks([("test", date(2023, 1, 23)), ("test", date(2023, 1, 30))])
        assert world.decide().verdict != "roll_back"

    def test_two_bad_weeks_roll_back_whatever_the_plan_says(self) -> None:
        world = self.weeks([("90%", date(2023, 2, 13)), ("90%", date(2023, 2, 20))])
        plan = plan_of(stop_rules=[])
        decision = world.but(plan=plan, registration=registered(plan)).decide()
        assert decision.verdict == "roll_back"
        assert "cs_contacts was significantly harmed in 2 weeks in a row" in messages(decision.reasons)


SMALL: dict[str, Any] = {"stop_rules": {0: {"min_units_per_variant": 5_000}}}
CANARY: dict[str, Any] = {
    "canary": {"treated": "5%", "start": "2023-01-18", "end": "2023-01-22", "none": None}
}


class TestCanary:
    def world(self, truth: Truth, as_of: str, **changes: Any) -> World:
        plan = plan_of(**CANARY, **changes)
        rows = rows_of(
            "canary", date(2023, 1, 18), date(2023, 1, 22), date(2023, 1, 22), {CONTROL: 38_950, TREATMENT: 2_050},
            {CONTROL: Truth(), TREATMENT: truth},
        )  # fmt: skip
        return World(
            plan, tuple(rows), datetime.fromisoformat(as_of), to="test", registration=registered(plan)
        )

    def test_a_quiet_canary_opens_the_test(self) -> None:
        decision = self.world(Truth(), "2023-01-23T08:00:00-08:00", **SMALL).decide()
        assert (decision.verdict, open_readings(decision)) == ("proceed", {})

    def test_before_its_end_it_waits(self) -> None:
        decision = self.world(Truth(), "2023-01-22T08:00:00-08:00", **SMALL).decide()
        assert decision.until == datetime.fromisoformat("2023-01-23T00:00:00-08:00")

    def test_harm_in_the_canary_rolls_back(self) -> None:
        decision = self.world(Truth(refund_rate=0.045), "2023-01-23T08:00:00-08:00", **SMALL).decide()
        assert decision.verdict == "roll_back"

    def test_a_canary_is_never_pooled_with_the_test(self) -> None:
        world = readout_world(**CANARY)
        harmed = [replace(row, stage="canary") for row in world.rows if row.metric == "refund_rate"]
        bent = [replace(row, sum=row.units * 0.5) for row in harmed]
        assert world.but(rows=(*world.rows, *bent)).decide().verdict == "proceed"

    def test_a_rollout_goes_from_its_canary_into_the_ramp(self) -> None:
        world = self.world(
            Truth(), "2023-01-23T08:00:00-08:00", type="rollout", ramp={0: {"start": None}}, **SMALL
        )
        decision = world.but(to="70%").decide()
        assert (decision.verdict, open_readings(decision)) == ("proceed", {})
        assert {each.check for each in decision.readings}.isdisjoint(
            {"primary-outcome", "precision", "novelty"}
        )


def test_a_stage_that_treats_everyone_is_watched_by_its_limits() -> None:
    plan = plan_of(
        ramp=[{"treated": "100%", "min_dwell": "48h"}],
        holdout={"none": "for a test", "share": None, "until": None},
    )
    rows = rows_of(
        "100%",
        date(2023, 2, 7),
        date(2023, 2, 8),
        date(2023, 2, 8),
        {TREATMENT: 40_000},
        {TREATMENT: Truth(p95_page_load=2.4)},
    )
    world = World(
        plan,
        tuple(rows),
        NOW,
        to="",
        stages=(entry(1.0, "2023-02-07T08:00:00-08:00"),),
        registration=registered(plan),
    )
    decision = world.decide()
    assert decision.verdict == "roll_back"
    assert of(decision, "sample-ratio").passed


def test_rates_of_nobody_are_not_checked() -> None:
    empty = readout_world().mapped(lambda row: replace(row, sum=0.0) if row.metric == "refund_rate" else row)
    reading = of(empty.decide(), "guardrail", "refund_rate")
    assert (reading.state, "neither arm's rate varies" in reading.message) == ("not_checked", True)


def test_rows_are_made_as_they_say() -> None:
    head = {
        "stage": "test",
        "window": "cohort",
        "date": date(2023, 1, 23),
        "variant": CONTROL,
        "segment": "",
        "metric": "x",
    }
    row = rate_row(head, 0.12, 1000, True)
    sums = stats.ArmSums(row.units, row.sum or 0, row.sum or 0, None, None, None, row.covariate_sum,
                         row.covariate_sum_squares, row.covariate_cross_sum)  # fmt: skip
    assert stats.cuped_of_arms(sums, sums).variance_ratio == pytest.approx(0.75)
    assert len(days(date(2023, 1, 1), date(2023, 1, 3))) == 3
