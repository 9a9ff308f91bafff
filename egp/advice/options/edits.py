"""Changes of a plan that a memo offers: settings at paths, made in the plan's text.

What ``egp.yaml.edit`` can splice it splices. It cannot remove, so two more things are done here, each where the text
leaves no doubt: a list in brackets without a comment is written anew, and items of a block list go with their lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from egp.plan.experiment import Experiment
from egp.yaml import Document, Path, Position, read_text
from egp.yaml.edit import EditError, add, edited, rename, written

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

_MARK = "\ufeff"

APPEND = "[]"
"""Last step of a path: the value becomes a further item of the list."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A path and what it is to say. None takes back what stands there."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Renaming:
    """A key that gets another name in its place."""

    path: Path
    new: str


@dataclass(frozen=True, slots=True)
class LineRemoval:
    """A line that goes; for text that is not yet a document, such as one with a key written twice."""

    number: int


Change = Setting | Renaming | LineRemoval
"""One step of an option."""


def changed(text: str, changes: Sequence[Change], number: int = 0) -> str:
    """The file's text with the changes made to one of its documents. Raises EditError."""
    for change in changes:
        if isinstance(change, LineRemoval):
            text = _without_line(text, change.number)
        elif isinstance(change, Renaming):
            text = edited(text, lambda plan, step=change: _rename(plan, step), number)  # type: ignore[misc]
        else:
            text = _set(text, change, number)
    return text


def value_at(value: object, path: Path) -> object:
    """What stands at a path of a plan's value; None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _without_line(text: str, number: int) -> str:
    mark = _MARK if text.startswith(_MARK) else ""
    lines = _LINE.findall(text.removeprefix(mark))
    if not 1 <= number <= len(lines):
        raise EditError(f"there is no line {number}")
    return mark + "".join(lines[: number - 1] + lines[number:])


def _rename(plan: dict[str, Any], step: Renaming) -> None:
    holder = value_at(plan, step.path[:-1])
    if not isinstance(holder, dict) or step.new in holder:
        raise EditError(f"there is no key to rename to {step.new}")
    rename(holder, str(step.path[-1]), step.new)


def _set(text: str, setting: Setting, number: int) -> str:
    document = read_text(text)[number]
    before = value_at(document.value, setting.path)
    if setting.value is None and before is None:
        return text
    is_shorter = isinstance(setting.value, (list, tuple)) and isinstance(before, list)
    if is_shorter and before != list(setting.value):  # type: ignore[call-overload]
        return _list_written_anew(text, document, setting.path, list(setting.value), number)  # type: ignore[call-overload]
    return edited(text, lambda plan: _put(plan, setting.path, setting.value), number)


def _put(plan: dict[str, Any], path: Path, value: object) -> None:
    holder: Any = plan
    for step, following in pairwise(path):
        if isinstance(holder, dict) and holder.get(str(step)) is None:
            _add(holder, str(step), [] if following == APPEND else {}, is_top=holder is plan)
        holder = _inside(holder, step)
    last = path[-1]
    if last == APPEND:
        if not isinstance(holder, list):
            raise EditError("there is no list to add to")
        holder.append(value)
    elif isinstance(holder, dict) and last not in holder:
        _add(holder, str(last), value, is_top=holder is plan)
    elif isinstance(_inside(holder, last), dict) and isinstance(value, dict):
        holder[last].update(value)
    else:
        holder[last] = value


def _inside(holder: Any, step: str | int) -> Any:
    fits = (
        step in holder
        if isinstance(holder, dict)
        else isinstance(holder, list) and step in range(len(holder))
    )
    if not fits:
        raise EditError(f"there is nothing called {step}")
    return holder[step]


def _add(holder: dict[str, Any], key: str, value: object, *, is_top: bool) -> None:
    """A key of a plan comes where the schema has it, one of a mapping at its end."""
    if is_top and key in (order := [name for name, *_ in Experiment.fields()]):
        if key in holder:
            holder[key] = value
        else:
            add(holder, key, value, order)
    else:
        holder[key] = value


def _list_written_anew(text: str, document: Document, path: Path, items: list[Any], number: int) -> str:
    mark = _MARK if text.startswith(_MARK) else ""
    body = text.removeprefix(mark)
    start, end = _offsets(body, document, path)
    source = body[start:end]
    if source.startswith("["):
        if "#" in source:
            raise EditError("a list with comments cannot be written anew")
        result = body[:start] + written(items) + body[end:]
    else:
        result = _without_items(body, document, path, items)
    after = read_text(result)
    if after[number].problems or value_at(after[number].value, path) != items:
        raise EditError("the edit would change more of the list than was asked for")
    return mark + result


def _without_items(text: str, document: Document, path: Path, items: list[Any]) -> str:
    """The block list at a path without the items that are not among ``items``, which must be some of its own."""
    before = value_at(document.value, path)
    assert isinstance(before, list)
    if not items:
        key_end = _offset(text, document.span(path, key=True).end)
        colon = text.index(":", key_end) + 1
        return f"{text[:colon]} []{text[_offsets(text, document, path)[1] :]}"
    gone = [at for at, item in enumerate(before) if item not in items]
    lines = _LINE.findall(text)
    for at in reversed(gone):
        span = document.span((*path, at))
        first, last = document.span((*path, at)).start.line, span.end.line
        if not lines[first - 1].lstrip().startswith("-"):
            raise EditError("an item that shares its line cannot be removed")
        following = document.span((*path, at + 1)).start.line if at + 1 < len(before) else 0
        del lines[first - 1 : min(last, following - 1) if following else last]
    return "".join(lines)


def _offsets(text: str, document: Document, path: Path) -> tuple[int, int]:
    span = document.span(path)
    return _offset(text, span.start), _offset(text, span.end)


def _offset(text: str, position: Position) -> int:
    lines = _LINE.findall(text)
    return sum(map(len, lines[: position.line - 1])) + position.column - 1
