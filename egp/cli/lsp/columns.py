"""Places in a text as the protocol has them: lines from 0, and columns in the units that client and server agreed on."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from lsprotocol import types

from egp.yaml import Position, Span
from egp.yaml.position import SourceText

_MARK = "\ufeff"


class Columns:
    """One text. Columns of egp's own count characters, and none for a byte order mark."""

    def __init__(
        self, text: str, encoding: types.PositionEncodingKind = types.PositionEncodingKind.Utf16
    ) -> None:
        self._mark = text.startswith(_MARK)
        self._source = SourceText(text[1:] if self._mark else text)
        self._encoding = encoding

    def position(self, place: Position) -> types.Position:
        """A place as the client counts."""
        before = self._line(place.line)[: place.column - 1]
        units = sum(map(self._units, before)) + (self._mark and place.line == 1)
        return types.Position(place.line - 1, units)

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span.start), self.position(span.end))

    def place(self, position: types.Position) -> Position:
        """A place of the client's; one behind the end of its line is at the end."""
        line = self._line(position.line + 1)
        units = position.character - (self._mark and position.line == 0)
        ends = list(accumulate(map(self._units, line), initial=0))
        return Position(position.line + 1, min(bisect_left(ends, units), len(line)) + 1)

    def span_of(self, stretch: types.Range) -> Span:
        return Span(self.place(stretch.start), self.place(stretch.end))

    def offset(self, position: types.Position) -> int:
        """The characters before a place of the client's, in the text without its mark."""
        place = self.place(position)
        return min(self._source.start(place.line) + place.column - 1, len(self._source.text))

    def span(self, start: int, end: int) -> types.Range:
        """The stretch between two offsets."""
        return self.range(self._source.span(start, end))

    @property
    def whole(self) -> types.Range:
        return self.span(0, len(self._source.text))

    def _line(self, number: int) -> str:
        try:
            return self._source.line(number)
        except IndexError:
            return ""

    def _units(self, character: str) -> int:
        if self._encoding == types.PositionEncodingKind.Utf8:
            return len(character.encode("utf-8", "surrogatepass"))
        return 2 if self._encoding == types.PositionEncodingKind.Utf16 and ord(character) > 0xFFFF else 1
