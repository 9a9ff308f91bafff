"""A page for terminals and pipes: every tone in words, every chart in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp.output.page.model import (
    Block,
    Command,
    Facts,
    Figure,
    Light,
    Page,
    Paragraph,
    Points,
    Quotation,
    Section,
    Table,
    Tone,
)
from egp.output.report.text import columns, printable, wrapped

if TYPE_CHECKING:
    from egp.output.report.text import Style

COLOUR_WORD: dict[Tone, str] = {"good": "green", "caution": "yellow", "bad": "red", "neutral": ""}
"""A tone in the words of a stoplight, for those who do not see its colour."""

_PAINT: dict[Tone, str] = {"good": "good", "caution": "warning", "bad": "error", "neutral": "bold"}
_UNDERLINES = ("=", "-")
_GAP = "  "
_NARROWEST_COLUMN = 11
"""Of a table; below it words break so often that a list is easier to read."""


def render(page: Page, style: Style) -> str:
    """The page in lines of the style's width; only commands may be wider, because they are copied."""
    return "\n".join(_lines(page, style)) + "\n"


def plain(text: str) -> str:
    """The text as one line that no terminal acts on."""
    return printable(" ".join(text.split()))


def _lines(page: Page, style: Style) -> Iterator[str]:
    yield from _heading(page.title, "neutral", 0, style)
    yield ""
    yield from _toned(page.verdict, page.tone, style)
    for section in page.sections:
        yield ""
        yield from _section(section, 1, style)
    if page.provenance:
        yield ""
        told = "; ".join(f"{name} {value}" for name, value in page.provenance)
        yield from wrapped(plain(told), style.width, _GAP)


def _heading(title: str, tone: Tone, level: int, style: Style) -> Iterator[str]:
    lines = list(_toned(title, tone, style, role=_PAINT["neutral"]))
    yield from lines
    if level < len(_UNDERLINES):
        widest = max(columns(line) for line in _toned(title, tone, _uncoloured(style)))
        yield _UNDERLINES[level] * widest


def _uncoloured(style: Style) -> Style:
    return type(style)(style.width)


def _toned(text: str, tone: Tone, style: Style, role: str = "") -> Iterator[str]:
    """Lines that begin with the word of the tone."""
    word = f"[{COLOUR_WORD[tone]}] " if COLOUR_WORD[tone] else ""
    first, *rest = wrapped(f"{word}{plain(text)}", style.width, "")
    painted = style.paint(word.rstrip(), _PAINT[tone]) + " " if word else ""
    yield painted + _painted(first.removeprefix(word), role, style)
    for line in rest:
        yield _painted(line, role, style)


def _painted(text: str, role: str, style: Style) -> str:
    return style.paint(text, role) if role and text else text


def _section(section: Section, level: int, style: Style) -> Iterator[str]:
    yield from _heading(section.title, section.tone, level, style)
    for position, block in enumerate(section.blocks):
        # The underline of a heading parts it from what follows; a heading without one stands close to it.
        if position or level < len(_UNDERLINES):
            yield ""
        yield from _block(block, level, style)


def _block(block: Block, level: int, style: Style) -> Iterator[str]:
    match block:
        case Paragraph(text, tone):
            yield from _toned(text, tone, style)
        case Points():
            yield from _points(block, style)
        case Facts():
            yield from _facts(block.pairs, style)
        case Table():
            yield from _table(block, style)
        case Command(text):
            yield from (f"    {printable(line)}".rstrip() for line in text.strip("\n").splitlines())
        case Figure():
            yield from _figure(block, style)
        case Quotation():
            yield from _quotation(block, style)
        case Section():
            yield from _section(block, level + 1, style)


def _points(points: Points, style: Style) -> Iterator[str]:
    for number, item in enumerate(points.items, start=1):
        mark = f"{number}. " if points.numbered else "- "
        yield from wrapped(f"{mark}{plain(item)}", style.width, " " * len(mark))


