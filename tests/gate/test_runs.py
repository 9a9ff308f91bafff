"""Runs of bad days and weeks, counted again in another way: whatever follows whatever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from typing import get_args

import pytest

from egp.gate.checks.stop_rule import _Run, _State
from egp.plan.results import Window

FIRST = date(2023, 1, 23)
STATES: tuple[_State, ...] = get_args(_State)


def taken(window: Window, windows: Sequence[tuple[int, _State, bool]]) -> _Run:
    """(position in time, state, whether it is of the current stage) of each window."""
    run = _Run(window)
    for at, state, is_current in windows:
        run.take(FIRST + timedelta(days=at * (1 if window == "day" else 7)), state, is_current)
    return run


def longest(windows: Sequence[tuple[int, _State, bool]], counting: set[_State]) -> tuple[int, int]:
    """Length and last position of the longest run that ends in the current stage, the first of equally long ones."""
    found = (0, -1)
    for end, (position, state, is_current) in enumerate(windows):
        length = 0
        for back, (at, each, _) in enumerate(reversed(windows[: end + 1])):
            if each not in counting or at != position - back:
                break
            length += 1
        if is_current and state in counting and length > found[0]:
            found = (length, position)
    return found


@pytest.mark.parametrize("window", ["day", "week"])
@pytest.mark.parametrize("positions", [(0, 1, 2, 3), (0, 1, 3, 4), (0, 2, 3, 4)])
@pytest.mark.parametrize("current", [0, 1, 2])
def test_the_longest_run_is_the_longest_that_ends_in_the_stage(
    window: Window, positions: tuple[int, ...], current: int
) -> None:
    for states in product(STATES, repeat=4):
        windows = [
            (at, state, index >= current)
            for index, (at, state) in enumerate(zip(positions, states, strict=True))
        ]
        run = taken(window, windows)
        best, last = longest(windows, {"bad"})
        most, _ = longest(windows, {"bad", "unknown"})
        assert (run.best, run.most) == (best, most), windows
        days = last + 1 if window == "day" else 7 * (last + 1)
        assert run.until == (FIRST + timedelta(days=days - 1) if best else None), windows
        assert (run.judged, run.silent, run.uncomputed, run.current) == (
            sum(state in ("bad", "good") for state in states),
            states.count("silent"),
            states.count("unknown"),
            4 - current,
        )
        assert run.ends_unknown == (states[-1] == "unknown")


@pytest.mark.parametrize(
    ("states", "is_unknown"),
    [
        ("bb", False),  # it has fired
        ("bg", False),
        ("gg", False),
        ("bu", True),
        ("ub", True),
        ("uu", True),
        ("gu", True),  # it may be firing
        ("ug", False),
        ("ugb", False),
        ("bbu", False),
        ("bug", True),
        ("ss", False),
        ("su", True),
    ],
)
def test_a_rule_that_may_have_fired_or_may_be_firing_is_not_known(states: str, is_unknown: bool) -> None:
    names: dict[str, _State] = {"b": "bad", "g": "good", "s": "silent", "u": "unknown"}
    run = taken("week", [(at, names[each], True) for at, each in enumerate(states)])
    assert run.is_unknown(2) is is_unknown


@pytest.mark.parametrize(
    ("states", "phrase"),
    [
        ("", "no week to judge so far"),
        ("s", "no week had units enough so far"),
        ("u", "no week to judge so far"),
        ("g", "0 weeks in a row"),
        ("sb", "1 week in a row"),
        ("bb", "2 weeks in a row"),
    ],
)
def test_a_run_in_words(states: str, phrase: str) -> None:
    names: dict[str, _State] = {"b": "bad", "g": "good", "s": "silent", "u": "unknown"}
    assert taken("week", [(at, names[each], True) for at, each in enumerate(states)]).phrase == phrase
