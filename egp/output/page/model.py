"""What a page says, whatever the format: sections of blocks in plain text. Renderers escape all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Tone = Literal["good", "caution", "bad", "neutral"]
"""What a reader is to make of a statement: green, yellow, red or none. Never told by colour alone."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short statements."""

    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they stand at: "days" → "9 of 14"."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Light:
    """A stoplight in a cell of a table, with its word."""

    tone: Tone
    word: str


@dataclass(frozen=True, slots=True)
class Table:
    head: Sequence[str]
    rows: Sequence[Sequence[str | Light]]
    caption: str = ""
    numeric: frozenset[int] = frozenset()
    """Columns that are aligned by their numbers."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row of {len(row)} cells in a table with {len(self.head)} columns: {row}")


@dataclass(frozen=True, slots=True)
class Command:
    """Something to type or to paste: a command line, lines of YAML, or a message."""

    text: str
    language: Literal["sh", "yaml", "text"] = "sh"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and its equivalent in words. Text and Markdown print the words, and the numbers where there are some."""

    title: str
    chart: Mapping[str, Any]
    """A Vega-Lite specification with its data inline, from ``egp.output.page.charts``."""
    says: str
    numbers: Table | None = None


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of the policy, the plan or a person, and where they stand."""

    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: Sequence[Block]
    tone: Tone = "neutral"
    folded: bool = False
    """Whether a reader sees only the title at first, where the format can do that."""


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    verdict: str
    """The page in one sentence."""
    tone: Tone
    sections: Sequence[Section]
    provenance: Sequence[tuple[str, str]] = ()
    """What the page was made from: policy and version, digests, the day it judges as of."""


Block = Paragraph | Points | Facts | Table | Command | Figure | Quotation | Section
