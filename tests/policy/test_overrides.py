"""Overrides: settings for some plans, by what their authors cannot choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.policy.error import PolicyError
from egp.policy.pattern import fixed_folder, matches
from egp.policy.scope import NO_TRAITS
from tests.check.workspace import PLAN, SHORT, Workspace, found
from tests.policy.test_reading import NOW, days, policy, severities

BASE = "rules: {minimum-runtime: {severity: error}}\n"


def test_an_override_applies_to_the_plans_on_its_paths(workspace: Workspace) -> None:
    judge = policy(workspace, BASE + "overrides: [{paths: ['ml/**'], rules: {minimum-runtime: {days: 7}}}]\n")
    assert days(judge, "ml/a.yaml") == 7
    assert days(judge, "ml/deep/a.yaml") == 7
    assert days(judge, "html/a.yaml") == 14


def test_an_override_applies_to_the_plans_of_its_tier(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        BASE
        + "tiers: {'*': low, 'x': high}\noverrides: [{when: {tier: low}, rules: {minimum-runtime: {severity: off}}}]\n",
    )
    assert severities(judge, tier="low") == {}
    assert severities(judge, tier="high") == {"minimum-runtime": "error"}
    assert severities(judge, tier="") == {"minimum-runtime": "error"}


def test_path_and_tier_must_both_match(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        BASE + "tiers: {'*': low, 'x': high}\n"
        "overrides: [{paths: ['ml/*'], when: {tier: low}, rules: {minimum-runtime: {days: 7}}}]\n",
    )
    assert days(judge, "ml/a.yaml", "low") == 7
    assert days(judge, "ml/a.yaml", "high") == 14
    assert days(judge, "a.yaml", "low") == 14


def test_the_last_match_wins_value_by_value(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        BASE + "overrides:\n"
        "  - {paths: ['ml/**'], rules: {minimum-runtime: {days: 7, severity: warning}}}\n"
        "  - {paths: ['ml/risky/*', 'other/*'], rules: {minimum-runtime: {days: 28}}}\n",
    )
    assert days(judge, "ml/a.yaml") == 7
    assert days(judge, "ml/risky/a.yaml") == 28
    assert days(judge, "other/a.yaml") == 28
    assert severities(judge, "ml/risky/a.yaml") == {"minimum-runtime": "warning"}
    assert severities(judge, "other/a.yaml") == {"minimum-runtime": "error"}


def test_an_override_may_adopt_a_rule_and_another_switch_it_off(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        BASE + "overrides:\n  - {paths: ['a*'], rules: {duplicate-id: {severity: info}}}\n"
        "  - {paths: ['ab*'], rules: {minimum-runtime: {severity: off}}}\n",
    )
    assert severities(judge, "abc.yaml") == {"duplicate-id": "info"}


def test_an_override_may_put_a_policy_on_top(workspace: Workspace) -> None:
    workspace.write("policies/ground.yaml", BASE)
    workspace.write("policies/ml.yaml", "extends: [ground.yaml]\nrules: {duplicate-id: {severity: error}}\n")
    judge = policy(
        workspace,
        "extends: [policies/ground.yaml]\nrules: {minimum-runtime: {days: 21}}\n"
        "overrides: [{paths: ['ml/*'], extends: [policies/ml.yaml], rules: {duplicate-id: {severity: warning}}}]\n",
    )
    assert severities(judge, "ml/a.yaml") == {"minimum-runtime": "error", "duplicate-id": "warning"}
    assert severities(judge, "a.yaml") == {"minimum-runtime": "error"}
    assert days(judge, "ml/a.yaml") == 21, "what is already below is not put on top again"


def test_overrides_of_an_extended_policy_apply_before_the_own_ones(workspace: Workspace) -> None:
    workspace.write(
        "ground.yaml",
        BASE + "overrides: [{paths: ['ml/*'], rules: {minimum-runtime: {days: 7, severity: warning}}}]\n",
    )
    judge = policy(
        workspace,
        "extends: [ground.yaml]\noverrides: [{paths: ['ml/a*'], rules: {minimum-runtime: {days: 28}}}]\n",
    )
    assert days(judge, "ml/b.yaml") == 7
    assert days(judge, "ml/a.yaml") == 28
    assert severities(judge, "ml/a.yaml") == {"minimum-runtime": "warning"}


def test_a_policy_with_overrides_cannot_be_put_on_top_of_some_plans(workspace: Workspace) -> None:
    workspace.write("ml.yaml", "overrides: [{paths: ['x'], rules: {}}]\n")
    with pytest.raises(PolicyError, match=r"ml\.yaml has overrides of its own"):
        policy(workspace, "overrides: [{paths: ['ml/*'], extends: [ml.yaml]}]\n")


def test_plans_under_different_overrides_do_not_share_what_is_in_force(workspace: Workspace) -> None:
    judge = policy(workspace, BASE + "overrides: [{paths: ['a'], rules: {minimum-runtime: {days: 7}}}]\n")
    assert [days(judge, path) for path in ("a", "b", "a", "b")] == [7, 14, 7, 14]
    assert judge.adopted("b", NO_TRAITS, NOW) is judge.adopted("c", NO_TRAITS, NOW), (
        "the same rules are put together once"
    )


def test_overrides_are_relative_to_the_policy_wherever_egp_is_run(workspace: Workspace) -> None:
    workspace.write(
        "sub/egp.yaml", BASE + "overrides: [{paths: ['ml/*'], rules: {minimum-runtime: {severity: info}}}]\n"
    )
    workspace.write("sub/ml/a.yaml", SHORT)
    workspace.write("ml/b.yaml", SHORT)
    report = workspace.report("sub/ml/a.yaml", "ml/b.yaml", policy="sub/egp.yaml")
    assert {(path.partition(":")[0], severity) for _, severity, path in found(report)} == {
        ("sub/ml/a.yaml", "info"),
        ("ml/b.yaml", "error"),
    }


TIERS = "tiers: {'checkout.*': critical, 'pdp.*': high, '*.internal': low}\n"


@pytest.mark.parametrize(
    ("surfaces", "tier"),
    [
        (["checkout.payment"], "critical"),
        (["pdp.mobile"], "high"),
        (["pdp.mobile", "checkout.payment"], "critical"),
        (["a.internal", "pdp.mobile"], "high"),
        (["pdp.internal"], "high"),
        (["home"], ""),
        (["home", "a.internal"], "low"),
        ([], "critical"),
    ],
)
def test_the_weightiest_surface_decides_the_tier(
    workspace: Workspace, surfaces: list[str], tier: str
) -> None:
    assert policy(workspace, BASE + TIERS).tier_of(surfaces) == tier


def test_without_tiers_no_plan_has_one(workspace: Workspace) -> None:
    judge = policy(workspace, BASE)
    assert judge.tier_of([]) == judge.tier_of(["pdp.mobile"]) == ""


@pytest.mark.parametrize(
    ("surfaces", "severity"),
    [
        ("surfaces: [pdp.mobile]", "warning"),
        ("surfaces: [checkout.cart]", "error"),
        ("", "error"),
        ("surfaces: pdp", "error"),
    ],
)
def test_a_plan_cannot_choose_its_tier_by_leaving_out_its_surfaces(
    workspace: Workspace, surfaces: str, severity: str
) -> None:
    workspace.write(
        "egp.yaml",
        BASE + TIERS + "overrides: [{when: {tier: high}, rules: {minimum-runtime: {severity: warning}}}]\n",
    )
    workspace.write("plan.yaml", f"{SHORT}{surfaces}\n")
    report = workspace.report("plan.yaml")
    assert [each for rule, each, _ in found(report) if rule == "minimum-runtime"] == [severity]


def test_the_tier_reaches_the_rules(workspace: Workspace) -> None:
    workspace.rule(
        "about-tier",
        "def check(plan: 'Experiment', params, organisation):\n    yield Finding((), organisation.tier)\n",
    )
    workspace.write("egp.yaml", TIERS + "rules: {about-tier: {severity: info}}\n")
    workspace.write("plan.yaml", PLAN + "surfaces: [pdp.mobile]\n")
    assert workspace.report("plan.yaml").diagnostics[0].message == "high"


@pytest.mark.parametrize(
    ("pattern", "path", "match"),
    [
        ("experiments/**/*.yaml", "experiments/a.yaml", True),
        ("experiments/**/*.yaml", "experiments/x/y/a.yaml", True),
        ("experiments/**/*.yaml", "experiments/a.yml", False),
        ("experiments/**", "experiments/x/a.yaml", True),
        ("experiments/**", "experiments", False),
        ("experiments/*.yaml", "experiments/x/a.yaml", False),
        ("experiments/?.yaml", "experiments/a.yaml", True),
        ("experiments/?.yaml", "experiments/ab.yaml", False),
        ("**/*.yaml", "a.yaml", True),
        ("*.yaml", "x/a.yaml", False),
        ("a.yaml", "axyaml", False),
        ("[a].yaml", "a.yaml", False),
        ("a+b(c).yaml", "a+b(c).yaml", True),
        ("experiments/**/x/*.yaml", "experiments/x/a.yaml", True),
        ("*", "a\nb", True),
    ],
)
def test_patterns(pattern: str, path: str, match: bool) -> None:
    assert matches(path, pattern) is match


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("experiments/**/*.yaml", "experiments"), ("a/b/*.yaml", "a/b"), ("a/b/c.yaml", "a/b"), ("*.yaml", ""),
        ("**/a.yaml", ""), ("a?/b/c.yaml", ""), ("a/b*/c/d.yaml", "a"),
    ],
)  # fmt: skip
def test_the_search_for_plans_starts_in_the_fixed_folders(pattern: str, folder: str) -> None:
    assert fixed_folder(pattern) == folder


SEGMENTS = st.text(st.sampled_from("ab.-"), min_size=1, max_size=3)


@given(folders=st.lists(SEGMENTS, max_size=3), name=SEGMENTS)
def test_a_path_matches_itself_and_every_wildcard_that_covers_it(folders: list[str], name: str) -> None:
    path = "/".join([*folders, name])
    assert matches(path, path)
    assert matches(path, "**")
    assert matches(path, "**/*")
    assert matches(path, "/".join([*("*" for _ in folders), "*"]))
    assert path.startswith(fixed_folder(path))
