"""The repairs that egp knows, each for the finding of one rule.

Adding one is adding a function to ``REPAIRS``: it looks at a document, the plan in it and what reading it as a plan
found, and yields repairs. Whether a repair is made is decided elsewhere, by judging the repaired plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from egp.advice.fix.spelling import same_letters, spellings
from egp.plan.experiment import Experiment
from egp.plan.power.sample import needed_sample
from egp.plan.typed_reader import ValueProblem
from egp.yaml import Document, Path
from egp.yaml.edit import written
from egp.yaml.edits import add, rename

_SAMPLE = "sample_size_per_variant"


@dataclass(frozen=True, slots=True)
class Repair:
    """One change of a plan's text that ends one finding."""

    rule: str
    at: Path
    """Where the finding is."""
    told: str
    """What changes, for people: 5 → 5%."""
    edit: Callable[[dict[str, Any]], None]
    safe: bool


Repairs = Callable[[Document, Experiment, Sequence[ValueProblem]], Iterator[Repair]]


def _misread_values(document: Document, _: Experiment, problems: Sequence[ValueProblem]) -> Iterator[Repair]:
    """Values in a spelling that is not egp's."""
    for problem in problems:
        text = document.scalar(problem.path) if problem.kind in ("wrong-type", "ambiguous") else None
        if text:
            rule = "ambiguous-quantity" if problem.kind == "ambiguous" else "valid-plan"
            for spelling in spellings(Experiment, problem.path, _at(document.value, problem.path), text):
                told = f"{text} → {written(spelling.value)}"
                yield Repair(rule, problem.path, told, _setting(problem.path, spelling.value), spelling.sure)


def _misspelt_keys(document: Document, _: Experiment, problems: Sequence[ValueProblem]) -> Iterator[Repair]:
    """Unknown keys that are a known one in another style, or nearly one."""
    for problem in problems:
        if problem.kind == "unknown-key" and problem.meant is not None:
            old, new = str(problem.path[-1]), str(problem.meant[-1])
            if new not in _at(document.value, problem.path[:-1]):
                edit = _renaming(problem.path[:-1], old, new)
                yield Repair("valid-plan", problem.path, f"{old} → {new}", edit, same_letters(old, new))


def _missing_sample(_: Document, plan: Experiment, problems: Sequence[ValueProblem]) -> Iterator[Repair]:
    """The sample size that the plan's own numbers need, where none is declared."""
    if plan.sample_size_per_variant is None and not any(
        problem.path[:1] == (_SAMPLE,) for problem in problems
    ):
        needed = needed_sample(plan)
        if needed is not None:
            yield Repair(
                "sample-size", (_SAMPLE,), f"missing → {needed:_}", _declaring_sample(needed), safe=False
            )


REPAIRS: tuple[Repairs, ...] = (_misspelt_keys, _misread_values, _missing_sample)


def repairs_of(document: Document, plan: Experiment, problems: Sequence[ValueProblem]) -> list[Repair]:
    """Everything that could be repaired in a plan."""
    return [repair for repairs in REPAIRS for repair in repairs(document, plan, problems)]


def _declaring_sample(needed: int) -> Callable[[dict[str, Any]], None]:
    order = [key for key, _, _, _ in Experiment.fields()]

    def edit(plan: dict[str, Any]) -> None:
        if _SAMPLE in plan:
            plan[_SAMPLE] = f"{needed:_}"
        else:
            add(plan, _SAMPLE, f"{needed:_}", order)

    return edit


def _setting(path: Path, value: object) -> Callable[[dict[str, Any]], None]:
    def edit(plan: dict[str, Any]) -> None:
        _at(plan, path[:-1])[path[-1]] = value

    return edit


def _renaming(path: Path, old: str, new: str) -> Callable[[dict[str, Any]], None]:
    return lambda plan: rename(_at(plan, path), old, new)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value
