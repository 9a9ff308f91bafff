"""Places in a text: a line and a column, and the stretch between two of them."""

from __future__ import annotations

import re
from bisect import bisect_right

from egp.stats.values import NamedTuple

# The line ends of editors, of the language server protocol and of YAML 1.2. NEL, LS and PS are characters of a line.
_LINE_END = r"\r\n|\r|\n"


class Position(NamedTuple):
    """A place in a text; both numbers count from 1, columns in Unicode code points."""

    line: int
    column: int


class Span(NamedTuple):
    """A stretch of a text; the end is exclusive."""

    start: Position
    end: Position


START = Span(Position(1, 1), Position(1, 1))


def in_bytes(position: Position, line: str) -> Position:
    """A place whose column counts bytes of UTF-8, in a line whose text is known."""
    before = line[: position.column - 1].encode("utf-8", "surrogatepass")
    return Position(position.line, len(before) + 1)


class SourceText:
    """A file's text, able to name the line and column of a character."""

    __slots__ = ("_last", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None
        self._last = (0, "")

    def position(self, offset: int) -> Position:
        """The line and column of the character at an offset; the offset just after the text is a place, too."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    def span(self, start: int, end: int) -> Span:
        """The stretch between two offsets."""
        return Span(self.position(start), self.position(end))

    def start(self, number: int) -> int:
        """The offset at which a line begins; of one behind the last, the end of the text."""
        starts = self._line_starts()
        return starts[number - 1] if number <= len(starts) else len(self.text)

    def line(self, number: int) -> str:
        """One line of the text without its line end."""
        if self._last[0] != number:
            starts = self._line_starts()
            if not 1 <= number <= len(starts):
                raise IndexError(f"line {number} is not in the text, which has {len(starts)}")
            end = starts[number] if number < len(starts) else len(self.text)
            # Many findings of one long line share it: they would fill the memory with copies of it.
            self._last = number, self.text[starts[number - 1] : end].rstrip("\r\n")
        return self._last[1]

    def line_end(self, offset: int) -> int:
        """The offset at which the line with this character ends, its line end not included."""
        found = re.compile(_LINE_END).search(self.text, offset)
        return found.start() if found else len(self.text)

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = [0, *(found.end() for found in re.finditer(_LINE_END, self.text))]
        return self._starts
