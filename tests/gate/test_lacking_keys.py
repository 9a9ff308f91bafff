"""Whatever a plan lacks, a check of the gate says that it is not checked; none of them crashes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from egp.yaml import read_bytes
from egp.yaml.written import written
from tests.gate.calling import PLAN, call, gate, taken
from tests.test_examples import EXAMPLES


def plan() -> dict[str, Any]:
    value = read_bytes((EXAMPLES / PLAN).read_bytes(), PLAN)[0].value
    assert isinstance(value, dict)
    return value


def cut(repository: Path, **changes: Any) -> None:
    """The plan with keys exchanged; None takes one away."""
    kept = {key: item for key, item in {**plan(), **changes}.items() if item is not None}
    text = "".join(f"{written(key)}: {written(item)}\n" for key, item in kept.items())
    (repository / PLAN).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("results", ["day-14", "srm", "stage-1"])
@pytest.mark.parametrize("key", [key for key in plan() if key != "id"])
def test_a_plan_without_a_key_is_answered(key: str, results: str, repository: Path) -> None:
    cut(repository, **{key: None})
    answer = gate(repository, results)
    assert answer.status in (0, 1, 2, 3)
    assert "crashed" not in answer.out + answer.err


@pytest.mark.parametrize("results", ["day-14", "srm"])
def test_a_plan_without_a_treatment_and_a_primary_is_answered(results: str, repository: Path) -> None:
    cut(repository, primary_metric=None, variants=plan()["variants"][:1])
    answer = gate(repository, results)
    assert answer.status in (1, 2)
    assert "crashed" not in answer.out + answer.err


PARTS = [(key, part) for key, value in plan().items() if isinstance(value, dict) for part in value]
WITHOUT_PRIMARY: dict[str, Any] = {"primary_metric": None}


@pytest.mark.parametrize("besides", [{}, WITHOUT_PRIMARY], ids=["alone", "without a primary"])
@pytest.mark.parametrize(("key", "part"), [each for each in PARTS if each[0] != "primary_metric"])
def test_a_plan_without_a_part_of_a_key_is_answered(
    key: str, part: str, besides: dict[str, Any], repository: Path
) -> None:
    left = {name: value for name, value in plan()[key].items() if name != part}
    cut(repository, **besides, **{key: left})
    answer = gate(repository, "day-14")
    assert answer.status in (0, 1, 2, 3)
    assert "crashed" not in answer.out + answer.err
    assert "a bug of egp" not in answer.err


@pytest.mark.parametrize(
    ("results", "move"),
    [("day-14", ("--to", "70%")), ("stage-1", ("--to", "90%")), ("monitor", ("--monitor",))],
)
@pytest.mark.parametrize("variant", range(len(plan()["variants"])))
def test_a_variant_without_weight_is_answered(
    results: str, move: tuple[str, ...], variant: int, repository: Path
) -> None:
    variants = [
        {**each, "weight": "0%"} if at == variant else each for at, each in enumerate(plan()["variants"])
    ]
    cut(repository, variants=variants)
    answer = gate(repository, results, *move)
    assert answer.status in (1, 2)
    assert "crashed" not in answer.out + answer.err
    when = taken(repository, f"results/pdp-buy-now/{results}.yaml")
    told = call(repository, "status", "--results", "results", "--as-of", when)
    assert "crashed" not in told.out + told.err
