"""Writes the code of all modules into one file, from which a cold start reads them (``egp/__init__.py`` says how)."""

from __future__ import annotations

import marshal
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

NAME = f"modules.{sys.implementation.cache_tag}"
"""Of the file, below ``egp/shipped_files/``."""


def compiled(package: Path) -> bytes:
    """The file for a folder that is a package: what it is of, an index of its modules, and their code."""
    index: dict[str, tuple[int, int, bool, int]] = {}
    codes: list[bytes] = []
    at = 0
    for source in sorted(package.rglob("*.py")):
        is_package = source.name == "__init__.py"
        place = source.relative_to(package.parent)
        parts = place.parent.parts if is_package else place.with_suffix("").parts
        if parts == (package.name,):
            continue  # it is what reads the file
        text = source.read_bytes()
        code = marshal.dumps(compile(text, str(place), "exec", dont_inherit=True, optimize=0))
        index[".".join(parts)] = at, len(code), is_package, len(text)
        codes.append(code)
        at += len(code)
    listed = marshal.dumps(index)
    begin = len(MAGIC_NUMBER) + 16 + len(listed)
    sizes = begin.to_bytes(8, "little") + (begin + at).to_bytes(8, "little")
    return b"".join((MAGIC_NUMBER, sizes, listed, *codes))
