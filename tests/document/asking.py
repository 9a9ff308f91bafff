"""Questions that the tests put to documents."""

from __future__ import annotations

from collections.abc import Iterator

from egp.yaml import Document, Path, Span
from egp.yaml.events import Parser
from egp.yaml.reading import read


def only(content: str | bytes, parser: Parser) -> Document:
    """The one document of a content."""
    (document,) = read(content, "plan.yaml", parser)
    return document


def sound(content: str | bytes, parser: Parser) -> Document:
    """The one document of a content that has no problems."""
    document = only(content, parser)
    assert document.problems == ()
    return document


def cut(document: Document, span: Span | None) -> str:
    """The text that a span covers, worked out from lines and columns alone."""
    assert span is not None
    (first, start), (last, end) = span
    lines = [document.line(number) for number in range(first, last + 1)]
    lines[-1] = lines[-1][: end - 1]
    lines[0] = lines[0][start - 1 :]
    return "\n".join(lines)


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """All paths of a value."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, (*path, index))
