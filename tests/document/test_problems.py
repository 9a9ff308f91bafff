"""What a text that is not a document is told, and where."""

from __future__ import annotations

import pytest

from egp.yaml.events import Parser
from egp.yaml.reading import read

from .asking import cut, only, sound


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: b: c", ":@5", "second ':' in one line"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", "<<<<<<<@1", "<<<<<<< is a conflict marker"),
        ("<<<<<<< HEAD\r\na: 1\r\n=======\r\n", "<<<<<<<@1", "<<<<<<< is a conflict marker"),
        ("a:\n||||||| base\n  b: 1\n", "|||||||@1", "||||||| is a conflict marker"),
        ("a: >-\n  text\n=======\nb: 3\n", "=======@1", "======= is a conflict marker"),
        ("a: {b: 1,\n>>>>>>> Stashed changes\n c: 2}}", ">>>>>>>@1", ">>>>>>> is a conflict marker"),
        ("a: 1\n<<<<<<<\n", "<<<<<<<@1", "<<<<<<< is a conflict marker"),
        ("a: 1\n<<<<<<<< HEAD\n", "<<<<<<<<@1", "no ':' after it"),
        ("a: 1\n======== \n", "========@1", "no ':' after it"),
        ("a: 1\n  <<<<<<< HEAD\nb: c: d\n", ":@5", "second ':' in one line"),
        ("a:b\nc: 1", ":@2", "space is missing after the ':'"),
        ("a\nb: 1", ":@2", "key is not possible here"),
        ("a: 1\n  b: 2", ":@4", "key is not possible here"),
        ("x" * 1100 + ": 1", ":@1101", "longer than 1,024 characters"),
        ("a: [ab:, c]", ":@7", "before a comma or bracket"),
        ("a: 1\nb", "b@1", "no ':' after it"),
        ("a: 'x\nb: 1", "'x@4", "not closed with '"),
        ('a: "x\n---\n', '"x@4', 'not closed with "'),
        ('a: "x\nb: 1\nc: "y"\n', '"x@4', "goes on to line 3"),
        ('{a: "x,\nb: "y"}', '"x@5', "goes on to line 2"),
        ("a: [1, 2\n", "[@4", "'[' is not closed"),
        ("a: {b: 1\n", "{@4", "'{' is not closed"),
        ("a: [1, 2\nb: 3", ":@2", "',' or ']' is missing"),
        ("a: {b: 1 c: 2}", ":@11", "',' or '}' is missing"),
        ("a: [1,, 2]", ",@7", "value is missing before ','"),
        ("a: [1, ", "@", "ends where a value"),
        ("a:\n  b: 1\n c: 2", "c@2", "fits no mapping or list"),
        ("a: 1\n- b", "-@1", "fits no mapping or list"),
        ("- a\nb: 1", "b@1", "fits no mapping or list"),
        ("a: 'x' y", "y@8", "'y' follows a value that is already complete"),
        ("a: [1]]", "]@7", "']' follows a value"),
        ("{a: 1} b", "b@8", "after the end of the document"),
        ("1\n...\n2", "2@1", "after the end of the document"),
        ("a: - b", "-@4", "list item is not possible here"),
        ("a: ? b", "?@4", "cannot start with '? '"),
        (": a", ":@1", "fits no mapping or list"),
        ("a: }", "}@4", "value is missing before '}'"),
        ("a: @x", "@x@4", "cannot start with '@'"),
        ("a: `x`", "`x`@4", "cannot start with '`'"),
        ("a: %x", "%x@4", "cannot start with '%'"),
        ('a: "\\q"', '\\q"@5', "'\\q' is not an escape"),
        ('a: "\\ud800"', '\\ud800"@5', "'\\u' is not an escape"),
        ('a: "\\U00110000"', '\\U00110000"@5', "'\\U' is not an escape"),
        ('a: "\\x1"', '\\x1"@5', "'\\x' is not an escape"),
        ("a: & b", "&@4", "'&' must be followed by a name"),
        ("a: *\n", "*@4", "'*' must be followed by a name"),
        ("a: |x\n  b", "|x@4", "nothing else may follow"),
        ("a: |0\n  b", "|0@4", "nothing else may follow"),
        ("%FOO\n---\na: 1", "%FOO@1", "starts with '%'"),
        ("%YAML 2.0\n---\na: 1", "%YAML@1", "starts with '%'"),
        ("%YAML 1.3\n---\na: 1", "%YAML@1", "starts with '%'"),
        ("%YAML 1.2\n%YAML 1.2\n---\na: 1", "%YAML@1", "starts with '%'"),
    ],
)
def test_a_syntax_error_is_worded_for_the_author(text: str, place: str, message: str, parser: Parser) -> None:
    document = read(text, "plan.yaml", parser)[-1]
    (problem,) = document.problems
    assert problem.kind == "syntax"
    assert message in problem.message
    assert problem.help
    assert document.value is None
    if place != "@":
        assert f"{cut(document, problem.span)}@{problem.span.start.column}" == place


def test_a_missing_comma_shows_the_opening_bracket(parser: Parser) -> None:
    document = only("a: [1, 2\nb: 3", parser)
    ((span, note),) = document.problems[0].related
    assert (cut(document, span), span.start, note) == ("[", (1, 4), "opened here")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("\ta: 1", 1, 1, "at the start of the line"),
        ("a:\n\tb: 1", 2, 1, "at the start of the line"),
        ("a:\n  b: 1\n  \tc: 1", 3, 3, "at the start of the line"),
        ("a: |\n\tx", 2, 1, "at the start of the line"),
        ("-\ta: 1", 1, 2, "where YAML needs a space"),
    ],
)
def test_a_tab_is_named(text: str, line: int, column: int, message: str, parser: Parser) -> None:
    document = only(text, parser)
    (problem,) = document.problems
    assert problem.kind == "tab"
    assert message in problem.message
    assert problem.span.start == (line, column)
    assert cut(document, problem.span) == "\t"


