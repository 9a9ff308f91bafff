"""A plan metric by metric: as the rules see it, and what binds."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from egp import stats
from egp.plan.experiment import read_experiment
from egp.plan.power.plan import BY_DECISION, BY_PLAN, BY_POLICY, MetricRow, PlanPower, plan_power
from egp.rules.rule import load
from egp.yaml import read_text
from tests.power.asking import POLICY, ROOT, SOUND_PLAN, run
from tests.rules.examples import merged, sound_value


def power_of(change: object = None, floor: float | None = 0.8) -> PlanPower:
    """The power of the sound plan with this change."""
    document = read_text(json.dumps(merged(sound_value(), change or {}), indent=1))[0]
    return plan_power(read_experiment(document.value)[0], document, floor)


def row(plan: PlanPower, name: str) -> MetricRow:
    return next(each for each in plan.rows if each.name == name)


def needed(plan: PlanPower, name: str) -> int:
    units = row(plan, name).needed
    assert units is not None
    return math.ceil(units)


PRIMARY, REFUNDS, CONTACTS, LOAD = "add_to_cart_rate", "refund_rate", "cs_contacts", "p95_page_load"


def test_the_primary_needs_what_the_sample_size_rule_asks() -> None:
    assert needed(power_of(), PRIMARY) == 103_287
    assert needed(power_of({"statistics": {"variance_reduction": None}}), PRIMARY) == 137_716


@pytest.mark.parametrize(
    "change",
    [
        {"variants": {0: {"weight": "80%"}, 1: {"weight": "20%"}}},
        {
            "statistics": {
                "method": "group_sequential",
                "spending": "pocock",
                "looks": ["2023-01-30", "2023-02-06"],
            }
        },
        {"statistics": {"method": "always_valid"}},
        {"type": "non_inferiority", "primary_metric": {"mde": None, "non_inferiority_margin": "30bps"}},
        {"primary_metric": {"outcome_window": "3d", "judged_on": "matured_cohort"}},
    ],
    ids=["weights", "sequential", "always-valid", "non-inferiority", "matured"],
)
def test_every_design_needs_what_the_sample_size_rule_asks(change: dict[str, object]) -> None:
    units = needed(power_of(change), PRIMARY)
    enough, short = ({**change, "sample_size_per_variant": size} for size in (units, units - 1))
    assert not findings_of_sample_size(enough)
    assert f"needs {units:,}" in findings_of_sample_size(short)[0]


def findings_of_sample_size(change: object) -> list[str]:
    plan = read_experiment(merged(sound_value(), change))[0]
    return [finding.message for finding in load("sample-size").check(plan)]


def test_a_matured_cohort_is_half_of_the_sample() -> None:
    test = stats.PlannedTest(
        "proportion", 0.031, sides=1, margin=0.08 * 0.031, harm="increase", relative=True
    )
    control = stats.required_units(test, 0.0, 0.8).control
    refunds = row(power_of(), REFUNDS)
    assert refunds.needed == pytest.approx(2 * control)
    assert refunds.power == pytest.approx(stats.achieved_power(test, 0.0, 73_500))
    assert refunds.detectable == pytest.approx(stats.detectable_margin(test, 0.8, 73_500))
    # 41,000 users in one day and 340,000 in 14, of which 153,000 are in the variant; those of the last week have not matured.
    power = math.log(340_000 / 41_000) / math.log(14)
    assert refunds.days is not None
    assert 153_000 * (refunds.days / 14) ** power * (1 - 7 / refunds.days) == pytest.approx(control)


def test_the_metric_that_needs_most_binds() -> None:
    binding = power_of().binding
    assert binding is not None
    assert binding.name == REFUNDS
    wider = power_of({"guardrail_metrics": {0: {"non_inferiority_margin": "20%"}}}).binding
    assert wider is not None
    assert wider.name == PRIMARY


def test_what_binds_among_the_known_is_said_to_be_that(tmp_path: Path) -> None:
    text = SOUND_PLAN.read_text(encoding="utf-8").replace("mde: 45bps", "mde: 0.0045")
    result = run(written(tmp_path, text), "--policy", str(POLICY))
    assert result.status == 0
    assert "refund_rate binds among the metrics whose need is known; that of 1 metric is not." in " ".join(
        result.out.split()
    )
    assert "add_to_cart_rate: not computed: needs `primary_metric.mde`" in result.out
    assert power_of().unknown_needs == 0
    assert power_of({"type": "rollout"}).unknown_needs == 0


def test_power_is_asked_by_policy_plan_or_decision() -> None:
    assert {row(power_of(), name).asked_by for name in (REFUNDS, CONTACTS, LOAD)} == {BY_POLICY}
    assert row(power_of(), PRIMARY).asked_by == BY_PLAN
    without = power_of(floor=None)
    assert (row(without, REFUNDS).asked, row(without, REFUNDS).asked_by) == (0.95, BY_PLAN)
    decision = power_of({"statistics": {"power_scope": "decision"}})
    assert [each.asked_by for each in decision.rows] == [BY_DECISION] * 4
    assert [each.asked for each in decision.rows] == pytest.approx([0.9875] * 4)
    assert needed(decision, PRIMARY) > 103_287


def test_all_guardrails_together() -> None:
    powers = [each.power or 0.0 for each in power_of().rows if each.role == "guardrail"]
    assert len(powers) == 3
    assert power_of().guardrails_together == pytest.approx(math.prod(powers))


def test_co_primaries_have_rows_of_their_own() -> None:
    revenue = {
        "id": "revenue", "kind": "mean", "direction": "increase", "baseline": "3.20 USD", "std_dev": "14 USD", "mde": "5%",
    }  # fmt: skip
    found = row(power_of({"co_primary_metrics": [revenue]}), "revenue")
    expected = stats.required_units(stats.PlannedTest("mean", 3.2, 14.0), 0.16, 0.95).control
    assert (found.role, found.unit) == ("co-primary", "USD")
    assert found.needed == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "name", "needs"),
    [
        ({"guardrail_metrics": {1: {"std_dev": None}}}, CONTACTS, "/guardrail_metrics/1/std_dev"),
        ({"guardrail_metrics": {1: {"baseline": None}}}, CONTACTS, "/guardrail_metrics/1/baseline"),
        (
            {"guardrail_metrics": {2: {"non_inferiority_margin": None}}},
            LOAD,
            "/guardrail_metrics/2/non_inferiority_margin",
        ),
        (
            {"guardrail_metrics": {0: {"outcome_window": "15d"}}},
            REFUNDS,
            "/guardrail_metrics/0/outcome_window",
        ),
        ({"guardrail_metrics": {1: {"segment": "new"}}}, CONTACTS, "/guardrail_metrics/1/segment_share"),
        ({"primary_metric": {"mde": None}}, PRIMARY, "/primary_metric/mde"),
        ({"statistics": {"method": "group_sequential", "spending": None}}, PRIMARY, "/statistics/spending"),
    ],
)
def test_what_is_missing_is_named(change: object, name: str, needs: str) -> None:
    plan = power_of(change)
    found = row(plan, name)
    assert not found.is_computed
    assert needs in found.needs
    assert all(each.is_computed for each in plan.rows if each.name != name)


@pytest.mark.parametrize(
    ("come", "says"),
    [
        (190_000, "147,000, which would be enough, but only 85,500 come."),
        (310_000, "147,000, of which only 139,500 come, enough."),
        (500_000, "147,000, enough."),
    ],
)
def test_units_that_do_not_come_are_not_called_enough(tmp_path: Path, come: int, says: str) -> None:
    text = re.sub(
        r"distinct_over_run: [\d_]+", f"distinct_over_run: {come}", SOUND_PLAN.read_text(encoding="utf-8")
    )
    result = run(written(tmp_path, text), "--policy", str(POLICY))
    assert f"the plan declares {says}" in " ".join(result.out.split())


def test_without_a_sample_size_the_needs_stand() -> None:
    plan = power_of({"sample_size_per_variant": None})
    assert plan.declared is None
    assert needed(plan, PRIMARY) == 103_287
    assert {each.power for each in plan.rows} == {None}
    assert row(plan, PRIMARY).needs == ("/sample_size_per_variant",)


def test_without_traffic_there_are_no_days() -> None:
    plan = power_of({"eligible_units": None})
    assert {each.days for each in plan.rows} == {None}
    assert needed(plan, PRIMARY) == 103_287


def test_impossible_numbers_have_a_reason() -> None:
    found = row(power_of({"guardrail_metrics": {0: {"baseline": "97%"}}}), REFUNDS)
    assert not found.is_computed
    assert "cannot increase by" in found.reason


def test_a_rollout_tests_no_primary() -> None:
    plan = power_of({"type": "rollout"})
    assert row(plan, PRIMARY).reason == "a rollout does not test it"
    assert row(plan, REFUNDS).is_computed


def written(folder: Path, text: str) -> str:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_policy_decides_about_guardrails(tmp_path: Path) -> None:
    strict = tmp_path / "policy.yaml"
    strict.write_text(POLICY.read_text(encoding="utf-8").replace("80%", "90%"), encoding="utf-8")
    (plan,) = run(str(SOUND_PLAN), "--policy", str(strict), "--format", "json").json["plans"]
    assert [each["power_asked"] for each in plan["metrics"]] == [0.95, 0.9, 0.9, 0.9]


def test_the_shipped_policy_by_default() -> None:
    result = run(str(ROOT / "examples" / "experiments" / "pdp-buy-now.yaml"), "--policy", "egp:standard")
    assert result.status == 0
    assert result.out.startswith("pdp-buy-now: refund_rate binds. It needs 130,578 units")
    assert "policy egp:standard" in result.out


def test_a_plan_without_any_number_is_not_judged(tmp_path: Path) -> None:
    result = run(written(tmp_path, "id: empty\nprimary_metric: {id: clicks}\n"), "--policy", str(POLICY))
    assert result.status == 2
    assert "no metric's need could be computed" in result.out
    assert "clicks: not computed: needs" in result.out


@pytest.mark.parametrize("text", ["", "- 1\n", "id: [\n", "id: x\nid: y\n", "\x00"])
def test_what_is_no_plan_is_a_failure(tmp_path: Path, text: str) -> None:
    result = run(written(tmp_path, text), "--policy", str(POLICY), "--format", "json")
    assert result.status == 2
    assert "cannot judge" in result.err
    assert result.json["plans"] == []
    assert len(result.json["errors"]) == 1


def test_a_file_that_is_not_there() -> None:
    result = run("no-such-plan.yaml", "--policy", str(POLICY))
    assert (result.status, result.out) == (2, "")
    assert "there is no such file" in result.err


def test_every_document_of_a_file(tmp_path: Path) -> None:
    text = SOUND_PLAN.read_text(encoding="utf-8")
    result = run(
        written(tmp_path, f"{text}---\n{text.replace('sound-plan', 'second')}"), "--policy", str(POLICY)
    )
    assert result.status == 0
    assert result.out.count(" binds.") == 2


def test_names_are_safe_to_print(tmp_path: Path) -> None:
    text = SOUND_PLAN.read_text(encoding="utf-8").replace("id: refund_rate", 'id: "\\e[31mred"')
    result = run(written(tmp_path, text), "--policy", str(POLICY))
    assert "\x1b" not in result.out + result.err


def test_a_run_takes_longer_exactly_where_too_few_units_come() -> None:
    """The days that a metric takes, and the units that come against those that it needs, are one answer."""
    for distinct in (200_000, 229_526, 260_000, 290_172, 290_200, 340_000):
        plan = power_of({"eligible_units": {"distinct_over_run": distinct}})
        for each in plan.rows:
            assert each.days is not None
            assert each.needed is not None
            assert plan.arriving is not None
            assert (each.days > 14) == (each.needed > plan.arriving), (each.name, distinct)
