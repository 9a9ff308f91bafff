"""Kinds of files that public repositories have and the formats' pages do not show: each with a small file of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from egp.gate.moved import moved
from tests.rollouts.reading import read, told
from tests.rollouts.test_moved import treats


def flags(text: str, format: str, language: str = "json") -> dict[str, Any]:
    reading = read(text, format, language)
    assert [each.reason for each in reading.unread] == []
    return {each.flag.value: told(each) for each in reading.rollouts}


def flipt(namespace: str, share: int) -> str:
    thresholds = [{"threshold": {"percentage": share, "value": True}}]
    flag = {"key": f"{namespace}_flag", "name": "a flag", "type": "BOOLEAN_FLAG_TYPE", "enabled": False}
    return json.dumps({"namespace": namespace, "flags": [{**flag, "rollouts": thresholds}]}, indent=1)


def test_exports_of_flipt_are_several_namespaces_in_a_row() -> None:
    text = flipt("default", 10) + "\n" + flipt("shop", 45)
    found = flags(text, "flipt")
    assert found["default_flag"]["audiences"][0]["shares"] == {"true": "10%", "false": "90%"}
    assert found["shop_flag"]["audiences"][0]["shares"] == {"true": "45%", "false": "55%"}


def test_what_stands_in_the_second_has_the_line_that_it_has_in_the_file() -> None:
    text = flipt("default", 10) + "\n" + flipt("shop", 45)
    rollout = read(text, "flipt", "json").rollouts[1]
    (line,) = [at for at, each in enumerate(text.splitlines(), 1) if '"percentage": 45' in each]
    assert rollout.audiences[0].shares[0].at.start.line == line


def test_what_follows_a_document_and_is_no_json_is_not_read() -> None:
    reading = read(flipt("default", 10) + "\n{ not json", "flipt", "json")
    assert [each.reason for each in reading.unread]
    many = "\n".join(flipt(f"n{at}", 10) for at in range(51))
    assert [each.reason for each in read(many, "flipt", "json").unread]


def test_a_namespace_without_a_flag_is_nothing_to_read() -> None:
    assert (
        flags(
            'version: "1.4"\nnamespace: {key: default}\n---\n' + "{namespace: b, flags: []}\n",
            "flipt",
            "yaml",
        )
        == {}
    )


STATE = """\
{
  "namespace": {"key": "default"},
  "flags": [
    {
      "key": "pdp_buy_now", "enabled": true, "type": "VARIANT_FLAG_TYPE",
      "rules": [{
        "segmentOperator": "OR_SEGMENT_OPERATOR", "segments": [{"key": "staff"}],
        "distributions": [{"variantKey": "control", "rollout": 55}, {"variantKey": "buy_now", "rollout": 45}]
      }]
    },
    {
      "key": "fast", "enabled": false, "type": "BOOLEAN_FLAG_TYPE",
      "rollouts": [{"segment": {"value": true, "segmentOperator": "OR_SEGMENT_OPERATOR", "segments": [{"key": "staff"}]}}]
    }
  ]
}
"""


def test_what_flipt_sends_its_clients_is_of_segments_and_not_of_everybody() -> None:
    found = flags(STATE, "flipt")
    rules = found["pdp_buy_now"]["audiences"][0]
    assert (rules["condition"], rules["shares"]) == ("segment staff", {"control": "55%", "buy_now": "45%"})
    assert found["fast"]["audiences"][0]["condition"] == "segment staff"


def growthbook(rule: Mapping[str, object], **feature: object) -> str:
    environments = {name: {"enabled": True, "defaultValue": "control"} for name in ("production", "staging")}
    rule = {
        "type": "rollout",
        "enabled": True,
        "value": "buy_now",
        "coverage": 0.45,
        "hashAttribute": "id",
        **rule,
    }
    whole = {
        "id": "pdp_buy_now",
        "defaultValue": "control",
        "environments": environments,
        "rules": [rule],
        **feature,
    }
    return json.dumps({"features": [whole]})


def test_rules_of_all_environments_in_one_list_are_those_of_their_environments() -> None:
    scopes: list[dict[str, object]] = [
        {"allEnvironments": True},
        {},
        {"allEnvironments": False, "environments": ["production"]},
    ]
    for scope in scopes:
        (rule,) = flags(growthbook(scope), "growthbook")["pdp_buy_now"]["audiences"]
        assert rule["shares"] == {"buy_now": "45%", "control": "55%"}
    elsewhere = growthbook({"allEnvironments": False, "environments": ["staging"]})
    (rule,) = flags(elsewhere, "growthbook")["pdp_buy_now"]["audiences"]
    assert rule["shares"] == {"control": "100%"}


def test_a_rule_that_is_for_production_as_well_treats_units_there() -> None:
    staging = growthbook({"allEnvironments": False, "environments": ["staging"]})
    both = growthbook({"allEnvironments": True})
    before, after = (read(text, "growthbook", "json").rollouts[0] for text in (staging, both))
    assert moved(before, after, treats).kind == "raise"


def test_a_holdout_of_growthbook_that_is_taken_out_lets_units_in() -> None:
    scope = {"allEnvironments": True}
    held = growthbook(scope, holdout={"id": "hld_1", "value": "control"})
    before, after = (read(text, "growthbook", "json").rollouts[0] for text in (held, growthbook(scope)))
    assert [each.value for each in before.prerequisites] == ["hld_1"]
    assert moved(before, after, treats).kind == "raise"
    assert moved(after, before, treats).kind in ("none", "lower")


LAUNCHDARKLY_SUMMARY = {
    "variations": {"0": {"rules": 1, "targets": 0, "isFallthrough": True}, "1": {"rules": 0, "isOff": True}}
}


def launchdarkly(place: Mapping[str, Any]) -> dict[str, Any]:
    variations = [
        {"_id": "a", "value": True, "name": "buy_now"},
        {"_id": "b", "value": False, "name": "control"},
    ]
    return {"key": "pdp", "_version": 1, "variations": variations, "environments": {"production": {**place}}}


def told_of(answer: object) -> set[str]:
    """Why parts of it are not checked."""
    return {each.reason for each in read(json.dumps(answer, indent=1), "launchdarkly", "json").unread}


def rolled_out(share: int, **more: object) -> dict[str, Any]:
    weights = [{"variation": 0, "weight": share}, {"variation": 1, "weight": 100_000 - share}]
    return {"rollout": {"variations": weights, **more}}


def test_a_summary_of_launchdarkly_does_not_say_what_is_served() -> None:
    for summary in (
        {"on": True, "salt": "x", "_summary": LAUNCHDARKLY_SUMMARY},
        {"on": True, "salt": "x", "offVariation": 1, "_summary": LAUNCHDARKLY_SUMMARY},
        {"on": False, "salt": "x", "_summary": LAUNCHDARKLY_SUMMARY},
    ):
        for answer in (launchdarkly(summary), {"items": [launchdarkly(summary)], "totalCount": 1}):
            (reason,) = told_of(answer)
            assert reason.startswith("it is a summary")


def test_a_whole_answer_that_has_a_summary_as_well_is_read() -> None:
    whole = {"on": True, "offVariation": 1, "fallthrough": {"variation": 0}, "_summary": LAUNCHDARKLY_SUMMARY}
    assert flags(json.dumps(launchdarkly(whole)), "launchdarkly")["pdp"]["audiences"][0]["shares"] == {
        "buy_now": "100%"
    }


def test_a_flag_of_launchdarkly_that_is_off_serves_its_off_variation() -> None:
    assert not told_of(launchdarkly({"on": False, "offVariation": 1}))


def test_a_release_of_launchdarkly_raises_the_share_without_anybody() -> None:
    guarded = rolled_out(10_000, experimentAllocation={"type": "measuredRollout"})
    progressive = rolled_out(10_000, experimentAllocation={"type": "progressiveRollout"})
    configured = {**rolled_out(10_000), "progressiveRolloutConfig": {"steps": [{"rolloutWeight": 50_000}]}}
    clauses = [{"attribute": "country", "op": "in", "values": ["US"]}]
    for served, word in ((guarded, "guarded"), (progressive, "progressive"), (configured, "progressive")):
        for place in (
            {"fallthrough": served},
            {"fallthrough": {"variation": 1}, "rules": [{**served, "clauses": clauses}]},
        ):
            answer = launchdarkly({"on": True, "offVariation": 1, **place})
            reading = read(json.dumps(answer, indent=1), "launchdarkly", "json")
            (rollout,) = reading.rollouts
            assert told_of(answer) == {f"LaunchDarkly raises its share by itself, as a {word} rollout"}
            assert rollout.continuous is not None
            assert rollout.continuous.value == f"up by itself, as a {word} rollout"
            assert rollout.is_rolled_out


def test_an_experiment_of_launchdarkly_keeps_its_shares() -> None:
    experiment = rolled_out(45_000, kind="experiment", experimentAllocation={"type": "experiment"})
    answer = launchdarkly({"on": True, "offVariation": 1, "fallthrough": experiment})
    assert not told_of(answer)
