"""Hostile texts: each is refused at a place, by how it is read and not by how long somebody waits."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from egp.yaml.bounds import MAX_BYTES, MAX_DOCUMENTS, MAX_NESTING, MAX_PROBLEMS
from egp.yaml.decoding import Content
from egp.yaml.events import Event, NextEvent, Parser, c_parser
from egp.yaml.reading import read

from .asking import only, paths, sound


@pytest.mark.parametrize("count", [10_000, MAX_BYTES])
@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{a: ", "? [", "[\n"])
def test_nesting_without_end_is_refused_where_it_goes_too_deep(opening: str, count: int) -> None:
    document = only((opening * count)[:count], c_parser())
    (problem,) = document.problems
    assert problem.kind == "nesting"
    levels = MAX_NESTING + 1
    if opening == "[\n":
        assert problem.span.start == (levels, 1)
    else:
        assert problem.span.start.column in (
            levels * len(opening) - len(opening) + 1,
            levels // 2 * len(opening) + 1,
        )


def test_the_pure_parser_refuses_nesting_without_end(parser: Parser) -> None:
    assert [problem.kind for problem in only("[" * 20_000, parser).problems] == ["nesting"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_up_to_the_bound_is_read(opening: str, parser: Parser) -> None:
    closing = {"[": "]", "{a: ": "}", "- ": ""}[opening]
    document = sound(opening * MAX_NESTING + "x" + closing * MAX_NESTING, parser)
    deepest = list(paths(document.value))[-1]
    assert len(deepest) == MAX_NESTING
    assert document.scalar(deepest) == "x"
    over = only(opening * (MAX_NESTING + 1) + "x" + closing * (MAX_NESTING + 1), parser)
    assert [problem.kind for problem in over.problems] == ["nesting"]


def test_no_more_events_are_taken_than_the_nesting_allows() -> None:
    parser = c_parser()
    taken = 0

    def counted(content: object) -> NextEvent:
        next_event = parser.open(content)  # type: ignore[arg-type]

        def count() -> Event:
            nonlocal taken
            taken += 1
            return next_event()

        return count

    only("[" * MAX_BYTES, parser._replace(open=counted))
    assert taken <= MAX_NESTING + 5


def test_a_file_has_a_bounded_number_of_documents(parser: Parser) -> None:
    within = read("--- 1\n" * MAX_DOCUMENTS, "plan.yaml", parser)
    assert len(within) == MAX_DOCUMENTS
    assert not within[-1].problems
    beyond = read("--- 1\n" * (MAX_DOCUMENTS + 50), "plan.yaml", parser)
    assert len(beyond) == MAX_DOCUMENTS + 1
    (problem,) = beyond[-1].problems
    assert (problem.kind, problem.span) == ("size", ((MAX_DOCUMENTS + 1, 1), (MAX_DOCUMENTS + 1, 4)))


def test_a_document_has_a_bounded_number_of_problems(parser: Parser) -> None:
    document = only("a: 1\n" * (MAX_PROBLEMS * 3), parser)
    assert len(document.problems) == MAX_PROBLEMS


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "a: " + "9" * 100_000,
        "a: " + "9" * 100_000 + "e" + "9" * 100_000,
        "a: 0o" + "7" * 100_000,
        "a: '" + "x\n" * 50_000,
        "a: " * 30_000,
        ": " * 50_000,
        "[" + "," * 100_000,
        "!a " * 30_000,
        "&a " * 30_000,
        "a: &x" + " \n#\n" * 20_000 + "  b",
        "a: |\n" + " \n" * 50_000,
        'a: "' + "\\" * 99_999,
        "a: !" + "%41" * 30_000,
        "%" * 100_000,
        "*" * 100_000,
        "\r" * 100_000,
        "- !x a\n" * 10_000,
        "? a\n" * 20_000,
        "a: 'x'\n" + "\t" * 50_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_any_large_text_is_read_or_refused(text: str, parser: Parser) -> None:
    documents = read(text[:20_000] if parser.name == "pure" else text, "plan.yaml", parser)
    for document in documents:
        assert document.span(()).start >= (1, 1)
        assert all(
            problem.message.isprintable() and len(problem.message) < 200 for problem in document.problems
        )


@pytest.mark.parametrize("opening", ["[", "{", "- ", "{a: ", "[\n"])
def test_a_bound_of_the_parsers_own_says_nothing_else(opening: str, parser: Parser) -> None:
    """Releases of libyaml differ in how deeply they read; they stop ahead of what they deliver, in words of their own."""
    text = opening * 500

    def impatient(content: Content) -> NextEvent:
        next_event = parser.open(content)
        if len(content.text) < len(text):
            return next_event
        raised = False

        def give_up() -> Event:
            nonlocal raised
            if raised:
                raise _error(parser, "gone beyond what this release can", len(text) // 2)
            raised = True
            return next_event()

        return give_up

    alike = only(text, parser._replace(open=impatient))
    assert alike.problems == only(text, parser).problems
    assert [problem.kind for problem in alike.problems] == ["nesting"]


@pytest.mark.parametrize(
    ("text", "at", "kind"), [("a: {b: 1\n", 9, "syntax"), ("- ok\n\ta: 1", 5, "tab"), ("a: @x", 3, "syntax")]
)
def test_words_that_no_release_has_used_are_passed_on_at_their_place(
    text: str, at: int, kind: str, parser: Parser
) -> None:
    def reworded(_: Content) -> NextEvent:
        def give_up() -> Event:
            raise _error(parser, "gone beyond what this release can", at)

        return give_up

    (problem,) = only(text, parser._replace(open=reworded)).problems
    assert problem.kind == kind
    assert problem.help
    assert problem.span.start.line == 1 + text.count("\n", 0, min(at, len(text) - 2))


def _error(parser: Parser, words: str, at: int) -> Exception:
    """What a parser raises when it gives up at an offset."""

    class GivingUpError(parser.error):  # type: ignore[misc, name-defined]
        problem, context, context_mark = words, None, None
        problem_mark = SimpleNamespace(index=at)

    return GivingUpError(words)
