"""The releases that the tests are run with: all that egp asks for, and nothing about where they come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "requirements.lock").read_text().splitlines()
LOCKED = [Requirement(line) for line in LINES if not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = {
    text
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in texts
    if not text.startswith("egp[")
}


@pytest.mark.parametrize("text", sorted(ASKED))
def test_each_thing_asked_for_is_pinned_to_a_release_that_serves(text: str) -> None:
    asked = Requirement(text)
    releases = [
        pin.specifier for pin in LOCKED if canonicalize_name(pin.name) == canonicalize_name(asked.name)
    ]
    assert releases
    for release in releases:
        (exact,) = release
        assert exact.operator == "=="
        assert asked.specifier.contains(exact.version)


def test_the_lock_names_releases_and_no_place() -> None:
    assert not [line for line in LINES if re.search(r"://|--index|--find", line.split("#")[0])]


@pytest.mark.parametrize("file", [".ci/run", "README.md"])
def test_what_is_installed_for_the_tests_is_what_is_pinned(file: str) -> None:
    assert "--constraint requirements.lock --editable" in (ROOT / file).read_text()
