"""A repository with the examples, in which the plans are registered as they say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .calling import call
from .worlds import ROOT


@pytest.fixture(scope="session")
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; the lock is written by the command that writes locks."""
    folder = tmp_path_factory.mktemp("examples") / "repository"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__", "egp.lock"))
    for plan, day in (("pdp-buy-now", "2023-01-17"), ("ranking-model", "2023-08-29")):
        done = call(folder, "register", f"experiments/{plan}.yaml", "--as-of", day)
        assert done.status == 0, done.out + done.err
    return folder


@pytest.fixture
def repository(_registered: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(_registered, tmp_path / "repository"))
