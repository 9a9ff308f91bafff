"""YAML as a value and, for every path in it, the place where it is written.

A document is read once into plain Python values; a span is looked up when somebody needs it.

May import no other room. Read first: `reading.py`; files are opened by `files.py` and written by `atomic.py`.
"""

from __future__ import annotations

from egp.yaml.document import Document as Document
from egp.yaml.pointer import Key as Key
from egp.yaml.pointer import Path as Path
from egp.yaml.pointer import PointerError as PointerError
from egp.yaml.pointer import parse_pointer as parse_pointer
from egp.yaml.pointer import pointer as pointer
from egp.yaml.position import Position as Position
from egp.yaml.position import Span as Span
from egp.yaml.problem import Problem as Problem
from egp.yaml.reading import read_bytes as read_bytes
from egp.yaml.reading import read_file as read_file
from egp.yaml.reading import read_text as read_text

__all__ = [
    "Document",
    "Key",
    "Path",
    "PointerError",
    "Position",
    "Problem",
    "Span",
    "parse_pointer",
    "pointer",
    "read_bytes",
    "read_file",
    "read_text",
]
