"""Whatever a plan lacks, its brief says what is not to be had; none crashes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.brief.asking import BUY_NOW, ask, shown
from tests.gate.test_lacking_keys import PARTS, cut, plan

RESULTS = ["day-14", "monitor", "ramp-harm", "stage-2"]


def renamed(key: str, items: object) -> object:
    """Each mapping of a list, its other keys kept, under a name that nobody reads."""
    assert isinstance(items, list)
    return [{f"x-{key}" if name == key else name: value for name, value in item.items()} for item in items]


def page(repository: Path, results: str) -> str:
    return shown(ask(repository, BUY_NOW, f"results/pdp-buy-now/{results}.yaml").page)


@pytest.mark.parametrize("results", RESULTS)
@pytest.mark.parametrize("key", [key for key in plan() if key != "id"])
def test_a_plan_without_a_key_has_a_page(key: str, results: str, repository: Path) -> None:
    cut(repository, **{key: None})
    assert page(repository, results)


@pytest.mark.parametrize("key", dict.fromkeys(key for key, _ in PARTS))
def test_a_plan_without_a_part_of_a_key_has_a_page(key: str, repository: Path) -> None:
    for _, part in (each for each in PARTS if each[0] == key):
        cut(repository, **{key: {name: item for name, item in plan()[key].items() if name != part}})
        for results in ("day-05", "day-14", "ramp-harm"):
            assert page(repository, results), (part, results)


@pytest.mark.parametrize("results", RESULTS)
@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("variants", "id"), ("variants", "weight"), ("variants", "control"), ("guardrail_metrics", "id"),
        ("guardrail_metrics", "kind"), ("guardrail_metrics", "direction"), ("ramp", "treated"),
        ("ramp", "min_dwell"), ("ramp", "start"), ("stop_rules", "metric"), ("stop_rules", "action"),
    ],
)  # fmt: skip
def test_a_plan_whose_items_lack_a_key_has_a_page(
    part: str, key: str, results: str, repository: Path
) -> None:
    changed: Any = renamed(key, plan()[part])
    cut(repository, **{part: changed})
    assert page(repository, results)


@pytest.mark.parametrize("results", RESULTS)
def test_a_plan_without_a_treatment_has_a_page(results: str, repository: Path) -> None:
    cut(repository, variants=plan()["variants"][:1])
    assert page(repository, results)
