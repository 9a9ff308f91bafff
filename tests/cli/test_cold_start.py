"""What the hook imports to check one plan: little, and nothing that takes long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from egp.policy.shipped import ROOT

PLAN = "examples/experiments/pdp-buy-now.yaml"

HEAVY = {
    "scipy", "numpy", "pandas", "pydantic", "jinja2", "duckdb", "ibis", "pyarrow", "jsonschema", "cel", "altair", "vl_convert",
    "argparse", "gettext", "importlib.util", "dataclasses", "inspect", "ast", "dis", "tokenize", "pathlib", "subprocess", "tempfile", "pickle", "hashlib", "_hashlib",
    "shutil", "bz2", "lzma", "string", "unittest", "email", "http", "urllib", "logging", "asyncio", "multiprocessing", "ssl",
    "difflib", "statistics", "decimal", "fractions", "random", "textwrap", "uuid", "csv", "xml", "importlib.metadata",
    "yaml.reader", "yaml.scanner", "yaml.constructor",
}  # fmt: skip
"""Modules of others that a check of one plan can do without."""

MOST = 276 if sys.version_info[:2] == (3, 12) else 275
"""Modules altogether; the standard library of Python 3.12 brings one more. Each takes a quarter of a millisecond: what adds one has to be worth that at every commit."""

MOST_REGISTERED = 290
"""The same for a plan that the lock has registered, under a policy of one's own."""

ASKED = """
import json, os, sys
before = set(sys.modules)
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
from egp.cli.main import main
status = main(sys.argv[1:])
sys.stdout.flush()
os.write(out, json.dumps([status, sorted(set(sys.modules) - before)]).encode())
"""


def imported(*arguments: str, folder: Path | str = ROOT) -> tuple[int, set[str]]:
    """The exit status of a command, and what it imports beyond what an empty program does."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{ASKED}", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    status, modules = json.loads(ended.stdout)
    return status, set(modules)


@pytest.fixture(scope="module")
def of_one_plan() -> set[str]:
    status, modules = imported("check", PLAN, "--as-of", "2023-01-18", "--policy", "egp:standard")
    assert status == 0
    return modules


def test_nothing_heavy_is_imported(of_one_plan: set[str]) -> None:
    tops = {each.partition(".")[0] for each in of_one_plan}
    assert sorted((of_one_plan | tops) & HEAVY) == []


def test_no_more_is_imported_than_is_worth_it(of_one_plan: set[str]) -> None:
    assert len(of_one_plan) <= MOST


def test_a_plan_that_is_as_it_was_registered_loads_nothing_that_compares_versions(tmp_path: Path) -> None:
    shutil.copytree(Path(ROOT) / "examples" / "experiments", tmp_path / "experiments")
    shutil.copy(Path(ROOT) / "examples" / "egp.yaml", tmp_path)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    plan = "experiments/pdp-buy-now.yaml"
    assert imported("register", plan, "--as-of", "2023-01-17", folder=tmp_path)[0] == 0
    status, modules = imported("check", plan, "--as-of", "2023-01-18", folder=tmp_path)
    assert status == 0
    assert "egp.rules.integrity.locked_plan" in modules
    assert sorted(each for each in modules if each.startswith("egp.record.changes")) == []
    assert len(modules) <= MOST_REGISTERED
    tops = {each.partition(".")[0] for each in modules}
    assert sorted((modules | tops) & HEAVY) == []


def test_a_rule_is_imported_when_it_first_applies(of_one_plan: set[str]) -> None:
    assert "egp.rules.runtime.minimum_runtime" in of_one_plan
    assert not {
        each for each in of_one_plan if each.startswith(("egp.rules.economics.", "egp.rules.waivers."))
    }


def test_reading_a_policy_imports_no_rule(tmp_path: Path) -> None:
    policy = tmp_path / "egp.yaml"
    policy.write_text(
        'extends: ["egp:strict"]\nrules: {minimum-runtime: {severity: error, days: 21}}\n', encoding="utf-8"
    )
    asked = (
        "import sys; from egp.policy.reading import read_policy; read_policy(sys.argv[1], 'egp.yaml'); "
        "print(*[each for each in sys.modules if each.startswith('egp.rules.') and each.count('.') > 2])"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked, str(policy)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [each for each in told.stdout.split() if not each.startswith("egp.rules.custom.")] == []
