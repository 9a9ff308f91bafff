"""What a page says, whatever the format: sections of blocks in plain text. Renderers escape all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from egp.plan.picture import Drawing, Picture

Tone = Literal["good", "caution", "bad", "neutral"]
"""What a reader is to make of a statement: green, yellow, red or none. Never shown by colour alone."""


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
class Notice:
    """A statement with the word that says what it is, "next" or "failed", and what belongs to it."""

    word: str
    text: str
    """May be empty where the points say it."""
    tone: Tone = "neutral"
    points: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they stand at: "days" → "9 of 14". A name without words goes on with the one before."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Light:
    """A stoplight in a cell of a table, with its word."""

    tone: Tone
    word: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A share of the longest bar of its column, as long as there is room for it. It repeats what another column says."""

    share: float


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to another page of the same folder; in formats that are one file they are words alone."""

    words: str
    to: str
    """A relative address that egp made, never one from a plan."""


Cell = str | Light | Bar | Link


@dataclass(frozen=True, slots=True)
class Table:
    head: Sequence[str]
    """Of heads that are all empty a terminal shows none."""
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    numeric: frozenset[int] = frozenset()
    """Columns that are aligned by their numbers."""
    marked: frozenset[int] = frozenset()
    """Rows that the reader looks for."""
    not_at_terminals: frozenset[int] = frozenset()
    """Columns that a terminal has no room for."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row of {len(row)} cells in a table with {len(self.head)} columns: {row}")

    def without(self, columns: Collection[int]) -> Table:
        """The other columns."""
        kept = [at for at in range(len(self.head)) if at not in columns]
        return Table(
            [self.head[at] for at in kept],
            [[row[at] for at in kept] for row in self.rows],
            self.caption,
            frozenset(new for new, old in enumerate(kept) if old in self.numeric),
            self.marked,
        )

    @property
    def without_bars(self) -> Table:
        return self.without({at for row in self.rows for at, cell in enumerate(row) if isinstance(cell, Bar)})


@dataclass(frozen=True, slots=True)
class Command:
    """Something to type or to paste: a command line, lines of YAML, or a message."""

    text: str
    language: Literal["sh", "yaml", "text"] = "sh"


@dataclass(frozen=True, slots=True)
class Figure:
    """What is to be seen, and its equivalent in words. Text and Markdown draw pictures in characters, and print of charts the numbers."""

    title: str
    chart: Drawing | Mapping[str, Any]
    """A picture (``egp.plan.picture``), or a Vega-Lite specification with its data inline, from ``egp.output.page.charts``."""
    says: str
    numbers: Table | None = None

    @property
    def drawing(self) -> Drawing | None:
        """The picture; None where it is a chart."""
        return None if isinstance(self.chart, Mapping) else self.chart


def pictured(picture: Picture) -> Figure:
    """The picture as a block."""
    return Figure(picture.title, picture.drawing, picture.says)


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
    paper: Literal["as on a screen", "open", "left out", "only"] = "as on a screen"
    """What is folded is printed if it is to be open; what is not may be left out, for a sentence that is only there."""

    @property
    def is_printed(self) -> bool:
        return self.paper in ("open", "only") or (self.paper == "as on a screen" and not self.folded)


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    verdict: str
    """The page in one sentence."""
    tone: Tone
    sections: Sequence[Section]
    provenance: Sequence[tuple[str, str]] = ()
    """What the page was made from: policy and version, digests, the day it judges as of."""

    @property
    def on_a_screen(self) -> Sequence[Section]:
        return [each for each in self.sections if each.paper != "only"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers in a few lines, its blocks close together: less than a page."""

    head: str
    """The answer in one sentence; may be empty where the first block says it."""
    blocks: Sequence[Block]
    tone: Tone = "neutral"


Block = Paragraph | Points | Notice | Facts | Table | Command | Figure | Quotation | Section
