"""egp policy test: what a test says, what it takes to fail, and which boundaries are open."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.pages.policy_test.boundaries import moved_value, parameters, step_of
from egp.pages.policy_test.file import PolicyTest
from egp.pages.policy_test.outcome import PolicyTestOutcome, run_tests
from egp.pages.policy_test.reading import UnreadableTests, file_beside, read_tests
from egp.plan.quantity import change, measure
from egp.policy.reading import read_policy, shipped_policy
from egp.policy.shipped import ROOT, policy_names, policy_path
from tests.check.workspace import Workspace
from tests.published import require_declared

PAGE = Path(ROOT, "docs", "policy-tests.md").read_text(encoding="utf-8")
RUNTIME = "version: '1'\nrules:\n  minimum-runtime: {severity: error, days: 14}\n"


def outcome(workspace: Workspace, policy: str, tests: str) -> PolicyTestOutcome:
    workspace.write("egp.yaml", policy)
    path = workspace.write("egp.test.yaml", tests)
    read = read_policy(str(workspace.root / "egp.yaml"), "egp.yaml")
    cases, given = read_tests(str(path), "egp.test.yaml", read)
    return run_tests(given, cases)


def objections(workspace: Workspace, policy: str, tests: str) -> list[str]:
    return [why for result in outcome(workspace, policy, tests).results for why in result.objections]


def open_sides(found: PolicyTestOutcome) -> dict[str, tuple[bool | None, bool, bool | None]]:
    return {
        f"{each.parameter.rule}.{each.parameter.name}{each.parameter.applies_to}": (
            each.below,
            each.at,
            each.above,
        )
        for each in found.boundaries
    }


@pytest.mark.parametrize("name", policy_names())
def test_shipped_policies_succeed_and_stand_at_every_boundary(name: str) -> None:
    policy, path = shipped_policy(name), policy_path(name)
    assert path
    cases, policy = read_tests(file_beside(path), name, policy)
    found = run_tests(policy, cases)
    assert [(each.name, each.objections) for each in found.failed] == []
    assert [(each.parameter.rule, each.parameter.name) for each in found.open] == []
    # egp:starter changes weights alone, and sets no number that a plan could stand at.
    assert len(found.boundaries) >= 2 or name == "egp:starter"


def test_every_number_of_the_standard_is_some_policys_to_test() -> None:
    numbers = {(each.rule, each.name) for each in parameters(shipped_policy("egp:standard"))}
    assert {("minimum-runtime", "days"), ("power-floor", "floor"), ("guardrail-margin", "default")} <= numbers
    assert ("calendar-conflict", "weekends") not in numbers
    assert ("canary-size", "required_for") not in numbers
    assert ("hair-trigger", "limit_alpha") in numbers
    strict = {(each.rule, each.name) for each in parameters(shipped_policy("egp:strict"))}
    assert strict == {("decision-power", "floor"), ("guardrail-power", "floor")}


class TestResults:
    def test_a_test_succeeds(self, workspace: Workspace) -> None:
        tests = """\
tests:
  - {name: sound, expect: none}
  - {name: short, plan: {schedule: {end: 2023-02-04}}, expect: [{rule: minimum-runtime, at: /schedule/end}]}
