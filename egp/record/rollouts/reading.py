"""From the files of one line of a policy to the rollouts in them; what cannot be read says why."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from egp.record.rollouts.rollout import Rollout, Unread
from egp.stats.values import NamedTuple, field, mutable
from egp.yaml import Document, read_text
from egp.yaml.position import START

if TYPE_CHECKING:
    from types import ModuleType

Reader = Callable[["Sequence[RolloutFile]", str], "Iterator[Rollout | Unread]"]

_FORMATS = os.path.join(os.path.dirname(__file__), "formats")

_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""Two escapes of JSON that are one character, which YAML writes as one."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
"""A string of JSON, quotes included."""


@mutable
class RolloutFile:
    """One file: its name, its text, and its documents, which are read when needed."""

    path: str
    text: str
    _documents: list[Document] = field(default_factory=list)

    @property
    def documents(self) -> list[Document]:
        if not self._documents:
            for text in _in_a_row(_plain_escapes(self.text)):
                self._documents += read_text(text, self.path)
        return self._documents


class RolloutReading(NamedTuple):
    """What the files of one line of a policy say, and what they do not."""

    rollouts: tuple[Rollout, ...]
    unread: tuple[Unread, ...]


@cache
def formats() -> tuple[str, ...]:
    """The names of the formats: of each file in their folder."""
    stems = (os.path.splitext(name) for name in sorted(os.listdir(_FORMATS)))
    return tuple(stem.replace("_", "-") for stem, ending in stems if ending == ".py" and stem != "__init__")


def format_module(name: str) -> ModuleType:
    """The module of a format. Raises KeyError for an unknown one."""
    if name not in formats():
        raise KeyError(name)
    return import_module(f"egp.record.rollouts.formats.{name.replace('-', '_')}")


def read_rollouts(files: Sequence[RolloutFile], format: str, environment: str) -> RolloutReading:
    """What is served, in the order of the files. A file that defeats its format is unread, and hides no other."""
    read: Reader = format_module(format).read
    rollouts: list[Rollout] = []
    unread: list[Unread] = []
    try:
        for found in read(files, environment):
            if isinstance(found, Rollout):
                rollouts.append(found)
                unread += found.unread
            else:
                unread.append(found)
    except RecursionError:
        unread += [Unread(each.path, START, "it nests too deeply") for each in files]
    return RolloutReading(tuple(rollouts), tuple(unread))


def sound_documents(files: Iterable[RolloutFile], unread: list[Unread]) -> Iterator[Document]:
    """The documents that are YAML or JSON; of every other one the reason is added, templates of Helm among them."""
    for file in files:
        if file.path.endswith(".cue"):
            unread.append(Unread(file.path, START, "CUE computes what is served, and egp runs no CUE"))
            continue
        for document in file.documents:
            problem = next((each for each in document.problems if each.kind != "empty"), None)
            if problem and "{{" in file.text:
                unread.append(Unread(file.path, problem.span, "it is a template, which Helm fills in"))
                break
            if problem:
                unread.append(Unread(file.path, problem.span, f"it cannot be read: {problem.message}"))
            elif isinstance(document.value, dict) and document.value.get("kind") == "Kustomization":
                unread.append(
                    Unread(file.path, document.span(("kind",)), "Kustomize computes what is served")
                )
            elif document.value is not None:
                yield document


def says_the_same(path: str, was: str, will: str) -> bool:
    """Whether two texts of a file differ in nothing but comments, blanks and the way in which values are written."""
    if was == will:
        return True
    if path.endswith(".tf"):
        return _terraform_says(was, will)
    said = [_values(RolloutFile(path, text).documents) for text in (was, will)]
    return said[0] is not None and said[0] == said[1]


def _terraform_says(was: str, will: str) -> bool:
    try:
        from egp.record.rollouts.hcl import HclError, without_comments
    except ImportError:
        return False
    try:
        return without_comments(was) == without_comments(will)
    except (HclError, RecursionError):
        return False


def _values(documents: Sequence[Document]) -> list[str] | None:
    """The values of documents as they are compared, whole numbers and truth values apart; None of what cannot be read."""
    if any(each.kind != "empty" for document in documents for each in document.problems):
        return None
    try:
        return [repr(document.value) for document in documents]
    except RecursionError:
        return None


_MOST_IN_A_ROW = 50
"""Values of JSON, one after the other, that are read as documents of a file."""


def _in_a_row(text: str) -> Iterator[str]:
    """The text; where it is several values of JSON in a row, one text for each, with blanks in place of the others."""
    if not text.lstrip().startswith("{"):
        yield text
        return
    from json import JSONDecodeError, JSONDecoder

    decode, at, parts = JSONDecoder().raw_decode, 0, list[tuple[int, int]]()
    try:
        while at < len(text) and len(parts) <= _MOST_IN_A_ROW:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            if start == len(text):
                break
            at = decode(text, start)[1]
            parts.append((start, at))
    except JSONDecodeError:
        parts = []
    if not 1 < len(parts) <= _MOST_IN_A_ROW:
        yield text
        return
    for start, end in parts:
        yield _BLANK.sub(" ", text[:start]) + text[start:end]


_BLANK = re.compile(r"[^\n]")


def _plain_escapes(text: str) -> str:
    """The text with each pair of surrogates as the one escape that YAML knows; blanks after its string keep the places."""
    if "\\u" not in text:
        return text
    return _STRING.sub(_plain_string, text)


def _plain_string(string: re.Match[str]) -> str:
    plain = _PAIR.sub(_one_escape, string[0])
    return plain + " " * (len(string[0]) - len(plain))


def _one_escape(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
