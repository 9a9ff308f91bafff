"""What the accounts that egp was built after ask of pages: each cell of the tables in docs/pages.md is words of a page."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from egp.cli.main import main

ROOT = Path(__file__).parents[1]
BUY_NOW = "examples/experiments/pdp-buy-now.yaml"
RANKING = "examples/experiments/ranking-model.yaml"
DAY_FIVE = "examples/rejected/ship-on-day-five.yaml"


def _with_results(results: str) -> tuple[str, ...]:
    path = f"examples/results/pdp-buy-now/{results}.yaml"
    taken = re.search(r"^as_of: (.*)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert taken
    return BUY_NOW, "--results", path, "--as-of", taken[1]


def _memo(name: str, day: str = "2023-01-18") -> tuple[str, ...]:
    return "explain", f"examples/rejected/{name}.yaml", "--as-of", day


def _of_plan(*shortcut: str) -> tuple[str, ...]:
    return "explain", BUY_NOW, *shortcut, "--as-of", "2023-01-18"


PAGES = {
    "launch": ("brief", RANKING, "--as-of", "2023-08-30"),
    "launch-exec": ("brief", RANKING, "--as-of", "2023-08-30", "--audience", "exec"),
    "running": ("brief", *_with_results("day-05")),
    "readout": ("brief", *_with_results("day-14")),
    "ramp": ("brief", *_with_results("stage-1")),
    "harm": ("brief", *_with_results("two-bad-weeks")),
    "after": ("brief", *_with_results("monitor")),
    "sub-variant": ("brief", *_with_results("ramp-harm")),
    "gate": ("gate", *_with_results("day-14"), "--to", "70%"),
    "memo": _memo("ship-on-day-five"),
    "stopped": ("explain", DAY_FIVE, "--if-stopped", "2023-01-27", "--seen", "+0.4pp", "--as-of", "2023-01-27"),
    "shorter": _of_plan("--if-shortened", "7d"),
    "segment": _of_plan("--if-segment", "device"),
    "export": _of_plan("--if-export"),
    "accepted": _of_plan(),
    "shortcut": _memo("mde-by-the-shortcut"),
    "vague": _memo("vague-metric"),
    "model-metric": _memo("ml/auc-as-primary", "2023-08-30"),
    "unwatched": _memo("ml/unwatched-segment", "2023-08-30"),
    "status": ("status", "--policy", "examples/egp.yaml", "--results", "examples/results", "--as-of", "2023-02-28"),
}  # fmt: skip


@cache
def said_on(page: str) -> str:
    """The page as Markdown on one line, without its marks: there a cell is one run of words."""
    told, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(told), contextlib.redirect_stderr(errors):
        status = main(
            [
                *PAGES[page],
                "--format=markdown",
                *(["--policy", "examples/egp.yaml"] if page != "status" else []),
            ]
        )
    words, complaints = (" ".join(_written(each).split()) for each in (told, errors))
    assert words, f"{page}: {status} {complaints}"
    return words


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return re.sub(r"\\|\*\*|&[#\w]+;", "", stream.read())


def _tables() -> dict[str, list[list[str]]]:
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    found: dict[str, list[list[str]]] = {}
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        head, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
        found[head[0]] = rows
    return found


ACCOUNTS = [
    (asked, stands)
    for head, rows in _tables().items()
    if head.startswith("the ") and "account" in head
    for asked, stands in rows
]
PART = re.compile(r"(?:^|; )([\w-]+): ((?:\*[^*]+\*(?:, )?)+)")


def anchors(stands: str) -> Iterator[tuple[str, str]]:
    for page, words in PART.findall(stands):
        yield from ((page, each) for each in re.findall(r"\*([^*]+)\*", words))


@pytest.mark.parametrize(("asked", "stands"), ACCOUNTS, ids=[asked for asked, _ in ACCOUNTS])
def test_what_is_asked_for_stands_on_a_page(asked: str, stands: str) -> None:
    found = list(anchors(stands))
    assert found, asked
    assert stands.count("*") == 2 * len(found), "each anchor is of a page"
    for page, words in found:
        assert " ".join(words.split()) in said_on(page), f"{page} does not say: {words}"


def test_both_accounts_are_there_and_each_page_is_named() -> None:
    assert len(ACCOUNTS) > 70
    assert {page for _, stands in ACCOUNTS for page, _ in anchors(stands)} == set(PAGES)
    named = {name for row in _tables()["page"] for name in re.findall(r"[\w-]+", row[0])}
    assert named == set(PAGES)
