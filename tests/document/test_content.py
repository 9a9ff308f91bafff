"""What reaches no parser: contents of the wrong size, in the wrong encoding, with characters nobody can see."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.yaml import read_bytes, read_file, read_text
from egp.yaml.bounds import MAX_BYTES

from .asking import cut


def test_utf_8_is_read_with_and_without_a_byte_order_mark() -> None:
    for data in ("a: é\n".encode(), b"\xef\xbb\xbf" + "a: é\n".encode()):
        (document,) = read_bytes(data, "plan.yaml")
        assert (document.value, document.text, document.problems) == ({"a": "é"}, "a: é\n", ())
        assert document.span(("a",)) == ((1, 4), (1, 5))
    assert read_text("\ufeffa: 1")[0].span(("a",)) == ((1, 4), (1, 5))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_wide_encodings_are_named(encoding: str) -> None:
    (document,) = read_bytes("a: value\nb: other\n".encode(encoding), "plan.yaml")
    (problem,) = document.problems
    assert problem.kind == "encoding"
    assert encoding[:6].upper() in problem.message or "UTF-16" in problem.message
    assert problem.help == "save the file as UTF-8"
    assert document.value is None


@pytest.mark.parametrize(
    ("data", "place", "byte"),
    [
        (b"a: 1\nb: \xe9t\xe9\n", (2, 4), "0xE9"),
        (b"\xff", (1, 1), "0xFF"),
        ("é: 1\nü: ".encode() + b"\xc3", (2, 4), "0xC3"),
        (b"a: \xed\xa0\x80", (1, 4), "0xED"),
    ],
)
def test_a_byte_that_is_not_utf_8_has_a_place(data: bytes, place: tuple[int, int], byte: str) -> None:
    (document,) = read_bytes(data, "plan.yaml")
    (problem,) = document.problems
    assert (problem.kind, problem.span.start) == ("encoding", place)
    assert byte in problem.message
    assert "\ufffd" in document.line(place[0])


def test_a_surrogate_in_a_text_has_a_place() -> None:
    (document,) = read_text("a: 1\nb: \udce9\n")
    (problem,) = document.problems
    assert (problem.kind, problem.span.start) == ("encoding", (2, 4))
    assert document.text == "a: 1\nb: ?\n"


@pytest.mark.parametrize(
    "character",
    [*map(chr, range(9)), "\x0b", "\x0c", "\x1b", "\x7f", "\x80", "\x9f", "\ufeff", "\ufffe", "\uffff"],
)
def test_a_character_that_yaml_does_not_allow_has_a_place(character: str) -> None:
    (document,) = read_text(f"é: 1\nb: 'x{character}y'\n")
    (problem,) = document.problems
    assert (problem.kind, problem.span) == ("control-character", ((2, 6), (2, 7)))
    assert f"U+{ord(character):04X}" in problem.message
    assert problem.message.isprintable()


def test_other_characters_are_allowed() -> None:
    text = "a: '\t\x85\xa0\u2028\ud7ff\ue000\ufdd0\ufffd\U0010ffff'"
    assert read_text(text)[0].problems == ()


def test_a_large_content_is_refused_by_its_size() -> None:
    for document in (read_bytes(b"#" * (MAX_BYTES + 1), "x")[0], read_text("#" * (MAX_BYTES + 1))[0]):
        (problem,) = document.problems
        assert (problem.kind, problem.span.start) == ("size", (1, 1))
        assert "1,000,001" in problem.message
        assert document.text == ""
    assert read_bytes(b"#" * MAX_BYTES, "x")[0].problems[0].kind == "empty"


def test_a_large_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(50_000_000)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr("builtins.open", refuse)
    (document,) = read_file(large, "shown.yaml")
    assert [problem.kind for problem in document.problems] == ["size"]
    assert document.path == "shown.yaml"


def test_a_file_is_read_under_the_name_that_is_shown(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(b"a: 1\r\nb: 2\r\n")
    (document,) = read_file(plan)
    assert (document.path, document.value) == (str(plan), {"a": 1, "b": 2})
    assert document.text == "a: 1\r\nb: 2\r\n"
    assert read_file(plan, "shown")[0].path == "shown"


def test_a_file_that_cannot_be_read_is_the_callers_to_word(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "nowhere.yaml")
    with pytest.raises(OSError, match="directory"):
        read_file(tmp_path)


def test_standard_input_is_the_default_name() -> None:
    assert read_text("a: 1")[0].path == "<stdin>"


def test_what_cannot_be_read_answers_for_any_path() -> None:
    (document,) = read_bytes(b"\xff", "x")
    assert not document.exists(("a",))
    assert document.definition(("a",)) is None
    assert document.scalar(("a",)) is None
    assert cut(document, document.span(("a",))) == "\ufffd"
