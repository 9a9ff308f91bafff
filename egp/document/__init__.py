"""YAML as a value and, for every path in it, the place where it is written.

A document is read once into plain Python values; a span is looked up when somebody asks for it.
"""

from __future__ import annotations

from egp.document.document import Document as Document
from egp.document.pointer import Key as Key
from egp.document.pointer import Path as Path
from egp.document.pointer import PointerError as PointerError
from egp.document.pointer import parse_pointer as parse_pointer
from egp.document.pointer import pointer as pointer
from egp.document.position import Position as Position
from egp.document.position import Span as Span
from egp.document.problem import Problem as Problem
from egp.document.reading import read_bytes as read_bytes
from egp.document.reading import read_file as read_file
from egp.document.reading import read_text as read_text

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
