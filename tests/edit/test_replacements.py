"""Two texts as the stretches in which they differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from egp.yaml.edit import replacements
from egp.yaml.position import SourceText

TEXTS = st.lists(st.sampled_from(["a: 1\n", "b: 2\r\n", "c: 😀\n", "\n", "  - d\n", "e"]), max_size=8).map(
    "".join
)


def test_only_what_changes_is_replaced() -> None:
    before = "start: 2023-01-23\nend: 2023-01-29\nmiddle: 1\nlooks: [2023-01-30]\n"
    after = before.replace("2023-01-29", "2023-02-05").replace("2023-01-30", "2023-02-06")
    assert [each.text.strip() for each in replacements(before, after)] == ["2-05", "2-06"]


@given(before=TEXTS, after=TEXTS)
def test_made_from_the_last_to_the_first_they_make_one_text_of_the_other(before: str, after: str) -> None:
    source, text = SourceText(before), before
    for each in reversed(replacements(before, after)):
        start, end = (source.start(at.line) + at.column - 1 for at in each.span)
        text = text[:start] + each.text + text[end:]
    assert text == after
