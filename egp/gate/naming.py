"""Which files of plans may name a flag, by the words in them: a thousand plans are not searched again for each of ten thousand flags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from egp.plan.names import folded

_WORD = re.compile(r"[\w.-]+")

_ESCAPED = "\\"
"""What may spell a name otherwise than it reads."""


class NamingPlans:
    """The files of plans by the words that they have, as names are compared."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._by_word: dict[str, list[str]] = {}
        self._always: list[str] = []
        """Files in which a name may be spelt with escapes, or that are no text."""
        for path, content in contents.items():
            try:
                text = content.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = _ESCAPED
            if _ESCAPED in text:
                self._always.append(path)
                continue
            for word in set(_words(text)):
                self._by_word.setdefault(word, []).append(path)

    def of(self, flag: str) -> Iterator[str]:
        """The files that may name the flag; whether they do their reader says."""
        words = _WORD.findall(folded(flag))
        having = [self._by_word.get(word, []) for word in words]
        fewest = min(having, key=len, default=None)
        if fewest is None:
            named = list(dict.fromkeys(path for paths in self._by_word.values() for path in paths))
        else:
            named = [path for path in fewest if all(path in paths for paths in having if paths is not fewest)]
        yield from (*named, *self._always)


def _words(text: str) -> Iterator[str]:
    """The words of a text; of lines with other letters than Latin ones as they compare."""
    if text.isascii():
        yield from _WORD.findall(text.casefold())
        return
    for line in text.splitlines():
        yield from _WORD.findall(line.casefold() if line.isascii() else folded(line))
