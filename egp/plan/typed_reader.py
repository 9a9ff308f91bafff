"""Reading a YAML value into a declared class: every problem at its path, in words for its author.

A shape is a class whose annotated attributes are its keys. Reading never fails: what does not fit becomes
a ``ValueProblem`` and reads as absent, so that one mistake hides no other. Kept apart from any validation library
because importing and building one costs a hook more than everything else it does; the published JSON Schema is
generated from the same declarations by ``egp.cli.generate``, and tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache, lru_cache, partial
from itertools import islice
from types import NoneType
from typing import ClassVar

from egp.plan import quantity
from egp.plan.names import is_plain
from egp.plan.quantity import Count, Interval, Measure, MetricChange, QuantityError, Share, shown
from egp.stats.hints import Any, Literal, NewType, TypeVar, Union, any_of, get_args, get_origin
from egp.stats.values import NamedTuple
from egp.yaml import Path

Name = NewType("Name", str)
"""An id: 1 to 100 printable characters."""

Money = NewType("Money", Measure)
"""An amount with its currency."""

Words = NewType("Words", tuple[str, ...])
"""One text, or a list of them."""

Keys = tuple[str, ...]
"""The keys that lead to a value, without the positions of list items."""

S = TypeVar("S", bound="TypedMapping")
Reader = Callable[[object], object]
PartReader = Callable[[object, Path, "list[ValueProblem]"], object]
TextReader = Callable[[str], object]
"""Reads a text that fits; of one that does not, it gives None or raises QuantityError."""

_FEW_KEYS = 16
"""As many keys as a message can list and a reader takes in."""

_TOLD = 50
"""Unknown keys of one mapping that are named; a mapping with more is not one with slips."""

_MOST_COMPARED = 1000
"""Words that are compared with one that may have been meant."""

_LONGEST_GUESSED = 60
"""Characters of a word that is compared with what may have been meant."""

_REMEMBERED = 1000
"""Texts of one type that are parsed once: plans write the same few quantities again and again."""


class ValueProblem(NamedTuple):
    """A value that does not fit its shape. ``kind`` is "unknown-key", "missing", "wrong-type" or "ambiguous"."""

    path: Path
    kind: Literal["unknown-key", "missing", "wrong-type", "ambiguous"]
    message: str
    help: str
    meant: Path | None = None
    """The path an unknown key probably meant."""


Weight = Literal["benign", "operational", "inferential"]
Stricter = Literal["", "more", "less", "present", "neither"] | tuple[str, ...]


class Field(NamedTuple):
    """All that is to be known of a key: its text for editors and references, and what a change of it means."""

    description: str
    examples: tuple[object, ...] = ()
    key: str = ""
    """The key, where Python's name differs."""
    default: object = None
    weight: Weight | None = None
    """What the key is for: nothing that matters, people's safety, or what the result means. Without it that of the
    mapping that it stands in, and of a key that stands in none inferential."""
    because: str = ""
    """Why it weighs that."""
    stricter: Stricter = ""
    """Which values are stricter: more, less, that there is something, or neither; or the values from lax to strict.
    Empty where values cannot be compared."""
    measured: bool = False
    """Whether it states a fact: to write another value makes none."""
    prose: bool = False
    """Whether people read its text, and nothing is compared with it. Of all others a text is a name."""
    in_order: bool = False
    """Whether the order of its items has a meaning. How often one stands there always has."""


def field(
    description: str,
    *examples: object,
    key: str = "",
    default: object = None,
    weight: Weight | None = None,
    because: str = "",
    stricter: Stricter = "",
    measured: bool = False,
    prose: bool = False,
    in_order: bool = False,
) -> Any:
    """Declares a key of a shape; the names are those of ``Field``."""
    # All of them by position: a tuple that is made so takes a fifth of the time, and two hundred are made at import.
    return Field(description, examples, key, default, weight, because, stricter, measured, prose, in_order)


def listed(description: str, *examples: object, **meaning: Any) -> Any:
    """Declares a key that holds a list, empty when absent."""
    return field(description, *examples, default=(), **meaning)


