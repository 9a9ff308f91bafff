"""egp new and egp completion on the command line."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.policy.reading import read_policy
from egp.rules import rule
from egp.rules.rule import index, rule_in
from tests.check.workspace import Workspace, workspace
from tests.rules import test_pages
from tests.rules.examples import run_example

__all__ = ["workspace"]

DAY = "--as-of=2023-01-10"
ANSWERED = (
    "--metric=order_rate", "--kind=proportion", "--direction=increase", "--baseline=12%", "--mde=45bps", "--per-day=41_000",
)  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_a_bare_repository_only_people_are_asked(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "experiment", "faster-cart", DAY]) == 0
    told = capsys.readouterr()
    assert re.search(r"wrote experiments/faster-cart.yaml; \d+ fields are open, marked TODO", told.err)
    assert main(["check", "experiments", DAY]) == 1
    report = capsys.readouterr().out
    lines = (repository / "experiments/faster-cart.yaml").read_text(encoding="utf-8").splitlines()
    assert len(report.splitlines()) < 45
    places = [int(at) for at in re.findall(r"^ *(\d+) \| (?:error|warning)\[", report, re.MULTILINE)]
    assert len(places) > 25
    assert [lines[at - 1] for at in places if "# TODO" not in lines[at - 1]] == []


def test_answers_are_taken_and_the_power_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "experiment", "faster-cart", DAY, "--start=2023-02-06", *ANSWERED]) == 0
    assert (
        "an MDE of 45bps needs 137,716 units per variant; the plan runs for 14 days\n"
        in capsys.readouterr().err
    )
    text = (repository / "experiments/faster-cart.yaml").read_text(encoding="utf-8")
    assert "schedule: {start: 2023-02-06, end: 2023-02-19," in text
    assert "sample_size_per_variant: 137_716 " in text


def test_nothing_is_overwritten(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for what in (["experiment", "x"], ["policy"]):
        assert main(["new", *what, DAY, "-o", "kept.yaml"]) == 0
        before = (repository / "kept.yaml").read_bytes()
        assert main(["new", *what, DAY, "-o", "kept.yaml"]) == 2
        assert "kept.yaml exists already" in capsys.readouterr().err
        assert (repository / "kept.yaml").read_bytes() == before
        (repository / "kept.yaml").unlink()


@pytest.mark.usefixtures("repository")
def test_standard_output_takes_a_new_plan_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "experiment", "x", DAY, "-o", "-"]) == 0
    assert "\nid: x\n" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_questions_are_asked(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal("A cart that opens at once\n"))
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["new", "experiment", "faster-cart", DAY, *ANSWERED]) == 0
    text = (repository / "experiments/faster-cart.yaml").read_text(encoding="utf-8")
    assert "title: A cart that opens at once\n" in text
    assert re.search(r"hypothesis: +# TODO", text)
    assert "What changes, in one line: " in screen.getvalue()
    assert "Primary metric: " not in screen.getvalue()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["experiment", "../x"], "cannot be the name of a file"),
        (["experiment", "x", "--mde", "5"], "--mde: 5 has no unit"),
        (["experiment", "x\n", "-o", "x.yaml"], "cannot be an id"),
        (["experiment", "x", "-o", "/dev/null/x.yaml"], "cannot write"),
        (["policy", "--extends", "egp:standrad"], "did you mean egp:standard"),
        (["rule", "x-y", "--family", "power"], "there is no folder egp/rules here"),
        (["rule", "sample-size", "--family", "power"], "there is a rule sample-size already"),
        (["rule", "Sample Size", "--family", "power"], "cannot be the id of a rule"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_what_cannot_be_begun_is_told(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", *arguments]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("extends", ["egp:standard", "egp:strict", "egp:ml-launch"])
def test_a_new_policy_judges(repository: Path, extends: str) -> None:
    assert main(["new", "policy", DAY, "--extends", extends, "--plans", "*/plans/**"]) == 0
    policy = read_policy(str(repository / "egp.yaml"), "egp.yaml")
    assert [layer.name for layer in policy.layers][-2:] == [extends, "egp.yaml"]
    assert policy.plans == ("*/plans/**",)
    assert policy.version == "2023.1"


def test_the_examples_in_a_new_policy_are_valid(repository: Path) -> None:
    assert main(["new", "policy", DAY]) == 0
    path = repository / "egp.yaml"
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r"^# \S+: |^# rules:$", text, re.MULTILINE)) == 5
    path.write_text(re.sub(r"^# (?=\w+:|  )", "", text, flags=re.MULTILINE), encoding="utf-8")
    policy = read_policy(str(path), "egp.yaml")
    assert [tier for _, tier in policy.tiers] == ["critical", "standard"]
    assert list(policy.roles) == ["experimentation_lead", "privacy"]
    assert list(policy.calendars) == ["peak_sale"]
    assert set(policy.layers[-1].settings) == {"required-guardrails", "minimum-runtime"}


def test_a_new_rule_is_a_rule(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    families = workspace.root / "egp" / "rules" / "governance"
    families.mkdir(parents=True)
    assert main(["new", "rule", "links-declared", "--family", "governance"]) == 0
    assert (families / "links_declared.py").is_file()
    monkeypatch.syspath_prepend(str(families))
    written = rule_in(import_module("links_declared"), "links-declared", "governance")
    monkeypatch.setitem(index(), "links-declared", written)
    test_pages.test_page_is_complete(written)
    test_pages.test_findings_are_worded_for_authors(written)
    examples = list(written.page.examples)
    assert len(examples) == 3
    for example in examples:
        test_pages.test_example(written, example)
    assert run_example(written, examples[0]).findings == []
    assert issubclass(written.body.Params, rule.Params)


def test_a_new_rule_needs_a_family_that_is_one(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace.root / "egp" / "rules").mkdir(parents=True)
    assert main(["new", "rule", "links-declared", "--family", "../.."]) == 2
    assert "is no family of rules" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_command_line(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("check", "register", "fail-level", "minimum-runtime", "experiment", "std-dev"):
        assert word in script, word


def test_bash_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "egp.bash"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    (tmp_path / "minimum-plan.yaml").touch()
    for words, completions in (
        ("egp explain minimum-r", ["minimum-runtime"]),
        ("egp explain minimum-p", ["minimum-plan.yaml"]),
        ("egp waive x.yaml minimum-r", ["minimum-runtime"]),
        ("egp check minimum-", ["minimum-plan.yaml"]),
    ):
        last = len(words.split()) - 1
        completing = (
            f'source {script}; COMP_WORDS=({words}); COMP_CWORD={last}; _shtab_egp; echo "${{COMPREPLY[@]}}"'
        )
        run = subprocess.run(
            ["bash", "-c", completing], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert run.stdout.split() == completions, words


def test_without_the_library_completion_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    told = capsys.readouterr().err
    assert "library shtab, which is not installed" in told
    assert "pip install shtab" in told


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("option", ["--start=9999-12-30", "--as-of=9999-12-30"])
def test_a_run_beyond_the_calendar_is_told(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "experiment", "x", DAY, option, "-o", "-"]) == 2
    assert "beyond the end of the calendar" in capsys.readouterr().err
