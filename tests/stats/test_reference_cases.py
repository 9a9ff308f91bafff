"""Every reference case within its own tolerance."""

from __future__ import annotations

from typing import Any

from .reference_cases import KINDS, SHIPPED_CASES, deviation, load_cases


def test_case(reference_case: dict[str, Any]) -> None:
    assert reference_case["kind"] in KINDS, f"nobody knows how to require {reference_case['kind']!r}"
    assert deviation(reference_case) <= reference_case["tol"], reference_case["source"]


def test_the_shipped_file_has_every_kind() -> None:
    cases = load_cases(SHIPPED_CASES)
    assert len(cases) == 297
    assert {case["kind"] for case in cases} == set(KINDS)


def test_a_wrong_expectation_is_noticed() -> None:
    case = dict(load_cases(SHIPPED_CASES)[0])
    case["expected"] = case["expected"] * (1 + 1e-9)
    assert deviation(case) > case["tol"]
