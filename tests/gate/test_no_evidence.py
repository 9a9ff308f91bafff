"""Evidence that is missing or old lets nothing pass: no build in the results, and results of another year."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .calling import PLAN, call, gate

RESULTS = "results/pdp-buy-now"


@pytest.mark.parametrize(
    "written",
    ["", "revision:", 'revision: ""', 'revision: "  "', "revision: ~", "revisions: web-8841", "Revision: web-8841", 'revision: "web-8841\\u200b"'],
)  # fmt: skip
def test_results_that_do_not_say_which_build_is_served(repository: Path, written: str) -> None:
    file = repository / RESULTS / "stage-1.yaml"
    text = file.read_text(encoding="utf-8")
    assert gate(repository, "stage-1", "--to", "90%").status == 0
    file.write_text(re.sub(r"(?m)^revision: web-8841$", lambda _: written, text), encoding="utf-8")
    assert gate(repository, "stage-1", "--to", "90%").status in (1, 2)


@pytest.mark.parametrize(
    "asked",
    [
        ("monitor", "--monitor"),
        ("monitor", "--monitor", "--as-of", "2026-03-02"),
        ("monitor", "--monitor", "--as-of", "2023-03-06T09:00:00-08:00"),
        ("stage-1", "--to", "90%"),
        ("stage-1", "--to", "90%", "--as-of", "2023-02-13T08:00:00-08:00"),
        ("day-14", "--to", "70%"),
        ("day-14", "--to", "70%", "--as-of", "2023-02-15T08:00:00-08:00"),
    ],
)
def test_results_that_were_taken_long_ago(repository: Path, asked: tuple[str, ...]) -> None:
    name, *arguments = asked
    done = call(repository, "gate", PLAN, "--results", f"{RESULTS}/{name}.yaml", *arguments)
    assert (done.status, "ago" in done.out) == (1, True), done.out
