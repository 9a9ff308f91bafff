"""The shares that egp reads are those that the evaluators of GrowthBook, Unleash, LaunchDarkly, Flipt and GO Feature Flag serve."""

from __future__ import annotations

import json
from math import sqrt

import pytest

from egp.record.rollouts.rollout import Audience
from tests.rollouts.evaluators import EVALUATORS, RANDOM_NUMBERS, SURELY, differences, expected
from tests.rollouts.reading import read


@pytest.mark.parametrize("format", EVALUATORS)
def test_the_evaluator_serves_what_is_read(format: str) -> None:
    evaluator = EVALUATORS[format]
    for module in evaluator.modules:
        pytest.importorskip(module, reason=f"the evaluator of {format} is not installed")
    assert list(differences(format, evaluator.units)) == []


@pytest.mark.parametrize("format", EVALUATORS)
def test_every_flag_is_read_whole(format: str) -> None:
    for flag, shares in expected(format).items():
        assert sum(shares.values()) == pytest.approx(1), flag


def murmur3(data: bytes) -> int:
    """The hash of Unleash's engine, written anew from its public description (x86, 32 bits, seed 0)."""

    def turned(value: int, bits: int) -> int:
        return (value << bits | value >> 32 - bits) & 0xFFFFFFFF

    def mixed(part: bytes) -> int:
        return turned(int.from_bytes(part, "little") * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF

    whole, found = len(data) // 4 * 4, 0
    for at in range(0, whole, 4):
        found = turned(found ^ mixed(data[at : at + 4]), 13) * 5 + 0xE6546B64 & 0xFFFFFFFF
    found ^= mixed(data[whole:]) ^ len(data)
    found = (found ^ found >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    found = (found ^ found >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return found ^ found >> 16


def test_what_unleash_draws_anew_is_one_of_ten_thousand_numbers() -> None:
    """So that a group has a share of its own near the one that is read, however many units there are. This one is 3 of its
    standard errors away, which the draws of the test tell apart."""
    engine = pytest.importorskip("yggdrasil_engine.engine").UnleashEngine()
    parameters = {"rollout": "25", "stickiness": "random", "groupId": "g96"}
    flag = {
        "name": "f",
        "enabled": True,
        "strategies": [{"name": "flexibleRollout", "parameters": parameters}],
    }
    engine.take_state(json.dumps({"version": 2, "features": [flag]}))
    hashed = (murmur3(f"g96:{number}".encode()) % 100 < 25 for number in range(RANDOM_NUMBERS))
    share, draws = sum(hashed) / RANDOM_NUMBERS, 40_000
    assert share == 0.264
    got = sum(engine.is_enabled("f", {"userId": "u"}).is_enabled for _ in range(draws)) / draws
    error = sqrt(share * (1 - share) / draws)
    assert abs(got - share) < SURELY * error < abs(share - 0.25)


PAIRS = (
    ("a", "c"), ("exp-1", "exp-2"), ("exp-11", "exp-22"), ("checkout-a", "pricing-v2"), ("a", "ab"), ("exp-9", "exp-10"),
    ("checkout", "pricing-v2"),
)  # fmt: skip
"""Seeds, alike and not, of one length and of several."""


def in_a_row(first: str, second: str, version: int = 1, **more: object) -> Audience:
    """Two rules of GrowthBook in a row, each for half of the units that are left."""
    rules = [
        {"force": "buy", "seed": seed, "coverage": 0.5, "hashVersion": version, "hashAttribute": "id", **more}
        for seed in (first, second)
    ]
    features = {"flag": {"defaultValue": "control", "rules": rules}}
    return read(json.dumps({"features": features}), "growthbook", "json").rollouts[0].audiences[-1]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_seeds_that_decide_about_each_other_are_those_of_one_length(first: str, second: str) -> None:
    core = pytest.importorskip("growthbook.core")
    both, units = 0, 20_000
    for number in range(units):
        unit = f"{number * 2_654_435_761 % 2**32:08x}"
        both += core.gbhash(first, unit, 1) < 0.5 and core.gbhash(second, unit, 1) < 0.5
    away = abs(both / units - 0.25) / sqrt(0.25 * 0.75 / units)
    audience = in_a_row(first, second)
    if away > SURELY:
        assert audience.unread
    if not audience.unread:
        assert {each.variant: each.share for each in audience.shares} == {"buy": 0.75, "control": 0.25}
        assert away < SURELY
    assert bool(audience.unread) == (len(first) == len(second))
