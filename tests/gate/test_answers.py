"""Every answer reads as it is committed to read."""

from __future__ import annotations

import pytest

from egp.gate.page import page
from egp.output.page.model import Section

from .answers import GOLDEN, JUDGED, answer

COMMITTED = dict(
    part.split("\n", 1) for part in GOLDEN.read_text(encoding="utf-8").removeprefix("=== ").split("\n\n=== ")
)


@pytest.mark.parametrize("name", JUDGED)
def test_an_answer_is_as_committed(name: str) -> None:
    assert answer(JUDGED[name]()).strip() == COMMITTED[name].strip(), (
        "python -m tests.gate.answers writes them anew"
    )


def test_a_summary_folds_the_readings_under_their_count() -> None:
    judgement = JUDGED["into the first stage"]()
    titles = {
        folded: [each.title for each in page(judgement, folded=folded).blocks if isinstance(each, Section)]
        for folded in (False, True)
    }
    assert titles == {False: ["", ""], True: ["28 of 28 readings pass", ""]}


def test_each_text_is_of_an_answer() -> None:
    assert list(COMMITTED) == list(JUDGED)
