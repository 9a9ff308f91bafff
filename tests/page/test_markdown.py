"""Pages as Markdown, read by a Markdown parser that takes HTML as GitHub does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from egp.output.page import markdown
from egp.output.page.model import Command, Page, Section
from egp.output.page.text import plain

from .scenes import EVERYTHING, HOSTILE, saying

_NON_JOINER = "\N{ZERO WIDTH NON-JOINER}"
_AUTOLINK = re.compile(r"(?:^|[^\w])@\w|https?://|\bwww\.\w", re.IGNORECASE)
_OURS = re.compile(r"<(/?)(details|summary|b|sub)>")


def tokens(source: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(source)


def inline(source: str) -> Iterator[Token]:
    for token in tokens(source):
        yield token
        yield from token.children or ()


def kinds(source: str) -> list[str]:
    return [token.type for token in inline(source)]


def test_every_block_is_what_it_is_meant_to_be() -> None:
    seen = kinds(markdown.render(EVERYTHING))
    for kind in ("table_open", "bullet_list_open", "ordered_list_open", "fence", "blockquote_open"):
        assert kind in seen
    headings = [token.tag for token in tokens(markdown.render(EVERYTHING)) if token.type == "heading_open"]
    assert headings == ["h2", "h3", "h4", "h3"]


def test_stoplights_have_words() -> None:
    told = markdown.render(EVERYTHING)
    assert "**❌ red: Rejected: the plan breaks 2 rules of the policy.**" in told
    assert "| pdp-buy-now | ❌ red | the page load time rose | 9 |" in told
    assert "<details><summary><b>✅ green: Passed</b></summary>\n" in told


def test_numbers_of_a_chart_are_folded_below_its_words() -> None:
    told = markdown.render(EVERYTHING)
    assert (
        "**Exposure by layer.** The layer search is promised to experiments to 120 %.\n\n<details><summary>The numbers</summary>"
        in told
    )
    assert "| search | 120 % |" in told


hostile_texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="<>&`*_[]()#!|~\\\n -=+.1a:/@w", max_size=40),
).filter(plain)


@settings(max_examples=150, deadline=None)
@given(hostile_texts)
@example(HOSTILE)
@example("- a list")
@example("1. a list")
@example("===")
@example("# heading")
@example("@vp-commerce see https://example.org and www.example.org")
@example("</summary></details><img src=x>")
@example("a | b")
def test_quoted_text_stays_text(quoted: str) -> None:
    source = markdown.render(saying(quoted))
    for token in inline(source):
        if token.type in ("html_block", "html_inline"):
            assert "<" not in _OURS.sub("", token.content), token.content
    assert markup(source) == innocent_markup()


@cache
def innocent_markup() -> list[str]:
    return markup(markdown.render(saying("word")))


def markup(source: str) -> list[str]:
    """Everything but words, in their order."""
    return [kind for kind in kinds(source) if kind != "text"]


@pytest.mark.parametrize(
    "quoted", ["@vp-commerce", "see https://example.org", "WWW.example.org", "(@someone)"]
)
def test_nothing_becomes_a_mention_or_a_link(quoted: str) -> None:
    source = markdown.render(saying(quoted))
    outside_of_fences = re.sub(r"^```.*?^```", "", source, flags=re.MULTILINE | re.DOTALL)
    assert _AUTOLINK.findall(outside_of_fences) == []


def test_the_words_are_kept() -> None:
    page = saying(text := "5 <b> & `c` *d* [e](f) 1.5 % ~~g~~ h_i_j")
    told = [each.content for each in inline(markdown.render(page)) if each.type == "inline"]
    paragraph = MarkdownIt("commonmark").parseInline(told[0])[0].children or []
    assert "".join(each.content for each in paragraph).replace(_NON_JOINER, "") == text


def test_a_fence_is_longer_than_any_in_its_command() -> None:
    page = Page("t", "v", "neutral", [Section("s", [Command("a\n````\nb")])])
    fences = [each for each in tokens(markdown.render(page)) if each.type == "fence"]
    assert [each.content for each in fences] == ["a\n````\nb\n"]
