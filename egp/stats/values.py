"""Classes whose objects hold values: what egp uses of ``dataclasses`` and named tuples, in a fraction of their time.

``dataclasses`` compiles six functions for every class and imports ``inspect``, ``typing`` compiles one for every named
tuple: together two thirds of what a hook did before it had read a plan. These classes share their methods.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]
from collections.abc import Callable, Collection, Set
from operator import attrgetter
from typing import TYPE_CHECKING

_OFTEN = 200
"""Objects of a class from which on it has a constructor of its own: to compile one takes as long as to make so many."""

if TYPE_CHECKING:
    from typing import Any, NamedTuple, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        """Something for type checkers alone."""
        return lambda declare: declare

    class _OfTuple(type):
        """Makes a tuple with names of a class body, whose annotations are its items."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            names = tuple(body.get("__annotations__", ()))
            defaults = {each: body.pop(each) for each in names if each in body}
            items = {each: _tuplegetter(at, "") for at, each in enumerate(names)}
            own = {"__slots__": (), "__new__": _tuple_maker(name, names, defaults), "_fields": names}
            return super().__new__(cls, name, bases, {**own, **body, **items})

    def _tuple_maker(name: str, names: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
        count, make, expected = len(names), tuple.__new__, set(names)
        least = max((at for at, each in enumerate(names, 1) if each not in defaults), default=0)
        rest = tuple(defaults[each] for each in names[least:])
        calls = 0

        def made(cls: Any, *given: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == _OFTEN:
                owner = next(each for each in cls.__mro__ if _function_of(each, "__new__") is made)
                owner.__new__ = staticmethod(_compiled_maker(names, defaults))
            if not named and least <= len(given) <= count:
                return make(cls, given + rest[len(given) - least :])
            held = {**defaults, **dict(zip(names, given, strict=False)), **named}
            twice = named.keys() & names[: len(given)] if given else ()
            if held.keys() != expected or len(given) > count or twice:
                raise TypeError(_misfit(name, held.keys(), expected, len(given), count, twice))
            return make(cls, [held[each] for each in names])

        return made

    def _function_of(kind: type, name: str) -> Any:
        return getattr(vars(kind).get(name), "__func__", None)

    def _compiled_maker(names: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
        """The same for these names and no others, twice as fast."""
        known = {"make": tuple.__new__, **{f"default_{name}": each for name, each in defaults.items()}}
        given = (f"{name}=default_{name}" if name in defaults else name for name in names)
        items = "".join(f"{name}, " for name in names)
        exec(f"def made(cls, {', '.join(given)}): return make(cls, ({items}))", known)
        compiled: Callable[..., Any] = known["made"]
        return compiled

    class NamedTuple(tuple, metaclass=_OfTuple):
        """A tuple whose items have names; what ``typing`` makes for it takes six times as long for each class."""

        def _replace(self, **changes: Any) -> Any:
            held = [changes.pop(name, each) for name, each in zip(self._fields, self, strict=True)]
            if changes:
                raise TypeError(f"{type(self).__name__} takes no {', '.join(changes)}")
            return tuple.__new__(type(self), held)

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            phrase = ", ".join(f"{name}={each!r}" for name, each in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({phrase})"


__all__ = ["NamedTuple", "field", "fields", "frozen", "mutable", "replace"]

_NOTHING: Any = object()


class _Field:
    """How an attribute is made, where its annotation does not say all of that."""

    __slots__ = ("compare", "default", "init", "kw_only", "make", "name")

    _field_type = None
    """With ``name`` and ``init``, what ``dataclasses.replace`` requires: it takes these values like its own."""

    def __init__(
        self,
        default: object = _NOTHING,
        make: Callable[[], object] | None = None,
        *,
        init: bool = True,
        compare: bool = True,
        kw_only: bool = False,
    ) -> None:
        self.default, self.make, self.name = default, make, ""
        self.init, self.compare, self.kw_only = init, compare, kw_only


def field(
    *,
    default: object = _NOTHING,
    default_factory: Callable[[], object] | None = None,
    init: bool = True,
    compare: bool = True,
    kw_only: bool = False,
) -> Any:
    """Declares an attribute, with the words of ``dataclasses``."""
    return _Field(default, default_factory, init=init, compare=compare, kw_only=kw_only)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Makes a class of its annotated attributes. Its objects never change, and are equal if they hold the same."""
    return _made(cls, __setattr__=_refuse, __delattr__=_refuse)


@dataclass_transform(field_specifiers=(field,))
def mutable(cls: type[T]) -> type[T]:
    """Makes a class of its annotated attributes, whose objects change."""
    return _made(cls, __hash__=None)


def fields(cls: type) -> tuple[str, ...]:
    """The names of the attributes that objects of a class are made of."""
    return tuple(cls.__dataclass_fields__)  # type: ignore[attr-defined]


def replace(old: T, **changes: object) -> T:
    """The same value, with other attributes; of a dataclass, too."""
    declared: dict[str, _Field] | None = getattr(old, "__dataclass_fields__", None)
    if declared is None:
        import dataclasses

        return dataclasses.replace(old, **changes)  # type: ignore[type-var]
    held = {name: getattr(old, name) for name, each in declared.items() if each.init}
    return type(old)(**{**held, **changes})


class _Making:
    """How objects of one class are made and compared. Most classes that a run imports never have one."""

    __slots__ = ("_kind", "calls", "compared", "count", "declared", "defaults", "held", "in_order", "least", "made", "rest", "setters", "taken")  # fmt: skip

    def __init__(self, declared: dict[str, _Field]) -> None:
        self.declared = declared
        self._kind: type | None = None
        self.calls = 0

    def of(self, kind: type) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        """All that follows from the declarations, when the first of it is used."""
        declared = self.declared
        taken = self.taken = {name: each for name, each in declared.items() if each.init}
        self.setters = {name: getattr(self._kind, name).__set__ for name in declared}
        self.compared = attrgetter(*(name for name, each in declared.items() if each.compare))
        self.held = attrgetter(*declared)
        self.in_order = tuple(name for name, each in taken.items() if not each.kw_only)
        self.defaults = {name: each.default for name, each in taken.items() if each.default is not _NOTHING}
        self.made = {name: each.make for name, each in taken.items() if each.make is not None}
        self.least = max((at for at, each in enumerate(declared, 1) if each not in self.defaults), default=0)
        self.rest = tuple(self.defaults[each] for each in (*declared,)[self.least :])
        self.count = len(declared) if len(self.in_order) == len(declared) else -1
        """As many values in order are all attributes; none are where an attribute is not given, or not by its place."""
        return object.__getattribute__(self, name)

    def set_named(self, new: object, given: tuple[object, ...], named: dict[str, object]) -> None:
        taken, in_order = self.taken, self.in_order
        held = {**dict(zip(in_order, given, strict=False)), **named} if given else named
        if len(held) < len(taken):
            held = {**self.defaults, **held}
            for name, make in self.made.items():
                if name not in held:
                    held[name] = make()
        twice = named.keys() & in_order[: len(given)] if given else ()
        if held.keys() != taken.keys() or len(given) > len(in_order) or twice:
            name = type(new).__name__
            raise TypeError(_misfit(name, held.keys(), taken.keys(), len(given), len(in_order), twice))
        for name, each in held.items():
            self.setters[name](new, each)

    def compile(self) -> None:
        """Gives the class a constructor of its own."""
        kind: Any = self._kind
        kind.__init__ = _compiled(self.taken, self.setters, hasattr(kind, "__post_init__"))


def _made(cls: type[T], **more: object) -> type[T]:
    declared: dict[str, _Field] = {}
    for base in reversed(cls.__mro__[1:]):
        declared.update(vars(base).get("__dataclass_fields__", {}))
    body = dict(vars(cls))
    own = [name for name, hint in body.get("__annotations__", {}).items() if "ClassVar" not in str(hint)]
    for name in own:
        found = body.pop(name, _NOTHING)
        declared[name] = found if isinstance(found, _Field) else _Field(found)
        declared[name].name = name
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    making = _Making(declared)
    facts = {"__slots__": tuple(own), "__dataclass_fields__": declared, "_making": making}
    kind: Any = type(cls)
    # The methods are there when the class is made: each that is added to a class later is looked up in all its slots.
    made: type[T] = kind(
        cls.__name__, cls.__bases__, {"__repr__": _shown, **body, **_METHODS, **more, **facts}
    )
    making.of(made)
    return made


def _construct(self: Any, *given: object, **named: object) -> None:
    making = self._making
    making.calls += 1
    if making.calls == _OFTEN:
        making.compile()
    if not named and making.least <= len(given) <= making.count:
        whole = given + making.rest[len(given) - making.least :]
        for set_one, each in zip(making.setters.values(), whole, strict=True):
            set_one(self, each)
    else:
        making.set_named(self, given, named)
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    compared = self._making.compared
    return compared(self) == compared(other)


def _hashed(self: Any) -> int:
    return hash(self._making.compared(self))


def _get_state(self: Any) -> tuple[object, ...]:
    making = self._making
    return (making.held(self),) if len(making.declared) == 1 else making.held(self)


def _set_state(self: Any, state: tuple[object, ...]) -> None:
    for set_one, each in zip(self._making.setters.values(), state, strict=True):
        set_one(self, each)


_METHODS = {
    "__init__": _construct,
    "__eq__": _equal,
    "__hash__": _hashed,
    "__getstate__": _get_state,
    "__setstate__": _set_state,
}


def _shown(self: Any) -> str:
    phrase = ", ".join(f"{name}={getattr(self, name)!r}" for name in fields(type(self)))
    return f"{type(self).__qualname__}({phrase})"


def _compiled(
    taken: dict[str, _Field], setters: dict[str, Callable[[object, object], None]], has_more: bool
) -> Callable[..., None]:
    """A constructor of these attributes and no others, three times as fast as the one that all classes share."""
    known: dict[str, Any] = {"_NOTHING": _NOTHING}
    given: list[str] = []
    body: list[str] = []
    for name, each in sorted(taken.items(), key=lambda one: one[1].kw_only):
        known |= {f"set_{name}": setters[name], f"make_{name}": each.make, f"default_{name}": each.default}
        if each.kw_only and "*" not in given:
            given.append("*")
        is_optional = each.make is not None or each.default is not _NOTHING
        given.append(f"{name}=default_{name}" if is_optional else name)
        value = name if each.make is None else f"make_{name}() if {name} is _NOTHING else {name}"
        body.append(f"    set_{name}(self, {value})\n")
    if has_more:
        body.append("    self.__post_init__()\n")
    exec(f"def construct(self, {', '.join(given)}):\n{''.join(body)}", known)
    made: Callable[..., None] = known["construct"]
    return made


def _misfit(
    name: str, held: Set[str], expected: Set[str], given: int, most: int, twice: Collection[str]
) -> str:
    if twice:
        return f"{name} takes no {', '.join(twice)} twice"
    lacking = ", ".join(expected - held)
    too_much = ", ".join(held - expected) or f"{given} arguments where {most} are meant"
    return f"{name} lacks {lacking}" if lacking else f"{name} takes no {too_much}"


def _refuse(self: object, name: str, *_: object) -> None:
    raise AttributeError(f"{name!r} of a {type(self).__name__} does not change")
