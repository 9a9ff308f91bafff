"""ruamel.yaml's pure parser, made to decide like libyaml where the two differ.

The grammar, the indentation and the tokens are ruamel.yaml's. Overridden is what one of them accepts and the other refuses:
tabs, anchors, tags, directives, text after a document's end and details of scalars. A plan must not be valid on one machine
and invalid on the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.events import DocumentEndEvent
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner, ScannerError
from ruamel.yaml.tokens import (
    DirectiveToken,
    DocumentEndToken,
    FlowEntryToken,
    FlowSequenceEndToken,
    ScalarToken,
    TagToken,
    ValueToken,
)

_BREAKS = "\r\n\x85\u2028\u2029"
_ENDS = "\0" + _BREAKS
_GAPS = " \t" + _ENDS
_COMMENT = rf"[ \t]*(?:#[^{_ENDS}]*)?(?=[{_ENDS}])"
_URI = r"\w;/?:@&=+$.!~*'()%-"

_YAML_DIRECTIVE = re.compile(rf"%YAML[ \t]+0*1\.0*[12](?![0-9]){_COMMENT}", re.ASCII)
_TAG_DIRECTIVE = re.compile(
    rf"%TAG[ \t]+(!(?:[\w-]*!)?)[ \t]+([{_URI},\[\]]+)(?=[{_GAPS}]){_COMMENT}", re.ASCII
)
_ANCHOR = re.compile(rf"[&*]([\w-]+)(?=[{_GAPS}?:,\]}}%@`])", re.ASCII)
_TAG = re.compile(
    rf"!<(?P<verbatim>[{_URI},\[\]]+)>|(?P<handle>![\w-]*!)(?P<local>[{_URI}]+)|!(?![\w-]*!)(?P<own>[{_URI}]*)",
    re.ASCII,
)
_ESCAPED_OCTETS = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_BLOCK_HEADER = re.compile(
    rf"[|>](?:(?P<chomp>[+-])?(?P<indent>[1-9])?|(?P<indent_2>[1-9])(?P<chomp_2>[+-])){_COMMENT}"
)
_DOCUMENT_MARK = re.compile(rf"(?:---|\.\.\.)(?=[{_GAPS}])")
_LINE = re.compile(rf"[^{_ENDS}]*")
_BLOCK_WORD = re.compile(rf"(?:[^{_GAPS}:]|:(?![{_GAPS}]))*")
_FLOW_WORD = re.compile(rf"(?:[^{_GAPS}:,\[\]{{}}]|:(?![{_GAPS},?\[\]{{}}]))*")
_DOUBLE_QUOTED = re.compile(
    rf""""(?:[^\\"\0]|\\(?:[0abt\tnvfre "/\\N_LP{_BREAKS}]|x[0-9A-Fa-f]{{2}}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{{4}}"""
    r"""|U(?:0000(?![dD][89A-Fa-f])|000[1-9A-Fa-f]|0010)[0-9A-Fa-f]{4}))*"""
)
_MARK_IN_QUOTES = re.compile(rf"[{_BREAKS}](?:---|\.\.\.)[{_GAPS}]")


class _Reader(Reader):
    """Counts columns from NEL, LS and PS, too, as the scanner does that takes them for line ends."""

    forward = Reader.forward_1_1

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self.buffer, self.pointer)


