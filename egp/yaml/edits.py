"""Steps of an edit of a document, as data: what is set, added, removed or renamed, at which path.

``edit.py`` makes them in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from egp.stats.values import frozen, replace
from egp.yaml.pointer import Path

APPEND = "[]"
"""Last step of a path: the value becomes a further item of the list."""


class EditError(Exception):
    """An edit that cannot be made without touching more than was requested."""


@frozen
class Setting:
    """A path and what it is to say, as an author would write it, whether something stands there or not."""

    path: Path
    value: object


@frozen
class Addition:
    """A key that the document lacks, or with ``APPEND`` a further item of a list."""

    path: Path
    value: object


@frozen
class Removal:
    """A key that goes, with its value."""

    path: Path


@frozen
class Renaming:
    """A key that gets another name in its place."""

    path: Path
    new: str


@frozen
class LineRemoval:
    """A line that goes; for text that is not yet a document, such as one with a key written twice."""

    number: int


ValueEdit = Setting | Addition | Removal | Renaming
"""What can be made in the value of a document."""

Edit = ValueEdit | LineRemoval


def below(edit: Edit, above: Path) -> Edit:
    """The same edit of a mapping that stands at a path."""
    return edit if isinstance(edit, LineRemoval) else replace(edit, path=(*above, *edit.path))


def value_at(value: object, path: Path) -> object:
    """What stands at a path of a document's value; None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def make(edit: ValueEdit, value: dict[str, Any], order: Sequence[str] = ()) -> None:
    """Makes an edit in a document's value. A new key of the document comes where ``order`` has it, else at the end."""
    if isinstance(edit, Removal):
        holder = value_at(value, edit.path[:-1])
        if isinstance(holder, dict):
            holder.pop(str(edit.path[-1]), None)
    elif isinstance(edit, Renaming):
        holder = value_at(value, edit.path[:-1])
        if not isinstance(holder, dict) or edit.path[-1] not in holder or edit.new in holder:
            raise EditError(f"there is no key to rename to {edit.new}")
        rename(holder, str(edit.path[-1]), edit.new)
    else:
        _put(value, edit.path, edit.value, order)


def _put(value: dict[str, Any], path: Path, new: object, order: Sequence[str]) -> None:
    holder: Any = value
    for step, following in pairwise(path):
        if isinstance(holder, dict) and holder.get(str(step)) is None:
            _add(holder, str(step), [] if following == APPEND else {}, order if holder is value else ())
        holder = _inside(holder, step)
    last = path[-1]
    if last == APPEND:
        if not isinstance(holder, list):
            raise EditError("there is no list to add to")
        holder.append(new)
    elif isinstance(holder, dict) and last not in holder:
        _add(holder, str(last), new, order if holder is value else ())
    elif isinstance(_inside(holder, last), dict) and isinstance(new, dict):
        holder[last].update(new)
    else:
        holder[last] = new


def _inside(holder: Any, step: str | int) -> Any:
    fits = (
        step in holder
        if isinstance(holder, dict)
        else isinstance(holder, list) and step in range(len(holder))
    )
    if not fits:
        raise EditError(f"there is nothing called {step}")
    return holder[step]


def _add(holder: dict[str, Any], key: str, value: object, order: Sequence[str]) -> None:
    if key in order and key not in holder:
        add(holder, key, value, order)
    else:
        holder[key] = value


def rename(mapping: dict[str, Any], old: str, new: str) -> None:
    """Gives a key of a mapping another name, in its place."""
    items = [(new if key == old else key, value) for key, value in mapping.items()]
    mapping.clear()
    mapping.update(items)


def add(mapping: dict[str, Any], key: str, value: object, order: Sequence[str]) -> None:
    """Adds a key after the last of the keys that come before it in ``order``, else at the end."""
    earlier = order[: order.index(key)]
    keys = list(mapping)
    at = max((keys.index(name) + 1 for name in earlier if name in mapping), default=len(keys))
    items = list(mapping.items())
    items.insert(at, (key, value))
    mapping.clear()
    mapping.update(items)
