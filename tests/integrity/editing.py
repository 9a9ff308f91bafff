"""Edits of a plan: each of its values set to something else, or taken away."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path as FilePath

from egp.plan.experiment import Experiment, read_experiment
from egp.yaml import Path, read_text

PLANS = FilePath(__file__).parent / "plans"

OTHERS: tuple[object, ...] = (
    "2024-02-29", "2024-02-28/2024-02-29", "another", 7, 0.125, "12.5%", "37bps", "3d", "17 USD", "71ms", True, False,
    "flat", "assigned", "superiority", "rollout", "increase", "decrease", "mean", "ratio", "rollback", "hold",
    "monitor", "safety", "cost", "all_units", "matured_cohort", "returning_units", "one", "two", "decision", "primary",
    "fixed_horizon", "pocock", "bonferroni", "holm", "none", "cuped", "cluster_robust", "hourly", "weekly", "biweekly",
    "results_seen", "loosens", "after_exposure", {"mean": "2%"},
)  # fmt: skip
"""Values of every kind; those that a field can have are other values than it has."""


def text_of(name: str) -> str:
    return (PLANS / f"{name}.yaml").read_text(encoding="utf-8")


def value_of(text: str) -> dict[str, object]:
    document = read_text(text)[0]
    assert not document.problems, document.problems
    assert isinstance(document.value, dict)
    return document.value


def plan_of(value: object) -> Experiment:
    plan, problems = read_experiment(value)
    assert not problems, problems
    return plan


def leaves(value: object, path: Path = ()) -> Iterator[Path]:
    """Paths of all values that are neither mappings nor lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from leaves(item, (*path, position))
    else:
        yield path


def parts(value: object, path: Path = ()) -> Iterator[Path]:
    """Paths of all mappings and lists below the plan itself."""
    if isinstance(value, (dict, list)):
        if path:
            yield path
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from parts(item, (*path, key))


def with_value(value: object, path: Path, new: object) -> object:
    result = copy.deepcopy(value)
    container = _container(result, path)
    container[path[-1]] = new
    return result


def without(value: object, path: Path) -> object:
    result = copy.deepcopy(value)
    del _container(result, path)[path[-1]]
    return result


def _container(value: object, path: Path) -> dict[str | int, object]:
    for step in path[:-1]:
        value = value[step]  # type: ignore[index]
    return value  # type: ignore[return-value]


def at(value: object, path: Path) -> object:
    return _container(value, path)[path[-1]]


def other_plans(value: object, path: Path) -> Iterator[Experiment]:
    """Plans with another value at the path, as far as such a plan can be read."""
    written = at(value, path)
    for other in OTHERS:
        if other == written:
            continue
        plan, problems = read_experiment(with_value(value, path, other))
        if not problems:
            yield plan
