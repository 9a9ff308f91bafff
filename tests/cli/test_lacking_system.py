"""What egp does where the system lacks what Linux and macOS have: Windows is no promise, and nothing is half done there.

Each is taken away from a real process. What needs it says so and ends with 2; whatever does not is as ever.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from egp.policy.shipped import ROOT
from tests.check.workspace import PLAN, RUNTIME_ALONE, SHORT, Workspace, workspace
from tests.custom.policies import LEGAL

__all__ = ["workspace"]

WITHOUT = {
    "file locks": "sys.modules['fcntl'] = None",
    "limits": "sys.modules['resource'] = None",
    "terminals": "sys.modules['termios'] = sys.modules['pty'] = sys.modules['tty'] = None",
    "forking": "del os.fork, os.forkpty",
    "groups of processes": "del os.killpg, os.setsid, os.getpgid",
    "reading at a place": "del os.pread, os.pwrite",
    "links refused": "del os.O_NOFOLLOW, os.O_NONBLOCK, os.O_DIRECTORY, os.O_CLOEXEC",
    "places by folder": "os.supports_dir_fd = set(); os.supports_follow_symlinks = set()",
    "UTF-8 as the locale": "",
}
"""What is lacking → how it is taken away, before egp is imported."""

ALL = "\n".join(WITHOUT.values())
PROGRAM = "import os, sys\n{lacking}\nfrom egp.cli.main import main\nsys.exit(main(sys.argv[1:]))"


def run(folder: Path, lacking: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(lacking=lacking), *arguments],
        cwd=folder,
        env={**os.environ, **locale, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("short.yaml", SHORT.replace("type: superiority", "type: superiority\ntitle: 検索 – «é»"))
    return workspace.root


@pytest.mark.parametrize("lacking", [*WITHOUT.values(), ALL], ids=[*WITHOUT, "all of it"])
def test_a_plan_is_checked_as_ever(folder: Path, lacking: str) -> None:
    call = ("check", "short.yaml", "--as-of", "2023-01-18")
    assert run(folder, lacking, *call).stdout == run(folder, "", *call).stdout
    told = run(folder, lacking, *call, "-o", "report.txt")
    assert (told.returncode, told.stderr) == (1, "")
    assert "minimum-runtime" in (folder / "report.txt").read_text(encoding="utf-8")


def test_the_lock_is_not_written_where_nobody_can_be_kept_from_it(folder: Path) -> None:
    (folder / "plan.yaml").write_text(PLAN + "registered: 2023-01-18\n", encoding="utf-8")
    told = run(folder, WITHOUT["file locks"], "register", "plan.yaml", "--as-of", "2023-01-18")
    assert told.returncode == 2
    assert "no file locks" in told.stderr
    assert not (folder / "egp.lock").exists()


def test_rules_of_a_policy_are_not_judged_where_they_cannot_be_kept_apart(folder: Path) -> None:
    (folder / "egp.yaml").write_text(LEGAL, encoding="utf-8")
    told = run(folder, WITHOUT["forking"], "check", "short.yaml", "--as-of", "2023-01-18")
    assert told.returncode == 2
    assert "can fork a process" in told.stderr
