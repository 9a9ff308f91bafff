"""The fixtures of these tests."""

from __future__ import annotations

from tests.gate.conftest import _registered, repository

__all__ = ["_registered", "repository"]
