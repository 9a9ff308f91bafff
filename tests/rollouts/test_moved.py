"""Which changes of a rollout may treat a unit that was not treated before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.gate.moved import FlagChange, moved
from egp.record.rollouts.rollout import Rollout
from tests.rollouts.reading import read
from tests.rollouts.test_mutations import ARGO, FLAGD, FLIPT, GROWTHBOOK, LAUNCHDARKLY, UNLEASH


def treats(variant: str) -> bool:
    return variant in ("buy_now", "canary", "enabled")


def the_flag(format: str, text: str) -> Rollout | None:
    found = read(text, format).rollouts
    return found[0] if found else None


def change(format: str, before: str, old: str, new: str) -> FlagChange:
    assert before.count(old) == 1
    return moved(the_flag(format, before), the_flag(format, before.replace(old, new)), treats)


LD_SPLIT = "- {variation: 0, weight: 55000}\n          - {variation: 1, weight: 45000}"
_RULE = "    rules: [{clauses: [{attribute: country, op: in, values: [US]}], variation: 1}]\n    fallthrough:"


@pytest.mark.parametrize(
    ("format", "text", "old", "new", "kind", "why"),
    [
        ("flagd", FLAGD, "[control, 55]", "[control, 155]", "lower", ""),
        ("flagd", FLAGD, "[control, 55]", "[control, 5]", "raise", "more units are treated"),
        ("flagd", FLAGD, "state: ENABLED", "state: DISABLED", "lower", ""),
        ("flagd", FLAGD, "defaultVariant: control", "defaultVariant: buy_now", "raise", "the default variant is a treatment"),
        ("flagd", FLAGD, "[control, 55]\n        - [buy_now, 45]", "[buy_now, 45]\n        - [control, 55]", "raise", "other units are treated"),
        ("flagd", FLAGD, "- [control, 55]", "- {var: email}\n        - [control, 55]", "raise", "another unit is hashed"),
        ("flagd", FLAGD, "[buy_now, 45]", "[buy_now, {var: x}]", "undecided", "a weight is computed"),
        ("launchdarkly", LAUNCHDARKLY, LD_SPLIT, LD_SPLIT.replace("55000", "75000").replace("45000", "25000"), "lower", ""),
        ("launchdarkly", LAUNCHDARKLY, "salt: a1", "salt: b2", "raise", "another salt is hashed"),
        ("launchdarkly", LAUNCHDARKLY, "on: true", "on: false", "lower", ""),
        ("launchdarkly", LAUNCHDARKLY, "    on: true\n    salt: a1\n    offVariation: 0", "    on: false\n    salt: a1\n    offVariation: 1", "raise", "more"),
        ("launchdarkly", LAUNCHDARKLY, "    fallthrough:", _RULE, "raise", "the rules change"),
        ("growthbook", GROWTHBOOK, "coverage: 0.9", "coverage: 0.5", "lower", ""),
        ("growthbook", GROWTHBOOK, "coverage: 0.9", "coverage: 1.0", "raise", "more units are treated"),
        ("growthbook", GROWTHBOOK, "key: pdp-buy-now", "key: again", "raise", "another salt is hashed"),
        ("unleash", UNLEASH, "stickiness: userId", "stickiness: random", "raise", "another unit is hashed"),
        ("unleash", UNLEASH, "enabled: true", "enabled: false", "lower", ""),
        ("flipt", FLIPT, "enabled: true", "enabled: false", "lower", ""),
        ("argo-rollouts", ARGO, "  strategy:", "  template: {spec: {image: new}}\n  strategy:", "raise", "another version is deployed"),
        ("argo-rollouts", ARGO, "duration: 48h", "duration: 1h", "raise", "the steps of the rollout change"),
    ],
)  # fmt: skip
def test_a_change_is_what_it_does_to_units(
    format: str, text: str, old: str, new: str, kind: str, why: str
) -> None:
    found = change(format, text, old, new)
    assert found.kind == kind, found
    assert why in found.reason or why == "more"


def test_a_prerequisite_that_is_taken_out_is_a_raise_and_one_more_is_none() -> None:
    with_one = LAUNCHDARKLY.replace(
        "    targets: []", "    targets: []\n    prerequisites: [{key: other, variation: 0}]"
    )
    assert (
        moved(the_flag("launchdarkly", with_one), the_flag("launchdarkly", LAUNCHDARKLY), treats).kind
        == "raise"
    )
    assert (
        moved(the_flag("launchdarkly", LAUNCHDARKLY), the_flag("launchdarkly", with_one), treats).kind
        == "none"
    )


def test_a_new_flag_raises_and_one_that_is_missing_is_not_decided() -> None:
    flag = the_flag("flagd", FLAGD)
    assert moved(None, flag, treats).kind == "raise"
    assert moved(flag, None, treats).kind == "undecided"


def test_a_deployment_reaches_what_comes_before_a_person() -> None:
    found = change("argo-rollouts", ARGO, "  strategy:", "  template: {spec: {image: new}}\n  strategy:")
    assert found.after == 0.9, "the last step waits for a person"


WEIGHTS = st.lists(
    st.tuples(st.sampled_from(["control", "buy_now", "other"]), st.integers(0, 10)), min_size=2, max_size=4
)


def flagd(weights: list[tuple[str, int]]) -> dict[str, Any]:
    variants = {each: each for each in ("control", "buy_now", "other")}
    targeting = {"fractional": [[variant, weight] for variant, weight in weights]}
    flag = {"state": "ENABLED", "variants": variants, "defaultVariant": "control", "targeting": targeting}
    return {"flags": {"pdp": flag}}


def treated_units(served: dict[str, Any]) -> set[int]:
    core = pytest.importorskip("openfeature.contrib.tools.flagd.core.flagd_core")
    context = pytest.importorskip("openfeature.evaluation_context")
    evaluator = core.FlagdCore()
    evaluator.set_flags(json.dumps(served))
    units = ((each, context.EvaluationContext(f"user-{each}")) for each in range(400))
    return {
        each for each, unit in units if evaluator.resolve_string_value("pdp", "x", unit).variant == "buy_now"
    }


@settings(max_examples=60, deadline=None)
@given(WEIGHTS, WEIGHTS)
def test_what_is_free_treats_nobody_anew_says_the_evaluator(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    old, new = flagd(before), flagd(after)
    rollouts = [read(json.dumps(each), "flagd", "json").rollouts[0] for each in (old, new)]
    found = moved(rollouts[0], rollouts[1], treats)
    if found.kind in ("lower", "none"):
        assert treated_units(new) <= treated_units(old)
