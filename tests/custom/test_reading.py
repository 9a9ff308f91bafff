"""``custom:`` of a policy: what it may say, and every mistake at its line."""

from __future__ import annotations

import sys

import pytest

from egp.policy.reading import shipped_policy
from egp.rules.custom import cel
from egp.rules.custom.apart import ask, end
from tests.check.workspace import RUNTIME_ALONE, Workspace
from tests.custom.policies import LEGAL, mistake, mistakes, read, rule
from tests.policy.test_reading import severities


def test_a_rule_that_a_policy_writes_is_adopted_and_weighed(workspace: Workspace) -> None:
    policy = read(workspace, LEGAL)
    assert severities(policy) == {"needs-legal": "error"}
    assert policy.catalogue.families()["needs-legal"] == "custom"
    assert [*policy.catalogue][-1] == "needs-legal"
    assert "needs-legal" not in shipped_policy().catalogue


def test_a_policy_without_rules_of_its_own_loads_nothing_for_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name
        for name in sys.modules
        if name.startswith("egp.rules.custom") and name != "egp.rules.custom.file"
    ]:
        monkeypatch.delitem(sys.modules, name)
    read(workspace, RUNTIME_ALONE)
    assert [name for name in sys.modules if name.startswith("egp.rules.custom.")] == ["egp.rules.custom.file"]


def test_the_settings_of_a_rule_know_where_they_are_set(workspace: Workspace) -> None:
    policy = read(
        workspace, LEGAL.replace("    help:", "    severity: warning\n    waivable: false\n    help:")
    )
    values = policy.layers[-1].settings["needs-legal"]
    assert {name: (value.value, str(value.origin)) for name, value in values.items()} == {
        "severity": ("warning", "egp.yaml:5"),
        "waivable": (False, "egp.yaml:6"),
    }


def test_overrides_and_settings_name_a_custom_rule_by_its_id(workspace: Workspace) -> None:
    policy = read(
        workspace,
        LEGAL
        + "rules: {needs-legal: {severity: warning}}\n"
        + "overrides: [{paths: ['ml/*'], rules: {needs-legal: {severity: info}}}]\n",
    )
    assert severities(policy) == {"needs-legal": "warning"}
    assert severities(policy, "ml/a.yaml") == {"needs-legal": "info"}


def test_a_policy_brings_the_rules_of_those_it_extends(workspace: Workspace) -> None:
    workspace.write("house.yaml", LEGAL)
    policy = read(workspace, "extends: [house.yaml]\nrules: {needs-legal: {severity: warning}}\n")
    assert severities(policy) == {"needs-legal": "warning"}
    place, message, _ = mistake(workspace, "extends: [house.yaml]\n" + LEGAL)
    assert (place, message.partition(": ")[2]) == ("egp.yaml:3:9", "there is a rule of this id already")


def test_a_rule_that_nobody_writes_is_unknown(workspace: Workspace) -> None:
    _, message, _ = mistake(workspace, LEGAL + "rules: {needs-legl: {severity: off}}\n")
    assert message == "there is no rule `needs-legl`, did you mean `needs-legal`?"


