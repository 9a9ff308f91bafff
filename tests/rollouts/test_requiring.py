"""A flag that others require changes: whom that lets in is followed across files, formats and territories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gate.calling import Call
from tests.rollouts.test_gate_changes import PLAN, READOUT, Shop
from tests.rollouts.test_gate_files import FILE, REQUIRED, REQUIRING, based

WIDER = REQUIRED.replace("90000", "50000").replace("10000", "50000")
LAUNCHDARKLY = '{files: "flags/*.ld.yaml", format: launchdarkly, environment: production}'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    (made.folder / FILE).unlink()
    made.take("day-14")
    return made


def answered(shop: Shop) -> tuple[int, str]:
    told: Call = shop.judged(READOUT)
    reasons = [" ".join(each["reasons"]) for each in json.loads(told.out)["moves"] if each["experiment"]]
    return told.status, "; ".join(reasons)


def test_of_another_line_of_the_policy(shop: Shop) -> None:
    lines = f"{LAUNCHDARKLY}\n  - {LAUNCHDARKLY.replace('flags/', 'common/')}"
    based(shop, {"flags/pdp.ld.yaml": REQUIRING, "common/all.ld.yaml": REQUIRED}, lines)
    shop.write("common/all.ld.yaml", WIDER)
    status, reasons = answered(shop)
    assert (status, "its prerequisite checkout_v2 changes" in reasons) == (2, True)


def test_of_another_territory(shop: Shop) -> None:
    based(shop, {"flags/pdp.ld.yaml": REQUIRING}, LAUNCHDARKLY)
    policy = (shop.folder / "egp.yaml").read_text(encoding="utf-8")
    shop.write("egp.yaml", f'{policy}delegates: ["team/**"]\n')
    team = f'extends: ["../egp.yaml"]\nplans: ["experiments/*.yaml"]\nrollouts: [{LAUNCHDARKLY}]\n'
    based(shop, {"team/egp.yaml": team, "team/flags/checkout.ld.yaml": REQUIRED})
    shop.write("team/flags/checkout.ld.yaml", WIDER)
    status, reasons = answered(shop)
    assert (status, "its prerequisite checkout_v2 changes" in reasons) == (2, True)
    shop.write("team/flags/checkout.ld.yaml", REQUIRED + "# ours\n")
    assert answered(shop) == (0, "")


BETWEEN = REQUIRED.replace("checkout_v2:", "checkout_v1:").replace(
    "    offVariation: 0\n", "    offVariation: 0\n    prerequisites: [{key: checkout_v2, variation: 1}]\n"
)


def test_of_one_that_is_required_by_the_one_required(shop: Shop) -> None:
    files = {
        "flags/pdp.ld.yaml": REQUIRING.replace("checkout_v2", "checkout_v1"),
        "flags/between.ld.yaml": BETWEEN,
        "flags/checkout.ld.yaml": REQUIRED,
    }
    based(shop, files, LAUNCHDARKLY)
    shop.write("flags/checkout.ld.yaml", WIDER)
    status, reasons = answered(shop)
    assert (status, "its prerequisite checkout_v1 requires one that changes" in reasons) == (2, True)


def test_a_flag_that_is_lowered_meanwhile_is_not_free(shop: Shop) -> None:
    based(shop, {"flags/pdp.ld.yaml": REQUIRING, "flags/checkout.ld.yaml": REQUIRED}, LAUNCHDARKLY)
    lower = REQUIRING.replace("55000", "56000").replace("45000", "44000")
    shop.write("flags/pdp.ld.yaml", lower)
    assert answered(shop)[0] == 0
    shop.write("flags/checkout.ld.yaml", WIDER)
    assert answered(shop)[0] == 2


def test_a_flag_that_is_raised_meanwhile_does_not_proceed(shop: Shop) -> None:
    based(shop, {"flags/pdp.ld.yaml": REQUIRING, "flags/checkout.ld.yaml": REQUIRED}, LAUNCHDARKLY)
    raised = REQUIRING.replace("55000", "30000").replace("45000", "70000")
    shop.write("flags/pdp.ld.yaml", raised)
    assert answered(shop)[0] == 0
    shop.write("flags/checkout.ld.yaml", WIDER)
    assert answered(shop)[0] == 2


def test_one_that_serves_the_treatment_to_whoever_lacks_a_prerequisite(shop: Shop) -> None:
    inverse = REQUIRING.replace("offVariation: 0", "offVariation: 1")
    based(shop, {"flags/pdp.ld.yaml": inverse, "flags/checkout.ld.yaml": REQUIRED}, LAUNCHDARKLY)
    shop.write("flags/checkout.ld.yaml", REQUIRED.replace("on: true", "on: false"))
    status, reasons = answered(shop)
    assert (status, "checkout_v2 is off now" in reasons) == (2, True)


UNLEASH = """\
features:
  - name: pdp_buy_now
    enabled: true
    dependencies: [{feature: old_checkout, enabled: false}]
    strategies: [{name: flexibleRollout, parameters: {rollout: "45", stickiness: userId, groupId: a}}]
  - {name: old_checkout, enabled: true, strategies: []}
