"""Markdown: a comment that a plan cannot write into."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.output.report.markdown import LONGEST, render
from egp.plan.finding import Finding
from tests.report.scenes import PLAN, SCENES, Scene, report_of, scene_rules

OWN_MARKUP = re.compile(r"</?(?:details|summary|sub)>")


def told(scene: Scene, exit_status: int | None = None) -> str:
    with scene_rules():
        report = report_of(scene)
        return render(report, report.exit_status() if exit_status is None else exit_status)


@pytest.mark.parametrize(
    ("exit_status", "verdict"), [(0, "✅ accepted"), (1, "❌ rejected"), (2, "❔ could not judge")]
)
def test_the_heading_says_what_the_exit_status_says(exit_status: int, verdict: str) -> None:
    assert told(SCENES["error-and-warning"], exit_status).startswith(f"## egp: {verdict}\n")


def test_the_weightiest_come_first() -> None:
    rows = [line for line in told(SCENES["error-and-warning"]).splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows] == ["", "❌ error", "⚠️ warning"]


def test_what_is_waived_and_in_shadow_is_folded_away() -> None:
    assert "<details><summary>2 waived</summary>" in told(SCENES["waived"])
    assert "the sale ends on Friday, EXP-7" in told(SCENES["waived"])
    assert "<details><summary>1 in shadow, without effect</summary>" in told(SCENES["shadow"])
    assert "coming: becomes an error on 2026-12-01" in told(SCENES["shadow"])


def test_what_was_not_checked_is_told_where_nothing_else_speaks_of_it() -> None:
    assert "**tidy-value** (experiments/buy-now.yaml) needs /statistics/power" in told(SCENES["not-checked"])
    assert "Not checked" not in told(SCENES["missing-input"])


def test_a_long_report_fits_a_comment_and_says_what_it_left_out() -> None:
    findings = [Finding(("id",), f"number {number} {'x' * 900}", help="shorten it") for number in range(100)]
    comment = told(Scene(PLAN, agreed=findings))
    assert len(comment) < LONGEST + 2_000
    (left,) = re.findall(r"… and (\d+) findings more", comment)[:1]
    assert int(left) + comment.count("| ❌ error |") == 100
    assert OWN_MARKUP.findall(comment).count("<details>") == OWN_MARKUP.findall(comment).count("</details>")


@given(text=st.text(min_size=1))
def test_nothing_in_a_plan_becomes_markup(text: str) -> None:
    scene = Scene(PLAN, agreed=[Finding(("id",), text, text, text, help=text)])
    plain = Scene(PLAN, agreed=[Finding(("id",), "text", "text", "text", help="text")])
    shape, expected = ([structure(line) for line in told(each).splitlines()] for each in (scene, plain))
    assert shape == expected


def structure(line: str) -> tuple[str, ...]:
    """Every character of the line that Markdown would act on."""
    bare = re.sub(r"\\.", "", line)
    return tuple(re.findall(r"[|<>`*_\[\]#~@$]|://", bare.replace("@\u200c", "")))
