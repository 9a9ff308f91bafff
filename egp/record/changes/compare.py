"""Two versions of a plan, field by field.

List items are matched by their id; where order has no meaning it is no change. Fields are compared in canonical form,
so that what leaves the digest as it is shows up here only if it is benign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from egp.plan.digest import Canon, Canonical
from egp.plan.experiment import Canary, Experiment, declarations
from egp.plan.quantity import Count, Share, shown
from egp.plan.typed_reader import Keys, TypedMapping, required_type
from egp.plan.wording import duration_in_plan, share_in_plan
from egp.record.changes.effect import canary_effect, effect_of, ramp_effect
from egp.record.changes.field_change import FieldChange
from egp.record.changes.weight import Effect, weight_of
from egp.yaml import Path, pointer

T = TypeVar("T")


def changes(before: Experiment, after: Experiment) -> list[FieldChange]:
    """Every field that differs, in the order of the plan's fields."""
    return list(_Comparison(before, after).part(before, after, _Place()))


class _Place:
    """Where a part stands: as each version counts, as people name it, and by its keys alone."""

    __slots__ = ("earlier", "keys", "name", "path")

    def __init__(self, path: Path = (), earlier: Path = (), name: Path = (), keys: Keys = ()) -> None:
        self.path, self.earlier, self.name, self.keys = path, earlier, name, keys

    def key(self, key: str) -> _Place:
        return _Place((*self.path, key), (*self.earlier, key), (*self.name, key), (*self.keys, key))

    def item(self, position: int | None, earlier: int | None, name: str | int) -> _Place:
        """An item of the list that stands here; a version without it has the list for its place."""
        return _Place(
            self.path if position is None else (*self.path, position),
            self.earlier if earlier is None else (*self.earlier, earlier),
            self.name if name == "" else (*self.name, name),
            self.keys,
        )


class _Comparison:
    def __init__(self, before: Experiment, after: Experiment) -> None:
        self._before, self._after = before, after
        self._old, self._new = Canon(before), Canon(after)

    def part(self, before: TypedMapping, after: TypedMapping, place: _Place) -> Iterator[FieldChange]:
        for key, attribute, annotation, _ in type(after).fields():
            old, new = getattr(before, attribute), getattr(after, attribute)
            if old is not new:
                yield from self._field(old, new, place.key(key), annotation)

    def _field(self, old: Any, new: Any, place: _Place, annotation: Any) -> Iterator[FieldChange]:
        if isinstance(old, TypedMapping) and isinstance(new, TypedMapping):
            if getattr(old, "id", None) == getattr(new, "id", None):
                yield from self.part(old, new, place)
            else:
                name = _Place((*place.path, "id"), (*place.earlier, "id"), place.name, place.keys)
                yield self._change(name, old, new, annotation)
        elif self._form(self._old, old, place) == self._form(self._new, new, place):
            return
        elif old and new and isinstance(old, tuple) and isinstance(new, tuple):
            yield from self._items(old, new, place, annotation)
        elif isinstance(old or new, tuple) and (old or new):
            yield from self._items(old or (), new or (), place, annotation)
        else:
            yield self._change(place, old, new, annotation)

    def _form(self, canon: Canon, value: object, place: _Place) -> Canonical:
        return None if value is None else canon.value(value, declarations()[place.keys])

    def _items(
        self, old: Sequence[Any], new: Sequence[Any], place: _Place, annotation: Any
    ) -> Iterator[FieldChange]:
        old_names, new_names = self._names(old, new, place)
        left = {name: (position, old[position]) for position, name in enumerate(old_names)}
        wanted = required_type(annotation).__args__[0]
        moved = _moved(left, dict(zip(new_names, new, strict=True)))
        for position, (name, item) in enumerate(zip(new_names, new, strict=True)):
            at, earlier = left.pop(name, (None, None))
            if at is None and name in moved:
                at, earlier = left.pop(moved[name])
                yield self._change(place.item(position, at, ""), earlier, item, wanted)
                continue
            here = place.item(position, at, _label(name, item))
            if at is None:
                yield self._change(here, None, item, wanted)
            elif isinstance(earlier, TypedMapping) and isinstance(item, TypedMapping):
                yield from self.part(earlier, item, here)
        for name, (position, item) in left.items():
            yield self._change(place.item(None, position, _label(name, item)), item, None, wanted)

    def _names(self, old: Sequence[Any], new: Sequence[Any], place: _Place) -> tuple[list[str], list[str]]:
        """What tells the items apart: the position in a list with an order, else the id, else everything."""
        if declarations()[place.keys].in_order:
            return [str(at) for at, _ in enumerate(old)], [str(at) for at, _ in enumerate(new)]
        return self._numbered(old, place, self._old), self._numbered(new, place, self._new)

    def _numbered(self, items: Sequence[Any], place: _Place, canon: Canon) -> list[str]:
        from json import dumps

        seen: dict[str, int] = {}
        names = []
        for item in items:
            name = _identity(item) or dumps(canon.value(item, declarations()[place.keys]), sort_keys=True)
            seen[name] = seen.get(name, 0) + 1
            names.append(f"{name}\0{seen[name]}")
        return names

    def _change(self, place: _Place, old: Any, new: Any, annotation: Any) -> FieldChange:
        weight = weight_of(place.keys)
        effect = self._effect(place.keys, old, new)
        if effect is None:
            effect = "loosens" if weight == "operational" else "neutral"
        before, after = _written(old, annotation), _written(new, annotation)
        return FieldChange(place.path, pointer(place.name), before, after, place.earlier, weight, effect)

    def _effect(self, keys: Keys, old: object, new: object) -> Effect | None:
        if keys[0] == "ramp":
            return ramp_effect(self._before.ramp, self._after.ramp)
        canaries = self._before.canary, self._after.canary
        if keys[0] == "canary" and isinstance(canaries[0], Canary) and isinstance(canaries[1], Canary):
            return canary_effect(canaries[0], canaries[1])
        return effect_of(keys, old, new)