class TypedMapping:
    """Base of all shapes. Attributes that the file does not set have their declared defaults."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Keys without which the mapping cannot even be named."""

    _keys: ClassVar[dict[str, tuple[str, TextReader | None, PartReader]]]
    """Key → its attribute, and how it is read. Most values are texts that fit: no path is built for those."""
    _defaults: ClassVar[dict[str, object]]

    @classmethod
    @cache
    def fields(cls) -> tuple[tuple[str, str, Any, Field], ...]:
        """(key, attribute, annotation, field) of every declared key, in order."""
        declared = ((each, hint, cls.__dict__.get(each)) for each, hint in cls.__annotations__.items())
        return tuple(
            (is_.key or each, each, hint, is_) for each, hint, is_ in declared if isinstance(is_, Field)
        )

    @classmethod
    @cache
    def declared(cls, attribute: str) -> tuple[str, Field]:
        """The key that an attribute is written as, and its declaration."""
        return next((key, declared) for key, name, _, declared in cls.fields() if name == attribute)

    @classmethod
    def _compile(cls) -> None:
        cls._keys = {
            key: (attribute, *_readers(annotation, is_prose=declared.prose))
            for key, attribute, annotation, declared in cls.fields()
        }
        cls._defaults = {attribute: declared.default for _, attribute, _, declared in cls.fields()}

    @classmethod
    def declarations(cls, above: Keys = ()) -> Iterator[tuple[Keys, Field]]:
        """Every key with those that lead to it, also in what lies in it, and its declaration."""
        for key, declared, parts in cls._members():
            yield (*above, key), declared
            for part in parts:
                yield from part.declarations((*above, key))

    @classmethod
    @cache
    def _members(cls) -> tuple[tuple[str, Field, tuple[type[TypedMapping], ...]], ...]:
        """(key, field, shapes that lie in it) of every declared key: a metric is looked into once, wherever one stands."""
        return tuple((key, declared, tuple(_mappings_in(of))) for key, _, of, declared in cls.fields())

    def __repr__(self) -> str:
        set_here = {name: value for name, value in vars(self).items() if value not in (None, ())}
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in set_here.items())})"


def changed(mapping: S, **attributes: object) -> S:
    """The mapping with other values of some attributes."""
    other = type(mapping).__new__(type(mapping))
    vars(other).update(vars(mapping), **attributes)
    return other


def _mappings_in(annotation: Any) -> Iterator[type[TypedMapping]]:
    """The shapes that a value of the annotated type may have, or hold."""
    if (
        isinstance(annotation, type)
        and get_origin(annotation) is None
        and issubclass(annotation, TypedMapping)
    ):
        yield annotation
    for part in get_args(annotation):
        yield from _mappings_in(part)


def read(  # noqa: PLR0912
    mapping_type: type[S], value: object, path: Path = (), problems: list[ValueProblem] | None = None
) -> S:
    """The shape with every part of the value that fits; what does not fit is appended to ``problems``."""
    if "_keys" not in mapping_type.__dict__:
        mapping_type._compile()
    problems = [] if problems is None else problems
    result = mapping_type.__new__(mapping_type)
    attributes = result.__dict__
    attributes.update(mapping_type._defaults)
    if not isinstance(value, dict):
        problems.append(_not_a_mapping(value, path))
        return result
    keys, unknown = mapping_type._keys, 0
    for key, item in value.items():
        known = keys.get(key)
        if known is None:
            if not key.startswith("x-"):
                unknown += 1
                if unknown <= _TOLD:
                    problems.append(_unknown_key(key, mapping_type, value, path))
        elif item is not None:
            attribute, read_text, read_part = known
            part = None
            if read_text is not None and item.__class__ is str:
                try:
                    part = read_text(item)
                except QuantityError:
                    part = None
            if part is None:
                part = read_part(item, (*path, key), problems)
            if part is not None:
                attributes[attribute] = part
    if unknown > _TOLD:
        message = f"{label(path) or 'this'} has {unknown - _TOLD:,} more unknown keys"
        problems.append(ValueProblem(path, "wrong-type", message, "check that this is the right file"))
    for key in mapping_type.needs:
        if value.get(key) is None:
            problems.append(missing_key(key, path))
    return result


def _not_a_mapping(value: object, path: Path) -> ValueProblem:
    message = f"{label(path) or 'this'} is {_kind(value)} where a mapping of keys is meant"
    return ValueProblem(path, "wrong-type", message, "write it as key: value pairs")


def _says_nothing(path: Path) -> ValueProblem:
    """For a key that is a name: what it names cannot be left open."""
    return ValueProblem(path, "missing", f"{label(path)} says nothing", "give it a value, or remove it")


def _unseen(path: Path) -> ValueProblem:
    return ValueProblem(path, "wrong-type", f"{label(path)} {_UNSEEN}", _ON_ONE_LINE)


def missing_key(key: str, path: Path) -> ValueProblem:
    return ValueProblem(
        (*path, key), "missing", f"{label(path) or 'the plan'} has no `{key}`", f"add `{key}:`"
    )


