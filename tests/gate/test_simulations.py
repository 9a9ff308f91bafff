"""In the long run the gate errs as often as it promises. The whole run is in ``docs/statistics.md``."""

from __future__ import annotations

import re

import pytest

from .simulations import BLOCK, PAGE, SEED, SHORT, promises


@pytest.mark.parametrize("at", range(len(promises())))
def test_promises_are_kept(at: int) -> None:
    promise = promises()[at]
    number = SHORT[promise.size]
    assert promise.is_kept(promise.share(number, SEED - 1 - at), number)


def test_the_page_has_a_row_for_every_promise() -> None:
    block = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert block is not None
    rows = re.findall(r"^\| (.+?) \| (?:at most )?([0-9.]+) % \| ([0-9.]+) %", block[0], re.MULTILINE)
    assert [asks for asks, _, _ in rows] == [promise.asks for promise in promises()]
    assert [float(promised) for _, promised, _ in rows] == [
        round(promise.promised * 100, 1) for promise in promises()
    ]
