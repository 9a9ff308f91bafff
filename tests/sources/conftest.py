"""Fixtures of the tests that read git."""

from __future__ import annotations

from tests.sources.scripted import scripted
