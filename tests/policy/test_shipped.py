"""The policies egp ships say what the governance documents ask."""

from __future__ import annotations

from datetime import date

import pytest

from egp.plan.typed_reader import ValueProblem
from egp.policy.layers import settings_in_force
from egp.policy.model import Policy
from egp.policy.params import read_options
from egp.policy.reading import shipped_policy
from egp.policy.shipped import policy_names
from egp.policy.timing import Timing
from egp.rules.rule import index, load

NOT_WAIVABLE = frozenset(
    [
        "valid-yaml",
        "valid-plan",
        "ambiguous-quantity",
        "duplicate-id",
        "minimum-runtime",
        "weekly-cycles",
        "registered-before-start",
        "mde-declared",
        "power-floor",
        "sample-size",
        "no-unplanned-looks",
        "spending-allowed",
        "required-guardrails",
        "guardrail-threshold",
        "ramp-after-readout",
        "rollback-declared",
        "stop-rule-complete",
        "sign-offs",
        "four-eyes",
        "aggregates-only",
        "no-personal-data",
        "layer-traffic",
    ]
)


def setting(policy: Policy, rule: str, name: str) -> object:
    value = settings_in_force(policy.layers, rule, Timing(date(2026, 1, 1))).get(name)
    return value.value if value else None


def test_names() -> None:
    assert policy_names() == ["egp:ml-launch", "egp:standard", "egp:starter", "egp:strict"]


@pytest.mark.parametrize("name", policy_names())
def test_is_valid_and_versioned(name: str) -> None:
    policy = shipped_policy(name)
    assert policy.version
    assert policy.digest.startswith("sha256:")


def test_what_the_governance_policy_calls_non_negotiable_cannot_be_waived() -> None:
    standard = shipped_policy("egp:standard")
    assert {rule for rule in index() if setting(standard, rule, "waivable") is False} >= NOT_WAIVABLE
    assert all(setting(standard, rule, "severity") == "error" for rule in NOT_WAIVABLE)


def test_ml_launch_adds_the_launch_criteria() -> None:
    standard, ml_launch = shipped_policy("egp:standard"), shipped_policy("egp:ml-launch")
    added = {
        rule
        for rule in index()
        if setting(standard, rule, "severity") is None and setting(ml_launch, rule, "severity") is not None
    }
    assert added == {"business-primary", "guardrail-coverage", "expected-value", "cost-cap"}


def test_strict_has_no_warnings() -> None:
    strict = shipped_policy("egp:strict")
    assert {setting(strict, rule, "severity") for rule in index()} == {"error", "info", None}


@pytest.mark.parametrize("rule", index())
def test_a_default_may_be_written_into_a_policy(rule: str) -> None:
    for name, option in load(rule).options.items():
        assert option.meaning.partition("; ")[0], "every option says what it is"
        problems: list[ValueProblem] = []
        if isinstance(option.default, (int, float)) and not isinstance(option.default, bool):
            load(rule).params(**read_options(load(rule), {name: option.default}, (), problems))
            assert option.bound is not None
        assert not problems