"""
        found = outcome(workspace, RUNTIME, tests)
        assert [(each.name, each.place, each.succeeded) for each in found.results] == [
            ("sound", "egp.test.yaml:2", True), ("short", "egp.test.yaml:3", True),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("test", "why"),
        [
            ("plan: {}, expect: [{rule: minimum-runtime, at: /schedule/end}]",
             "minimum-runtime was to find /schedule/end, and minimum-runtime finds nothing"),
            ("plan: {schedule: {end: 2023-02-04}}, expect: [{rule: minimum-runtime, at: /schedule/start}]",
             "minimum-runtime was to find /schedule/start, and minimum-runtime finds /schedule/end (error)"),
            ("plan: {schedule: {end: 2023-02-04}}, expect: [{rule: minimum-runtime, at: /schedule/end, severity: warning}]",
             "minimum-runtime was to find /schedule/end of severity warning, and minimum-runtime finds /schedule/end (error)"),
            ("plan: {schedule: {end: 2023-02-04}}, passes: [minimum-runtime]",
             "minimum-runtime was to pass, and minimum-runtime finds /schedule/end (error)"),
            ("plan: {schedule: {end: 2023-02-04}}, expect: none",
             "nothing was to be found, and minimum-runtime finds /schedule/end (error)"),
            ("plan: {schedule: {start: null}}, passes: [minimum-runtime]",
             "minimum-runtime was to pass, and minimum-runtime finds /schedule/start (error)"),
        ],
    )  # fmt: skip
    def test_a_test_that_fails_says_why(self, workspace: Workspace, test: str, why: str) -> None:
        assert objections(workspace, RUNTIME, f"tests: [{{name: one, {test}}}]")[0] == why

    def test_a_rule_that_could_not_run_does_not_pass(self, workspace: Workspace) -> None:
        policy = "rules: {minimum-runtime: {severity: warning}}\n"
        tests = "tests: [{name: one, plan: {schedule: {start: null}}, passes: [minimum-runtime]}]"
        assert objections(workspace, policy, tests) == [
            "minimum-runtime was to pass, and minimum-runtime is not checked"
        ]

    def test_a_key_that_the_plan_lacks_has_a_pointer(self, workspace: Workspace) -> None:
        policy = "rules: {feature-flag: {severity: error}}\n"
        tests = "tests: [{name: one, plan: {feature_flag: null}, expect: [{rule: feature-flag, at: /feature_flag}]}]"
        assert objections(workspace, policy, tests) == []

    def test_paths_tiers_and_registration_choose_the_settings(self, workspace: Workspace) -> None:
        policy = """\
rules:
  minimum-runtime:
    - {severity: error, days: 14}
    - {from: 2023-06-01, days: 15}
overrides:
  - {paths: ["experiments/ml/**"], rules: {minimum-runtime: {days: 16}}}
  - {when: {tier: critical}, rules: {minimum-runtime: {days: 17}}}
tiers: {"checkout.*": critical, "*": standard}
"""
        short = "expect: [{rule: minimum-runtime, at: /schedule/end}]"
        tests = f"""\
tests:
  - {{name: usual, passes: [minimum-runtime]}}
  - {{name: later, as_of: 2023-06-01, {short}}}
  - {{name: registered before, as_of: 2023-06-01, registered: 2023-01-17, passes: [minimum-runtime]}}
  - {{name: in a folder, path: experiments/ml/one.yaml, {short}}}
  - {{name: of a tier, tier: critical, {short}}}
  - {{name: on a surface, plan: {{surfaces: [checkout.pay]}}, {short}}}
"""
        assert objections(workspace, policy, tests) == []

    def test_severity_shadow_is_one(self, workspace: Workspace) -> None:
        policy = "rules: {minimum-runtime: {severity: shadow}, feature-flag: {severity: error}}\n"
        tests = """\
tests:
  - name: one
    plan: {schedule: {end: 2023-02-04}}
    expect: [{rule: minimum-runtime, at: /schedule/end, severity: shadow}]
"""
        assert objections(workspace, policy, tests) == []

    def test_nothing_of_the_repository_takes_part(self, workspace: Workspace) -> None:
        workspace.write("waivers.yaml", "no waivers at all: [\n")
        workspace.write("egp.lock", "damaged: [\n")
        workspace.write("experiments/other.yaml", "id: sound-plan\nfeature_flag: pdp_buy_now\n")
        policy = "plans: ['experiments/*.yaml']\nrules: {duplicate-id: {severity: error}, flag-reuse: {severity: error}}\n"
        assert objections(workspace, policy, "tests: [{name: one, expect: none}]") == []

    def test_tests_of_custom_rules_are_run(self, workspace: Workspace) -> None:
        policy = """\
rules: {minimum-runtime: {severity: error}}
custom:
  - id: short-titles
    require: size(plan.title) < 200
    message: the title is long
    at: /title
    tests:
      - {expect: passes}
      - {expect: fails, at: /title}
