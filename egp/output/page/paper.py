"""The size of the letters on paper, chosen so that a page fits on one sheet of A4 or Letter.

HTML without script cannot measure itself, so that its height is estimated from its words: in lines of a normal size, a
little too high, and for smaller letters again until it fits. The tests print pages and count the sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from egp.output.page.model import (
    Command,
    Facts,
    Figure,
    Notice,
    Paragraph,
    Points,
    Quotation,
    Section,
    Table,
)
from egp.output.page.text import cell_text
from egp.plan.picture import Calendar, Intervals, Lengths, Tally

if TYPE_CHECKING:
    from egp.output.page.model import Block, Page

NORMAL = 7.9
"""Points, of a page that fits."""
_LEAST = 5.6
"""Below it nobody reads; what is longer takes a second sheet."""
_STEP = 0.1
_LINES = 72.5
"""Of normal letters on a sheet of Letter, which is the lower one, between its margins."""
_COLUMNS, _IN_COLUMN = (0.58, 0.40), 0.93
"""The widths of two sections that stand abreast, and the size of their letters; as in page.css."""
_LETTERS = 130.0
"""On a line of normal letters, of which a proportional font has a few more."""


def points(page: Page) -> float:
    """The largest size of letters with which the page fits; the normal one where it takes a second sheet anyway."""
    size = NORMAL
    while size >= _LEAST:
        if _Sheet(NORMAL / size).of(page) <= _LINES * NORMAL / size:
            return size
        size = round(size - _STEP, 1)
    return NORMAL


class _Sheet:
    """Heights in lines, on lines that have so many times the letters of normal ones."""

    def __init__(self, times: float) -> None:
        self.letters = _LETTERS * times
        self.times = times

    def of(self, page: Page) -> float:
        head = 2.3 + 1.16 * self._broken(page.verdict, 0.85)
        foot = 0.8 + 0.75 * self._broken(" ".join(f"{name} {value}" for name, value in page.provenance), 1.25)
        return head + self._sections(page.sections) + foot

    def _broken(self, text: str, share: float = 1.0) -> int:
        """Lines that a text takes on a share of the width."""
        return max(1, ceil(len(text) / (self.letters * share)))

    def _sections(self, sections: Iterable[Section]) -> float:
        """Those that are folded on a screen stand in pairs."""
        total = 0.0
        for is_paired, several in groupby(sections, lambda each: each.folded):
            printed = [each for each in several if each.is_printed]
            if not is_paired:
                total += sum(self._section(each, 1.0) for each in printed)
                continue
            heights = [
                _IN_COLUMN * self._section(each, _COLUMNS[at % 2] / _IN_COLUMN)
                for at, each in enumerate(printed)
            ]
            total += sum(max(heights[at : at + 2]) for at in range(0, len(heights), 2))
        return total

    def _section(self, section: Section, share: float, depth: int = 0) -> float:
        head = 1.9 if depth == 0 else 1.5
        title = 1.25 * self._broken(section.title, 0.6 * share)
        return head - 1.2 + title + self._blocks(section.blocks, share, depth)

    def _blocks(self, blocks: Sequence[Block], share: float, depth: int) -> float:
        return sum(self._block(each, share, depth) for each in blocks)

    def _block(self, block: Block, share: float, depth: int) -> float:
        if isinstance(block, Section):
            return self._section(block, share, depth + 1) if block.is_printed else 0.0
        if isinstance(block, Paragraph):
            return self._broken(block.text, share) + 0.35
        if isinstance(block, Points):
            return sum(self._broken(each, share * 0.97) + 0.1 for each in block.items) + 0.3
        if isinstance(block, Facts):
            return sum(self._broken(value, share * 0.8) + 0.1 for _, value in block.pairs) + 0.3
        if isinstance(block, Notice):
            return self._broken(f"{block.word}: {block.text}", share) + len(block.points) + 0.6
        if isinstance(block, Quotation):
            return self._broken(block.text, share) + 1.4
        if isinstance(block, Command):
            return 0.9 * (block.text.count("\n") + self._broken(block.text, share * 0.95)) + 1.2
        if isinstance(block, Table):
            return self._table(block, share)
        assert isinstance(block, Figure)
        if isinstance(block.drawing, Intervals):
            return self._intervals(block.drawing) + 1.2 + self._broken(block.says)
        drawn = self._drawn(block.drawing) if block.drawing is not None else 14.0 * self.times
        return max(drawn, 1.5 + self._broken(block.says, share * 0.45)) + 0.8

    def _drawn(self, drawing: Tally | Calendar | Lengths) -> float:
        """What is drawn stays as high as it is, and the words between get lower with their letters."""
        if isinstance(drawing, Tally):
            circles = sum(1.35 * ceil(each.of / 20) for each in drawing.shares)
            return self.times * circles + 1.3 * len(drawing.shares) + 1.8
        if isinstance(drawing, Calendar):
            return self.times * (3.5 + 2.0 * ceil(len(drawing.days) / 7))
        return self.times * 2.6 * len(drawing.rows)

    def _intervals(self, drawing: Intervals) -> float:
        groups = len({row.group for row in drawing.rows if row.group})
        rows = (
            max(1.2 * self.times, 0.95 * self._broken(f"{row.name} {row.words}", 0.55))
            for row in drawing.rows
        )
        return 3.5 * self.times + sum(rows) + 1.05 * groups

    def _table(self, table: Table, share: float) -> float:
        """Columns are as wide as their longest cells want to be, as far as there is room."""
        rows = [[cell_text(cell) for cell in row] for row in (table.head, *table.rows)]
        wanted = [max(4, *map(len, column)) + 2 for column in zip(*rows, strict=True)]
        room = self.letters * 1.1 * share
        widths = [max(12.0, room * each / sum(wanted)) if sum(wanted) > room else each for each in wanted]
        height = sum(
            0.92 * max(ceil((len(cell) + 1) / width) for cell, width in zip(row, widths, strict=True)) + 0.27
            for row in rows
        )
        return height + (self._broken(table.caption, share) if table.caption else 0) + 0.4
