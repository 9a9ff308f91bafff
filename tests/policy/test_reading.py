"""Policies: what a file says, what it builds on, and every mistake at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.layers import ALWAYS, settings_in_force
from egp.policy.model import Policy
from egp.policy.reading import read_policy, shipped_policy
from egp.policy.scope import NO_TRAITS, Traits
from egp.policy.shipped import policy_names
from egp.policy.timing import Timing
from tests.check.workspace import AS_OF, RUNTIME_ALONE, Workspace

ALL_PLANS = "anything.yaml"
NOW = Timing(AS_OF)


def policy(workspace: Workspace, text: str = "", path: str = "egp.yaml") -> Policy:
    if text:
        workspace.write(path, text)
    return read_policy(str(workspace.root / path), path)


def mistakes(workspace: Workspace, text: str | bytes, path: str = "egp.yaml") -> tuple[Failure, ...]:
    workspace.write(path, text)
    with pytest.raises(PolicyError) as refusal:
        read_policy(str(workspace.root / path), path)
    return refusal.value.failures


def mistake(workspace: Workspace, text: str | bytes) -> tuple[str, str, str]:
    """(file:line:column, message, help) of the only mistake."""
    (failure,) = mistakes(workspace, text)
    assert failure.span is not None
    assert failure.line == text.splitlines()[failure.span.start.line - 1] or isinstance(text, bytes)
    place = f"{failure.path}:{failure.span.start.line}:{failure.span.start.column}"
    return place, failure.message.removeprefix("the policy is invalid: "), failure.help


def severities(judge: Policy, path: str = ALL_PLANS, tier: str = "") -> dict[str, str]:
    """What the policy weighs, without the rules that no policy weighs."""
    rules = judge.adopted(path, Traits(tier), NOW)
    weighed = (each for each in (*rules.alone, *rules.together) if each.rule.id not in ALWAYS)
    return {each.rule.id: each.severity for each in weighed}


def days(judge: Policy, path: str = ALL_PLANS, tier: str = "") -> object:
    (rule,) = (
        each for each in judge.adopted(path, Traits(tier), NOW).alone if each.rule.id == "minimum-runtime"
    )
    return rule.params.days  # type: ignore[attr-defined]


def test_a_policy_adopts_rules_and_weighs_them(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        "version: '7'\nrules: {minimum-runtime: {severity: warning, days: 21}, duplicate-id: {severity: off}}\n",
    )
    assert (judge.name, judge.version) == ("egp.yaml", "7")
    assert severities(judge) == {"minimum-runtime": "warning"}
    assert days(judge) == 21


def test_options_that_are_not_set_have_their_defaults(workspace: Workspace) -> None:
    assert days(policy(workspace, RUNTIME_ALONE)) == 14


def test_a_severity_alone_adopts_a_rule_and_options_alone_do_not(workspace: Workspace) -> None:
    text = "rules:\n  minimum-runtime: {days: 21}\n  four-eyes: {severity: error}\n"
    place, message, advice = mistake(workspace, text)
    assert (place, message) == (
        "egp.yaml:2:3", "minimum-runtime is not adopted, and its options change nothing"
    )  # fmt: skip
    assert advice.startswith("add a severity, ")
    adopted_elsewhere = "overrides: [{paths: ['ml/*'], rules: {minimum-runtime: {severity: error}}}]\n"
    assert severities(policy(workspace, text + adopted_elsewhere)) == {"four-eyes": "error"}


@pytest.mark.parametrize(
    "text",
    ["version: '1'\n", "rules: {}\n", "rules: {minimum-runtime: {severity: off}}\n", "plans: ['*.yaml']\n"],
)
def test_a_policy_that_adopts_no_rule_cannot_judge(workspace: Workspace, text: str) -> None:
    assert mistake(workspace, text) == (
        "egp.yaml:1:1", "it adopts no rule, and would judge nothing", 'add `extends: ["egp:standard"]`',
    )  # fmt: skip


def test_no_policy_lets_pass_what_cannot_be_read(workspace: Workspace) -> None:
    judge = policy(workspace, RUNTIME_ALONE)
    always = {
        each.rule.id: each
        for each in judge.adopted(ALL_PLANS, NO_TRAITS, NOW).alone
        if each.rule.id in ALWAYS
    }
    assert {rule: (each.severity, each.values["waivable"].value) for rule, each in always.items()} == {
        "valid-yaml": ("error", False),
        "valid-plan": ("error", False),
    }


def test_a_value_knows_where_it_was_set(workspace: Workspace) -> None:
    judge = policy(workspace, "rules:\n  minimum-runtime:\n    severity: error\n    days: 21\n")
    values = settings_in_force(judge.layers, "minimum-runtime", NOW)
    assert {name: str(value.origin) for name, value in values.items()} == {
        "severity": "egp.yaml:3",
        "days": "egp.yaml:4",
    }


def test_a_policy_builds_on_others_value_by_value(workspace: Workspace) -> None:
    workspace.write(
        "policies/ground.yaml", "version: '1'\nrules: {minimum-runtime: {severity: error, days: 7}}\n"
    )
    workspace.write(
        "policies/middle.yaml",
        "extends: [ground.yaml]\nrules: {minimum-runtime: {days: 21}, duplicate-id: {severity: error}}\n",
    )
    judge = policy(
        workspace, "extends: [policies/middle.yaml]\nrules: {minimum-runtime: {severity: warning}}\n"
    )
    assert severities(judge) == {"minimum-runtime": "warning", "duplicate-id": "error"}
    assert days(judge) == 21
    assert judge.version == "1"
    values = settings_in_force(judge.layers, "minimum-runtime", NOW)
    assert {name: value.origin.path for name, value in values.items()} == {
        "severity": "egp.yaml",
        "days": "policies/middle.yaml",
    }


def test_of_several_policies_the_later_wins(workspace: Workspace) -> None:
    workspace.write("a.yaml", "rules: {minimum-runtime: {severity: error, days: 7}}\n")
    workspace.write("b.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
    judge = policy(workspace, "extends: [a.yaml, b.yaml]\n")
    assert severities(judge) == {"minimum-runtime": "warning"}
    assert days(judge) == 7


def test_a_policy_that_two_others_build_on_is_put_below_both(workspace: Workspace) -> None:
    workspace.write("ground.yaml", "rules: {minimum-runtime: {severity: error, days: 7}}\n")
    workspace.write("a.yaml", "extends: [ground.yaml]\nrules: {minimum-runtime: {days: 21}}\n")
    workspace.write("b.yaml", "extends: [ground.yaml]\nrules: {duplicate-id: {severity: error}}\n")
    assert days(policy(workspace, "extends: [a.yaml, b.yaml]\n")) == 21


def test_roles_and_calendars_add_up_and_tiers_are_replaced(workspace: Workspace) -> None:
    workspace.write(
        "ground.yaml",
        f"{RUNTIME_ALONE}roles: {{privacy: ['@a'], legal: ['@b']}}\ntiers: {{'*': low}}\ncalendars: {{sale: [2023-11-20/2023-12-01]}}\n",
    )
    judge = policy(
        workspace, "extends: [ground.yaml]\nroles: {privacy: ['@c', '@d']}\ntiers: {'pdp.*': high}\n"
    )
    assert judge.roles == {"privacy": ("@c", "@d"), "legal": ("@b",)}
    assert judge.tiers == (("pdp.*", "high"),)
    assert [str(day) for day in judge.calendars["sale"]] == ["2023-11-20 to 2023-12-01"]


@pytest.mark.parametrize("name", policy_names())
def test_shipped_policies_are_sound(name: str) -> None:
    judge = shipped_policy(name)
    assert judge.name == name
    assert judge.version
    assert judge.root == ""
    assert severities(judge)


def test_a_shipped_policy_is_built_on_by_name(workspace: Workspace) -> None:
    judge = policy(workspace, "extends: ['egp:standard']\nrules: {minimum-runtime: {severity: off}}\n")
    assert {**severities(judge), "minimum-runtime": "error"} == severities(shipped_policy())


def test_the_digest_changes_with_any_file_of_the_policy(workspace: Workspace) -> None:
    workspace.write("ground.yaml", RUNTIME_ALONE)
    first = policy(workspace, "extends: [ground.yaml]\n").digest
    assert first == policy(workspace).digest
    assert first.startswith("sha256:")
    workspace.write("ground.yaml", RUNTIME_ALONE + "version: '2'\n")
    second = policy(workspace).digest
    third = policy(workspace, "extends: [ground.yaml]\nplans: ['*.yaml']\n").digest
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("text", "place", "message", "advice"),
    [
        ("rules: {minimum-runtme: {severity: error}}", "1:9", "there is no rule `minimum-runtme`, did you mean `minimum-runtime`?", "egp rules"),
        ("rules:\n  zzz: {severity: error}", "2:3", "there is no rule `zzz`", "`egp rules` lists all rules"),
        ("rules: {minimum-runtime: error}", "1:26", "the setting of minimum-runtime is no mapping", "{severity: error}"),
        ("rules: {minimum-runtime: {severity: eror}}", "1:37", "severity is eror, did you mean `error`?", "error, warning, info, shadow, off"),
        ("rules: {minimum-runtime: {severity: null}}", "1:37", "severity is null", "error, warning, info, shadow, off"),
        ("rules: {minimum-runtime: {dys: 3}}", "1:27", "minimum-runtime has no option `dys`, did you mean `days`?", "days"),
        ("rules: {valid-yaml: {strict: 3}}", "1:22", "valid-yaml has no option `strict`", "valid-yaml has no options"),
        ("rules: {minimum-runtime: {days: two}}", "1:33", "rules.minimum-runtime.days: two is not a whole number", "as in 14"),
        ("rules: {minimum-runtime: {days: -5}}", "1:33", "`days` of minimum-runtime is -5, where at least 1 is meant", "set it to at least 1"),
        ("rules: {minimum-runtime: {days: 0}}", "1:33", "`days` of minimum-runtime is 0, where at least 1 is meant", "severity: off"),
        ("rules: {flag-reuse: {days: -1}}", "1:28", "`days` of flag-reuse is -1, where at least 0 is meant", "set it to at least 0"),
        ("rules: {power-floor: {floor: 0%}}", "1:30", "`floor` of power-floor is 0%, where more than 0 is meant", "more than 0"),
        ("rules: {rollback-owner: {minutes: -0.5}}", "1:35", "`minutes` of rollback-owner is -0.5, where more than 0 is meant", "more than 0"),
        ("rules: {guardrail-margin: {margins: {a: 5%, b: -1%}}}", "1:48", "`b` of guardrail-margin is -1%, where more than 0 is meant", "more"),
        ("rules: {cost-cap: {per_thousand: -2 USD}}", "1:34", "`per_thousand` of cost-cap is -2 USD, where more than 0 is meant", "more"),
        ("rules: {variance-reduction: {max_age: 0d}}", "1:39", "`max_age` of variance-reduction is 0d, where more than 0 is meant", "more"),
        ("rules: {minimum-runtime: {waivable: 'no'}}", "1:37", "waivable is no", "true or false"),
        ("rules: [minimum-runtime]", "1:8", "rules is a list where a mapping of keys is meant", "key: value"),
        ("ruels: {}", "1:1", "unknown key `ruels`, did you mean `rules`?", "rename it"),
        ("extends: egp:standard", "1:10", "extends is egp:standard where a list is meant", "one item a line"),
        ("extends: ['egp:standart']", "1:11", "egp ships no policy `egp:standart`, did you mean `egp:standard`?", "egp ships"),
        ("extends: ['egp:../standard']", "1:11", "egp ships no policy `egp:../standard`", "egp ships"),
        ("extends: [nowhere.yaml]", "1:11", "there is no policy file `nowhere.yaml`", "relative to this policy's folder"),
        ("extends: ['../egp.yaml']", "1:11", "`../egp.yaml` lies outside the repository", "copy the policy"),
        ("extends: [/etc/passwd]", "1:11", "`/etc/passwd` lies outside the repository", "copy the policy"),
        ("extends: [egp.yaml]", "1:11", "policies extend each other: egp.yaml → egp.yaml", "break the cycle"),
        ("extends: [./egp.yaml]", "1:11", "policies extend each other: egp.yaml → egp.yaml", "break the cycle"),
        ("version: 7", "1:10", "version: 7 is not a text", 'write it in quotes: "7"'),
        ("calendars: {sale: [2023-12-01/2023-11-20]}", "1:20", "ends before it starts", "earlier date first"),
        ("tiers: {'*': 3}", "1:14", "tiers.*: 3 is not a text", "in quotes"),
        ("plans: ['../**/*.yaml']", "1:9", "no plan matches the pattern `../**/*.yaml`", "relative to the policy's folder"),
        ("plans: [/plans/*.yaml]", "1:9", "no plan matches the pattern `/plans/*.yaml`", "relative to the policy's folder"),
        ("plans: [./plans/*.yaml]", "1:9", "no plan matches the pattern `./plans/*.yaml`", "without `.` and `..`"),
        ("overrides: [{rules: {}}]", "1:13", "this override does not say for which plans", "`paths:` or `when: {tier: …}`"),
        ("overrides: [{when: {}, rules: {}}]", "1:13", "this override does not say for which plans", "`paths:`"),
        ("overrides: [{paths: ['a\\b']}]", "1:22", "no plan matches the pattern `a\\b`", "`/` between folders"),
        ("tiers: {'*': standard}\noverrides: [{when: {tier: standart}}]", "2:27", "there is no tier `standart`, did you mean `standard`?", "tiers are standard"),
        ("overrides: [{when: {tier: high}}]", "1:27", "there is no tier `high`", "under `tiers:`"),
        ("overrides: [{paths: [a], rules: {zzz: {}}}]", "1:34", "there is no rule `zzz`", "egp rules"),
        ("overrides: [{paths: [a], extends: [b.yaml]}]", "1:36", "there is no policy file `b.yaml`", "relative"),
        ("rules: {valid-yaml: {severity: error}}\nrules: {}", "2:1", "the key 'rules' is written twice in one mapping", "keep one"),
        ("rules: {}\n---\nrules: {}", "3:1", "a policy is one document", "remove what follows `---`"),
        ("# nothing", "1:1", "empty", "write"),
        ("rules: {", "1:8", "the text ends where a value or a closing bracket must follow", "write what is missing"),
        ("- rules", "1:1", "this is a list where a mapping of keys is meant", "key: value"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_at_its_place(
    workspace: Workspace, text: str, place: str, message: str, advice: str
) -> None:
    at, told, help_text = mistake(workspace, text)
    assert at == f"egp.yaml:{place}"
    assert message in told
    assert advice in help_text


def test_all_mistakes_of_all_files_are_reported_at_once(workspace: Workspace) -> None:
    workspace.write("ground.yaml", "rules: {zzz: {}}\n")
    found = mistakes(
        workspace, "extends: [ground.yaml]\nrules: {yyy: {}, minimum-runtime: {dys: 1, severity: x}}\n"
    )
    assert [each.path for each in found].count("ground.yaml") == 1
    assert len(found) == 4


def test_a_cycle_over_several_files_is_named(workspace: Workspace) -> None:
    workspace.write("policies/a.yaml", "extends: [b.yaml]\n")
    workspace.write("policies/b.yaml", "extends: [../egp.yaml]\n")
    (failure,) = mistakes(workspace, "extends: [policies/a.yaml]\n")
    assert failure.path == "policies/b.yaml"
    assert "egp.yaml → policies/a.yaml → policies/b.yaml → egp.yaml" in failure.message


def test_a_policy_that_is_a_link_out_of_the_repository_is_refused(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "soft.yaml"
    outside.write_text(RUNTIME_ALONE, encoding="utf-8")
    (workspace.root / "link.yaml").symlink_to(outside)
    (workspace.root / "folder").symlink_to(outside.parent)
    for name in ("link.yaml", "folder/soft.yaml"):
        _, message, _ = mistake(workspace, f"extends: [{name}]\n")
        assert message == f"`{name}` lies outside the repository"


def test_a_policy_in_a_folder_may_build_on_the_repository_around_it(workspace: Workspace) -> None:
    (workspace.root / ".git").mkdir()
    workspace.write("ground.yaml", RUNTIME_ALONE)
    judge = policy(workspace, "extends: [../ground.yaml]\n", path="teams/egp.yaml")
    assert severities(judge) == {"minimum-runtime": "error"}
    assert judge.root == str(workspace.root / "teams")


def test_a_policy_that_cannot_be_opened_is_the_callers_to_word(workspace: Workspace) -> None:
    with pytest.raises(FileNotFoundError):
        read_policy(str(workspace.root / "nowhere.yaml"), "nowhere.yaml")


def test_shown_names_follow_the_name_of_the_policy(workspace: Workspace) -> None:
    workspace.write("sub/ground.yaml", "rules: {zzz: {}}\n")
    (failure,) = mistakes(workspace, "extends: [ground.yaml]\n", path="sub/egp.yaml")
    assert failure.path == "sub/ground.yaml"


def test_hostile_names_are_shown_on_one_printable_line(workspace: Workspace) -> None:
    found = mistakes(workspace, 'rules: {"a\\e[31m\\n": {}}\nextends: ["\\e[31m"]\nplans: ["/\\u202e"]\n')
    assert len(found) == 6
    assert all(each.message.isprintable() for each in found)


def test_a_policy_larger_than_a_megabyte_is_refused(workspace: Workspace) -> None:
    (failure,) = mistakes(workspace, b"#" * 1_100_000)
    assert "1,100,000 bytes" in failure.message


def test_nothing_but_the_policy_folder_is_needed(workspace: Workspace, tmp_path: Path) -> None:
    """A policy is read the same from any working directory."""
    workspace.write("policies/ground.yaml", RUNTIME_ALONE)
    workspace.write("egp.yaml", "extends: [policies/ground.yaml]\n")
    elsewhere = read_policy(str(tmp_path / "egp.yaml"), str(tmp_path / "egp.yaml"))
    assert severities(elsewhere) == {"minimum-runtime": "error"}
    assert elsewhere.digest == policy(workspace).digest
