"""From events to plain values, in one pass."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from egp.stats.values import NamedTuple
from egp.yaml.bounds import MAX_DIGITS, MAX_EVENTS, MAX_EXPANSION, MAX_NESTING, MAX_PROBLEMS
from egp.yaml.events import Event, NextEvent, Parser
from egp.yaml.scalars import (
    NUMBER_START,
    WORDS,
    NumberError,
    Scalar,
    TagError,
    check_collection_tag,
    number,
    resolve,
    tagged,
)
from egp.yaml.wording import excerpt, shown

_ALIAS_HELP = "write the value out where the alias stands"
_DUPLICATE_HELP = "keep one of the two; until then the first one counts"
_MERGE_HELP = "give '<<' an alias of a mapping, '<<: *name', or a list of such aliases"
_NUMBER_HELP = "correct the number, or quote it if it is a name"
_TAG_HELP = "remove the tag; quotes make a text of any value"


class Fault(NamedTuple):
    """What is wrong with one event; it becomes a problem once somebody works out where the event is."""

    kind: str
    message: str
    help: str
    at: int
    """The event's number in its document."""


class TooDeepError(Exception):
    """The document nests more deeply than any plan."""


class TooLongError(Exception):
    """The document has more values than any plan."""


class _Slot:
    """A key that no text is equal to."""


_ITEM: Any = _Slot()  # the place at the end of a list
_MERGED: Any = _Slot()  # where the value of '<<' waits for the end of its mapping
_DISCARDED: Any = _Slot()  # where the value of a refused key goes
_ODD_KEYS = frozenset(("", "<<"))

# Most texts that start like a number are dates and quantities, and plans repeat the same few of them.
_remembered_number = lru_cache(1000)(number)


class _Anchor:
    """A value with a name. Until it is complete, an alias of it would be a loop."""

    __slots__ = ("complete", "depth", "first", "size", "text", "value")

    def __init__(self, value: Any, text: str | None, depth: int, first: int) -> None:
        self.value = value
        self.text = text
        self.depth = depth
        self.first = first
        self.complete = text is not None
        self.size = 1


