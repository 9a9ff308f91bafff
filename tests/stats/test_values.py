"""Values behave as those of ``dataclasses`` do, which they stand for."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing
from typing import Any, ClassVar

import pytest

from egp.stats import hints
from egp.stats.values import NamedTuple, field, fields, frozen, mutable, replace


@frozen
class Point:
    kind: ClassVar[str] = "point"
    x: int
    y: int = 2
    told: str = field(default="", compare=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True)
class Twin:
    x: int
    y: int = 2
    told: str = dataclasses.field(default="", compare=False)


@mutable
class Basket:
    owner: str
    items: list[str] = field(default_factory=list)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.items)


@mutable
class Labelled(Basket):
    label: str = field(kw_only=True)


POINT: Any = Point


@pytest.mark.parametrize(
    ("given", "named"), [((1,), {}), ((1, 3), {}), ((), {"x": 1, "told": "so"}), ((1, 2, "a"), {})]
)
def test_they_are_made_shown_and_hashed_alike(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    one, twin = POINT(*given, **named), Twin(*given, **named)
    assert [getattr(one, name) for name in fields(Point)] == list(dataclasses.astuple(twin))
    assert repr(one) == repr(twin).replace("Twin", "Point")
    assert hash(one) == hash(twin)
    assert one.sum == one.x + one.y


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, 2, "", 4), {}), ((1,), {"z": 1}), ((), {"y": 1, "z": 2}), ((1, 2), {"x": 3}), ((1, 2, ""), {"told": ""})],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_both(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    for each in (POINT, Twin):
        with pytest.raises(TypeError):
            each(*given, **named)


def test_what_is_told_is_not_compared() -> None:
    assert Point(1, told="a") == Point(1, told="b")
    assert Point(1) != Point(2)
    assert POINT(1) != Twin(1)
    assert len({Point(1), Point(1), Point(1, 3)}) == 2


def test_a_frozen_value_does_not_change() -> None:
    point: Any = Point(1)
    with pytest.raises(AttributeError, match="does not change"):
        point.x = 2
    with pytest.raises(AttributeError, match="does not change"):
        del point.x
    with pytest.raises(AttributeError):
        point.z = 1


def test_another_value_is_made_by_replacing() -> None:
    assert replace(Point(1, told="a"), y=5) == Point(1, 5)
    assert replace(Point(1, told="a"), y=5).told == "a"
    assert replace(Basket("me", ["a"]), items=["a", "b"]).size == 2
    assert replace(Twin(1), y=5) == Twin(1, 5)
    assert dataclasses.replace(Point(1, told="a"), y=5) == Point(1, 5)
    with pytest.raises(TypeError):
        replace(Point(1), z=5)


def test_values_are_copied_and_travel_between_processes() -> None:
    for each in (Point(1, 3, "a"), Basket("me", ["a"])):
        assert pickle.loads(pickle.dumps(each)) == each
        assert copy.copy(each) == each
        assert copy.deepcopy(each) == each


def test_a_value_with_one_field_is_copied_like_others() -> None:
    @frozen
    class Alone:
        pair: tuple[int, int]

    @mutable
    class Counted:
        number: int

    assert copy.copy(Alone((1, 2))) == Alone((1, 2))
    assert copy.deepcopy(Counted(3)) == Counted(3)


def test_what_is_wrong_with_an_argument_is_named() -> None:
    for arguments, named, says in (
        ((), {}, "lacks x"),
        ((1,), {"z": 1}, "takes no z"),
        ((1, 2, "", 4), {}, "takes no 4 arguments where 3 are meant"),
        ((1, 2), {"y": 3}, "takes no y twice"),
    ):
        with pytest.raises(TypeError, match=says):
            POINT(*arguments, **named)


def test_mutable_ones_have_lists_of_their_own_and_no_hash() -> None:
    one, other = Basket("me"), Basket("me")
    one.items.append("a")
    assert (one.items, other.items, one.size) == (["a"], [], 0)
    with pytest.raises(TypeError):
        hash(one)


def test_a_class_has_the_attributes_of_the_one_it_is_made_of() -> None:
    labelled = Labelled("me", ["a"], label="b")
    assert fields(Labelled) == ("owner", "items", "size", "label")
    assert (labelled.owner, labelled.size, labelled.label) == ("me", 1, "b")
    with pytest.raises(TypeError):
        Labelled("me")  # type: ignore[call-arg]


class Pair(NamedTuple):
    """Two things."""

    left: int
    right: str = "r"

    @property
    def both(self) -> str:
        return f"{self.left}{self.right}"


class PlainPair(typing.NamedTuple):
    left: int
    right: str = "r"


MADE: Any = Pair


@pytest.mark.parametrize(
    ("given", "named"), [((1,), {}), ((1, "b"), {}), ((), {"left": 1}), ((1,), {"right": "b"})]
)
def test_named_tuples_are_those_of_typing(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    one, twin = MADE(*given, **named), PlainPair(*given, **named)
    assert (one, one.both, one._asdict()) == (tuple(twin), f"{twin.left}{twin.right}", twin._asdict())
    assert repr(one) == repr(twin).removeprefix("Plain")
    assert hash(one) == hash(twin)
    assert one._replace(left=5) == (5, twin.right)
    with pytest.raises(TypeError, match="takes no size"):
        one._replace(size=5)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert (Pair._fields, Pair.__doc__) == (PlainPair._fields, "Two things.")
    with pytest.raises(AttributeError):
        one.left = 2
    left, right = one
    assert (left, right) == (one[0], one.right)


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, "b", 3), {}), ((1,), {"z": 1}), ((), {"right": "b"}), ((1, "b"), {"right": "c"}), ((1,), {"left": 1})],
)  # fmt: skip
def test_what_does_not_fit_a_named_tuple_is_refused(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    for each in (MADE, PlainPair):
        with pytest.raises(TypeError):
            each(*given, **named)


@frozen
class Often:
    """Made so often that it gets a constructor of its own."""

    x: int
    y: int = 2
    items: list[int] = field(default_factory=list)
    told: str = field(default="", kw_only=True)
    sum: int = field(init=False)

    def __post_init__(self) -> None:
        type(self).sum.__set__(self, self.x + self.y)  # type: ignore[attr-defined]


class OftenATuple(NamedTuple):
    x: int
    y: int = 2


def test_what_is_made_often_is_made_as_before() -> None:
    shown = {
        (
            repr(Often(1)),
            repr(Often(1, 3, [4], told="so")),
            repr(Often(told="so", x=5)),
            repr(OftenATuple(1)),
            repr(OftenATuple(y=3, x=1)),
        )
        for _ in range(500)
    }
    assert len(shown) == 1
    assert Often(1).items is not Often(1).items
    assert isinstance(replace(Often(1), y=9), Often)
    assert replace(Often(1), y=9).sum == 10
    assert pickle.loads(pickle.dumps(Often(1, told="so"))) == Often(1, told="so")


@pytest.mark.parametrize("kind", [Often, OftenATuple])
@pytest.mark.parametrize(("given", "named"), [((), {}), ((1,), {"z": 2}), ((1, 2, [], "so"), {})])
def test_what_is_made_often_refuses_what_does_not_fit(
    kind: Any, given: tuple[object, ...], named: dict[str, object]
) -> None:
    for _ in range(300):
        kind(1)
    with pytest.raises(TypeError):
        kind(*given, **named)


def test_hints_are_shown_by_their_words_and_members_in_one_order() -> None:
    """They are compared by it."""
    words = hints.Literal["a", "b"]
    assert repr(words) == "Literal['a', 'b']"
    assert repr(words | None) == repr(None | words) == "Literal['a', 'b'] | None"
    assert (
        repr(words | None | int) == repr(int | (None | words)) == "<class 'int'> | Literal['a', 'b'] | None"
    )
    assert (words | None) == (None | words) != (words | int)
    assert hints.get_args(words | None | int) == (words, type(None), int)
    assert hints.get_args((words | None) | (None | words)) == (words, type(None))
