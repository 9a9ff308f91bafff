"""What the pure parser reads, the C parser reads alike; and ruamel.yaml's own loader puts everything in the same places.

The pure parser may refuse more. It accepts nothing that the C parser refuses: no plan is sound on one machine alone.
"""

from __future__ import annotations

import io
import pathlib
from collections.abc import Iterable

from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from egp.yaml import Document, Path, Position
from egp.yaml.events import c_parser, pure_parser
from egp.yaml.reading import read

from .asking import paths, sound

C, PURE = c_parser(), pure_parser()


def told(documents: Iterable[Document]) -> list[object]:
    """Everything that documents say about themselves."""
    return [
        (
            repr(document.value),
            document.problems,
            [
                (
                    path,
                    document.span(path),
                    document.span(path, key=True),
                    document.definition(path),
                    document.scalar(path),
                )
                for path in [*paths(document.value), ("absent",), (0, 0)]
            ],
        )
        for document in documents
    ]


def check_agreement(text: str) -> None:
    by_c, by_pure = read(text, "plan.yaml", C), read(text, "plan.yaml", PURE)
    if any(document.problems for document in by_pure):
        return
    assert told(by_pure) == told(by_c)


PIECES = [
    *"abx:-?[]{},'\"&*!|>%#\\.~<@` \t\n\r\x85\u2028",
    *(
        "a: b\n",
        "- ",
        "a:\n",
        "  ",
        ": ",
        ", ",
        "\n  ",
        "\n- ",
        "\r\n",
        "? ",
        "---\n",
        "--- ",
        "...\n",
        "# c\n",
        " #",
    ),
    *(
        "&a ",
        "*a",
        "!!str ",
        "!!int ",
        "!x ",
        "!<tag:yaml.org,2002:str> ",
        "<<: ",
        "<<: *a\n",
        "<<: [*a, *c]\n",
    ),
    *(
        "|\n",
        ">-\n",
        "|2-\n",
        "|+ # c\n",
        "%YAML 1.2\n",
        "%TAG !y! x\n",
        "1e3",
        "0x1F",
        "'x'",
        '"y"',
        "\\n",
        "\\x41",
        "😀",
    ),
    *(
        "- a\n- b\n",
        "b: &c {d: 1}\n",
        "key: value # c\n",
        "  k: v\n",
        "    z: w\n",
        "[a, b]",
        "{a: b, c}",
        "é",
        "\\ud800",
    ),
]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("a: #b\nc: d")
@example("? !!int &a \u2028")
@example("%YAML 1.2\n'x'&")
@example("a: 'x\n'&# c\n- b\n")
@example("<<: *a\n{")
@example("a: *a:\n")
@example("'a\n---\n'\n")
@example("!! a")
@example("%TAG !y! x\n%TAG !y! x\n---\n!y!z a")
@example("a: b\n\t# c\n")
@example("[? , a]")
@example('a: "b\\\n\n  c"')
@example("a: |\n    \n  b\n")
@example("%YAML 1.3\n---\na: b")
@example("%FOO\n---\na: b")
@example('a: "\\U00110000"')
@example("a: |\n  \tb")
@example("a: [b:]")
def test_what_the_pure_parser_reads_the_c_parser_reads_alike(text: str) -> None:
    check_agreement(text)


PLAN = """\
id: pdp-buy-now
hypothesis: >-
  A persistent button lifts the rate, because the offer
  stays in reach.
owner: {team: pdp, dri: "@pdp-pm"}
variants:
  - {id: control, weight: 50%, control: true}
  - {id: buy_now, weight: 50%}
statistics: &statistics
  alpha: 5%
  looks: [2023-02-06]
again:
  <<: *statistics
  power: 95%
sign_offs:
- role: experimentation_lead
  by: '@xp-lead'
"""


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(PLAN)), st.integers(0, 3), st.sampled_from(["", *PIECES])),
        min_size=1,
        max_size=3,
    )
)
def test_a_slip_in_a_plan_is_read_alike_or_refused(edits: list[tuple[int, int, str]]) -> None:
    text = PLAN
    for at, removed, inserted in edits:
        text = text[:at] + inserted + text[at + removed :]
    check_agreement(text)


