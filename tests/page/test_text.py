"""Pages on terminals and in pipes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.output.page import text
from egp.output.page.model import Command, Light, Page, Paragraph, Section, Table
from egp.output.report.text import Style, columns

from .scenes import EVERYTHING, saying

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [40, 60, 100, 120])
def test_only_commands_are_wider_than_the_terminal(width: int) -> None:
    lines = text.render(EVERYTHING, Style(width)).splitlines()
    assert [line for line in lines if columns(line) > width and not line.startswith("    ")] == []


def test_every_word_of_the_page_is_told() -> None:
    told = " ".join(text.render(EVERYTHING, Style(60)).replace("|", " ").split())
    for words in (
        "[red] Rejected: the plan breaks 2 rules of the policy.",
        "[yellow] One weekend only is seen.",
        "- run until 2023-02-05",
        "2. tell the reviewer",
        "power 67.2 %, asked: 95 %",
        "No early stopping. (egp.yaml:12)",
        "The layer search is promised to experiments to 120 %.",
        "search 120 %",
        "[green] Passed",
        "policy examples/egp.yaml 2023.1; as of 2023-01-18",
    ):
        assert words in told


def test_colour_adds_nothing_but_colour() -> None:
    painted = text.render(EVERYTHING, Style(60, colour=True))
    assert painted != (plain := text.render(EVERYTHING, Style(60)))
    assert _COLOUR.sub("", painted) == plain


def test_a_command_keeps_its_indentation() -> None:
    page = Page("t", "v", "neutral", [Section("s", [Command("a:\n  b: 1\n")])])
    assert "    a:\n      b: 1\n" in text.render(page, Style(60))


def table(width: int) -> str:
    rows = [
        ("pdp-buy-now", Light("bad", "red"), "the time until the page is loaded rose beyond its limit", "9"),
        ("ranking", Light("good", "green"), "nothing speaks against it", "14"),
    ]
    block = Table(("experiment", "light", "reason", "days"), rows, numeric=frozenset({3}))
    return text.render(Page("t", "v", "neutral", [Section("s", [block])]), Style(width)).split("-\n\n", 1)[1]


def test_a_table_has_aligned_columns() -> None:
    assert table(60) == (
        "experiment   light  reason                              days\n"
        "-----------  -----  ----------------------------------  ----\n"
        "pdp-buy-now  red    the time until the page is loaded      9\n"
        "                    rose beyond its limit\n"
        "ranking      green  nothing speaks against it             14\n"
    )


def test_a_table_without_room_for_columns_is_a_list() -> None:
    assert table(30) == (
        "experiment  pdp-buy-now\n"
        "light       red\n"
        "reason      the time until the\n"
        "            page is loaded\n"
        "            rose beyond its\n"
        "            limit\n"
        "days        9\n"
        "\n"
        "experiment  ranking\n"
        "light       green\n"
        "reason      nothing speaks\n"
        "            against it\n"
        "days        14\n"
    )


def test_a_row_with_too_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells in a table with 2 columns"):
        Table(("a", "b"), [("1",)])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_nothing_that_is_quoted_acts_on_a_terminal(quoted: str) -> None:
    told = text.render(saying(quoted), Style(60))
    assert all(line.isprintable() for line in told.split("\n"))


@pytest.mark.parametrize("width", [30, 60])
def test_nothing_that_is_quoted_commands_a_ci(width: int) -> None:
    told = text.render(saying("::error::owned ##[group]x " * 10), Style(width))
    assert "error::owned" in told
    assert "##[" not in told
    assert not any(line.lstrip().startswith("::") for line in told.splitlines())


def test_lines_of_a_paragraph_become_one_paragraph() -> None:
    page = Page("t", "v", "neutral", [Section("s", [Paragraph("one\n  two\tthree\n")])])
    assert text.render(page, Style(60)).endswith("\none two three\n")
