"""Defaults: what completes a plan, from which day, and how a finding about it reads."""

from __future__ import annotations

from datetime import date

import pytest

from egp.plan.completing import read_plan
from egp.plan.experiment import Experiment
from egp.policy.reading import read_policy
from egp.policy.resolving import resolved
from egp.yaml import Document, read_file
from tests.integrity.team import SOUND_PLAN
from tests.metrics.shop import PLAN, Shop

TODAY = date(2023, 1, 17)


def document(shop: Shop, as_of: date = TODAY) -> Document:
    policy = read_policy(str(shop.root / "egp.yaml"), "egp.yaml")
    return resolved(read_file(str(shop.root / PLAN), PLAN)[0], policy, PLAN, as_of, None)


def plan(shop: Shop, as_of: date = TODAY) -> Experiment:
    found, problems = read_plan(document(shop, as_of))
    assert problems == []
    return found


def test_the_plan_of_the_shop_is_short_and_has_nothing_to_correct(shop: Shop) -> None:
    assert len(shop.read(PLAN).splitlines()) <= 35
    assert shop.found() == []


def test_a_key_that_the_plan_lacks_is_supplied(shop: Shop) -> None:
    found = plan(shop)
    assert found.type == "superiority"
    assert found.statistics
    assert found.statistics.power == 0.95
    assert [stage.treated for stage in found.ramp] == [0.70, 0.90]


def test_days_follow_from_lengths(shop: Shop) -> None:
    found = plan(shop)
    assert found.schedule
    assert found.schedule.end == date(2023, 2, 5)
    assert found.holdout
    # Readout on 2023-02-06, four days of ramp, 90 days beyond it are a Thursday.
    assert found.holdout.until == date(2023, 5, 11)
    shop.edit(PLAN, "start: 2023-01-23", "start: 2023-01-25")
    # Two days later they are a Saturday.
    assert plan(shop).holdout.until == date(2023, 5, 15)  # type: ignore[union-attr]


def test_a_run_that_starts_at_an_instant_ends_at_one(shop: Shop) -> None:
    shop.edit(PLAN, "start: 2023-01-23", "start: 2023-01-23T08:00:00-08:00")
    assert str(plan(shop).schedule.end) == "2023-02-06 08:00:00-08:00"  # type: ignore[union-attr]


def test_what_the_plan_says_stands(shop: Shop) -> None:
    shop.edit(PLAN, "start: 2023-01-23", "start: 2023-01-23, end: 2023-02-12")
    shop.edit(PLAN, "registered:", "statistics: {power: 90%}\nholdout: {until: 2023-06-01}\nregistered:")
    found = plan(shop)
    assert found.schedule and found.statistics and found.holdout  # noqa: PT018
    assert (found.schedule.end, found.schedule.exposure) == (date(2023, 2, 12), 0.9)
    assert (found.statistics.power, found.statistics.alpha) == (0.9, 0.05)
    assert (found.holdout.until, found.holdout.share) == (date(2023, 6, 1), 0.1)


def test_lists_with_ids_are_completed_item_by_item(shop: Shop) -> None:
    shop.edit(PLAN, "  - {id: p95", "  - {id: returns, kind: proportion, baseline: 2%}\n  - {id: p95")
    found = {str(each.id): each for each in plan(shop).guardrail_metrics}
    assert [*found] == ["refund_rate", "returns", "p95_page_load"]
    margin = found["refund_rate"].non_inferiority_margin
    assert str(margin) == "10%"
    assert str(found["refund_rate"].baseline) == "4.6%"
    assert found["returns"].non_inferiority_margin is None


def test_a_stop_rule_of_the_plan_stands_as_it_is(shop: Shop) -> None:
    rule = "{id: slow, metric: p95_page_load, harm_exceeds: 10%, for: 2d, min_units_per_variant: 5_000, action: rollback}"
    shop.edit(PLAN, "registered:", f"stop_rules: [{rule}]\nregistered:")
    slow, refunds = plan(shop).stop_rules
    assert (slow.significant_harm_for, slow.min_units_per_variant) == (None, 5_000)
    assert refunds.id == "refunds"


def test_other_lists_are_taken_as_a_whole(shop: Shop) -> None:
    shop.edit(PLAN, "registered:", "ramp: [{treated: 90%}]\nregistered:")
    (stage,) = plan(shop).ramp
    assert stage.min_dwell is None


def test_an_empty_key_leaves_a_default_out(shop: Shop) -> None:
    shop.edit(PLAN, "registered:", "escalation:\nregistered:")
    assert plan(shop).escalation is None
    assert [(each.rule, each.message[:8]) for each in shop.found()] == [("escalation-path", "the plan")]


def test_a_reason_for_having_none_is_no_part_of_what_there_is(shop: Shop) -> None:
    shop.edit(PLAN, "registered:", "holdout: {none: too few units}\nregistered:")
    holdout = plan(shop).holdout
    assert holdout
    assert (holdout.none, holdout.share, holdout.until) == ("too few units", None, None)


def test_the_catalogue_says_what_a_metric_is(shop: Shop) -> None:
    found = plan(shop)
    assert found.primary_metric
    assert (found.primary_metric.kind, found.primary_metric.direction) == ("proportion", "increase")
    assert [each.kind for each in found.guardrail_metrics] == ["proportion", "quantile"]


