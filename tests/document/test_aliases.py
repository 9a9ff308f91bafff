"""Anchors, aliases and merge keys: resolved in the value, kept apart in the places, bounded in what they may cost."""

from __future__ import annotations

from itertools import pairwise

import pytest

from egp.yaml import Path
from egp.yaml.bounds import MAX_EXPANSION, MAX_NESTING
from egp.yaml.events import Parser

from .asking import cut, only, sound

SHARED = """\
base: &base {kind: mean, action: hold}
more: &more
  kind: proportion
  unit: user
names: &names [a, b]
metrics:
  - *base
  - <<: *base
    kind: quantile
  - {<<: [*base, *more], action: rollback}
  - <<: *more
    <<x: 1
  - <<: {own: 1}
again: *names
"""


def test_aliases_and_merge_keys_are_resolved(parser: Parser) -> None:
    value = sound(SHARED, parser).value
    assert isinstance(value, dict)
    assert value["again"] == ["a", "b"]
    assert value["metrics"] == [
        {"kind": "mean", "action": "hold"},
        {"kind": "quantile", "action": "hold"},
        {"kind": "mean", "action": "rollback", "unit": "user"},
        {"kind": "proportion", "unit": "user", "<<x": 1},
        {"own": 1},
    ]


@pytest.mark.parametrize(
    ("path", "span", "key", "definition"),
    [
        (("again",), "*names", "again", "[a, b]"),
        (("again", 1), "*names", "*names", "b"),
        (("metrics", 0), "*base", "*base", "{kind: mean, action: hold}"),
        (("metrics", 0, "kind"), "*base", "*base", "mean"),
        (("metrics", 1, "kind"), "quantile", "kind", None),
        (("metrics", 1, "action"), "*base", "*base", "hold"),
        (("metrics", 2, "kind"), "*base", "*base", "mean"),
        (("metrics", 2, "unit"), "*more", "*more", "user"),
        (("metrics", 2, "action"), "rollback", "action", None),
        (("metrics", 4, "own"), "1", "own", None),
    ],
)
def test_a_path_through_an_alias_has_two_places(
    path: Path, span: str, key: str, definition: str | None, parser: Parser
) -> None:
    document = sound(SHARED, parser)
    assert cut(document, document.span(path)) == span
    assert cut(document, document.span(path, key=True)) == key
    found = document.definition(path)
    assert (found and cut(document, found)) == definition


def test_what_an_aliased_mapping_lacks_is_pointed_at_by_the_alias(parser: Parser) -> None:
    document = sound(SHARED, parser)
    assert cut(document, document.span(("metrics", 0, "x"))) == "*base"
    assert cut(document, document.span(("again", 9))) == "again"


def test_an_aliased_scalar_shows_its_definition(parser: Parser) -> None:
    document = sound("a: &x '1'\nb: *x\n", parser)
    assert document.value == {"a": "1", "b": "1"}
    assert document.scalar(("b",)) == "'1'"


def test_the_last_anchor_of_a_name_counts(parser: Parser) -> None:
    assert sound("- &a 1\n- *a\n- &a 2\n- *a\n", parser).value == [1, 1, 2, 2]


def test_anchors_end_with_their_document(parser: Parser) -> None:
    from egp.yaml.reading import read

    documents = read("--- &a 1\n--- *a\n", "plan.yaml", parser)
    assert [problem.kind for document in documents for problem in document.problems] == ["alias"]


def test_a_list_of_merged_mappings_may_be_an_alias(parser: Parser) -> None:
    document = sound("x: &x [{a: 1}, {a: 2, b: 3}]\ny: {<<: *x}\n", parser)
    assert document.value == {"x": [{"a": 1}, {"a": 2, "b": 3}], "y": {"a": 1, "b": 3}}
    assert cut(document, document.span(("y", "b"))) == "*x"
    assert cut(document, document.definition(("y", "b"))) == "3"


@pytest.mark.parametrize(
    ("text", "kind", "place", "value"),
    [
        ("a: *b", "alias", "*b", {"a": None}),
        ("a: *b\nb: &b 1", "alias", "*b", {"a": None, "b": 1}),
        ("a: &a [1, *a]", "alias", "*a", {"a": [1, None]}),
        ("a: &a {b: {c: *a}}", "alias", "*a", {"a": {"b": {"c": None}}}),
        ("a: &a\n  <<: *a\n  b: 1", "alias", "*a", {"a": {"b": 1}}),
        ("*a : 1\nb: 2", "alias", "*a", {"b": 2}),
        ("a: &a [1]\n*a : 1\nb: 2", "key", "*a", {"a": [1], "b": 2}),
        ("<<: 1\nb: 2", "merge", "<<", {"b": 2}),
        ("<<: [{a: 1}, 2]\nb: 2", "merge", "<<", {"a": 1, "b": 2}),
        ("<<:\nb: 2", "merge", "<<", {"b": 2}),
        ("<<: {a: 1}\n<<: {b: 2}", "duplicate-key", "<<", {"a": 1}),
    ],
)
def test_a_bad_alias_or_merge_key_is_a_problem_at_its_place(
    text: str, kind: str, place: str, value: object, parser: Parser
) -> None:
    document = only(text, parser)
    (problem,) = document.problems
    assert (problem.kind, cut(document, problem.span)) == (kind, place)
    assert document.value == value


def test_aliases_may_repeat_a_bounded_number_of_values(parser: Parser) -> None:
    names = "abcdefghi"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in pairwise(names)]
    document = only("\n".join(lines), parser)
    (problem,) = document.problems
    assert (problem.kind, problem.span.start.line) == ("alias", 4)
    assert f"{MAX_EXPANSION:,}" in problem.message


def test_a_merge_bomb_is_one_problem(parser: Parser) -> None:
    lines = ["m0: &m0 {k: 1}"]
    lines += [f"m{i}: &m{i} {{<<: *m{i - 1}, k{i}: 1}}" for i in range(1, 400)]
    (problem,) = only("\n".join(lines), parser).problems
    assert problem.kind == "alias"


def test_aliases_count_for_the_nesting(parser: Parser) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, MAX_NESTING)]
    (problem,) = only("\n".join(lines), parser).problems
    assert problem.kind == "nesting"
    assert problem.span.start.line == MAX_NESTING
