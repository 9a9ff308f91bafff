"""Path patterns: the two ways to match one agree, and neither takes longer than the lengths say."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.policy.pattern import _compiled, _is_match, _steps, matches

PARTS = st.lists(st.sampled_from(["*", "**", "**/", "?", "/", "a", "b", ".", "a/b"]), max_size=8).map("".join)
PATHS = st.text(alphabet="ab/.", max_size=12)


@given(PATHS, PARTS)
def test_both_ways_agree(path: str, pattern: str) -> None:
    assert _is_match(path, _steps(pattern)) == (_compiled(pattern).fullmatch(path) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 12 + "b.yaml", "**a" * 12 + "b", "**/a" * 12 + "/b", "**/*a" * 12 + "b", "*" * 50 + "b", "**/" * 50 + "b", "*?" * 30 + "b",
     "a*" * 200 + "b"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["a" * 200 + ".yaml", "a/" * 100 + "c", "a" * 5000, "a/" * 2000])
def test_no_pattern_takes_long(pattern: str, path: str) -> None:
    begun = process_time()
    assert not matches(path, pattern)
    assert process_time() - begun < 3
