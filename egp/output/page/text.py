"""A page for terminals and pipes: every tone in words, every chart in words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from egp.output.page.characters import drawn
from egp.output.page.model import (
    Answer,
    Bar,
    Block,
    Cell,
    Command,
    Facts,
    Figure,
    Light,
    Link,
    Notice,
    Page,
    Paragraph,
    Points,
    Quotation,
    Section,
    Table,
    Tone,
)
from egp.output.page.unit_spacing import in_one_style
from egp.output.report.text import columns, printable, wrapped

if TYPE_CHECKING:
    from egp.output.report.text import Style

COLOUR_WORD: dict[Tone, str] = {"good": "green", "caution": "yellow", "bad": "red", "neutral": ""}
"""A tone in the words of a stoplight, for those who do not see its colour."""

_PAINT: dict[Tone, str] = {"good": "good", "caution": "warning", "bad": "error", "neutral": "bold"}
_UNDERLINES = ("=", "-")
_GAP = "  "
_UNBROKEN = 10_000
_NARROWEST_COLUMN = 11
"""Of a table; below it words break so often that a list is easier to read."""


_LONGEST_BAR = 30


def render(page: Page | Answer, style: Style) -> str:
    """The page in lines of the style's width; only commands may be wider, because they are copied."""
    lines = _answer(page, style) if isinstance(page, Answer) else _lines(in_one_style(page), style)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def statements(sentences: Iterable[str], style: Style) -> str:
    """What a command has done, a statement a line; whole in a pipe, for programs that search lines.

    One that begins with spaces belongs to the one before.
    """
    return "".join(f"{line}\n" for text in sentences for line in _statement(text, style))


def _statement(text: str, style: Style) -> Iterator[str]:
    indent = " " * (len(text) - len(text.lstrip(" ")))
    width = _UNBROKEN if style.piped else style.width - len(indent)
    yield from (indent + line for line in wrapped(plain(text), width, _GAP))


def plain(text: str) -> str:
    """The text as one line that no terminal acts on."""
    return printable(" ".join(text.split()))


def _lines(page: Page, style: Style) -> Iterator[str]:
    yield from _heading(page.title, "neutral", 0, style)
    yield ""
    yield from _toned(page.verdict, page.tone, style)
    for section in page.on_a_screen:
        yield ""
        yield from _section(section, 1, style)
    if page.provenance:
        yield ""
        phrase = "; ".join(f"{name} {value}" for name, value in page.provenance)
        yield from wrapped(plain(phrase), style.width, _GAP)


def _answer(answer: Answer, style: Style) -> Iterator[str]:
    """The answer itself, then its blocks close together; a section is set off by an empty line."""
    if answer.head:
        for line in wrapped(plain(answer.head), style.width, ""):
            yield style.paint(line, _PAINT[answer.tone])
    beside = next(
        (at for at, each in enumerate(answer.blocks) if isinstance(each, Section)), len(answer.blocks)
    )
    yield from _close(answer.blocks[:beside], _GAP if answer.head else "", style)
    yield from _close(answer.blocks[beside:], "", style, is_first=not answer.head and not beside)


def _close(blocks: Sequence[Block], indent: str, style: Style, is_first: bool = False) -> Iterator[str]:
    narrower = type(style)(style.width - len(indent), style.colour, style.piped)
    for position, block in enumerate(blocks):
        if not isinstance(block, Section):
            yield from (indent + line for line in _block(block, len(_UNDERLINES), narrower, is_close=True))
            continue
        if position or not is_first:
            yield ""
        for line in wrapped(plain(block.title), narrower.width, _GAP) if block.title else ():
            yield indent + style.paint(line, _PAINT[block.tone])
        yield from _close(block.blocks, indent + _GAP if block.title else indent, style, is_first=True)


def _heading(title: str, tone: Tone, level: int, style: Style) -> Iterator[str]:
    lines = list(_toned(title, tone, style, role=_PAINT["neutral"]))
    yield from lines
    if level < len(_UNDERLINES):
        widest = max(columns(line) for line in _toned(title, tone, _uncoloured(style)))
        yield _UNDERLINES[level] * widest


def _uncoloured(style: Style) -> Style:
    return type(style)(style.width)


def _toned(text: str, tone: Tone, style: Style, role: str = "", hanging: str = "") -> Iterator[str]:
    """Lines that begin with the word of the tone."""
    word = f"[{COLOUR_WORD[tone]}] " if COLOUR_WORD[tone] else ""
    first, *rest = wrapped(f"{word}{plain(text)}", style.width, hanging)
    painted = style.paint(word.rstrip(), _PAINT[tone]) + " " if word else ""
    yield painted + _painted(first[len(word) :], role, style)
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


def _block(block: Block, level: int, style: Style, is_close: bool = False) -> Iterator[str]:
    match block:
        case Paragraph(text, tone):
            yield from _toned(text, tone, style, hanging=_GAP if is_close else "")
        case Points():
            yield from _points(block.items, style, block.numbered)
        case Notice():
            yield from _notice(block, style)
        case Facts():
            yield from _facts(block.pairs, style)
        case Table():
            yield from _table(block, style, is_ruled=not is_close)
        case Command(text):
            yield from (f"    {printable(line)}".rstrip() for line in text.strip("\n").splitlines())
        case Figure():
            yield from _figure(block, style)
        case Quotation():
            yield from _quotation(block, style)
        case Section():
            yield from _section(block, level + 1, style)


