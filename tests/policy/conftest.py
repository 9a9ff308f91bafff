"""The fixtures of these tests."""

from __future__ import annotations

from tests.check.workspace import workspace
from tests.register.house import house
from tests.waivers.office import office

__all__ = ["house", "office", "workspace"]
