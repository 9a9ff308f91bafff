"""The code of all modules in one file, as a wheel has it: what it is for, and when Python imports as ever."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from egp.cli.compiled import NAME, compiled
from egp.policy.shipped import ROOT

PLAN = "examples/experiments/pdp-buy-now.yaml"
ASKED = """
import json, sys
sys.path[:0] = sys.argv[1:2]
from egp.cli.main import main
status = main(sys.argv[2:])
found = {name: type(module.__spec__.loader).__name__ for name, module in sys.modules.items() if name.startswith("egp.")}
others = sorted({"contextlib", "dataclasses", "typing"} & set(sys.modules))
print(json.dumps([status, found, sys.modules["egp.rules.rule"].__file__, others]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with egp as a wheel installs it, for tests that leave it as it is."""
    package = tmp_path_factory.mktemp("built") / "site" / "egp"
    shutil.copytree(
        Path(ROOT) / "egp", package, ignore=shutil.ignore_patterns("__pycache__", "shipped_files")
    )
    shipped = package / "shipped_files"
    for folder in ("policies", "schemas"):
        shutil.copytree(Path(ROOT) / folder, shipped / folder)
    (shipped / NAME).write_bytes(compiled(package))
    return package


@pytest.fixture
def installed(built: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "site" / "egp"))


def checked(
    package: Path, *options: str, folder: Path | str = ROOT
) -> tuple[str, dict[str, str], str, list[str]]:
    """What egp prints of a plan, how each of its modules was found, where one of them says that it lies, and which modules
    were imported that a wheel can do without.
    """
    ended = subprocess.run(
        [sys.executable, "-B", "-S", *options, "-c", ASKED, str(package.parent), "check", PLAN, "--as-of", "2023-01-18"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(package.parent), *sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    status, found, file, others = json.loads(ended.stderr)
    assert status == 0
    return ended.stdout, found, file, others


def test_every_module_is_found_in_the_file_and_says_the_same(installed: Path) -> None:
    printed, found, file, _ = checked(installed)
    assert set(found.values()) == {"_Compiled"}
    assert file == str(installed / "rules" / "rule.py")
    (installed / "shipped_files" / NAME).unlink()
    as_ever, one_by_one, same_file, _ = checked(installed)
    assert set(one_by_one.values()) == {"SourceFileLoader"}
    assert (as_ever, sorted(one_by_one), same_file) == (printed, sorted(found), file)


def test_what_type_checkers_alone_need_is_taken_out(installed: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "examples" / "experiments").mkdir(parents=True)
    shutil.copy(Path(ROOT) / PLAN, repository / PLAN)
    assert checked(installed, folder=repository)[3] == []


def test_a_module_whose_source_was_edited_is_imported_from_it(installed: Path) -> None:
    edited = installed / "output" / "report" / "text.py"
    edited.write_text(edited.read_text(encoding="utf-8") + "\nprint('edited')\n", encoding="utf-8")
    printed, found, *_ = checked(installed)
    assert printed.startswith("edited\n")
    assert [name for name, how in found.items() if how != "_Compiled"] == ["egp.output.report.text"]


@pytest.mark.parametrize("spoilt", ["cut", "of another interpreter"])
def test_a_file_that_is_not_what_it_should_be_is_left_alone(installed: Path, spoilt: str) -> None:
    file = installed / "shipped_files" / NAME
    code = file.read_bytes()
    file.write_bytes(code[:-1] if spoilt == "cut" else b"\0" * len(MAGIC_NUMBER) + code[len(MAGIC_NUMBER) :])
    assert set(checked(installed)[1].values()) == {"SourceFileLoader"}


def test_python_without_assertions_compiles_without_them(installed: Path) -> None:
    assert set(checked(installed, "-O")[1].values()) == {"SourceFileLoader"}


def test_a_line_of_a_traceback_is_shown_from_the_source(installed: Path) -> None:
    asked = "from egp.rules.rule import rule_in; import sys; rule_in(sys, 'sys', 'none')"
    ended = subprocess.run(
        [sys.executable, "-B", "-c", asked],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'File "{installed / "rules" / "rule.py"}"' in ended.stderr
    assert "has no check function" in ended.stderr.splitlines()[-2]
