"""Where the parts of a document are written, worked out from its events when needed."""

from __future__ import annotations

from collections.abc import Iterator

from egp.stats.values import NamedTuple
from egp.yaml.events import Event, Parser
from egp.yaml.pointer import Key, Path

_NO_MEMBERS: dict[Key, Member] = {}
_NOT_MERGED: list[tuple[Node, Node | None]] = []
"""What a scalar has, which most nodes are."""


class Node:
    """One value as written: the offsets of its text, without anchor and tag, and what it holds."""

    __slots__ = ("block", "end", "members", "merged", "start", "target", "text")

    def __init__(self, start: int, end: int, text: str | None = None, target: Node | None = None) -> None:
        self.start = start
        self.end = end
        self.text = text
        """What a scalar says."""
        self.target = target
        """The value that an alias repeats."""
        self.block = False
        """Whether a mapping or list is held together by indentation, not by brackets."""
        self.members: dict[Key, Member] = _NO_MEMBERS
        self.merged: list[tuple[Node, Node | None]] = _NOT_MERGED
        """The mappings that '<<' brings in, each with the alias that names it."""

    def written(self) -> Node:
        """The node itself or, of an alias, the value that it repeats."""
        return self.target or self


class Member(NamedTuple):
    """A value in its mapping or list; an item of a list has no key."""

    key: Node | None
    value: Node


class NodePlace(NamedTuple):
    """Where a path leads: the value, its key, and the outermost alias on the way."""

    key: Node | None
    value: Node
    alias: Node | None = None


class Outline:
    """The tree of what is written in one document."""

    __slots__ = ("_anchors", "_events", "_parser", "_text", "firsts", "root")

    def __init__(self, parser: Parser, events: list[Event], text: str) -> None:
        self._parser = parser
        self._events: Iterator[tuple[int, Event]] = enumerate(events)
        self._text = text
        self._anchors: dict[str, Node | None] = {}
        self.firsts: dict[int, Node] = {}
        """For the event of a repeated key, the first key of that name."""
        self.root = self._node(next(self._events)[1])

    def find(self, path: Path) -> tuple[NodePlace, bool]:
        """The place of the longest part of a path that is written, and whether that is all of it."""
        place = NodePlace(None, self.root)
        for key in path:
            deeper = self._step(place, key)
            if deeper is None:
                return place, False
            place = deeper
        return place, True

    def _step(self, place: NodePlace, key: Key) -> NodePlace | None:
        alias = place.alias or (place.value if place.value.target else None)
        node = place.value.written()
        member = node.members.get(key)
        if member:
            return NodePlace(member.key, member.value, alias)
        for merged, named in node.merged:
            found = self._step(NodePlace(None, merged, alias or named), key)
            if found:
                return found
        return None

    def _node(self, event: Event) -> Node:
        kind = event.__class__
        if kind is self._parser.alias:
            return Node(event.start_mark.index, event.end_mark.index, target=self._anchors.get(event.anchor))
        if kind is self._parser.scalar:
            return self._scalar(event)
        return self._collection(event)

    def _scalar(self, event: Event) -> Node:
        anchor, tag, _, text, start_mark, end_mark, style = event.args
        if anchor is None and tag is None and style not in ("|", ">"):
            return Node(start_mark.index, end_mark.index, text)
        node = Node(*scalar_offsets(event, self._text), text)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _collection(self, event: Event) -> Node:
        start = content_start(event, self._text)
        node = Node(start, event.end_mark.index)
        node.members = {}
        node.block = not event.flow_style
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # an alias inside the value that it repeats leads nowhere
        mapping = event.__class__ is self._parser.mapping_start
        closing = self._fill_mapping(node) if mapping else self._fill_sequence(node)
        if not node.block:
            node.end = closing.end_mark.index
        if event.anchor is not None and self._anchors[event.anchor] is None:
            self._anchors[event.anchor] = node
        return node

    def _fill_mapping(self, node: Node) -> Event:
        """Take the members. The parsers end a block where the next token starts; its text ends with its last value."""
        keys: dict[object, Node] = {}
        while True:
            number, event = next(self._events)
            if event.__class__ is self._parser.mapping_end:
                return event
            key = self._node(event)
            value = self._node(next(self._events)[1])
            if value.start == value.end:
                self._settle(value, key)
            node.end = value.end
            name = _key_name(event, key)
            if name is None:
                continue
            first = keys.setdefault(name, key)
            if first is not key:
                self.firsts[number] = first
            elif isinstance(name, str):
                node.members[name] = Member(key, value)
            else:
                node.merged = _sources(value)

    def _settle(self, empty: Node, key: Node) -> None:
        """Put a value that is left empty behind its key's colon; the parsers disagree where it is."""
        at = key.end
        while self._text[at : at + 1] in _BLANKS:
            at += 1
        empty.start = empty.end = at + 1 if self._text[at : at + 1] == ":" else key.end

    def _fill_sequence(self, node: Node) -> Event:
        while True:
            _number, event = next(self._events)
            if event.__class__ is self._parser.sequence_end:
                return event
            value = self._node(event)
            node.end = value.end
            node.members[len(node.members)] = Member(None, value)


_MERGE_KEY = object()


def _key_name(event: Event, key: Node) -> object:
    """What a key is called: a text, the merge key, or nothing where it cannot be a key."""
    text = key.written().text
    if key.target is None and text in ("", "<<") and event.implicit[0] and event.tag is None:
        return _MERGE_KEY if text else None
    return text


def _sources(value: Node) -> list[tuple[Node, Node | None]]:
    """The mappings that the value of '<<' names, each with the alias that stands for it or for their list."""
    written = value.written()
    named = value if value.target else None
    if 0 in written.members:
        return [(member.value, named) for member in written.members.values()]
    return [(value, named)]


def head(node: Node) -> Node:
    """What to point at when a whole block would be too much: its first key or item."""
    while node.block and node.members:
        first = next(iter(node.members.values()))
        if first.key is not None:
            return first.key
        node = first.value
    return node


def scalar_offsets(event: Event, text: str) -> tuple[int, int]:
    """The offsets of a scalar as written, quotes included, the empty lines after a block scalar not."""
    start, end = content_start(event, text), event.end_mark.index
    if event.style in ("|", ">"):
        end = start + len(text[start:end].rstrip())
    return start, end


def is_unwritten(event: Event) -> bool:
    """Whether a node has no text at all."""
    return bool(event.start_mark.index == event.end_mark.index and hasattr(event, "value"))


def content_start(event: Event, text: str) -> int:
    """The offset of a node's content, after its anchor and tag; of a node that has nothing else, theirs."""
    start: int = event.start_mark.index
    end: int = event.end_mark.index
    if event.anchor is None and event.tag is None:
        return start
    at = start
    while at < end and text[at] in "&!":
        at = _after_gap(text, _after_word(text, at, end), end)
    scalar = hasattr(event, "value")  # where a block starts, the event ends
    return start if scalar and at == end else at


_BLANKS = (" ", "\t")


def _after_word(text: str, at: int, end: int) -> int:
    while at < end and not text[at].isspace():
        at += 1
    return at


def _after_gap(text: str, at: int, end: int) -> int:
    """The offset of the next character that is neither blank nor part of a comment, or the end."""
    comment = False
    while at < end and (comment or text[at].isspace() or text[at] == "#"):
        comment = text[at] not in "\r\n" and (comment or text[at] == "#")
        at += 1
    return at
