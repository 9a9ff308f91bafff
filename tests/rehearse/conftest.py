"""The fixtures of these tests: a history, and lives of its plan in buckets, which take the most time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from egp.advice.rehearsal.halves import Split, split_of
from egp.advice.rehearsal.starts import salted, starts
from egp.advice.rehearsal.timeline import DAY, RehearsedLife, timeline
from egp.plan.experiment import Experiment
from egp.record.sources.warehouse.asking import Queried
from egp.record.sources.warehouse.buckets import Hashing
from egp.record.sources.warehouse.history import measured
from egp.record.sources.warehouse.lives import LifeAsked, Lives, QuantileCompared, StageInBuckets, StageOfLife

from . import history


@dataclass(frozen=True)
class PastLives:
    """What the warehouse has of some lives."""

    plan: Experiment
    life: RehearsedLife
    split: Split
    asked: list[LifeAsked]
    stages: list[dict[str, StageInBuckets]]
    compared: list[QuantileCompared]


@pytest.fixture(scope="session")
def history_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "history.db"
    history.write_history(file)
    return file


@pytest.fixture(scope="session")
def lives(history_db: Path) -> PastLives:
    plan = history.plan()
    life = timeline(plan, 1)
    split = split_of(plan, life)
    source = Lives(
        Queried(f"duckdb:///{history_db}", str(history_db.parent)), history.catalogue(), "everyone"
    )
    first = source.begin(plan, history.AS_OF)
    assert first == history.FIRST + DAY
    days = salted(starts(first, history.AS_OF - life.days * DAY, 3), 1, 3)
    asked = [LifeAsked(start, Hashing(salt, split.buckets)) for start, salt in days]
    found, left_out = measured(plan, history.catalogue())
    assert not left_out
    stages = [StageOfLife(each.name, each.first, each.days, each.until, tuple(found)) for each in life.stages]
    return PastLives(plan, life, split, asked, list(source.of(plan, stages, asked)), source.compared)
