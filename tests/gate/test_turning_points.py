"""Where a check's answer turns, and what is said on either side: nobody moves a bound, or takes it the other way, unseen."""

from __future__ import annotations

import re

import pytest

from .turning_points import GOLDEN, TURNS, kinds, text

COMMITTED = dict(
    part.split("\n", 1) for part in GOLDEN.read_text(encoding="utf-8").removeprefix("=== ").split("\n\n=== ")
)


@pytest.mark.parametrize("name", TURNS)
def test_a_check_turns_where_it_is_committed_to(name: str) -> None:
    turn, committed = TURNS[name], COMMITTED[name].strip()
    near, far = map(int, re.findall(r"^at (-?\d+)$", committed, re.MULTILINE))
    assert text(turn, (near, far)) == committed, "python -m tests.gate.turning_points writes them anew"
    assert abs(near - far) == 1
    assert kinds(turn, near) != kinds(turn, far)


def test_each_text_is_of_a_turn() -> None:
    assert list(COMMITTED) == list(TURNS)
