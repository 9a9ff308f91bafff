"""The releases that the tests are run with: all that egp asks for, and nothing about where they come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from egp import ADDRESS, VERSION

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


def _addresses() -> dict[str, set[str]]:
    """File → the addresses of the project that it names."""
    files = [
        *ROOT.glob("*.md"),
        *ROOT.glob("*.yml"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "templates").iterdir(),
    ]
    files += [*(ROOT / "egp").rglob("*.py"), *(ROOT / "editors" / "vscode").glob("*.json")]
    return {
        str(file.relative_to(ROOT)): found
        for file in files
        if (
            found := set(
                re.findall(
                    r"https://github\.com/[\w-]+/egp\b|\b[\w-]+/egp@v[\d.]+", file.read_text(encoding="utf-8")
                )
            )
        )
    }


def test_the_project_has_one_address() -> None:
    own = ADDRESS.removeprefix("https://github.com/")
    named = {each for found in _addresses().values() for each in found}
    assert named <= {ADDRESS, f"{own}@v{VERSION}"}
    assert [file for file in _addresses() if file.endswith(".py")] == ["egp/__init__.py"]


def test_nothing_in_the_readme_needs_an_address_that_does_not_exist_yet() -> None:
    assert "README.md" not in _addresses()
    assert f"git clone {ADDRESS}" not in (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_version_is_the_same_wherever_it_is_named() -> None:
    versions = {
        version
        for file in ("README.md", "docs/ci.md", "docs/gate.md", "templates/gitlab-ci.yml")
        for version in re.findall(
            r"egp@v([\d.]+\d)|egp-([\d.]+\d)-py3", (ROOT / file).read_text(encoding="utf-8")
        )
    }
    assert {each for pair in versions for each in pair if each} == {VERSION}