def _moved(old: Mapping[str, tuple[int, Any]], new: Mapping[str, Any]) -> dict[str, str]:
    """Which new date stands for which old one, in a list whose dates moved and became neither more nor fewer."""
    gone = {name: item for name, (_, item) in old.items() if name not in new}
    come = {name: item for name, item in new.items() if name not in old}
    if len(gone) != len(come) or not all(isinstance(each, date) for each in (*gone.values(), *come.values())):
        return {}
    return dict(zip(sorted(come), sorted(gone), strict=True))


def _identity(item: object) -> str:
    """What a list item is called, or empty."""
    return str(getattr(item, "id", None) or getattr(item, "name", None) or "")


def _label(name: str, item: object) -> str | int:
    """How a pointer calls an item: by its id, in a list with an order by its position, else by its list."""
    return _identity(item) or (int(name) if name.isdigit() else "")


def _of_mapping(value: object) -> str:
    """What a name of a mapping has: a text, or several."""
    words = value if isinstance(value, tuple) else (value,)
    listed = ", ".join(shown(str(word)) for word in words)
    return listed if len(words) == 1 else f"[{listed}]"


def _written(value: object, annotation: Any) -> str | None:
    """A value as a plan would write it."""
    wanted = required_type(annotation)
    if value is None:
        return None
    if isinstance(value, TypedMapping):
        return _identity(value) or _flow(value)
    if isinstance(value, dict):
        named = [f"{shown(key)}: {_of_mapping(item)}" for key, item in sorted(value.items())]
        return f"{{{', '.join(named)}}}"
    if isinstance(value, tuple):
        items = [_written(item, wanted.__args__[0]) or "" for item in value]
        return f"[{', '.join(items)}]"
    if isinstance(value, timedelta):
        return duration_in_plan(value) if value % timedelta(hours=1) == timedelta() else _seconds(value)
    if wanted is Share and isinstance(value, float):
        return share_in_plan(value)
    if wanted is Count and isinstance(value, int):
        return f"{value:,}"
    return shown(value) if isinstance(value, (str, bool)) else str(value)


def _seconds(value: timedelta) -> str:
    return f"{value.total_seconds():.10g}s"


def _flow(part: TypedMapping) -> str:
    stated = [
        f"{key}: {_written(value, annotation)}"
        for key, attribute, annotation, declared in type(part).fields()
        if (value := getattr(part, attribute)) is not None and value != declared.default
    ]
    return "{" + ", ".join(stated) + "}"
