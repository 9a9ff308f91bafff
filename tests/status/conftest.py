"""The repository with the examples, in which the plans are registered."""

from __future__ import annotations

from tests.gate.conftest import _registered, repository

__all__ = ["_registered", "repository"]
