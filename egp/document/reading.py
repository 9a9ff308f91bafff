"""From bytes to documents."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from egp.document.bounds import MAX_BYTES, MAX_DOCUMENTS, MAX_NESTING
from egp.document.build import Builder, TooDeepError
from egp.document.decoding import Refusal, check_characters, check_size, decode, encode
from egp.document.document import Document
from egp.document.events import Event, NextEvent, Parser, best_parser
from egp.document.faults import located
from egp.document.outline import Outline, content_start
from egp.document.position import START, Source, Span
from egp.document.problem import Problem
from egp.document.syntax import syntax_problem


def read_text(text: str, path: str = "<stdin>") -> list[Document]:
    """The documents of a text; at least one, with problems where it is not YAML."""
    return read(text, path, best_parser())


def read_bytes(data: bytes, path: str) -> list[Document]:
    """The documents of a file's content; at least one, with problems where it is not YAML in UTF-8."""
    return read(data, path, best_parser())


def read_file(path: str | os.PathLike[str], shown: str | None = None) -> list[Document]:
    """The documents of a file. One that is too large is not even opened; OSError is the caller's to word."""
    name = os.fspath(path) if shown is None else shown
    try:
        check_size(os.stat(path).st_size)
    except Refusal as refusal:
        return [_refused(name, refusal)]
    with open(path, "rb") as file:
        return read_bytes(file.read(MAX_BYTES + 1), name)


def read(content: str | bytes, path: str, parser: Parser) -> list[Document]:
    """The documents of a content, by one of the two parsers."""
    try:
        text, data = encode(content) if isinstance(content, str) else decode(content)
        check_characters(text, data)
    except Refusal as refusal:
        return [_refused(path, refusal)]
    return _Reading(Source(text), path, parser).documents(data)


def _refused(path: str, refusal: Refusal) -> Document:
    source = Source(refusal.text)
    span = source.span(refusal.start, refusal.end)
    problem = Problem(refusal.kind, refusal.message, refusal.help, span)
    return Document(path, 0, source, None, (problem,), span)


class _Reading:
    """One pass through a file."""

    def __init__(self, source: Source, path: str, parser: Parser) -> None:
        self._source = source
        self._path = path
        self._parser = parser
        self._found: list[Document] = []

    def documents(self, data: bytes) -> list[Document]:
        next_event = self._parser.open(self._source.text, data)
        while self._one_more(next_event):
            pass
        if not self._found:
            problem = Problem("empty", "the file is empty", "write the document into it", START)
            self._add(None, (problem,), START)
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
        except TooDeepError:
            return self._too_deep(builder.events[-1])
        except self._parser.error as error:
            return self._broken(syntax_problem(error, self._source))
        self._complete(builder)
        return True

    def _document_start(self, next_event: NextEvent) -> int | None:
        """The offset behind the '---' of the next document."""
        while True:
            event = next_event()
            if event.__class__ is self._parser.document_start:
                return int(event.end_mark.index)
            if event.__class__ is self._parser.stream_end:
                return None

    def _complete(self, builder: Builder) -> None:
        outline = partial(Outline, self._parser, builder.events, self._source.text)
        problems = located(builder.faults, builder.events, self._source, outline)
        self._add(builder.root[0], problems, START, outline)

    def _too_many(self, start: int) -> bool:
        message = f"the file has more than {MAX_DOCUMENTS:,} documents"
        return self._broken(Problem("size", message, "divide it into several files", self._source.span(start - 3, start)))

    def _too_deep(self, event: Event) -> bool:
        start = content_start(event, self._source.text)
        message = f"mappings and lists are nested more than {MAX_NESTING} deep"
        help = "close the brackets that are open, or write the values less deeply"
        return self._broken(Problem("nesting", message, help, self._source.span(start, start + 1)))

    def _broken(self, problem: Problem) -> bool:
        self._add(None, (problem,), problem.span)
        return False

    def _add(
        self,
        value: object,
        problems: tuple[Problem, ...],
        fallback: Span,
        outline: Callable[[], Outline] | None = None,
    ) -> None:
        index = len(self._found)
        self._found.append(Document(self._path, index, self._source, value, problems, fallback, outline))
