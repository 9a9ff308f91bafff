"""The rooms of the house: what the contracts in ``pyproject.toml`` say of imports holds, and every room says what it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import egp
from egp.rules.rule import FAMILIES

PACKAGE = Path(egp.__file__).parent
ROOT = PACKAGE.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS: list[str] = CONTRACTS[0]["layers"]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def test_the_contracts_hold() -> None:
    """Imports count wherever they stand: inside functions and for type checkers alone, too."""
    run = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))",
    ]
    ended = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_nothing_but_rooms_lies_at_the_top() -> None:
    there = {module.removeprefix("egp.").split(".")[0] for module in MODULES if module != "egp"}
    assert there == {*ROOMS, "__main__"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_may_import_and_what_to_read_first(room: str) -> None:
    told = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert "May import" in told
    first = re.findall(r"`([a-z_/]+\.py)`", told.partition("Read first:")[2])
    assert first
    assert [name for name in first if not (PACKAGE / room / name).is_file()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_both_pages_have_a_row_for_every_room_from_the_top_down(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    table = text[text.index("| room | is |") :].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == ROOMS


def test_every_file_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {
        name for name in re.findall(r"`(?:egp/)?([a-z_]+/[a-z_/]+\.py)`", text) if name.split("/")[0] in ROOMS
    }
    assert len(named) > 40
    assert [name for name in sorted(named) if not (PACKAGE / name).is_file()] == []


def test_nothing_but_the_loader_knows_a_rule_by_name() -> None:
    families = "|".join(FAMILIES)
    knows = re.compile(rf"^\s*(from|import) egp\.rules\.({families})\b", re.MULTILINE)
    assert [name for name, path in MODULES.items() if knows.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("unseen", ["helpers", "utils", "common", "base", "manager"])
def test_no_module_is_a_drawer_for_anything(unseen: str) -> None:
    assert [name for name in MODULES if name.split(".")[-1] == unseen] == []