class Builder:
    """Builds the value of one document. Its events are dropped: they take ten times as much as the value."""

    __slots__ = (
        "_anchors",
        "_at",
        "_expanded",
        "_merges",
        "_next",
        "_open",
        "_parser",
        "_skipped",
        "_untidy",
        "faults",
        "last",
        "root",
    )

    def __init__(self, parser: Parser, next_event: NextEvent) -> None:
        self._parser = parser
        self._next = next_event
        self._anchors: dict[str, _Anchor] = {}
        self._open: list[_Anchor] = []
        self._untidy: set[int] = set()
        self._merges: dict[int, int] = {}
        self._expanded = 0
        self._at = 0
        """The number of the event that something odd is about."""
        self._skipped = 0
        """Events inside of keys that are passed over."""
        self.last: Event = None
        """The last event that was delivered, where the document cannot be read to its end."""
        self.faults: list[Fault] = []
        self.root: list[Any] = []

    def build(self) -> None:  # noqa: PLR0912, PLR0915
        """Take the events up to the document's end. One loop without calls for what is common: it runs per scalar."""
        parser, next_event = self._parser, self._next
        scalar, alias = parser.scalar, parser.alias
        mapping_start, mapping_end = parser.mapping_start, parser.mapping_end
        sequence_start, sequence_end = parser.sequence_start, parser.sequence_end
        word, number_start = WORDS.get, NUMBER_START
        holder: Any = self.root
        holders: list[Any] = []
        key: Any = _ITEM
        value: Any
        event: Event = None
        try:
            for at in range(MAX_EVENTS):
                event = next_event()
                kind = event.__class__
                if kind is scalar:
                    anchor, tag, implicit, text, _, _, _ = event.args
                    bare = tag is None and anchor is None
                    if key is None:
                        if bare and text not in holder and text not in _ODD_KEYS:
                            key = text
                        else:
                            self._at = at
                            key = self._odd_key(event, holder, len(holders))
                        continue
                    if not bare:
                        self._at = at
                        value = self._odd_scalar(event)
                    elif implicit[0]:
                        value = word(text, text)
                        if value is text and text[0] in number_start:
                            self._at = at
                            value = self._number(text)
                    else:
                        value = text
                elif kind is mapping_start or kind is sequence_start:
                    if key is None:
                        self._at = at
                        key = self._skip_key(len(holders))
                        continue
                    value = {} if kind is mapping_start else []
                    if key is _ITEM:
                        holder.append(value)
                    else:
                        holder[key] = value
                    holders.append(holder)
                    if len(holders) > MAX_NESTING:
                        raise TooDeepError
                    if event.tag is not None or event.anchor is not None:
                        self._at = at
                        self._odd_collection(event, value, len(holders))
                    holder = value
                    key = None if kind is mapping_start else _ITEM
                    continue
                elif kind is mapping_end or kind is sequence_end:
                    if self._untidy or self._open:
                        self._at = at
                        self._close(holder, len(holders))
                    holder = holders.pop()
                    key = None if holder.__class__ is dict else _ITEM
                    continue
                elif kind is alias:
                    self._at = at
                    repeated = self._reachable(event.anchor, len(holders))
                    if key is None:
                        key = self._alias_key(repeated, holder, len(holders))
                        continue
                    value = repeated.value if repeated else None
                else:
                    return
                if key is _ITEM:
                    holder.append(value)
                else:
                    holder[key] = value
                    key = None
        finally:
            self.last = self.last or event
        raise TooLongError

    @property
    def _number_of_event(self) -> int:
        return self._at + self._skipped

    def _fault(self, kind: str, message: str, help: str, at: int | None = None) -> None:
        if len(self.faults) < MAX_PROBLEMS:
            self.faults.append(Fault(kind, message, help, self._number_of_event if at is None else at))

    # Keys

    def _odd_key(self, event: Event, holder: dict[Any, Any], depth: int) -> Any:
        if event.tag is not None or event.anchor is not None:
            self._odd_scalar(event)
        if event.tag is None and event.implicit[0]:
            if event.value == "<<":
                return self._claim_merge(holder, depth)
            if event.value == "":
                self._fault("key", "a value has no key", "write its key before the ':'")
                return self._discard(depth)
        return self._claim(event.value, holder, depth)

    def _alias_key(self, anchor: _Anchor | None, holder: dict[Any, Any], depth: int) -> Any:
        if anchor is None:
            return self._discard(depth)
        return self._refuse_key(depth) if anchor.text is None else self._claim(anchor.text, holder, depth)

    def _claim(self, text: str, holder: dict[Any, Any], depth: int) -> Any:
        if text not in holder:
            return text
        self._fault(
            "duplicate-key", f"the key {shown(text)} is written twice in one mapping", _DUPLICATE_HELP
        )
        return self._discard(depth)

    def _claim_merge(self, holder: dict[Any, Any], depth: int) -> Any:
        if _MERGED in holder:
            help = "merge several mappings with one list: '<<: [*first, *second]'"
            self._fault("duplicate-key", "the merge key '<<' is written twice in one mapping", help)
            return self._discard(depth)
        self._untidy.add(depth)
        self._merges[depth] = self._number_of_event
        return _MERGED

    def _skip_key(self, depth: int) -> Any:
        """Pass over a mapping or list that stands where a key belongs."""
        refused = self._refuse_key(depth)
        starts = (self._parser.mapping_start, self._parser.sequence_start)
        ends = (self._parser.mapping_end, self._parser.sequence_end)
        inside = 1
        while inside:
            if depth + inside > MAX_NESTING:
                raise TooDeepError
            self.last = event = self._next()
            self._skipped += 1
            inside += (event.__class__ in starts) - (event.__class__ in ends)
        self.last = None
        return refused

    def _refuse_key(self, depth: int) -> Any:
        self._fault(
            "key",
            "a mapping or a list is used as a key",
            "use a text as the key; quote it if it has brackets",
        )
        return self._discard(depth)

    def _discard(self, depth: int) -> Any:
        self._untidy.add(depth)
        return _DISCARDED

    # Values

    def _number(self, text: str) -> Scalar:
        try:
            return _remembered_number(text) if len(text) <= MAX_DIGITS else number(text)
        except NumberError as error:
            self._fault("number", str(error), _NUMBER_HELP)
            return text

    def _odd_scalar(self, event: Event) -> Scalar:
        value = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, event.value, 0, 0)
        return value

    def _scalar(self, event: Event) -> Scalar:
        text: str = event.value
        try:
            if event.tag is not None:
                return tagged(event.tag, text)
            return resolve(text) if event.implicit[0] else text
        except TagError as error:
            self._fault("tag", str(error), _TAG_HELP)
        except NumberError as error:
            self._fault("number", str(error), _NUMBER_HELP)
        return text

    def _odd_collection(self, event: Event, value: Any, depth: int) -> None:
        if event.tag is not None:
            try:
                check_collection_tag(event.tag, value)
            except TagError as error:
                self._fault("tag", str(error), _TAG_HELP)
        if event.anchor is not None:
            anchor = _Anchor(value, None, depth, self._number_of_event + self._expanded)
            self._anchors[event.anchor] = anchor
            self._open.append(anchor)

    # Ends

    def _close(self, value: Any, depth: int) -> None:
        if depth in self._untidy:
            self._untidy.remove(depth)
            value.pop(_DISCARDED, None)
            if _MERGED in value:
                self._merge(value.pop(_MERGED), value, self._merges[depth])
        if self._open and self._open[-1].depth == depth:
            anchor = self._open.pop()
            anchor.complete = True
            anchor.size = self._number_of_event + self._expanded - anchor.first

    def _merge(self, sources: Any, value: dict[Any, Any], at: int) -> None:
        """The mapping's own keys win over merged ones, and the first of several merged mappings over the next."""
        for source in sources if isinstance(sources, list) else [sources]:
            if isinstance(source, dict):
                value.update((key, part) for key, part in source.items() if key not in value)
            elif source is not None or not self._refused_since(at):
                self._fault(
                    "merge", "the merge key '<<' needs a mapping, or a list of mappings", _MERGE_HELP, at
                )

    def _refused_since(self, at: int) -> bool:
        """Whether an alias was refused there, so that nothing needs to be said about the value that it lacks."""
        refused = any(fault.kind in ("alias", "nesting") and fault.at > at for fault in self.faults)
        return refused or self._expanded > MAX_EXPANSION

    # Aliases

    def _reachable(self, name: str, depth: int) -> _Anchor | None:
        """What an alias stands for, or nothing where that would be unknown, endless or too much."""
        anchor = self._anchors.get(name)
        if anchor is None:
            help = f"define the anchor before it is used, '&{excerpt(name)}', or {_ALIAS_HELP}"
            self._fault("alias", f"the alias '*{excerpt(name)}' has no anchor before it", help)
            return None
        if not anchor.complete:
            message = f"the alias '*{excerpt(name)}' stands inside the value that it repeats"
            self._fault("alias", message, _ALIAS_HELP)
            return None
        if self._expanded + anchor.size > MAX_EXPANSION:
            self._exhausted(anchor)
            return None
        if depth + _height(anchor.value) > MAX_NESTING:
            self._fault(
                "nesting",
                f"the alias '*{excerpt(name)}' nests values more than {MAX_NESTING} deep",
                _ALIAS_HELP,
            )
            return None
        self._expanded += anchor.size
        return anchor

    def _exhausted(self, anchor: _Anchor) -> None:
        """Report once that there is too much to repeat, and repeat nothing from there on."""
        if self._expanded <= MAX_EXPANSION:
            message = f"the aliases of this document stand for more than {MAX_EXPANSION:,} values"
            self._fault(
                "alias", message, "use fewer aliases, and none of values that hold aliases themselves"
            )
        self._expanded += anchor.size


def _height(value: Any) -> int:
    """How many levels of mappings and lists a value has."""
    height, level = 0, [value]
    while level := [part for part in level if isinstance(part, dict | list)]:
        height += 1
        level = [part for whole in level for part in (whole.values() if isinstance(whole, dict) else whole)]
    return height
