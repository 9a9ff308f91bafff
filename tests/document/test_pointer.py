"""JSON pointers (RFC 6901) and the paths that they name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.yaml import Path, PointerError, parse_pointer, pointer

from .asking import paths

RFC_6901 = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), ""),
        (("foo",), "/foo"),
        (("foo", 0), "/foo/0"),
        (("",), "/"),
        (("a/b",), "/a~1b"),
        (("c%d",), "/c%d"),
        ((" ",), "/ "),
        (("m~n",), "/m~0n"),
        (("~1",), "/~01"),
    ],
)
def test_a_pointer_is_a_path_as_the_standard_writes_it(path: Path, written: str) -> None:
    assert pointer(path) == written
    assert parse_pointer(written, RFC_6901) == path


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/foo/1", ("foo", 1)),
        ("/foo/01", ("foo", "01")),
        ("/foo/-", ("foo", "-")),
        ("/foo/9", ("foo", 9)),
        ("/foo/1/0", ("foo", 1, "0")),
        ("/0", ("0",)),
        ("/absent/0", ("absent", "0")),
        ("/foo/" + "9" * 5000, ("foo", "9" * 5000)),
    ],
)
def test_a_step_is_an_index_where_the_value_has_a_list(written: str, path: Path) -> None:
    assert parse_pointer(written, RFC_6901) == path


@pytest.mark.parametrize("written", ["foo", "foo/0", "/a~", "/a~2b"])
def test_a_text_that_is_no_pointer_is_refused(written: str) -> None:
    with pytest.raises(PointerError, match="pointer"):
        parse_pointer(written, RFC_6901)


@settings(derandomize=True)
@given(
    st.recursive(
        st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    )
)
def test_every_path_survives_being_written(value: object) -> None:
    for path in paths(value):
        assert parse_pointer(pointer(path), value) == path
