"""Asking for a status in the repository with the examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.gate.calling import Call, call

RESULTS = ("--results", "results")
FORMATS = ("text", "markdown", "html", "json")


def ask(folder: Path, as_of: str, *arguments: str, results: tuple[str, ...] = RESULTS) -> Call:
    return call(folder, "status", *results, "--as-of", as_of, *arguments)


def standing(folder: Path, experiment: str, as_of: str, *arguments: str, **settings: Any) -> Any:
    """What the JSON says of one experiment."""
    answered = ask(folder, as_of, "--format", "json", *arguments, **settings)
    return next(each for each in answered.json["experiments"] if each["id"] == experiment)


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
