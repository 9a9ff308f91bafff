"""Options of the test suite. Here, and not beside the tests that use them, so that every way to call pytest
knows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.page.browser import Browser

# How long a draw takes says what else the machine does, and nothing about egp.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that tests check is remembered for whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--reference-cases",
        metavar="FILE",
        default=None,
        help="JSON file of statistics cases to run instead of tests/stats/stats_cases.json",
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests: to start one takes longer than to look at many pages."""
    from tests.page.browser import browser, missing

    if missing():
        pytest.skip(missing())
    with browser() as opened:
        yield opened
