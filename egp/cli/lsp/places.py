"""Where things stand in a document: the path at a place of the text, and the place of a path."""

from __future__ import annotations

from egp.yaml import Document, Path, Span


def near(document: Document, needs: str) -> Span:
    """The place of a pointer or, where nothing stands there, of what it would stand in."""
    path: Path = ()
    for step in needs.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        key = int(name) if name.isdecimal() and not document.exists((*path, name)) else name
        if not document.exists((*path, key)):
            break
        path = (*path, key)
    return document.span(path, key=True)
