"""A policy that cannot judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egp.plan.finding import Failure


class PolicyError(Exception):
    """A policy that cannot judge; egp ends with exit status 2."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(failures[0].message)
        self.failures = tuple(failures)
