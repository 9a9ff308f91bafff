"""The parser behind a document, PyYAML: in C where it was built with libyaml, in Python otherwise.

Both deliver the same events: a node carries its anchor, its tag and the offsets between which it is written. All that a
scalar carries is in its ``args``, too, in the order of ``_PARTS``: it is taken apart in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter

from egp.stats.hints import Any
from egp.stats.values import NamedTuple
from egp.yaml import libyaml
from egp.yaml.decoding import Content

Event = Any  # the C parser's own objects: a wrapper for each would cost as much as the parsing
NextEvent = Callable[[], Event]


_PARTS = {
    "ScalarEvent": ("anchor", "tag", "implicit", "value", "start_mark", "end_mark", "style"),
    "MappingStartEvent": ("anchor", "tag", "implicit", "start_mark", "end_mark", "flow_style"),
    "MappingEndEvent": ("start_mark", "end_mark"),
    "SequenceStartEvent": ("anchor", "tag", "implicit", "start_mark", "end_mark", "flow_style"),
    "SequenceEndEvent": ("start_mark", "end_mark"),
}
"""What the events that a document mostly consists of are made of, in the order in which the parser in C gives it."""


class Parser(NamedTuple):
    """A way to turn a text into events; ``error`` is what it raises at a syntax error."""

    name: str
    open: Callable[[Content], NextEvent]
    error: type[Exception]
    scalar: type[Any]
    alias: type[Any]
    mapping_start: type[Any]
    mapping_end: type[Any]
    sequence_start: type[Any]
    sequence_end: type[Any]
    document_start: type[Any]
    document_end: type[Any]
    stream_end: type[Any]


def c_parser() -> Parser:
    """libyaml by way of PyYAML; ImportError where PyYAML is missing or was built without it."""
    extension: Any = libyaml.load()
    for name in _PARTS:
        if not issubclass(getattr(extension, name), Exception):
            setattr(extension, name, _made_in_c(getattr(extension, name)))

    def start(content: Content) -> NextEvent:
        next_event: NextEvent = extension.CParser(content.data).get_event
        return next_event

    return _parser("c", start, extension.YAMLError, extension)


def pure_parser() -> Parser:
    """The same library's parser in Python."""
    from yaml import events
    from yaml.error import YAMLError

    from egp.yaml.pure import PureParser

    scalar = _made_in_c(events.ScalarEvent)
    parts = attrgetter(*_PARTS["ScalarEvent"])

    def start(content: Content) -> NextEvent:
        next_event: NextEvent = PureParser(content.text).get_event

        def next_in_parts() -> Event:
            event = next_event()
            return scalar(*parts(event)) if event.__class__ is events.ScalarEvent else event

        return next_in_parts

    return _parser("pure", start, YAMLError, events)._replace(scalar=scalar)


def _made_in_c(kind: type[Any]) -> type[Any]:
    """The same class of events to whoever uses them, and made without a call of Python, which took a fifth of reading.

    Exceptions are the only objects of the language that keep what they are made of, however much that is.
    """
    parts = {name: _part(at) for at, name in enumerate(_PARTS[kind.__name__])}
    return type(kind.__name__, (Exception, kind), {"__slots__": (), "__repr__": kind.__repr__, **parts})


def _parser(name: str, start: Callable[[Content], NextEvent], error: type[Exception], events: Any) -> Parser:
    return Parser(
        name=name,
        open=start,
        error=error,
        scalar=events.ScalarEvent,
        alias=events.AliasEvent,
        mapping_start=events.MappingStartEvent,
        mapping_end=events.MappingEndEvent,
        sequence_start=events.SequenceStartEvent,
        sequence_end=events.SequenceEndEvent,
        document_start=events.DocumentStartEvent,
        document_end=events.DocumentEndEvent,
        stream_end=events.StreamEndEvent,
    )


def _part(at: int) -> property:
    def part(event: Event) -> Any:
        return event.args[at]

    return property(part)


@cache
def best_parser() -> Parser:
    """The C parser where it can be had; otherwise the pure one, which is slower and refuses more."""
    try:
        return c_parser()
    except ImportError:
        return pure_parser()
