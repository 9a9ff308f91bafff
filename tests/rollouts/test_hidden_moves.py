"""Raises that another reading of the same file hides: a key in another case, an archive, an encrypted part."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egp.record.rollouts.filled_in import RESPELT
from tests.rollouts.reading import read, told

FLAGD: dict[str, Any] = {
    "flags": {
        "pdp_buy_now": {
            "state": "ENABLED",
            "variants": {"control": False, "buy_now": True},
            "defaultVariant": "control",
            "targeting": {"fractional": [["buy_now", 45], ["control", 55]]},
        }
    }
}
GO_FEATURE_FLAG = {
    "pdp_buy_now": {
        "variations": {"control": False, "buy_now": True},
        "defaultRule": {"percentage": {"control": 55, "buy_now": 45}},
    }
}
FLIPT = {
    "namespace": "default",
    "flags": [
        {
            "key": "pdp_buy_now",
            "type": "VARIANT_FLAG_TYPE",
            "enabled": True,
            "variants": [{"key": "control"}, {"key": "buy_now"}],
            "rules": [
                {
                    "segment": "all",
                    "distributions": [{"variant": "control", "rollout": 55}, {"variant": "buy_now", "rollout": 45}],
                }
            ],
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("format", "flags", "key", "other"),
    [
        ("flagd", FLAGD, "targeting", "Targeting"),
        ("flagd", FLAGD, "flags", "FLAGS"),
        ("flagd", FLAGD, "state", "\u017ftate"),
        ("flagd", FLAGD, "defaultVariant", "defaultvariant"),
        ("go-feature-flag", GO_FEATURE_FLAG, "defaultRule", "DefaultRule"),
        ("go-feature-flag", GO_FEATURE_FLAG, "percentage", "Percentage"),
        ("go-feature-flag", GO_FEATURE_FLAG, "variations", "VARIATIONS"),
        ("flipt", FLIPT, "rollout", "Rollout"),
        ("flipt", FLIPT, "segment", "Segment"),
        ("flipt", FLIPT, "enabled", "ENABLED"),
    ],
)
def test_a_key_in_another_case_is_not_passed_over(format: str, flags: Any, key: str, other: str) -> None:
    whole = json.dumps(flags, indent=1)
    assert [each.reason for each in read(whole, format, "json").unread] == []
    beside, instead = (
        whole.replace(f'"{key}":', f'"{written}":', 1) for written in (f'{other}": 1, "{key}', other)
    )
    for text in (beside, instead):
        assert [each.reason for each in read(text, format, "json").unread] == [RESPELT], text


def test_names_that_people_give_may_have_any_case() -> None:
    flags = json.loads(json.dumps(GO_FEATURE_FLAG).replace("buy_now", "Percentage"))
    assert not read(json.dumps(flags), "go-feature-flag", "json").unread


@pytest.mark.parametrize("of_flag", [True, False, None])
@pytest.mark.parametrize("of_environment", [True, False, None])
def test_a_flag_of_launchdarkly_is_archived_wherever_it_says_so(of_flag: bool | None, of_environment: bool | None) -> None:  # fmt: skip
    place: dict[str, Any] = {"on": True, "offVariation": 1, "fallthrough": {"variation": 0}}
    flag: dict[str, Any] = {
        "key": "pdp",
        "kind": "boolean",
        "variations": [{"value": True}, {"value": False}],
    }
    if of_environment is not None:
        place["archived"] = of_environment
    if of_flag is not None:
        flag["archived"] = of_flag
    (rollout,) = read(json.dumps({**flag, "environments": {"production": place}}), "launchdarkly", "json").rollouts  # fmt: skip
    assert told(rollout)["enabled"] is not (of_flag or of_environment or False)


TERRAFORM = """\
resource "launchdarkly_feature_flag" "pdp" {
  project_key = "shop"
  key = "pdp"
  variation_type = "boolean"
  ARCHIVED
}
resource "launchdarkly_feature_flag_environment" "pdp" {
  flag_id = launchdarkly_feature_flag.pdp.id
  env_key = "production"
  on = true
  fallthrough { variation = 0 }
  off_variation = 1
}
"""


@pytest.mark.parametrize(
    ("archived", "enabled"),
    [("", True), ("archived = false", True), ("archived = true", False), ("archived = var.over", None)],
)
def test_a_flag_that_terraform_archives_is_off(archived: str, enabled: bool | None) -> None:
    pytest.importorskip("hcl2")
    reading = read(TERRAFORM.replace("ARCHIVED", archived), "launchdarkly-terraform", "hcl")
    (rollout,) = reading.rollouts
    assert told(rollout)["enabled"] is enabled
    assert bool(reading.unread) is (enabled is None)


@pytest.mark.parametrize(
    "said", [{"archived": True}, {"archivedAt": "2023-01-01T00:00:00Z"}, {"archived": "true"}]
)
@pytest.mark.parametrize("shape", ["sent", "exported"])
def test_a_feature_of_unleash_that_is_archived_is_not_read(said: dict[str, Any], shape: str) -> None:
    strategy = {
        "name": "flexibleRollout",
        "parameters": {"rollout": "45", "stickiness": "userId", "groupId": "g"},
    }
    feature: dict[str, Any] = {"name": "pdp", "enabled": True, "strategies": [strategy]}
    if shape == "exported":
        feature = {
            "name": "pdp",
            "environments": [{"name": "production", "enabled": True, "strategies": [strategy]}],
        }
    for written, is_read in (({}, True), (said, False), ({"archived": False, "archivedAt": None}, True)):
        reading = read(json.dumps({"version": 2, "features": [{**feature, **written}]}), "unleash", "json")
        assert bool(reading.unread) is not is_read, written


@pytest.mark.parametrize("key", ["encryptedFeatures", "encryptedSavedGroups"])
def test_what_is_encrypted_takes_the_place_of_what_can_be_read(key: str) -> None:
    features = {"pdp": {"defaultValue": False, "rules": [{"force": True}]}}
    assert not read(json.dumps({"features": features}), "growthbook", "json").unread
    for said in ("", None):
        assert not read(json.dumps({"features": features, key: said}), "growthbook", "json").unread
    for text in ({"features": features, key: "vMSg2Bj=="}, {key: "vMSg2Bj=="}):
        (unread,) = read(json.dumps(text), "growthbook", "json").unread
        assert "encrypted" in unread.reason
