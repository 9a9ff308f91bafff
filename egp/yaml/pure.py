"""PyYAML's parser in Python, for a PyYAML that was built without libyaml.

It refuses more than libyaml does: a tab that stands for a space, a question mark within a flow collection. What is overridden
here is what it would accept and libyaml refuses: a plan that is read on one machine may be refused on another, with a message
that says what to write, and is never read as something else.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError

_BREAKS = "\r\n\x85\u2028\u2029"
_SOUND_ESCAPES = re.compile(
    rf""""(?:[^\\"\0]|\\(?:[0abt\tnvfre "/\\N_LP{_BREAKS}]|x[0-9A-Fa-f]{{2}}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{{4}}"""
    r"""|U(?:0000(?![dD][89A-Fa-f])|000[1-9A-Fa-f]|0010)[0-9A-Fa-f]{4}))*"""
)
_DIRECTIVES = {"YAML": ((1, 1), (1, 2)), "TAG": None}


class PureParser(Reader, Scanner, Parser):
    """``get_event`` is what the C parser has, too."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def scan_directive(self) -> Any:
        token = super().scan_directive()
        versions = _DIRECTIVES.get(token.name, ())
        if versions is not None and token.value not in versions:
            start = token.start_mark
            raise ScannerError("while scanning a directive", start, "found unknown directive name", start)
        return token

    def scan_plain(self) -> Any:
        token = super().scan_plain()
        if self.flow_level and self.peek() == ":" and self.peek(1) in ",?[]{}":
            self._refuse("while scanning a plain scalar", token.start_mark, "found unexpected ':'")
        return token

    def scan_block_scalar_indentation(self) -> Any:
        found = super().scan_block_scalar_indentation()
        if self.peek() == "\t":
            self._refuse("while scanning a block scalar", self.get_mark(), "found a tab character")
        return found

    def scan_flow_scalar(self, style: str) -> Any:
        start = self.get_mark()
        if style == '"':
            sound = _SOUND_ESCAPES.match(self.buffer, self.pointer)
            if sound and self.buffer[sound.end()] == "\\":
                self.forward(sound.end() - self.pointer)
                self._refuse("while parsing a quoted scalar", start, "found unknown escape character")
        return super().scan_flow_scalar(style)

    def _refuse(self, context: str, start: Any, problem: str) -> NoReturn:
        raise ScannerError(context, start, problem, self.get_mark())
