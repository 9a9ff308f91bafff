"""egp schema: the place of a schema on this machine, and its address in the release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egp import ADDRESS, VERSION
from egp.cli.main import main


def test_it_prints_the_file_and_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    path, address = capsys.readouterr().out.splitlines()
    assert json.loads(Path(path).read_text(encoding="utf-8"))["$id"] == "urn:egp:schema:experiment"
    assert address == f"{ADDRESS}/raw/v{VERSION}/schemas/experiment.schema.json"


def test_every_schema_that_is_listed_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--list"]) == 0
    names = capsys.readouterr().out.split()
    assert {"experiment", "policy", "report"} <= set(names)
    for name in names:
        assert main(["schema", name]) == 0
        assert Path(capsys.readouterr().out.splitlines()[0]).is_file()


def test_one_that_there_is_not_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "../egp"]) == 2
    assert main(["schema", "polcy"]) == 2
    assert "did you mean `egp schema policy`?" in capsys.readouterr().err