@pytest.mark.parametrize(
    ("text", "kind", "place", "message", "value"),
    [
        ("a: !x 1", "tag", "!x", "tag !x is not known", {"a": "1"}),
        ("a: !!binary aaaa", "tag", "!!binary", "tag !!binary is not known", {"a": "aaaa"}),
        ("a: !!timestamp 2023-01-01", "tag", "!!timestamp", "not known", {"a": "2023-01-01"}),
        ("a: !!python/object:os.system x", "tag", "!!python/object:os.system", "not known", {"a": "x"}),
        ("a: !!int b", "tag", "!!int", "'b' does not fit its tag !!int", {"a": "b"}),
        ("a: !!int 1.0", "tag", "!!int", "'1.0' does not fit its tag !!int", {"a": "1.0"}),
        ("a: &x !!str [b]", "tag", "!!str", "not for a list", {"a": ["b"]}),
        ("a: !!seq {b: 1}", "tag", "!!seq", "not for a mapping", {"a": {"b": 1}}),
        ("!x a: 1", "tag", "!x", "not known", {"a": 1}),
        ("a: 1e999", "number", "1e999", "larger than a number can be", {"a": "1e999"}),
        ("a: -1e999", "number", "-1e999", "larger than a number can be", {"a": "-1e999"}),
        ("a: 1e-999", "number", "1e-999", "smaller than a number can be", {"a": "1e-999"}),
        ("a: " + "9" * 5000, "number", "9" * 5000, "5,000 characters", {"a": "9" * 5000}),
        ("a: 0x" + "f" * 5000, "number", "0x" + "f" * 5000, "5,002 characters", {"a": "0x" + "f" * 5000}),
        ("a: !!float 1e999", "number", "1e999", "larger than a number can be", {"a": "1e999"}),
        ("{a: 1}: b\nc: 2", "key", "{", "used as a key", {"c": 2}),
        ("? - a\n  - b\n: c\nd: 2", "key", "- a", "used as a key", {"d": 2}),
        ("a: {{x}}", "key", "{", "used as a key", {"a": {}}),
        ("? \n: x\nb: 1", "key", "?", "no key", {"b": 1}),
        ("a: 1\nb: 2\na: 3", "duplicate-key", "a", "'a' is written twice", {"a": 1, "b": 2}),
        ("1: a\n'1': b", "duplicate-key", "'1'", "'1' is written twice", {"1": "a"}),
        ("a: {b: 1, c: 2, b: 3}", "duplicate-key", "b", "'b' is written twice", {"a": {"b": 1, "c": 2}}),
    ],
)
def test_a_problem_leaves_the_rest_of_the_value(
    text: str, kind: str, place: str, message: str, value: object, parser: Parser
) -> None:
    document = only(text, parser)
    (problem,) = document.problems
    assert (problem.kind, cut(document, problem.span)) == (kind, place)
    assert message in problem.message
    assert problem.help
    assert document.value == value


def test_a_repeated_key_is_shown_at_both_places(parser: Parser) -> None:
    document = only("a:\n  b: 1\n  c: {b: 2}\n  b:\n    d: 1\n    d: 2\n", parser)
    outer, inner = document.problems
    assert document.value == {"a": {"b": 1, "c": {"b": 2}}}
    assert (outer.span.start, inner.span.start) == ((4, 3), (6, 5))
    assert outer.related == ((((2, 3), (2, 4)), "first written here"),)
    assert inner.related == ((((5, 5), (5, 6)), "first written here"),)
    assert document.span(("a", "b")) == ((2, 6), (2, 7))


def test_a_syntax_error_spares_the_documents_before_it(parser: Parser) -> None:
    first, second = read("a: 1\n---\nb: [\n", "plan.yaml", parser)
    assert (first.value, first.problems) == ({"a": 1}, ())
    assert (second.value, second.index) == (None, 1)
    assert second.span(("x",)) == second.problems[0].span


@pytest.mark.parametrize(
    "text", ["", "\n", "# a comment\n", "   \n\n", "%YAML 1.2\n---\n", "---\n", "--- # x\n"]
)
def test_a_file_without_content_is_empty(text: str, parser: Parser) -> None:
    document = only(text, parser)
    (problem,) = document.problems
    assert problem.kind == "empty"
    assert document.value is None
    assert document.span(("a",)) == ((1, 1), (1, 1)) or text.endswith(("---\n", "# x\n"))


def test_an_empty_document_is_pointed_at_by_its_dashes(parser: Parser) -> None:
    _first, second = read("a: 1\n---\n", "plan.yaml", parser)
    assert cut(second, second.problems[0].span) == "---"


@pytest.mark.parametrize(
    "text", ['a: "\\0\\e[31m"\nb: *x', '"\\e[31m": 1\n"\\e[31m": 2', 'a: !!int "\\e[31m"']
)
def test_messages_have_nothing_that_a_terminal_obeys(text: str, parser: Parser) -> None:
    document = only(text, parser)
    (problem,) = document.problems
    assert (problem.message + problem.help).isprintable()


def test_long_names_are_cut_in_messages(parser: Parser) -> None:
    key = "k" * 900
    (problem,) = only(f"{key}: 1\n{key}: 2", parser).problems
    assert len(problem.message) < 120


def test_a_sound_document_has_no_problems(parser: Parser) -> None:
    assert sound("a: 1", parser).problems == ()
