"""One set of pages for all tests of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from .screenshots import write_kinds


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind that the commands make of the examples."""
    return write_kinds(tmp_path_factory.mktemp("pages"))
