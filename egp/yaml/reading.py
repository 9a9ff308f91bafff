"""From bytes to documents."""

from __future__ import annotations

import os
from functools import partial

from egp.yaml.bounds import MAX_BYTES, MAX_DOCUMENTS, MAX_EVENTS, MAX_NESTING
from egp.yaml.build import Builder, TooDeepError, TooLongError
from egp.yaml.decoding import (
    Content,
    ContentRefusal,
    UnreadableContentError,
    check_characters,
    decode,
    encode,
    too_large,
)
from egp.yaml.document import Document, Places
from egp.yaml.events import Event, NextEvent, Parser, best_parser
from egp.yaml.files import TooLargeError, read_regular
from egp.yaml.outline import Outline, content_start, is_unwritten
from egp.yaml.position import START, SourceText, Span
from egp.yaml.problem import Problem

_RECENT: dict[tuple[bytes, str, str], list[Document]] = {}
_MOST_RECENT = 4
_SMALL = 1 << 16
"""Bytes of a file that is remembered."""


def read_text(text: str, path: str = "<stdin>") -> list[Document]:
    """The documents of a text; at least one, with problems where it is not YAML."""
    return read(text, path, best_parser())


def read_bytes(data: bytes, path: str) -> list[Document]:
    """The documents of a file's content; at least one, with problems where it is not YAML in UTF-8.

    A policy, a lock and a plan are looked into by those who ask whose they are before those who judge: what was read of
    the last few files is remembered by their content.
    """
    parser = best_parser()
    key = (data, path, parser.name)
    found = _RECENT.get(key)
    if found is None:
        found = read(data, path, parser)
        if len(data) <= _SMALL:
            while len(_RECENT) >= _MOST_RECENT:
                del _RECENT[next(iter(_RECENT))]
            _RECENT[key] = found
    return list(found)


def with_value(data: bytes, path: str, value: object) -> Document:
    """The document of a sound content whose value is known. It is parsed once somebody asks where something stands."""

    def outline() -> Outline | None:
        return read_bytes(data, path)[0].outline

    return Document(path, 0, value, (), Places(SourceText(data.decode()), START, outline))


def read_file(path: str | os.PathLike[str], shown: str | None = None, within: str = "") -> list[Document]:
    """The documents of a file, ``egp.yaml.files`` says of which. One that is too large is not read; OSError is the caller's to word."""
    name = os.fspath(path) if shown is None else shown
    try:
        return read_bytes(read_regular(os.fspath(path), MAX_BYTES, within), name)
    except TooLargeError as large:
        return [_refused(name, too_large(large.size))]


def read(content: str | bytes, path: str, parser: Parser) -> list[Document]:
    """The documents of a content, by one of the two parsers."""
    try:
        sound = encode(content) if isinstance(content, str) else decode(content)
        check_characters(sound)
    except UnreadableContentError as error:
        return [_refused(path, error.refusal)]
    return _Reading(SourceText(sound.text), path, parser).documents(sound)


def _refused(path: str, refusal: ContentRefusal) -> Document:
    source = SourceText(refusal.text)
    span = source.span(refusal.start, refusal.end)
    problem = Problem(refusal.kind, refusal.message, refusal.help, span)
    return Document(path, 0, None, (problem,), Places(source, span))


class _EventsAgain:
    """The events of a text's documents, which are parsed again for those whose places are needed: few of them.

    To keep all events takes longer than that, since they do not fit into the processor's cache.
    """

    def __init__(self, text: str, parser: Parser) -> None:
        self._text = text
        self._parser = parser
        self._next: NextEvent | None = None
        self._found: list[list[Event]] = []

    def outline(self, number: int) -> Outline:
        return Outline(self._parser, self.of(number), self._text)

    def of(self, number: int) -> list[Event]:
        """Those of a document that could be read, from its number in the file."""
        next_event = self._next = self._next or self._parser.open(Content(self._text, self._text.encode()))
        while len(self._found) <= number:
            while next_event().__class__ is not self._parser.document_start:
                pass
            events = [next_event()]
            while events[-1].__class__ is not self._parser.document_end:
                events.append(next_event())
            self._found.append(events)
        return self._found[number]


