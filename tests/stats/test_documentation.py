"""The page docs/statistics.md tells what the code does."""

from __future__ import annotations

import re

from egp import stats

from .deviation_table import PAGE, page_with, table
from .reference_cases import SHIPPED_CASES, load_cases


def test_the_table_of_deviations_is_current() -> None:
    expected = page_with(table(load_cases(SHIPPED_CASES)))
    assert PAGE.read_text(encoding="utf-8") == expected, "run: python -m tests.stats.deviation_table --write"


def test_the_table_shows_a_case_that_fails() -> None:
    case = dict(load_cases(SHIPPED_CASES)[0])
    case["expected"] = 2 * case["expected"]
    assert "past the tolerance" in table([case])


def test_every_function_the_page_names_exists() -> None:
    named = set(re.findall(r"`([A-Za-z_]+)\(", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 30
    assert named <= set(stats.__all__)
