"""Memo, one-pagers and brief print on one sheet, with the criteria and the policy that screens fold."""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from typing import get_args

import pytest

from egp.cli.main import main
from egp.output.page import paper
from egp.output.page.model import Page, Paragraph, Section
from egp.policy.shipped import ROOT

from .browser import Browser, Paper

EXAMPLES = Path(ROOT, "examples")
POLICY = "examples/egp.yaml"
RANKING = "examples/experiments/ranking-model.yaml"
MOMENTS = sorted((EXAMPLES / "results").glob("*/*.yaml"))
MEMOS = [*sorted((EXAMPLES / "experiments").glob("*.yaml")), *sorted((EXAMPLES / "rejected").rglob("*.yaml"))]


def of_results(path: Path, *further: str) -> tuple[str, ...]:
    taken = re.search(r"^as_of: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert taken
    name = path.relative_to(ROOT).as_posix()
    plan = f"examples/experiments/{path.parent.name}.yaml"
    return "brief", plan, "--results", name, "--as-of", taken[1], *further


def of_plan(path: Path) -> tuple[str, ...]:
    is_model = path.parent.name == "ml" or path.stem == "ranking-model"
    day = "2023-08-30" if is_model else "2023-01-18"
    return "explain", path.relative_to(ROOT).as_posix(), "--policy", POLICY, "--as-of", day


COMMANDS = {
    **{f"brief {path.parent.name} {path.stem}": of_results(path) for path in MOMENTS},
    "brief for executives": of_results(EXAMPLES / "results/pdp-buy-now/two-bad-weeks.yaml", "--audience=exec"),
    "launch": ("brief", RANKING, "--as-of", "2023-08-30"),
    "launch for executives": ("brief", RANKING, "--as-of", "2023-08-30", "--audience", "exec"),
    "stopped": (
        "explain", "examples/rejected/ship-on-day-five.yaml", "--if-stopped", "2023-01-27", "--seen", "+0.4pp", "--as-of",
        "2023-01-27",
    ),
    **{f"memo {path.stem}": of_plan(path) for path in MEMOS},
}  # fmt: skip

MANY = {
    "id: ranking-model": "id: many",
    "exposure: 90%": "exposure: 30%",
    "end: 2023-09-24": "end: 2023-09-15",
    "power: 95%": "power: 60%",
    "treated: 10%": "treated: 40%",
    "min_dwell: 48h": "min_dwell: 12h",
    "non_inferiority_margin: 5%": "non_inferiority_margin: 45%",
    "max_minutes: 15": "max_minutes: 600",
    "holdout: {share: 5%, until: 2023-12-15}": "holdout: {share: 1%, until: 2023-10-05}",
}


def written(folder: Path, *arguments: str) -> Path:
    path = folder / "page.html"
    with chdir(ROOT):
        assert main([*arguments, "-o", str(path)]) in (0, 1)
    return path


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A plan that breaks more rules than one sheet can tell."""
    text = Path(ROOT, RANKING).read_text(encoding="utf-8")
    for old, new in MANY.items():
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path / "many.yaml"
    path.write_text(text, encoding="utf-8")
    return written(tmp_path, "explain", str(path), "--policy", POLICY, "--as-of", "2023-08-30")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_prints_on_one_sheet(chromium: Browser, tmp_path: Path, name: str) -> None:
    """On the lower of the two papers, and on the narrower one."""
    chromium.open(written(tmp_path, *COMMANDS[name]))
    assert {paper: chromium.sheets(paper) for paper in get_args(Paper)} == {"A4": 1, "Letter": 1}


def test_of_many_violations_paper_has_the_first_and_says_where_the_others_are(
    chromium: Browser, many: Path
) -> None:
    html = many.read_text(encoding="utf-8")
    violations = int(re.findall(r"and (\d+) further violations", html)[0]) + 1
    assert violations > 6
    chromium.open(many)
    assert {paper: chromium.sheets(paper) for paper in get_args(Paper)} == {"A4": 1, "Letter": 1}
    assert f"{violations - 2} findings more (" in html
    assert "Not on this sheet" not in chromium.run("return document.body.innerText")
    assert html.count("no-paper") >= violations - 2


def test_criteria_and_policy_are_folded_on_a_screen_and_printed(chromium: Browser, tmp_path: Path) -> None:
    for name in ("brief pdp-buy-now two-bad-weeks", "memo ship-on-day-five", "stopped"):
        chromium.open(written(tmp_path, *COMMANDS[name]))
        folded = chromium.run(
            "return [...document.querySelectorAll('details.on-paper:not([open]) > summary')].map(each => each.textContent.trim())"
        )
        besides = " besides" if name.startswith("brief") else ""
        assert folded == [
            "What was agreed before any result",
            f"What the policy insists on{besides} (2023.1)",
        ], name


def letters(words: int) -> float:
    said = Paragraph("word " * words)
    return paper.points(Page("title", "verdict", "good", [Section("section", [said])]))


def test_letters_are_smaller_the_more_a_page_says() -> None:
    """And of the normal size where a second sheet is needed anyway."""
    assert letters(100) == paper.NORMAL
    assert paper.NORMAL > letters(2500) > letters(2900)
    assert letters(9000) == paper.NORMAL
