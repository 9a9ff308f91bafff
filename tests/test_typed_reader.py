"""Shapes: what fits is read, what does not becomes a problem at its path and reads as absent."""

# No postponed annotations here: shapes are read from the annotations themselves.

import re
from datetime import date, timedelta
from typing import Literal

import pytest

from egp.plan.quantity import Count, Interval, Measure, MetricChange, Share
from egp.plan.typed_reader import Name, TypedMapping, ValueProblem, field, label, listed, nearest, read
from egp.yaml import Path


class Crew(TypedMapping):
    needs = ("id",)
    id: Name | None = field("Name.")
    size: int | None = field("Heads.")


class Voyage(TypedMapping):
    needs = ("ship", "crew")
    ship: Name | None = field("Name of the ship.")
    flag: bool = field("Whether it flies one.", default=False)
    speed: float | None = field("Speed.")
    from_: str | None = field("Where it starts.", key="from")
    crew: Crew | None = field("Who sails.")
    boats: tuple[Crew, ...] = listed("The boats.")
    ports: tuple[str, ...] = listed("Ports.")
    stops: tuple[date, ...] | None = field("Days ashore.")
    load: Share | None = field("How full it is.")
    barrels: Count | None = field("Barrels.")
    length: timedelta | None = field("How long.")
    depth: Measure | None = field("Depth.")
    drift: MetricChange | None = field("Drift.")
    leave: Interval | None = field("Leave.")
    rig: Literal["sloop", "schooner"] | None = field("Rig.")
    cargo: Crew | Literal["empty"] | None = field("Cargo.")
    watches: dict[str, int] | None = field("Watch → hours.")


SOUND: dict[str, object] = {"ship": "albatross", "crew": {"id": "first"}}


def problems_of(**values: object) -> list[ValueProblem]:
    problems: list[ValueProblem] = []
    read(Voyage, {**SOUND, **values}, (), problems)
    return problems


def voyage(**values: object) -> Voyage:
    problems: list[ValueProblem] = []
    result = read(Voyage, {**SOUND, **values}, (), problems)
    assert not problems
    return result


def test_a_value_that_fits_is_read_with_its_units() -> None:
    result = voyage(
        load="50%", barrels="1.2k", length="2w", stops=["2023-01-23"], leave="2023-01-23/2023-01-24"
    )
    assert result.load == 0.5
    assert result.barrels == 1200
    assert result.length == timedelta(days=14)
    assert result.stops == (date(2023, 1, 23),)
    assert result.leave == Interval(date(2023, 1, 23), date(2023, 1, 24))
    assert result.crew is not None
    assert result.crew.id == "first"


def test_what_the_file_does_not_set_has_its_default() -> None:
    result = voyage()
    assert result.flag is False
    assert result.ports == ()
    assert result.stops is None


def test_defaults_are_not_shared_between_readings() -> None:
    voyage(ports=["cadiz"], watches={"dog": 2})
    assert voyage().ports == ()
    assert voyage().watches is None


def test_a_key_may_be_called_differently_in_python() -> None:
    assert voyage(**{"from": "cadiz"}).from_ == "cadiz"
    assert problems_of(from_="cadiz")[0].kind == "unknown-key"


@pytest.mark.parametrize("key", ["flag", "speed", "boats", "ports", "rig", "cargo", "watches", "load"])
def test_null_is_the_same_as_absent(key: str) -> None:
    assert vars(voyage(**{key: None})) | {"crew": None} == vars(voyage()) | {"crew": None}


def test_own_keys_are_free() -> None:
    assert problems_of(**{"x-tide": {"any": [1, None]}}) == []


@pytest.mark.parametrize(
    ("key", "guess"),
    [
        ("sped", "speed"),
        ("Speed", "speed"),
        ("port", "ports"),
        ("barells", "barrels"),
        ("b-o-a-t-s", "boats"),
    ],
)
def test_an_unknown_key_is_named_with_what_was_probably_meant(key: str, guess: str) -> None:
    (problem,) = problems_of(**{key: 1})
    assert problem.kind == "unknown-key"
    assert problem.path == (key,)
    assert problem.message == f"unknown key `{key}`, did you mean `{guess}`?"
    assert problem.help == f"rename it to `{guess}`, or prefix it with `x-` if it is your own"
    assert problem.meant == (guess,)


