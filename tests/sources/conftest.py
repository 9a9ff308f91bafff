"""The fixtures of these tests."""

from __future__ import annotations

from tests.sources.scripted import scripted

__all__ = ["scripted"]
