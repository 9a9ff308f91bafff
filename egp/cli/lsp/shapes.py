"""What may stand at a place of a file, from the declarations that files are read by."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any

from egp.plan.typed_reader import Field, TypedMapping
from egp.stats.hints import Literal, Union, get_args, get_origin
from egp.stats.values import NamedTuple
from egp.yaml import Path


class Declared(NamedTuple):
    """What a path is declared to hold: types, and the declaration of the key that leads there."""

    of: tuple[Any, ...]
    field: Field | None = None
    """None where names are free, as below `rules:`, and for the file itself."""

    @property
    def mappings(self) -> list[type[TypedMapping]]:
        return [each for each in self.of if isinstance(each, type) and issubclass(each, TypedMapping)]

    @property
    def words(self) -> list[str]:
        """The words that are the only ones, where words are declared."""
        said = [word for each in self.of if get_origin(each) is Literal for word in get_args(each)]
        return [*said, *(("true", "false") if bool in self.of else ())]


NOTHING = Declared(())


def declared_at(shape: type[TypedMapping], path: Path) -> Declared:
    """What a file of a shape may have at a path; an item of a list is declared by the key of its list."""
    found = Declared((shape,))
    for step in path:
        found = _inside(found, step)
    return found


def _inside(declared: Declared, step: str | int) -> Declared:
    for each in declared.of:
        origin = get_origin(each)
        if isinstance(step, int):
            if origin in (tuple, list):
                return Declared(tuple(_alternatives(get_args(each)[0])), declared.field)
        elif origin is dict:
            return Declared(tuple(_alternatives(get_args(each)[1])))
        elif isinstance(each, type) and issubclass(each, TypedMapping):
            for key, _, hint, field in each.fields():
                if key == step:
                    return Declared(tuple(_alternatives(hint)), field)
    return NOTHING


def _alternatives(hint: Any) -> Iterator[Any]:
    if get_origin(hint) in (Union, UnionType):
        for each in get_args(hint):
            yield from _alternatives(each)
    elif hint is not NoneType:
        yield hint
