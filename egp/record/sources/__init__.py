"""Where egp looks: files of results, a warehouse, git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Failure
    from egp.record.sources.stages import Stages
    from egp.record.sources.table import Table


class Source(Protocol):
    """Something that has aggregates of an experiment. How strictly they are read is not its business."""

    def table(self, plan: Experiment, stages: Stages) -> Table:
        """The aggregates of the stages that were entered. Raises ResultsError."""
        ...


class ResultsError(Exception):
    """Results that cannot be read at all; egp ends with exit status 2."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures[0].message)
        self.failures = failures
