"""Where egp looks: files of results, a warehouse, git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.finding import FailuresError
from egp.stats.hints import Protocol

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.record.sources.stages import Stages
    from egp.record.sources.table import RecordTable


class RowSource(Protocol):
    """Something that has aggregates of an experiment. How strictly they are read is not its business."""

    def table(self, plan: Experiment, stages: Stages) -> RecordTable:
        """The aggregates of the stages that were entered. Raises ResultsError."""


class ResultsError(FailuresError):
    """Results that cannot be read at all; egp ends with exit status 2."""
