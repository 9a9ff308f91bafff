"""egp, tea-tasting and gbstats say the same of the same raw data. Slopes of CUPED differ in the second order: egp pools what
is within the arms, the other two what is in both together, the effect included."""

from __future__ import annotations

import json

import pytest

from tests.gate.simulations import PAGE, block
from tests.stats import peers

PLAIN = ("mean", "ratio")


@pytest.fixture(scope="module")
def ours() -> dict[str, peers.Said]:
    return peers.of_egp()


def check(ours: peers.Said, theirs: peers.Said, is_plain: bool) -> None:
    error = ours.standard_error
    assert theirs.standard_error == pytest.approx(error, rel=1e-12 if is_plain else 1e-5)
    assert theirs.estimate == pytest.approx(ours.estimate, abs=(1e-10 if is_plain else 1e-3) * error)
    assert theirs.p_value == pytest.approx(ours.p_value, rel=1e-9 if is_plain else 1e-2)


def test_tea_tasting_agrees(ours: dict[str, peers.Said]) -> None:
    theirs = peers.of_tea_tasting()
    assert list(theirs) == list(ours)
    for name, said in ours.items():
        check(said, theirs[name], name in PLAIN)


def test_gbstats_agreed(ours: dict[str, peers.Said]) -> None:
    recorded = json.loads(peers.RECORDED.read_text(encoding="utf-8"))
    for variant in peers.UNITS:
        assert recorded["sums"][variant] == pytest.approx(peers.sums(variant), rel=1e-12)
    for name, said in peers.of_gbstats().items():
        check(ours[name], said, name in PLAIN)


def test_the_table_is_the_one_of_the_page() -> None:
    found = block(peers.NAME).search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    assert [line[:60] for line in found[0].splitlines()[1:-1]] == [line[:60] for line in peers.lines()]
