"""How many processes judge is a matter of time, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.plans import write_plans
from egp.check import processes
from egp.cli.main import main


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["check", "--as-of", "2023-01-18", *arguments])
    streams = capsys.readouterr()
    return status, streams.out, streams.err


def test_any_number_of_processes_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plans(tmp_path / "experiments", 60)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "WORTHWHILE", 2)
    monkeypatch.setattr(processes, "PART", 7)
    alone, several = (said(capsys, "experiments", "--jobs", number) for number in ("1", "3"))
    assert alone == several
    assert "60 plans judged" in alone[1]


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "65", "٣"])
def test_a_number_of_processes_is_one_from_1_to_64(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = said(capsys, f"--jobs={number}")
    assert status == 2
    assert not out
    assert f"`{number}` is not a number of processes from 1 to 64" in err


def test_a_rule_has_something_to_say_or_is_not_requested_at_all() -> None:
    from egp.rules.rule import load

    class Plan:
        supplied = None

    assert load("measured-inputs").found(Plan(), None, None) is None
    assert load("minimum-runtime").found(Plan(), None, None) is not None
