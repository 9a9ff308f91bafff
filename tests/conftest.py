"""Options of the test suite. Here, and not beside the tests that use them, so that every way to call pytest
knows them.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--reference-cases",
        metavar="FILE",
        default=None,
        help="JSON file of statistics cases to run instead of tests/stats/stats_cases.json",
    )
