"""Syntax errors in the words of somebody who writes plans. The two parsers word them differently, here they meet."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from egp.stats.values import NamedTuple
from egp.yaml.events import Event
from egp.yaml.outline import content_start
from egp.yaml.position import SourceText
from egp.yaml.problem import Problem
from egp.yaml.wording import excerpt, shown

_WORD = re.compile(r"[^\s,\[\]{}:]+|\S")
_KEY_WITHOUT_SPACE = re.compile(r"[ ]*(?:- +)?[A-Za-z_][\w.-]*(:)[^\s/]")
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7}|={7}(?! ))(?=[ \r]|$)", re.MULTILINE)
_INDENT_HELP = "start the line below the first character of the keys, or items, that it belongs to"
_LONGEST_KEY = 1024
_UNSEPARATED = r"expected ',' or"
_UNFITTING = r"expected <block end>|expected key|expected '-' indicator"
_SUPERFLUOUS = r"<document start>"
_MISPLACED = f"{_UNSEPARATED}|{_UNFITTING}|{_SUPERFLUOUS}"


class _Error(NamedTuple):
    """What a parser said, and where: ``at`` is where it gave up, ``opened`` where the broken construct starts."""

    text: str
    at: int
    opened: int
    said: str

    @property
    def character(self) -> str:
        return self.text[self.at : self.at + 1]

    @property
    def line_before(self) -> str:
        """The part of the line before the place where the parser gave up."""
        return re.split(r"[\r\n]", self.text[: self.at])[-1]

    @property
    def at_end(self) -> bool:
        return not self.text[self.at :].strip()


class _Finding(NamedTuple):
    kind: str
    message: str
    help: str
    at: int
    related: tuple[tuple[int, str], ...] = ()


def place_of(error: Any) -> int:
    """The offset where a parser gave up."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.index if mark else 0


def syntax_problem(error: Any, source: SourceText, last: Event | None) -> Problem:
    """The problem that a parser's error stands for; ``last`` is the event that it delivered before."""
    read = _error(error, source.text)
    finding = _conflict(source.text)
    finding = finding or (_runaway_quote(read, last, source) if last else None) or _read(read)
    start, end = _stretch(source.text, finding.at)
    related = tuple((source.span(at, at + 1), note) for at, note in finding.related)
    return Problem(finding.kind, finding.message, finding.help, source.span(start, end), related)


def _conflict(text: str) -> _Finding | None:
    """What a merge leaves of two versions of a file: the parser gives up somewhere near it."""
    found = _CONFLICT.search(text)
    if found is None:
        return None
    message = f"{found[0]} is a conflict marker that a merge left in the file"
    help = "decide between the versions, and remove the lines of all markers"
    return _Finding("syntax", message, help, found.start())


def _runaway_quote(error: _Error, last: Event, source: SourceText) -> _Finding | None:
    """Quotes that are closed by the opening quotes of a later text: the error is reported there, and made here."""
    quoted = getattr(last, "style", None) in ("'", '"')
    if (
        not (quoted and re.search(_MISPLACED, error.said))
        or error.text[last.end_mark.index : error.at].strip()
    ):
        return None
    start = content_start(last, error.text)
    if source.position(start).line == source.position(last.end_mark.index).line:
        return None
    line = source.position(error.at).line
    message = f"the text in quotes that opens here goes on to line {line}, where more text follows it"
    return _Finding(
        "syntax", message, "close the quotes where the text ends", start, ((error.at, "this follows it"),)
    )


def _error(error: Any, text: str) -> _Error:
    at = place_of(error)
    context_mark = getattr(error, "context_mark", None)
    said = ": ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None)))) or str(
        error
    )
    return _Error(text, at, context_mark.index if context_mark else at, said)


def _stretch(text: str, at: int) -> tuple[int, int]:
    """The word at an offset; at the end of a line or of the text, the last character before."""
    if text[at : at + 1] == "\t":
        return at, at + 1
    found = _WORD.match(text, at)
    if found:
        return found.span()
    last = len(text[:at].rstrip())
    return max(last - 1, 0), last


def _read(error: _Error) -> _Finding:
    for pattern, reading in _READINGS:
        if re.search(pattern, error.said):
            return reading(error)
    if error.character == "\t":
        return _tab(error)
    message = f"this is not valid YAML: {excerpt(error.said)}"
    return _Finding("syntax", message, "compare the line with the ones around it", error.at)


def _tab(error: _Error) -> _Finding:
    if error.line_before.strip():
        return _Finding(
            "tab", "a tab stands where YAML needs a space", "replace the tab by a space", error.at
        )
    message = "a tab at the start of the line; YAML needs spaces"
    return _Finding("tab", message, "indent with spaces, two for each level", error.at)


def _start_of_text(error: _Error) -> _Finding:
    if error.character == "\t":
        return _tab(error)
    message = f"a text cannot start with {shown(error.character)}"
    return _Finding("syntax", message, "put the text in quotes", error.at)


