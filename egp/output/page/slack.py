"""A page as a message for Slack, in the blocks of its Block Kit: what an incoming webhook or `chat.postMessage` takes.

What is said stands in rich text and plain text, in which Slack looks for no markup, mention or link. Only the notice that
telephones show, ``text``, is in Slack's own markup, where three characters are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from egp.output.page.message import MessageLine, cut, fitting, lines

if TYPE_CHECKING:
    from egp.output.page.model import Answer, Page

BLOCKS = 50
"""Of a message; Slack refuses one with more, and so it does with the lengths below."""
HEADER = 150
TEXT = 3_000
MESSAGE = 12_000
"""Bytes of all that is said; Slack takes a few more, and does not say how many."""

Block = dict[str, Any]


def render(page: Page | Answer) -> str:
    """The message as JSON; the same page gives the same bytes."""
    title, *said = fitting(lines(page), MESSAGE)
    blocks: list[Block] = [{"type": "header", "text": _plain(cut(title.text or "egp", HEADER))}]
    blocks += [block for part in _parts(said) for block in _blocks(part)][: BLOCKS - 1]
    verdict = next((line.text for line in said if line.text), "")
    notice = cut(escape(f"{title.text}: {verdict}", quote=False), TEXT)
    return json.dumps({"text": notice, "blocks": blocks}, indent=2, ensure_ascii=False) + "\n"


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _parts(said: Sequence[MessageLine]) -> Iterator[list[MessageLine]]:
    """The lines from heading to heading: a block each, as long as Slack takes it."""
    part: list[MessageLine] = []
    size = 0
    for line in said:
        if part and (line.kind in ("heading", "small") or size + len(line.text) > TEXT):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.text)
    if part:
        yield part


def _blocks(part: Sequence[MessageLine]) -> Iterator[Block]:
    if part[0].kind == "small":
        yield {
            "type": "context",
            "elements": [_plain(cut(line.text, TEXT)) for line in part if line.kind == "small"],
        }
        part = [line for line in part if line.kind != "small"]
    if part:
        yield {"type": "rich_text", "elements": [*_elements(part)]}


def _elements(part: Sequence[MessageLine]) -> Iterator[Block]:
    for kind, group in groupby(part, key=lambda line: line.kind):
        if kind == "point":
            yield {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [_section(line) for line in group],
            }
        elif kind in ("code", "quote"):
            name = "rich_text_preformatted" if kind == "code" else "rich_text_quote"
            yield from ({"type": name, "elements": _runs(line)} for line in group)
        else:
            yield from (_section(line, "\n") for line in group)


def _section(line: MessageLine, ending: str = "") -> Block:
    runs = _runs(line)
    if ending:
        runs.append({"type": "text", "text": ending})
    return {"type": "rich_text_section", "elements": runs}


def _runs(line: MessageLine) -> list[Block]:
    return [
        {"type": "text", "text": cut(run.text, TEXT), **({"style": {"bold": True}} if run.is_bold else {})}
        for run in line.runs
        if run.text
    ] or [{"type": "text", "text": " "}]
