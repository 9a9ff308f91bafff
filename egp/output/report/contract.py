"""Pieces of the JSON Schemas that egp publishes for its own output: every key there, and no other."""

from __future__ import annotations

from typing import Any


def object_of(description: str, /, **properties: object) -> dict[str, Any]:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def list_of(items: object) -> dict[str, Any]:
    """A list of such items."""
    return {"type": "array", "items": items}
