"""Mutants that no test can tell from egp, with the reason."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from egp.yaml import read_bytes
from tests.mutation.mutants import Change


@cache
def equivalents() -> dict[Change, str]:
    """The reviewed list: mutant → reason."""
    text = (Path(__file__).parent / "equivalent.yaml").read_bytes()
    files = read_bytes(text, "equivalent.yaml")[0].value
    assert isinstance(files, dict)
    return {
        Change(path, each["was"], each["becomes"]): each["why"]
        for path, listed in files.items()
        for each in listed
    }
