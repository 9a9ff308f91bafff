"""The fixtures of these tests."""

from __future__ import annotations

from tests.history.comparing import compared
from tests.integrity.team import team

__all__ = ["compared", "team"]
