"""Types that say more than a class, where a program reads them: what egp uses of ``typing`` in a fraction of its time.

``typing`` and what it imports are sixty classes, and each ``Literal[…] | None`` is worth three more: a tenth of what a
hook did before it had read a plan. Type checkers see the originals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import TYPE_CHECKING

__all__ = ["Any", "Literal", "NewType", "Protocol", "TypeVar", "Union", "any_of", "get_args", "get_origin"]

if TYPE_CHECKING:
    from typing import Any, Literal, NewType, Protocol, TypeVar, Union
else:

    class _Hint:
        """A type that consists of others, or of words."""

        __slots__ = ("__args__", "__origin__")

        def __init__(self, origin: object, members: tuple[object, ...]) -> None:
            self.__origin__, self.__args__ = origin, members

        def __or__(self, other: object) -> _Hint:
            return _union(self, other)

        def __ror__(self, other: object) -> _Hint:
            return _union(other, self)

        def __eq__(self, other: object) -> bool:
            return other.__class__ is _Hint and repr(self) == repr(other)

        def __hash__(self) -> int:
            return hash(repr(self))

        def __repr__(self) -> str:
            if self.__origin__ is Literal:
                return f"Literal[{', '.join(map(repr, self.__args__))}]"
            return " | ".join(sorted("None" if each is NoneType else repr(each) for each in self.__args__))

        def __call__(self) -> None:
            """Refused: types are called, and whoever takes a hint looks whether it could be."""
            raise TypeError(f"{self} makes no objects")

        def __get_pydantic_core_schema__(self, _: object, handler: Callable[[object], object]) -> object:
            import typing

            origin = typing.Literal if self.__origin__ is Literal else typing.Union
            return handler(origin[self.__args__])

    def _union(one: object, other: object) -> _Hint:
        members: dict[object, None] = {}
        for each in (one, other):
            members |= dict.fromkeys(get_args(each) if get_origin(each) is Union else (each,))
        return _Hint(Union, tuple(NoneType if each is None else each for each in members))

    class _Origin:
        """What hints of one kind have in common."""

        __slots__ = ("_name",)

        def __init__(self, name: str) -> None:
            self._name = name

        def __repr__(self) -> str:
            return self._name

    class _Words(_Origin):
        def __getitem__(self, words: object) -> _Hint:
            return _Hint(self, words if isinstance(words, tuple) else (words,))

    class NewType:
        """A type of its own for values of another one."""

        __slots__ = ("__name__", "__supertype__")

        def __init__(self, name: str, of: object) -> None:
            self.__name__, self.__supertype__ = name, of

        def __call__(self, value: object) -> object:
            return value

        def __or__(self, other: object) -> _Hint:
            return _union(self, other)

        def __ror__(self, other: object) -> _Hint:
            return _union(other, self)

        def __repr__(self) -> str:
            return self.__name__

    Literal, Union, Any = _Words("Literal"), _Origin("Union"), object

    class Protocol:
        """What a class has to have: something for type checkers alone."""

        __slots__ = ()

    def TypeVar(name: str, *_: object, **__: object) -> object:
        return name


def get_origin(hint: object) -> Any:
    """The generic type, ``Literal`` or ``Union`` that a hint is one of; None for a class. Those of ``typing`` are the same."""
    if hint.__class__ is UnionType:
        return Union
    origin = getattr(hint, "__origin__", None)
    return {"Literal": Literal, "Union": Union}.get(getattr(origin, "_name", ""), origin)


def get_args(hint: object) -> tuple[Any, ...]:
    """What a hint consists of."""
    return getattr(hint, "__args__", ())


def any_of(members: tuple[Any, ...]) -> Any:
    """The type whose values are those of all of these."""
    return reduce(or_, members)
