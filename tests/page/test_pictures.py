"""Pictures show what their data say, as shapes and as characters."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from egp.output.page.characters import drawn
from egp.output.page.drawing import picture
from egp.output.page.model import Block, Command, Facts, Page, Paragraph, Quotation, Section
from egp.output.page.unit_spacing import in_one_style
from egp.output.report.text import columns
from egp.plan.picture import Calendar, Drawing, Interval, Intervals, Length, Lengths, Level, Share, Tally

from .scenes import PICTURES

MONDAY = date(2023, 1, 23)


def shapes(drawing: Drawing) -> str:
    return str(picture(drawing, lambda text: Markup("{}").format(text)))


@given(of=st.integers(1, 60), data=st.data())
def test_a_tally_has_a_shape_for_every_case(of: int, data: st.DataObject) -> None:
    marked = data.draw(st.integers(0, of))
    tally = Tally([Share("launches", marked, of)], "wins", "others")
    assert shapes(tally).count('<circle class="marked"') == marked
    assert shapes(tally).count('<circle class="plain"') == of - marked
    told = "".join(list(drawn(tally, 60))[1:-1])
    assert (told.count("#"), told.count(".")) == (marked, of - marked)


def test_a_calendar_has_every_day_under_its_weekday() -> None:
    days = [(MONDAY + timedelta(at), "seen" if at < 5 else "missing") for at in range(14)]
    calendar = Calendar(days, 2)  # type: ignore[arg-type]
    assert calendar.seen == [1, 1, 1, 1, 1, 0, 0]
    assert list(drawn(calendar, 80)) == [
        "            Mon   Tue   Wed   Thu   Fri   Sat   Sun",
        "2023-01-23    #     #     #     #     #     .     .",
        "2023-01-30    .     .     .     .     .     .     .",
        "times         1     1     1     1     1     0     0",
        "# in the run, . not in it",
    ]
    assert re.findall(r'class="short"[^>]*>(\w+)<', shapes(calendar)) == ["once"] * 5 + ["never"] * 2


def test_a_run_that_begins_on_a_wednesday_leaves_the_days_before_it_empty() -> None:
    calendar = Calendar([(date(2023, 1, 25), "seen"), (date(2023, 1, 26), "paused")], 1)
    assert list(drawn(calendar, 80))[1] == "2023-01-23                #     -"
    first = re.search(r'<rect class="seen" x="([\d.]+)%"', shapes(calendar))
    assert first is not None
    assert float(first[1]) == pytest.approx(2 * 100 / 7 + 0.5, abs=0.01)


def test_lengths_are_shares_of_the_longest() -> None:
    lengths = Lengths([Length("needed", 200, "200"), Length("declared", 50, "50")])
    assert re.findall(r'width="([\d.]+)%" height="12"', shapes(lengths)) == ["100.00", "25.00"]
    assert [line.count("#") for line in drawn(lengths, 80)] == [0, 30, 0, 8]


def test_ranges_lie_before_and_beyond_their_levels() -> None:
    intervals = Intervals([Interval("week", 1.0, 3.0, "2", 2.0)], [Level(0.0, "none"), Level(4.0, "margin")])
    found = re.search(r'class="range plain" x1="([\d.]+)%" x2="([\d.]+)%"', shapes(intervals))
    levels = re.findall(r'class="level plain" x1="([\d.]+)%"', shapes(intervals))
    assert found is not None
    assert float(levels[0]) < float(found[1]) < float(found[2]) < float(levels[1])
    line = list(drawn(intervals, 80))[1]
    assert line.index("|") < line.index("-") < line.index("o") < line.rindex("-") < line.rindex("|")


def test_names_of_levels_stand_on_lines_of_their_own() -> None:
    levels = [Level(at, f"level {at}") for at in range(4)]
    told = shapes(Intervals([Interval("row", 0, 3, "")], levels))
    heights = [float(y) for y in re.findall(r'<text [^>]*y="([\d.]+)"', told)]
    assert all(later - earlier >= 18 for earlier, later in pairwise(heights))


@pytest.mark.parametrize("width", [30, 40, 60, 100])
@pytest.mark.parametrize("figure", PICTURES, ids=lambda figure: figure.title)
def test_a_picture_fits_the_terminal(figure: Drawing, width: int) -> None:
    assert max(columns(line) for line in drawn(figure.drawing, width)) <= max(width, 38)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("8%, 45bps and 0.8pp", "8 %, 45 bps and 0.8 pp"),
        ("-14.6% to +1,900ms", "-14.6 % to +1,900 ms"),
        ("8 % stays", "8 % stays"),
        ("egp gate PLAN --to 70%", "egp gate PLAN --to 70%"),
        ("set `exposure: 90%`", "set `exposure: 90%`"),
        ("web-8841%20x", "web-8841%20x"),
    ],
)
def test_numbers_of_a_page_are_written_in_one_style(written: str, shown: str) -> None:
    assert in_one_style(Paragraph(written)).text == shown


def test_what_is_quoted_or_copied_stays_as_it_is_written() -> None:
    blocks: list[Block] = [
        Command("exposure: 90%", "yaml"),
        Quotation("margin: 8%"),
        Facts([("margin", "8%")]),
    ]
    page = in_one_style(Page("5%", "5%", "good", [Section("5%", blocks)]))
    assert (page.title, page.verdict, page.sections[0].title) == ("5 %",) * 3
    assert page.sections[0].blocks[:2] == blocks[:2]
    assert page.sections[0].blocks[2] == Facts([("margin", "8 %")])