KEYS = st.sampled_from(["a", "b c", "'q'", '"w"', "é", "😀", "k-1", "12", "a#b", "x:y"])
SCALARS = st.sampled_from(
    [
        "1",
        "-2.5",
        "true",
        "null",
        "~",
        "word",
        "two words",
        "'it''s'",
        '"a\\tb"',
        "50%",
        "no",
        "x:y",
        "é́ 😀",
        "''",
        "0x1F",
        ".inf",
    ]
)


def flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda parts: "{" + ", ".join(f"{key}: {part}" for key, part in parts.items()) + "}"
        ),
    )


FLOWS = st.recursive(SCALARS, flow, max_leaves=6)
BLOCK_TEXTS = st.sampled_from(["|\n  one\n   two\n", ">-\n  one\n  two\n\n", "|+\n  one\n\n"])


def indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def member(announced: str, value: str) -> str:
    """A value after its key or dash; a block goes below."""
    block = value.endswith("\n") and value[0] not in "|>"
    return f"{announced}\n{indented(value)}" if block else f"{announced} {value.rstrip(chr(10))}\n"


def block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    comment = st.sampled_from(["", "", "# a comment\n", "\n"])
    return st.one_of(
        st.lists(st.tuples(comment, inner), min_size=1, max_size=3).map(
            lambda parts: "".join(before + member("-", part) for before, part in parts)
        ),
        st.dictionaries(KEYS, st.tuples(comment, inner), min_size=1, max_size=3).map(
            lambda parts: "".join(before + member(f"{key}:", part) for key, (before, part) in parts.items())
        ),
    )


BLOCKS = block(st.recursive(FLOWS | BLOCK_TEXTS, block, max_leaves=8))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(BLOCKS)
def test_values_and_places_are_those_of_the_round_trip_loader(text: str) -> None:
    loaded = YAML(typ="rt").load(io.StringIO(text))
    for parser in (C, PURE):
        document = sound(text, parser)
        assert document.value == plain(loaded)
        check_places(document, loaded, ())


def plain(loaded: object) -> object:
    if isinstance(loaded, CommentedMap):
        return {key if isinstance(key, str) else str(key): plain(part) for key, part in loaded.items()}
    if isinstance(loaded, CommentedSeq):
        return [plain(part) for part in loaded]
    return str(loaded) if isinstance(loaded, str) else loaded


def check_places(document: Document, loaded: object, path: Path) -> None:
    if isinstance(loaded, CommentedMap):
        for key, part in loaded.items():
            here = (*path, str(key))
            assert document.span(here, key=True).start == place(loaded.lc.key(key))
            assert document.span(here).start == place(loaded.lc.value(key))
            check_places(document, part, here)
    elif isinstance(loaded, CommentedSeq):
        for index, part in enumerate(loaded):
            here = (*path, index)
            assert document.span(here).start == place(loaded.lc.item(index))
            check_places(document, part, here)


def place(zero_based: tuple[int, int]) -> Position:
    return Position(zero_based[0] + 1, zero_based[1] + 1)


@given(BLOCKS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_span_of_a_value_reads_as_that_value(text: str) -> None:
    """A scalar cut out of the text and read alone is the same value, and every span ends where its last part ends."""
    document = sound(text, C)
    for path in paths(document.value):
        written = document.scalar(path)
        span = document.span(path)
        assert span.start < span.end
        if written is not None and "\n" not in written:
            alone = sound(f"[{written}]", C).value
            assert isinstance(alone, list)
            here: object = document.value
            for key in path:
                here = here[key]  # type: ignore[index]
            assert alone == [here]


def test_the_plans_of_the_examples_are_read_alike() -> None:
    plans = sorted((pathlib.Path(__file__).parents[2] / "examples").rglob("*.yaml"))
    assert plans
    for plan in plans:
        text = plan.read_text(encoding="utf-8")
        assert told(read(text, "plan.yaml", PURE)) == told(read(text, "plan.yaml", C)), plan
