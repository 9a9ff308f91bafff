"""A session in an editor that people use: Neovim, without its window, driven by its own client of the protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from egp.cli.main import main
from tests.lsp.editor import AS_OF, POLICY, SHORT, SOUND

SESSION = Path(__file__).with_name("session.lua")


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed: apt-get install neovim")
def test_a_rejected_plan_is_understood_repaired_and_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "repository"
    plan = folder / "experiments" / "plan.yaml"
    plan.parent.mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "egp.yaml").write_text(POLICY)
    plan.write_text(SHORT)
    monkeypatch.chdir(folder)
    assert main(["check", "--as-of", AS_OF]) == 1

    seen = session(folder, tmp_path)

    assert "error" not in seen
    runtime = next(each for each in seen["diagnostics"] if each[0] == "minimum-runtime")
    assert runtime[1:3] == [1, "2023-01-29"]
    assert runtime[3].startswith("the plan runs 7 days at full exposure; the policy requires 14")
    assert "147,000 a variant finds 37.7 bps with 95 % power; 45 bps needs 103,287" in "\n".join(
        seen["hover"]
    )
    assert "links" in [each.removesuffix(": ") for each in seen["completion"]]
    assert seen["actions"][0].endswith("(the readout is 7 days later)")
    assert plan.read_text() == SOUND
    assert main(["check", "--as-of", AS_OF]) == 0


def session(folder: Path, beside: Path) -> dict[str, Any]:
    """What is seen in Neovim while the session goes on."""
    out = beside / "seen.json"
    ran = subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S", str(SESSION)],
        cwd=folder,
        env={
            **os.environ,
            "EGP_SERVER": f"{sys.executable} -m egp lsp --as-of {AS_OF}",
            "EGP_FOLDER": str(folder),
            "EGP_OUT": str(out),
            "XDG_STATE_HOME": str(beside),
            "XDG_CACHE_HOME": str(beside),
            "XDG_DATA_HOME": str(beside),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert out.is_file(), ran.stderr
    found: dict[str, Any] = json.loads(out.read_text())
    return found
