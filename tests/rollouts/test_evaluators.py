"""The shares that egp reads are those that the evaluators of GrowthBook, Unleash, LaunchDarkly, Flipt and GO Feature Flag serve."""

from __future__ import annotations

import pytest

from tests.rollouts.evaluators import EVALUATORS, differences, expected


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