def _points(items: Sequence[str], style: Style, is_numbered: bool = False) -> Iterator[str]:
    for number, item in enumerate(items, start=1):
        mark = f"{number}. " if is_numbered else "- "
        yield from wrapped(f"{mark}{plain(item)}", style.width, " " * len(mark))


def _notice(notice: Notice, style: Style) -> Iterator[str]:
    word = plain(notice.word)
    first, *rest = wrapped(f"{word}: {plain(notice.text)}" if notice.text else word, style.width, _GAP)
    yield style.paint(word, _PAINT[notice.tone]) + first.removeprefix(word)
    yield from rest
    narrower = type(style)(style.width - len(_GAP), style.colour)
    yield from (_GAP + line for line in _points(notice.points, narrower))


def _facts(pairs: Sequence[tuple[str, str]], style: Style) -> Iterator[str]:
    names = max((columns(plain(name)) for name, _ in pairs), default=0)
    beside = names + len(_GAP) <= style.width // 2
    for name, value in pairs:
        if not name:
            indent = " " * (names if beside else 0) + _GAP * 2
            yield from (indent + line for line in wrapped(plain(value), style.width - len(indent), _GAP))
            continue
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
    if figure.drawing is not None:
        yield ""
        yield from drawn(figure.drawing, style.width)
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


def _table(table: Table, style: Style, is_ruled: bool = True) -> Iterator[str]:
    table = table.without(table.not_at_terminals)
    if table.caption:
        yield from _painted_lines(table.caption, style)
    widths = _widths(table, style.width)
    if widths is None:
        yield from _listed(table, style)
        return
    if any(table.head):
        yield from _row(table.head, widths, table, style, "bold")
    if is_ruled:
        yield _GAP.join("-" * width for width in widths)
    for at, row in enumerate(table.rows):
        yield from _row(row, widths, table, style, "bold" if at in table.marked else "")


def cell_text(cell: Cell) -> str:
    """What a cell says."""
    if isinstance(cell, Bar):
        return ""
    if isinstance(cell, Link):
        return plain(cell.words)
    return plain(cell.word if isinstance(cell, Light) else cell)


def _widths(table: Table, room: int) -> list[int] | None:
    """Of the columns, the widest made narrower until all fit; None where words would have to break."""
    columns_of_cells = [*zip(table.head, *table.rows, strict=True)]
    wanted = [max(map(_natural_width, column)) for column in columns_of_cells]
    least = [
        0
        if any(isinstance(cell, Bar) for cell in column)
        else max(min(width, _NARROWEST_COLUMN), *(_longest_word(cell_text(cell)) for cell in column))
        for column, width in zip(columns_of_cells, wanted, strict=True)
    ]
    room -= len(_GAP) * (len(wanted) - 1)
    if sum(least) > room:
        return None
    while sum(wanted) > room:
        spare = [width - narrowest for width, narrowest in zip(wanted, least, strict=True)]
        widest = max(range(len(wanted)), key=lambda at: (spare[at] > 0, wanted[at]))
        wanted[widest] -= 1
    return wanted


def _natural_width(cell: Cell) -> int:
    return _LONGEST_BAR if isinstance(cell, Bar) else columns(cell_text(cell))


def _longest_word(text: str) -> int:
    return max(map(columns, text.split()), default=0)


def _row(
    row: Sequence[Cell], widths: Sequence[int], table: Table, style: Style, role: str = ""
) -> Iterator[str]:
    wrapped_cells = [_cell_lines(cell, width) for cell, width in zip(row, widths, strict=True)]
    for at in range(max(map(len, wrapped_cells))):
        parts = []
        for column, (lines, width) in enumerate(zip(wrapped_cells, widths, strict=True)):
            line = lines[at] if at < len(lines) else ""
            blank = " " * (width - columns(line))
            cell = row[column]
            painted = _painted(line, _PAINT[cell.tone] if isinstance(cell, Light) else role, style)
            parts.append(blank + painted if column in table.numeric else painted + blank)
        yield _GAP.join(parts).rstrip()


def _cell_lines(cell: Cell, width: int) -> list[str]:
    if isinstance(cell, Bar):
        return ["#" * (max(1, round(cell.share * width)) if width and cell.share else 0)]
    return wrapped(cell_text(cell), width, "")


def _listed(table: Table, style: Style) -> Iterator[str]:
    """Each row as a list of its cells, where the terminal is too narrow for columns."""
    for position, row in enumerate(table.rows):
        if not any(table.head):
            yield from wrapped(" ".join(filter(None, map(cell_text, row))), style.width, _GAP)
            continue
        if position:
            yield ""
        pairs = [(head, cell_text(cell)) for head, cell in zip(table.head, row, strict=True)]
        yield from _facts([(head, text) for head, text in pairs if head or text], style)
