"""The text: as it was read and agreed on, within the width, and without colour when piped."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.cli.main import main
from egp.output.report.text import Style
from egp.plan.power.readings import missed_text
from egp.plan.wording import power_text
from tests.power.asking import run
from tests.power.transcripts import FOLDER, NAMES, QUESTIONS, WIDTHS, command, golden_path, lines, told


@pytest.mark.parametrize("name", NAMES)
def test_transcript(name: str) -> None:
    assert told(name) == golden_path(name).read_text(encoding="utf-8")


def test_every_transcript_has_its_question() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [*WIDTHS, 44])
def test_lines_keep_to_the_width(name: str, width: int) -> None:
    assert max(map(len, lines(name, Style(width)))) <= width


@pytest.mark.parametrize("name", ["size", "naive-looks"])
def test_a_pipe_gets_no_colour(name: str) -> None:
    result = run(*command(name))
    assert result.status == 0
    assert result.out == "\n".join(lines(name, Style(100))) + "\n"
    assert "\x1b" not in result.out


@pytest.mark.parametrize("name", NAMES)
def test_colour_adds_nothing_else(name: str) -> None:
    coloured = list(lines(name, Style(100, colour=True)))
    assert any("\x1b[" in line for line in coloured)
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured] == list(lines(name, Style(100)))


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_the_answer_is_in_the_first_sentence(name: str) -> None:
    first = " ".join(lines(name, Style(100))).split(". ")[0]
    assert "units" in first
    assert " power" in first


@given(power=st.floats(0.0001, 0.999999))
def test_what_is_found_and_what_is_missed_add_up(power: float) -> None:
    found, missed = power_text(power), missed_text(power)
    if found.startswith("more than"):
        assert missed == "less than 0.01 %"
    else:
        assert Decimal(found[:-2]) + Decimal(missed[:-2]) == 100


def test_the_help_writes_percent_signs_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["power", "--help"])
    told = capsys.readouterr().out
    assert "95% power" in told.replace("\n", " ")
    assert "%%" not in told
