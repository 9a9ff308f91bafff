"""A document: its value, and the place of everything in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from egp.stats.values import NamedTuple
from egp.yaml.outline import Node, NodePlace, Outline, head
from egp.yaml.pointer import ABSENT, Path, child
from egp.yaml.position import SourceText, Span
from egp.yaml.problem import Problem


class Places(NamedTuple):
    """What a document needs in order to say where something is written."""

    source: SourceText
    fallback: Span
    """The answer where there is nothing to point at."""
    outline: Callable[[], Outline | None] | None = None


class Document:
    """One YAML document of a file. A document with problems has the part of its value that could be read."""

    __slots__ = (
        "_elsewhere",
        "_outline",
        "_own",
        "_places",
        "index",
        "path",
        "problems",
        "supplied",
        "value",
    )

    def __init__(
        self, path: str, index: int, value: object, problems: tuple[Problem, ...], places: Places
    ) -> None:
        self.path = path
        """The file's name as it is shown."""
        self.index = index
        """The document's number in its file, from 0."""
        self.value = value
        """Dictionaries, lists and scalars; aliases and merge keys are resolved, repeated values may be shared."""
        self.problems = problems
        self._places = places
        self._outline: Outline | None = None
        self._own: Document | None = None
        self._elsewhere: Mapping[Path, tuple[Document, Path]] = {}
        self.supplied: Any = None
        """What others complete it by, for whoever reads the value."""

    def completed(
        self, value: object, elsewhere: Mapping[Path, tuple[Document, Path]], supplied: object
    ) -> Document:
        """The same with a value that other documents complete; ``elsewhere`` has the places of what they add."""
        found = Document(self.path, self.index, value, self.problems, self._places)
        found._outline, found._elsewhere, found._own = self._outline, elsewhere, self.own
        found.supplied = supplied
        return found

    def lightened(self, again: Callable[[], Document]) -> Document:
        """The same without what tells places, which takes ten times as much as the value.

        It is read ``again`` as soon as somebody asks where something stands.
        """
        places = self._places._replace(outline=lambda: again().outline)
        return Document(self.path, self.index, self.value, self.problems, places)

    @property
    def own(self) -> Document:
        """The document as its file has it, without what others complete it by."""
        return self._own or self  # no circle of itself: what a document holds is freed with it

    @property
    def is_completed(self) -> bool:
        """Whether other documents add to what the file says."""
        return bool(self._elsewhere)

    def source_of(self, path: Path) -> tuple[Document, Path]:
        """The document that has the value of a path, and where it is there; of a value that no other adds, this one's own."""
        if not self._elsewhere or self.own.exists(path):
            return self.own, path
        for length in range(len(path), 0, -1):
            found = self._elsewhere.get(path[:length])
            if found is not None:
                document, above = found
                there = (*above, *path[length:])
                return document, there if document.exists(there) else above
        return self.own, path

    @property
    def text(self) -> str:
        """The whole file's text with its line ends, without a byte order mark."""
        return self._places.source.text

    def line(self, number: int) -> str:
        """A line of the file, counted from 1, without its line end."""
        return self._places.source.line(number)

    def exists(self, path: Path) -> bool:
        """Whether the value has this path."""
        value = self.value
        for key in path:
            value = child(value, key)
            if value is ABSENT:
                return False
        return True

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Where the value of a path is written, or its key; behind an alias or a merge key, the alias.

        A path that is not there points at the key of its nearest ancestor. What has no key of its own, the root and
        the items of a list, answers with its first key, an item in brackets with all of it.
        """
        place, whole = self._find(path)
        if place is None:
            return self._places.fallback
        return self._shown(_key(place) if key or not whole else _value(place, self.text))

    def definition(self, path: Path) -> Span | None:
        """Where the value of a path is written when the path goes through an alias or a merge key's alias."""
        place, whole = self._find(path)
        if place is None or not whole or not (place.alias or place.value.target):
            return None
        return self._shown(_value(NodePlace(place.key, place.value.written()), self.text))

    def scalar(self, path: Path) -> str | None:
        """A scalar as it is written, quotes included; None for a path that is not there or is no scalar."""
        document, there = self.source_of(path)
        if document is not self.own:
            return document.scalar(there)
        place, whole = self._find(path)
        if place is None or not whole or place.value.written().text is None:
            return None
        node = place.value.written()
        return self.text[node.start : node.end]

    @property
    def outline(self) -> Outline | None:
        """The place of everything; None where nothing could be read."""
        if self._outline is None and self._places.outline is not None:
            self._outline = self._places.outline()
        return self._outline

    def _find(self, path: Path) -> tuple[NodePlace | None, bool]:
        return self.outline.find(path) if self.outline is not None else (None, False)

    def _shown(self, node: Node) -> Span:
        return self._places.source.span(node.start, node.end)


def _key(place: NodePlace) -> Node:
    return place.alias or place.key or head(place.value)


def _value(place: NodePlace, text: str) -> Node:
    """The value's text; for a value that is left empty, the key or the dash that announces it."""
    node = place.alias or place.value
    if node.start < node.end:
        return node
    if place.key is not None:
        return place.key
    return Node(node.start - 1, node.start) if text[node.start - 1 : node.start] == "-" else node
