"""One term a concept: words that the glossary retires stand in no message, page, comment or document."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"

_ROW = re.compile(r"^\| (?P<term>[^|]+) \| (?P<meaning>[^|]+) \| (?P<retired>[^|]+) \|$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
JSON_KEY = re.compile(r"""^["']\w+["']$""")
"""A string that is one word may be a key of a report, and keys are kept for those who read them."""


def rows() -> list[tuple[str, str, list[str]]]:
    found = [match.groups() for match in _ROW.finditer(GLOSSARY.read_text(encoding="utf-8"))]
    return [
        (term, meaning, [word.strip() for word in retired.split(",")])
        for term, meaning, retired in found
        if term != "term" and not term.startswith("--")
    ]


RETIRED = sorted({word for _, _, words in rows() for word in words})


def in_words(text: str, suffix: str) -> Iterator[tuple[int, str]]:
    """(line, text) of what people read in a file: all of a document; comments and strings of a module."""
    if suffix == ".md":
        yield from enumerate(text.splitlines(), start=1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) and not JSON_KEY.match(token.string):
            for at, line in enumerate(_PLACEHOLDER.sub("…", token.string).splitlines()):
                yield token.start[0] + at, line


def files() -> Iterator[Path]:
    for folder, pattern in (("egp", "*.py"), ("docs", "*.md"), ("policies", "*.yaml")):
        yield from sorted((ROOT / folder).rglob(pattern))
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md")


def uses(word: str) -> list[str]:
    pattern = re.compile(rf"(?<![\w`-]){re.escape(word)}(?![\w-])", re.IGNORECASE)
    return [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()}"
        for path in files()
        if path != GLOSSARY and pattern.search(path.read_text(encoding="utf-8"))
        for line, text in in_words(path.read_text(encoding="utf-8"), path.suffix)
        if pattern.search(text)
    ]


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_used_no_more(word: str) -> None:
    assert uses(word) == []


def test_a_term_has_one_row_and_is_not_retired() -> None:
    terms = [term for names, _, _ in rows() for term in re.split(r", | \(.*\)", names) if term]
    assert len(terms) == len(set(terms))
    assert not set(terms) & set(RETIRED)
    assert len(terms) > 40


def test_the_test_finds_a_retired_word_in_a_comment_a_message_and_a_page() -> None:
    text = '"""What the rule asked of."""\nx = f"was {told} told"  # it is missing\n'
    assert [line for line, _ in in_words(text, ".py")] == [1, 2, 2]
    assert "{told}" not in "".join(line for _, line in in_words(text, ".py"))
