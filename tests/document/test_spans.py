"""Where a value is written, told by cutting it out of the text."""

from __future__ import annotations

import pytest

from egp.yaml import Document, Path, read_text
from egp.yaml.events import Parser

from .asking import cut, sound

PLAN = """\
# a comment
id: pdp-buy-now   # another
title: "Persistent 😀 button"
hypothesis: >-
  A button lifts the rate,
  because it stays.

owner: {team: pdp, dri: '@pdp-pm'}
variants:
  - {id: control, weight: 50%}
  - id: buy_now
    weight: 50%

  # the end of the list
schedule:
  start: 2023-01-23
  pauses: []
  nested:
    deep:
    - 1
    -
looks: [
  2023-02-06,
  {a: b},
]
empty:
text: a plain text
  on two lines
tagged: !!str 12
"é́": é́
"""


@pytest.fixture
def plan(parser: Parser) -> Document:
    return sound(PLAN, parser)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("id",), "pdp-buy-now"),
        (("title",), '"Persistent 😀 button"'),
        (("hypothesis",), ">-\n  A button lifts the rate,\n  because it stays."),
        (("owner",), "{team: pdp, dri: '@pdp-pm'}"),
        (("owner", "dri"), "'@pdp-pm'"),
        (("variants",), "- {id: control, weight: 50%}\n  - id: buy_now\n    weight: 50%"),
        (("variants", 0), "{id: control, weight: 50%}"),
        (("variants", 0, "weight"), "50%"),
        (("variants", 1), "id: buy_now\n    weight: 50%"),
        (("variants", 1, "weight"), "50%"),
        (("schedule", "start"), "2023-01-23"),
        (("schedule", "pauses"), "[]"),
        (("schedule", "nested"), "deep:\n    - 1\n    -"),
        (("schedule", "nested", "deep"), "- 1\n    -"),
        (("schedule", "nested", "deep", 0), "1"),
        (("looks",), "[\n  2023-02-06,\n  {a: b},\n]"),
        (("looks", 1, "a"), "b"),
        (("text",), "a plain text\n  on two lines"),
        (("tagged",), "12"),
        (("é́",), "é́"),
    ],
)
def test_the_span_of_a_value_is_what_is_written(plan: Document, path: Path, text: str) -> None:
    assert cut(plan, plan.span(path)) == text


def test_the_root_reaches_from_its_first_key_to_its_last_value(plan: Document) -> None:
    assert plan.span(()) == ((2, 1), (30, len('"é́": é́') + 1))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("id",), "id"),
        (("owner", "dri"), "dri"),
        (("é́",), '"é́"'),
        (("variants", 1, "weight"), "weight"),
        (("variants", 1), "id"),
        (("variants", 0), "{id: control, weight: 50%}"),
        (("schedule", "nested", "deep", 0), "1"),
        ((), "id"),
    ],
)
def test_the_span_of_a_key_is_its_text(plan: Document, path: Path, text: str) -> None:
    """What has no key, the root or an item of a list, answers with its first key; in brackets, with all of it."""
    assert cut(plan, plan.span(path, key=True)) == text


@pytest.mark.parametrize(("path", "text"), [(("empty",), "empty"), (("schedule", "nested", "deep", 1), "-")])
def test_a_value_left_empty_is_pointed_at_by_what_announces_it(plan: Document, path: Path, text: str) -> None:
    assert plan.exists(path)
    assert cut(plan, plan.span(path)) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("rollback",), "id"),
        (("owner", "comms"), "owner"),
        (("owner", "comms", 0, "x"), "owner"),
        (("schedule", "end"), "schedule"),
        (("schedule", "nested", "x"), "nested"),
        (("variants", 0, "control"), "{id: control, weight: 50%}"),
        (("variants", 1, "control"), "id"),
        (("variants", 2), "variants"),
        (("variants", -1), "variants"),
        (("variants", "id"), "variants"),
        (("id", "x"), "id"),
        ((0,), "id"),
    ],
)
def test_what_is_missing_is_pointed_at_by_what_lacks_it(plan: Document, path: Path, text: str) -> None:
    assert not plan.exists(path)
    assert cut(plan, plan.span(path)) == text
    assert plan.definition(path) is None
    assert plan.scalar(path) is None


def test_a_scalar_is_shown_as_written(plan: Document) -> None:
    assert plan.scalar(("owner", "dri")) == "'@pdp-pm'"
    assert plan.scalar(("tagged",)) == "12"
    assert plan.scalar(("owner",)) is None


def test_columns_count_code_points(parser: Parser) -> None:
    document = sound('"😀": [e\u0301, 😀, x]', parser)
    assert document.span(("😀", 0)) == ((1, 7), (1, 9))
    assert document.span(("😀", 1)) == ((1, 11), (1, 12))
    assert document.span(("😀", 2)) == ((1, 14), (1, 15))


def test_a_line_is_told_without_its_end(plan: Document) -> None:
    assert plan.line(1) == "# a comment"
    assert plan.line(31) == ""
    for number in (0, 32):
        with pytest.raises(IndexError, match=f"line {number}"):
            plan.line(number)


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_only_line_feed_and_carriage_return_end_a_line(separator: str, parser: Parser) -> None:
    document = sound(f"a: 'x{separator}y'\nb: 1\n", parser)
    assert document.line(1) == f"a: 'x{separator}y'"
    assert document.span(("b",)) == ((2, 4), (2, 5))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a: &x 1\n", "1"),
        ("a: !!str &x 1\n", "1"),
        ("a: &x !!str '1'\n", "'1'"),
        ("a: &x\n  b: 1\n", "b: 1"),
        ("a: &x # a comment\n  # more & !more\n  - 1\n", "- 1"),
        ("a: &x [1]\n", "[1]"),
        ("a: &x\nb: 1\n", "&x"),
        ("a: [&x , 1]\n", "[&x , 1]"),
        ("a: &x |\n  t\n\n\nb: 1\n", "|\n  t"),
        ("a: |+\n\nb: 1\n", "|+"),
        ("a: '&x !y'\n", "'&x !y'"),
    ],
)
def test_anchors_and_tags_are_not_part_of_a_value(text: str, written: str, parser: Parser) -> None:
    document = sound(text, parser)
    assert cut(document, document.span(("a",))) == written


def test_each_document_of_a_file_has_its_own_places(parser: Parser) -> None:
    from egp.yaml.reading import read

    first, second = read("a: 1\n---\na: 2\n", "plan.yaml", parser)
    assert first.span(("a",)) == ((1, 4), (1, 5))
    assert second.span(("a",)) == ((3, 4), (3, 5))


def test_places_that_were_let_go_are_read_again_when_somebody_asks() -> None:
    (document,) = read_text(PLAN)
    read: list[Document] = []

    def again() -> Document:
        read.extend(read_text(PLAN))
        return read[-1]

    light = document.lightened(again)
    assert light.value == document.value
    assert light.line(2) == document.line(2)
    assert read == []
    for path in ((), ("schedule", "start"), ("variants", 1, "weight"), ("nowhere",)):
        assert light.span(path) == document.span(path)
        assert light.scalar(path) == document.scalar(path)
    assert len(read) == 1
