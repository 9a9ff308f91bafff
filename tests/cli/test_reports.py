"""Reports for other programs: several at once, of a run that ends early, and the job summary of GitHub Actions."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from egp.cli.commands.reporting import FORMATS
from egp.cli.main import main
from tests.check.workspace import PLAN, RUNTIME_ALONE, SHORT, Workspace

DAY = "--as-of=2023-01-18"
MACHINES = [form for form in FORMATS if form != "text"]


@pytest.fixture
def folder(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("short.yaml", SHORT)
    workspace.write("good.yaml", PLAN)
    return workspace.root


def test_all_formats_at_once_and_one_status(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [f"--output={form}={form}.out" for form in FORMATS]
    assert main(["check", "short.yaml", DAY, *outputs]) == 1
    for form in FORMATS:
        assert main(["check", "short.yaml", DAY, "--format", form, "-o", f"{form}.single"]) == 1
        assert (folder / f"{form}.out").read_bytes() == (folder / f"{form}.single").read_bytes()
        assert "minimum-runtime" in (folder / f"{form}.out").read_text(encoding="utf-8")
    assert capsys.readouterr().out.startswith("error[minimum-runtime]")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("written", ["--output-format {}", "--output-format={}"])
def test_the_format_has_the_name_that_other_linters_give_it(
    capsys: pytest.CaptureFixture[str], form: str, written: str
) -> None:
    def told(options: str) -> str:
        assert main(["check", "short.yaml", DAY, *options.split(), "--output", "json=beside.json"]) == 1
        return capsys.readouterr().out

    assert told(written.format(form)) == told(f"--format {form}")


@pytest.mark.parametrize("form", MACHINES)
def test_a_broken_policy_is_told_in_the_report(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    (folder / "egp.yaml").write_text("rules: {minimum-runtme: {severity: error}}\n", encoding="utf-8")
    assert main(["check", "short.yaml", DAY, "--format", form]) == 2
    told = capsys.readouterr()
    assert "minimum-runtme" in told.out
    assert told.err == ""


def test_a_broken_policy_is_told_on_standard_error_where_only_people_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "egp.yaml").write_text("rules: {minimum-runtme: {severity: error}}\n", encoding="utf-8")
    assert main(["check", "short.yaml", DAY]) == 2
    told = capsys.readouterr()
    assert (told.out, "minimum-runtme" in told.err) == ("", True)


def test_the_fail_level_counts_in_every_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "egp.yaml").write_text("rules: {minimum-runtime: {severity: warning}}\n", encoding="utf-8")

    def told(form: str, *options: str) -> tuple[int, str]:
        status = main(["check", "short.yaml", DAY, "--format", form, *options])
        return status, capsys.readouterr().out

    for options, status in (([], 0), (["--fail-level", "warning"], 1)):
        for form in FORMATS:
            assert told(form, *options)[0] == status
        assert json.loads(told("sarif", *options)[1])["runs"][0]["invocations"][0]["exitCode"] == status
        assert ET.fromstring(told("junit", *options)[1]).get("failures") == str(status)
        assert told("markdown", *options)[1].startswith(("## egp: ✅", "## egp: ❌")[status])


@pytest.mark.usefixtures("folder")
def test_passes_are_test_cases_when_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "good.yaml", DAY, "--format", "junit", "--show-passed"]) == 0
    root = ET.fromstring(capsys.readouterr().out)
    assert "minimum-runtime" in {case.get("name") for case in root.iter("testcase")}
    assert root.get("failures") == "0"


class TestJobSummary:
    def test_annotations_come_with_a_summary(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        summary = folder / "summary.md"
        summary.write_text("before\n", encoding="utf-8")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        assert main(["check", "short.yaml", DAY, "--format", "github"]) == 1
        assert capsys.readouterr().out.startswith("::error file=short.yaml,")
        assert main(["check", "short.yaml", DAY, "--format", "markdown", "-o", "alone.md"]) == 1
        alone = (folder / "alone.md").read_text(encoding="utf-8")
        assert summary.read_text(encoding="utf-8") == f"before\n{alone}"

    def test_no_other_format_writes_one(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
        for form in set(FORMATS) - {"github"}:
            main(["check", "short.yaml", DAY, "--format", form])
        assert not (folder / "summary.md").exists()

    def test_one_that_cannot_be_written_is_no_verdict(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "nowhere" / "summary.md"))
        assert main(["check", "good.yaml", DAY, "--format", "github"]) == 2
        assert "cannot write " in capsys.readouterr().err
