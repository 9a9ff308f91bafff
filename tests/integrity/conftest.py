"""The fixtures of these tests."""

from __future__ import annotations

from tests.integrity.team import team

__all__ = ["team"]
