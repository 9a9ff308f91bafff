"""Changes of a plan's text: what they do not name keeps every character."""

from __future__ import annotations

import pytest

from egp.advice.edits import changed
from egp.yaml.edits import APPEND, Edit, EditError, LineRemoval, Removal, Renaming, Setting

TEXT = """\
id: x
schedule: {start: 2023-01-23, end: 2023-01-27}   # five days
statistics:
  looks: [2023-01-24, 2023-01-27]   # daily
  alpha: 5%
variants:
  - {id: control, weight: 34%}   # as it is
  - id: red
    weight: 33%
  - {id: blue, weight: 33%}
stop_rules:
  - {id: refunds}
"""


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (Setting(("schedule", "end"), "2023-02-05"), "end: 2023-01-27", "end: 2023-02-05"),
        (
            Setting(("statistics", "looks"), ["2023-02-06"]),
            "looks: [2023-01-24, 2023-01-27]",
            "looks: [2023-02-06]",
        ),
        (Removal(("statistics", "alpha")), "  alpha: 5%\n", ""),
        (
            Setting(("stop_rules", APPEND), {"id": "slow"}),
            "  - {id: refunds}\n",
            "  - {id: refunds}\n  - {id: slow}\n",
        ),
        (
            Setting(("variants",), [{"id": "control", "weight": "34%"}, {"id": "blue", "weight": "33%"}]),
            "  - id: red\n    weight: 33%\n",
            "",
        ),
        (
            Setting(("variants",), [{"id": "control", "weight": "34%"}, {"id": "red", "weight": "33%"}]),
            "  - {id: blue, weight: 33%}\n",
            "",
        ),
        (Setting(("stop_rules",), []), "stop_rules:\n  - {id: refunds}", "stop_rules: []"),
        (Renaming(("id",), "x-id"), "id: x\n", "x-id: x\n"),
        (LineRemoval(1), "id: x\n", ""),
        (Setting(("holdout",), {"share": "5%"}), "stop_rules:", "holdout: {share: 5%}\nstop_rules:"),
        (Removal(("nothing", "here")), "", ""),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_change_touches_what_it_names(change: Edit, old: str, new: str, line_end: str, mark: str) -> None:
    before, wanted = (
        text.replace("\n", line_end) for text in (TEXT, TEXT.replace(old, new, 1) if old else TEXT)
    )
    assert changed(mark + before, [change]) == mark + wanted


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("a: [1, # one\n  2]\n", Setting(("a",), [1])),
        ("a: 1\n", Setting(("a", "b"), 2)),
        ("a: 1\n", Setting(("b", 3, "c"), 2)),
        ("a: 1\n", LineRemoval(9)),
        ("a: 1\nb: 2\n", Renaming(("a",), "b")),
        ("a: [\n", Setting(("a",), 1)),
        ("a:\n  - 1\n  - 2\n", Setting(("a",), [3])),
    ],
)
def test_what_would_touch_more_is_refused(text: str, change: Edit) -> None:
    with pytest.raises(EditError):
        changed(text, [change])


def test_one_document_of_several_is_changed() -> None:
    text = "a: [1, 2]\n---\na: [1, 2]   # second\n"
    assert changed(text, [Setting(("a",), [2])], 1) == "a: [1, 2]\n---\na: [2]   # second\n"


def test_an_empty_mapping_elsewhere_is_no_obstacle() -> None:
    assert changed("a: 1\nb: {}\n", [Setting(("a",), 2)]) == "a: 2\nb: {}\n"
