"""Fewer units for certain: a rule that nobody meets any more, or that is taken out, where whoever met it then gets the control."""

from __future__ import annotations

import pytest

from egp.gate.moved import FlagChange, moved
from tests.rollouts.reading import read

FLAGD = """
flags:
  f:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {if: [{in: [{var: country}, [US, DE]]}, {fractional: [[buy_now, 45], [control, 55]]}, REST]}
"""

LAUNCHDARKLY = """
key: f
variations: [{value: false, name: control}, {value: true, name: buy_now}]
environments:
  production:
    on: true
    salt: a1
    offVariation: 0
    rules: [{clauses: [{attribute: country, op: in, values: [US, DE], negate: false}], rollout: {contextKind: user, variations: [{variation: 0, weight: 55000}, {variation: 1, weight: 45000}]}}]
    fallthrough: {variation: REST}
"""

TERRAFORM = """
resource "launchdarkly_feature_flag" "f" {
  project_key    = "shop"
  key            = "f"
  variation_type = "string"
  variations {
    value = "control"
  }
  variations {
    value = "buy_now"
  }
}
resource "launchdarkly_feature_flag_environment" "f" {
  flag_id       = launchdarkly_feature_flag.f.id
  env_key       = "production"
  on            = true
  off_variation = 0
  rules {
    clauses {
      attribute = "country"
      op        = "in"
      values    = ["US", "DE"]
      negate    = false
    }
    rollout_weights = [55000, 45000]
  }
  fallthrough {
    variation = REST
  }
}
"""

GROWTHBOOK = """
features:
  f:
    defaultValue: control
    environments:
      production:
        enabled: true
        defaultValue: REST
        rules: [{key: f, condition: {country: {$in: [US, DE]}}, hashAttribute: id, variations: [control, buy_now], weights: [0.55, 0.45]}]
"""

UNLEASH = """
version: 2
features:
  - name: f
    enabled: true
    strategies:
      - {name: flexibleRollout, parameters: {rollout: "45", stickiness: userId, groupId: f}, constraints: [{contextName: country, operator: IN, values: [US, DE], inverted: false}]}
      - {name: flexibleRollout, parameters: {rollout: "REST", stickiness: userId, groupId: f}}
"""

FLIPT = """
version: "1.4"
flags:
  - key: f
    type: VARIANT_FLAG_TYPE
    enabled: true
    variants: [{key: control, default: true}, {key: buy_now}]
    rules: [{segment: some, distributions: [{variant: control, rollout: 55}, {variant: buy_now, rollout: 45}]}, {segment: all, distributions: [{variant: REST, rollout: 100}]}]
segments:
  - {key: all, match_type: ALL_MATCH_TYPE}
  - {key: some, match_type: ALL_MATCH_TYPE, constraints: [{type: STRING_COMPARISON_TYPE, property: country, operator: isoneof, value: '["US", "DE"]'}]}
"""

SOME = {
    "flagd": (FLAGD, "[US, DE]", "[]", ("control", "buy_now")),
    "launchdarkly": (LAUNCHDARKLY, "[US, DE]", "[]", ("0", "1")),
    "launchdarkly-terraform": (TERRAFORM, '["US", "DE"]', "[]", ("0", "1")),
    "growthbook": (GROWTHBOOK, "[US, DE]", "[]", ("control", "buy_now")),
    "unleash": (UNLEASH, "[US, DE]", "[]", ("0", "100")),
    "flipt": (FLIPT, """'["US", "DE"]'""", "'[]'", ("control", "buy_now")),
}
"""Format → a flag of which two countries are divided, how it names them, how it names nobody, and what the rest gets."""

NEGATED = {
    "flagd": ("{in: [{var: country}, []]}", "{'!': [{in: [{var: country}, []]}]}"),
    "launchdarkly": ("negate: false", "negate: true"),
    "launchdarkly-terraform": ("negate    = false", "negate    = true"),
    "growthbook": ("{$in: []}", "{$nin: []}"),
    "unleash": ("inverted: false", "inverted: true"),
    "flipt": ("operator: isoneof", "operator: isnotoneof"),
}


def change(format: str, before: str, after: str) -> FlagChange:
    language = "hcl" if format == "launchdarkly-terraform" else "yaml"
    was, will = (read(text, format, language).rollouts[0] for text in (before, after))
    return moved(was, will, lambda variant: variant in ("buy_now", "enabled"))


@pytest.mark.parametrize("format", SOME)
def test_a_list_that_is_emptied_treats_fewer(format: str) -> None:
    text, some, nobody, (control, _) = SOME[format]
    before = text.replace("REST", control)
    assert change(format, before, before).after == pytest.approx(0.45)
    assert change(format, before, before.replace(some, nobody)).kind == "lower"


@pytest.mark.parametrize("format", SOME)
def test_a_list_that_is_emptied_treats_more_where_the_rest_is_treated(format: str) -> None:
    text, some, nobody, (_, treatment) = SOME[format]
    before = text.replace("REST", treatment)
    assert change(format, before, before.replace(some, nobody)).kind == "raise"


@pytest.mark.parametrize("format", SOME)
def test_whoever_is_not_in_an_empty_list_is_everybody(format: str) -> None:
    text, some, nobody, (control, _) = SOME[format]
    old, negated = NEGATED[format]
    before = text.replace("REST", control)
    after = before.replace(some, nobody)
    assert old in after
    assert change(format, before, after.replace(old, negated)).kind == "raise"


@pytest.mark.parametrize("format", SOME)
def test_a_list_that_is_filled_again_is_a_raise(format: str) -> None:
    text, some, nobody, (control, _) = SOME[format]
    before = text.replace("REST", control)
    assert change(format, before.replace(some, nobody), before).kind == "raise"


CHAIN = "{if: [A, {fractional: [[buy_now, 45], [control, 55]]}, B, {fractional: [[buy_now, 20], [control, 80]]}, control]}"
TWO = FLAGD[: FLAGD.index("{if:")] + CHAIN.replace("A", "{'==': [{var: c}, US]}").replace(
    "B", "{'==': [{var: c}, DE]}"
)


def without(first: bool) -> str:
    rule = (
        "{'==': [{var: c}, US]}, {fractional: [[buy_now, 45], [control, 55]]}, "
        if first
        else "{'==': [{var: c}, DE]}, {fractional: [[buy_now, 20], [control, 80]]}, "
    )
    assert rule in TWO
    return TWO.replace(rule, "")


def test_a_rule_that_is_taken_out_is_let_go_where_nobody_behind_it_is_treated() -> None:
    assert change("flagd", TWO, without(first=False)).kind == "none"
    assert change("flagd", TWO, without(first=True)).kind == "raise", "they may meet the next rule"
    assert change("flagd", without(first=True), TWO).kind == "raise"
    treated = (
        text.replace("defaultVariant: control", "defaultVariant: buy_now")
        for text in (TWO, without(first=False))
    )
    assert change("flagd", *treated).kind == "raise", "who meets no rule gets the default"


def test_joined_conditions_are_met_by_nobody_where_a_part_is() -> None:
    before = FLAGD.replace("REST", "control")
    old = "{in: [{var: country}, [US, DE]]}"
    never, some = "{in: [{var: country}, []]}", "{'==': [{var: tier}, gold]}"
    for joined, kind in (
        (f"{{and: [{never}, {some}]}}", "lower"),
        (f"{{or: [{never}, {never}]}}", "lower"),
        (f"{{or: [{never}, {some}]}}", "raise"),
    ):
        assert change("flagd", before, before.replace(old, joined)).kind == kind, joined
