"""The mutants are those that are meant, a trial finds those that tests tell from the code, and the list is of lines that exist."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mutation.equivalent import equivalents
from tests.mutation.mutants import Mutant, mutant_at, places_in, sampled
from tests.mutation.reach import Reach, statement_around

ROOT = Path(__file__).parents[2]

CODE = '''"""A module."""


def is_between(low, x, high):
    return low <= x < high and x != 7


def names(items):
    if items in (1, 2):
        return "few"
    return [item for item in items or () if not item.startswith("_") and len(item) > 2]
'''
TESTS = """
import subject

def test_is_between():
    assert subject.is_between(1, 1, 3)
    assert not subject.is_between(1, 0, 3)

def test_names():
    assert subject.names(["_a", "abc", "b"]) == ["abc"]
    assert subject.names(None) == []
"""
SURVIVE = ("low <= x <= high", "x != 8", "x != 6", "len(item) > 1")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "subject.py").write_text(CODE)
    (tmp_path / "test_subject.py").write_text(TESTS)
    return tmp_path


def mutants(root: Path) -> list[Mutant]:
    return [each for place in sorted(places_in("subject.py", root)) if (each := mutant_at(place, root))]


def test_each_operator_makes_its_mutants(code: Path) -> None:
    made = [each.becomes for each in mutants(code)]
    between = [line for line in made if line.startswith("return low")]
    assert Counter(between) == Counter(
        [
            "return low < x < high and x != 7",
            "return low > x < high and x != 7",
            "return low <= x <= high and x != 7",
            "return low <= x >= high and x != 7",
            "return low <= x < high or x != 7",
            "return low <= x < high and x == 7",
            "return low <= x < high and x != 8",
            "return low <= x < high and x != 6",
        ]
    )
    assert "if not items in (1, 2):" in made
    chosen = [line for line in made if line.startswith("return [")]
    assert len(chosen) == 7  # or, not, and, two comparisons, two bounds


def test_a_mutant_differs_in_its_line_alone(code: Path) -> None:
    for each in mutants(code):
        lines = zip(CODE.splitlines(), each.source.splitlines(), strict=True)
        differing = [at for at, (was, is_now) in enumerate(lines, 1) if was != is_now]
        assert differing == [each.place.line]


def test_a_seed_draws_the_same_sample_and_another_seed_another() -> None:
    files = ["egp/gate/looks.py", "egp/gate/verdict.py"]
    drawn = [sampled(files, ROOT, 12, seed) for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 12


@pytest.mark.parametrize(("line", "around"), [(5, (5,)), (9, (9,)), (10, (10,)), (8, (8,)), (11, (11,))])
def test_the_statement_around_a_line_is_the_innermost(line: int, around: tuple[int, ...]) -> None:
    assert tuple(statement_around(CODE, line)) == around


def test_a_statement_of_several_lines_is_all_of_them() -> None:
    code = "if (\n    a\n    and b\n):\n    x = [\n        1,\n    ]\n"
    assert [tuple(statement_around(code, line)) for line in (2, 6)] == [(1, 2, 3, 4), (5, 6, 7)]


def test_those_that_are_about_little_else_come_first_and_then_those_that_reach_much_in_little_time(
    code: Path,
) -> None:
    """`lazy` reaches nothing of the file that `broad` does not, and waits for the next round."""
    reach, subject, other = Reach(), code / "subject.py", code / "other.py"
    reach.seconds = {"exact": 0.001, "wide": 0.001, "broad": 0.02, "slow": 3.0, "lazy": 0.5, "apart": 0.001}
    everywhere = {"wide", "broad", "slow", "lazy"}
    reach.lines = {
        subject: {5: {"exact", *everywhere}, 9: {"broad"}, 10: {"broad", "slow"}, 11: {"slow"}},
        other: {1: {"wide", "apart"}},
    }
    assert reach.tests_of(subject, 5) == ["exact", "wide", "broad", "slow", "lazy"]


TRY = """
import json, sys
from pathlib import Path
from tests.mutation.campaign import Tests, run
from tests.mutation.mutants import mutant_at, places_in

root = Path(sys.argv[1])
sys.path.insert(0, str(root))
made = [each for place in sorted(places_in("subject.py", root)) if (each := mutant_at(place, root))]
trials = run(root, ".", Tests((f"{root}/test_subject.py",)), made, 5, lambda trial: None)
print()
print(json.dumps([[trial.mutant.becomes, trial.killed_by] for trial in trials]))
"""


def tried(root: Path) -> dict[str, str]:
    """What the mutants of a folder's subject become → the test that fails."""
    ended = subprocess.run(
        [sys.executable, "-c", TRY, str(root)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def test_an_operator_may_begin_its_line(tmp_path: Path) -> None:
    """The mutant's lines are fewer then, and the functions that follow stand elsewhere."""
    (tmp_path / "subject.py").write_text(
        "def is_more(a, b):\n    return (a\n            > b)\n\n\ndef after(x):\n    return x\n"
    )
    (tmp_path / "test_subject.py").write_text(
        "import subject\n\n\ndef test_it():\n    assert subject.after(subject.is_more(2, 1))\n"
    )
    assert {becomes: bool(by) for becomes, by in tried(tmp_path).items()} == {
        "return (a >= b)": False,
        "return (a <= b)": True,
    }


def test_a_mutant_that_ends_its_process_group_ends_itself_alone(tmp_path: Path) -> None:
    (tmp_path / "subject.py").write_text(
        "import os\nimport signal\n\n\ndef end(process):\n    if process == 0:\n        return\n    os.killpg(0, signal.SIGKILL)\n"
    )
    (tmp_path / "test_subject.py").write_text("import subject\n\n\ndef test_it():\n    subject.end(0)\n")
    assert tried(tmp_path)["if process != 0:"]


def test_a_trial_tells_what_a_test_notices_from_what_none_does(code: Path) -> None:
    trials = tried(code)
    survivors = {becomes for becomes, killed_by in trials.items() if not killed_by}
    assert [words for words in SURVIVE if not any(words in line for line in survivors)] == []
    assert "return low < x < high and x != 7" not in survivors
    assert "test_is_between" in trials["return low < x < high and x != 7"]


def test_every_equivalent_is_of_a_line_that_exists_and_has_its_reason() -> None:
    assert equivalents()
    for change, why in equivalents().items():
        text = (ROOT / change.path).read_text(encoding="utf-8")
        lines = "".join(f"{line.strip()}\n" for line in text.splitlines())
        assert f"\n{change.was}\n" in lines, f"{change.path} has no line {change.was}"
        assert change.was != change.becomes
        assert len(why) > 10