def _unknown_key(
    key: str, mapping_type: type[TypedMapping], value: dict[str, object], path: Path
) -> ValueProblem:
    absent = [name for name in mapping_type._keys if name not in value]
    guess = nearest(key, absent) or nearest(key, mapping_type._keys)
    name = shown(key)
    if guess:
        meant = (*path, guess)
        return ValueProblem((*path, key), "unknown-key", f"unknown key `{name}`, did you mean `{guess}`?",
                       f"rename it to `{guess}`, or prefix it with `x-` if it is your own", meant)  # fmt: skip
    return ValueProblem((*path, key), "unknown-key", f"unknown key `{name}`", _known_keys(key, mapping_type))


def _known_keys(key: str, mapping_type: type[TypedMapping]) -> str:
    own = "a key of your own starts with `x-`"
    if len(mapping_type._keys) <= _FEW_KEYS:
        return f"keys here are {', '.join(sorted(mapping_type._keys))}; {own}"
    from difflib import get_close_matches

    like = ", ".join(get_close_matches(key[:_LONGEST_GUESSED], mapping_type._keys, n=3, cutoff=0))
    return f"the keys most like it are {like}, and egp's schema lists all; {own}"


def nearest(word: str, words: Iterable[str]) -> str:
    """The word that was probably meant, or empty. Close in spelling, or the same letters in another style."""
    from difflib import get_close_matches

    words = tuple(islice(words, _MOST_COMPARED + 1))
    if len(word) > _LONGEST_GUESSED or len(words) > _MOST_COMPARED:
        return ""
    plain = {name.replace("_", "").replace("-", "").lower(): name for name in words}
    matches = get_close_matches(word.replace("_", "").replace("-", "").lower(), plain, n=1, cutoff=0.66)
    return plain[matches[0]] if matches else ""


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return shown(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        raise QuantityError(f"{shown(value)} where a text is meant", "write a text")
    in_quotes = f': "{shown(value)}"' if not isinstance(value, bool) else ""  # True and true are one value
    raise QuantityError(f"{shown(value)} is not a text", f"write it in quotes{in_quotes}")


def _words(value: object) -> tuple[str, ...]:
    words = tuple(map(_text, value if isinstance(value, list) else [value]))
    if not words or "" in words:
        raise QuantityError("nothing is named", "write a text, or a list of texts")
    unseen = next((word for word in words if not is_plain(word)), None)
    if unseen is not None:
        raise QuantityError(f"{shown(unseen)} {_UNSEEN}", _ON_ONE_LINE)
    return words


def _name(value: object) -> str:
    text = _text(value)
    if 0 < len(text) <= 100 and is_plain(text) and text == text.strip():
        return text
    raise QuantityError(f"{shown(value)} cannot be an id", "write 1 to 100 printable characters")


def _number(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 1e300:
        return float(value)
    raise QuantityError(f"{shown(value)} is not a number", "write a plain number, as in 0.5")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15:
        return int(value)
    raise QuantityError(f"{shown(value)} is not a whole number", "write a whole number, as in 14")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise QuantityError(f"{shown(value)} is neither true nor false", "write true or false")


_SCALARS: dict[object, Reader] = {
    str: _text, Words: _words, Name: _name, int: _integer, float: _number, bool: _flag,
    Share: quantity.share, Count: quantity.count, timedelta: quantity.duration,
    Measure: quantity.measure, Money: quantity.money, MetricChange: quantity.change,
    date: quantity.day, Interval: quantity.interval, date | datetime: quantity.moment, object: lambda value: value,
}  # fmt: skip
_UNSEEN, _ON_ONE_LINE = "has a character that nobody sees", "write it in printable characters, on one line"

_NO_QUANTITIES = (str, int, float, bool, object)


def required_type(annotation: Any) -> Any:
    """The annotation without its ``| None``."""
    if get_origin(annotation) is Union:
        return any_of(tuple(member for member in get_args(annotation) if member is not NoneType))
    return annotation


def reader_of(annotation: Any) -> PartReader:
    """Reads a value of the annotated type at a path; what does not fit is appended to the problems, and is None."""
    wanted = required_type(annotation)
    if wanted is str:
        return _read_name
    if wanted in _SCALARS:
        return _scalar_reader(_SCALARS[wanted])
    if get_origin(wanted) is tuple:
        return _list_reader(reader_of(get_args(wanted)[0]), get_args(wanted)[0])
    if get_origin(wanted) is dict:
        return _mapping_reader(reader_of(get_args(wanted)[1]), get_args(wanted)[1])
    if get_origin(wanted) is Literal:
        return _choice_reader(get_args(wanted))
    if get_origin(wanted) is Union:
        return _word_or_mapping_reader(wanted)
    return partial(read, wanted)


_TEXTS: dict[object, TextReader] = {
    str: lambda text: text if (text.isascii() and text.isprintable()) or is_plain(text) else None,
    **{of: lru_cache(_REMEMBERED)(parse) for of, parse in _SCALARS.items() if of not in _NO_QUANTITIES},
}


@cache
def _readers(annotation: Any, *, is_prose: bool) -> tuple[TextReader | None, PartReader]:
    """How a key's text is read, and how anything else."""
    if required_type(annotation) is str and is_prose:
        return str, _read_text
    return _text_reader_of(annotation), reader_of(annotation)


def _text_reader_of(annotation: Any) -> TextReader | None:
    """Reads texts of the annotated type; None where a text can be none of it, or is nothing special."""
    wanted = required_type(annotation)
    members = get_args(wanted) if get_origin(wanted) is Union else (wanted,)
    words = [word for member in members if get_origin(member) is Literal for word in get_args(member)]
    return {word: word for word in words}.get if words else _TEXTS.get(wanted)


def _scalar_reader(parse: Reader) -> PartReader:
    def read_scalar(value: object, path: Path, problems: list[ValueProblem]) -> object:
        try:
            return parse(value)
        except QuantityError as error:
            kind: Literal["ambiguous", "wrong-type"] = (
                "ambiguous" if error.kind == "ambiguous" else "wrong-type"
            )
            problems.append(ValueProblem(path, kind, f"{label(path)}: {error}", error.advice))
            return None

    return read_scalar


_read_text = _scalar_reader(_text)


def _read_name(value: object, path: Path, problems: list[ValueProblem]) -> object:
    """A text that is compared. It is kept whatever is wrong with it, so that what it is compared with still speaks."""
    if isinstance(value, str) and not is_plain(value):
        problems.append(_unseen(path))
    return _read_text(value, path, problems)


def label(path: Path) -> str:
    """The path as a plan's author would say it: guardrail_metrics[0].baseline."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in path)
    return text.removeprefix(".")


def _list_reader(read_item: PartReader, item_type: Any) -> PartReader:
    of_shapes = isinstance(item_type, type) and issubclass(item_type, TypedMapping)
    read_text = _text_reader_of(item_type)

    def read_list(value: object, path: Path, problems: list[ValueProblem]) -> object:
        if not isinstance(value, list):
            advice = "write a list: one item a line, each after `- `"
            problems.append(
                ValueProblem(
                    path, "wrong-type", f"{label(path)} is {_kind(value)} where a list is meant", advice
                )
            )
            return None
        if read_text is not None and (texts := _fitting_texts(value, read_text)) is not None:
            return texts
        items = [read_item(item, (*path, position), problems) for position, item in enumerate(value)]
        # A list of scalars with one that does not fit is unknown as a whole; shapes keep their positions.
        return None if not of_shapes and None in items else tuple(items)

    return read_list


def _fitting_texts(items: list[object], read_text: TextReader) -> tuple[object, ...] | None:
    """All items of a list of texts; None if one of them is no text, or does not fit."""
    try:
        texts = tuple([read_text(item) if isinstance(item, str) else None for item in items])
    except QuantityError:
        return None
    return None if None in texts else texts


def _mapping_reader(read_item: PartReader, item_type: Any) -> PartReader:
    takes_anything = item_type is object

    def read_mapping(value: object, path: Path, problems: list[ValueProblem]) -> object:
        if not isinstance(value, dict):
            problems.append(_not_a_mapping(value, path))
            return None
        items = {key: read_item(item, (*path, key), problems) for key, item in value.items()}
        problems.extend(_unseen((*path, key)) for key in value if not is_plain(key))
        if takes_anything:
            problems.extend(_says_nothing((*path, key)) for key, item in items.items() if item is None)
        return None if None in items.values() else items

    return read_mapping


def _choice_reader(choices: tuple[str, ...]) -> PartReader:
    def read_choice(value: object, path: Path, problems: list[ValueProblem]) -> object:
        if isinstance(value, str) and value in choices:
            return value
        guess = nearest(value, choices) if isinstance(value, str) else ""
        hint = f", did you mean `{guess}`?" if guess else ""
        message = f"{label(path)} is {_kind(value)}{hint}"
        problems.append(ValueProblem(path, "wrong-type", message, f"write one of {', '.join(choices)}"))
        return None

    return read_choice


def _word_or_mapping_reader(wanted: Any) -> PartReader:
    """For keys that take a shape, or one of a few words instead."""
    words = next(get_args(member) for member in get_args(wanted) if get_origin(member) is Literal)
    mapping_type = next(member for member in get_args(wanted) if get_origin(member) is not Literal)
    read_word = _choice_reader(words)

    def read_either(value: object, path: Path, problems: list[ValueProblem]) -> object:
        return (
            read(mapping_type, value, path, problems)
            if isinstance(value, dict)
            else read_word(value, path, problems)
        )

    return read_either
