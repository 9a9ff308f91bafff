"""The fixtures of these tests."""

from __future__ import annotations

from tests.register.house import house

__all__ = ["house"]
