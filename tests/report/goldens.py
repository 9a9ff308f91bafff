"""What the text reports of the scenes should look like, a file for each scene.

After a change of the report that is meant, `python -m tests.report.goldens --write` writes them anew; read the diff.
"""

from __future__ import annotations

import sys
from pathlib import Path

from egp.report.text import Style, render
from tests.report.scenes import SCENES, WIDTHS, report_of, scene_rules

FOLDER = Path(__file__).parent / "golden"


def golden_path(scene: str) -> Path:
    return FOLDER / f"{scene}.txt"


def told(scene: str) -> str:
    """The scene's report at every width, each under a ruler of that width."""
    with scene_rules():
        report = report_of(SCENES[scene])
        parts = ["\n".join([f"{width:=>{width}}", *render(report, Style(width))]) for width in WIDTHS]
    return "\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    if arguments != ["--write"]:
        sys.stderr.write("usage: python -m tests.report.goldens --write\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for scene in SCENES:
        golden_path(scene).write_text(told(scene), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