class _Scanner(Scanner):
    def check_value(self) -> bool:
        return bool(self.flow_level) or self.reader.peek(1) in _GAPS

    def check_plain(self) -> bool:
        first, second = self.reader.peek(), self.reader.peek(1)
        if first == "-":
            return second not in " \t"
        if first in "?:":
            return not self.flow_level and second not in _GAPS
        return first not in _GAPS + ",[]{}#&*!|>'\"%@`"

    def scan_to_next_token(self) -> None:
        peek, forward = self.reader.peek, self.reader.forward
        while True:
            while peek() == " " or (peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                forward()
            if peek() == "#":
                while peek() not in _ENDS:
                    forward()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def fetch_stream_end(self) -> None:
        for key in self.possible_simple_keys.values():
            if key.required and self.reader.column:
                self._refuse("while scanning a simple key", key.mark, "could not find expected ':'")
        super().fetch_stream_end()

    def scan_directive(self) -> Any:
        start = self.reader.get_mark()
        version, tag = self.reader.match(_YAML_DIRECTIVE), self.reader.match(_TAG_DIRECTIVE)
        found = version or tag
        if not found:
            self._refuse("while scanning a directive", start, "found unknown directive name")
        self._take(found)
        self.scan_line_break()
        if version:
            return DirectiveToken("YAML", (1, 2), start, self.reader.get_mark())
        value = (found[1], self._decoded(found[2], start))
        return DirectiveToken("TAG", value, start, self.reader.get_mark())

    def scan_anchor(self, TokenClass: Callable[..., Any]) -> Any:
        start = self.reader.get_mark()
        found = self.reader.match(_ANCHOR)
        if not found:
            self._refuse(
                "while scanning an anchor", start, "did not find expected alphabetic or numeric character"
            )
        self._take(found)
        return TokenClass(found[1], start, self.reader.get_mark())

    def scan_tag(self) -> Any:
        start = self.reader.get_mark()
        found = self.reader.match(_TAG)
        if not found:
            self._refuse("while scanning a tag", start, "did not find expected tag URI")
        self._take(found)
        after = self.reader.peek()
        if after not in _GAPS and not (self.flow_level and after == ","):
            self._refuse("while scanning a tag", start, "did not find expected tag URI")
        suffix = self._decoded(found["verbatim"] or found["local"] or found["own"] or "", start)
        handle = None if found["verbatim"] else found["handle"] or "!"
        value = (None, "!") if handle == "!" and not suffix else (handle, suffix)
        return TagToken(value, start, self.reader.get_mark())

    def scan_block_scalar(self, style: str, *_: Any, **__: Any) -> Any:
        start = self.reader.get_mark()
        header = self.reader.match(_BLOCK_HEADER)
        if not header:
            self._refuse(
                "while scanning a block scalar", start, "did not find expected comment or line break"
            )
        self._take(header)
        self.scan_line_break()
        given = header["indent"] or header["indent_2"]
        indent = max(self.indent, 0) + int(given) if given else 0
        indent, blanks = self._block_breaks(indent, start)
        text, line_break = self._block_lines(style, indent, blanks, start)
        chomp = header["chomp"] or header["chomp_2"]
        kept = {"-": "", "+": line_break + "".join(blanks)}.get(chomp, line_break)
        return ScalarToken(text + kept, False, start, self.reader.get_mark(), style)

    def _block_lines(self, style: str, indent: int, blanks: list[str], start: Any) -> tuple[str, str]:
        """The lines of a block scalar joined, and its last line end; ``blanks`` ends as the empty lines after it."""
        peek = self.reader.peek
        chunks: list[str] = []
        line_break, was_blank = "", False
        while self.reader.column == indent and peek() != "\0":
            is_blank = peek() in " \t"
            if style == ">" and line_break == "\n" and not was_blank and not is_blank:
                line_break = "" if blanks else " "
            chunks += line_break, *blanks
            was_blank = is_blank
            chunks.append(self._rest_of_line())
            line_break = self.scan_line_break()
            blanks[:] = self._block_breaks(indent, start)[1]
        return "".join(chunks), line_break

    def _block_breaks(self, indent: int, start: Any) -> tuple[int, list[str]]:
        """Pass over empty lines; an indentation that is not yet known is that of the deepest of them or the next."""
        peek, reader = self.reader.peek, self.reader
        blanks: list[str] = []
        deepest = 0
        while True:
            while (not indent or reader.column < indent) and peek() == " ":
                reader.forward()
            deepest = max(deepest, reader.column)
            if (not indent or reader.column < indent) and peek() == "\t":
                self._refuse("while scanning a block scalar", start, "found a tab character")
            if peek() not in _BREAKS:
                return indent or max(deepest, self.indent + 1, 1), blanks
            blanks.append(self.scan_line_break())

    def scan_flow_scalar(self, style: str) -> Any:
        if style == '"':
            self._check_escapes()
        return super().scan_flow_scalar(style)

    def _check_escapes(self) -> None:
        start = self.reader.get_mark()
        sound = self.reader.match(_DOUBLE_QUOTED)
        if self.reader.buffer[sound.end()] != "\\" or _MARK_IN_QUOTES.search(sound[0]):
            return
        self._take(sound)
        self._refuse("while parsing a quoted scalar", start, "found unknown escape character")

    def scan_plain(self) -> Any:
        reader = self.reader
        start = end = reader.get_mark()
        chunks: list[str] = []
        gap, broken = "", False
        while not (reader.column == 0 and reader.match(_DOCUMENT_MARK)) and reader.peek() != "#":
            word = self._plain_word(start)
            if word:
                chunks += gap, word
                end = reader.get_mark()
                broken = False
            if reader.peek() not in " \t" + _BREAKS:
                break
            gap, broken = self._plain_gap(start)
            if not self.flow_level and reader.column <= self.indent:
                break
        if broken:
            self.allow_simple_key = True
        return ScalarToken("".join(chunks), True, start, end)

    def _plain_word(self, start: Any) -> str:
        found = self.reader.match(_FLOW_WORD if self.flow_level else _BLOCK_WORD)
        word = self._take(found)
        if self.flow_level and self.reader.peek() == ":" and self.reader.peek(1) in ",?[]{}":
            self._refuse("while scanning a plain scalar", start, "found unexpected ':'")
        return word

    def _plain_gap(self, start: Any) -> tuple[str, bool]:
        """What blanks and line ends between two words stand for, and whether there is a line end among them."""
        reader = self.reader
        blanks, line_breaks = "", []
        while reader.peek() in " \t" + _BREAKS:
            if reader.peek() in _BREAKS:
                line_breaks.append(self.scan_line_break())
                continue
            if line_breaks and reader.peek() == "\t" and reader.column <= self.indent:
                self._refuse(
                    "while scanning a plain scalar", start, "found a tab character that violates indentation"
                )
            blanks += reader.peek()
            reader.forward()
        if not line_breaks:
            return blanks, False
        first, rest = line_breaks[0], "".join(line_breaks[1:])
        return (rest or " ") if first == "\n" else first + rest, True

    def _rest_of_line(self) -> str:
        return self._take(self.reader.match(_LINE))

    def _take(self, found: re.Match[str]) -> str:
        self.reader.forward(len(found[0]))
        return found[0]

    def _decoded(self, uri: str, start: Any) -> str:
        """A tag with its escaped octets resolved."""
        try:
            text = _ESCAPED_OCTETS.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), uri)
        except UnicodeDecodeError:
            text = "%"
        if "%" in text:
            self._refuse("while parsing a tag", start, "did not find expected tag URI")
        return text

    def _refuse(self, context: str, start: Any, problem: str) -> NoReturn:
        raise ScannerError(context, start, problem, self.reader.get_mark())


