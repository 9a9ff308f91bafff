"""What starts the server: the command, and the extension for VS Code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from egp import VERSION
from egp.cli.main import main
from tests.lsp.editor import AS_OF, SHORT, Editor, write

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
MANIFEST = json.loads((EXTENSION / "package.json").read_text())


def test_without_pygls_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [each for each in sys.modules if each.startswith(("egp.cli.lsp", "pygls"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert main(["lsp"]) == 2
    assert capsys.readouterr().err == "egp: egp lsp needs pygls\n  help: pip install 'egp[lsp]'\n"


def test_an_editor_that_goes_away_ends_the_server() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "egp", "lsp", "--stdio"], input=b"", timeout=120, check=False
    )
    assert ended.returncode == 0


def test_the_extension_is_of_this_version_and_what_it_names_is_there() -> None:
    assert MANIFEST["version"] == VERSION
    assert (EXTENSION / MANIFEST["main"]).is_file()
    locked = json.loads((EXTENSION / "package-lock.json").read_text())["packages"][""]
    assert locked["dependencies"] == MANIFEST["dependencies"]


def test_the_extension_starts_the_command_as_it_is_called() -> None:
    source = (EXTENSION / "extension.js").read_text()
    assert MANIFEST["contributes"]["configuration"]["properties"]["egp.command"]["default"] == ["egp"]
    assert '[...before, "lsp", ...settings.get("arguments")]' in source


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed: apt-get install nodejs")
def test_the_extension_is_javascript() -> None:
    subprocess.run(["node", "--check", str(EXTENSION / "extension.js")], check=True)


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="the system does not say who has which connection"
)
def test_the_network_is_not_used(tmp_path: Path) -> None:
    started = Editor("--as-of", AS_OF)
    try:
        started.open_folder(tmp_path)
        plan = write(tmp_path, "plan.yaml", SHORT)
        started.open(plan)
        assert started.actions(plan, "2023-01-29")
        own = {os.readlink(each) for each in Path(f"/proc/{started.process}/fd").iterdir()}
        connected = {
            f"socket:[{line.split()[9]}]"
            for kind in ("tcp", "tcp6", "udp", "udp6")
            if (table := Path("/proc/net") / kind).exists()
            for line in table.read_text().splitlines()[1:]
        }
        assert own.isdisjoint(connected)
    finally:
        started.end()
