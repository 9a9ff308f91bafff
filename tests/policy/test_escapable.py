"""An override that hangs on the name of a file is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.policy.escapable import escapable_overrides
from egp.policy.reading import read_policy
from tests.check.workspace import Workspace
from tests.gate.calling import call

BASE = "extends: ['egp:standard']\ntiers: {'checkout.*': critical, 'pdp.*': high_impact, '*': standard}\noverrides:\n"


def told(workspace: Workspace, overrides: str, base: str = BASE) -> list[tuple[int, tuple[str, ...], str]]:
    path = workspace.write("egp.yaml", base + overrides)
    return [
        (each.number, each.rules, each.help)
        for each in escapable_overrides(read_policy(str(path), "egp.yaml"))
    ]


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ("- {paths: ['pdp-*.yaml'], rules: {minimum-runtime: {days: 28}}}", ("minimum-runtime",)),
        (
            "- {paths: ['**/pdp/**'], rules: {required-guardrails: {metrics: [refund_rate]}}}",
            ("required-guardrails",),
        ),
        (
            "- {paths: ['a/*.yaml', 'b/**'], rules: {power-floor: {floor: 99%}, minimum-runtime: {days: 21}}}",
            ("power-floor", "minimum-runtime"),
        ),
        ("- {paths: ['ml/**'], extends: ['egp:ml-launch']}", ("expected-value",)),
        ("- {paths: ['x.yaml'], rules: {cost-cap: {severity: error, waivable: false}}}", ("cost-cap",)),
    ],
)
def test_what_tightens_by_file_pattern_alone_is_told(
    workspace: Workspace, override: str, rules: tuple[str, ...]
) -> None:
    [(number, found, _)] = told(workspace, override)
    assert number == 1
    assert found[: len(rules)] == rules


@pytest.mark.parametrize(
    "override",
    [
        "- {when: {tier: high_impact}, rules: {minimum-runtime: {days: 28}}}",
        "- {when: {surfaces: ['pdp.*']}, rules: {minimum-runtime: {days: 28}}}",
        "- {paths: ['pdp-*.yaml'], rules: {minimum-runtime: {days: 7}}}",
        "- {paths: ['pdp-*.yaml'], rules: {readout-cadence: {severity: error}}}",
        "- {paths: ['pdp-*.yaml'], rules: {minimum-runtime: {days: 28}}}\n- {when: {tier: high_impact}, rules: {minimum-runtime: {days: 28}}}",
    ],
)
def test_what_holds_or_loosens_is_not(workspace: Workspace, override: str) -> None:
    assert told(workspace, override) == []


def test_the_tier_or_the_surfaces_that_would_hold_are_named(workspace: Workspace) -> None:
    [(_, _, help)] = told(
        workspace, "- {paths: ['experiments/pdp-*.yaml'], rules: {minimum-runtime: {days: 28}}}"
    )
    assert "`when: {tier: high_impact}`" in help
    assert '`when: {surfaces: ["pdp.*"]}`' in help
    [(_, _, help)] = told(workspace, "- {paths: ['shop/*.yaml'], rules: {minimum-runtime: {days: 28}}}")
    assert "critical, high_impact or standard" in help
    base = "extends: ['egp:standard']\noverrides:\n"
    [(_, _, help)] = told(workspace, "- {paths: ['shop/*.yaml'], rules: {minimum-runtime: {days: 28}}}", base)
    assert '`tiers: {"shop.*": critical, "*": standard}`' in help


def test_policy_show_and_policy_test_say_so(workspace: Workspace) -> None:
    workspace.write("egp.yaml", BASE + "- {paths: ['pdp-*.yaml'], rules: {minimum-runtime: {days: 28}}}\n")
    workspace.write("egp.test.yaml", "tests:\n  - {name: sound, plan: {}, passes: [minimum-runtime]}\n")
    shown = call(workspace.root, "policy", "show")
    assert (
        shown.status,
        "warning[escapable-override]: override 1 tightens minimum-runtime" in shown.out,
    ) == (0, True)
    [found] = call(workspace.root, "policy", "show", "--format", "json").json["policies"][0]["diagnostics"]
    assert (found["id"], found["rules"], found["place"]) == (
        "escapable-override",
        ["minimum-runtime"],
        "egp.yaml:4",
    )
    tested = call(workspace.root, "policy", "test")
    assert "escapable-override (egp.yaml:4)" in tested.out
    [found] = call(workspace.root, "policy", "test", "--format", "json").json["diagnostics"]
    assert found["id"] == "escapable-override"


def test_the_example_has_none() -> None:
    path = str(Path(__file__).parents[2] / "examples" / "egp.yaml")
    assert list(escapable_overrides(read_policy(path, "egp.yaml"))) == []