@pytest.mark.parametrize(
    ("keys", "column", "message"),
    [
        ({"require": "plan.x =="}, 23, "`require`: it is no expression: mismatched input '<EOF>'"),
        ({"require": "'plan.x == (1'"}, 27, "`require`: it is no expression: "),
        ({"when": "'a b'", "require": "'true'"}, 14, "`when`: it is no expression: extraneous input 'b'"),
        ({"require": "plan.id == 'x' && owner == 'y'"}, 32, "`require`: there is no variable `owner`"),
        ({"require": "'[1].all(a, b == 1)'"}, 26, "`require`: there is no variable `b`"),
        ({"require": "now() > date(plan.schedule.end)"}, 14, "`require`: there is no function `now`"),
        ({"require": "plan.title"}, 14, "`require` is a text, where true or false is meant"),
        ({"require": "size(plan.variants)"}, 14, "`require` is a number, where"),
        ({"when": "plan.owner", "require": "'true'"}, 11, "`when` is a mapping, where"),
        ({"at": "schedule", "require": "'true'"}, 9, "the pointer 'schedule' must start with '/'"),
        ({"require": f"'{'true && ' * 300}true'"}, 14, "`require` has 2,404 characters, and 2,000 are the most"),
        ({"require": "'true'", "schema": "{}"}, 5, "it has both `require` and `schema`"),
        ({"when": "'true'"}, 5, "it has neither `require` nor `schema`"),
        ({"schema": "7"}, 13, "this is no JSON Schema"),
        ({"schema": "{type: objct}"}, 20, "this is no JSON Schema: 'objct' is not valid"),
        ({"schema": "{properties: {id: {pattern: '('}}}"}, 41, "the pattern `(` cannot be read: "),
        ({"schema": "{allOf: [{$ref: '#/$defs/a'}]}"}, 29, "`#/$defs/a` is nothing in this schema"),
        ({"schema": "{$ref: '#a'}"}, 20, "`#a` is nothing in this schema"),
        ({"schema": "{$ref: 7}"}, 20, "the schema refers to `7`, and egp fetches nothing"),
        ({"schema": "{$schema: 'http://json-schema.org/draft-07/schema#'}"}, 23, "the schema is of http://json-schema.org"),
        ({"schema": "{properties: {a: {$id: 'https://x.example'}}}"}, 36, "a part of the schema has an `$id`"),
        ({"schema": "{requird: [id]}"}, 23, "there is no keyword `requird`, did you mean `required`?"),
        ({"schema": "{items: {$recursiveRef: 'https://x.example'}}"}, 37, "there is no keyword `$recursiveRef`"),
        ({"require": "plan.title.matches('(a')"}, 14, "`require` has a pattern that cannot be read: (a"),
        ({"require": f"'{'(' * 200}true{')' * 200}'"}, 111, "`require`: it is nested too deeply"),
        ({"schema": "missing.json"}, 13, "there is no schema `missing.json`"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_rule_is_refused_where_it_is_written(
    workspace: Workspace, keys: dict[str, str], column: int, message: str
) -> None:
    place, said, advice = mistake(workspace, rule(**keys))
    line = 2 if column == 5 else 4
    assert place == f"egp.yaml:{line}:{column}"
    assert message in said
    assert advice


@pytest.mark.parametrize(
    ("block", "place"),
    [
        (">-\n      plan.id == 'x'\n      && &&", "6:10"),
        ("|\n      plan.id == 'x'\n        &&\n        owner == 'x'", "7:9"),
        ("plan.id == 'x'\n      || owner == 'x'", "5:10"),
        ('"plan.id == \\"x\\" || owner == \'x\'"', "4:14"),
        ("'plan.id == ''x'' || owner'", "4:14"),
    ],
)
def test_an_expression_over_lines_is_refused_at_its_line(
    workspace: Workspace, block: str, place: str
) -> None:
    assert mistake(workspace, rule(require=block))[0] == f"egp.yaml:{place}"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minimum-runtime", "there is a rule of this id already"),
        ("Needs_Legal", "the id is not in kebab-case"),
    ],
)
def test_an_id_is_in_kebab_case_and_nobody_elses(workspace: Workspace, name: str, message: str) -> None:
    _, said, _ = mistake(workspace, LEGAL.replace("needs-legal", name))
    assert said == f"custom rule {name}: {message}"


def test_two_rules_have_two_ids(workspace: Workspace) -> None:
    place, message, _ = mistake(workspace, LEGAL + LEGAL.removeprefix("custom:\n"))
    assert (place, message) == ("egp.yaml:7:9", "custom rule needs-legal: there is a rule of this id already")


def test_every_mistake_is_told_at_once(workspace: Workspace) -> None:
    text = rule(require="plan.a ==") + "  - {id: other, message: no}\n  - {id: third, require: 'true'}\n"
    said = [failure.message for failure in mistakes(workspace, text)]
    assert len(said) == 3
    assert any("custom[2] has no `message`" in message for message in said)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("{plan: {}, expect: fails}", "the test expects `fails` and does not say where"),
        ("{plan: {}, expect: passes, at: /id}", "a plan that passes has no `at`"),
        ("{plan: sound, expect: passes}", "the plan of a test is a mapping"),
        (
            "{plan: {ramp: {9: {treated: 1%}}}, expect: passes}",
            "the plan of a test names an item that a list",
        ),
        ("{plan: {ramp: {first: null}}, expect: passes}", "the plan of a test names an item that a list"),
    ],
)
def test_a_test_says_where_something_is_found(workspace: Workspace, test: str, message: str) -> None:
    assert mistake(workspace, rule(require="'true'", tests=f"[{test}]"))[1].startswith(message)


def test_a_schema_may_lie_in_a_file_beside_the_policy(workspace: Workspace) -> None:
    workspace.write("schemas/owner.json", '{"required": ["team"]}')
    policy = read(workspace, rule(at="/owner", schema="schemas/owner.json"))
    assert policy.extended == (str(workspace.root / "schemas" / "owner.json"),)
    before = policy.digest
    workspace.write("schemas/owner.json", '{"required": ["dri"]}')
    assert read(workspace, rule(at="/owner", schema="schemas/owner.json")).digest != before


def test_a_mistake_in_the_file_of_a_schema_is_told_there(workspace: Workspace) -> None:
    workspace.write("owner.json", '{\n  "required": "team"\n}')
    place, message, _ = mistake(workspace, rule(schema="owner.json"))
    assert place == "owner.json:2:15"
    assert "'team' is not of type 'array'" in message
    workspace.write("owner.json", '{"required": [')
    assert mistake(workspace, rule(schema="owner.json"))[0].startswith("owner.json:1:")


@pytest.mark.parametrize(
    ("package", "keys"), [("cel", {"require": "'true'"}), ("jsonschema", {"schema": "{}"})]
)
def test_without_the_extra_it_is_said_what_to_install(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, package: str, keys: dict[str, str]
) -> None:
    ask(len, ())
    end()  # the next one finds the modules as they are now
    cel._cel.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    _, message, advice = mistake(workspace, rule(**keys))
    assert "need the package" in message
    assert advice == "pip install 'egp[custom]'"
    end()


def test_the_longest_expression_is_read(workspace: Workspace) -> None:
    assert severities(read(workspace, rule(require=f"'{'true && ' * 249}true{' ' * 4}'"))) == {"own": "error"}
