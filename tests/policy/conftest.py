"""The fixtures of these tests."""

from __future__ import annotations

from tests.check.workspace import workspace

__all__ = ["workspace"]