def test_an_unknown_key_that_resembles_none_lists_the_keys() -> None:
    problems: list[ValueProblem] = []
    read(Crew, {"id": "first", "zzz": 1}, ("crew",), problems)
    assert [(each.path, each.message, each.meant) for each in problems] == [
        (("crew", "zzz"), "unknown key `zzz`", None)
    ]
    assert problems[0].help == "keys here are id, size; a key of your own starts with `x-`"


@pytest.mark.parametrize("key", ["colour", "c" * 10_000, "\u202e"])
def test_where_there_are_many_keys_the_nearest_are_named(key: str) -> None:
    (problem,) = problems_of(**{key: 1})
    like = re.fullmatch(
        r"the keys most like it are (\w+), (\w+), (\w+), and egp's schema lists all; a key of your own starts with `x-`",
        problem.help,
    )
    assert like is not None, problem.help
    assert set(like.groups()) <= {key for key, *_ in Voyage.fields()}


def test_a_misspelt_key_is_guessed_among_those_that_are_absent_first() -> None:
    (problem,) = problems_of(ports=["cadiz"], boats=[], port=1)
    assert problem.meant == ("ports",)


def test_a_hostile_key_is_shown_on_one_printable_line() -> None:
    (problem,) = problems_of(**{"a\x1b[31m\n" + "b" * 500: 1})
    assert problem.message.isprintable()
    assert len(problem.message) < 100


def test_a_missing_key_is_reported_where_it_belongs() -> None:
    problems: list[ValueProblem] = []
    read(Voyage, {"crew": {}, "boats": [{"id": "a"}, {"size": 3}], "ship": None}, (), problems)
    assert [(each.kind, each.path, each.message) for each in problems] == [
        ("missing", ("crew", "id"), "crew has no `id`"),
        ("missing", ("boats", 1, "id"), "boats[1] has no `id`"),
        ("missing", ("ship",), "the plan has no `ship`"),
    ]


@pytest.mark.parametrize("value", [None, [], "albatross", 5, True])
def test_what_is_no_mapping_has_one_problem(value: object) -> None:
    problems: list[ValueProblem] = []
    result = read(Voyage, value, (), problems)
    assert [problem.kind for problem in problems] == ["wrong-type"]
    assert "where a mapping of keys is meant" in problems[0].message
    assert result.ship is None