"""
GROWTHBOOK = """\
features:
  pdp_buy_now:
    defaultValue: false
    rules: [{force: true, coverage: 0.45, hashAttribute: id, hashVersion: 2, parentConditions: [{id: old_checkout, condition: {value: CONDITION}, gate: true}]}]
  old_checkout: {defaultValue: true}
"""


@pytest.mark.parametrize(
    ("format", "text", "old", "new", "status"),
    [
        ("unleash", UNLEASH, "old_checkout, enabled: true,", "old_checkout, enabled: false,", 2),
        ("unleash", UNLEASH.replace("enabled: false}]", "enabled: true}]"), "old_checkout, enabled: true,", "old_checkout, enabled: false,", 0),
        ("growthbook", GROWTHBOOK.replace("CONDITION", "false"), "{defaultValue: true}", "{defaultValue: false}", 2),
        ("growthbook", GROWTHBOOK.replace("CONDITION", "false"), "{defaultValue: true}", "{defaultValue: true, archived: true}", 2),
        ("growthbook", GROWTHBOOK.replace("CONDITION", "true"), "{defaultValue: true}", "{defaultValue: true, archived: true}", 0),
    ],
)  # fmt: skip
def test_a_flag_may_require_that_another_one_is_off(
    shop: Shop, format: str, text: str, old: str, new: str, status: int
) -> None:
    line = f'{{files: "flags/*.any.yaml", format: {format}, environment: production}}'
    based(shop, {"flags/all.any.yaml": text}, line)
    assert old in text
    shop.write("flags/all.any.yaml", text.replace(old, new))
    assert answered(shop)[0] == status


TERRAFORM = """\
resource "launchdarkly_feature_flag" "buy" {
  key            = "pdp_buy_now"
  variation_type = "boolean"
}
resource "launchdarkly_feature_flag" "checkout" {
  key            = "checkout_v2"
  variation_type = "boolean"
}
resource "launchdarkly_feature_flag_environment" "buy" {
  flag_id = launchdarkly_feature_flag.buy.id
  env_key = "production"
  on      = true
  prerequisites {
    flag_key  = launchdarkly_feature_flag.checkout.key
    variation = 0
  }
  fallthrough {
    rollout_weights = [45000, 55000]
  }
  off_variation = 1
}
resource "launchdarkly_feature_flag_environment" "checkout" {
  flag_id = launchdarkly_feature_flag.checkout.id
  env_key = "production"
  on      = true
  fallthrough {
    rollout_weights = [10000, 90000]
  }
  off_variation = 1
}
"""


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("launchdarkly_feature_flag.checkout.key", "its prerequisite checkout_v2 changes"),
        ('"${launchdarkly_feature_flag.checkout.key}"', "its prerequisite checkout_v2 changes"),
        ('"checkout_v2"', "its prerequisite checkout_v2 changes"),
        ("var.required", "its prerequisite is computed elsewhere, checkout_v2 changes"),
        ("module.flags.checkout_key", "its prerequisite is computed elsewhere, checkout_v2 changes"),
    ],
)
def test_terraform_names_it_by_reference(shop: Shop, key: str, says: str) -> None:
    text = TERRAFORM.replace("launchdarkly_feature_flag.checkout.key", key)
    line = '{files: "flags/*.tf", format: launchdarkly-terraform, environment: production}'
    based(shop, {"flags/all.tf": text}, line)
    shop.write("flags/all.tf", text.replace("[10000, 90000]", "[50000, 50000]"))
    status, reasons = answered(shop)
    assert (status, says in reasons) == (2, True), reasons


def test_the_plan_of_a_flag_that_nothing_lets_in_is_left_alone(shop: Shop) -> None:
    based(
        shop,
        {"flags/pdp.ld.yaml": REQUIRING, "flags/more.ld.yaml": WIDER.replace("_v2", "_v9")},
        LAUNCHDARKLY,
    )
    shop.write("flags/more.ld.yaml", REQUIRED.replace("_v2", "_v9"))
    assert answered(shop) == (0, "")
    assert (shop.folder / PLAN).exists()
