"""Edits of a completed plan as edits of its file: what others say for it is answered in the plan, and never in their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from egp.plan.completing import NAMED_BY, WHOLE_ITEMS
from egp.plan.remedy import Remedies, Remedy
from egp.stats.values import replace
from egp.yaml import Document, Path
from egp.yaml.edits import (
    APPEND,
    Addition,
    Edit,
    LineRemoval,
    Removal,
    Renaming,
    Setting,
    ValueEdit,
    make,
    value_at,
)


def in_own_file(remedies: Remedies, document: Document) -> list[Remedy]:
    """The remedies that can be made in the plan's own file, by edits of that."""
    found = []
    for each in remedies:
        edits = own_edits(each.edits, document)
        if edits is not None:
            found.append(replace(each, edits=edits))
    return found


def own_edits(edits: Sequence[Edit], document: Document) -> tuple[Edit, ...] | None:
    """The edits as the file takes them; None where it cannot: an item that others list is not the plan's to remove."""
    if not document.is_completed:
        return tuple(edits)
    found: list[Edit] = []
    for each in edits:
        made = each if isinstance(each, (LineRemoval, Renaming)) else _own(each, document)
        if made is None:
            return None
        found.append(made)
    return tuple(_together(found))


def _own(edit: Setting | Addition | Removal, document: Document) -> Edit | None:
    own, whole = document.own.value, document.value
    for length in range(1, len(edit.path)):
        above, step = edit.path[:length], edit.path[length]
        listed, mine = value_at(whole, above), value_at(own, above)
        if not isinstance(listed, list) or (isinstance(mine, list) and _is_mine(step, mine, above)):
            continue
        if str(above[-1]) not in NAMED_BY:
            return Setting(above, _with(listed, edit, above))
        if step == APPEND:
            return edit
        return _named_item(edit, above, listed[int(step)])
    if isinstance(edit, Removal) and value_at(own, edit.path) is None:
        return Setting(edit.path, None)
    return edit


def _is_mine(step: str | int, mine: list[Any], above: Path) -> bool:
    """Whether a step leads to an item of the plan's own list, which stand before those of others."""
    return step == APPEND or int(step) < len(mine) or str(above[-1]) not in NAMED_BY


def _with(listed: list[Any], edit: ValueEdit, above: Path) -> list[Any]:
    """A list of others as a whole, with the edit made."""
    copied = {"list": [dict(each) if isinstance(each, dict) else each for each in listed]}
    make(replace(edit, path=("list", *edit.path[len(above) :])), copied)
    return copied["list"]


def _named_item(edit: Setting | Addition | Removal, above: Path, item: dict[str, Any]) -> Edit | None:
    """An item of the plan's own, which completes the one of others with the same name."""
    name, rest = NAMED_BY[str(above[-1])], edit.path[len(above) + 1 :]
    if not rest:
        return None if isinstance(edit, Removal) else Addition((*above, APPEND), edit.value)
    if above[-1] in WHOLE_ITEMS:
        return Addition((*above, APPEND), _with([item], replace(edit, path=(*above, 0, *rest)), above)[0])
    value: Any = None if isinstance(edit, Removal) else edit.value
    for step in reversed(rest):
        value = {str(step): value}
    return Addition((*above, APPEND), {name: item.get(name), **value})


def _together(edits: list[Edit]) -> Iterator[Edit]:
    """Additions to one item as one."""
    found: dict[tuple[Path, object], Addition] = {}
    order: list[Edit | tuple[Path, object]] = []
    for each in edits:
        is_item = isinstance(each, Addition) and len(each.path) > 1 and each.path[-1] == APPEND
        name = NAMED_BY.get(str(each.path[-2])) if is_item and isinstance(each, Addition) else None
        if name is None or not isinstance(each, Addition) or not isinstance(each.value, dict):
            order.append(each)
            continue
        key = (each.path, each.value.get(name))
        if key in found:
            found[key] = replace(each, value={**_mapping(found[key].value), **each.value})
        else:
            found[key] = each
            order.append(key)
    yield from (found[each] if isinstance(each, tuple) else each for each in order)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