@pytest.mark.parametrize(
    ("key", "value", "path", "message", "advice"),
    [
        ("ship", 5, ("ship",), "ship: 5 is not a text", 'write it in quotes: "5"'),
        ("ship", True, ("ship",), "ship: true is not a text", 'write it in quotes'),
        ("ship", "", ("ship",), 'ship: "" cannot be an id', "1 to 100 printable characters"),
        ("ship", "a\tb", ("ship",), "ship: a\ufffdb cannot be an id", "1 to 100 printable characters"),
        ("ship", "a" * 101, ("ship",), "cannot be an id", "1 to 100 printable characters"),
        ("ship", " a", ("ship",), "cannot be an id", "1 to 100 printable characters"),
        ("from", ["cadiz"], ("from",), "from: a list where a text is meant", "write a text"),
        ("flag", "no", ("flag",), "flag: no is neither true nor false", "write true or false"),
        ("flag", 0, ("flag",), "flag: 0 is neither true nor false", "write true or false"),
        ("speed", "5", ("speed",), "speed: 5 is not a number", "write a plain number"),
        ("speed", float("nan"), ("speed",), "speed: nan is not a number", "write a plain number"),
        ("speed", float("inf"), ("speed",), "speed: inf is not a number", "write a plain number"),
        ("speed", True, ("speed",), "speed: true is not a number", "write a plain number"),
        ("crew", {"id": "a", "size": 1.0}, ("crew", "size"), "crew.size: 1.0 is not a whole number", "as in 14"),
        ("crew", {"id": "a", "size": 10**16}, ("crew", "size"), "is not a whole number", "as in 14"),
        ("crew", "first", ("crew",), "crew is first where a mapping of keys is meant", "key: value"),
        ("boats", {"id": "a"}, ("boats",), "boats is a mapping where a list is meant", "one item a line"),
        ("boats", ["a"], ("boats", 0), "boats[0] is a where a mapping of keys is meant", "key: value"),
        ("boats", [None], ("boats", 0), "boats[0] is null where a mapping of keys is meant", "key: value"),
        ("ports", "cadiz", ("ports",), "ports is cadiz where a list is meant", "one item a line"),
        ("ports", ["cadiz", None], ("ports", 1), "ports[1]: null is not a text", "in quotes"),
        ("rig", "skooner", ("rig",), "rig is skooner, did you mean `schooner`?", "write one of sloop, schooner"),
        ("rig", 2, ("rig",), "rig is 2", "write one of sloop, schooner"),
        ("cargo", "empti", ("cargo",), "cargo is empti, did you mean `empty`?", "write one of empty"),
        ("cargo", {"size": 1}, ("cargo", "id"), "cargo has no `id`", "add `id:`"),
        ("watches", {"dog": "two"}, ("watches", "dog"), "watches.dog: two is not a whole number", "as in 14"),
        ("watches", {"dog": None}, ("watches", "dog"), "watches.dog: null is not a whole number", "as in 14"),
        ("watches", 4, ("watches",), "watches is 4 where a mapping of keys is meant", "key: value"),
        ("load", 50, ("load",), "load: 50 has no unit where a share is meant", "write 50%"),
        ("stops", ["2023-02-30"], ("stops", 0), "stops[0]: 2023-02-30 is not a date in the calendar", "2023-01-23"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_a_problem_at_its_path(
    key: str, value: object, path: Path, message: str, advice: str
) -> None:
    (problem,) = problems_of(**{key: value})
    assert problem.path == path
    assert message in problem.message
    assert advice in problem.help
    assert problem.kind == ("missing" if "has no `" in message else "wrong-type")


def test_a_bare_change_is_ambiguous() -> None:
    (problem,) = problems_of(drift=0.003)
    assert problem.kind == "ambiguous"
    assert problem.path == ("drift",)


def test_one_mistake_hides_no_other() -> None:
    found = problems_of(ship=5, speed="fast", boats=[{"id": "a", "size": "x"}, {}], zzz=1)
    assert {problem.path for problem in found} == {
        ("ship",),
        ("speed",),
        ("boats", 0, "size"),
        ("boats", 1, "id"),
        ("zzz",),
    }


def test_a_list_of_shapes_keeps_the_positions_of_those_that_fit() -> None:
    problems: list[ValueProblem] = []
    result = read(Voyage, {**SOUND, "boats": [{"id": "a"}, "b", {"id": "c"}]}, (), problems)
    assert [boat.id for boat in result.boats] == ["a", None, "c"]


@pytest.mark.parametrize("values", [{"ports": ["cadiz", 5]}, {"watches": {"dog": 2, "cat": "x"}}])
def test_a_collection_of_scalars_with_one_that_does_not_fit_is_unknown_as_a_whole(
    values: dict[str, object],
) -> None:
    result = read(Voyage, {**SOUND, **values})
    assert result.ports == ()
    assert result.watches is None


def test_a_shape_shows_what_is_set() -> None:
    assert repr(read(Crew, {"id": "first"})) == "Crew(id='first')"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("schedule", "end"), "schedule.end"),
        (("boats", 0, "id"), "boats[0].id"),
        ((), ""),
        (("a\x1bb",), "a\ufffdb"),
    ],
)
def test_label_reads_as_an_author_would_say_it(path: Path, text: str) -> None:
    assert label(path) == text


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("minimum_runtime", "minimum-runtime"),
        ("MinimumRuntime", "minimum-runtime"),
        ("xyz", ""),
        ("m" * 61, ""),
        ("", ""),
    ],
)
def test_nearest_sees_through_styles_of_spelling(word: str, guess: str) -> None:
    assert nearest(word, ["minimum-runtime", "sample-size"]) == guess
