"""Every scene says what it is committed to say, and stands at the bound that its name tells of."""

from __future__ import annotations

import pytest

from .scenes import GOLDEN, scenes

COMMITTED = dict(
    part.split("\n", 1) for part in GOLDEN.read_text(encoding="utf-8").removeprefix("=== ").split("\n\n=== ")
)


@pytest.mark.parametrize("name", scenes())
def test_a_scene_says_what_is_committed(name: str) -> None:
    assert scenes()[name]().strip() == COMMITTED[name].strip(), "python -m tests.gate.scenes writes them anew"


def test_each_text_is_of_a_scene() -> None:
    assert list(COMMITTED) == list(scenes())
