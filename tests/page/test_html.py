"""Pages as HTML, read as a file; ``test_browser.py`` opens them."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from egp.output.page import html
from egp.output.page.model import Command, Page, Paragraph, Section
from egp.output.page.text import plain

from .scenes import EVERYTHING, FIGURED, FIGURES, HOSTILE, saying

_VOID = {"meta"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text outside of the style sheet."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == [], "elements are left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def tags(self) -> Counter[str]:
        return Counter(tag for tag, _ in self.elements)


@pytest.fixture(scope="module")
def everything() -> Reader:
    return Reader(html.render(EVERYTHING))


def test_the_file_stands_alone(everything: Reader) -> None:
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(everything.tags)
    for tag, attributes in everything.elements:
        for name, value in attributes.items():
            assert name not in ("src", "href", "srcset", "data", "action"), f"<{tag} {name}={value}>"
            assert not name.startswith("on")
    assert re.findall(r"@import|url\((?!#)", html.render(EVERYTHING)) == []


def test_the_file_begins_with_what_browsers_look_for() -> None:
    assert html.render(EVERYTHING).startswith("<!doctype html>\n")


def test_a_browser_is_told_to_load_nothing(everything: Reader) -> None:
    policies = [
        each["content"] for tag, each in everything.elements if tag == "meta" and "http-equiv" in each
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_headings_are_in_order(everything: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in everything.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_name_is_given_once_and_every_reference_leads_somewhere(everything: Reader) -> None:
    ids = [str(each["id"]) for _, each in everything.elements if "id" in each]
    assert len(ids) == len(set(ids))
    for _, attributes in everything.elements:
        for reference in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(reference) or "").split()) <= set(ids)


def test_every_chart_has_a_title_and_words(everything: Reader) -> None:
    drawings = [each for tag, each in everything.elements if tag == "svg"]
    assert sum("aria-labelledby" in each for each in drawings) == 2 * len(FIGURES), (
        "for wide and for narrow windows"
    )
    assert {each["role"] for each in drawings} == {"img"}
    assert all(each.get("aria-labelledby") or each.get("aria-label") for each in drawings)
    assert "The layer search is promised to experiments to 120 %." in everything.words


def test_every_colour_of_a_chart_has_its_counterpart_in_the_dark() -> None:
    source = html.render(EVERYTHING)
    used = set(
        re.findall(
            r'(?:fill|stroke)="(#[0-9a-fA-F]+)"', re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
        )
    )
    bound = set(re.findall(r'svg \[(?:fill|stroke)="(#[0-9a-f]+)"\]', source))
    assert used
    assert used <= bound


def test_the_same_page_gives_the_same_bytes() -> None:
    assert html.render(EVERYTHING) == html.render(EVERYTHING)


def test_stoplights_have_words(everything: Reader) -> None:
    assert "\N{NO-BREAK SPACE}red" in everything.words
    assert "\N{NO-BREAK SPACE}green" in everything.words


def test_quoted_markup_is_text_in_charts_too() -> None:
    read = Reader(html.render(FIGURED))
    assert "script" not in read.tags
    assert sum(HOSTILE in words for words in read.words) > 20


@cache
def innocent() -> Reader:
    """The page that says nothing dangerous."""
    return Reader(html.render(saying("word")))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60).filter(plain))
@example(HOSTILE)
@example('" onload="alert(1)')
@example("{{ 7 * 7 }} {% raw %}")
@example("0 @0")
@example("</title></style>")
def test_quoted_text_stays_text(quoted: str) -> None:
    read = Reader(html.render(saying(quoted)))
    assert "".join(read.words).count(plain(quoted)) >= 2, "in parts, where a part is kept on one line"
    tags = innocent().tags
    assert read.tags - Counter(span=read.tags["span"]) == tags - Counter(span=tags["span"])
    names = {name for _, attributes in read.elements for name in attributes}
    assert names == {name for _, attributes in innocent().elements for name in attributes}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("harm (p = 0.031) and (p < 0.001), a cup = 3", ["p = 0.031", "p &lt; 0.001"]),
        ("until 2023-02-06, the look", ["2023-02-06"]),
        ("on 2023-02-06 08:00", ["2023-02-06 08:00"]),
        ("22.0 % of 1,377,160 units", ["22.0 %", "1,377,160 units"]),
        ("+0.58 pp by @pdp-pm", ["+0.58 pp", "@pdp-pm"]),
        (f"@{'w' * 40} and 0.34 said", []),
    ],
)
def test_no_line_breaks_inside_of_a_date_or_a_number_with_its_unit(text: str, whole: list[str]) -> None:
    page = html.render(Page("t", "v", "neutral", [Section("s", [Paragraph(text)])]))
    assert re.findall(r'<span class="whole">([^<]*)</span>', page) == whole
    assert unescape(re.sub(r"<[^>]*>", "", re.findall(r"<p>.*</p>", page)[0])) == text


def test_a_command_keeps_its_lines_and_indentation() -> None:
    page = Page("t", "v", "neutral", [Section("s", [Command("a:\n  b: <1>\n", "yaml")])])
    assert '<pre><code class="language-yaml">a:\n  b: &lt;1&gt;</code></pre>' in html.render(page)


def test_deep_sections_stay_headings() -> None:
    section = Section("deepest", [Paragraph("x")])
    for level in range(8):
        section = Section(f"level {level}", [section])
    read = Reader(html.render(Page("t", "v", "neutral", [section])))
    assert read.tags["h6"] == 5


def test_what_stands_between_backticks_is_code() -> None:
    page = Page(
        "title",
        "verdict",
        "good",
        [Section("part", [Paragraph("as in `worth: 1.10 USD`, for 8 % or ` alone")])],
    )
    text = html.render(page)
    assert "as in <code>worth: 1.10 USD</code>, for" in text
    assert "` alone" in text
