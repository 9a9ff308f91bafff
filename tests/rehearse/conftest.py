"""The fixtures of these tests: a history, and lives of its plan in buckets, which take the most time."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import history
from .past import PastLives, lives_of


@pytest.fixture(scope="session")
def history_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "history.db"
    history.write_history(file)
    return file


@pytest.fixture(scope="session")
def lives(history_db: Path) -> PastLives:
    return lives_of(history_db, history.plan(), history.catalogue())
