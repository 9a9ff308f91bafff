"""Takes the picture of Neovim in docs/editors.md anew: python -m tests.lsp.screenshot

Needs of Debian: neovim, xterm, xvfb, imagemagick.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "neovim.png"
_DISPLAY = ":97"
_FONT = ["-fa", "DejaVu Sans Mono", "-fs", "11", "-geometry", "140x28+0+0"]
_PATIENCE = 180


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        environment = {
            **os.environ,
            "DISPLAY": _DISPLAY,
            "EGP_SERVER": f"{sys.executable} -m egp lsp --as-of 2023-01-18",
            "EGP_FOLDER": str(ROOT),
            "EGP_PLAN": "examples/rejected/ship-on-day-five.yaml",
            "EGP_READY": str(ready),
            "XDG_STATE_HOME": folder,
        }
        screen = subprocess.Popen(
            ["Xvfb", _DISPLAY, "-screen", "0", "1400x640x24"], stderr=subprocess.DEVNULL
        )
        nvim = ["nvim", "-u", "NONE", "-i", "NONE", "-n", "-S", str(Path(__file__).with_name("window.lua"))]
        time.sleep(2)
        window = subprocess.Popen(["xterm", *_FONT, "+sb", "-b", "0", "-e", *nvim], cwd=ROOT, env=environment)
        try:
            end = time.monotonic() + _PATIENCE
            while not ready.exists() and time.monotonic() < end:
                time.sleep(0.2)
            time.sleep(1)
            picture = [
                "import",
                "-window",
                "root",
                "-trim",
                "+repage",
                "-colors",
                "32",
                "-strip",
                str(PICTURE),
            ]
            subprocess.run(picture, env=environment, check=True)
        finally:
            window.terminate()
            screen.terminate()
            window.wait()
            screen.wait()


if __name__ == "__main__":
    main()
