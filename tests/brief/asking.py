"""Asking for briefs the way people do, and for their pages as data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from egp.output.page.model import Facts, Light, Page, Paragraph, Points, Section, Table
from egp.output.page.text import render
from egp.output.report.text import Style
from egp.pages.brief.page import Brief, brief
from egp.pages.brief.scene import Audience, scene
from egp.plan.quantity import moment
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from tests.gate.calling import taken

RANKING = "experiments/ranking-model.yaml"
BUY_NOW = "experiments/pdp-buy-now.yaml"
TWO_BAD_WEEKS = "results/pdp-buy-now/two-bad-weeks.yaml"
STOP_LOSS = "results/ranking-model/stop-loss.yaml"
NOON = datetime.fromisoformat("2023-08-30T12:00:00-07:00")


def ask(folder: Path, plan: str, results: str = "", as_of: str = "", audience: Audience = "team") -> Brief:
    with contextlib.chdir(folder):
        policy = read_policy("egp.yaml", "egp.yaml")
        finder = PlanFinder(str(folder), policy.plans, policy.root)
        instant = moment(as_of) if as_of else None
        now = datetime.fromisoformat(taken(folder, results)) if results else NOON
        return brief(scene(plan, results, finder, policy, instant, now, audience))


def shown(page: Page) -> str:
    """The page on a screen so wide that no line is broken."""
    return render(page, Style(width=10_000))


def section(page: Page, title: str) -> Section:
    (found,) = [each for each in page.sections if each.title.startswith(title)]
    return found


def options(page: Page) -> dict[str, tuple[str, str, Light]]:
    """Letter → what it is, what follows, and what the policy says of it."""
    (table,) = [each for each in section(page, "The options").blocks if isinstance(each, Table)]
    found = {}
    for name, what, follows, light in table.rows:
        assert isinstance(name, str)
        assert isinstance(what, str)
        assert isinstance(follows, str)
        assert isinstance(light, Light)
        found[name[0]] = (what, follows, light)
    return found


def facts(page: Page, title: str) -> dict[str, str]:
    return {
        name: value
        for block in section(page, title).blocks
        if isinstance(block, Facts)
        for name, value in block.pairs
    }


def points(part: Section) -> list[str]:
    """The statements of a section and of those in it."""
    return list(_points(part))


def _points(part: Section) -> Iterator[str]:
    for block in part.blocks:
        if isinstance(block, Points):
            yield from block.items
        elif isinstance(block, Section):
            yield from _points(block)
        elif isinstance(block, Paragraph):
            yield block.text


def edit(folder: Path, path: str, *changes: tuple[str, str]) -> None:
    text = (folder / path).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / path).write_text(text, encoding="utf-8")
