"""Real harm, a broken page and lost events are told apart. The whole run is in ``docs/statistics.md``."""

from __future__ import annotations

import re

import pytest

from .lost_events import BLOCK, FULL, SHORT, failures, situations
from .simulations import PAGE, SEED


@pytest.mark.parametrize("at", range(len(situations())))
def test_each_situation_is_told_for_what_it_is(at: int) -> None:
    situation = situations()[at]
    # A hold of one sound experiment in a hundred, and of one in three for its guardrails, says nothing here.
    if situation.told != "nothing":
        assert failures(situation, situation.shares(SHORT, SEED - 1 - at)) == []


def test_a_sound_experiment_is_alive() -> None:
    nothing = situations()[0]
    assert nothing.shares(5 * SHORT, SEED - 100)["alive"] == 0


def test_the_page_has_a_row_for_every_situation() -> None:
    block = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert block is not None
    assert re.findall(r"(?m)^\| (.+?) \| [0-9]", block[0]) == [situation.told for situation in situations()]
    assert f"{FULL} experiments a row" in PAGE.read_text(encoding="utf-8")
