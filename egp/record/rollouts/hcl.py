"""Terraform files as values with places, from python-hcl2's parse tree; nothing is evaluated.

What is no literal is ``Computed``. python-hcl2's own dictionaries have lost where things stand, so the tree is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hcl2.parser import parser
from lark import Token, Tree
from lark.exceptions import LarkError

from egp.record.rollouts.part import Computed
from egp.stats.values import NamedTuple
from egp.yaml import Path, Position, Span
from egp.yaml.position import START

_DEEPEST = 60
"""Values within each other that are followed."""

_LINES = ("new_line_or_comment", "new_line_and_or_comma")
"""Parts of the tree in which no value stands."""

_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\", "$${": "${"}


class HclError(Exception):
    """A file that is no HCL; ``at`` is where."""

    def __init__(self, message: str, at: Span) -> None:
        super().__init__(message)
        self.at = at


class HclDocument(NamedTuple):
    """A file: resources by type and label, data as `data.…`, modules as `module`; and where everything stands."""

    path: str
    value: dict[str, object]
    places: dict[Path, Span]
    keys: dict[Path, Span]

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Where the value of a path is written, or its key; of one that is not there what is above it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.keys.get(path, self.places.get(path, START)) if key else self.places.get(path, START)


def _computed(text: str) -> Computed:
    return Computed(text, "Terraform")


def hcl_document(text: str, path: str) -> HclDocument:
    """The resources of a file. Raises HclError for what is no HCL or nests too deeply."""
    reading = _Reading(text)
    try:
        reading.resources(_tree(text))
    except RecursionError:
        raise HclError("it nests too deeply", START) from None
    return HclDocument(path, reading.value, reading.places, reading.keys)


def _tree(text: str) -> Tree[Token]:
    try:
        return parser().parse(text if text.endswith("\n") else text + "\n")
    except LarkError as error:
        line, column = getattr(error, "line", 1), getattr(error, "column", 1)
        sound = isinstance(line, int) and isinstance(column, int) and line > 0 and column > 0
        place = Position(line, column) if sound else Position(1, 1)
        raise HclError("it is no HCL", Span(place, place)) from None
    except RecursionError:
        raise HclError("it nests too deeply", START) from None


def without_comments(text: str) -> object:
    """What a file says besides comments and blanks, to be compared. Raises HclError as ``hcl_document`` does."""
    return _without_comments(_tree(text))


def _without_comments(part: Any) -> object:
    if not isinstance(part, Tree):
        return str(part)
    parts = [
        each for each in _besides_lines(part.children) if part.data == "string_part" or not _is_mark(each)
    ]
    return part.data, *map(_without_comments, parts)


def _is_mark(part: Any) -> bool:
    """Whether a part stands between values, with or without blanks around it."""
    return isinstance(part, Token) and str(part).strip() in ("=", ",", ":")


def _besides_lines(children: Any) -> Iterator[Any]:
    for each in children:
        if not isinstance(each, Tree) or each.data not in _LINES:
            yield each


class _Reading:
    """One pass through a tree."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.value: dict[str, Any] = {}
        self.places: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}

    def resources(self, tree: Tree[Token]) -> None:
        body = _child(tree, "body")
        for block in body.children if body else ():
            if isinstance(block, Tree) and block.data == "block":
                kind, *labels = self._heads(block)
                if kind in ("resource", "data") and len(labels) == 2:
                    prefix = "" if kind == "resource" else "data."
                    self._resource(block, f"{prefix}{labels[0]}", labels[1])
                elif kind == "module" and len(labels) == 1:
                    self._resource(block, "module", labels[0])

    def _resource(self, block: Tree[Token], kind: str, label: str) -> None:
        found = self.value.setdefault(kind, {})
        path: Path = (kind, label)
        self.places[path] = self._head_span(block)
        self.keys[path] = self.places[path]
        found[label] = self._body(_child(block, "body"), path, 0)

    def _heads(self, block: Tree[Token]) -> list[str]:
        """Type and labels of a block."""
        heads = []
        for child in block.children:
            if isinstance(child, Tree) and child.data in ("identifier", "string"):
                heads.append(self._plain(child).strip('"'))
        return heads

    def _head_span(self, block: Tree[Token]) -> Span:
        heads = [
            each
            for each in block.children
            if isinstance(each, Tree) and each.data in ("identifier", "string")
        ]
        return Span(_span(heads[0]).start, _span(heads[-1]).end) if heads else _span(block)

    def _body(self, body: Tree[Token] | None, path: Path, depth: int) -> dict[str, object]:
        found: dict[str, Any] = {}
        for child in body.children if body else ():
            if not isinstance(child, Tree):
                continue
            if child.data == "attribute":
                name = self._plain(child.children[0])
                self.keys[(*path, name)] = _span(child.children[0])
                found[name] = self._value(child.children[-1], (*path, name), depth + 1)
            elif child.data == "block":
                name = self._heads(child)[0]
                listed = found.setdefault(name, [])
                if isinstance(listed, list):
                    at: Path = (*path, name, len(listed))
                    self.places.setdefault((*path, name), self._head_span(child))
                    self.keys.setdefault((*path, name), self._head_span(child))
                    self.places[at] = self.keys[at] = self._head_span(child)
                    listed.append(self._body(_child(child, "body"), at, depth + 1))
        return found

    def _value(self, tree: Any, path: Path, depth: int) -> object:
        self.places[path] = _span(tree)
        if depth > _DEEPEST:
            return _computed("what nests so deeply")
        inner = tree
        while isinstance(inner, Tree) and inner.data == "expr_term" and len(_meant(inner)) == 1:
            inner = _meant(inner)[0]
        if not isinstance(inner, Tree):
            return _computed(self._plain(tree))
        if inner.data == "tuple":
            items = [each for each in _meant(inner) if isinstance(each, Tree) and each.data != "tuple_sep"]
            return [self._value(each, (*path, at), depth + 1) for at, each in enumerate(items)]
        if inner.data == "object":
            return self._object(inner, path, depth)
        return self._scalar(inner)

    def _object(self, tree: Tree[Token], path: Path, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for each in tree.children:
            if isinstance(each, Tree) and each.data == "object_elem":
                parts = _meant(each)
                name = self._plain(parts[0]).strip().strip('"')
                self.keys[(*path, name)] = _span(parts[0])
                found[name] = self._value(parts[-1], (*path, name), depth + 1)
        return found

    def _scalar(self, tree: Tree[Token]) -> object:
        text = self._plain(tree).strip()
        if tree.data == "int_lit":
            return int(text) if len(text) < 18 else _computed(text)
        if tree.data == "float_lit":
            try:
                return float(text)
            except ValueError:
                return _computed(text)
        if text in ("true", "false"):
            return text == "true"
        if text == "null":
            return None
        if tree.data == "unary_op" and text.startswith("-") and text[1:].strip().isdigit() and len(text) < 18:
            return -int(text[1:].strip())
        if tree.data == "string" and "${" not in text.replace("$${", "") and "%{" not in text:
            plain = text[1:-1]
            for written, meant in _ESCAPES.items():
                plain = plain.replace(written, meant)
            return plain
        return _computed(text)

    def _plain(self, tree: Any) -> str:
        """The text of a part of the tree, as it is written."""
        if isinstance(tree, Token):
            return str(tree)
        if tree.meta.empty:
            return ""
        return self._text[tree.meta.start_pos : tree.meta.end_pos]


def _child(tree: Tree[Token], name: str) -> Tree[Token] | None:
    return next((each for each in tree.children if isinstance(each, Tree) and each.data == name), None)


def _meant(tree: Tree[Token]) -> list[Tree[Token]]:
    """The children that hold something: neither punctuation nor line ends."""
    return [each for each in _besides_lines(tree.children) if isinstance(each, Tree)]


def _span(tree: Any) -> Span:
    meta = tree if isinstance(tree, Token) else tree.meta
    line, column = getattr(meta, "line", None), getattr(meta, "column", None)
    if line is None or column is None:
        return START
    return Span(Position(line, column), Position(meta.end_line or line, meta.end_column or column))