def test_a_finding_about_a_default_points_at_its_line_and_offers_an_edit_of_the_plan(shop: Shop) -> None:
    shop.edit("egp.yaml", "power: 95%", "power: 90%")
    found = {each.rule: each for each in shop.found()}["power-floor"]
    assert found.where == shop.line_of("egp.yaml", "power: 90%")
    assert found.help.startswith(f"in {PLAN} set `statistics.power: 95%`")
    (diagnostic,) = (each for each in shop.report()["diagnostics"] if each["rule"] == "power-floor")
    assert diagnostic["pointer"] == "/statistics/power"
    (related,) = diagnostic["related"]
    assert (related["path"], related["label"]) == (PLAN, "the plan leaves it open")


def test_what_is_fixed_is_the_plan(shop: Shop) -> None:
    before = shop.read("egp.yaml")
    shop.edit("egp.yaml", "  holdout: {share: 10%, for: 90d}\n", "")
    shop.edit("egp.yaml", "non_inferiority_margin: 10%", "non_inferiority_margin: 40%")
    messages = {each.rule: each.help for each in shop.found()}
    assert "`guardrail_metrics[0].non_inferiority_margin: 10%`" in messages["guardrail-margin"]
    assert messages["holdout-size"].startswith("add `holdout: {share:")
    assert shop.read("egp.yaml") != before


def test_an_item_that_only_the_policy_lists_is_answered_by_one_of_the_plan(shop: Shop) -> None:
    shop.edit("egp.yaml", "non_inferiority_margin: 10%", "non_inferiority_margin: 40%")
    shop.edit(
        PLAN,
        '  - {id: refund_rate, baseline: 4.6%, baseline_source: {from: "refunds, 28 days", as_of: 2023-01-10}}\n',
        "",
    )
    help = {each.rule: each.help for each in shop.found()}["guardrail-margin"]
    assert (
        f"in {PLAN} add `- {{id: refund_rate, non_inferiority_margin: 10%}}` to `guardrail_metrics`" in help
    )


def test_a_stage_of_a_ramp_is_changed_with_the_whole_ramp(shop: Shop) -> None:
    shop.edit("egp.yaml", "ramp: [{treated: 70%, min_dwell: 48h}", "ramp: [{treated: 70%, min_dwell: 24h}")
    help = {each.rule: each.help for each in shop.found()}["stage-dwell"]
    assert "set `ramp: [{treated: 70%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]`" in help


def test_defaults_differ_by_tier(shop: Shop) -> None:
    shop.edit(PLAN, "[pdp.mobile]", "[checkout.pay]")
    found = plan(shop)
    assert found.holdout and found.statistics  # noqa: PT018
    assert (found.holdout.share, found.statistics.power) == (0.2, 0.95)
    assert [stage.treated for stage in found.ramp] == [0.5, 0.8]


def test_and_by_path(shop: Shop) -> None:
    shop.edit("egp.yaml", "when: {tier: critical}", 'paths: ["experiments/**"]')
    assert plan(shop).holdout.share == 0.2  # type: ignore[union-attr]


@pytest.mark.parametrize("when", ["type: rollout", "team: pdp", "risk: revenue", "layer: pdp"])
def test_but_not_by_what_an_author_chooses(shop: Shop, when: str) -> None:
    shop.edit("egp.yaml", "when: {tier: critical}", f"when: {{{when}}}")
    assert [message for _, message in shop.mistakes()] == [
        "the policy is invalid: what plans need not say may differ by path and tier, not by what their author chooses"
    ]


DATED = """\
defaults:
  - {statistics: {power: 95%, alpha: 5%}}
  - {from: 2023-02-01, statistics: {power: 99%}}
"""


def test_defaults_change_on_a_day(shop: Shop) -> None:
    shop.write("egp.yaml", f'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n{DATED}')
    shop.edit(PLAN, "id: mobile", "type: superiority\nid: mobile")
    for day, power in ((date(2023, 1, 31), 0.95), (date(2023, 2, 1), 0.99)):
        found, _ = read_plan(document(shop, day))
        assert found.statistics
        assert (found.statistics.power, found.statistics.alpha) == (power, 0.05)


REJECTED = {
    "unknown key": ("{statistcs: {power: 95%}}", "did you mean `statistics`?"),
    "unknown key below": ("{statistics: {powr: 95%}}", "did you mean `power`?"),
    "bare change": ("{guardrail_metrics: [{id: a, non_inferiority_margin: 0.08}]}", "non_inferiority_margin"),
    "a plan's own": ("{primary_metric: {id: a}}", "unknown key `primary_metric`"),
    "no length of days": ("{schedule: {length: 36h}}", "is no number of days"),
    "no time": ("{holdout: {for: 0d}}", "is less than a day"),
    "no day": ("[{type: rollout}, {type: superiority}]", "does not say from which day it holds"),
    "no order": (
        "[{from: 2023-02-01, type: rollout}, {from: 2023-01-01, type: rollout}]",
        "does not come after",
    ),
    "retroactive": ("[{from: 2023-02-01, retroactive: true, type: rollout}]", "unknown key `retroactive`"),
    "nothing": ("[]", "is an empty list"),
    "text": ("strict", "where a mapping of keys is meant"),
}


@pytest.mark.parametrize(("written", "message"), REJECTED.values(), ids=REJECTED)
def test_rejected(shop: Shop, written: str, message: str) -> None:
    shop.write("egp.yaml", f'extends: ["egp:standard"]\ndefaults: {written}\n')
    places, messages = zip(*shop.mistakes(), strict=True)
    assert any(message in each for each in messages), messages
    assert set(places) == {"egp.yaml:2"}


def test_a_long_plan_goes_on_without_any(shop: Shop) -> None:
    (shop.root / PLAN).unlink()
    long = SOUND_PLAN.read_text(encoding="utf-8")
    shop.write("experiments/long.yaml", long)
    assert {each.rule for each in shop.found()} <= {"known-metric"}
