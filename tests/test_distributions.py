"""What is built for others is whole: the wheel runs, and the tests run from the sources as they are packed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from egp import VERSION

ROOT = Path(__file__).parents[1]
SLICE = (
    "tests/test_examples.py",
    "tests/test_interpreters.py",
    "tests/cli/test_ci_page.py",
    "tests/cli/test_hooks.py",
)

pytest.importorskip("build")
pytest.importorskip("hatchling")


def _run(arguments: list[str], folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both: the sources, and the wheel that is made from them."""
    folder = tmp_path_factory.mktemp("dist")
    _run(["-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)], folder)
    return folder


@pytest.fixture(scope="module")
def sources(built: Path) -> Path:
    with tarfile.open(built / f"egp-{VERSION}.tar.gz") as packed:
        packed.extractall(built, filter="data")
    return built / f"egp-{VERSION}"


@pytest.fixture(scope="module")
def installed(built: Path) -> Path:
    folder = built / "site"
    with ZipFile(built / f"egp-{VERSION}-py3-none-any.whl") as wheel:
        wheel.extractall(folder)
    return folder


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a checkout knows which files there are")
def test_the_sources_are_all_that_the_repository_has(sources: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    there = {each for each in listed.split("\0") if each and (ROOT / each).exists()}
    assert _files(sources) - {"PKG-INFO"} == there


def test_the_tests_run_from_the_sources(sources: Path) -> None:
    told = _run(["-m", "pytest", "-v", "-p", "no:cacheprovider", *SLICE], sources)
    assert " passed" in told
    where = _run(["-c", "import egp; print(egp.__file__)"], sources)
    assert Path(where.strip()) == sources / "egp" / "__init__.py"


def test_the_wheel_has_every_module_and_what_travels_with_it(installed: Path) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "egp").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "shipped_files" not in path.parts
    }
    for folder in ("policies", "schemas"):
        wanted |= {f"egp/shipped_files/{folder}/{path.name}" for path in (ROOT / folder).iterdir()}
    # The marker for type checkers lies where they look for it: of a whole package.
    wanted = wanted - {"egp/stats/py.typed"} | {"egp/py.typed"}
    assert wanted - _files(installed) == set()


def test_the_wheel_checks_a_plan_where_there_is_nothing_else(installed: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_bytes((ROOT / "egp" / "rules" / "sound_plan.yaml").read_bytes())
    told = _run(
        ["-m", "egp", "check", "plan.yaml", "--as-of", "2023-01-18"], tmp_path, PYTHONPATH=str(installed)
    )
    assert "1 plan judged" in told
