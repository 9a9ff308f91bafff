"""Where things stand in a document: the path at a place of the text, and the place of a path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egp.stats.values import NamedTuple
from egp.yaml import Document, Path, Span
from egp.yaml.outline import Node


class Spot(NamedTuple):
    """What stands at a place of the text."""

    document: Document
    path: Path
    is_key: bool
    start: int
    end: int

    @property
    def written(self) -> str:
        return self.document.text[self.start : self.end]


def spot_at(documents: Sequence[Document], offset: int) -> Spot | None:
    """The key or the scalar at an offset of the text; None where neither is."""
    for document in documents:
        outline = document.outline
        if outline is not None and (found := _within(document, outline.root, (), offset)):
            return found
    return None


def _within(document: Document, node: Node, path: Path, offset: int) -> Spot | None:
    for step, (key, value) in node.members.items():
        if key is not None and key.start <= offset <= key.end:
            return Spot(document, (*path, step), True, key.start, key.end)
        if value.start <= offset <= value.end:
            deeper = _within(document, value, (*path, step), offset)
            if deeper or value.members or value.text is None:
                return deeper
            return Spot(document, (*path, step), False, value.start, value.end)
    return None


def scalars(document: Document) -> Iterator[Spot]:
    """Every key and every scalar of a document."""
    if document.outline is not None:
        yield from _scalars(document, document.outline.root, ())


def _scalars(document: Document, node: Node, path: Path) -> Iterator[Spot]:
    for step, (key, value) in node.members.items():
        if key is not None:
            yield Spot(document, (*path, step), True, key.start, key.end)
        if value.text is not None:
            yield Spot(document, (*path, step), False, value.start, value.end)
        yield from _scalars(document, value, (*path, step))


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
