"""Numbers as people say them."""

from __future__ import annotations

import pytest

from egp.plan.wording import after_one_in, one_in


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.05, "1 in 20"),
        (0.13, "about 1 in 8"),
        (0.2, "1 in 5"),
        (1 / 3, "1 in 3"),
        (0.36, "about 1 in 3"),
        (0.4, "2 in 5"),
        (0.42, "about 2 in 5"),
        (0.5, "1 in 2"),
        (0.6, "3 in 5"),
        (0.75, "3 in 4"),
        (0.95, "19 in 20"),
        (0.0, "nearly none"),
        (1.0, "nearly all"),
    ],
)
def test_odds(share: float, said: str) -> None:
    assert one_in(share) == said


@pytest.mark.parametrize(
    ("share", "verb"),
    [(0.05, "is"), (0.13, "is"), (0.36, "is"), (0.42, "are"), (0.75, "are"), (0.0, "are"), (1.0, "are")],
)
def test_odds_are_one_or_several(share: float, verb: str) -> None:
    assert after_one_in(share, "is", "are") == verb
