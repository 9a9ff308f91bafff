"""A page as lines of a message: what a chat shows of it. No line is in any language, so that none has to be escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from egp.output.page import model
from egp.output.page.text import COLOUR_WORD, cell_text, plain
from egp.output.page.unit_spacing import in_one_style
from egp.output.report.text import printable

Kind = Literal["title", "heading", "text", "point", "code", "quote", "small"]

_SYMBOL: dict[model.Tone, str] = {"good": "✅", "caution": "⚠️", "bad": "❌", "neutral": ""}


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a line in one style."""

    text: str
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class MessageLine:
    kind: Kind
    runs: Sequence[Run]
    tone: model.Tone = "neutral"

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def lines(page: model.Page | model.Answer) -> Iterator[MessageLine]:
    """The page from its title to where it is from. What a screen folds away is left out, for a message is short."""
    if isinstance(page, model.Answer):
        yield MessageLine("title", [Run(_toned(page.head, page.tone))], page.tone)
        yield from _blocks(page.blocks)
        return
    page = in_one_style(page)
    yield MessageLine("title", [Run(plain(page.title))])
    yield MessageLine("text", [Run(_toned(page.verdict, page.tone), True)], page.tone)
    yield from _blocks(page.on_a_screen)
    if page.provenance:
        yield MessageLine(
            "small", [Run(plain("; ".join(f"{name} {value}" for name, value in page.provenance)))]
        )


def fitting(said: Iterable[MessageLine], most: int) -> Iterator[MessageLine]:
    """As many lines as have room in so many bytes of UTF-8, and how many are left out; a line that is longer is cut."""
    every = list(said)
    left = most
    for at, line in enumerate(every):
        size = len(line.text.encode("utf-8"))
        if size > left and at:
            yield MessageLine(
                "small", [Run(f"… {len(every) - at} more lines: egp prints all of them as text")]
            )
            return
        left -= size
        yield line if size <= most else MessageLine(line.kind, [Run(cut(line.text, most // 4))], line.tone)


def cut(text: str, most: int) -> str:
    """The text in at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _toned(text: str, tone: model.Tone) -> str:
    return f"{_SYMBOL[tone]} {plain(text)}".lstrip()


def _blocks(blocks: Iterable[model.Block]) -> Iterator[MessageLine]:
    for block in blocks:
        yield from _block(block)


def _block(block: model.Block) -> Iterator[MessageLine]:
    match block:
        case model.Section():
            if block.folded:
                return
            if block.title:
                yield MessageLine("heading", [Run(_toned(block.title, block.tone), True)], block.tone)
            yield from _blocks(block.blocks)
        case model.Paragraph(text, tone):
            yield MessageLine("text", [Run(_toned(text, tone))], tone)
        case model.Points(items, numbered):
            for number, item in enumerate(items, start=1):
                yield MessageLine(
                    "text" if numbered else "point",
                    [Run(f"{number}. {plain(item)}" if numbered else plain(item))],
                )
        case model.Notice(word, text, tone, points):
            beside = [Run(f": {plain(text)}")] if text else []
            yield MessageLine("point", [Run(_toned(word, tone), True), *beside], tone)
            yield from (MessageLine("point", [Run(plain(point))]) for point in points)
        case model.Facts(pairs):
            yield from (MessageLine("text", _fact(name, value)) for name, value in pairs)
        case model.Table():
            yield from _table(block)
        case model.Command(text):
            kept = "\n".join(map(printable, text.strip("\n").splitlines()))
            yield MessageLine("code", [Run(kept)])
        case model.Figure(title, _, says):
            yield MessageLine("text", [Run(f"{plain(title)}. ", True), Run(plain(says))])
        case model.Quotation(text, source):
            yield MessageLine("quote", [Run(plain(text) + (f" ({plain(source)})" if source else ""))])


def _fact(name: str, value: str) -> list[Run]:
    return [Run(f"{plain(name)}: ", True), Run(plain(value))] if name else [Run(plain(value))]


def _table(table: model.Table) -> Iterator[MessageLine]:
    """A point a row: its first words, then each head with its cell."""
    table = table.without_bars
    if table.caption:
        yield MessageLine("text", [Run(plain(table.caption))])
    for row in table.rows:
        first, *rest = ((plain(head), _cell(cell)) for head, cell in zip(table.head, row, strict=True))
        said = "; ".join(f"{head} {cell}".strip() for head, cell in rest if cell)
        yield MessageLine("point", [Run(first[1], True), *([Run(f": {said}")] if said else [])])


def _cell(cell: model.Cell) -> str:
    word = cell_text(cell)
    is_coloured = isinstance(cell, model.Light) and COLOUR_WORD[cell.tone]
    return f"{_SYMBOL[cell.tone]} {word}" if is_coloured and isinstance(cell, model.Light) else word
