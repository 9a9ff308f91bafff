"""The table of docs/statistics.md: how far the kernel is from the reference cases, kind by kind.

`python -m tests.stats.deviation_table --write` rewrites it, without the flag it is printed. Deviations are
told as the share of the tolerance they stay below, in powers of ten, so that the table is the same on every
machine.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .reference_cases import SHIPPED_CASES, deviation, load_cases

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- generated: deviations -->\n", "<!-- /generated: deviations -->\n"
_SHARES = (1e-3, 1e-2, 1e-1, 1.0)


def table(cases: list[dict[str, Any]]) -> str:
    by_kind: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in cases:
        by_kind[case["kind"]].append(case)
    rows = [_row(kind, by_kind[kind]) for kind in sorted(by_kind)]
    head = "| kind | cases | tightest tolerance, relative | worst deviation |\n|---|---:|---:|---|\n"
    return head + "".join(rows)


def _row(kind: str, cases: list[dict[str, Any]]) -> str:
    worst = max(deviation(case) / case["tol"] for case in cases)
    share = next((share for share in _SHARES if worst <= share), None)
    told = "**past the tolerance**" if share is None else f"at most {share:g} of the tolerance"
    tightest = min(case["tol"] / _size(case["expected"]) for case in cases)
    return f"| `{kind}` | {len(cases)} | {tightest:.0e} | {told} |\n"


def _size(expected: Any) -> float:
    """The largest number of an expectation."""
    if isinstance(expected, Mapping):
        return max(abs(float(value)) for value in expected.values())
    if isinstance(expected, list):
        return max(abs(float(value)) for value in expected)
    return abs(float(expected))


def page_with(generated: str) -> str:
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    return before + BEGIN + generated + END + rest.split(END)[1]


def main(arguments: list[str]) -> None:
    generated = table(load_cases(SHIPPED_CASES))
    if "--write" in arguments:
        PAGE.write_text(page_with(generated), encoding="utf-8")
    else:
        print(generated, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
