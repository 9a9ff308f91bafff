"""Kinds of files that public repositories have and the formats' pages do not show: each with a small file of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from egp.gate.moved import moved
from egp.record.rollouts.reading import RolloutFile, read_rollouts
from tests.rollouts.reading import read, told
from tests.rollouts.test_moved import treats
from tests.rollouts.test_mutations import CLEAN


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


def test_what_launchdarkly_answers_about_anything_else_is_no_flag() -> None:
    project = {"key": "default", "name": "Project", "includeInSnippetByDefault": True, "tags": ["ops"]}
    environment = {"key": "production", "name": "Production", "color": "fff", "apiKey": "sdk"}
    segment = {"key": "beta", "name": "Beta", "included": ["a"], "excluded": [], "rules": []}
    within = {**project, "environments": {"items": [environment], "totalCount": 1}}
    for answer in (project, environment, segment, within):
        (reason,) = told_of({"items": [answer], "totalCount": 1})
        assert reason.startswith(
            f"{answer['key']} is no flag: it has neither variations nor anything that is served"
        )


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


def seeded(*rules: Mapping[str, object]) -> str:
    """What is not checked of rules in a row, by one attribute."""
    whole = [{"hashAttribute": "id", **each} for each in rules]
    text = json.dumps({"features": {"flag": {"defaultValue": "control", "rules": whole}}})
    return read(text, "growthbook", "json").rollouts[0].audiences[-1].unread


def test_rules_of_growthbook_whose_seeds_decide_about_each_other_are_not_read() -> None:
    first = {"force": "buy", "seed": "one", "coverage": 0.5}
    second = {"force": "buy", "seed": "two", "coverage": 0.5}
    assert seeded(first, second) == (
        "rule 1 and rule 2 hash id by version 1 with seeds of one length, one and two, so that either decides about the other; "
        "`hashVersion: 2` in one of them, or a seed of another length, makes the shares known"
    )
    known = [
        ({**first, "hashVersion": 2}, second), (first, {**second, "hashVersion": 2}), (first, {**second, "seed": "three"}),
        (first, {**second, "seed": "one"}), (first, {**second, "hashAttribute": "account"}), (first, {**second, "coverage": 1}),
        ({**first, "coverage": 0}, second), ({**first, "coverage": 1}, second),
    ]  # fmt: skip
    assert [seeded(*each) for each in known] == [""] * len(known)
    emoji = {**first, "seed": "\N{PARTY POPPER}"}
    assert seeded(emoji, {**second, "seed": "ab"}), "SDKs count in units of UTF-16"
    assert seeded(emoji, {**second, "seed": "a"}) == ""


def test_a_namespace_of_growthbook_hashes_by_the_first_version() -> None:
    spaced = {"key": "pricing-v", "variations": ["control", "buy"], "namespace": ["pricing", 0, 0.4]}
    assert seeded(spaced).startswith("the namespace pricing of rule 1 and rule 1 hash id by version 1")
    assert seeded({**spaced, "hashVersion": 2}) == seeded({**spaced, "key": "pricing"}) == ""
    assert seeded({**spaced, "namespace": ["pricing", 0, 1]}) == ""


def test_a_seed_hashed_by_both_versions_divides_the_units_twice() -> None:
    first = {"force": "buy", "seed": "one", "coverage": 0.5}
    rules = [{"hashAttribute": "id", **each} for each in (first, {**first, "hashVersion": 2})]
    text = json.dumps({"features": {"flag": {"defaultValue": "control", "rules": rules}}})
    assert flags(text, "growthbook")["flag"]["audiences"][-1]["shares"] == {"buy": "75%", "control": "25%"}


def test_what_no_sdk_hashes_by_and_what_a_bandit_keeps_are_not_read() -> None:
    assert (
        seeded({"force": "buy", "coverage": 0.5, "hashVersion": 3}) == "its `hashVersion` is neither 1 nor 2"
    )
    bandit = {"contextualVariations": ["control", "buy"], "force": None}
    assert seeded(bandit) == "a contextual bandit has the weights"
    odd = {
        "force": "buy",
        "coverage": 0.5,
        "filters": [{"seed": "f", "ranges": [[0, 0.5]], "hashVersion": 3}],
    }
    assert seeded(odd) == "a filter's `hashVersion` is neither 1 nor 2"


def test_a_flag_after_the_two_thousandth_is_read_as_well_and_a_flag_with_more_rules_is_not() -> None:
    many = {f"flag_{number}": {"defaultValue": number % 2 == 0} for number in range(2_100)}
    assert len(flags(json.dumps({"features": many}), "growthbook")) == 2_100
    rules = [{"force": "control", "condition": {"id": f"{number}"}} for number in range(2_000)]
    assert seeded(*rules, {"force": "buy"}) == "it has more than 2,000 rules"


def test_a_pair_of_escapes_is_one_character_and_what_follows_stays_where_it_is() -> None:
    feature = {
        "defaultValue": "\N{PARTY POPPER}\N{PARTY POPPER} ok",
        "rules": [{"force": "buy", "coverage": 0.5}],
    }
    text = json.dumps({"features": {"\N{PARTY POPPER}": feature}})
    (rollout,) = read(text, "growthbook", "json").rollouts
    assert (rollout.flag.value, rollout.default and rollout.default.value) == (
        "\N{PARTY POPPER}",
        "\N{PARTY POPPER}\N{PARTY POPPER} ok",
    )
    assert rollout.audiences[-1].shares[0].at.start.column == text.index("0.5") + 1


def test_a_feature_whose_parent_leaves_units_by_the_same_hash_is_not_read() -> None:
    parent = {"defaultValue": False, "rules": [{"force": True, "coverage": 0.5, "seed": "one"}]}
    child = {
        "force": True,
        "coverage": 0.5,
        "seed": "one",
        "parentConditions": [{"id": "parent", "condition": {"value": True}}],
    }

    def unread(**changed: object) -> set[str]:
        features = {"parent": parent, "child": {"defaultValue": False, "rules": [{**child, **changed}]}}
        return {each.reason for each in read(json.dumps({"features": features}), "growthbook", "json").unread}

    (same,) = unread()
    assert same.startswith("rule 1 of parent and rule 1 hash id with one seed, one, so that either decides")
    (alike,) = unread(seed="two")
    assert alike.startswith(
        "rule 1 of parent and rule 1 hash id by version 1 with seeds of one length, one and two"
    )
    assert unread(seed="three") == unread(seed="two", hashVersion=2) == unread(coverage=1) == set()
    assert unread(parentConditions=[]) == unread(parentConditions=[{"id": "elsewhere"}]) == set()


FILLED_IN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "flagd": (("state: ENABLED", "state: {}"), ("defaultVariant: control", "defaultVariant: {}")),
    "go-feature-flag": (("bucketingKey: user_id", "bucketingKey: {}"), ("  default", "  disable: {}\n  default")),
    "launchdarkly": (("on: true", "on: {}"), ("salt: a1", "salt: {}"), ("offVariation: 0", "offVariation: {}"), ("{variation: 1,", "{variation: {},")),
    "growthbook": (("hashAttribute: user_id", "hashAttribute: {}"), ("key: pdp-buy-now", "seed: {}"), ("    rules", "    archived: {}\n    rules")),
    "unleash": (("enabled: true", "enabled: {}"), ("stickiness: userId", "stickiness: {}"), ("buy_now, weight: 500", "buy_now, weight: {}")),
    "flipt": (("enabled: true", "enabled: {}"), ("type: VARIANT_FLAG_TYPE", "type: {}"), ("segment: everyone", "segment: {}")),
}  # fmt: skip
"""Format → keys by which a flag of it is served, as the clean file has them."""

SWITCHES = ("on: {}", "disable: {}", "enabled: {}", "archived: {}")


@pytest.mark.parametrize("format", FILLED_IN)
def test_what_a_template_fills_in_or_is_neither_true_nor_false_is_not_read(format: str) -> None:
    for written, key in FILLED_IN[format]:
        switched = key.strip().startswith(SWITCHES)
        for odd in ('"{{ .Values.x }}"', *(('"true"', "1", "{}") if switched else ())):
            assert written in CLEAN[format]
            reading = read(CLEAN[format].replace(written, key.replace("{}", odd), 1), format)
            assert reading.unread, (key, odd)
            assert all(each.unread for rollout in reading.rollouts for each in rollout.audiences), (key, odd)
            assert all(rollout.is_on for rollout in reading.rollouts), (key, odd)


def test_what_an_application_gets_may_hold_what_templates_do() -> None:
    flagd = CLEAN["flagd"].replace("buy_now: true", 'buy_now: "Hello ${name}"')
    launchdarkly = CLEAN["launchdarkly"].replace("{value: true,", '{value: "Hello {{name}}",')
    go = CLEAN["go-feature-flag"].replace("buy_now: true", 'buy_now: "Hello ${name}"')
    texts = {"flagd": flagd, "launchdarkly": launchdarkly, "go-feature-flag": go}
    for format, text in texts.items():
        assert text != CLEAN[format]
        assert not read(text, format).unread


BARE = """\
{
  "pdp_buy_now": {
    "defaultValue": "Buy",
    "rules": [{"coverage": 1, "hashAttribute": "id", "hashVersion": 2, "seed": "a1", "variations": ["Buy", "Buy now"], "weights": [0.55, 0.45], "key": "pdp"}]
  },
  "dark_mode": {"rules": [{"condition": {"loggedIn": true}, "force": true}]}
}
"""


def test_features_of_growthbook_may_stand_alone_as_an_sdk_takes_them() -> None:
    found = flags(BARE, "growthbook")
    assert found["pdp_buy_now"]["audiences"][0]["shares"] == {"Buy": "55%", "Buy now": "45%"}
    assert set(found) == {"pdp_buy_now", "dark_mode"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"defaultValue": 5, "rules": [{"force": 3}]}', "it has no `features`"),
        ('{"settings": {"a": 1}, "pdp": {"defaultValue": 1}}', "it has no `features`"),
        ('{"feature": [["a case", {"features": {}}]]}', "it lists what is no feature with an `id`"),
    ],
)
def test_what_is_no_payload_of_growthbook_says_so(text: str, reason: str) -> None:
    assert [each.reason for each in read(text, "growthbook", "json").unread] == [reason]


ENVIRONMENTS = """\
resource "launchdarkly_environment" "live" {
  key = "production"
}
data "launchdarkly_environment" "trial" {
  key = "staging"
}
resource "launchdarkly_feature_flag" "this" {
  key            = "pdp_buy_now"
  variation_type = "boolean"
}
resource "launchdarkly_feature_flag_environment" "live" {
  flag_id = launchdarkly_feature_flag.this.id
  env_key = launchdarkly_environment.live.key
  on      = true
  fallthrough {
    rollout_weights = [45000, 55000]
  }
  off_variation = 1
}
resource "launchdarkly_feature_flag_environment" "trial" {
  flag_id = launchdarkly_feature_flag.this.id
  env_key = data.launchdarkly_environment.trial.key
  on      = true
  fallthrough {
    variation = 0
  }
  off_variation = 1
}
"""


def test_an_environment_of_terraform_may_be_named_by_reference() -> None:
    found = flags(ENVIRONMENTS, "launchdarkly-terraform", "hcl")
    assert found["pdp_buy_now"]["audiences"][0]["shares"] == {"true": "45%", "false": "55%"}
    computed = ENVIRONMENTS.replace('key = "production"', "key = var.live")
    (unread,) = read(computed, "launchdarkly-terraform", "hcl").unread
    assert unread.reason.startswith(
        "whether it is production is not known: launchdarkly_environment.live.key"
    )


def test_a_label_of_terraform_is_known_in_its_folder_alone() -> None:
    other = ENVIRONMENTS.replace("pdp_buy_now", "checkout_v2").replace("[45000, 55000]", "[10000, 90000]")
    files = [RolloutFile("a/main.tf", ENVIRONMENTS), RolloutFile("b/main.tf", other)]
    found = read_rollouts(files, "launchdarkly-terraform", "production").rollouts
    told_of = {each.flag.value: told(each)["audiences"][0]["shares"]["true"] for each in found}  # type: ignore[index]
    assert told_of == {"pdp_buy_now": "45%", "checkout_v2": "10%"}


@pytest.mark.parametrize(
    ("module", "is_said"),
    [
        ('module "flags" {\n  source = "../modules/x"\n}\n', True),
        ('module "x" {\n  source = "../modules/launchdarkly"\n}\n', True),
        ('module "x" {\n  source = "../modules/x"\n  flag_key = "pdp_buy_now"\n}\n', True),
        ('module "network" {\n  source = "../modules/vpc"\n}\n', False),
    ],
)
def test_a_module_of_terraform_that_may_serve_flags_is_not_checked(module: str, is_said: bool) -> None:
    found = read(module, "launchdarkly-terraform", "hcl").unread
    assert ["may serve flags" in each.reason for each in found] == [True] * is_said


@pytest.mark.parametrize(
    "kind", ["userWithId: userIds", "remoteAddress: IPs", "applicationHostname: hostNames"]
)
@pytest.mark.parametrize(
    ("names", "is_met"), [('""', False), ('" , "', False), ("null", False), ('"ann"', True)]
)
def test_a_list_of_unleash_without_a_name_is_met_by_nobody(kind: str, names: str, is_met: bool) -> None:
    strategy, parameter = kind.split(": ")
    text = (
        f"features: [{{name: a, enabled: true, strategies: [{{name: {strategy}, "
        f"parameters: {{{parameter}: {names}}}}}]}}]"
    )
    served = [each["shares"] for each in flags(text, "unleash", "yaml")["a"]["audiences"]]
    assert ({"enabled": "100%"} in served) is is_met
