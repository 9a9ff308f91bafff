"""Fixtures of the tests that read git."""

from __future__ import annotations