def _colon(error: _Error) -> _Finding:
    above = error.text[: error.at - len(error.line_before)].rstrip()
    line_start = max(above.rfind("\n"), above.rfind("\r")) + 1
    glued = _KEY_WITHOUT_SPACE.match(above, line_start)
    if glued:
        message = "a space is missing after the ':'"
        return _Finding("syntax", message, "write 'key: value' with a space", glued.start(1))
    if len(error.line_before) > _LONGEST_KEY:
        message = f"a key is longer than {_LONGEST_KEY:,} characters, or the ':' does not end a key"
        return _Finding("syntax", message, "quote the text that has the ':'", error.at)
    if ": " in error.line_before:
        message = "a second ':' in one line"
        help = "quote the value if the ':' belongs to it, or move the key to a line of its own"
        return _Finding("syntax", message, help, error.at)
    message = "a key is not possible here, the value above it is not finished or already complete"
    return _Finding("syntax", message, "check the line above and the indentation of this one", error.at)


def _no_colon(error: _Error) -> _Finding:
    return _Finding("syntax", "a key has no ':' after it", "write 'key: value' with a space", error.opened)


def _colon_in_brackets(error: _Error) -> _Finding:
    message = "a ':' before a comma or bracket"
    help = "write 'key: value' with a space, or quote the text that ends with ':'"
    return _Finding("syntax", message, help, error.at)


def _open_quote(error: _Error) -> _Finding:
    quote = error.text[error.opened : error.opened + 1]
    return _Finding(
        "syntax", f"the text in quotes is not closed with {quote}", "close the quotes", error.opened
    )


def _open_bracket(error: _Error) -> _Finding:
    opening = error.text[error.opened : error.opened + 1]
    closing = {"[": "]", "{": "}"}.get(opening, "a bracket")
    if error.at_end:
        message = f"the '{opening}' is not closed"
        return _Finding("syntax", message, f"write '{closing}' after its last value", error.opened)
    message = f"',' or '{closing}' is missing before this"
    help = "separate the values with commas, close the bracket, or quote a text that has brackets or ': '"
    return _Finding("syntax", message, help, error.at, ((error.opened, "opened here"),))


def _misplaced(error: _Error) -> _Finding:
    if error.line_before.strip():
        message = f"{shown(error.character)} follows a value that is already complete"
        help = "quote the whole value, or remove what follows it"
        return _Finding("syntax", message, help, error.at)
    return _Finding("syntax", "the line fits no mapping or list above it", _INDENT_HELP, error.at)


def _no_content(error: _Error) -> _Finding:
    if error.at_end:
        message = "the text ends where a value or a closing bracket must follow"
        return _Finding("syntax", message, "write what is missing", error.at)
    message = f"a value is missing before {shown(error.character)}"
    return _Finding("syntax", message, "write the value, or quote a text that starts like this", error.at)


def _item(error: _Error) -> _Finding:
    message = "a list item is not possible here"
    help = "start the list on a line of its own, or quote a text that starts with '- '"
    return _Finding("syntax", message, help, error.at)


def _explicit_key(error: _Error) -> _Finding:
    return _Finding("syntax", "a text cannot start with '? '", "put the text in quotes", error.at)


def _escape(error: _Error) -> _Finding:
    at = max(error.text.rfind("\\", error.opened, error.at + 1), error.opened)
    message = f"{shown(error.text[at : at + 2])} is not an escape that YAML knows, or not a complete one"
    return _Finding("syntax", message, "write two backslashes, or use single quotes", at)


def _anchor(error: _Error) -> _Finding:
    sign = error.text[error.opened : error.opened + 1]
    message = f"'{sign}' must be followed by a name of letters, digits, '-' and '_'"
    return _Finding("syntax", message, "put a text that starts like this in quotes", error.opened)


def _block_header(error: _Error) -> _Finding:
    sign = error.text[error.opened : error.opened + 1]
    message = f"'{sign}' starts a text on the lines below, nothing else may follow it in its line"
    return _Finding("syntax", message, "move the text to the next line, or quote it", error.opened)


def _directive(error: _Error) -> _Finding:
    at = error.at - len(error.line_before)
    message = "a line that starts with '%' is an instruction that is not known here, or a repeated one"
    return _Finding("syntax", message, "remove the line; '%YAML 1.2' needs none either", at)


def _tag(error: _Error) -> _Finding:
    message = "the text after '!' is not a tag that is known here"
    return _Finding(
        "tag", message, "remove the tag, or put a text that starts with '!' in quotes", error.opened
    )


def _after_end(error: _Error) -> _Finding:
    message = "text after the end of the document"
    return _Finding("syntax", message, "remove it, or start another document with a line '---'", error.at)


_READINGS: tuple[tuple[str, Callable[[_Error], _Finding]], ...] = (
    (r"tab character", _tab),
    (r"cannot start any token", _start_of_text),
    (r"mapping values are not allowed", _colon),
    (r"could not find expected ':'", _no_colon),
    (r"unexpected ':'", _colon_in_brackets),
    (r"unexpected end of stream|unexpected document (indicator|separator)", _open_quote),
    (_UNSEPARATED, _open_bracket),
    (_UNFITTING, _misplaced),
    (r"expected (the )?node content", _no_content),
    (r"sequence entries are not allowed", _item),
    (r"mapping keys are not allowed", _explicit_key),
    (r"escape character|hexdecimal|escape code", _escape),
    (r"expected alphabetic or numeric", _anchor),
    (r"scanning a block scalar", _block_header),
    (r"directive|YAML document|duplicate tag handle", _directive),
    (r"(scanning|parsing) a tag|tag handle", _tag),
    (_SUPERFLUOUS, _after_end),
)
