"""Cases for these tests: the examples under the example policy, and changes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from egp.advice.options.case import Case, read_case
from egp.advice.options.option import Option
from egp.advice.options.solver import options
from egp.check import check
from egp.plan.finding import Diagnostic
from egp.policy.model import Policy
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
REJECTED = sorted((EXAMPLES / "rejected").rglob("*.yaml"))
AS_OF = date(2023, 8, 30)

HARMLESS_CHANGE = {
    "type: superiority": "type: non_inferiority",
    "  mde: 45bps": "  non_inferiority_margin: 2%",
    "  target: 30bps  ": "  ",
    "  min_ci_lower: 0%\n": "",
}
"""Turns the Buy Now button into a test of non-inferiority."""


@cache
def policy() -> Policy:
    return read_policy(str(EXAMPLES / "egp.yaml"), "examples/egp.yaml")


def finder() -> PlanFinder:
    return PlanFinder(str(ROOT), policy().plans, policy().root)


@cache
def case_of(name: str) -> Case:
    """The case of an example, named below ``examples``."""
    (source,) = finder().asked([f"examples/{name}"])
    return read_case(source, finder(), policy(), AS_OF)


def names(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


@cache
def options_of(name: str, position: int) -> Sequence[Option]:
    """The options for one of an example's diagnostics."""
    case = case_of(name)
    return options(case, case.judged.diagnostics[position])


def changed_case(name: str, changes: Mapping[str, str]) -> Case:
    """The case of an example with stretches of its text replaced, each of which is there once."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return case_of_text(text)


def case_of_text(text: str, name: str = "examples/rejected/of-a-test.yaml") -> Case:
    return case_of_bytes(text.encode("utf-8"), name)


def case_of_bytes(content: bytes, name: str = "examples/rejected/of-a-test.yaml") -> Case:
    return read_case(finder().piped(content, name), finder(), policy(), AS_OF)


def judged(text: str, name: str) -> list[Diagnostic]:
    """What the pipeline says of a text by itself, as if it lay at the path."""
    alone = PlanFinder(str(ROOT), (), policy().root)
    source = finder().piped(text.encode("utf-8"), f"examples/{name}")
    report = check([source], alone, policy(), AS_OF)
    assert not report.failures
    return report.diagnostics


def errors_of(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    return [each for each in diagnostics if each.severity == "error"]
