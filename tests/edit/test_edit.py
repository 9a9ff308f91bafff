"""Edits reach the text where it says what they change, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.yaml import Path as DocumentPath
from egp.yaml import read_text
from egp.yaml.edit import edited
from egp.yaml.edits import EditError, add, rename
from egp.yaml.written import written

SOUND_PLAN = (Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml").read_text(encoding="utf-8")

Edit = Callable[[dict[str, Any]], None]


def setting(*path: str | int, to: object) -> Edit:
    def edit(plan: Any) -> None:
        for step in path[:-1]:
            plan = plan[step]
        plan[path[-1]] = to

    return edit


def appending(*path: str | int, item: object) -> Edit:
    def edit(plan: Any) -> None:
        for step in path:
            plan = plan[step]
        plan.append(item)

    return edit


def updating(*path: str | int, **keys: object) -> Edit:
    def edit(plan: Any) -> None:
        for step in path:
            plan = plan[step]
        plan.update(keys)

    return edit


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("a: 1   # one\nb: 2\n", setting("a", to=3), "a: 3   # one\nb: 2\n"),
        ("a: 'it'   # one\n", setting("a", to="it's"), "a: 'it''s'   # one\n"),
        ('a: "x"\n', setting("a", to='say "y"'), 'a: "say \\"y\\""\n'),
        ("a: x\n", setting("a", to="@handle"), 'a: "@handle"\n'),
        ("a: x\n", setting("a", to="no"), 'a: "no"\n'),
        ("a: x\n", setting("a", to="-"), 'a: "-"\n'),
        ("a: x\n", setting("a", to="8841"), 'a: "8841"\n'),
        ("a: x\n", setting("a", to="2023-01-17"), "a: 2023-01-17\n"),
        ("a: x\n", setting("a", to=date(2023, 1, 17)), "a: 2023-01-17\n"),
        ("a: x\n", setting("a", to=True), "a: true\n"),
        ("a:    # its day\nb: 2\n", setting("a", to=1), "a: 1    # its day\nb: 2\n"),
        ("a:    # TODO its day\nb: 2\n", setting("a", to=1), "a: 1\nb: 2\n"),
        ("a:    # todo\r\nb: 2\r\n", setting("a", to=1), "a: 1    # todo\r\nb: 2\r\n"),
        ("a: ~  # TBD\nb: 2\n", setting("a", to=1), "a: 1\nb: 2\n"),
        ("a: 1  # TODO round it\n", setting("a", to=2), "a: 2  # TODO round it\n"),
        ("a: # TODO one for each\n  # - {b: 1}\nc: 2\n", setting("a", to=[{"b": 3}]), "a:\n  - {b: 3}\n  # - {b: 1}\nc: 2\n"),
        ("l:\n  - # TODO\n  - 2\n", setting("l", 0, to=1), "l:\n  - 1\n  - 2\n"),
        ("{a: , b: } # TODO both\n", setting("b", to=1), "{a: , b: 1 } # TODO both\n"),
        ("a:\n", setting("a", to=["x", "y, z"]), 'a: [x, "y, z"]\n'),
        ("{ a: 1,  b: 2 }\n", setting("b", to=3), "{ a: 1,  b: 3 }\n"),
        ("{ a: 1,  b }\n", setting("b", to=3), "{ a: 1,  b: 3 }\n"),
        ("a: >-\n  long\n  text\n# c\nb: 2\n", setting("a", to="short"), "a: short\n# c\nb: 2\n"),
        ("m: {a: 1} # c\n", updating("m", b=2), "m: {a: 1, b: 2} # c\n"),
        ("m: {a: 1,}\n", updating("m", b=2), "m: {a: 1, b: 2,}\n"),
        ("m: {}\n", updating("m", b=2), "m: {b: 2}\n"),
        ("m:\n    a: 1 # c\n    # deep\nn: 2\n", updating("m", b=2), "m:\n    a: 1 # c\n    b: 2\n    # deep\nn: 2\n"),
        ("m:\n  a:\n    - 1\n    # deep\nn: 2\n", updating("m", b=2), "m:\n  a:\n    - 1\n    # deep\n  b: 2\nn: 2\n"),
        ("a: 1", updating(b=2), "a: 1\nb: 2"),
        ("a: 1\r\nb: 2\r\n", updating(c=3), "a: 1\r\nb: 2\r\nc: 3\r\n"),
        ("a: 1\n", updating(b=[{"c": 1}, {"c": 2}]), "a: 1\nb:\n  - {c: 1}\n  - {c: 2}\n"),
        ('{\n  "a": 1\n}\n', updating(b=2), '{\n  "a": 1,\n  "b": 2\n}\n'),
        ("l: [a, b] # c\n", appending("l", item="d"), "l: [a, b, d] # c\n"),
        ("l: []  # none\n", appending("l", item="d"), "l: [d]  # none\n"),
        ("l: []  # none\nm: 1\n", appending("l", item={"a": 1}), "l:  # none\n  - {a: 1}\nm: 1\n"),
        ("l: []", appending("l", item={"a": 1}), "l:\n  - {a: 1}"),
        ("m: {l: []}\n", appending("m", "l", item={"a": 1}), "m: {l: [{a: 1}]}\n"),
        ("l:\n- a\n# m\nm: 1\n", appending("l", item="b"), "l:\n- a\n- b\n# m\nm: 1\n"),
        ("l:\n  - a\n\n  # more\n# m\nm: 1\n", appending("l", item="b"), "l:\n  - a\n\n  # more\n  - b\n# m\nm: 1\n"),
        (
            "l:\n  -  a: 1\n     b: 2 # c\nm: 1\n", appending("l", item={"a": 3, "b": 4}),
            "l:\n  -  a: 1\n     b: 2 # c\n  -  a: 3\n     b: 4\nm: 1\n",
        ),
        ("l:\n  - {a: 1}\n", appending("l", item={"on": "x"}), "l:\n  - {a: 1}\n  - {on: x}\n"),
        ("a: 1\nb: 2 # c\nd: 3\n", lambda plan: rename(plan, "b", "c"), "a: 1\nc: 2 # c\nd: 3\n"),
        ("m: {'b': 2}\n", lambda plan: rename(plan["m"], "b", "c"), "m: {'c': 2}\n"),
        ("a: 1\nd: 3\n", lambda plan: add(plan, "b", 2, ["a", "b", "c", "d"]), "a: 1\nb: 2\nd: 3\n"),
        ("x: 1\ny: 3\n", lambda plan: add(plan, "b", 2, ["a", "b"]), "x: 1\ny: 3\nb: 2\n"),
        ("\ufeffa: 1\n", setting("a", to=2), "\ufeffa: 2\n"),
        ("a:\n  b: 1\n  c: 2\n# d\nd: 1\n", setting("a", to="x"), "a: x\n# d\nd: 1\n"),
        ("a:\n  b: 1 # c\n", setting("a", to=1), "a: 1 # c\n"),
        ("l:\n  - a: 1\n", setting("l", 0, to=1), "l:\n  - 1\n"),
        ("a: {b: 1, c: 2} # c\n", setting("a", to="x"), "a: x # c\n"),
        ("a: {b: {c: 1}, d: 2}\n", setting("a", "b", to="x"), "a: {b: x, d: 2}\n"),
        ("a:\n  - 1\n  - 2\nb: 1\n", setting("a", to={"c": 1}), "a: {c: 1}\nb: 1\n"),
        ("---\na: &x 1\n...\n", setting("a", to=2), "---\na: &x 2\n...\n"),
    ],
)  # fmt: skip
def test_an_edit_is_written_in_the_style_it_finds(before: str, edit: Edit, after: str) -> None:
    assert edited(before, edit) == after


@pytest.mark.parametrize(
    ("text", "edit", "reason"),
    [
        ("a: &x {b: 1}\nc: *x\n", setting("c", "b", to=2), "behind an alias"),
        ("a: &x {b: 1}\nc: *x\n", setting("a", "b", to=2), "line 2 repeats what would be edited"),
        ("a: &x [1]\nc: {d: *x}\n", setting("a", 0, to=2), "so that /c/d/0 would change too"),
        (
            "a: &x {b: 1}\nc: {<<: *x, d: 1}\n",
            setting("a", "b", to=2),
            "line 2 merges (`<<`) what would be edited",
        ),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n", setting("a", "b", to=2), "line 3 merges (`<<`)"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n", setting("c", "b", to=2), "behind an alias"),
        ("a: &x 1\nb: *x\n", lambda plan: plan.pop("b"), "behind an alias"),
        ("l:\n  - a: 1\n", lambda plan: plan["l"][0].pop("a"), "cannot remove all of /l/0"),
        ("l:\n  - a: 1 # c\n    b: 2\n", lambda plan: plan["l"][0].pop("a"), "has a comment among it"),
        ("a: [1, # one\n  2]\n", setting("a", to=[3]), "cannot replace all of /a"),
        ("a:\n  - 1\n  - 2\n", setting("a", to=[3]), "cannot replace all of /a"),
        ("a:\n  b: 1 # c\n  d: 2\n", setting("a", to=1), "cannot replace all of /a"),
        ("a: [1\n", setting("a", to=1), "not sound"),
        ("- 1\n", setting(0, to=1), "no mapping"),
    ],
)
def test_what_would_touch_more_is_refused(text: str, edit: Edit, reason: str) -> None:
    with pytest.raises(EditError, match=re.escape(reason)):
        edited(text, edit)


def removing(*path: str | int) -> Edit:
    def edit(plan: Any) -> None:
        for step in path[:-1]:
            plan = plan[step]
        del plan[path[-1]]

    return edit


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("a: 1\nb: 2   # why\nc: 3\n", removing("b"), "a: 1\nc: 3\n"),
        ("a: 1\nb: 2", removing("b"), "a: 1"),
        ("a: 1\r\nb: 2\r\n", removing("a"), "b: 2\r\n"),
        ("a:\n  b: 1\n  # of b\n# of c\nc: 3\n", removing("a"), "# of c\nc: 3\n"),
        ("m:\n  a: 1\n  b: [1,\n    2]\n  c: 3\n", removing("m", "b"), "m:\n  a: 1\n  c: 3\n"),
        ("m:\n  a: 1\nn: 2\n", removing("m", "a"), "m: {}\nn: 2\n"),
        ("{ a: 1,  b: 2, c: 3 }\n", removing("b"), "{ a: 1,  c: 3 }\n"),
        ("{ a: 1,  b: 2 }\n", removing("b"), "{ a: 1 }\n"),
        ("{ a: 1,  b }\n", removing("b"), "{ a: 1 }\n"),
        ("m: {a: 1} # c\n", removing("m", "a"), "m: {} # c\n"),
        ('{\n  "a": 1,\n  "b": 2\n}\n', removing("a"), '{\n  "b": 2\n}\n'),
        ("l: [a, b, d] # c\n", removing("l", 1), "l: [a, d] # c\n"),
        ("l: [a, b, d] # c\n", setting("l", to=["b"]), "l: [b] # c\n"),
        ("l: [a, b, d] # c\n", setting("l", to=["e"]), "l: [e] # c\n"),
        ("l: [a, b] # c\n", setting("l", to=[]), "l: [] # c\n"),
        ("l:\n- a # one\n- b\nm: 1\n", removing("l", 0), "l:\n- b\nm: 1\n"),
        ("l:\n  - a: 1\n    b: 2\n  - a: -3\n", removing("l", 0), "l:\n  - a: -3\n"),
        ("l:\n  - a: 1\n    b: 2\n", removing("l", 0, "a"), "l:\n  - b: 2\n"),
        ("l:\n  - -1\n  - -2\n", removing("l", 1), "l:\n  - -1\n"),
        ("l:\n  - a\nm: 1\n", removing("l", 0), "l: []\nm: 1\n"),
    ],
)  # fmt: skip
def test_what_is_removed_takes_its_own_lines_along(before: str, edit: Edit, after: str) -> None:
    assert edited(before, edit) == after


def test_one_document_of_a_file_is_edited() -> None:
    text = "a: 1 # first\n---\na: 1 # second\n---\na: 1 # third\n"
    assert (
        edited(text, setting("a", to=2), document=1)
        == "a: 1 # first\n---\na: 2 # second\n---\na: 1 # third\n"
    )


def test_an_edit_that_changes_nothing_gives_the_same_text() -> None:
    assert edited(SOUND_PLAN, lambda _: None) == SOUND_PLAN
    assert edited(SOUND_PLAN, setting("schedule", "end", to="2023-02-05")) == SOUND_PLAN


def scalars(value: object, path: DocumentPath = ()) -> list[DocumentPath]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in scalars(item, (*path, key))]
    if isinstance(value, list):
        return [found for at, item in enumerate(value) for found in scalars(item, (*path, at))]
    return [path]


SCALARS = scalars(read_text(SOUND_PLAN)[0].value)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=20)
VALUES = st.one_of(TEXTS, st.integers(-(10**9), 10**9), st.booleans(), st.dates())


@given(st.sampled_from(SCALARS), VALUES)
def test_setting_one_value_leaves_the_text_around_it(path: DocumentPath, value: object) -> None:
    document = read_text(SOUND_PLAN)[0]
    span = document.span(path)
    lines = SOUND_PLAN.splitlines(keepends=True)
    at = span.start.line - 1
    before, after = lines[at][: span.start.column - 1], lines[at][span.end.column - 1 :]
    result = edited(SOUND_PLAN, setting(*path, to=value)).splitlines(keepends=True)
    assert result[:at] + result[at + 1 :] == lines[:at] + lines[at + 1 :]
    assert result[at].startswith(before)
    assert result[at].endswith(after)


SPACES = st.integers(1, 3)
COMMENTS = st.sampled_from(["", "  # why", " #"])


@st.composite
def blocks(draw: st.DrawFn, column: int = 0, depth: int = 0) -> str:
    """A mapping in block style with comments, empty lines and brackets as people leave them."""
    lines = []
    for name in draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True)):
        lines += [" " * column + "# about it\n"] * draw(st.integers(0, 1)) + ["\n"] * draw(st.integers(0, 1))
        key = " " * column + name + ":"
        gap, comment = " " * draw(SPACES), draw(COMMENTS)
        kind = draw(
            st.sampled_from(
                ["plain", "quoted", "map", "list", "block", "items", "empty"] if depth < 2 else ["plain"]
            )
        )
        if kind == "block":
            lines += [f"{key}{comment}\n", draw(blocks(column + draw(SPACES), depth + 1))]
        elif kind == "items":
            dash = column + draw(st.integers(0, 2))
            lines += [f"{key}{comment}\n"] + [f"{' ' * dash}- {item}{comment}\n" for item in ("x", "{y: 1}")]
        else:
            value = {"plain": "1", "quoted": "'x'", "map": "{ p: 1,q: 2 }", "list": "[ 1,2 ]", "empty": ""}
            lines.append(f"{key}{gap}{value[kind]}{comment}\n")
    return "".join(lines)


def containers(value: object, path: DocumentPath = ()) -> list[DocumentPath]:
    inner: list[DocumentPath] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        inner += containers(item, (*path, key))
    return [path, *inner] if isinstance(value, (dict, list)) else inner


@given(st.data(), st.sampled_from(["\n", "\r\n"]))
def test_additions_keep_every_character_that_was_there(data: st.DataObject, line_end: str) -> None:
    text = data.draw(blocks()).replace("\n", line_end)
    document = read_text(text)[0]
    assert not document.problems, text
    path = data.draw(st.sampled_from(containers(document.value)))
    new = data.draw(st.sampled_from([1, "x y", {"k": [1]}, [{"k": 1}]]))

    def edit(plan: Any) -> None:
        for step in path:
            plan = plan[step]
        if isinstance(plan, list):
            plan.append(new)
        else:
            plan["new"] = new

    result = edited(text, edit)
    start = next((at for at, (a, b) in enumerate(zip(text, result, strict=False)) if a != b), len(text))
    rest = len(text) - start
    assert result[:start] == text[:start]
    assert result[len(result) - rest :] == text[start:]
    wanted = read_text(text)[0].value
    edit(wanted)
    assert read_text(result)[0].value == wanted


def members(value: object, path: DocumentPath = ()) -> list[DocumentPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *members(item, (*path, key)))]


@given(st.data(), st.sampled_from(["\n", "\r\n"]))
def test_a_removal_removes_one_stretch_or_is_refused(data: st.DataObject, line_end: str) -> None:
    text = data.draw(blocks()).replace("\n", line_end)
    wanted: Any = read_text(text)[0].value
    path = data.draw(st.sampled_from(members(wanted)))
    edit = removing(*path)
    try:
        result = edited(text, edit)
    except EditError:
        return
    edit(wanted)
    assert read_text(result)[0].value == wanted
    characters = iter(text)
    is_emptied = len(members(value_of(wanted, path[:-1]))) == 0
    assert is_emptied or all(character in characters for character in result)


def value_of(value: Any, path: DocumentPath) -> object:
    for step in path:
        value = value[step]
    return value


@given(
    st.recursive(
        VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    )
)
def test_what_is_written_reads_back(value: object) -> None:
    assert read_text(f"a: {written(value)}")[0].value == {"a": as_read(value)}


def as_read(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_read(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def test_a_count_needs_none_of_the_quotes_that_its_old_spelling_had() -> None:
    """A number in groups reads as a count without them; a text keeps its own."""
    text = 'per_day: "41,000"\nrevision: "8841"\nshare: "5"\n'
    after = edited(text, lambda plan: plan.update(per_day="41_000", revision="8842", share="5%"))
    assert after == 'per_day: 41_000\nrevision: "8842"\nshare: "5%"\n'
