"""The command line: what each call prints, and the status it ends with."""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import chdir, suppress
from pathlib import Path

import pytest

from egp import VERSION
from egp.cli.commands.reporting import FORMATS
from egp.cli.main import main
from egp.rules.rule import load
from tests.check.workspace import BROKEN, PLAN, RUNTIME_ALONE, SHORT, Workspace
from tests.published import require_declared

DAY = "--as-of=2023-01-18"


class Told:
    """What a call of egp printed, and its status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err


@pytest.fixture
def egp(capsys: pytest.CaptureFixture[str]) -> Egp:
    return Egp(capsys)


class Egp:
    """Calls egp in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Told:
        status = main(list(arguments))
        captured = self._capsys.readouterr()
        return Told(status, captured.out, captured.err)


@pytest.fixture
def repository(workspace: Workspace) -> Workspace:
    workspace.write("egp.yaml", "plans: ['experiments/*.yaml']\n" + RUNTIME_ALONE)
    workspace.write("experiments/good.yaml", PLAN)
    workspace.write("drafts/short.yaml", SHORT)
    return workspace


@pytest.mark.usefixtures("repository")
class TestCheck:
    def test_a_sound_portfolio(self, egp: Egp) -> None:
        told = egp("check", DAY)
        assert (told.status, told.err) == (0, "")
        assert (
            told.out
            == "1 plan judged: nothing to report (3 checks passed; policy egp.yaml, as of 2023-01-18)\n"
        )

    def test_a_rejected_plan(self, egp: Egp) -> None:
        told = egp("check", "drafts/short.yaml", DAY)
        assert (told.status, told.err) == (1, "")
        assert told.out.startswith("error[minimum-runtime]: the plan runs 5 days")
        assert " --> drafts/short.yaml:6:36\n" in told.out
        assert "1 plan judged: 1 error" in told.out

    def test_the_status_is_the_same_in_every_format(self, egp: Egp) -> None:
        for form in FORMATS:
            assert egp("check", "drafts/short.yaml", DAY, "--format", form).status == 1
            assert egp("check", "experiments/good.yaml", DAY, "--format", form).status == 0
            assert egp("check", "experiments/good.yaml", "nowhere", DAY, "--format", form).status == 2

    def test_json(self, egp: Egp) -> None:
        report = json.loads(egp("check", "drafts/short.yaml", DAY, "--format", "json").out)
        assert report["as_of"] == "2023-01-18"
        assert [each["pointer"] for each in report["diagnostics"]] == ["/schedule/end"]

    def test_the_same_bytes_twice(self, egp: Egp) -> None:
        for form in FORMATS:
            first = egp("check", ".", "drafts", DAY, "--format", form)
            assert egp("check", ".", "drafts", DAY, "--format", form).out == first.out

    def test_warnings_reject_when_asked_to(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
        assert egp("check", "drafts", DAY).status == 0
        assert egp("check", "drafts", DAY, "--fail-level", "warning").status == 1

    @pytest.mark.parametrize("path", ["nowhere", "nowhere.yaml", "drafts/nowhere.yaml"])
    def test_a_path_that_is_not_there(self, egp: Egp, path: str) -> None:
        told = egp("check", path, DAY)
        assert told.status == 2
        assert f"cannot judge: {path}: there is no such file or folder\n" in told.out

    def test_an_empty_folder(self, egp: Egp, repository: Workspace) -> None:
        (repository.root / "empty").mkdir()
        told = egp("check", "empty", DAY)
        assert told.status == 2
        assert (
            "cannot judge: empty: no plan in this folder\n  = help: plans end in .yaml or .yml\n" in told.out
        )

    def test_a_policy_whose_patterns_match_nothing(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", "plans: ['trials/*.yaml']\n" + RUNTIME_ALONE)
        told = egp("check", DAY)
        assert (told.status, told.out) == (2, "")
        assert told.err.startswith(
            "egp: no plan matches trials/*.yaml\n  help: `egp new experiment ID` writes a plan; "
        )

    def test_without_a_policy_egp_init_writes_one(self, egp: Egp, repository: Workspace) -> None:
        (repository.root / "egp.yaml").unlink()
        told = egp("check", DAY)
        assert (told.status, told.out) == (2, "")
        assert told.err.startswith("egp: which plans? there is no egp.yaml\n  help: `egp init` writes one ")

    def test_a_policy_without_patterns_needs_paths(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", RUNTIME_ALONE)
        told = egp("check", DAY)
        assert (told.status, told.out) == (2, "")
        assert (
            told.err
            == "egp: which plans? the policy names none\n  help: name plans or folders, or say `plans:` in egp.yaml\n"
        )

    def test_a_wrong_policy(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", "rules:\n  minimum-runtme: {severity: error}\n  zzz: {}\n")
        told = egp("check", DAY)
        assert (told.status, told.out) == (2, "")
        assert (
            "there is no rule `minimum-runtme`, did you mean `minimum-runtime`?\n --> egp.yaml:2:3\n"
            in told.err
        )
        assert told.err.endswith("egp: the policy cannot judge: 2 errors in it\n")

    def test_one_mistake_in_a_policy_is_told_once(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", "rules:\n  minimum-runtme: {severity: error}\n")
        told = egp("check", DAY)
        assert (told.status, told.err.count("policy")) == (2, 1)

    def test_a_wrong_policy_for_programs(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", "rules:\n  minimum-runtme: {severity: error}\n")
        told = egp("check", DAY, "--format", "json")
        report = json.loads(told.out)
        require_declared("report", told.out)
        assert (told.status, told.err) == (2, "")
        assert [error["span"]["start"] for error in report["errors"]] == [{"line": 2, "column": 3}]

    def test_passed_rules_are_listed_on_request(self, egp: Egp, repository: Workspace) -> None:
        repository.write("egp.yaml", RUNTIME_ALONE)
        repository.write("sound.yaml", PLAN)
        told = egp("check", DAY, "sound.yaml", "--show-passed")
        assert told.status == 0
        assert re.search(r"^passed in \S+: minimum-runtime, valid-plan, valid-yaml$", told.out, re.MULTILINE)
        assert "passed in" not in egp("check", DAY, "sound.yaml").out

    @pytest.mark.parametrize(
        ("policy", "message"),
        [
            (
                "nowhere.yaml",
                "egp: cannot read the policy nowhere.yaml: No such file or directory\n  help: name a policy file",
            ),
            ("drafts", "egp: cannot read the policy drafts: Is a directory\n"),
            (
                "egp:standart",
                "cannot judge: egp:standart: egp ships no policy of this name, did you mean egp:standard?\n",
            ),
        ],
    )
    def test_a_policy_that_is_not_there(self, egp: Egp, policy: str, message: str) -> None:
        told = egp("check", "drafts", "--policy", policy)
        assert (told.status, told.out) == (2, "")
        assert told.err.startswith(message)

    def test_an_unreadable_policy_is_named(self, egp: Egp, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: str, *_: object) -> object:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr("egp.policy.tree.read_file", refuse)
        told = egp("check", "drafts")
        assert told.status == 2
        assert told.err.splitlines() == [
            "egp: cannot read the policy egp.yaml: Permission denied",
            "  help: name a policy file that can be read, or a shipped policy such as egp:standard",
        ]

    def test_another_policy_can_be_named(self, egp: Egp, repository: Workspace) -> None:
        repository.write("policies/soft.yaml", "rules: {minimum-runtime: {severity: info}}\n")
        told = egp("check", "drafts", "--policy", "policies/soft.yaml", DAY)
        assert told.status == 0
        assert "policy policies/soft.yaml" in told.out

    def test_standard_input(self, egp: Egp, monkeypatch: pytest.MonkeyPatch) -> None:
        _pipe(monkeypatch, SHORT)
        told = egp("check", "-", DAY)
        assert told.status == 1
        assert " --> <stdin>:6:36\n" in told.out

    def test_standard_input_is_judged_as_if_it_lay_at_its_path(
        self, egp: Egp, repository: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        override = "overrides: [{paths: ['drafts/*'], rules: {minimum-runtime: {severity: warning}}}]\n"
        repository.write("egp.yaml", RUNTIME_ALONE + override)
        for filename, status in (("drafts/short.yaml", 0), ("experiments/short.yaml", 1)):
            _pipe(monkeypatch, SHORT)
            told = egp("check", "-", "--stdin-filename", filename, DAY)
            assert told.status == status
            assert f" --> {filename}:6:36\n" in told.out

    def test_the_policy_for_standard_input_is_found_by_its_path(
        self, egp: Egp, repository: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (repository.root / "egp.yaml").rename(repository.root / "drafts" / "egp.yaml")
        _pipe(monkeypatch, SHORT)
        told = egp("check", "-", "--stdin-filename", "drafts/new.yaml", DAY)
        assert "policy drafts/egp.yaml" in told.out

    def test_standard_input_beyond_all_measure_is_not_read_to_its_end(
        self, egp: Egp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        buffer = _pipe(monkeypatch, "#" * 3_000_000)
        assert egp("check", "-", DAY).status == 1
        assert buffer.tell() < 1_100_000

    def test_standard_input_and_files_together(self, egp: Egp, monkeypatch: pytest.MonkeyPatch) -> None:
        _pipe(monkeypatch, BROKEN)
        told = egp("check", "experiments/good.yaml", "-", DAY)
        assert told.status == 1
        assert "2 plans judged" in told.out

    def test_control_characters_of_arguments_do_not_reach_the_terminal(self, egp: Egp) -> None:
        for arguments in (
            ["check", "\x1b[31m"],
            ["\x1b[31m"],
            ["check", "--output", "\x1b[31m"],
            ["explain", "\x1b[31m"],
        ):
            told = egp(*arguments)
            assert told.status == 2
            assert "\x1b" not in told.out + told.err


def _pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> io.BytesIO:
    buffer = io.BytesIO(text.encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(buffer))
    return buffer


class TestFiles:
    def test_a_dash_is_standard_output(self, egp: Egp, repository: Workspace) -> None:
        assert repository.root
        assert egp("check", "drafts", DAY, "-o", "-").out == egp("check", "drafts", DAY).out
        assert not (repository.root / "-").exists()

    def test_a_report_in_a_file(self, egp: Egp, repository: Workspace) -> None:
        told = egp("check", "drafts", DAY, "-o", "report.txt")
        assert (told.status, told.out, told.err) == (1, "", "")
        assert (repository.root / "report.txt").read_text(encoding="utf-8") == egp("check", "drafts", DAY).out

    def test_further_reports(self, egp: Egp, repository: Workspace) -> None:
        told = egp("check", "drafts", DAY, "--output", "json=a.json", "--output", "text=b=c.txt")
        assert told.status == 1
        assert json.loads((repository.root / "a.json").read_text(encoding="utf-8"))["summary"]["error"] == 1
        assert (repository.root / "b=c.txt").read_text(encoding="utf-8") == told.out

    def test_a_file_replaces_the_one_before_as_a_whole(self, egp: Egp, repository: Workspace) -> None:
        repository.write("report.txt", "before\n" * 1000)
        egp("check", "drafts", DAY, "-o", "report.txt")
        assert "before" not in (repository.root / "report.txt").read_text(encoding="utf-8")
        assert _leftovers(repository.root) == []

    def test_a_pipe_is_written_to_and_not_replaced(self, repository: Workspace) -> None:
        pipe = repository.root / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert main(["check", "drafts", DAY, "-o", "pipe"]) == 1
            assert os.read(reader, 100_000).startswith(b"error[minimum-runtime]")
        finally:
            os.close(reader)
        assert pipe.is_fifo()

    @pytest.mark.parametrize(
        ("path", "reason"),
        [("nowhere/report.txt", "No such file or directory"), ("drafts", "Is a directory")],
    )
    def test_a_file_that_cannot_be_written(
        self, egp: Egp, repository: Workspace, path: str, reason: str
    ) -> None:
        told = egp("check", "experiments", DAY, "-o", path)
        assert (told.status, told.err) == (2, f"egp: cannot write {path}: {reason}\n")
        assert _leftovers(repository.root) == []

    def test_a_disk_that_fills_up_leaves_the_file_as_it_was(
        self, egp: Egp, repository: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = repository.write("report.txt", "before\n")

        def full(descriptor: int, content: bytes) -> None:
            os.write(descriptor, content[:10])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("egp.yaml.atomic._write_all", full)
        told = egp("check", "drafts", DAY, "-o", "report.txt")
        assert (told.status, told.err) == (2, "egp: cannot write report.txt: No space left on device\n")
        assert before.read_text(encoding="utf-8") == "before\n"
        assert _leftovers(repository.root) == []

    def test_an_interruption_leaves_the_file_as_it_was(
        self, egp: Egp, repository: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = repository.write("report.txt", "before\n")

        def interrupted(descriptor: int, content: bytes) -> None:
            os.write(descriptor, content[:10])
            raise KeyboardInterrupt

        monkeypatch.setattr("egp.yaml.atomic._write_all", interrupted)
        told = egp("check", "drafts", DAY, "-o", "report.txt")
        assert (told.status, told.out, told.err) == (130, "", "egp: interrupted\n")
        assert before.read_text(encoding="utf-8") == "before\n"
        assert _leftovers(repository.root) == []

    def test_an_interruption_while_judging_prints_nothing(
        self, egp: Egp, repository: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("egp.check.check", interrupted)
        told = egp("check", "drafts", DAY, "-o", "report.txt")
        assert (told.status, told.out, told.err) == (130, "", "egp: interrupted\n")
        assert not (repository.root / "report.txt").exists()


def _leftovers(root: Path) -> list[Path]:
    return list(root.rglob("*.partial"))


@pytest.mark.usefixtures("workspace")
class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["chek"], "no command `chek`"),
            (["policy", "shw"], "no command `shw`"),
            (["check", "--frmat", "json"], "unrecognized arguments: --frmat"),
            (["check", "--form", "json"], "unrecognized arguments: --form"),
            (["check", "--format", "yaml"], "invalid choice: 'yaml' (choose from"),
            (["check", "--fail-level", "info"], "invalid choice: 'info'"),
            (["check", "--as-of", "yesterday"], "yesterday is not a date; write it as 2023-01-31"),
            (["check", "--as-of", "2023-02-30"], "2023-02-30 is not a date in the calendar"),
            (["baseline", "--as-of", "2023-01-18T10:00:00Z"], "has a time where a date is meant"),
            (["check", "--output", "yaml=f"], "--output yaml=f is not FORMAT=FILE"),
            (["check", "--output", "json="], "--output json= is not FORMAT=FILE"),
            (["check", "--output", "text=-"], "--output text=- would mix two reports on standard output"),
            (["check", "--output", "json"], "--output json is not FORMAT=FILE"),
            (["explain"], "the following arguments are required: RULE|PLAN"),
            (["policy", "diff"], "the following arguments are required: OLD, NEW\n"),
            (["rules", "minimum-runtime"], "unrecognized arguments: minimum-runtime"),
        ],
    )
    def test_a_wrong_call_ends_with_one_clear_line(
        self, egp: Egp, arguments: list[str], message: str
    ) -> None:
        told = egp(*arguments)
        assert (told.status, told.out) == (2, "")
        line, help_line = told.err.splitlines()
        assert line.startswith("egp: ")
        assert message in f"{line}\n"
        assert help_line.startswith("  help: ")

    @pytest.mark.parametrize(
        ("arguments", "meant"),
        [
            (["chek", "drafts"], "did you mean `egp check`?"),
            (["registr"], "did you mean `egp register`?"),
            (["policy", "shw"], "did you mean `egp policy show`?"),
            (["frobnicate"], "`egp --help` lists the commands"),
        ],
    )
    def test_a_misspelt_command_is_guessed(self, egp: Egp, arguments: list[str], meant: str) -> None:
        assert egp(*arguments).err.splitlines()[1] == f"  help: {meant}"

    @pytest.mark.parametrize(
        ("arguments", "meant"),
        [
            (["check", "--polcy", "x"], "did you mean --policy? egp check --help lists the options"),
            (["check", "--frmat=json"], "did you mean --format? egp check --help lists the options"),
            (
                ["policy", "show", "--as_of", "2023-01-18"],
                "did you mean --as-of? egp policy show --help lists the options",
            ),
            (["rules", "minimum-runtime"], "egp rules --help"),
            (["policy", "test", "--bogus"], "egp policy test --help"),
            (["--bogus", "check"], "egp --help"),
        ],
    )
    def test_an_unknown_option_is_guessed_among_those_of_the_command(
        self, egp: Egp, arguments: list[str], meant: str
    ) -> None:
        assert egp(*arguments).err.splitlines()[1] == f"  help: {meant}"

    @pytest.mark.parametrize("arguments", [[], ["--help"], ["policy", "--help"], ["new", "--help"]])
    def test_help_says_nothing_that_was_not_written(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with suppress(SystemExit):
            main(arguments)
        told = capsys.readouterr().out
        assert told.startswith("usage: egp ")
        assert "None" not in told

    def test_a_call_without_a_command_is_answered_by_the_help(self, egp: Egp) -> None:
        answer = egp()
        assert (answer.status, answer.err) == (0, "")
        assert "register" in answer.out

    def test_the_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as end:
            main(["--version"])
        assert end.value.code == 0
        assert capsys.readouterr().out == f"egp {VERSION}\n"

    @pytest.mark.parametrize("command", [[], ["check"], ["explain"], ["rules"]])
    def test_every_command_has_help(self, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
        with pytest.raises(SystemExit) as end:
            main([*command, "--help"])
        assert end.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: {' '.join(['egp', *command])}")

    def test_a_bug_of_egp_is_no_rejection(self, egp: Egp, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise AssertionError("unforeseen")

        monkeypatch.setattr("egp.pages.rules_shown.page.all_rules", broken)
        told = egp("rules")
        assert told.status == 2
        assert "AssertionError: unforeseen" in told.err
        assert told.err.endswith(
            "egp: this is a bug of egp, and nothing is judged\n  help: please report it\n"
        )


class TestExplain:
    def test_a_rule_with_the_values_in_force(self, egp: Egp, repository: Workspace) -> None:
        repository.write(
            "egp.yaml", "version: '7'\nrules:\n  minimum-runtime:\n    severity: warning\n    days: 21\n"
        )
        told = egp("explain", "minimum-runtime")
        assert told.status == 0
        assert told.out.startswith("minimum-runtime (runtime)\n===")
        assert "\nIn force under egp.yaml 7\n" in told.out
        assert "\n\nAt least 14 consecutive days at full exposure.\n\n" in told.out
        assert "\nseverity  warning  egp.yaml:4\n" in told.out
        assert "\ndays      21       egp.yaml:5  consecutive days" in told.out

    def test_defaults_are_told_as_such(self, egp: Egp, repository: Workspace) -> None:
        assert repository.root
        assert "\ndays      14     default of the rule  " in egp("explain", "minimum-runtime").out

    def test_overrides_are_told_with_their_plans(self, egp: Egp, repository: Workspace) -> None:
        override = "overrides: [{paths: ['ml/*'], rules: {minimum-runtime: {days: 7}}}]\n"
        repository.write("egp.yaml", RUNTIME_ALONE + override)
        assert "egp.yaml:2; override 1, for ml/*" in egp("explain", "minimum-runtime").out

    def test_a_rule_that_only_an_override_adopts(self, egp: Egp, repository: Workspace) -> None:
        override = "overrides: [{paths: ['ml/*'], rules: {feature-flag: {severity: warning}}}]\n"
        repository.write("egp.yaml", RUNTIME_ALONE + override)
        told = egp("explain", "feature-flag").out
        assert "warning" in told.partition("In force under")[2]
        assert "override 1, for ml/*" in " ".join(told.split())

    def test_a_rule_that_is_not_adopted(self, egp: Egp, repository: Workspace) -> None:
        assert repository.root
        assert "\nNot adopted; a policy adopts it with " in egp("explain", "feature-flag").out

    def test_a_rule_that_no_policy_weighs(self, egp: Egp, repository: Workspace) -> None:
        assert repository.root
        assert "\nseverity  error  every policy\n" in egp("explain", "valid-plan").out

    def test_a_page_is_short_until_examples_are_asked_for(self, egp: Egp, repository: Workspace) -> None:
        assert repository.root
        page = load("minimum-runtime").page
        examples, blocks = list(page.examples), page.text.count("```yaml")
        short, whole = (
            egp("explain", "minimum-runtime").out,
            egp("explain", "minimum-runtime", "--examples").out,
        )
        assert (short.count(":\n\n    "), whole.count(":\n\n    ")) == (1, blocks)
        assert "\nFails at `/schedule/end`" in short
        assert "\nNot checked without `/schedule/start`.\n" in whole
        assert f"All {len(examples)} examples: egp explain minimum-runtime --examples" in short.replace(
            "\n", " "
        )
        for told in (short, whole):
            assert "An example is a change to a sound plan" in told
            assert max(map(len, told.splitlines())) <= 100

    def test_a_list_keeps_its_items(self, egp: Egp, repository: Workspace) -> None:
        assert repository.root
        items = [line for line in egp("explain", "valid-plan").out.splitlines() if line.startswith("- ")]
        assert len(items) == len(
            [line for line in load("valid-plan").page.text.splitlines() if line.startswith("- ")]
        )

    def test_the_report_says_how_to_find_its_policy(self, egp: Egp, repository: Workspace) -> None:
        repository.write("my policies/soft.yaml", RUNTIME_ALONE)
        told = egp("check", "drafts", DAY, "--policy", "my policies/soft.yaml").out
        assert "= more: egp explain minimum-runtime --policy 'my policies/soft.yaml'\n" in told
        for policy in ([], ["--policy", "egp.yaml"], ["--policy", "./egp.yaml"]):
            assert "= more: egp explain minimum-runtime\n" in egp("check", "drafts", DAY, *policy).out
        told = egp("check", "drafts", DAY, "--policy", "egp:standard").out
        assert "= more: egp explain minimum-runtime --policy egp:standard\n" in told

    @pytest.mark.parametrize("rule", ["minimum-runtme", "minimum_runtime", "MinimumRuntime"])
    def test_a_misspelt_rule(self, egp: Egp, rule: str) -> None:
        told = egp("explain", rule)
        assert (told.status, told.out) == (2, "")
        assert (
            told.err == f"egp: there is no rule and no file '{rule}', did you mean minimum-runtime?\n"
            "  help: egp rules lists all rules; a plan is named by its file\n"
        )

    def test_a_rule_like_none(self, egp: Egp) -> None:
        assert (
            egp("explain", "nope").err == "egp: there is no rule and no file 'nope'\n"
            "  help: egp rules lists all rules; a plan is named by its file\n"
        )


@pytest.mark.usefixtures("repository")
class TestRules:
    def test_all_rules_with_what_the_policy_makes_of_them(self, egp: Egp) -> None:
        told = egp("rules")
        assert told.status == 0
        assert "\nruntime\n" in told.out
        assert "  error  minimum-runtime " in told.out
        assert re.search("  off +feature-flag ", told.out)
        assert "  error  valid-plan " in told.out
        assert told.out.endswith("Severities under egp.yaml.\n")

    def test_as_json(self, egp: Egp) -> None:
        rules = {each["id"]: each for each in json.loads(egp("rules", "--format", "json").out)["rules"]}
        assert rules["minimum-runtime"]["severity"] == "error"
        assert rules["minimum-runtime"]["params"]["days"]["default"] == "14"
        assert rules["feature-flag"]["severity"] == "off"


def test_what_can_be_decided_is_of_the_plan_and_not_of_its_flag_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "egp.yaml").write_text(
        'extends: ["egp:standard"]\nplans: [plan.yaml]\n'
        "rollouts: [{files: flags.json, format: flagd, environment: production}]\n"
    )
    (tmp_path / "plan.yaml").write_text(
        (Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml").read_text(encoding="utf-8")
    )
    flag = {"state": "ENABLED", "variants": {"control": False, "buy_now": True}, "defaultVariant": "buy_now"}
    flags = tmp_path / "flags.json"
    for variant in ("buy_now", "{{ .variant }}"):
        flags.write_text(json.dumps({"flags": {"pdp_buy_now": {**flag, "defaultVariant": variant}}}))
        with chdir(tmp_path):
            assert main(["check", "--as-of", "2023-01-18"]) == 1
        assert "what can be decided: egp explain plan.yaml" in capsys.readouterr().out.splitlines()


def test_a_rejection_ends_with_what_can_be_decided_and_what_would_be_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("id: x\nstatistics: {alpha: 5}\n")
    with chdir(tmp_path):
        assert main(["check", "plan.yaml", "--as-of", "2023-01-18"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "what can be decided: egp explain plan.yaml" in lines
    assert lines[-1].startswith("egp check --fix repairs 1 of ")
    assert "valid-plan" in lines[-1]
