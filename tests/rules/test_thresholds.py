"""What a rule rejects does not read as what it asks for, however close the two are."""

from __future__ import annotations

import pytest

from egp.policy.params import read_options
from egp.rules.rule import load
from tests.rules.examples import merged, plan_of, sound_value

HAIR = 1e-7

CLOSE: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "holdout-size": ({"holdout": {"share": f"{5 - HAIR:.9f}%"}}, {}),
    "canary-size": ({"canary": {"treated": f"{10 + HAIR:.9f}%"}}, {}),
    "ramp-monotone": ({"ramp": {0: {"treated": f"{45 - 1e-4:.9f}%"}}}, {}),
    "significance-level": ({"statistics": {"alpha": f"{5 + HAIR:.9f}%"}}, {}),
    "power-floor": ({"statistics": {"power": f"{95 - HAIR:.9f}%"}}, {}),
    "guardrail-power": ({"guardrail_metrics": {0: {"non_inferiority_margin": "7.8538%"}}}, {}),
    "decision-power": ({"decision_rule": {"min_ci_lower": "1.4276bps"}}, {}),
    "unbalanced-weights": ({"variants": {0: {"weight": "65.8114%"}, 1: {"weight": "34.1886%"}}}, {}),
}
"""Plans a hair's breadth beyond a bound of the shipped policy."""


@pytest.mark.parametrize("rule_id", CLOSE)
def test_a_hair_beyond_a_bound_is_told_apart_from_it(rule_id: str) -> None:
    patch, options = CLOSE[rule_id]
    rule = load(rule_id)
    params = rule.params(**read_options(rule, options, (), []))
    findings = list(rule.check(*(plan_of(merged(sound_value(), patch)), params)[: rule.takes]))
    assert findings
    for finding in findings:
        asked = finding.required.removeprefix("at least ").removeprefix("at most ")
        assert finding.observed not in asked.split(" to ")
