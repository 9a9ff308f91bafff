"""Turns the file of reference cases into one test per case."""

from __future__ import annotations

from pathlib import Path

import pytest

from .reference_cases import SHIPPED_CASES, load_cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "reference_case" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--reference-cases")
    cases = load_cases(Path(chosen) if chosen else SHIPPED_CASES)
    metafunc.parametrize("reference_case", cases, ids=[case["id"] for case in cases])
