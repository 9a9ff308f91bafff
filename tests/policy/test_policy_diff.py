"""egp policy diff: what changed, and exactly the plans that flip."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from egp.cli.main import main
from egp.output.report.quoting import in_markdown
from egp.pages.policy_diff import words
from egp.pages.policy_diff.settings import differences
from egp.policy.reading import read_policy
from egp.policy.shipped import ROOT
from tests.check.workspace import PLAN, SHORT, Workspace
from tests.published import require_declared

DAY = "--as-of=2023-08-30"
STRICTER = "version: '2026.2'\nrules: {minimum-runtime: {days: 21}, power-floor: {floor: 97%}}\n"

Plan = tuple[str, int]


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples with their lock, in a folder of their own."""
    shutil.copytree(Path(ROOT, "examples"), tmp_path / "examples")
    shutil.copy(Path(ROOT, "egp.lock"), tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "examples"


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["policy", "diff", *arguments, "--format", "json"]) == 0
    told = capsys.readouterr().out
    require_declared("policy-diff", told)
    return json.loads(told)


def rejected(capsys: pytest.CaptureFixture[str], policy: str, *plans: str) -> set[Plan]:
    """The plans that `egp check` rejects."""
    main(["check", *plans, DAY, "--policy", policy, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == []
    found = [each for each in report["diagnostics"] if each["severity"] == "error" and not each["waiver"]]
    found += [
        each for each in report["not_checked"] if each["severity"] == "error" and not each["blocked_by"]
    ]
    return {(each["path"], each["document"]) for each in found}


def rejecting(capsys: pytest.CaptureFixture[str], policy: str, *plans: str) -> dict[Plan, set[str]]:
    """Plan → the rules that reject it under `egp check`; those that could not be checked reject as such."""
    main(["check", *plans, DAY, "--policy", policy, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    found: dict[Plan, set[str]] = {}
    for each in report["diagnostics"]:
        if each["severity"] == "error" and not each["waiver"]:
            found.setdefault((each["path"], each["document"]), set()).add(each["rule"])
    for each in report["not_checked"]:
        if each["severity"] == "error" and not each["blocked_by"]:
            found.setdefault((each["path"], each["document"]), set()).add(f"{each['rule']} is not checked")
    return found


def flips(told: Any, direction: str) -> set[Plan]:
    return {(each["path"], each["document"]) for each in told[direction]}


@pytest.mark.parametrize(
    ("old", "plans", "some"),
    [
        ("egp:standard", ["examples"], set()),
        ("egp:standard", ["examples/experiments"], {("examples/experiments/pdp-buy-now.yaml", 0)}),
        ("examples/egp.yaml", ["examples/experiments", "examples/rejected"],
         {("examples/experiments/pdp-buy-now.yaml", 0), ("examples/experiments/ranking-model.yaml", 0)}),
    ],
)  # fmt: skip
def test_exactly_the_plans_that_flip_are_listed(
    examples: Path, capsys: pytest.CaptureFixture[str], old: str, plans: list[str], some: set[Plan]
) -> None:
    base = old if old.startswith("egp:") else "egp.yaml"
    (examples / "new.yaml").write_text(f'extends: ["{base}"]\n{STRICTER}', encoding="utf-8")
    told = compared(capsys, old, "examples/new.yaml", *plans, DAY)
    before, after = rejected(capsys, old, *plans), rejected(capsys, "examples/new.yaml", *plans)
    assert flips(told, "now_rejected") == after - before
    assert flips(told, "now_accepted") == before - after
    assert some <= flips(told, "now_rejected")
    assert told["summary"]["rejected_by_old"] == len(before)
    assert told["summary"]["rejected_by_new"] == len(after)
    changed = {
        (each["rule"], each["old"]["value"], each["new"]["value"])
        for each in told["settings"]
        if each["rule"]
    }
    assert changed == {("minimum-runtime", "14", "21"), ("power-floor", "95%", "97%")}


@pytest.mark.parametrize("plans", ["examples", "examples/experiments"])
def test_plans_that_were_rejected_before_are_told_with_their_further_reasons(
    examples: Path, capsys: pytest.CaptureFixture[str], plans: str
) -> None:
    """Over all examples as one portfolio nothing flips, since no plan was accepted; the impact is told all the same."""
    (examples / "new.yaml").write_text(f'extends: ["egp:standard"]\n{STRICTER}', encoding="utf-8")
    told = compared(capsys, "egp:standard", "examples/new.yaml", plans, DAY)
    before, after = (rejecting(capsys, policy, plans) for policy in ("egp:standard", "examples/new.yaml"))
    further = {plan: after[plan] - rules for plan, rules in before.items() if after.get(plan, set()) - rules}
    assert further
    assert flips(told, "further_rejected") == set(further)
    assert told["summary"]["further_rejected"] == len(further)
    assert set(told["further_rules"]) == {"minimum-runtime", "power-floor"}
    for rule, number in told["further_rules"].items():
        assert number == sum(rule in rules for rules in further.values())
    for each in told["further_rejected"]:
        assert {reason["rule"] for reason in each["reasons"]} <= further[each["path"], each["document"]]


class TestSettings:
    def differences(self, workspace: Workspace, old: str, new: str) -> list[str]:
        workspace.write("old.yaml", old)
        workspace.write("new.yaml", new)
        policies = [read_policy(str(workspace.root / name), name) for name in ("old.yaml", "new.yaml")]
        return [
            f"{words.name_of(each)}: {words.old_of(each)} → {words.new_of(each)} ({words.places(each)})"
            for each in differences(*policies)
        ]

    def test_a_severity_and_an_option(self, workspace: Workspace) -> None:
        old = "rules:\n  minimum-runtime: {severity: warning, days: 14}\n"
        new = "rules:\n  minimum-runtime:\n    severity: error\n    days: 21\n    waivable: false\n"
        assert self.differences(workspace, old, new) == [
            "minimum-runtime.severity: warning → error (old.yaml:2 → new.yaml:3)",
            "minimum-runtime.waivable: not set → false (new.yaml:5)",
            "minimum-runtime.days: 14 → 21 (old.yaml:2 → new.yaml:4)",
        ]

    def test_a_default_takes_part(self, workspace: Workspace) -> None:
        old, new = (
            "rules: {minimum-runtime: {severity: error}}\n",
            "rules: {minimum-runtime: {severity: error, days: 21}}\n",
        )
        assert self.differences(workspace, old, new) == ["minimum-runtime.days: 14 → 21 (new.yaml:1)"]
        assert self.differences(workspace, new, old) == ["minimum-runtime.days: 21 → 14 (old.yaml:1)"]
        assert self.differences(workspace, old, new.replace("21", "14")) == []

    def test_rules_that_come_and_go(self, workspace: Workspace) -> None:
        old = "rules: {feature-flag: {severity: warning}}\n"
        new = "rules: {minimum-runtime: {severity: error, days: 21}}\n"
        assert self.differences(workspace, old, new) == [
            "minimum-runtime.severity: not set → error (new.yaml:1)",
            "minimum-runtime.days: not set → 21 (new.yaml:1)",
            "feature-flag.severity: warning → not set (old.yaml:1)",
        ]

    def test_overrides_and_later_days_are_told_apart(self, workspace: Workspace) -> None:
        old = "rules: {minimum-runtime: [{severity: warning}, {from: 2026-12-01, severity: error}]}\n"
        new = (
            "rules: {minimum-runtime: [{severity: warning}, {from: 2027-01-01, severity: error}]}\n"
            "overrides: [{paths: ['ml/**'], rules: {minimum-runtime: {days: 7}}}]\n"
        )
        assert self.differences(workspace, old, new) == [
            "minimum-runtime.severity from 2026-12-01: error → not set (old.yaml:1)",
            "minimum-runtime.severity from 2027-01-01: not set → error (new.yaml:1)",
            "minimum-runtime.days for ml/**: not set → 7 (new.yaml:2)",
        ]

    def test_keys_beside_the_rules(self, workspace: Workspace) -> None:
        rules = "rules: {minimum-runtime: {severity: error}}\n"
        new = (
            "tiers: {'checkout.*': critical}\nroles: {lead: ['@lead']}\nplans: ['a/*.yaml']\n"
            "waivers: {approvers: [lead], longest: 14d}\n" + rules
        )
        assert self.differences(workspace, rules, new) == [
            "plans: not set → [a/*.yaml] ()",
            "tiers: not set → {checkout.*: critical} ()",
            "roles: not set → {lead: [@lead]} ()",
            "waivers: not set → {approvers: [lead], longest: 14d} ()",
        ]

    def test_the_same_policy_twice(self, workspace: Workspace) -> None:
        policy = 'extends: ["egp:ml-launch"]\ntiers: {"*": standard}\n'
        assert self.differences(workspace, policy, policy) == []


class TestCommand:
    OLD = "version: '1'\nplans: ['plans/*.yaml']\nrules: {minimum-runtime: {severity: error, days: 5}}\n"
    NEW = OLD.replace("'1'", "'2'").replace("days: 5", "days: 14")

    @pytest.fixture
    def folder(self, workspace: Workspace) -> Workspace:
        workspace.write("old.yaml", self.OLD)
        workspace.write("egp.yaml", self.NEW)
        workspace.write("plans/short.yaml", SHORT)
        workspace.write("plans/good.yaml", PLAN.replace("buy-now", "other"))
        return workspace

    def test_text_says_what_changed_which_plans_flip_and_why(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert folder.root
        assert main(["policy", "diff", "old.yaml", "egp.yaml", DAY]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "old.yaml 1 → egp.yaml 2",
            "",
            "setting               before  after  set in",
            "minimum-runtime.days  5       14     old.yaml:3 → egp.yaml:3",
            "",
            "accepted → rejected: 1",
            "  plans/short.yaml",
            "    - minimum-runtime: the plan runs 5 days at full exposure; the policy requires 14 (line 6)",
            "",
            "1 setting changed; 1 newly rejected, 0 newly accepted of 2 plans (rejected: 0 before, 1 after)",
        ]

    def test_without_a_flip_the_impact_is_told_all_the_same(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        required = "  required-guardrails: {severity: error, metrics: [never_measured]}\n"
        rules = "rules:\n  minimum-runtime: {severity: error, days: %s}\n" + required
        for name, days in (("old.yaml", "5"), ("egp.yaml", "14")):
            folder.write(name, f"version: '1'\nplans: ['plans/*.yaml']\n{rules % days}")
        assert main(["policy", "diff", "old.yaml", "egp.yaml", DAY]) == 0
        assert capsys.readouterr().out.splitlines()[-7:] == [
            "still rejected, for further reasons: 1",
            "  1 plan (minimum-runtime 1)",
            "  plans/short.yaml",
            "    - minimum-runtime: the plan runs 5 days at full exposure; the policy requires 14 (line 6)",
            "",
            "1 setting changed; 0 newly rejected, 0 newly accepted of 2 plans (rejected: 2 before, 2 after);",
            "  1 plan still rejected, now for further reasons",
        ]  # fmt: skip
        assert main(["policy", "diff", "old.yaml", "egp.yaml", DAY, "--format", "markdown"]) == 0
        assert "### still rejected, for further reasons: 1" in capsys.readouterr().out
        told = compared(capsys, "egp.yaml", "old.yaml", DAY)
        assert told["further_rejected"] == []

    def test_the_other_way_round(self, folder: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        assert folder.root
        told = compared(capsys, "egp.yaml", "old.yaml", DAY)
        assert flips(told, "now_accepted") == {("plans/short.yaml", 0)}
        assert told["now_accepted"][0]["reasons"][0]["rule"] == "minimum-runtime"
        assert told["now_rejected"] == []

    def test_markdown(self, folder: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        assert (
            main(["policy", "diff", "old.yaml", "egp.yaml", DAY, "--format", "markdown", "-o", "diff.md"])
            == 0
        )
        told = (folder.root / "diff.md").read_text(encoding="utf-8").splitlines()
        assert "| minimum-runtime.days | 5 | 14 | old.yaml:3 → egp.yaml:3 |" in told
        assert "### accepted → rejected: 1" in told
        assert f"- ❌ **{in_markdown('plans/short.yaml')}**" in told
        assert capsys.readouterr().out == ""

    def test_markdown_quotes_what_plans_say(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder.write("plans/a|b<script>.yaml", SHORT.replace("buy-now", "third"))
        assert main(["policy", "diff", "old.yaml", "egp.yaml", DAY, "--format", "markdown"]) == 0
        told = capsys.readouterr().out
        assert "a\\|b\\<script\\>.yaml" in told
        assert "<script>" not in told

    def test_policies_alone_are_compared_without_plans(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert folder.root
        told = compared(capsys, "egp:standard", "egp:strict", DAY)
        assert told["summary"]["plans"] == 0
        assert {each["rule"] for each in told["settings"]} >= {"whole-weeks", "decision-power"}
        assert main(["policy", "diff", "egp:standard", "egp:standard", DAY]) == 0
        assert capsys.readouterr().out.endswith("0 settings changed; no plan was judged\n")

    def test_a_policy_of_another_branch(self, folder: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        folder.write("egp.yaml", self.OLD)
        for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "plans"]):
            subprocess.run(
                ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *command],
                cwd=folder.root, check=True,
            )  # fmt: skip
        folder.write("egp.yaml", self.NEW)
        told = compared(capsys, "main:egp.yaml", "egp.yaml", DAY)
        assert told["old"]["name"] == "egp.yaml@main"
        assert flips(told, "now_rejected") == {("plans/short.yaml", 0)}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["old.yaml", "nowhere.yaml"], "cannot read the policy nowhere.yaml: No such file or directory"),
            (["old.yaml", "egp:standrd"], "egp ships no policy of this name, did you mean egp:standard?"),
            (
                ["nowhere:egp.yaml", "egp.yaml"],
                "nowhere",
            ),
            (["HEAD:egp.yaml", "egp:standard"], "HEAD:egp.yaml: "),
        ],
    )
    def test_a_policy_that_cannot_be_read(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
    ) -> None:
        assert folder.root
        assert main(["policy", "diff", *arguments, DAY]) == 2
        told = capsys.readouterr().err
        assert message in told
        assert "--policy-from" not in told, "which was not written"

    def test_a_plan_that_cannot_be_judged(
        self, folder: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert folder.root
        assert main(["policy", "diff", "old.yaml", "egp.yaml", "nowhere.yaml", DAY]) == 2
        assert "cannot judge: nowhere.yaml" in capsys.readouterr().out