"""
        results = outcome(workspace, policy, "tests: [{name: one, expect: none}]").results
        assert [(each.name, each.succeeded) for each in results] == [
            ("one", True), ("short-titles: passes", True), ("short-titles: fails", False),
        ]  # fmt: skip
        assert results[2].objections == ("short-titles passes, where fails at /title is expected",)


class TestBoundaries:
    BELOW = "{name: below, plan: {schedule: {end: 2023-02-04}}, expect: [{rule: minimum-runtime, at: /schedule/end}]}"
    AT = "{name: at, plan: {schedule: {end: 2023-02-05}}, passes: [minimum-runtime]}"
    FAR = "{name: far, plan: {schedule: {end: 2023-01-25}}, expect: [{rule: minimum-runtime, at: /schedule/end}]}"
    BEYOND = "{name: beyond, plan: {schedule: {end: 2023-02-12}}, passes: [minimum-runtime]}"

    @pytest.mark.parametrize(
        ("tests", "sides"),
        [
            ([BELOW, AT], (True, True, True)),
            ([BELOW, BEYOND], (True, False, False)),
            ([FAR, AT], (False, True, True)),
            ([FAR, BEYOND], (False, False, False)),
        ],
    )
    def test_a_number_is_covered_where_a_test_notices_that_it_moves(
        self, workspace: Workspace, tests: list[str], sides: tuple[bool, bool, bool]
    ) -> None:
        found = outcome(workspace, RUNTIME, f"tests: [{', '.join(tests)}]")
        assert open_sides(found) == {"minimum-runtime.days": sides}
        assert bool(found.open) == (sides != (True, True, True))

    def test_a_number_between_two_tests_is_not_stood_on(self, workspace: Workspace) -> None:
        policy = "rules: {power-floor: {severity: error, floor: 90%}}\n"
        tests = """\
tests:
  - {name: below, plan: {statistics: {power: 89.5%}}, expect: [{rule: power-floor, at: /statistics/power}]}
  - {name: above, plan: {statistics: {power: 90.5%}}, passes: [power-floor]}
"""
        assert open_sides(outcome(workspace, policy, tests)) == {"power-floor.floor": (True, False, True)}
        at = tests + "  - {name: at, plan: {statistics: {power: 90%}}, passes: [power-floor]}\n"
        assert open_sides(outcome(workspace, policy, at)) == {"power-floor.floor": (True, True, True)}

    def test_a_test_that_fails_covers_nothing(self, workspace: Workspace) -> None:
        wrong = self.BELOW.replace("/schedule/end}", "/schedule/start}")
        found = outcome(workspace, RUNTIME, f"tests: [{wrong}]")
        assert open_sides(found) == {"minimum-runtime.days": (False, False, False)}

    def test_a_number_that_the_rule_does_not_take_is_no_side(self, workspace: Workspace) -> None:
        policy = "rules: {single-primary: {severity: error}}\n"
        tests = """\
tests:
  - name: two
    plan: {co_primary_metrics: [{id: other, kind: proportion, direction: increase, baseline: 3%, mde: 5%}]}
    expect: [{rule: single-primary, at: /co_primary_metrics/0}]
"""
        assert open_sides(outcome(workspace, policy, tests)) == {"single-primary.max": (None, True, True)}

    def test_numbers_of_overrides_dates_and_mappings_count(self, workspace: Workspace) -> None:
        policy = """\
rules:
  minimum-runtime:
    - {severity: error, days: 14}
    - {from: 2023-06-01, days: 21}
  guardrail-margin: {severity: error, margins: {refund_rate: 8%}}
overrides:
  - {paths: ["ml/**"], rules: {minimum-runtime: {days: 28}}}
"""
        later = "as_of: 2023-06-01"
        tests = f"""\
tests:
  - {{name: "20 days", {later}, plan: {{schedule: {{end: 2023-02-11}}}}, expect: [{{rule: minimum-runtime, at: /schedule/end}}]}}
  - {{name: "21 days", {later}, plan: {{schedule: {{end: 2023-02-12}}}}, passes: [minimum-runtime]}}
  - {{name: "28 days", path: ml/a.yaml, plan: {{schedule: {{end: 2023-02-19}}}}, passes: [minimum-runtime]}}
  - {{name: 8 %, passes: [guardrail-margin]}}