class _Parser(Parser):
    resolver = SimpleNamespace(
        processing_version=(1, 1)
    )  # neither library follows 1.2 where 1.1 has another grammar

    def parse_node(self, block: bool = False, indentless_sequence: bool = False) -> Any:
        start = self.scanner.peek_token().start_mark
        event = super().parse_node(block, indentless_sequence)
        event.start_mark = start  # with a tag before the anchor, ruamel.yaml forgets the tag
        return event

    def parse_flow_sequence_entry_mapping_key(self) -> Any:
        self.scanner.get_token()
        if not self.scanner.check_token(ValueToken, FlowEntryToken, FlowSequenceEndToken):
            self.states.append(self.parse_flow_sequence_entry_mapping_value)
            return self.parse_flow_node()
        # libyaml takes the sign after an empty key for a part of it, so that '[? ]' is not closed
        self.state = self.parse_flow_sequence_entry_mapping_value
        return self.process_empty_scalar(self.scanner.get_token().end_mark)

    def parse_document_end(self) -> Any:
        mark = self.scanner.peek_token().start_mark
        self.state = self.parse_document_start
        if self.scanner.check_token(DocumentEndToken):
            return DocumentEndEvent(mark, self.scanner.get_token().end_mark, explicit=True)
        return DocumentEndEvent(mark, mark, explicit=False)


def open_pure(text: str) -> Callable[[], Any]:
    """The events of a text, one at each call."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader, yaml.Scanner, yaml.Parser = _Reader, _Scanner, _Parser
    return partial(next, yaml.parse(text))
