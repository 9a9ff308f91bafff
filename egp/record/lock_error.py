"""What is raised of a lock that cannot be relied on; who may meet it need not load what reads locks."""

from __future__ import annotations

from egp.plan.finding import Failure


class LockError(Exception):
    """A lock that cannot be relied on; egp ends with exit status 2."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures[0].message)
        self.failures = failures