"""
        assert open_sides(outcome(workspace, policy, tests)) == {
            "minimum-runtime.days": (False, False, False),
            "minimum-runtime.daysfrom 2023-06-01": (True, True, True),
            "guardrail-margin.margins.refund_rate": (True, True, False),
            "guardrail-margin.default": (False, False, False),
            "guardrail-margin.limit_times": (False, False, False),
            "minimum-runtime.daysfor ml/**": (False, True, True),
        }

    def test_what_a_shipped_policy_sets_is_not_tested_again(self, workspace: Workspace) -> None:
        policy = 'extends: ["egp:standard"]\nrules: {minimum-runtime: {days: 21}, whole-weeks: {severity: error}}\n'
        found = outcome(workspace, policy, "tests: [{name: one, passes: [feature-flag]}]")
        assert set(open_sides(found)) == {"minimum-runtime.days"}

    def test_other_settings_and_a_rule_alone_uncover_what_is_hidden(self, workspace: Workspace) -> None:
        policy = """\
rules:
  minimum-runtime: {severity: error}
  weekly-cycles: {severity: error}
"""
        hidden = "plan: {schedule: {end: 2023-02-04}}, expect: [{rule: weekly-cycles, at: /schedule/end}]"
        assert objections(workspace, policy, f"tests: [{{name: one, {hidden}}}]") != []
        assert objections(workspace, policy, f"tests: [{{name: one, alone: weekly-cycles, {hidden}}}]") == []
        uncovered = f"tests: [{{name: one, settings: {{minimum-runtime: {{days: 7}}}}, {hidden}}}]"
        assert objections(workspace, policy, uncovered) == []

    @pytest.mark.parametrize(
        ("value", "step", "lower", "higher"),
        [
            (14, 1, 13, 15),
            (timedelta(days=90), 86400, timedelta(days=89), timedelta(days=91)),
            (timedelta(hours=36), 3600, timedelta(hours=35), timedelta(hours=37)),
            (0.95, 0.01, 0.94, 0.96),
            (0.05, 0.001, 0.049, 0.051),
            (0.0001, 0.00001, 0.00009, 0.00011),
            (3.0, 0.1, 2.9, 3.1),
            (60.0, 1.0, 59.0, 61.0),
        ],
    )
    def test_a_step_is_a_unit_of_the_second_digit(
        self, value: object, step: float, lower: object, higher: object
    ) -> None:
        assert step_of(value) == step
        assert (moved_value(value, -step), moved_value(value, step)) == (lower, higher)

    def test_changes_and_money_move_in_their_unit(self) -> None:
        assert moved_value(change("10%"), 0.01) == change("11%")
        assert step_of(change("10%")) == 0.01
        assert moved_value(measure("2.00 USD"), -0.1) == measure("1.90 USD")


class TestMistakes:
    @pytest.mark.parametrize(
        ("tests", "message", "line"),
        [
            ("tests: []", "there is no test in this file", 1),
            ("{}", "there is no test in this file", 1),
            ("tests:\n- {name: one}", "this test expects nothing in particular, and cannot fail", 2),
            ("tests:\n- {name: one, expect: []}", "this test expects nothing in particular, and cannot fail", 2),
            ("tests:\n- {name: one, expect: everything}", "expect is everything", 2),
            ("tests:\n- {name: one, passes: [minimum-runtme]}",
             "there is no rule `minimum-runtme`, did you mean `minimum-runtime`?", 2),
            ("tests:\n- {name: one, expect: [{rule: nope, at: /id}]}", "there is no rule `nope`", 2),
            ("tests:\n- {name: one, expect: [{rule: minimum-runtime, at: id}]}", "`id` is no pointer", 2),
            ("tests:\n- {name: one, expect: [{rule: minimum-runtime, at: /id, severity: eror}]}", "severity is eror", 2),
            ("tests:\n- {name: one, expect: [{rule: minimum-runtime}]}", "tests[0].expect[0] has no `at`", 2),
            ("tests:\n- {name: one, expects: none}", "did you mean `expect`?", 2),
            ("tests:\n- {name: one, expect: none}\n- {name: one, expect: none}", "two tests are named `one`", 3),
            ("tests:\n- {name: one, plan: 14, expect: none}", "plan is no change to a plan", 2),
            ("tests:\n- {name: one, settings: {minimum-runtime: {dayz: 3}}, expect: none}",
             "minimum-runtime has no option `dayz`, did you mean `days`?", 2),
            ("tests:\n- {name: one, settings: {nope: {days: 3}}, expect: none}", "there is no rule `nope`", 2),
            ("tests:\n- {name: one, alone: nope, expect: none}", "there is no rule `nope`", 2),
            ("tests:\n- {name: one, expect: none}\n---\ntests: []", "tests are one document", 1),
            ("tests: [", "", 1),
        ],
    )  # fmt: skip
    def test_every_mistake_is_told_at_its_line(
        self, workspace: Workspace, tests: str, message: str, line: int
    ) -> None:
        with pytest.raises(UnreadableTests) as told:
            outcome(workspace, RUNTIME, tests)
        (failure, *_) = told.value.failures
        assert message in failure.message
        assert failure.span is not None
        assert failure.span.start.line >= line
        assert failure.help

    def test_a_policy_without_tests(self, workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        workspace.write("egp.yaml", RUNTIME)
        assert main(["policy", "test"]) == 2
        assert "egp.yaml has no tests: there is no file egp.test.yaml" in capsys.readouterr().err


class TestCommand:
    TESTS = f"tests: [{TestBoundaries.BELOW}, {TestBoundaries.BEYOND}]"

    @pytest.fixture
    def folder(self, workspace: Workspace) -> Workspace:
        workspace.write("egp.yaml", RUNTIME)
        workspace.write("egp.test.yaml", self.TESTS)
        return workspace

    def test_the_status_says_whether_all_succeed(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["policy", "test"]) == 0
        told = capsys.readouterr().out
        assert "open: minimum-runtime.days 14 (egp.yaml:3): no test at or just above 14" in told
        assert told.endswith("egp.yaml 1: 2 tests, all succeed; boundaries of 0 of 1 number covered (0 %)\n")
        assert main(["policy", "test", "--require-boundaries"]) == 1
        folder.write("egp.test.yaml", "tests: [{name: one, expect: [{rule: minimum-runtime, at: /id}]}]")
        capsys.readouterr()
        assert main(["policy", "test"]) == 1
        assert capsys.readouterr().out.startswith(
            "failed: one (egp.test.yaml:1)\n  - minimum-runtime was to find /id"
        )

    def test_other_files(self, folder: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        folder.write("policies/own.yaml", RUNTIME)
        folder.write("policies/own.test.yaml", f"tests: [{TestBoundaries.AT}]")
        assert main(["policy", "test", "policies/own.yaml"]) == 0
        assert "policies/own.yaml 1: 1 test" in capsys.readouterr().out
        assert main(["policy", "test", "policies/own.yaml", "--tests", "egp.test.yaml"]) == 0
        assert "policies/own.yaml 1: 2 tests" in capsys.readouterr().out

    @pytest.mark.usefixtures("folder")
    def test_json_fits_its_schema(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["policy", "test", "--format", "json"]) == 0
        out = capsys.readouterr().out
        require_declared("policy-test", out)
        told = json.loads(out)
        assert told["summary"] == {"tests": 2, "failed": 0, "numbers": 1, "covered": 0}
        assert (told["boundaries"][0]["below"], told["boundaries"][0]["at"]) == (True, False)

    @pytest.mark.usefixtures("folder")
    def test_tests_are_no_plans(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "egp.test.yaml"]) == 2
        assert "these are tests of a policy, not a plan" in capsys.readouterr().out


def page_tests() -> str:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(block)


def test_the_tests_of_the_page_succeed(workspace: Workspace) -> None:
    policy = (
        "rules: {minimum-runtime: {severity: error, days: 21}, "
        "sign-offs: {severity: error, by_tier: {critical: [experimentation_lead, legal]}}}\n"
        "roles: {experimentation_lead: ['@xp-lead'], privacy: ['@privacy'], legal: ['@legal']}\n"
    )
    assert objections(workspace, policy, page_tests()) == []


def test_every_key_of_a_test_is_on_the_page() -> None:
    table = PAGE.partition("| key | meaning |")[2].partition("\n\n")[0]
    told = {key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert told == {key for key, _, _, _ in PolicyTest.fields()}