class _Reading:
    """One pass through a file."""

    def __init__(self, source: SourceText, path: str, parser: Parser) -> None:
        self._source = source
        self._again = _EventsAgain(source.text, parser)
        self._path = path
        self._parser = parser
        self._found: list[Document] = []

    def documents(self, content: Content) -> list[Document]:
        next_event = self._parser.open(content)
        while self._one_more(next_event):
            pass
        if not self._found:
            problem = Problem("empty", "the file is empty", "write the document into it", START)
            self._add(None, (problem,), Places(self._source, START))
        return self._found

    def _one_more(self, next_event: NextEvent) -> bool:
        """Read a document; false where the file ends or cannot be read any further."""
        builder = Builder(self._parser, next_event)
        try:
            start = self._document_start(next_event)
            if start is None:
                return False
            if len(self._found) == MAX_DOCUMENTS:
                return self._too_many(start)
            builder.build()
        except TooLongError:
            return self._too_long(builder.last)
        except TooDeepError:
            return self._too_deep(builder.last)
        except self._parser.error as error:
            from egp.yaml.syntax import place_of, syntax_problem

            too_deep = self._first_too_deep(place_of(error))
            if too_deep is not None:
                return self._too_deep(too_deep)
            return self._broken(syntax_problem(error, self._source, builder.last))
        self._complete(builder, start)
        return True

    def _first_too_deep(self, end: int) -> Event | None:
        """The event that nests too deeply before an offset.

        A parser that looks ahead refuses what is ahead, by a bound of its own too, before it delivers the events up to there.
        """
        text = self._source.text[:end]
        next_event = self._parser.open(Content(text, text.encode()))
        starts = (self._parser.mapping_start, self._parser.sequence_start)
        ends = (self._parser.mapping_end, self._parser.sequence_end)
        depth = 0
        try:
            while (event := next_event()).__class__ is not self._parser.stream_end:
                depth += (event.__class__ in starts) - (event.__class__ in ends)
                if depth > MAX_NESTING:
                    return event
        except self._parser.error:
            pass  # the text is broken where it was cut
        return None

    def _document_start(self, next_event: NextEvent) -> int | None:
        """The offset behind the '---' of the next document."""
        while True:
            event = next_event()
            if event.__class__ is self._parser.document_start:
                return int(event.end_mark.index)
            if event.__class__ is self._parser.stream_end:
                return None

    def _complete(self, builder: Builder, start: int) -> None:
        number = len(self._found)
        outline = partial(self._again.outline, number)
        problems: tuple[Problem, ...] = ()
        if not builder.root[0] and is_unwritten(self._again.of(number)[0]):
            span = self._dashes(start)
            problems = (
                Problem("empty", "the document is empty", "write it, or remove the line '---'", span),
            )
        elif builder.faults:
            from egp.yaml.faults import located

            problems = located(builder.faults, self._again.of(number), self._source, outline)
        self._add(builder.root[0], problems, Places(self._source, START, outline))

    def _dashes(self, end: int) -> Span:
        """The '---' at the start of a document."""
        return self._source.span(end - 3, end)

    def _too_many(self, start: int) -> bool:
        message = f"the file has more than {MAX_DOCUMENTS:,} documents"
        return self._broken(Problem("size", message, "divide it into several files", self._dashes(start)))

    def _too_long(self, event: Event) -> bool:
        start = max(0, int(event.end_mark.index) - 1)
        message = f"the document has more than {MAX_EVENTS:,} values and brackets"
        problem = Problem(
            "size", message, "divide it into several files", self._source.span(start, start + 1)
        )
        return self._broken(problem)

    def _too_deep(self, event: Event) -> bool:
        start = content_start(event, self._source.text)
        message = f"mappings and lists are nested more than {MAX_NESTING} deep"
        help = "close the brackets that are open, or write the values less deeply"
        return self._broken(Problem("nesting", message, help, self._source.span(start, start + 1)))

    def _broken(self, problem: Problem) -> bool:
        self._add(None, (problem,), Places(self._source, problem.span))
        return False

    def _add(self, value: object, problems: tuple[Problem, ...], places: Places) -> None:
        self._found.append(Document(self._path, len(self._found), value, problems, places))
