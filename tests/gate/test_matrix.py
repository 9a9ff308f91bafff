"""Every design is refused with a reason or decided by the gate at its level; a part of the published table, anew."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from egp.plan.analysis.registered import planned_units, power_at, primary_effect

from . import matrix
from .simulations import PAGE, block

ALL = list(matrix.cells())
ACCEPTED = matrix.accepted()
CHOSEN = matrix.covering(ACCEPTED)
SHARE = 0.04


def test_every_design_is_decided_or_refused_with_the_nearest_that_works() -> None:
    refusals = [matrix.refusal(cell) for cell in ALL]
    assert len(ALL) == 4 * 2 * 2 * 7 * 5 * 2 * 2
    assert len(ACCEPTED) == refusals.count(None)
    for reason in refusals:
        if reason is not None:
            assert all(len(text) > 20 for text in reason)


def test_what_is_simulated_covers_every_pair_that_goes_together() -> None:
    def pairs(cells: list[matrix.Cell]) -> set[tuple[object, ...]]:
        return {pair for cell in cells for pair in combinations(enumerate(cell.values), 2)}

    assert pairs(CHOSEN) == pairs(ACCEPTED)
    assert len(CHOSEN) < len(ACCEPTED) / 10


@pytest.mark.parametrize("cell", CHOSEN, ids=lambda cell: ", ".join(cell.values))
def test_the_printed_power_is_the_planned_one(cell: matrix.Cell) -> None:
    power = power_at(cell.plan, primary_effect(cell.plan), planned_units(cell.plan))
    assert matrix.POWER <= power < matrix.POWER + 0.005


@pytest.mark.parametrize("cell", CHOSEN[::6], ids=lambda cell: ", ".join(cell.values))
def test_level_and_power_hold(cell: matrix.Cell) -> None:
    """Few runs, so that five standard errors are allowed; the published table has as many as it takes."""
    found = matrix.simulated(cell, SHARE)
    assert found.error <= cell.level + 5 * found.standard_error
    noise = math.sqrt(found.printed * (1 - found.printed) / (SHARE * matrix.POWER_RUNS))
    assert abs(found.power - found.printed) <= matrix.TOLERANCE + 4 * noise


def test_the_published_table_is_of_these_designs() -> None:
    match = block("gate matrix").search(PAGE.read_text(encoding="utf-8"))
    assert match is not None
    for cell in CHOSEN:
        assert f"| {' | '.join(cell.values)} |" in match[0]
    for line in matrix.refusal_lines():
        assert line in match[0]
