"""egp check --fix on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.cli.main import main
from tests.fix.test_files import SLIPS, SOUND_PLAN, slipped

DAY = "--as-of=2023-01-17"


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.yaml"
    path.write_text(slipped(), encoding="utf-8")
    return path


def test_fix_repairs_and_then_judges(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--fix", DAY, "plan.yaml"]) == 0
    told = capsys.readouterr()
    assert plan.read_text(encoding="utf-8").replace("   # why", "") == SOUND_PLAN
    assert told.err.count("plan.yaml: repaired ") == len(SLIPS)
    assert "1 plan judged: nothing to report" in told.out


def test_diff_writes_nothing(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = plan.read_bytes()
    assert main(["check", "--fix", "--diff", DAY, "plan.yaml"]) == 1
    told = capsys.readouterr()
    assert plan.read_bytes() == before
    assert told.out.startswith("--- a/plan.yaml\n+++ b/plan.yaml\n@@ ")
    assert told.err.count("plan.yaml: would repair ") == len(SLIPS)
    plan.write_text(SOUND_PLAN, encoding="utf-8")
    assert main(["check", "--fix", "--diff", DAY, "plan.yaml"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--unsafe", "plan.yaml"], "--unsafe says how to repair"),
        (["--diff", "plan.yaml"], "--diff says how to repair"),
        (["--fix", "-"], "standard input cannot be repaired in place"),
    ],
)
@pytest.mark.usefixtures("plan")
def test_misuse_is_told(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DAY, *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("egp.advice.fix.files.write_atomically", refuse)
    assert main(["check", "--fix", DAY, "plan.yaml"]) == 2
    assert "cannot write plan.yaml: Permission denied" in capsys.readouterr().err
    assert plan.read_text(encoding="utf-8") == slipped()
