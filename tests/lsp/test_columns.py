"""Places in a text as editors count them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind

from egp.cli.lsp.columns import Columns
from egp.yaml import Position as Place

UTF_8, UTF_16, UTF_32 = PositionEncodingKind.Utf8, PositionEncodingKind.Utf16, PositionEncodingKind.Utf32


@pytest.mark.parametrize(("encoding", "column"), [(UTF_8, 7), (UTF_16, 4), (UTF_32, 3)])
def test_columns_count_what_was_agreed_on(encoding: PositionEncodingKind, column: int) -> None:
    columns = Columns("a: 1\nü😀b: 2\n", encoding)
    assert columns.position(Place(2, 4)) == Position(1, column)
    assert columns.place(Position(1, column)) == Place(2, 4)


@given(
    text=st.text(st.sampled_from("aü😀\u2028\x85 :\n\r")),
    encoding=st.sampled_from([UTF_8, UTF_16, UTF_32]),
    data=st.data(),
)
def test_there_and_back(text: str, encoding: PositionEncodingKind, data: st.DataObject) -> None:
    columns = Columns(text, encoding)
    at = data.draw(st.integers(0, len(text)))
    if text[at - 1 : at + 1] == "\r\n":
        at -= 1  # within a line end is no place
    assert columns.offset(columns.span(at, at).start) == at


def test_a_place_behind_the_end_of_its_line_is_at_its_end() -> None:
    columns = Columns("ab\ncd\n")
    assert columns.place(Position(0, 99)) == Place(1, 3)
    assert columns.offset(Position(99, 0)) == 6


def test_a_byte_order_mark_is_a_character_of_the_editors_and_none_of_egps() -> None:
    assert Columns("\ufeffid: a\n").position(Place(1, 1)) == Position(0, 1)
    assert Columns("\ufeffid: a\n").offset(Position(0, 1)) == 0
