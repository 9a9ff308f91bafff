"""A page as an Adaptive Card for Microsoft Teams, in the envelope that a workflow's webhook takes.

All of it is text runs, in which a card has no Markdown: what a plan says is neither link nor format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from egp.output.page.message import Kind, MessageLine, Run, fitting, lines

if TYPE_CHECKING:
    from egp.output.page.model import Answer, Page, Tone

VERSION = "1.5"
MESSAGE = 12_000
"""Bytes of all that is said: Teams refuses a message of more than 28 KB, in which every line has a frame."""
LINES = 80
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_COLOUR: dict[Tone, str] = {"good": "Good", "caution": "Warning", "bad": "Attention", "neutral": "Default"}
_STYLE: dict[Kind, dict[str, object]] = {
    "title": {"size": "Large", "weight": "Bolder"},
    "heading": {"size": "Medium"},
    "code": {"fontType": "Monospace"},
    "quote": {"italic": True},
    "small": {"size": "Small", "isSubtle": True},
}


def render(page: Page | Answer) -> str:
    """The message as JSON; the same page gives the same bytes."""
    said = [*fitting(lines(page), MESSAGE)]
    if len(said) > LINES:
        more = MessageLine(
            "small", [Run(f"… {len(said) - LINES} more lines: egp prints all of them as text")]
        )
        said = [*said[:LINES], more]
    card: dict[str, Any] = {
        "$schema": _SCHEMA,
        "type": "AdaptiveCard",
        "version": VERSION,
        "fallbackText": said[0].text or "egp",
        "body": [_block(line) for line in said],
        "msteams": {"width": "Full"},
    }
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return (
        json.dumps({"type": "message", "attachments": [attached]}, ensure_ascii=False, separators=(",", ":"))
        + "\n"
    )


def _block(line: MessageLine) -> dict[str, Any]:
    runs = [_run(run, line) for run in line.runs if run.text] or [{"type": "TextRun", "text": " "}]
    if line.kind == "point":
        runs.insert(0, {"type": "TextRun", "text": "• "})
    block: dict[str, Any] = {"type": "RichTextBlock", "inlines": runs}
    if line.kind == "heading":
        block.update(separator=True, spacing="Medium")
    return block


def _run(run: Run, line: MessageLine) -> dict[str, Any]:
    styled: dict[str, Any] = {"type": "TextRun", "text": run.text, **_STYLE.get(line.kind, {})}
    if run.is_bold:
        styled["weight"] = "Bolder"
    if (line.tone != "neutral" and run.is_bold) or (line.kind == "title" and line.tone != "neutral"):
        styled["color"] = _COLOUR[line.tone]
    return styled
