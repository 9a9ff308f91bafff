"""The report for people: what it shows, how wide it is, and what never reaches a terminal."""

from __future__ import annotations

import re
from itertools import pairwise
from unicodedata import category, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.document import Position, Span
from egp.finding import Failure, Finding, Related
from egp.report.text import Style, printable, render
from tests.report.goldens import FOLDER, golden_path, told
from tests.report.scenes import PLAN, SCENES, WIDTHS, Scene, report_of, scene_rules

ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def lines_of(scene: Scene, style: Style = Style()) -> list[str]:  # noqa: B008 - frozen
    with scene_rules():
        return list(render(report_of(scene), style))


def columns(text: str) -> int:
    """Columns by the rules of Unicode: marks take none, wide characters two."""
    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize("scene", SCENES)
def test_the_report_looks_as_agreed(scene: str) -> None:
    """Rewritten by `python -m tests.report.goldens --write`."""
    assert told(scene) == golden_path(scene).read_text(encoding="utf-8")


def test_every_golden_file_has_a_scene() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(SCENES)


@pytest.mark.parametrize("scene", sorted(set(SCENES) - {"could-not-judge", "not-checked", "related-place"}))
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(scene: str, width: int) -> None:
    """Paths, and the one line that says why egp cannot judge, are not broken: they are copied."""
    assert [line for line in lines_of(SCENES[scene], Style(width)) if columns(line) > width] == []


@pytest.mark.parametrize("scene", SCENES)
def test_colour_adds_nothing_but_colour(scene: str) -> None:
    plain, coloured = lines_of(SCENES[scene]), lines_of(SCENES[scene], Style(colour=True))
    assert [ESCAPE.sub("", line) for line in coloured] == plain
    assert not any("\x1b" in line for line in plain)


def test_findings_are_coloured_by_their_severity() -> None:
    coloured = "\n".join(lines_of(SCENES["error-and-warning"], Style(colour=True)))
    assert "\x1b[1;31merror[agreed-value]\x1b[0m" in coloured
    assert "\x1b[1;33mwarning[tidy-value]\x1b[0m" in coloured


def underlined(scene: Scene, width: int = 100) -> list[str]:
    """What stands above each row of carets."""
    lines = lines_of(scene, Style(width))
    marked = []
    for above, below in pairwise(lines):
        carets = re.search(r"\^+", below)
        if carets and re.match(r" *[0-9]+ \|", above):
            begin, end = columns(below[: carets.start()]), columns(below[: carets.end()])
            at = 0
            text = ""
            for character in above:
                if begin <= at < end:
                    text += character
                at += columns(character)
            marked.append(text)
    return marked


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("value", ["abc", "検索チーム", "e\u0301te\u0301", "😀", "ก\u0e31น", "a" * 30])
@pytest.mark.parametrize("before", ["", "x" * 70, "検" * 40, "e\u0301" * 50])
@pytest.mark.parametrize("after", ["", "y" * 90, "索" * 50])
def test_the_underline_stands_below_the_value(width: int, value: str, before: str, after: str) -> None:
    plan = f"id: buy-now\nx-note: {{a: '{before}', b: '{value}', c: '{after}'}}\n"
    (marked,) = underlined(Scene(plan, agreed=[Finding(("x-note", "b"), "this one")]), width)
    quoted = f"'{value}'"
    assert marked == quoted or (width == 40 and len(marked) > 2 and quoted.startswith(marked))


def test_a_tab_takes_one_column() -> None:
    scene = Scene("id: buy-now\nx-note:\t{a:\t'b'}\n", agreed=[Finding(("x-note", "a"), "this one")])
    assert underlined(scene) == ["'b'"]


def test_an_empty_place_is_underlined_where_it_is() -> None:
    at_the_end = Finding(Span(Position(1, 12), Position(1, 12)), "something is missing here")
    (line,) = [line for line in lines_of(Scene("id: buy-now\n", agreed=[at_the_end])) if "^" in line]
    assert line == "  |            ^"


HOSTILE = "a\x1b[31mb\x07c\u202ed\u2066e\u200bf\x9bg\u2028h\x7fi\rj"


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_a_terminal_would_obey_reaches_it(colour: bool) -> None:
    finding = Finding(
        ("id",),
        f"message {HOSTILE}",
        observed=f"observed {HOSTILE}",
        required=f"required {HOSTILE}",
        help=f"help {HOSTILE}",
        related=(Related(("type",), f"label {HOSTILE}"),),
    )
    scene = Scene(
        PLAN + f"title: '\u202e{'x' * 5}\u2066'\n",
        agreed=[finding, Finding(("title",), "bidi")],
        path=f"experiments/{HOSTILE}.yaml",
        failures=[Failure(HOSTILE, HOSTILE, "", Span(Position(1, 1), Position(1, 3)), HOSTILE, HOSTILE), Failure(HOSTILE, HOSTILE)],
    )
    for line in lines_of(scene, Style(colour=colour)):
        assert ESCAPE.sub("", line).isprintable() if colour else line.isprintable(), line


def test_hostile_source_lines_are_shown_without_their_controls() -> None:
    scene = Scene("id: buy-now\ntitle: 'a\u202eb'\n", agreed=[Finding(("title",), "turned around")])
    assert "2 | title: 'a\ufffdb'" in lines_of(scene)


@given(text=st.text())
def test_printable_keeps_every_position(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert shown.isprintable()
    assert all(new == old or not old.isprintable() for new, old in zip(shown, text, strict=True))


def test_the_summary_counts_in_words() -> None:
    (summary,) = lines_of(SCENES["nothing-found"])
    assert summary == "1 plan judged: nothing to report (2 checks passed; policy egp.yaml 2026.2, as of 2023-01-18)"
