"""The tutorial, followed from its first line to its last: every command runs, and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tutorial.transcript import BLOCK, OMITTED, PAGE, Step, Walk, is_as_shown, shortened, steps

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Step, str]]]:
    walk = Walk(tmp_path_factory.mktemp("reader"))
    done = list(walk.follow(TEXT))
    return walk.cwd, done


def test_every_command_prints_what_the_page_shows(walked: tuple[Path, list[tuple[Step, str]]]) -> None:
    for step, printed in walked[1]:
        assert is_as_shown(printed, step.shown), f"$ {step.command}\n{printed}"


def test_it_goes_from_ten_questions_at_most_to_the_gate(walked: tuple[Path, list[tuple[Step, str]]]) -> None:
    verbs = [step.command.split()[1] for step, _ in walked[1] if step.command.startswith("egp ")]
    assert list(dict.fromkeys(verbs)) == ["new", "measure", "check", "show", "register", "gate"]
    (asked,) = (step.answers for step, _ in walked[1] if step.answers)
    assert 0 < len(asked) <= 10


def test_the_plan_is_short(walked: tuple[Path, list[tuple[Step, str]]]) -> None:
    (plan,) = (walked[0] / "experiments").iterdir()
    assert len(plan.read_text(encoding="utf-8").splitlines()) <= 35


def test_each_step_says_why() -> None:
    """A sentence before each block of commands."""
    for block in re.finditer(r"\n(?P<before>[^\n]*)\n\n```(?:console|diff|yaml)", TEXT):
        assert block["before"].rstrip().endswith((":", ".")), block["before"]


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("a\nb\nc", "a\nb\nc", True), ("a\nb\nc", f"a\n{OMITTED}\nc", True), ("a\nb\nc", f"a\n{OMITTED}", True),
        ("a\nc", f"a\n{OMITTED}\nc", True), ("a\nb\nd", f"a\n{OMITTED}\nc", False), ("a\nb", "a", False), ("", "", True),
    ],
)  # fmt: skip
def test_what_a_page_leaves_out(printed: str, shown: str, same: bool) -> None:
    assert is_as_shown(printed, shown) is same


@pytest.mark.parametrize(
    ("printed", "shown", "now"),
    [
        ("a b c", "a b", "a b c"), ("a b c d", "a … e", "a … d"), ("A b c d", "a … d", "A … d"), ("a", "a …", "a …"),
        ("a b c d e", "a … d", "a … d e"), ("a x c y e", "a … c … E", "a … c … e"), ("", "a", ""),
    ],
)  # fmt: skip
def test_what_is_left_out_stays_left_out_when_the_page_is_written_anew(
    printed: str, shown: str, now: str
) -> None:
    assert list(shortened(printed.split(), shown.split())) == now.split()


def test_no_command_shows_more_than_a_reader_takes_in() -> None:
    shown = {
        step.command: len(step.shown.splitlines())
        for block in BLOCK.finditer(TEXT)
        for step in steps(block["content"])
    }
    assert max(shown.values()) <= 45, shown
