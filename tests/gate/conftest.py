"""A repository with the examples, in which the plans are registered as they say."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.lock.entries import remove_lock

from .calling import PLAN, call, taken
from .worlds import ROOT

_DAY = re.compile(r"\b2023-\d\d-\d\d")


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
def repository_of_now(_registered: Path, tmp_path: Path) -> Path:
    """The story as if it happened these days: the results that ramp to 90% were taken less than a day ago."""
    folder = Path(shutil.copytree(_registered, tmp_path / "now"))
    stamp = datetime.fromisoformat(taken(folder, "results/pdp-buy-now/stage-1.yaml"))
    days = (datetime.now(UTC) - stamp).days
    for file in (folder / PLAN, *sorted((folder / "results/pdp-buy-now").iterdir())):
        file.write_text(
            _DAY.sub(lambda found: str(date.fromisoformat(found[0]) + timedelta(days)), file.read_text())
        )
    remove_lock(folder)
    registered = str(date(2023, 1, 17) + timedelta(days))
    done = call(folder, "register", PLAN, "--as-of", registered)
    assert done.status == 0, done.out + done.err
    return folder


@pytest.fixture
def repository(_registered: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(_registered, tmp_path / "repository"))
