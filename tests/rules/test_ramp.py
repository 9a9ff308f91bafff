"""Ramp rules: the numbers in their advice, instants against days, and the ends of the calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked
from egp.rules.rule import load
from tests.rules.examples import findings_of, merged, plan_of, sound_value


def changed(**patch: object) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def findings(rule_id: str, plan: Experiment, **params: Any) -> list[Finding]:
    rule = load(rule_id)
    return findings_of(rule, plan, rule.params(**params))


def places(rule_id: str, plan: Experiment, **params: Any) -> list[object]:
    return [finding.at for finding in findings(rule_id, plan, **params)]


class TestStageReach:
    @pytest.mark.parametrize(
        ("treated", "dwell", "units"),
        [
            ("80%", "48h", 16_400),  # 41,000 x 2 days x 20 % in control
            ("70%", "30h", 15_375),
            ("10%", "4d", 16_400),  # the treatment is the smaller side
        ],
    )
    def test_units_of_the_smaller_side(self, treated: str, dwell: str, units: int) -> None:
        plan = changed(ramp={0: {"treated": treated, "min_dwell": dwell}})
        [finding] = findings("stage-reach", plan)
        assert finding.observed == f"{units:,}"

    @pytest.mark.parametrize(("dwell", "enough"), [("58h", False), ("59h", True)])
    def test_the_advised_dwell_is_the_least_whole_hour(self, dwell: str, enough: bool) -> None:
        [finding] = findings("stage-reach", changed(ramp={0: {"treated": "80%"}}))
        assert finding.advice.text == "set `min_dwell: 59h`"
        found = findings("stage-reach", changed(ramp={0: {"treated": "80%", "min_dwell": dwell}}))
        assert (found == []) is enough

    def test_exactly_enough_is_enough(self) -> None:
        plan = changed(
            eligible_units={"per_day": 10_000},
            ramp={0: {"treated": "70%", "min_dwell": "80h"}},
            stop_rules={0: {"min_units_per_variant": 10_000}, 1: {"min_units_per_variant": 10_000}},
            canary=None,
        )
        assert findings("stage-reach", plan) == []

    def test_a_canary_needs_one_stop_rule_that_can_speak(self) -> None:
        lower = {0: {"min_units_per_variant": 100}}
        assert places("stage-reach", changed(canary={"start": "2023-01-21"})) == [("canary", "treated")]
        assert places("stage-reach", changed(canary={"start": "2023-01-21"}, stop_rules=lower)) == []

    def test_nobody_a_day_is_no_division_by_zero(self) -> None:
        plan = changed(eligible_units={"per_day": 0})
        assert places("stage-reach", plan) == [("canary", "treated"), ("ramp", 0, "min_dwell")]


class TestHoldout:
    @pytest.mark.parametrize(("until", "late"), [("2023-02-16", False), ("2023-02-17", True)])
    def test_a_week_beyond_the_ramp(self, until: str, late: bool) -> None:
        assert (places("holdout-size", changed(holdout={"until": until})) == []) is late

    def test_a_declared_start_moves_the_end_of_the_ramp(self) -> None:
        plan = changed(ramp={1: {"start": "2023-03-01"}}, holdout={"until": "2023-03-02"})
        [finding] = findings("holdout-size", plan, after_ramp=timedelta())
        assert "the ramp ends on 2023-03-03" in finding.message

    def test_a_rollouts_ramp_starts_with_it(self) -> None:
        plan = changed(type="rollout", holdout={"until": "2023-02-03"})  # 23 January, 4 days, 7 days
        assert findings("holdout-size", plan) == []

    def test_exposure_and_holdout_may_share_all_units(self) -> None:
        plan = changed(schedule={"exposure": "66.7%"}, holdout={"share": "33.3%"})
        assert findings("holdout-size", plan) == []

    @pytest.mark.parametrize("look", ["0001-01-01", "9999-12-31"])
    def test_ends_of_the_calendar(self, look: str) -> None:
        plan = changed(statistics={"looks": [look]}, ramp={0: {"min_dwell": "36525d"}})
        found = findings("holdout-size", plan)
        assert [finding.at for finding in found] == ([("holdout", "until")] if look > "2023" else [])


class TestRampDeclared:
    @pytest.mark.parametrize("kept", ["10%", "33.333%", "0.1%", "12.5%"])
    def test_the_advised_last_stage_completes_the_ramp(self, kept: str) -> None:
        [finding] = findings(
            "ramp-declared", changed(holdout={"share": kept}, ramp={1: {"treated": "99.99%"}})
        )
        advised = finding.advice.text.removeprefix("set `treated: ").partition("`")[0]
        plan = changed(holdout={"share": kept}, ramp={1: {"treated": advised}})
        assert findings("ramp-declared", plan) == []

    def test_the_advised_ramp_passes(self) -> None:
        [finding] = findings("ramp-declared", changed(ramp=[]))
        assert "[{treated: 90%, min_dwell: 48h}]" in finding.advice.text
        plan = changed(ramp=[{"treated": "90%", "min_dwell": "48h"}])
        for rule_id in ("ramp-declared", "ramp-monotone", "stage-dwell", "stage-reach", "holdout-size"):
            assert findings(rule_id, plan) == []


class TestMonotone:
    def test_three_variants_treat_more_than_one(self) -> None:
        variants = [
            {"id": "control", "weight": "20%", "control": True},
            {"id": "a", "weight": "40%"},
            {"id": "b", "weight": "40%"},
        ]
        [finding] = findings("ramp-monotone", changed(variants=variants, ramp={0: {"treated": "71%"}}))
        assert finding.required == "at least 72 %"  # 90 % x 80 %
        assert findings("ramp-monotone", changed(variants=variants, ramp={0: {"treated": "72%"}})) == []

    def test_rounding_is_no_violation(self) -> None:
        plan = changed(schedule={"exposure": "30%"}, variants={0: {"weight": "90%"}, 1: {"weight": "10%"}},
                       ramp={0: {"treated": "3%"}})  # fmt: skip
        assert findings("ramp-monotone", plan) == []


class TestCanary:
    @pytest.mark.parametrize(
        ("end", "over"),
        [
            ("2023-01-22", True),
            ("2023-01-23", False),
            ("2023-01-23T09:00:00-08:00", True),
            ("2023-01-23T18:00:00+01:00", True),  # the same instant as 09:00 in Los Angeles
            ("2023-01-23T09:00:01-08:00", False),
            ("2023-01-24T00:00:00-08:00", False),
        ],
    )
    def test_ends_before_a_test_that_starts_at_an_instant(self, end: str, over: bool) -> None:
        plan = changed(schedule={"start": "2023-01-23T09:00:00-08:00"}, canary={"end": end})
        assert (places("canary-size", plan) == []) is over

    @pytest.mark.parametrize(
        ("treated", "right"), [("4.9%", False), ("5%", True), ("10%", True), ("10.1%", False)]
    )
    def test_bounds_are_included(self, treated: str, right: bool) -> None:
        assert (places("canary-size", changed(canary={"treated": treated})) == []) is right

    def test_everything_that_is_missing_is_named(self) -> None:
        plan = changed(canary={"treated": None, "start": None, "end": None, "none": None})
        assert places("canary-size", plan) == [("canary", "treated"), ("canary", "start"), ("canary", "end")]

    @pytest.mark.parametrize(
        "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01"]
    )
    def test_ends_of_the_calendar(self, moment: str) -> None:
        for patch in (
            {"canary": {"start": moment}},
            {"canary": {"end": moment}},
            {"schedule": {"start": moment}},
        ):
            assert all(finding.message for finding in findings("canary-size", changed(**patch)))


class TestRampAfterReadout:
    def test_the_last_of_several_looks_counts(self) -> None:
        plan = changed(statistics={"looks": ["2023-02-20", "2023-02-06"]}, ramp={0: {"start": "2023-02-10"}})
        [finding] = findings("ramp-after-readout", plan)
        assert finding.advice.text.startswith("set `start: 2023-02-20`")
        assert findings("ramp-after-readout", changed(ramp={0: {"start": "2023-02-20"}})) == []

    def test_instants_in_different_zones(self) -> None:
        looks = {"looks": ["2023-02-06T12:00:00-08:00"]}
        early = changed(statistics=looks, ramp={0: {"start": "2023-02-06T20:59:00+01:00"}})
        late = changed(statistics=looks, ramp={0: {"start": "2023-02-06T21:00:00+01:00"}})
        assert len(findings("ramp-after-readout", early)) == 1
        assert findings("ramp-after-readout", late) == []

    def test_the_ramp_is_not_checked_without_an_end(self) -> None:
        plan = changed(statistics={"looks": None}, schedule={"end": None}, ramp={0: {"start": "2023-02-10"}})
        with pytest.raises(NotChecked):
            findings("ramp-after-readout", plan)


@pytest.mark.parametrize("share", ["99.99%", "1.0", "99.9%", "90%"])
def test_a_holdout_of_nearly_everybody_is_not_met_by_an_experiment_of_nobody(share: str) -> None:
    holdout = {**sound_value()["holdout"], "share": share}  # type: ignore[dict-item]
    rule = load("holdout-size")
    [finding] = findings_of(rule, plan_of({**sound_value(), "holdout": holdout}), rule.params())
    [remedy] = finding.remedies  # type: ignore[misc]
    assert [getattr(each, "path", None) for each in remedy.edits] == [("holdout", "share")]