def _facts(pairs: Sequence[tuple[str, str]], style: Style) -> Iterator[str]:
    names = max((columns(plain(name)) for name, _ in pairs), default=0)
    beside = names + len(_GAP) <= style.width // 2
    for name, value in pairs:
        room = style.width - (names if beside else 0) - len(_GAP)
        first, *rest = wrapped(plain(value), room, "")
        padded = plain(name) + " " * (names - columns(plain(name)))
        indent = " " * (names if beside else 0) + _GAP
        if beside:
            yield f"{style.paint(padded, 'bold')}{_GAP}{first}".rstrip()
        else:
            yield style.paint(plain(name), "bold")
            yield f"{indent}{first}".rstrip()
        for line in rest:
            yield f"{indent}{line}"


def _figure(figure: Figure, style: Style) -> Iterator[str]:
    yield from _painted_lines(figure.title, style)
    yield from wrapped(plain(figure.says), style.width, "")
    if figure.numbers:
        yield ""
        yield from _table(figure.numbers, style)


def _painted_lines(text: str, style: Style) -> Iterator[str]:
    yield from (style.paint(line, "bold") for line in wrapped(plain(text), style.width, ""))


def _quotation(quotation: Quotation, style: Style) -> Iterator[str]:
    for line in wrapped(plain(quotation.text), style.width - 2, ""):
        yield f"| {line}"
    if quotation.source:
        for line in wrapped(f"({plain(quotation.source)})", style.width - 2, ""):
            yield f"| {line}"


def _table(table: Table, style: Style) -> Iterator[str]:
    if table.caption:
        yield from _painted_lines(table.caption, style)
    widths = _widths(table, style.width)
    if widths is None:
        yield from _listed(table, style)
        return
    heads = tuple(table.head)
    yield from _row(heads, widths, table, style, "bold")
    yield _GAP.join("-" * width for width in widths)
    for row in table.rows:
        yield from _row(row, widths, table, style)


def cell_text(cell: str | Light) -> str:
    """What a cell says."""
    return plain(cell.word if isinstance(cell, Light) else cell)


def _widths(table: Table, room: int) -> list[int] | None:
    """Of the columns, the widest made narrower until all fit; None where words would have to break."""
    cells = [[cell_text(cell) for cell in row] for row in (table.head, *table.rows)]
    wanted = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    least = [
        max(min(width, _NARROWEST_COLUMN), *map(_longest_word, column))
        for column, width in zip(zip(*cells, strict=True), wanted, strict=True)
    ]
    room -= len(_GAP) * (len(wanted) - 1)
    if sum(least) > room:
        return None
    while sum(wanted) > room:
        spare = [width - narrowest for width, narrowest in zip(wanted, least, strict=True)]
        widest = max(range(len(wanted)), key=lambda at: (spare[at] > 0, wanted[at]))
        wanted[widest] -= 1
    return wanted


def _longest_word(text: str) -> int:
    return max(map(columns, text.split()), default=0)


def _row(
    row: Sequence[str | Light], widths: Sequence[int], table: Table, style: Style, role: str = ""
) -> Iterator[str]:
    wrapped_cells = [wrapped(cell_text(cell), width, "") for cell, width in zip(row, widths, strict=True)]
    for at in range(max(map(len, wrapped_cells))):
        parts = []
        for column, (lines, width) in enumerate(zip(wrapped_cells, widths, strict=True)):
            line = lines[at] if at < len(lines) else ""
            blank = " " * (width - columns(line))
            cell = row[column]
            painted = _painted(line, _PAINT[cell.tone] if isinstance(cell, Light) else role, style)
            parts.append(blank + painted if column in table.numeric else painted + blank)
        yield _GAP.join(parts).rstrip()


def _listed(table: Table, style: Style) -> Iterator[str]:
    """Each row as a list of its cells, where the terminal is too narrow for columns."""
    for position, row in enumerate(table.rows):
        if position:
            yield ""
        yield from _facts(
            [(head, cell_text(cell)) for head, cell in zip(table.head, row, strict=True)], style
        )
