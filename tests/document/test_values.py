"""What a YAML text means: the core schema of YAML 1.2, whoever parses it."""

from __future__ import annotations

import math

import pytest

from egp.yaml.events import Parser, c_parser, pure_parser
from egp.yaml.reading import read

from .asking import only, sound


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("0", 0),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("-0x1F", "-0x1F"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("0.0", 0.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("nan", "nan"),
        (".", "."),
        ("-", None),
        ("--", "--"),
        ("1.2.3", "1.2.3"),
        ("12%", "12%"),
        ("45bps", "45bps"),
        ("0.52 USD", "0.52 USD"),
        ("2023-01-23", "2023-01-23"),
        ("2023-01-23T08:00:00Z", "2023-01-23T08:00:00Z"),
        ("１２", "１２"),
        ("1１", "1１"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("''", ""),
        ('"null"', "null"),
        ('"\\u00e9\\n\\x41"', "é\nA"),
        ("'it''s'", "it's"),
        ("two words # a comment", "two words"),
        ("a#b", "a#b"),
        ("http://x.y/z", "http://x.y/z"),
        ("|\n  12\n", "12\n"),
        ("|-\n  12\n", "12"),
        (">-\n  a\n  b\n\n  c\n", "a b\nc"),
        ("|+\n  a\n\n", "a\n\n"),
        ("|2-\n    a\n", "  a"),
        ("a\n  b", "a b"),
        ("!!str 12", "12"),
        ("!!str", ""),
        ("! 12", "12"),
        ("!!int '12'", 12),
        ("!!int 0x1F", 31),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("!!null ~", None),
        ("!<tag:yaml.org,2002:str> 5", "5"),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("! [1]", [1]),
        ("[]", []),
        ("{}", {}),
        ("[1, [2], {a: 3}, b: 4]", [1, [2], {"a": 3}, {"b": 4}]),
        ("{a, b: , c: 1}", {"a": None, "b": None, "c": 1}),
        ("[a:b, c]", ["a:b", "c"]),
        ('{"a":1}', {"a": 1}),
        ("\n- 1\n-\n- - 2\n  - 3", [1, None, [2, 3]]),
        ("\n  b: 1\n  c:\n  - 2\n", {"b": 1, "c": [2]}),
    ],
)
def test_a_value_is_resolved_by_the_core_schema(written: str, value: object, parser: Parser) -> None:
    text = f"a: {written}" if written != "-" else "- a:\n"
    document = sound(text, parser)
    expected = {"a": value} if written != "-" else [{"a": value}]
    assert document.value == expected
    assert repr(document.value) == repr(expected), "1, 1.0 and True are distinguished"


def test_not_a_number_stays_one(parser: Parser) -> None:
    value = sound("[.nan, .NaN]", parser).value
    assert isinstance(value, list)
    assert all(isinstance(part, float) and math.isnan(part) for part in value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1: a", {"1": "a"}),
        ("true: a", {"true": "a"}),
        ("null: a", {"null": "a"}),
        ("0x1: a", {"0x1": "a"}),
        ("'': a", {"": "a"}),
        ("? a\n: b\n? c", {"a": "b", "c": None}),
        ("'a b': c", {"a b": "c"}),
        ("a b: c", {"a b": "c"}),
        ("{? a : b}", {"a": "b"}),
        ("!!int 1: a", {"1": "a"}),
        ("&k a: 1\n*k : 2\nb: *k", {"a": 1, "b": "a"}),
        ('"<<": 1', {"<<": 1}),
    ],
)
def test_a_key_is_its_text(text: str, value: object, parser: Parser) -> None:
    assert only(text, parser).value == value


def test_the_root_may_be_any_value(parser: Parser) -> None:
    assert sound("12", parser).value == 12
    assert sound("- a", parser).value == ["a"]
    assert sound("~", parser).value is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("--- 1\n--- 2\n...\n", [1, 2]),
        ("1\n...\n---\n2\n", [1, 2]),
        ("%YAML 1.1\n---\nno\n", ["no"]),
        ("%YAML 1.2\n---\n010\n", [10]),
        ("# nothing else\n---\n1\n# end\n", [1]),
        ("%TAG !y! tag:yaml.org,2002:\n---\n!y!str 1\n", ["1"]),
    ],
)
def test_a_file_may_have_several_documents(text: str, values: list[object], parser: Parser) -> None:
    documents = read(text, "plan.yaml", parser)
    assert [document.value for document in documents] == values
    assert [document.index for document in documents] == list(range(len(values)))
    assert all(not document.problems for document in documents)
    assert all(document.text == text for document in documents)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(line_end: str, parser: Parser) -> None:
    text = "a: |\n  x\n  y\nb: 'p\n\n  q'\nc:\n  - d\n".replace("\n", line_end)
    document = sound(text, parser)
    assert document.value == {"a": "x\ny\n", "b": "p\nq", "c": ["d"]}
    assert document.text == text
    assert document.line(3) == "  y"
    assert document.span(("c", 0)).start == (8, 5)


def test_tabs_separate_inside_a_line() -> None:
    assert sound("a:\tb\tc \t# d\ne: [1,\t2]\n", c_parser()).value == {"a": "b\tc", "e": [1, 2]}


@pytest.mark.parametrize("text", ["a:\tb", "a: b\tc", "e: [1,\n\t2]"])
def test_a_tab_that_stands_for_a_space_is_refused_by_the_pure_parser(text: str) -> None:
    assert [problem.kind for problem in only(text, pure_parser()).problems] == ["tab"]
