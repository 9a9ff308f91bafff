"""What is generated and what is promised does not depend on which Python runs."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from egp.record.rollouts.reading import format_module, formats
from egp.rules.rule import index

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAMED = [
    found[1]
    for each in PROJECT["classifiers"]
    if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each))
]
PAGES = {
    **{rule_id: rule.body.__doc__ or "" for rule_id, rule in index().items()},
    **{name: format_module(name).__doc__ or "" for name in formats()},
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_from_every_python(name: str) -> None:
    """From 3.13 on the compiler takes indentation and tabs out of docstrings, of which pages are made."""
    assert inspect.cleandoc(PAGES[name]).strip() == PAGES[name].strip()


def test_no_page_quotes_the_help_of_the_command_line() -> None:
    """argparse lays its help out anew from release to release."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert [page.name for page in pages if "usage: egp" in page.read_text(encoding="utf-8")] == []


def test_the_classifiers_begin_with_the_python_that_is_required() -> None:
    assert PROJECT["requires-python"] == f">={NAMED[0]}"


@pytest.mark.parametrize("version", NAMED)
def test_ci_runs_every_python_that_the_classifiers_name(version: str) -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f'"{version}"' in workflow
